//! Rooms and versions that are written down and restored, over a sandbox in memory: what is made when, what is refused, what
//! is there after a restart. On real machines it is `e2e/test_snapshots.py`'s.

use crate::kit::{Answered, ENVIRONMENT, Kit, collect, key, zip};
use async_trait::async_trait;
use fabric::assignment::EnvironmentEvent;
use fabric::control::{Preparation, Preparations, SnapStart};
use fabric::worker::{StopEnvironment, WorkerControl, WorkerInvoke};
use sandbox::*;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use types::{Epoch, PartitionId, Version, VersionKey};
use world::World;

/// Looks at what happens in the background, without taking the processor from it.
const LOOK: Duration = Duration::from_millis(5);

/// What its machines did, counted.
#[derive(Default)]
struct Counts {
    booted: AtomicUsize,
    restored: AtomicUsize,
    /// Of these, in machines that were only booted.
    rooms: AtomicUsize,
    written: AtomicUsize,
    inits: AtomicUsize,
    refuses: AtomicBool,
}

struct Copies(Arc<Counts>);

/// Where the made-up runtime stands, and which init made it.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// No room yet.
    Bare,
    Waits,
    Next(usize),
    RestoreNext(usize),
}

impl Stage {
    fn initialised(counts: &Counts, variables: &str) -> Self {
        let number = counts.inits.fetch_add(1, Ordering::SeqCst);
        if variables.contains("snap-start") { Self::RestoreNext(number) } else { Self::Next(number) }
    }

