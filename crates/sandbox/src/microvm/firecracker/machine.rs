//! One machine on Firecracker: its controls.
//!
//! ```text
//!  boot ──▶ Running ──pause──▶ Frozen ──snapshot──▶ Stopped ◀── restore
//!              ▲ ◀────resume─────┘                     │
//!              └──────────────── resume ───────────────┘        end, from each: gone, its folder removed
//! ```
//!
//! A pause is the spawner's: the whole process stands, its API too. Firecracker's own pause is for snapshots alone, since
//! in 1.16 a machine that is paused and resumed without one in between hears nothing from its host any more (its issue
//! 6074: the vsock device waits for the guest to acknowledge a reset that only a snapshot announces). After a snapshot
//! the guest does hear of the reset, so its stream is over on this machine as in the copies: `reconnect` before `resume`.

use super::api::{Api, ApiError};
use super::channel::{Channel, GuestStream};
use super::jail::Jail;
use super::metrics::Metrics;
use super::words;
use crate::microvm::vmm::Vmm;
use crate::{BootError, Connection, Snapshot, Stats};
use async_trait::async_trait;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use world::World;

/// Memory is written at a disk's pace: 10 GB at 100 MB/s, and some.
const SNAPSHOT_TIME: Duration = Duration::from_secs(120);
/// The guest takes and gives back the balloon's pages; one that does not is left alone.
const BALLOON_TIME: Duration = Duration::from_secs(2);
const BALLOON_LOOK: Duration = Duration::from_millis(10);
/// A balloon that has not grown for so many looks has what there is.
const BALLOON_LOOKS: u32 = 10;
/// What stays with the guest while its balloon is large, MiB: for its PID 1, and for what its kernel came to hold since it
/// said what there is. Memory that it lacks all the same it takes back from the balloon.
const BALLOON_SPARE_MIB: u64 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Running,
    /// By the spawner.
    Frozen,
    /// The spawner was asked to freeze or to thaw it, and nobody waited for the answer: the next one asked decides.
    Unsure,
    /// By Firecracker, before or after a snapshot.
    Stopped,
}

pub(super) struct FirecrackerMachine {
    pub(super) api: Arc<Api>,
    pub(super) channel: Arc<Channel>,
    pub(super) jail: Jail,
    pub(super) memory_mb: u32,
    /// Of a machine that was booted here, which pages it has touched can be asked of the kernel; a restored one's lie in the
    /// file of its snapshot, too.
    pub(super) was_booted: bool,
    /// Its balloon holds memory, or may: who gave up while it was being emptied did not wait until it was filled again.
    pub(super) inflated: AtomicBool,
    /// Held while it changes, and while what needs it takes its time: a snapshot, the balloon.
    pub(super) standing: Mutex<Standing>,
    pub(super) world: World,
}

#[async_trait]
impl Vmm for FirecrackerMachine {
    async fn pause(&self) -> Result<(), BootError> {
        let mut standing = self.standing.lock().await;
        if matches!(*standing, Standing::Running | Standing::Unsure) {
            *standing = Standing::Unsure;
            self.jail.freeze().await?;
            *standing = Standing::Frozen;
        }
        Ok(())
    }

    async fn resume(&self) -> Result<(), BootError> {
        let mut standing = self.standing.lock().await;
        match *standing {
            Standing::Running => {}
            Standing::Frozen | Standing::Unsure => {
                *standing = Standing::Unsure;
                self.jail.thaw().await?;
            }
            Standing::Stopped => self.patch("resume", "/vm", &words::State { state: "Resumed" }).await?,
        }
        *standing = Standing::Running;
        if self.inflated.load(Ordering::Acquire) {
            // Not waited for: what it lacks meanwhile its kernel takes from the balloon.
            self.patch("balloon", "/balloon", &words::Balloon { amount_mib: 0 }).await?;
            self.inflated.store(false, Ordering::Release);
        }
        Ok(())
    }

