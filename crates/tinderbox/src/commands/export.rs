//! `tinderbox export`: all functions and their code to one file. What both ways have in common is here, too.

use super::up::{block_on, host, runtime, signalled};
use crate::cli::{ExportArgs, StoresFlags};
use crate::cluster::stores::{Stores as Shared, Tenant, blobs};
use crate::failure::{Exit, Failure};
use crate::roles::{Lock, durable, lock};
use crate::screen::Screen;
use control::backup::{self, BackupError, Stores, Summary};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use substrate::sqlite::FILE_NAME;
use world::World;

/// Environment variables stand in it as they are.
const MODE: u32 = 0o600;
/// What is written at once.
const BUFFER_BYTES: usize = 256 * 1024;

pub(super) fn run(args: &ExportArgs, screen: Screen) -> Result<(), Failure> {
    if !to_stdout(args) {
        let (summary, bytes) = block_on(runtime()?, async {
            let signal = signalled(1);
            tokio::select! {
                written = to_file(args, screen) => written,
                // What was written until here goes.
                () = signal => Err(Failure::here("it was cut short: nothing is kept of it")),
            }
        })?;
        return said(screen, &args.file, &summary, bytes);
    }
    if screen.out_is_terminal {
        return Err(Failure::new(Exit::Usage, "an export is nothing to look at: pipe it, or name a file"));
    }
    // Nothing else on stdout, and nothing to say in JSON beside it.
    let written = block_on(runtime()?, async {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout());
        write(args, &mut out, screen).await
    });
    written.map(drop)
}

fn to_stdout(args: &ExportArgs) -> bool {
    args.file == Path::new("-")
}

/// Under another name until it is whole and on the disk.
async fn to_file(args: &ExportArgs, screen: Screen) -> Result<(Summary, u64), Failure> {
    let mut beside = args.file.as_os_str().to_owned();
    beside.push(".new");
    let beside = Unfinished(PathBuf::from(beside));
    let failed = at(&beside.0);
    match std::fs::remove_file(&beside.0) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&beside.0).map_err(&failed)?;
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
    let written = write(args, &mut out, screen).await?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(&failed)?;
    std::fs::rename(&beside.0, &args.file).map_err(at(&args.file))?;
    let folder = args.file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?;
    Ok(written)
}

/// A file that is removed unless it was given its name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Not there any more: it has its name.
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn write(args: &ExportArgs, out: &mut dyn Write, screen: Screen) -> Result<(Summary, u64), Failure> {
    if args.stores.join.is_none() && !args.stores.data.join(FILE_NAME).exists() {
        let message = format!("{} is no data folder with functions", args.stores.data.display());
        return Err(Failure::here(message).advise("give the server's own with --data DIR"));
    }
    let (stores, _) = open(&World::real(), &args.stores).await?;
    let bar = screen.bar(0);
    let progress = |at: backup::Exporting<'_>| {
        bar.of(at.of);
        bar.at(at.names);
        bar.say(format!("{} ({} written)", at.function, size(at.bytes)));
    };
    // This thread is the command's own: what blocks it holds up nobody else.
    backup::export(&stores, out, progress).await.map_err(|error| failure(&args.file, error))
}

/// A data folder, or what the nodes of a platform share (`true`).
pub(super) async fn open(world: &World, flags: &StoresFlags) -> Result<(Stores, bool), Failure> {
    let elsewhere = flags.elsewhere().map_err(|error| Failure::new(Exit::Usage, error))?;
    let Some((nats, code)) = elsewhere else {
        let (kv, blobs) = durable::embedded(world, &flags.data).await.map_err(host)?;
        return Ok((Stores { world: world.clone(), kv, blobs }, false));
    };
    let shared = Shared::open(world, &nats).await.map_err(host)?;
    let blobs = blobs(world, &code, Tenant::Code).await.map_err(host)?;
    Ok((Stores { world: world.clone(), kv: shared.kv, blobs }, true))
}

/// No server may be at work there, nor start.
pub(super) fn alone(data: &Path) -> Result<Lock, Failure> {
    lock(data).map_err(host)
}

fn said(screen: Screen, file: &Path, summary: &Summary, bytes: u64) -> Result<(), Failure> {
    if screen.json {
        return screen.value(&json!({ "file": file, "bytes": bytes, "holds": holds(summary) }));
    }
    screen.line(format!("{}: {}, {}", file.display(), words(summary), size(bytes)))?;
    screen.note("environment variables stand in it as they are: keep it as you keep them");
    Ok(())
}

pub(super) fn holds(summary: &Summary) -> Value {
    let Summary { functions, versions, deleted, code, code_bytes } = *summary;
    json!({
        "functions": functions,
        "versions": versions,
        "deleted": deleted,
        "code": code,
        "codeBytes": code_bytes,
    })
}

pub(super) fn words(summary: &Summary) -> String {
    let Summary { functions, versions, code, .. } = *summary;
    format!("{functions} functions, {versions} published versions, {code} different packages")
}

pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

pub(super) fn at(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    move |error| match error.kind() {
        // The reader has had enough, and knows it.
        ErrorKind::BrokenPipe => Failure::quiet(Exit::Failed),
        _ => Failure::here(format!("{}: {error}", path.display())),
    }
}

pub(super) fn failure(file: &Path, error: BackupError) -> Failure {
    match error {
        BackupError::Io { reason } => at(file)(reason),
        error @ BackupError::Archive { .. } => Failure::here(format!("{}: {error}", file.display()))
            .advise("nothing of it was taken; another copy of the file may be whole"),
        error @ BackupError::Exists { .. } => {
            Failure::new(Exit::Refused, error.to_string()).advise("--replace lets them give way")
        }
        error @ BackupError::Damaged { .. } => Failure::here(error.to_string())
            .advise("delete or deploy this function anew, then try again; the others are well"),
        error => Failure::here(error.to_string()).advise("try again: what is done already is not done twice"),
    }
}