    fn text(&self) -> String {
        match self {
            Self::Bare => "bare 0".to_owned(),
            Self::Waits => "waits 0".to_owned(),
            Self::Next(number) => format!("next {number}"),
            Self::RestoreNext(number) => format!("restore {number}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (name, number) = text.split_once(' ')?;
        let number = number.parse().ok()?;
        match name {
            "bare" => Some(Self::Bare),
            "waits" => Some(Self::Waits),
            "next" => Some(Self::Next(number)),
            "restore" => Some(Self::RestoreNext(number)),
            _ => None,
        }
    }
}

struct Machine {
    counts: Arc<Counts>,
    stage: Arc<Mutex<Option<Stage>>>,
    dial: mpsc::Sender<DuplexStream>,
    calls: tokio::sync::Mutex<mpsc::Receiver<DuplexStream>>,
    bind: Mutex<Option<DuplexStream>>,
    task: Mutex<Option<JoinHandle<()>>>,
    exit: Mutex<Option<oneshot::Sender<Exit>>>,
}

impl Machine {
    fn new(counts: &Arc<Counts>, stage: Option<Stage>) -> Arc<Self> {
        let (dial, calls) = mpsc::channel(8);
        let (stage, calls) = (Arc::new(Mutex::new(stage)), tokio::sync::Mutex::new(calls));
        let (bind, task, exit) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { counts: Arc::clone(counts), stage, dial, calls, bind, task, exit })
    }

    fn process(&self, bind: bool) -> Process {
        let (exit, exited) = oneshot::channel();
        *self.exit.lock().unwrap() = Some(exit);
        let told = bind.then(|| {
            let (ours, theirs) = duplex(1 << 20);
            *self.bind.lock().unwrap() = Some(theirs);
            let ours: Box<dyn tokio::io::AsyncWrite + Send + Unpin> = Box::new(ours);
            ours
        });
        let nothing = || Box::new(tokio::io::empty());
        Process { stdout: nothing(), stderr: nothing(), telemetry: None, bind: told, exited }
    }

    /// The runtime goes on from where it stands.
    fn run(&self) {
        let (stage, dial, counts) = (Arc::clone(&self.stage), self.dial.clone(), Arc::clone(&self.counts));
        let bind = self.bind.lock().unwrap().take();
        let runs = tokio::spawn(async move {
            let now = stage.lock().unwrap().clone();
            if now == Some(Stage::Waits) {
                let mut told = Vec::new();
                let Some(mut bind) = bind else { return };
                bind.read_to_end(&mut told).await.unwrap();
                let initialised = Stage::initialised(&counts, &String::from_utf8_lossy(&told));
                *stage.lock().unwrap() = Some(initialised);
            }
            let now = stage.lock().unwrap().clone();
            let (number, restores) = match now {
                Some(Stage::RestoreNext(number)) => (number, true),
                Some(Stage::Next(number)) => (number, false),
                _ => return,
            };
            if restores {
                call(&dial, "GET", "restore/next", "").await;
            }
            loop {
                let head = call(&dial, "GET", "invocation/next", "").await;
                let id = head.lines().find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: "));
                let Some(id) = id else { return };
                call(&dial, "POST", &format!("invocation/{id}/response"), &format!("{{\"init\":{number}}}"))
                    .await;
            }
        });
        *self.task.lock().unwrap() = Some(runs);
    }
}

/// One call of the Runtime API; the head of its answer, in lower case.
async fn call(dial: &mpsc::Sender<DuplexStream>, method: &str, path: &str, body: &str) -> String {
    let (mut ours, theirs) = duplex(1 << 16);
    if dial.send(theirs).await.is_err() {
        return String::new();
    }
    let length = body.len();
    let request = format!(
        "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let mut answer = Vec::new();
    let told = async {
        ours.write_all(request.as_bytes()).await?;
        ours.read_to_end(&mut answer).await
    };
    let _ = told.await; // it ended meanwhile: no answer
    String::from_utf8_lossy(&answer).to_lowercase()
}

#[async_trait]
impl Sandbox for Copies {
    fn kind(&self) -> &'static str {
        "copies"
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities { pause: true, snapshot: true, ..Capabilities::default() }
    }
    async fn boot(&self, _: BootSpec) -> Result<Arc<dyn Environment>, BootError> {
        self.0.booted.fetch_add(1, Ordering::SeqCst);
        Ok(Machine::new(&self.0, None))
    }
    // What is made to be written down is no start of a function's.
    async fn boot_waiting(&self, _: BootSpec) -> Result<Arc<dyn Environment>, BootError> {
        Ok(Machine::new(&self.0, None))
    }
    async fn boot_bare(&self, _: BootSpec) -> Result<Arc<dyn Environment>, BootError> {
        Ok(Machine::new(&self.0, Some(Stage::Bare)))
    }
    async fn restore(&self, spec: BootSpec, from: Snapshot) -> Result<Arc<dyn Environment>, BootError> {
        let refused = |reason: &str| BootError::Host { step: "snapshot", reason: reason.to_owned() };
        if self.0.refuses.load(Ordering::SeqCst) {
            return Err(refused("made by another monitor"));
        }
        let text = std::fs::read_to_string(from.folder.join("state"))
            .map_err(|error| refused(&error.to_string()))?;
        let stage = Stage::read(&text).ok_or_else(|| refused("not a state"))?;
        let memory = std::fs::read(&from.memory).map_err(|error| refused(&error.to_string()))?;
        assert_eq!((memory.len(), memory[5 << 10]), (1 << 20, 7));
        if stage == Stage::Bare {
            assert!(spec.mounts.iter().any(|mount| mount.inside == Path::new("/var/task")));
            self.0.rooms.fetch_add(1, Ordering::SeqCst);
        }
        self.0.restored.fetch_add(1, Ordering::SeqCst);
        Ok(Machine::new(&self.0, Some(stage)))
    }
    async fn shutdown(&self) {}
}

#[async_trait]
impl Environment for Machine {
    async fn start(&self, process: ProcessSpec) -> Result<Process, BootError> {
        let stage = if process.bind {
            Stage::Waits
        } else {
            Stage::initialised(&self.counts, &format!("{:?}", process.environment))
        };
        *self.stage.lock().unwrap() = Some(stage);
        let started = self.process(process.bind);
        self.run();
        Ok(started)
    }
    async fn accept(&self, door: Door) -> std::io::Result<Box<dyn Connection>> {
        if door == Door::LambdaApi {
            return std::future::pending().await;
        }
        match self.calls.lock().await.recv().await {
            Some(call) => Ok(Box::new(call)),
            None => std::future::pending().await,
        }
    }
    async fn adopt(&self, nth: usize) -> Result<Process, BootError> {
        assert_eq!(nth, 0);
        Ok(self.process(*self.stage.lock().unwrap() == Some(Stage::Waits)))
    }
    async fn bind(&self, _: Binding) -> Result<(), BootError> {
        Ok(())
    }
    async fn stats(&self) -> Result<Stats, BootError> {
        Ok(Stats { cpu_us: 1, ..Stats::default() })
    }
    async fn pause(&self) -> Result<(), BootError> {
        Ok(())
    }
    async fn resume(&self) -> Result<(), BootError> {
        if self.task.lock().unwrap().is_none() {
            self.run();
        }
        Ok(())
    }
    async fn snapshot(&self, into: PathBuf) -> Result<Snapshot, BootError> {
        self.counts.written.fetch_add(1, Ordering::SeqCst);
        let stage = self.stage.lock().unwrap().clone().unwrap();
        std::fs::write(into.join("state"), stage.text()).unwrap();
        let mut memory = vec![0; 1 << 20];
        memory[5 << 10] = 7;
        std::fs::write(into.join("memory"), memory).unwrap();
        Ok(Snapshot { memory: into.join("memory"), folder: into })
    }
    async fn stop(&self) {
        let task = self.task.lock().unwrap().take();
        task.into_iter().for_each(|task| task.abort());
    }
}

/// A worker over machines in memory, its data where the test wants it.
struct Host {
    kit: Kit,
    counts: Arc<Counts>,
}

impl Host {
    async fn open(
        data: &Path,
        change: impl FnOnce(&mut fabric::control::FunctionConfig, &mut worker::Settings),
    ) -> Self {
        let counts = Arc::new(Counts::default());
        let (sandbox, zip) = (Arc::new(Copies(Arc::clone(&counts))), zip("app.py", "pass"));
        let kit = Kit::over(
            World::real(),
            sandbox,
            |fakes| fakes,
            zip,
            &[],
            |config, settings| {
                config.runtime = "ahead".into();
                settings.data = data.to_owned();
                change(config, settings);
            },
        );
        kit.worker.open().await.unwrap();
        Self { kit, counts }
    }

