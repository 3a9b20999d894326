//! A control over a temporary folder, an assignment that remembers, and requests with little to say.

use control::{Control, Settings};
use fabric::Scope;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentReport, EnvironmentState, Provision,
    Provisioned, Reserve, Retire,
};
use fabric::control::{
    ConfigChange, Control as _, ControlError, CreateFunction, FunctionConfig, FunctionVersion, LoggingConfig,
    Named, PublishVersion, UpdateCode, UpdateConfiguration,
};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use substrate::{BlobKey, Blobs, Folder, FolderSettings, Kv, Sqlite, SqliteSettings};
use types::{AccountId, CodeDigest, FunctionName, Qualifier, Region, VersionKey};
use world::World;

#[derive(Default)]
pub(crate) struct Remembers {
    pub(crate) retired: Mutex<Vec<Retire>>,
    pub(crate) reserved: Mutex<Vec<Reserve>>,
    /// The last word of each version.
    pub(crate) provisioned: Mutex<BTreeMap<VersionKey, Provision>>,
    /// Of each version, so many are initialised by now.
    pub(crate) initialised: AtomicU32,
    /// While this says so: the partition has no leader.
    pub(crate) leaderless: Mutex<Option<Box<dyn Fn() -> bool + Send>>>,
}

impl Remembers {
    fn leads(&self) -> Result<(), AcquireError> {
        match self.leaderless.lock().expect("sound").as_ref() {
            Some(leaderless) if leaderless() => Err(AcquireError::NotLeader),
            _ => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl Assignment for Remembers {
    async fn acquire(&self, _: Acquire) -> Result<fabric::Lease, AcquireError> {
        Err(AcquireError::NoCapacity)
    }
    async fn report(&self, _: EnvironmentReport) -> Result<(), AcquireError> {
        Ok(())
    }
    async fn retire(&self, message: Retire) -> Result<(), AcquireError> {
        self.leads()?;
        self.retired.lock().expect("sound").push(message);
        Ok(())
    }
    async fn reserve(&self, message: Reserve) -> Result<(), AcquireError> {
        self.leads()?;
        self.reserved.lock().expect("sound").push(message);
        Ok(())
    }
    async fn provision(&self, message: Provision) -> Result<Provisioned, AcquireError> {
        self.leads()?;
        let initialised = self.initialised.load(Ordering::SeqCst).min(message.wanted);
        self.provisioned.lock().expect("sound").insert(message.key.clone(), message);
        Ok(Provisioned { initialised, failed: None })
    }
    async fn census(&self, _: CensusQuery) -> Result<Vec<EnvironmentState>, AcquireError> {
        Ok(Vec::new())
    }
}

pub(crate) struct Kit {
    pub(crate) control: Arc<Control>,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) assignment: Arc<Remembers>,
}

pub(crate) fn settings() -> Settings {
    Settings::new(["x86_64"])
}

/// Opens the folder's stores; earlier ones need not have been closed.
pub(crate) async fn open(folder: &Path) -> Kit {
    open_with(folder, settings()).await
}

pub(crate) async fn open_with(folder: &Path, settings: Settings) -> Kit {
    let (kv, blobs) = stores(folder).await;
    open_over(World::real(), kv, blobs, settings).await
}

pub(crate) async fn stores(folder: &Path) -> (Arc<dyn Kv>, Arc<dyn Blobs>) {
    let world = World::real();
    let file = folder.join(substrate::sqlite::FILE_NAME);
    let kv = Sqlite::open(&world, &file, SqliteSettings::default()).await.expect("opens");
    let blobs = Folder::open(&world, &folder.join("blobs"), FolderSettings::default()).await.expect("opens");
    (Arc::new(kv), Arc::new(blobs))
}

pub(crate) async fn open_over(
    world: World,
    kv: Arc<dyn Kv>,
    blobs: Arc<dyn Blobs>,
    settings: Settings,
) -> Kit {
    let assignment = Arc::new(Remembers::default());
    let control =
        Control::open(world, kv.clone(), blobs.clone(), assignment.clone(), settings).await.expect("opens");
    Kit { control, blobs, kv, assignment }
}

pub(crate) fn scope() -> Scope {
    Scope { account: AccountId::new("000000000000"), region: Region::new("eu-central-1") }
}

pub(crate) fn named(function: &str) -> Named {
    Named { scope: scope(), function: FunctionName::new(function), qualifier: None }
}

pub(crate) fn qualified(function: &str, qualifier: &str) -> Named {
    Named { qualifier: Some(Qualifier::new(qualifier)), ..named(function) }
}

/// A zip with one file of this text.
pub(crate) fn zip_of(text: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("app.py", zip::write::SimpleFileOptions::default()).expect("started");
    writer.write_all(text.as_bytes()).expect("written");
    writer.finish().expect("finished").into_inner()
}

pub(crate) fn digest_of(text: &str) -> CodeDigest {
    BlobKey::of(&zip_of(text)).digest()
}

pub(crate) fn config(function: &str) -> FunctionConfig {
    FunctionConfig {
        runtime: "python3.13".into(),
        handler: "app.handler".into(),
        role: "arn:aws:iam::000000000000:role/r".into(),
        description: String::new(),
        timeout_seconds: 3,
        memory_mb: 128,
        ephemeral_storage_mb: 512,
        architecture: "x86_64".into(),
        environment: None,
        logging: LoggingConfig {
            format: "Text".into(),
            group: format!("/aws/lambda/{function}"),
            application_level: None,
            system_level: None,
        },
        tracing_mode: "PassThrough".into(),
        snap_start: Default::default(),
    }
}

pub(crate) fn creation(function: &str, text: &str) -> CreateFunction {
    CreateFunction {
        scope: scope(),
        function: FunctionName::new(function),
        config: config(function),
        zip: zip_of(text).into(),
        publish: false,
        tags: BTreeMap::new(),
    }
}

pub(crate) fn code_update(function: &str, text: &str) -> UpdateCode {
    UpdateCode {
        named: named(function),
        zip: zip_of(text).into(),
        architecture: None,
        publish: false,
        dry_run: false,
        revision: None,
    }
}

pub(crate) fn description_update(function: &str, description: &str) -> UpdateConfiguration {
    let change = ConfigChange { description: Some(description.into()), ..ConfigChange::default() };
    UpdateConfiguration { named: named(function), change, revision: None }
}

pub(crate) fn publication(function: &str) -> PublishVersion {
    PublishVersion { named: named(function), description: None, code_digest: None, revision: None }
}

impl Kit {
    pub(crate) async fn create(&self, function: &str, text: &str) -> FunctionVersion {
        self.control.create_function(creation(function, text)).await.expect("created").version
    }
    pub(crate) async fn update(&self, function: &str, text: &str) -> FunctionVersion {
        self.control.update_code(code_update(function, text)).await.expect("updated").version
    }
    pub(crate) async fn publish(&self, function: &str) -> FunctionVersion {
        self.control.publish_version(publication(function)).await.expect("published").version
    }
    pub(crate) async fn get(&self, named: Named) -> Result<FunctionVersion, ControlError> {
        self.control.get_function(named).await.map(|described| described.version)
    }
    pub(crate) async fn generation(&self, named: Named) -> u64 {
        self.control.resolve(named).await.expect("resolved").key.generation
    }
    pub(crate) fn retired(&self) -> Vec<Retire> {
        std::mem::take(&mut *self.assignment.retired.lock().expect("sound"))
    }
    /// Waits until exactly the code of these texts is stored; garbage goes beside the answers.
    pub(crate) async fn stored_is(&self, texts: &[&str]) {
        let mut wanted: Vec<BlobKey> = texts.iter().map(|text| BlobKey::of(&zip_of(text))).collect();
        wanted.sort_unstable();
        let world = World::real();
        let settled = world.timeout(std::time::Duration::from_secs(30), async {
            while self.blobs.list(None, 1_000).await.expect("listed") != wanted {
                tokio::task::yield_now().await;
            }
        });
        assert!(
            settled.await.is_some(),
            "stored: {:?}, wanted {wanted:?}",
            self.blobs.list(None, 1_000).await
        );
    }
}
