//! `Blobs`: immutable bytes under the SHA-256 of themselves.
//!
//! Shaped for a folder and for S3: whole objects, no append, no rename, the key is known before the bytes are sent,
//! and putting what is there already changes nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::PathBuf;
use types::CodeDigest;

/// Largest blob, bytes: a zip of 50 MiB fits with room; a body beyond is refused before it is written.
pub const BLOB_BYTES_MAX: usize = 64 * 1024 * 1024;

/// SHA-256 of the blob.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey([u8; 32]);

impl BlobKey {
    /// The key of these bytes. Hashing 50 MiB takes a while: off the async threads.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash itself, for formats that hold keys.
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// A key from a format that holds keys.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From a code digest, which is the base64 of the same hash; `None` if it is not one.
    pub fn from_digest(digest: &CodeDigest) -> Option<Self> {
        STANDARD.decode(digest.as_str()).ok()?.try_into().ok().map(Self)
    }

    /// The same hash as AWS writes it (`CodeSha256`).
    pub fn digest(&self) -> CodeDigest {
        CodeDigest::new(STANDARD.encode(self.0))
    }

    /// 64 lower-case hexadecimal digits: file and object names.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what [`BlobKey::hex`] writes and nothing else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let lower = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        if text.len() != 64 || !text.bytes().all(lower) {
            return None;
        }
        let mut key = [0; 32];
        for (index, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(Self(key))
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

/// Why the store refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    #[error("no blob {key}")]
    NotFound { key: BlobKey },
    /// What is stored is not what its name says. It is never handed out; putting it again repairs it.
    #[error("blob {key} is damaged")]
    Corrupt { key: BlobKey },
    #[error("no room: {reason}")]
    Full { reason: String },
    #[error("a blob of {bytes} bytes is too large")]
    TooLarge { bytes: usize },
    /// The store can not be reached or failed. A put may or may not be done: do it again, it changes nothing twice.
    #[error("unavailable: {reason}")]
    Unavailable { reason: String },
}

impl BlobError {
    /// The very same call may succeed if made again soon.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Immutable bytes under their hash. Obligations, all in the conformance suite: what `put` answered `Ok` for survives
/// kill -9 and loss of power; `get` answers the very bytes or an error, never others; a put that failed or was cut
/// short leaves no blob.
#[async_trait::async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Stores the bytes, durably, and answers their key. Stored already: nothing changes, unless it is damaged.
    async fn put(&self, bytes: Bytes) -> Result<BlobKey, BlobError>;

    /// The whole blob, its hash checked.
    async fn get(&self, key: &BlobKey) -> Result<Bytes, BlobError>;

    /// Whether there is such a blob; does not read it.
    async fn exists(&self, key: &BlobKey) -> Result<bool, BlobError>;

    /// Forgets a blob; none there is no error.
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError>;

    /// Keys after `after` in key order, at most `max`; an empty page is the end. For garbage collection.
    async fn list(&self, after: Option<&BlobKey>, max: usize) -> Result<Vec<BlobKey>, BlobError>;

    /// Where a local provider keeps the blob, so that it can be opened without a copy. Its hash is not checked.
    fn path_hint(&self, key: &BlobKey) -> Option<PathBuf>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_digest_and_its_hex() {
        let key = BlobKey::of(b"hello");
        assert_eq!(key.hex(), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        assert_eq!(key.digest().as_str(), "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
        assert_eq!(BlobKey::from_digest(&key.digest()), Some(key));
        assert_eq!(BlobKey::from_hex(&key.hex()), Some(key));
        for bad in ["", "2c", &key.hex().to_uppercase(), &format!("{}/", &key.hex()[1..])] {
            assert_eq!(BlobKey::from_hex(bad), None, "{bad}");
        }
        assert_eq!(BlobKey::from_digest(&CodeDigest::new("AAAA")), None);
    }
}
