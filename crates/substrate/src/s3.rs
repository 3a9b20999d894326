//! `Blobs` in an S3-compatible bucket: one object per blob, `PREFIX/HASH`.
//!
//! The hash is the key, so a put that is made again changes nothing and needs no lock; what comes back is hashed
//! before it is handed out. The requests, their signatures and retries are `object_store`'s; the HTTP client under it
//! is the one that the rest of the platform has already ([`http`](self::http)), and so are the hashes
//! ([`crypto`](self::crypto)): with its own it would bring a second client, and a C library for both.

mod crypto;
mod http;

use crate::blobs::{BLOB_BYTES_MAX, BlobError, BlobKey, Blobs};
use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _, RetryConfig};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use world::World;

/// How long one call may take in all: a blob of 64 MiB over a slow line, with retries.
const CALL_MAX: Duration = Duration::from_secs(60);
/// How long `object_store` goes on trying, within that.
const RETRY_MAX: Duration = Duration::from_secs(20);
const RETRIES_MAX: usize = 8;

/// Which bucket, where.
#[derive(Clone)]
pub struct S3Settings {
    pub bucket: String,
    /// What keys begin with, without a slash at its end; empty for none.
    pub prefix: String,
    /// `http://HOST:PORT`
    pub endpoint: String,
    pub region: String,
    /// `None`: as AWS's tools find them on a machine of theirs.
    pub keys: Option<S3Keys>,
}

/// Whose requests these are.
#[derive(Clone)]
pub struct S3Keys {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

/// An address that names no bucket, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct S3AddressError(String);

impl S3Settings {
    /// A place of its own below this one, for who keeps something else and removes what only it does not know: neither
    /// sees, lists or removes a blob of the other. `place` begins with a letter after `f`: so it is behind all hashes in
    /// the bucket's order, and a list of this place ends before it.
    #[must_use]
    pub fn below(&self, place: &str) -> Self {
        debug_assert!(place.starts_with(|first| matches!(first, 'g'..='z')), "{place} lies among hashes");
        let prefix = if self.prefix.is_empty() { place.into() } else { format!("{}/{place}", self.prefix) };
        Self { prefix, ..self.clone() }
    }

    /// Reads `s3://BUCKET[/PREFIX]?endpoint=http://HOST:PORT[&region=NAME]`.
    pub fn parse(address: &str, keys: Option<S3Keys>) -> Result<Self, S3AddressError> {
        let bad = |reason: &str| S3AddressError(format!("{address}: {reason}"));
        let rest = address.strip_prefix("s3://").ok_or_else(|| bad("it begins with s3://"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(allowed) {
            return Err(bad("a bucket's name has 3 to 63 letters, digits, dots and hyphens"));
        }
        let prefix = prefix.trim_end_matches('/');
        if prefix.len() > 256 || !prefix.bytes().all(|byte| allowed(byte) || byte == b'/') {
            return Err(bad("a prefix has up to 256 letters, digits, dots, hyphens and slashes"));
        }
        let (mut endpoint, mut region) = (None, "us-east-1".to_owned());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("endpoint", value)) => endpoint = Some(value.trim_end_matches('/').to_owned()),
                Some(("region", value)) if !value.is_empty() && value.bytes().all(allowed) => {
                    region = value.to_owned();
                }
                _ => return Err(bad("after the question mark endpoint=… and region=… are known")),
            }
        }
        let endpoint = endpoint.ok_or_else(|| bad("it ends with ?endpoint=http://HOST:PORT"))?;
        if !endpoint.starts_with("http://") {
            return Err(bad("the endpoint begins with http://; TLS is not spoken to S3 yet"));
        }
        Ok(Self { bucket: bucket.into(), prefix: prefix.into(), endpoint, region, keys })
    }
}

/// The `Blobs` of a cluster.
pub struct S3 {
    world: World,
    store: AmazonS3,
    prefix: Path,
}

impl S3 {
    /// Connects, and looks whether the bucket is there and may be listed.
    pub async fn open(world: &World, settings: S3Settings) -> Result<Self, BlobError> {
        let unavailable = |error: object_store::Error| BlobError::Unavailable { reason: error.to_string() };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_endpoint(&settings.endpoint)
            .with_region(&settings.region)
            .with_allow_http(true)
            .with_http_connector(http::Connector(world.clone()))
            .with_crypto_provider(Arc::new(crypto::Crypto))
            .with_retry(RetryConfig {
                max_retries: RETRIES_MAX,
                retry_timeout: RETRY_MAX,
                ..RetryConfig::default()
            });
        if let Some(keys) = &settings.keys {
            builder = builder
                .with_access_key_id(&keys.access_key_id)
                .with_secret_access_key(&keys.secret_access_key);
            if let Some(token) = &keys.session_token {
                builder = builder.with_token(token);
            }
        }
        let prefix = Path::parse(&settings.prefix);
        let prefix = prefix.map_err(|error| BlobError::Unavailable { reason: error.to_string() })?;
        let store = Self { world: world.clone(), store: builder.build().map_err(unavailable)?, prefix };
        store.list(None, 1).await?;
        Ok(store)
    }

    fn path(&self, key: &BlobKey) -> Path {
        self.prefix.clone().join(key.hex())
    }