    async fn serve(&self, key: VersionKey) -> Answered {
        self.kit.start_of(key).await;
        let answered = collect(self.kit.worker.invoke(Kit::request(1, "{}")).await.unwrap()).await;
        self.kit.reported(1, EnvironmentEvent::Idle).await;
        let stop = StopEnvironment { environment: ENVIRONMENT, partition: PartitionId(0), epoch: Epoch(1) };
        self.kit.worker.stop_environment(stop).await.unwrap();
        self.kit.reported(1, EnvironmentEvent::Gone).await;
        answered
    }

    async fn until(&self, why: &str, there: impl Fn(&Counts) -> bool) {
        let looks = async {
            while !there(&self.counts) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), looks).await.unwrap_or_else(|_| panic!("{why}"));
    }

    fn counted(&self) -> [usize; 3] {
        [&self.counts.booted, &self.counts.restored, &self.counts.written]
            .map(|count| count.load(Ordering::SeqCst))
    }
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

async fn entries_become(folder: &Path, wanted: usize) {
    let looks = async {
        while entries(folder) != wanted {
            tokio::time::sleep(LOOK).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(60), looks).await;
    assert!(found.is_ok(), "{} in {}", entries(folder), folder.display());
}

/// What the first start of a runtime leaves: a booted machine, and a room in which the runtime waits.
const LAYERS: usize = 2;

/// So many whole ones, and nothing half-made.
async fn rooms(data: &Path, wanted: usize) {
    let rooms = data.join("snapshots/rooms");
    let looks = async {
        let whole = |path: &Path| path.extension().is_some_and(|extension| extension != "unfinished");
        while std::fs::read_dir(&rooms)
            .unwrap()
            .filter(|entry| whole(&entry.as_ref().unwrap().path()))
            .count()
            != wanted
        {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looks).await.expect("they are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_boots_and_the_others_are_copies_also_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::open(data.path(), |_, _| {}).await;
    assert_eq!(host.serve(key()).await.json()["init"], 0);
    host.until("both are written down", |counts| counts.written.load(Ordering::SeqCst) == LAYERS).await;
    rooms(data.path(), LAYERS).await;
    // Named is not yet on the shelf: the start that finds it there is a copy.
    let mut turn = 1;
    while host.counted()[1] == 0 {
        assert_eq!(host.serve(key()).await.json()["init"], turn, "each initialises itself");
        turn += 1;
    }
    host.kit.worker.shutdown(Duration::from_secs(5)).await;

    let half = data.path().join("snapshots/rooms/half.unfinished");
    std::fs::create_dir(&half).unwrap();
    let host = Host::open(data.path(), |_, _| {}).await;
    assert!(!half.exists());
    host.serve(key()).await;
    assert_eq!(host.counted(), [0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_the_sandbox_refuses_costs_a_boot_and_is_made_anew() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::open(data.path(), |_, _| {}).await;
    host.serve(key()).await;
    rooms(data.path(), LAYERS).await;
    while host.counted()[1] == 0 {
        host.serve(key()).await;
    }
    let [booted, ..] = host.counted();
    host.counts.refuses.store(true, Ordering::SeqCst);
    host.serve(key()).await;
    assert_eq!(host.counted()[0], booted + 1);
    host.counts.refuses.store(false, Ordering::SeqCst);
    host.until("others are written down", |counts| counts.written.load(Ordering::SeqCst) == 2 * LAYERS).await;
    rooms(data.path(), LAYERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_runtime_waits_for_begins_in_a_booted_machine_and_so_does_a_runtimes_first_start() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::open(data.path(), |config, _| config.runtime = "alone".into()).await;
    host.serve(key()).await;
    rooms(data.path(), 1).await;
    let in_machines = || host.counts.rooms.load(Ordering::SeqCst);
    while in_machines() == 0 {
        host.serve(key()).await;
    }
    let ([booted, ..], before) = (host.counted(), in_machines());
    host.serve(key()).await;
    host.kit.fakes.change(|config| config.runtime = "ahead".into());
    host.serve(key()).await;
    assert_eq!(in_machines(), before + 2);
    assert_eq!(host.counted()[0], booted, "nothing was booted for either");
    rooms(data.path(), LAYERS).await;
    host.kit.fakes.change(|config| config.memory_mb = 512);
    host.serve(key()).await;
    assert_eq!(in_machines(), before + 2, "of another memory there is none");
    rooms(data.path(), 2 * LAYERS).await;
}

fn published() -> VersionKey {
    VersionKey { version: Version::Published(1), ..key() }
}

async fn with_snap_start(data: &Path, pending: bool) -> Host {
    let host = Host::open(data, |config, _| config.snap_start = SnapStart::PublishedVersions).await;
    let versions = vec![Preparation { key: published(), pending }];
    host.kit.fakes.preparations.send_replace(Preparations { at: 1, versions });
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_initialised_once_and_copied_ever_after() {
    let data = tempfile::tempdir().unwrap();
    let records = data.path().join("snapshots/functions");
    let host = with_snap_start(data.path(), true).await;
    let mut prepared = host.kit.fakes.prepared.subscribe();
    let told = tokio::time::timeout(crate::kit::WAIT, prepared.wait_for(|told| !told.is_empty())).await;
    assert!(told.expect("told").unwrap()[0].initialised);
    assert_eq!(entries(&records), 1);
    for _ in 0..3 {
        let answered = host.serve(published()).await;
        assert_eq!(answered.json()["init"], 0);
        assert!(answered.outcome.as_ref().unwrap().restore_duration.is_some());
    }
    assert_eq!(host.counts.inits.load(Ordering::SeqCst), 1);
    host.kit.worker.shutdown(Duration::from_secs(5)).await;

    let host = with_snap_start(data.path(), false).await;
    // A copy of before the restart, as soon as the records are read; who comes sooner is booted.
    while host.counted()[1] == 0 {
        host.serve(published()).await;
    }
    // A version that is gone.
    host.kit.fakes.change(|config| config.runtime = "gone".into());
    host.kit.fakes.preparations.send_replace(Preparations { at: 2, versions: Vec::new() });
    entries_become(&records, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_version_is_initialised_in_the_invocation_and_written_down_again() {
    let data = tempfile::tempdir().unwrap();
    let host = with_snap_start(data.path(), true).await;
    host.until("it is written down", |counts| counts.inits.load(Ordering::SeqCst) == 1).await;
    entries_become(&data.path().join("snapshots/functions"), 1).await;
    host.kit.worker.shutdown(Duration::from_secs(5)).await;
    for folder in ["memory", "chunks"] {
        damage(&data.path().join("snapshots").join(folder));
    }
    let host = with_snap_start(data.path(), false).await;
    let answered = host.serve(published()).await;
    assert!(answered.outcome.as_ref().unwrap().restore_duration.is_some(), "as AWS says it all the same");
    assert!(host.counts.inits.load(Ordering::SeqCst) >= 1, "it was initialised for this invocation");
    host.until("it is initialised again", |counts| counts.inits.load(Ordering::SeqCst) >= 2).await;
}

/// A kill between a version's record and the move of its memory into the cache leaves a record, chunks, and a file in the
/// folder of what is being cut; no room in the cache leaves the first two.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_whose_memory_was_not_taken_into_the_cache_is_whole_and_leaves_no_memory_on_the_disk() {
    let data = tempfile::tempdir().unwrap();
    let host = Host::open(data.path(), |config, settings| {
        config.snap_start = SnapStart::PublishedVersions;
        settings.snapshot_store.cache_bytes_max = 0;
    })
    .await;
    let versions = vec![Preparation { key: published(), pending: true }];
    host.kit.fakes.preparations.send_replace(Preparations { at: 1, versions });
    let mut prepared = host.kit.fakes.prepared.subscribe();
    let told = tokio::time::timeout(crate::kit::WAIT, prepared.wait_for(|told| !told.is_empty())).await;
    assert!(told.expect("told").unwrap()[0].initialised);
    let snapshots = data.path().join("snapshots");
    assert_eq!(entries(&snapshots.join("functions")), 1);
    assert_eq!(entries(&snapshots.join("memory")), 0, "there was no room");
    host.kit.worker.shutdown(Duration::from_secs(5)).await;
    // As a kill before the move would leave it.
    let half = snapshots.join("work/half");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("memory"), "a customer's").unwrap();

    let host = with_snap_start(data.path(), false).await;
    assert!(!half.exists(), "swept");
    // As soon as the records are read; who comes sooner is booted, or a copy of less: of its runtime, of what was booted.
    while entries(&snapshots.join("memory")) == 0 {
        host.serve(published()).await;
    }
    assert_eq!(entries(&snapshots.join("memory")), 1, "made from its chunks");
}

fn damage(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage(&path);
        } else if folder.ends_with("memory") {
            std::fs::remove_file(path).unwrap();
        } else {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[0] ^= 1;
            std::fs::write(path, bytes).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_kept_where_the_operator_says_so() {
    let data = tempfile::tempdir().unwrap();
    let host =
        Host::open(data.path(), |_, settings| settings.snapshots = worker::Snapshots::EveryVersion).await;
    // Which number its init has is open: the room that waits for the next function of its kind begins beside it.
    assert!(host.serve(published()).await.json()["init"].is_number());
    entries_become(&data.path().join("snapshots/functions"), 1).await;
    let inits = || host.counts.inits.load(Ordering::SeqCst);
    let mut before = inits();
    loop {
        let answered = host.serve(published()).await;
        if answered.outcome.as_ref().unwrap().restore_duration.is_some() {
            assert_eq!(inits(), before, "nothing was initialised for it");
            break;
        }
        before = inits();
    }
}
