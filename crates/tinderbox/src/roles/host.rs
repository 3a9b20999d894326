//! This process's place on the host: a data folder that is its own, descriptors, the spawner, no privileges.

use sandbox::process::{self, SpawnerHandle};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use world::World;

/// What makes a data folder ours, in it.
const LOCK: &str = "lock";
/// How often is looked whether the data folder is still there.
const FOLDER_LOOK: Duration = Duration::from_secs(2);

/// A data folder that is ours, and the spawner. Made before any thread exists.
pub(crate) struct Launched {
    /// `None`: this process makes no environments.
    pub(crate) spawner: Option<SpawnerHandle>,
    pub(crate) lock: Lock,
}

/// Held for as long as the server runs; the kernel frees it with the process.
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// In words.
    pub(crate) fn lost(&self) -> String {
        let path = self.path.display();
        format!("{path} is not this server's any more: its data folder was removed or replaced")
    }
}

/// Why a server did not start, and what to do about it.
#[derive(Debug)]
pub(crate) struct StartError {
    pub(crate) message: String,
    pub(crate) advice: &'static str,
}

/// What the host can not do: the doctor knows more.
impl From<String> for StartError {
    fn from(message: String) -> Self {
        Self { message, advice: "`tinderbox doctor` says what this host can do" }
    }
}

/// Descriptors without which a server is of no use: its own some sixty, and some ten for each of forty environments.
const DESCRIPTORS_MIN: u64 = 512;

/// As many descriptors as this process may have; too few are refused, since every environment needs some.
fn raise_descriptors() -> Result<(), StartError> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it can not be raised the limit that there is counts.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let most = if raised.is_ok() { limit.maximum } else { limit.current };
    match most {
        Some(most) if most < DESCRIPTORS_MIN => Err(StartError {
            message: format!(
                "this process may open {most} files (ulimit -n); a server needs {DESCRIPTORS_MIN} at least"
            ),
            advice: "raise the limit: `ulimit -n 65536` in this shell, LimitNOFILE= in a systemd unit",
        }),
        _ => Ok(()),
    }
}

/// Takes the data folder, launches the spawner with the monitors that its machines may have (`None`: no spawner), and gives
/// up every privilege.
pub(crate) fn launch(data: &Path, monitors: Option<process::Monitors>) -> Result<Launched, StartError> {
    raise_descriptors()?;
    let lock = lock(data)?;
    let spawner = match monitors {
        Some(monitors) => {
            let config = process::Config { monitors, ..process::Config::new(data) };
            Some(process::launch(&config).map_err(|error| error.to_string())?)
        }
        None => None,
    };
    process::drop_privileges().map_err(|error| format!("privileges could not be dropped: {error}"))?;
    Ok(Launched { spawner, lock })
}

/// For a node that starts workers on this machine, and does nothing else: they need privileges that only their parent can
/// leave them, and give them up themselves.
pub(crate) fn launch_for_workers(data: &Path) -> Result<Launched, StartError> {
    raise_descriptors()?;
    Ok(Launched { spawner: None, lock: lock(data)? })
}

/// Makes the data folder ours, made if it is not there.
pub(crate) fn lock(data: &Path) -> Result<Lock, StartError> {
    std::fs::create_dir_all(data).map_err(|error| format!("{}: {error}", data.display()))?;
    let path = data.join(LOCK);
    let file = File::create(&path).map_err(|error| format!("{}: {error}", data.display()))?;
    file.try_lock().map_err(|_| StartError {
        message: format!("another server uses the data folder {}", data.display()),
        advice: "use that server, stop it, or give this one a folder of its own with --data DIR",
    })?;
    Ok(Lock { file, path })
}

/// Completes when the lock is no more where another server would look for it. What is written then lands in files
/// that nobody finds again, and yet would be acknowledged.
pub(crate) async fn folder_lost(world: &World, lock: &Lock) {
    use std::os::unix::fs::MetadataExt;
    let Ok(ours) = lock.file.metadata() else { return std::future::pending().await };
    loop {
        world.clock.sleep(FOLDER_LOOK).await;
        let path = lock.path.clone();
        match world.blocking("data.look", move || std::fs::metadata(path)).await {
            Some(Ok(there)) if (there.dev(), there.ino()) != (ours.dev(), ours.ino()) => return,
            Some(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return,
            // Too many open files, a disk that fails: no proof.
            _ => {}
        }
    }
}