    async fn call<T>(
        &self,
        key: Option<&BlobKey>,
        call: impl Future<Output = object_store::Result<T>> + Send,
    ) -> Result<T, BlobError> {
        let done = self.world.timeout(CALL_MAX, call).await;
        let Some(done) = done else {
            return Err(BlobError::Unavailable { reason: format!("no answer in {CALL_MAX:?}") });
        };
        done.map_err(|error| match (error, key) {
            (object_store::Error::NotFound { .. }, Some(key)) => BlobError::NotFound { key: *key },
            (error, _) => BlobError::Unavailable { reason: error.to_string() },
        })
    }

    /// Off the async threads: 64 MiB take a while.
    async fn hash(&self, bytes: &Bytes) -> Result<BlobKey, BlobError> {
        let bytes = bytes.clone();
        let hashed = self.world.blocking("blobs.hash", move || BlobKey::of(&bytes)).await;
        hashed.ok_or_else(|| BlobError::Unavailable { reason: "the hash was not computed".into() })
    }
}

#[async_trait::async_trait]
impl Blobs for S3 {
    async fn put(&self, bytes: Bytes) -> Result<BlobKey, BlobError> {
        if bytes.len() > BLOB_BYTES_MAX {
            return Err(BlobError::TooLarge { bytes: bytes.len() });
        }
        let key = self.hash(&bytes).await?;
        // Whether it is there or damaged is not asked first: the answer would cost as much as the put.
        let path = self.path(&key);
        self.call(None, self.store.put(&path, bytes.into())).await?;
        Ok(key)
    }

    async fn get(&self, key: &BlobKey) -> Result<Bytes, BlobError> {
        let path = self.path(key);
        let read = async {
            let found = self.store.get(&path).await?;
            // Never written by us; not read into memory either.
            if found.meta.size > BLOB_BYTES_MAX as u64 {
                return Ok(None);
            }
            found.bytes().await.map(Some)
        };
        match self.call(Some(key), read).await? {
            Some(bytes) if self.hash(&bytes).await? == *key => Ok(bytes),
            _ => Err(BlobError::Corrupt { key: *key }),
        }
    }

    async fn exists(&self, key: &BlobKey) -> Result<bool, BlobError> {
        let path = self.path(key);
        match self.call(Some(key), self.store.head(&path)).await {
            Ok(_) => Ok(true),
            Err(BlobError::NotFound { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        let path = self.path(key);
        match self.call(Some(key), self.store.delete(&path)).await {
            Ok(()) | Err(BlobError::NotFound { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }

    async fn list(&self, after: Option<&BlobKey>, max: usize) -> Result<Vec<BlobKey>, BlobError> {
        let prefix = (!self.prefix.as_ref().is_empty()).then_some(&self.prefix);
        // The bucket lists in the order of bytes.
        let behind_hashes = self.prefix.clone().join("g");
        let mut listed = match after {
            Some(after) => self.store.list_with_offset(prefix, &self.path(after)),
            None => self.store.list(prefix),
        };
        let gather = async {
            let mut keys = Vec::new();
            while keys.len() < max
                && let Some(found) = listed.next().await
            {
                let found = found?.location;
                if found.as_ref() > behind_hashes.as_ref() {
                    break;
                }
                // What is not ours, or lies deeper, stays where it is.
                let hex = found.filename().unwrap_or_default();
                keys.extend(BlobKey::from_hex(hex).filter(|key| self.path(key) == found));
            }
            Ok(keys)
        };
        self.call(None, gather).await
    }

    fn path_hint(&self, _: &BlobKey) -> Option<PathBuf> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_below_is_another_prefix() {
        let at = |address: &str| S3Settings::parse(address, None).expect("an address").below("logs").prefix;
        assert_eq!(at("s3://tinderbox?endpoint=http://h"), "logs");
        assert_eq!(at("s3://tinderbox/functions/?endpoint=http://h"), "functions/logs");
    }

    #[test]
    fn addresses_of_buckets_are_read_and_others_refused_in_words() {
        let read = |address: &str| S3Settings::parse(address, None);
        let read_well = |address: &str| {
            let it = read(address).unwrap_or_else(|error| panic!("{address}: {error}"));
            (it.bucket, it.prefix, it.endpoint, it.region)
        };
        let expected = |bucket: &str, prefix: &str, region: &str| {
            (bucket.to_owned(), prefix.to_owned(), "http://127.0.0.1:9000".to_owned(), region.to_owned())
        };
        let plain = read_well("s3://tinderbox?endpoint=http://127.0.0.1:9000/");
        assert_eq!(plain, expected("tinderbox", "", "us-east-1"));
        let full = read_well("s3://tinderbox/a/b/?region=eu-west-1&endpoint=http://127.0.0.1:9000");
        assert_eq!(full, expected("tinderbox", "a/b", "eu-west-1"));
        for (address, words) in [
            ("folder", "begins with s3://"),
            ("s3://x?endpoint=http://h", "3 to 63"),
            ("s3://bucket", "ends with ?endpoint"),
            ("s3://bucket?endpoint=https://h", "TLS is not spoken"),
            ("s3://bucket?endpoint=http://h&key=1", "are known"),
            ("s3://bucket/ü?endpoint=http://h", "a prefix has"),
        ] {
            let refused = read(address).err().expect("refused").to_string();
            assert!(refused.contains(words), "{refused}");
        }
    }
}
