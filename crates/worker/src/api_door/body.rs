//! Bodies that user code sends: bounded in size, in time, and in memory, of one environment and of all together.
//!
//! They lie in the server's memory, outside of every environment's limits. So one environment may have one full package at
//! a time, or ten full payloads, and all of them together a fixed amount; who waits too long for a place is told so, and who
//! holds one and sends nothing loses it.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use types::limits::CREATE_BODY_BYTES_MAX;
use world::World;

/// Longest pause between two parts of a body.
const PART_WAIT_MAX: Duration = Duration::from_secs(20);
/// Longest time for a whole body, which comes over a socket of the same machine.
const WHOLE_WAIT_MAX: Duration = Duration::from_secs(60);
/// How long a body waits for memory.
const MEMORY_WAIT_MAX: Duration = Duration::from_secs(10);
/// Bodies up to this size need no permit: less than the buffer that a connection has anyway.
const SMALL_BYTES_MAX: usize = 4 * 1024;
/// Of all environments together: seven full packages, or 85 full payloads.
const MEMORY_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Of one environment.
const OWN_BYTES_MAX: usize = 68 * 1024 * 1024;
/// One permit.
const PERMIT_BYTES: usize = 1024;

const _: () = assert!(CREATE_BODY_BYTES_MAX + 1 + PERMIT_BYTES < OWN_BYTES_MAX);
const _: () = assert!(OWN_BYTES_MAX < MEMORY_BYTES_MAX);

/// Memory for bodies.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    /// The worker's.
    pub(crate) fn of_all() -> Self {
        Self(Arc::new(Semaphore::new(MEMORY_BYTES_MAX / PERMIT_BYTES)))
    }

    /// One environment's.
    pub(super) fn of_one() -> Self {
        Self(Arc::new(Semaphore::new(OWN_BYTES_MAX / PERMIT_BYTES)))
    }

    async fn acquire(&self, permits: u32) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).acquire_many_owned(permits).await.ok()
    }
}

/// A body, or one byte more than it may have, and its memory.
pub(super) struct Held {
    pub(super) bytes: Bytes,
    permits: Vec<OwnedSemaphorePermit>,
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    /// Others hold the memory.
    Busy,
    /// Cut off, or too slow.
    Broken,
}

/// The body, cut one byte past `limit`. Its own budget first, so that an environment that asks for too much waits for itself.
pub(super) async fn read(
    world: &World,
    budgets: [&Budget; 2],
    mut body: Incoming,
    limit: usize,
) -> Result<Held, ReadError> {
    let most = limit + 1;
    // Without a length a body may become as large as allowed.
    let said = body.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(most));
    let expected = said.unwrap_or(most).min(most);
    let mut permits = Vec::new();
    if expected > SMALL_BYTES_MAX {
        let number = u32::try_from(expected.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        let all = async {
            for budget in budgets {
                permits.push(budget.acquire(number).await?);
            }
            Some(())
        };
        world.timeout(MEMORY_WAIT_MAX, all).await.flatten().ok_or(ReadError::Busy)?;
    }
    let whole = world.timeout(WHOLE_WAIT_MAX, collect(world, &mut body, expected, most)).await;
    let bytes = whole.unwrap_or(Err(ReadError::Broken))?;
    for permit in &mut permits {
        // What was reserved and did not come is for others.
        drop(permit.split(expected.saturating_sub(bytes.len()) / PERMIT_BYTES));
    }
    Ok(Held { bytes, permits })
}

impl Held {
    /// The bytes, and what gives their memory back when it is dropped.
    pub(super) fn take(self) -> (Bytes, Vec<OwnedSemaphorePermit>) {
        (self.bytes, self.permits)
    }
}

async fn collect(
    world: &World,
    body: &mut Incoming,
    expected: usize,
    most: usize,
) -> Result<Bytes, ReadError> {
    let mut read = BytesMut::new();
    loop {
        let frame = match world.timeout(PART_WAIT_MAX, body.frame()).await {
            None | Some(Some(Err(_))) => return Err(ReadError::Broken),
            Some(None) => return Ok(read.freeze()),
            Some(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        let part = &data[..data.len().min(most - read.len())];
        if read.capacity() - read.len() < part.len() {
            // Doubled, and never past what was reserved.
            let more = read.len().max(SMALL_BYTES_MAX).min(expected.saturating_sub(read.len()));
            read.reserve(more.max(part.len()));
        }
        read.extend_from_slice(part);
        if read.len() >= most {
            return Ok(read.freeze());
        }
    }
}
