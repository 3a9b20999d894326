//! Where functions and their code lie: the data folder, or NATS and S3.
//!
//! Beyond the data folder nothing of the operating system keeps a second server away, and two that each think they
//! are alone would collect each other's code as garbage. So a server holds a tenure, an entry in `Kv`:
//!
//! ```text
//!            ┌ nobody has it ──────────────────────────────┐
//!  start ────┤                                             ├─► held ── renewed every 2 s ──► given back at a clean end
//!            └ somebody has: watched for 8 s               │      └─ another has it: lost, this server ends
//!                 │ not renewed: its server is gone ───────┘
//!                 └ renewed: refused
//! ```
//! The watching goes by this machine's own monotonic clock and counts only while reads succeed; while the store is
//! silent nobody is deposed.

use super::StartError;
use crate::cluster::members::{self, SILENT_AFTER};
use crate::cluster::stores::{self, BlobSettings, Stores, Tenant};
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use substrate::folder::{Folder, FolderSettings};
use substrate::held::{Content, Held};
use substrate::nats::NatsSettings;
use substrate::s3::S3Settings;
use substrate::sqlite::{FILE_NAME, Sqlite, SqliteLog, SqliteSettings};
use substrate::{Blobs, Expected, Key, Kv, KvError, Log, Revision};
use types::PartitionId;
use world::World;

/// How often a tenure is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How long a tenure that is not renewed is respected: longer than JetStream takes to find a stream a new leader.
const RESPECTED: Duration = Duration::from_secs(8);
/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const ADVICE: &str =
    "`tinderbox doctor --cluster URLS --monitor HOST:8222` says what is wrong with the servers";

/// The embedded journal's file in the data folder.
const JOURNAL: &str = "journal.db";

/// What control is opened over.
pub(super) struct Durable {
    pub(super) kv: Arc<dyn Kv>,
    pub(super) blobs: Arc<dyn Blobs>,
    /// Of the one partition.
    pub(super) journal: Arc<dyn Log>,
    /// `None` in a data folder: its lock does the same.
    pub(super) tenure: Option<Tenure>,
}

pub(super) async fn open(
    world: &World,
    data: &Path,
    elsewhere: Option<&(NatsSettings, S3Settings)>,
) -> Result<Durable, StartError> {
    let Some((nats, s3)) = elsewhere else {
        let (kv, blobs) = embedded(world, data).await?;
        let journal = SqliteLog::open(world, &data.join(JOURNAL), journal_settings()).await;
        return Ok(Durable {
            journal: Arc::new(journal.map_err(|error| format!("{JOURNAL}: {error}"))?),
            kv,
            blobs,
            tenure: None,
        });
    };
    let stores = Stores::open(world, nats).await?;
    let journal = stores.journal(PartitionId(0)).await?;
    let blobs = stores::blobs(world, &BlobSettings::S3(s3.clone()), Tenant::Code).await?;
    let tenure = Tenure::take(world, Arc::clone(&stores.kv)).await?;
    // After it was taken: of this and a node that starts at the same moment one sees the other, at least.
    if let Some(node) = living_node(world, stores.kv.as_ref()).await? {
        tenure.give_back().await;
        return Err(StartError {
            message: format!("this platform has nodes of its own ({node} is one)"),
            advice: "start another node with `tinderbox serve`, or give this server a platform of its own with --platform NAME",
        });
    }
    Ok(Durable { kv: stores.kv, blobs, journal, tenure: Some(tenure) })
}

/// Functions and their code in the data folder, which must be there.
pub(crate) async fn embedded(
    world: &World,
    data: &Path,
) -> Result<(Arc<dyn Kv>, Arc<dyn Blobs>), StartError> {
    let kv = Sqlite::open(world, &data.join(FILE_NAME), SqliteSettings::default()).await;
    let blobs = Folder::open(world, &data.join("blobs"), FolderSettings::default()).await;
    Ok((
        Arc::new(kv.map_err(|error| error.to_string())?),
        Arc::new(blobs.map_err(|error| error.to_string())?),
    ))
}

/// This server is the one, or this import: neither may begin while another is at it.
pub(crate) struct Tenure(Held<Id>);

/// Random, of one start.
struct Id(Bytes);

