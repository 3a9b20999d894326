//! `microvm`: what a cold start takes in each kind of walls, and by each way: booted, out of a runtime's snapshot, out of a
//! version's own. In one run: `process`, `qemu`, `firecracker` (`--sandbox=LIST`), and the bare start of each program.
//!
//! ```text
//!  for each backend
//!    server with --pool 0:  bare ─► booted: new functions, one after the other
//!    server as it comes:    runtime: new functions, once the runtime's snapshot is there (`process`: once the pool is full)
//!                           function: copies of one published version, each when the one before is gone
//!    the same, restarted:   clones: 1, 10, and then 50 from none at once: who failed, and what memory they hold
//! ```
//! An answer counts only if its waterfall shows the way that is meant. Every function has a whole processor.

mod backend;
mod clones;
mod memory;
mod workloads;

use crate::api::{Connection, WHOLE_PROCESSOR_MB};
use crate::functions::Function;
use crate::platform::{DataFolder, Platform};
use crate::report::{Report, Table};
use crate::statistics::{Samples, milliseconds, short};
use crate::{Outcome, Setting};
use backend::Backend;
use std::path::Path;
use std::time::{Duration, Instant};

const STARTS: usize = 10;
/// From a function's first use until a runtime's or a version's snapshot lies on disk: a boot, an init and gigabytes.
const KEPT_WAIT_MAX: Duration = Duration::from_secs(300);
/// Environments that answered end after this, so that the next start finds an empty machine.
const IDLE: &str = "300ms";
const GONE_WAIT_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// `process` has waiting rooms in place of runtime snapshots: they are made again when nothing starts.
const POOL_FILL: Duration = Duration::from_millis(1_500);
/// The function that is written down after init.
const CLONES: &str = "clones";
/// What V8 and OpenSSL draw can not be drawn anew.
const NEVER_COPIED: &str = "nodejs";
const ROOM_IN_A_COPY: &str = "sandbox.restore.walls";
const DASH: &str = "–";

/// How an environment came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Booted,
    Runtime,
    Function,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Booted => "booted",
            Self::Runtime => "runtime",
            Self::Function => "function",
        }
    }

    /// Whether a waterfall's rooms show it.
    fn shows(self, rooms: &[String]) -> bool {
        let has = |name: &str| rooms.iter().any(|room| room == name);
        match self {
            Self::Booted => !has("sandbox.restore") && !has("pool.bind"),
            // Where no copies are made of a runtime that runs, its room is made in a copy of a booted machine.
            Self::Runtime => has("restore.bind") || has("pool.bind") || has(ROOM_IN_A_COPY),
            Self::Function => has("sandbox.restore") && !has("restore.bind") && !has(ROOM_IN_A_COPY),
        }
    }
}

pub(super) async fn run(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let functions = workloads::all(setting, &mut report.notes)?;
    let columns = ["backend, function", "way", "p50 ms", "p99 ms", "of", "of its cold boot"];
    let mut starts = Table::new("microvm: first answer, as its client sees it", &columns);
    let columns = [
        "backend, function",
        "kept after its first answer s",
        "written s",
        "memory MiB on disk",
        "chunks MiB",
    ];
    let mut snapshots = Table::new("microvm: snapshots of versions", &columns);
    let mut clones = clones::table();
    bare(report, &mut starts, &functions)?;
    for backend in backend::all(setting, &mut report.notes)? {
        eprintln!("  ── {} ──", backend.name);
        for function in &functions {
            let mut round = Round { setting, report, backend: &backend, function, cold_p50: None };
            let done = round.measure(&mut starts, &mut snapshots, &mut clones).await;
            if let Err(reason) = done {
                round.report.note(format!("{}, {}: {reason}", backend.name, function.language));
            }
        }
    }
    report.tables.extend([starts, snapshots, clones]);
    Ok(())
}

fn bare(report: &mut Report, table: &mut Table, functions: &[Function]) -> Outcome<()> {
    for function in functions {
        let bare = function.bare_start(STARTS)?;
        report.figure(&format!("bare.{}.p50_ms", function.language), bare.median());
        let what = format!("no walls, {}", function.language);
        let (p50, p99) = (short(bare.median()), short(bare.percentile(99.0)));
        table.row([what, "bare".to_owned(), p50, p99, bare.len().to_string(), DASH.to_owned()]);
    }
    Ok(())
}

/// One function in one backend.
struct Round<'a> {
    setting: &'a Setting,
    report: &'a mut Report,
    backend: &'a Backend,
    function: &'a Function,
    cold_p50: Option<f64>,
}

