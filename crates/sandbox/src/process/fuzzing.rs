//! What the fuzz targets (`fuzz/`) reach of the spawner's conversations. Compiled under `--cfg fuzzing` only.

use super::protocol::{Channel, FromInit, FromSpawner, MESSAGE_BYTES_MAX, ToInit, ToSpawner, encode};
use serde::{Serialize, de::DeserializeOwned};

/// Takes bytes as a message of each kind off a real socket pair. One that is accepted must be sendable again, and
/// reads back as the same.
///
/// # Panics
/// When it does not.
pub fn messages(bytes: &[u8]) {
    message::<ToSpawner>(bytes);
    message::<FromSpawner>(bytes);
    message::<ToInit>(bytes);
    message::<FromInit>(bytes);
}

#[allow(clippy::unwrap_used)]
fn message<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    if bytes.is_empty() {
        return; // what the end of the other side looks like
    }
    let (one, other) = Channel::pair().unwrap();
    one.send_bytes(bytes, &[]).unwrap();
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    let Ok(Some((message, fds))) = other.receive::<T>(&mut buffer) else { return };
    assert!(fds.is_empty());
    let once = encode(&message).unwrap();
    one.send_bytes(&once, &[]).unwrap();
    let (again, _) = other.receive::<T>(&mut buffer).unwrap().unwrap();
    assert_eq!(encode(&again).unwrap(), once);
}
