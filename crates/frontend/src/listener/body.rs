//! Request bodies: bounded in size, in time, and in memory over all connections.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use world::World;

/// Longest pause between two parts of a body.
const PART_WAIT_MAX: Duration = Duration::from_secs(20);
/// Longest time for a whole body: a 70 MB package over a 1 Mbit/s line.
const WHOLE_WAIT_MAX: Duration = Duration::from_secs(600);
/// How much of a refused body is read away, so that its sender comes to read the answer.
const DISCARD_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Bodies up to this size need no permit: every connection may hold one.
const SMALL_BYTES_MAX: usize = 64 * 1024;
/// Memory of all larger bodies together: seven full CreateFunction requests, or 85 full payloads.
const MEMORY_BYTES_MAX: usize = 512 * 1024 * 1024;
/// How long a large body waits for memory.
const MEMORY_WAIT_MAX: Duration = Duration::from_secs(10);
/// One permit.
const PERMIT_BYTES: usize = 1024;

const _: () = assert!(types::limits::CREATE_BODY_BYTES_MAX < MEMORY_BYTES_MAX);

/// The memory of large bodies.
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MEMORY_BYTES_MAX / PERMIT_BYTES)))
    }
}

/// A whole body and its memory permit.
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    _permit: Option<OwnedSemaphorePermit>,
}

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// `bytes` is what it has, as far as that was read or said.
    TooLarge { bytes: u64 },
    /// Other large bodies hold the memory.
    Busy,
    /// Cut off, or too slow.
    Broken,
}

/// The whole body, at most `limit` bytes.
pub(crate) async fn read(
    world: &World,
    budget: &Budget,
    mut body: Incoming,
    limit: usize,
) -> Result<Held, ReadError> {
    let hint = body.size_hint();
    if hint.exact() == Some(0) {
        return Ok(Held { bytes: Bytes::new(), _permit: None });
    }
    if hint.lower() > limit as u64 {
        discard(world, body, 0).await;
        return Err(ReadError::TooLarge { bytes: hint.lower() });
    }
    // Without a length a body may become as large as allowed.
    let expected = hint.exact().map_or(limit, |exact| exact as usize);
    let mut permit = reserve(world, budget, expected).await?;
    let whole = world.timeout(WHOLE_WAIT_MAX, collect(world, &mut body, expected, limit)).await;
    match whole.unwrap_or(Err(ReadError::Broken)) {
        Ok(bytes) => {
            if let Some(permit) = &mut permit {
                // What was reserved and did not come is for others.
                drop(permit.split((expected - bytes.len().min(expected)) / PERMIT_BYTES));
            }
            Ok(Held { bytes, _permit: permit })
        }
        Err(ReadError::TooLarge { bytes }) => {
            drop(permit);
            Err(ReadError::TooLarge { bytes: discard(world, body, bytes).await })
        }
        Err(error) => Err(error),
    }
}

async fn reserve(
    world: &World,
    budget: &Budget,
    bytes: usize,
) -> Result<Option<OwnedSemaphorePermit>, ReadError> {
    if bytes <= SMALL_BYTES_MAX {
        return Ok(None);
    }
    let permits = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
    let acquire = Arc::clone(&budget.0).acquire_many_owned(permits);
    match world.timeout(MEMORY_WAIT_MAX, acquire).await {
        Some(Ok(permit)) => Ok(Some(permit)),
        _ => Err(ReadError::Busy),
    }
}

async fn collect(
    world: &World,
    body: &mut Incoming,
    expected: usize,
    limit: usize,
) -> Result<Bytes, ReadError> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(part) = next(world, body).await? {
        let len = first.len() + rest.len() + part.len();
        if len > limit {
            return Err(ReadError::TooLarge { bytes: len as u64 });
        }
        if first.is_empty() && rest.is_empty() {
            // Nearly every body is one part: no copy.
            first = part;
            continue;
        }
        if !first.is_empty() {
            rest.reserve(expected.min(len.max(SMALL_BYTES_MAX)));
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&part);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// The next part; `None` at the end.
async fn next(world: &World, body: &mut Incoming) -> Result<Option<Bytes>, ReadError> {
    loop {
        match world.timeout(PART_WAIT_MAX, body.frame()).await {
            None | Some(Some(Err(_))) => return Err(ReadError::Broken),
            Some(None) => return Ok(None),
            Some(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Reads a body away and answers its size, `before` bytes included.
pub(crate) async fn discard(world: &World, mut body: Incoming, before: u64) -> u64 {
    let mut bytes = before;
    let all = async {
        while bytes < DISCARD_BYTES_MAX {
            match next(world, &mut body).await {
                Ok(Some(part)) => bytes += part.len() as u64,
                _ => return,
            }
        }
    };
    // Late or not, the answer goes out.
    let _ = world.timeout(WHOLE_WAIT_MAX, all).await;
    bytes
}