impl Round<'_> {
    async fn measure(
        &mut self,
        starts: &mut Table,
        snapshots: &mut Table,
        clones: &mut Table,
    ) -> Outcome<()> {
        let data = DataFolder::new(self.setting, self.backend.name)?;
        backend::prepare(self.setting, data.path(), self.function)?;
        let platform = self.start(data.path(), &["--pool", "0", "--idle-timeout", IDLE])?;
        let booted = self.new_functions(&platform, Way::Booted, self.backend.boots).await;
        platform.stop()?;
        let booted = booted?;
        self.cold_p50 = Some(booted.median());
        self.write(starts, Way::Booted, &booted);

        if self.function.waits {
            let platform = self.start(data.path(), &["--idle-timeout", IDLE])?;
            let done = self.runtime(&platform, data.path(), starts).await;
            platform.stop()?;
            done?;
        }
        if self.backend.machines && self.function.language == NEVER_COPIED {
            return Err(
                "its processes are never copied (COMPAT.md), so its versions are not written down".to_owned()
            );
        }
        let mut arguments = vec!["--idle-timeout", IDLE];
        arguments.extend(self.backend.keeps());
        let platform = self.start(data.path(), &arguments)?;
        let done = self.function(&platform, data.path(), starts, snapshots).await;
        platform.stop()?;
        done?;
        clones::run(self, data.path(), clones).await
    }

    /// New functions in copies of a runtime that waits.
    async fn runtime(&mut self, platform: &Platform, data: &Path, starts: &mut Table) -> Outcome<()> {
        self.first_of_kind(platform, data).await?;
        let samples = self.new_functions(platform, Way::Runtime, self.backend.restores).await?;
        self.write(starts, Way::Runtime, &samples);
        Ok(())
    }

    /// Copies of a version that was written down after init; leaves it, to make clones of.
    async fn function(
        &mut self,
        platform: &Platform,
        data: &Path,
        starts: &mut Table,
        snapshots: &mut Table,
    ) -> Outcome<()> {
        let mut connection = Connection::open(platform.address).await?;
        if !self.backend.machines {
            return connection.create(CLONES, &self.function.package, WHOLE_PROCESSOR_MB).await;
        }
        self.keep(&mut connection, data, snapshots).await?;
        let samples = self.copies(platform, &mut connection).await?;
        self.write(starts, Way::Function, &samples);
        Ok(())
    }

    fn start(&self, data: &Path, more: &[&str]) -> Outcome<Platform> {
        let mut arguments: Vec<&str> = self.backend.arguments.iter().map(String::as_str).collect();
        arguments.extend(["--verbose", "--memory", "1000000"]);
        arguments.extend(more);
        Platform::start(self.setting, data, &arguments)
    }

    /// Function after function, each created and then invoked for the first time.
    async fn new_functions(&mut self, platform: &Platform, way: Way, times: usize) -> Outcome<Samples> {
        let mut connection = Connection::open(platform.address).await?;
        let (mut samples, mut tries) = (Vec::new(), 0);
        while samples.len() < times && tries < 2 * times {
            let name = format!("{}-{tries}", way.name());
            tries += 1;
            connection.create(&name, &self.function.package, WHOLE_PROCESSOR_MB).await?;
            self.settle(platform, way).await?;
            samples.extend(sample(&mut connection, &name, way).await?);
        }
        self.judge(way, samples, tries)
    }

    /// Copies of one version, one after the other.
    async fn copies(&mut self, platform: &Platform, connection: &mut Connection) -> Outcome<Samples> {
        let (mut samples, mut tries) = (Vec::new(), 0);
        while samples.len() < self.backend.restores && tries < 2 * self.backend.restores {
            tries += 1;
            self.settle(platform, Way::Function).await?;
            samples.extend(sample(connection, CLONES, Way::Function).await?);
        }
        self.judge(Way::Function, samples, tries)
    }

    fn judge(&mut self, way: Way, samples: Vec<f64>, tries: usize) -> Outcome<Samples> {
        let (backend, function) = (self.backend.name, self.function.language);
        if samples.is_empty() {
            return Err(format!("none of {tries} starts was {}", way.name()));
        }
        if samples.len() < tries {
            let how_many = samples.len();
            self.report
                .note(format!("{backend}, {function}: {how_many} of {tries} starts were {}", way.name()));
        }
        Ok(Samples::of(samples))
    }

    /// Nothing of an earlier start runs; with `process`, the pool is full.
    async fn settle(&self, platform: &Platform, way: Way) -> Outcome<()> {
        if way == Way::Runtime && !self.backend.machines {
            tokio::time::sleep(POOL_FILL).await;
            return Ok(());
        }
        let start = Instant::now();
        while !memory::guests(platform.running.pid(), self.backend.program).is_empty() {
            if start.elapsed() > GONE_WAIT_MAX {
                return Err(format!("environments are still there after {} s", GONE_WAIT_MAX.as_secs()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// A runtime's snapshot is made when its first function has come.
    async fn first_of_kind(&self, platform: &Platform, data: &Path) -> Outcome<()> {
        let mut connection = Connection::open(platform.address).await?;
        connection.create("first", &self.function.package, WHOLE_PROCESSOR_MB).await?;
        connection.noop("first", "{}").await?;
        if self.backend.machines {
            kept(&data.join("snapshots/rooms"), "a runtime's snapshot").await?;
        }
        Ok(())
    }

    /// Creates, invokes, and waits until what was invoked is written down.
    async fn keep(&mut self, connection: &mut Connection, data: &Path, table: &mut Table) -> Outcome<()> {
        connection.create(CLONES, &self.function.package, WHOLE_PROCESSOR_MB).await?;
        // What nobody invokes is not written down.
        connection.noop(CLONES, "{}").await?;
        let start = Instant::now();
        kept(&data.join("snapshots/functions"), "a version's snapshot").await?;
        let after = start.elapsed().as_secs_f64();
        let written = backend::last_took_ms(self.setting, "a version was written down");
        let mib = |folder: &str| {
            #[allow(clippy::cast_precision_loss)]
            let bytes = memory::disk_bytes(&data.join("snapshots").join(folder)) as f64;
            bytes / f64::from(1 << 20)
        };
        let (on_disk, chunks) = (mib("memory"), mib("chunks"));
        let name = format!("{}.{}.snapshot", self.backend.name, self.function.language);
        self.report.figure(&format!("{name}.kept_s"), after);
        self.report.figure(&format!("{name}.memory_mib"), on_disk);
        self.report.figure(&format!("{name}.chunks_mib"), chunks);
        if let Some(ms) = written {
            self.report.figure(&format!("{name}.written_s"), ms / 1_000.0);
        }
        let written = written.map_or_else(|| DASH.to_owned(), |ms| short(ms / 1_000.0));
        table.row([self.shown(), short(after), written, short(on_disk), short(chunks)]);
        Ok(())
    }

    fn shown(&self) -> String {
        format!("{}, {}", self.backend.name, self.function.language)
    }

    fn write(&mut self, table: &mut Table, way: Way, samples: &Samples) {
        let name = format!("{}.{}.{}", self.backend.name, self.function.language, way.name());
        self.report.figure(&format!("{name}.p50_ms"), samples.median());
        self.report.figure(&format!("{name}.p99_ms"), samples.percentile(99.0));
        let part = self.cold_p50.filter(|_| way != Way::Booted).map(|cold| samples.median() / cold);
        if let Some(part) = part {
            self.report.figure(&format!("{name}.of_cold_ratio"), part);
        }
        let part = part.map_or_else(|| DASH.to_owned(), |part| format!("{part:.2}"));
        let (p50, p99) = (short(samples.median()), short(samples.percentile(99.0)));
        table.row([self.shown(), way.name().to_owned(), p50, p99, samples.len().to_string(), part]);
    }
}

/// Milliseconds of a first answer; `None` if its environment came another way.
async fn sample(connection: &mut Connection, name: &str, way: Way) -> Outcome<Option<f64>> {
    let (answer, took, request_id) = connection.timed(name).await?;
    let rooms = connection.rooms(&request_id).await?;
    Ok((answer.n == 1 && way.shows(&rooms)).then(|| milliseconds(took)))
}

/// Waits until a folder holds something that is finished.
async fn kept(folder: &Path, what: &str) -> Outcome<()> {
    let start = Instant::now();
    loop {
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let finished = |name: &std::ffi::OsStr| {
            name.to_str().is_some_and(|name| !name.ends_with(".unfinished") && !name.ends_with(".new"))
        };
        if entries.into_iter().any(|entry| finished(&entry.file_name())) {
            return Ok(());
        }
        if start.elapsed() > KEPT_WAIT_MAX {
            return Err(format!("{what} was not there after {} s; see server.log", KEPT_WAIT_MAX.as_secs()));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
