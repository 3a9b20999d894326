//! What all nodes share: NATS for what is small or in order, an object store for what is large.

use crate::roles::StartError;
use std::path::PathBuf;
use std::sync::Arc;
use substrate::folder::{Folder, FolderSettings};
use substrate::nats::{Nats, NatsSettings};
use substrate::s3::{S3, S3Settings};
use substrate::{Blobs, Kv, Log, LogName};
use types::PartitionId;
use world::World;

/// Where they are.
#[derive(Clone)]
pub(crate) struct StoreSettings {
    pub(crate) nats: NatsSettings,
    /// `None`: no role of this node needs it.
    pub(crate) blobs: Option<BlobSettings>,
}

#[derive(Clone)]
pub(crate) enum BlobSettings {
    S3(S3Settings),
    /// A folder that every node sees: of one host.
    Folder(PathBuf),
}

const ADVICE: &str =
    "`tinderbox doctor --cluster URLS --monitor HOST:8222` says what is wrong with the servers";

/// The stores, open.
#[derive(Clone)]
pub(crate) struct Stores {
    nats: Nats,
    pub(crate) kv: Arc<dyn Kv>,
}

impl Stores {
    pub(crate) async fn open(world: &World, nats: &NatsSettings) -> Result<Self, StartError> {
        let failed = |message: String| StartError { message, advice: ADVICE };
        let nats = Nats::connect(world, nats.clone()).await.map_err(|error| failed(error.to_string()))?;
        let kv = nats.kv().await.map_err(|error| failed(error.to_string()))?;
        Ok(Self { nats, kv: Arc::new(kv) })
    }

    /// The log of this partition's facts.
    pub(crate) async fn journal(&self, partition: PartitionId) -> Result<Arc<dyn Log>, StartError> {
        let name = LogName::new(&journal_name(partition)).ok_or_else(|| "the journal's name".to_owned())?;
        let journal = self.nats.log(&name).await;
        Ok(Arc::new(journal.map_err(|error| StartError { message: error.to_string(), advice: ADVICE })?))
    }
}

/// Its name on NATS.
pub(crate) fn journal_name(partition: PartitionId) -> String {
    format!("partition-{partition}")
}

/// What is told apart in the object store: each lists, and collects, its own and nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tenant {
    Code,
}

impl Tenant {
    fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
        }
    }
}

pub(crate) async fn blobs(
    world: &World,
    settings: &BlobSettings,
    tenant: Tenant,
) -> Result<Arc<dyn Blobs>, StartError> {
    match settings {
        BlobSettings::S3(s3) => S3::open(world, beneath(s3, tenant)).await.map(|s3| Arc::new(s3) as _).map_err(|error| {
            StartError {
                message: format!("the bucket: {error}"),
                advice: "it must exist, and the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY may read and write it",
            }
        }),
        BlobSettings::Folder(folder) => {
            let folder = &folder.join(tenant.name());
            let opened = Folder::open(world, folder, FolderSettings::default()).await;
            opened.map(|folder| Arc::new(folder) as _).map_err(|error| StartError {
                message: format!("{}: {error}", folder.display()),
                advice: "every node must be able to read and write this folder",
            })
        }
    }
}

fn beneath(s3: &S3Settings, tenant: Tenant) -> S3Settings {
    let prefix = match s3.prefix.as_str() {
        "" => tenant.name().to_owned(),
        prefix => format!("{prefix}/{}", tenant.name()),
    };
    S3Settings { prefix, ..s3.clone() }
}
