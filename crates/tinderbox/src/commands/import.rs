//! `tinderbox import`: what `export` wrote, into a data folder or a platform.

use super::export::{alone, at, failure, holds, open, size, words};
use super::up::{block_on, runtime, signalled};
use crate::cli::ImportArgs;
use crate::failure::{Exit, Failure};
use crate::roles::durable::{self, Tenure};
use crate::screen::Screen;
use control::backup::{self, Checked, Imported, Importing};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use world::World;

const MODE: u32 = 0o600;
const BUFFER_BYTES: usize = 256 * 1024;

pub(super) fn run(args: &ImportArgs, screen: Screen) -> Result<(), Failure> {
    let file = source(&args.file, screen)?;
    // Before anything else is touched: not even a data folder is made for what is no export.
    let checked = check(&file, args, screen)?;
    let done = block_on(runtime()?, async {
        let signal = signalled(1);
        tokio::select! {
            done = write(args, &file, &checked, screen) => done,
            () = signal => Err(Failure::here("it was cut short").advise("run it again: it goes on")),
        }
    })?;
    said(args, screen, &checked, done)
}

/// The file, or a copy that nobody else sees of what can be read only once: it is read three times.
fn source(path: &Path, screen: Screen) -> Result<File, Failure> {
    if path == Path::new("-") {
        return copied(&mut std::io::stdin().lock(), path, screen);
    }
    let mut file = File::open(path).map_err(at(path))?;
    match file.metadata().map_err(at(path))?.is_file() {
        true => Ok(file),
        false => copied(&mut file, path, screen),
    }
}

fn copied(from: &mut dyn Read, path: &Path, screen: Screen) -> Result<File, Failure> {
    let spinner = screen.spinner("reading");
    let folder = std::env::temp_dir();
    let (name, mut copy) = unnamed(&folder)?;
    // Without a name it is gone with this process, whatever becomes of that.
    std::fs::remove_file(&name).map_err(at(&name))?;
    let mut from = BufReader::with_capacity(BUFFER_BYTES, from);
    std::io::copy(&mut from, &mut copy).map_err(|error| {
        Failure::here(format!("{} can not be copied to {}: {error}", path.display(), folder.display()))
            .advise("TMPDIR names a folder with more room")
    })?;
    copy.flush().map_err(at(path))?;
    drop(spinner);
    Ok(copy)
}

fn unnamed(folder: &Path) -> Result<(PathBuf, File), Failure> {
    let name = folder.join(format!(".tinderbox-import-{}", std::process::id()));
    // One that a killed process of this id left.
    let _ = std::fs::remove_file(&name);
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(MODE).open(&name);
    Ok((name.clone(), file.map_err(at(&name))?))
}

fn check(file: &File, args: &ImportArgs, screen: Screen) -> Result<Checked, Failure> {
    let mut reader = file;
    std::io::Seek::rewind(&mut reader).map_err(at(&args.file))?;
    let length = file.metadata().map_err(at(&args.file))?.len();
    let bar = screen.bar(length);
    let progress = |at| {
        bar.at(at);
        bar.say(format!("checked, of {}", size(length)));
    };
    backup::check(BufReader::with_capacity(BUFFER_BYTES, reader), progress)
        .map_err(|error| failure(&args.file, error))
}

async fn write(
    args: &ImportArgs,
    file: &File,
    checked: &Checked,
    screen: Screen,
) -> Result<Imported, Failure> {
    let world = World::real();
    let _lock = match args.stores.join {
        None => Some(alone(&args.stores.data)?),
        Some(_) => None,
    };
    let (stores, shared) = open(&world, &args.stores).await?;
    // A server that is alone on a platform keeps it in memory: it would not hear of what is written beside it.
    let tenure = match shared {
        true => Tenure::unless_nodes(&world, &stores.kv).await.map_err(|error| {
            Failure::new(Exit::Host, error.message)
                .advise("a server of `up --kv` must be stopped for an import; nodes of `serve` need not")
        })?,
        false => None,
    };
    let bar = screen.bar(checked.summary.functions + checked.summary.deleted);
    let progress = |at: Importing<'_>| {
        bar.at(at.names);
        bar.say(at.function);
    };
    let done = tokio::select! {
        done = backup::import(&stores, file, checked, args.replace, progress) => {
            done.map_err(|error| failure(&args.file, error))
        }
        () = durable::lost(tenure.as_ref()) => {
            Err(Failure::here("another server has taken over this platform").advise("stop it, then run this again"))
        }
    };
    if let Some(tenure) = tenure {
        tenure.give_back().await;
    }
    done
}

fn said(args: &ImportArgs, screen: Screen, checked: &Checked, done: Imported) -> Result<(), Failure> {
    let Imported { functions, replaced, same, deleted } = done;
    if screen.json {
        return screen.value(&json!({
            "file": args.file,
            "holds": holds(&checked.summary),
            "functions": functions,
            "replaced": replaced,
            "same": same,
            "deleted": deleted,
        }));
    }
    screen.line(format!(
        "{}: {}\n{functions} functions are there by it ({replaced} in place of others), {same} were there already",
        args.file.display(),
        words(&checked.summary),
    ))
}
