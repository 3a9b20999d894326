//! Kv, Log and Blobs: small traits, embedded and cluster providers, one conformance suite.
//!
//! What is durable goes through three traits of a few methods each, so that the whole platform moves from one machine
//! to a cluster by other providers of the same traits.
//!
//! | trait | embedded | cluster (feature `cluster`) |
//! |---|---|---|
//! | [`Kv`] | [`Sqlite`]: one file a user can open | `nats::NatsKv`: a stream of JetStream's |
//! | [`Log`] | [`SqliteLog`] | `nats::NatsLog`: a stream each |
//! | [`Blobs`] | [`Folder`]: a file each | `s3::S3`: an object each |
//!
//! Over `Kv` stand `election`, who leads of several services that could, and `held`, an entry that one process keeps renewed.
//!
//! What the traits promise is written at the traits and proven by `conformance`, which every provider runs.

pub mod blobs;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod election;
pub mod folder;
pub mod held;
pub mod kv;
pub mod log;
#[cfg(feature = "cluster")]
pub mod nats;
#[cfg(feature = "cluster")]
pub mod s3;
pub mod sqlite;

pub use blobs::{BlobError, BlobKey, Blobs};
pub use folder::{Folder, FolderSettings};
pub use kv::{Entry, Expected, Key, Kv, KvError, KvPage, Revision, Watch, Write};
pub use log::{Log, LogEntry, LogError, LogName, LogPage, Position, Span};
pub use sqlite::{Sqlite, SqliteLog, SqliteSettings};