impl Content for Id {
    // Who removed it took the server to be gone, and may have begun.
    const COMES_BACK: bool = false;
    fn value(&self) -> Result<Bytes, KvError> {
        Ok(self.0.clone())
    }
    fn is_ours(&self, value: &[u8]) -> bool {
        self.0 == value
    }
}

impl Tenure {
    /// For who writes beside servers. Nodes of one platform follow what is written, and may come and go meanwhile: where
    /// there are any, nothing is held. A server that is alone does not, and must be away until it is done.
    pub(crate) async fn unless_nodes(world: &World, kv: &Arc<dyn Kv>) -> Result<Option<Self>, StartError> {
        match living_node(world, kv.as_ref()).await? {
            Some(_) => Ok(None),
            None => Self::take(world, Arc::clone(kv)).await.map(Some),
        }
    }

    async fn take(world: &World, kv: Arc<dyn Kv>) -> Result<Self, StartError> {
        let unreadable = |error: KvError| StartError { message: error.to_string(), advice: ADVICE };
        let key = Key::of(&["server", "tenure"]).map_err(unreadable)?;
        let expected = match kv.get(&key).await.map_err(unreadable)? {
            None => Expected::Absent,
            Some(held) => unless_renewed(world, kv.as_ref(), &key, held.revision).await?,
        };
        let id = Id(Bytes::from(format!("{:016x}", world.random_u64())));
        let taken = Held::put(world, kv, key, expected, id, RENEW_EVERY).await;
        taken.map(Self).map_err(|error| match error {
            KvError::Conflict { .. } => taken_by_another(),
            other => unreadable(other),
        })
    }

    /// A clean end: the next server need not wait.
    pub(crate) async fn give_back(self) {
        self.0.give_back().await;
    }
}

async fn living_node(world: &World, kv: &dyn Kv) -> Result<Option<String>, StartError> {
    let unreadable = |error: KvError| StartError { message: error.to_string(), advice: ADVICE };
    let now_ms = world.wall().millis();
    let nodes = members::list(kv, true).await.map_err(unreadable)?;
    Ok(nodes.into_iter().find(|node| !node.is_silent(now_ms, SILENT_AFTER)).map(|node| node.name))
}

/// For a node of several: waits until no server holds the platform alone; refused if one does.
pub(crate) async fn is_nobodys(world: &World, kv: &dyn Kv) -> Result<(), StartError> {
    let unreadable = |error: KvError| StartError { message: error.to_string(), advice: ADVICE };
    let key = Key::of(&["server", "tenure"]).map_err(unreadable)?;
    let Some(held) = kv.get(&key).await.map_err(unreadable)? else { return Ok(()) };
    let gone = unless_renewed(world, kv, &key, held.revision).await?;
    // Failing that, another node has done it.
    let _ = kv.delete(key, gone).await;
    Ok(())
}

/// Completes when another server has taken over; never where there is nothing to take over.
pub(crate) async fn lost(tenure: Option<&Tenure>) {
    match tenure {
        Some(tenure) => tenure.0.lost().await,
        None => std::future::pending().await,
    }
}

/// Waits as long as a tenure is respected; what the successor is then to expect.
async fn unless_renewed(
    world: &World,
    kv: &dyn Kv,
    key: &Key,
    seen: Revision,
) -> Result<Expected, StartError> {
    tracing::info!("waiting whether the server that used this platform is still there");
    let mut waited = Duration::ZERO;
    while waited < RESPECTED {
        let before = world.now();
        world.clock.sleep(LOOK_EVERY).await;
        match kv.get(key).await {
            Ok(None) => return Ok(Expected::Absent),
            Ok(Some(held)) if held.revision != seen => return Err(taken_by_another()),
            Ok(Some(_)) => waited += world.now().since(before).min(2 * LOOK_EVERY),
            // Time in which nobody could renew does not count.
            Err(error) => tracing::warn!(%error, "the store is silent"),
        }
    }
    Ok(Expected::At(seen))
}

fn taken_by_another() -> StartError {
    StartError {
        message: "another server uses this platform".to_owned(),
        advice: "stop it, or give this one a platform of its own with --platform NAME",
    }
}

/// What it remembers, environments and the epochs of a worker in this very process, is gone with the machine's power, so
/// that no cold start need wait for the disk. On a full disk it has the room that was set aside for it.
fn journal_settings() -> SqliteSettings {
    SqliteSettings { room_min_bytes: 0, survives_power_loss: false, ..SqliteSettings::default() }
}
