//! The credentials of one environment: they open its own door to the Lambda API and nothing else, and end with it.
//!
//! ```text
//! lasting: one set, in the variables, as long as the environment
//! passing: asked for at the door with a token (SnapStart, whose variables outlive every set)
//!          set ──less than FRESH_FOR left, or restored──► a new set; the old one counts until it expires
//! ```
//! An old set stays good because a client that was made during init may still hold it: it asks again when it expires, which
//! its own clock tells it, also after a restore.

use fabric::api::ScopedCredentials;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use types::{AccountId, Region, VersionKey};
use world::{WallTime, World};

/// How long a passing set counts. AWS says it in `Expiration`, too, and promises no length.
const LIFETIME: Duration = Duration::from_secs(3600);
/// What is answered counts for at least so long: SDKs ask again in the last minutes, boto3 in the last 15.
const FRESH_FOR: Duration = Duration::from_secs(1800);
/// Sets that count at once: one for each half of an hour and one for each restore, of which there is one.
const SETS_MAX: usize = 4;

/// What of them is in the memory of a copy, and so must be its own, too.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeysRecord {
    token: Option<String>,
    lasting: Option<ScopedCredentials>,
}

pub(crate) struct Keys {
    world: World,
    account: AccountId,
    region: Region,
    /// Of passing ones.
    token: Option<String>,
    /// Oldest first; never empty.
    sets: Mutex<Vec<Set>>,
}

#[derive(Clone)]
struct Set {
    credentials: ScopedCredentials,
    until: WallTime,
}

impl Keys {
    /// One set for ever.
    pub(crate) fn lasting(world: &World, key: &VersionKey) -> Arc<Self> {
        Self::new(world, key, None)
    }

    /// Sets that expire, for whoever has the token.
    pub(crate) fn passing(world: &World, key: &VersionKey) -> Arc<Self> {
        Self::new(world, key, Some(random_text(world, ALPHABET, 64)))
    }

    /// Those of a copy: the token or the set that its memory holds; passing sets are its own.
    pub(crate) fn revived(world: &World, key: &VersionKey, record: KeysRecord) -> Arc<Self> {
        let keys = Self::new(world, key, record.token);
        if let Some(credentials) = record.lasting {
            *keys.sets() = vec![Set { credentials, until: WallTime(u64::MAX) }];
        }
        keys
    }

    /// For [`Keys::revived`].
    pub(crate) fn record(&self) -> KeysRecord {
        let lasting = self.token.is_none().then(|| self.current().0);
        KeysRecord { token: self.token.clone(), lasting }
    }

    fn new(world: &World, key: &VersionKey, token: Option<String>) -> Arc<Self> {
        let (account, region) = (key.account.clone(), key.region.clone());
        let keys = Self { world: world.clone(), account, region, token, sets: Mutex::default() };
        let first = keys.mint();
        keys.sets().push(first);
        Arc::new(keys)
    }

    /// What is asked for credentials with; `None`: they are in the variables.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The newest set, and until when it counts.
    pub(crate) fn current(&self) -> (ScopedCredentials, WallTime) {
        let now = self.world.wall();
        let mut sets = self.sets();
        let fresh =
            sets.last().filter(|set| self.token.is_none() || set.until > after(now, FRESH_FOR)).cloned();
        let set = fresh.unwrap_or_else(|| {
            let set = self.mint();
            sets.push(set.clone());
            let surplus = sets.len().saturating_sub(SETS_MAX);
            sets.drain(..surplus);
            set
        });
        (set.credentials, set.until)
    }

    /// After a restore: what was given out before it is not given out again.
    pub(crate) fn renew(&self) {
        if self.token.is_some() {
            let set = self.mint();
            let mut sets = self.sets();
            sets.push(set);
            let surplus = sets.len().saturating_sub(SETS_MAX);
            sets.drain(..surplus);
        }
    }

    /// The set with this key id, if it still counts.
    pub(crate) fn claimed(&self, access_key_id: &str) -> Option<ScopedCredentials> {
        let now = self.world.wall();
        let sets = self.sets();
        let set = sets.iter().find(|set| set.credentials.access_key_id == access_key_id);
        set.filter(|set| self.token.is_none() || set.until > now).map(|set| set.credentials.clone())
    }

    fn mint(&self) -> Set {
        const KEY_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let credentials = ScopedCredentials {
            access_key_id: format!("ASIA{}", random_text(&self.world, KEY_ALPHABET, 16)),
            secret_access_key: random_text(&self.world, ALPHABET, 40),
            session_token: random_text(&self.world, ALPHABET, 120),
            account: self.account.clone(),
            region: self.region.clone(),
        };
        Set { credentials, until: after(self.world.wall(), LIFETIME) }
    }

    fn sets(&self) -> MutexGuard<'_, Vec<Set>> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn after(now: WallTime, duration: Duration) -> WallTime {
    WallTime(now.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
}

/// Each alphabet has a power of two of letters, so that every letter is as likely.
fn random_text(world: &World, alphabet: &[u8], length: usize) -> String {
    let mut bytes = vec![0; length];
    world.entropy.fill(&mut bytes);
    bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};
    use types::{FunctionName, Version};
    use world::{BoxFuture, Clock, Instant};

    fn key() -> VersionKey {
        VersionKey {
            account: AccountId::new("000000000000"),
            region: Region::new("r"),
            function: FunctionName::new("f"),
            version: Version::Published(1),
            generation: 1,
        }
    }

    #[derive(Default)]
    struct Hand(AtomicU64);
    impl Clock for Hand {
        fn now(&self) -> Instant {
            Instant(self.0.load(Ordering::SeqCst) * 1_000)
        }
        fn wall(&self) -> WallTime {
            WallTime(self.0.load(Ordering::SeqCst))
        }
        fn sleep(&self, _: Duration) -> BoxFuture<()> {
            Box::pin(std::future::ready(()))
        }
    }

    fn world() -> (World, impl Fn(u64)) {
        let hand = Arc::new(Hand::default());
        let world = World { clock: hand.clone(), ..World::real() };
        let pass = move |seconds| {
            hand.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
        };
        (world, pass)
    }

    #[test]
    fn a_lasting_set_is_the_same_for_ever_and_has_no_token() {
        let (world, pass) = world();
        let keys = Keys::lasting(&world, &key());
        let (first, _) = keys.current();
        pass(1_000_000);
        keys.renew();
        assert_eq!(keys.current().0.access_key_id, first.access_key_id);
        assert!(keys.claimed(&first.access_key_id).is_some() && keys.token().is_none());
        assert!(keys.claimed("ASIAOTHER").is_none());
    }

    #[test]
    fn a_passing_set_is_fresh_when_asked_for_and_counts_until_it_expires() {
        let (world, pass) = world();
        let keys = Keys::passing(&world, &key());
        let (first, until) = keys.current();
        assert_eq!(keys.current().0.access_key_id, first.access_key_id, "the same while it is fresh");
        pass(1_801);
        let (second, later) = keys.current();
        assert!(second.access_key_id != first.access_key_id && later > until);
        assert!(keys.claimed(&first.access_key_id).is_some(), "a client may still hold it");
        pass(1_800);
        assert!(
            keys.claimed(&first.access_key_id).is_none() && keys.claimed(&second.access_key_id).is_some()
        );
        keys.renew();
        assert_ne!(keys.current().0.access_key_id, second.access_key_id, "fresh after a restore");
        for _ in 0..100 {
            pass(1_801);
            keys.current();
        }
        assert!(keys.sets().len() <= SETS_MAX);
    }
}