    async fn snapshot(&self, into: &Path) -> Result<Snapshot, BootError> {
        let mut standing = self.standing.lock().await;
        match *standing {
            Standing::Running | Standing::Unsure => {
                return Err(BootError::Host {
                    step: "snapshot",
                    reason: "the machine is not paused".to_owned(),
                });
            }
            Standing::Frozen => {
                // The guest runs for the moment until Firecracker hears the next word; it was told to be quiet.
                self.jail.thaw().await?;
                *standing = Standing::Running;
                self.patch("pause", "/vm", &words::State { state: "Paused" }).await?;
                *standing = Standing::Stopped;
            }
            Standing::Stopped => {}
        }
        let create = words::create_snapshot(self.was_booted && !swaps());
        let asked = self.api.put_within(SNAPSHOT_TIME, "/snapshot/create", &create);
        let written = self.unless_ended("snapshot", asked).await;
        let channel = self.channel.clone();
        let taken = match written {
            Ok(()) => {
                let (folder, bytes) = (into.to_owned(), u64::from(self.memory_mb) << 20);
                self.of_the_disk(move || channel.output().take(&folder, bytes)).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            // Half a snapshot fills a disk that may be full already.
            let channel = self.channel.clone();
            let _ = self.of_the_disk(move || channel.output().empty()).await;
            return Err(error);
        }
        Ok(Snapshot { folder: into.to_owned(), memory: into.join(words::SNAPSHOT_MEMORY) })
    }

    async fn reconnect(&self) -> Result<Option<Box<dyn Connection>>, BootError> {
        let stream = self.channel.listen().and_then(GuestStream::new);
        let stream = stream.map_err(|error| super::host("channel folder", &error))?;
        Ok(Some(Box::new(stream)))
    }

    async fn reclaim(&self, used_bytes: u64) -> Result<u64, BootError> {
        let standing = self.standing.lock().await;
        if *standing != Standing::Running {
            let reason = "only a guest that runs can give memory back".to_owned();
            return Err(BootError::Host { step: "balloon", reason });
        }
        let before = self.jail.usage().await?.memory_bytes;
        let numbers: words::BalloonNumbers = self.balloon_numbers().await?;
        // What it said when it had just come up: since then the room has come, which is told.
        let free = numbers.available_memory.saturating_sub(used_bytes) >> 20;
        let target = free.saturating_sub(BALLOON_SPARE_MIB).min(u64::from(self.memory_mb));
        self.inflated.store(true, Ordering::Release);
        self.patch("balloon", "/balloon", &words::Balloon { amount_mib: target }).await?;
        let took = self.balloon_grows_to(target).await;
        // Given back also where the guest was slow: what it took it shall not miss.
        self.patch("balloon", "/balloon", &words::Balloon { amount_mib: 0 }).await?;
        self.balloon_reaches(|actual| actual == 0).await?;
        self.inflated.store(false, Ordering::Release);
        took?;
        let after = self.jail.usage().await?.memory_bytes;
        Ok(before.saturating_sub(after))
    }

    async fn usage(&self) -> Result<Stats, BootError> {
        self.jail.usage().await
    }

    async fn ended(&self) -> String {
        let said = self.jail.ended().await;
        let faults = Metrics::last_of(&self.channel.read_metrics()).unwrap_or_default().faults();
        match (said.is_empty(), faults.is_empty()) {
            (_, true) => said,
            (true, false) => faults,
            (false, false) => format!("{said} ({faults})"),
        }
    }

    async fn end(&self) {
        self.jail.end().await;
    }
}

impl FirecrackerMachine {
    /// What Firecracker counted since it was asked last.
    pub(super) async fn metrics(&self) -> Option<Metrics> {
        let flush = words::Action { action_type: "FlushMetrics" };
        self.api.put("/actions", &flush).await.ok()?;
        Metrics::last_of(&self.channel.read_metrics())
    }

    pub(super) async fn put(&self, put: &words::Put) -> Result<(), BootError> {
        self.unless_ended(put.step, self.api.put(&put.path, &put.body)).await
    }

    pub(super) async fn patch(
        &self,
        step: &'static str,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Result<(), BootError> {
        self.unless_ended(step, self.api.patch(path, body)).await
    }

    /// A Firecracker that ended says why; its API can only say that it is not there.
    pub(super) async fn unless_ended<T>(
        &self,
        step: &'static str,
        asked: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, BootError> {
        let (error, ended) = tokio::select! {
            biased;
            answered = asked => match answered {
                Ok(answer) => return Ok(answer),
                Err(error @ ApiError::Io(_)) => {
                    // It closes its socket a moment before its end is seen.
                    let ended = self.world.timeout(super::END_TIME, self.jail.ended()).await;
                    (Some(error), ended)
                }
                Err(error) => (Some(error), None),
            },
            said = self.jail.ended() => (None, Some(said)),
        };
        match (error, ended) {
            (_, Some(said)) => Err(BootError::Host { step, reason: format!("Firecracker ended: {said}") }),
            (Some(error), None) => Err(error.at(step)),
            (None, None) => Err(BootError::Gone),
        }
    }

    pub(super) async fn balloon_numbers(&self) -> Result<words::BalloonNumbers, BootError> {
        self.unless_ended("balloon", self.api.get("/balloon/statistics")).await
    }

    /// Or as far as it goes: what is in use can not be had.
    async fn balloon_grows_to(&self, target: u64) -> Result<(), BootError> {
        let (mut last, mut still) = (0, 0);
        let grown = async {
            while still < BALLOON_LOOKS {
                let actual = self.balloon_numbers().await?.actual_mib;
                if actual >= target {
                    break;
                }
                still = if actual > last { 0 } else { still + 1 };
                last = actual;
                self.world.clock.sleep(BALLOON_LOOK).await;
            }
            Ok(())
        };
        self.world.timeout(BALLOON_TIME, grown).await.unwrap_or(Ok(()))
    }

    async fn balloon_reaches(&self, there: impl Fn(u64) -> bool) -> Result<(), BootError> {
        let watched = async {
            while !there(self.balloon_numbers().await?.actual_mib) {
                self.world.clock.sleep(BALLOON_LOOK).await;
            }
            Ok(())
        };
        let late = || BootError::Host { step: "balloon", reason: "the guest took too long".to_owned() };
        self.world.timeout(BALLOON_TIME, watched).await.ok_or_else(late)?
    }

    /// Work that waits for the host's disk.
    async fn of_the_disk(
        &self,
        work: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> Result<(), BootError> {
        let done = self.world.blocking("machine files", work).await;
        let done = done.unwrap_or_else(|| Err(io::Error::other("panic")));
        done.map_err(|error| BootError::Host { step: "snapshot", reason: error.to_string() })
    }
}

/// A page that was swapped out does not count as resident, and would be missed. Read anew: swap may be switched on.
fn swaps() -> bool {
    std::fs::read_to_string("/proc/swaps").map_or(true, |table| table.lines().count() > 1)
}
