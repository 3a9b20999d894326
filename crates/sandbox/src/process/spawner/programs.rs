//! The programs that machines' jails become: named once, in the spawner's configuration, before its server gave up its
//! privileges.
//!
//! Firecracker's jailer runs as root until it has made its jail. So neither a server that was broken into nor a file that is
//! changed later may decide what is run: both programs are copied at start-up into a file system that the spawner alone
//! sees, and only the copies are ever shown to a jail. QEMU needs no copy: it runs as nobody, from the system's own folders.

use super::super::protocol::{FirecrackerPrograms, MonitorWire, Monitors};
use super::super::sys::{At, MOUNT_READ_ONLY, StepError, c_path, mount_attributes};
use rustix::fs::CWD;
use rustix::mount::MountFlags;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

/// Names of the programs in the jail. The first is the name of the folder that the jailer makes, too.
pub(super) const FIRECRACKER: &str = "firecracker";
pub(super) const JAILER: &str = "jailer";
/// Each is some 3 MB; one with everything in it for debugging is larger.
const PROGRAM_BYTES_MAX: u64 = 64 << 20;
const PATH_BYTES_MAX: usize = 4_096;
/// Set-user-id bits and devices mean nothing there.
const FILE_SYSTEM: &std::ffi::CStr = c"size=160m,nr_inodes=16,mode=700";

/// What there is, or why there is not.
pub(super) struct Programs {
    qemu: Result<PathBuf, String>,
    firecracker: Result<FirecrackerFiles, String>,
}

/// Copies that nobody but the spawner can come near.
pub(super) struct FirecrackerFiles {
    pub(super) firecracker: OwnedFd,
    pub(super) jailer: OwnedFd,
}

/// What one jail becomes.
#[derive(Clone, Copy)]
pub(super) enum Program<'a> {
    /// At this path in the jail, as on the host.
    Qemu(&'a Path),
    Firecracker(&'a FirecrackerFiles),
}

impl Programs {
    /// In the mount namespace that the spawner will stay in. A monitor that can not be had is no reason not to start.
    pub(super) fn take(monitors: &Monitors, folder: &Path) -> Self {
        let qemu = match &monitors.qemu {
            None => Err("this server was started without QEMU".to_owned()),
            Some(path) if is_plain(path) => Ok(path.clone()),
            Some(path) => Err(format!("{}: not a plain absolute path", path.display())),
        };
        let firecracker = match &monitors.firecracker {
            None => Err("this server was started without Firecracker".to_owned()),
            Some(programs) => copies(programs, folder),
        };
        Self { qemu, firecracker }
    }

    pub(super) fn of(&self, monitor: &MonitorWire) -> Result<Program<'_>, StepError> {
        let refused = |reason: &String| StepError { step: "monitor", reason: reason.clone() };
        match monitor {
            MonitorWire::Qemu => self.qemu.as_deref().map(Program::Qemu).map_err(refused),
            MonitorWire::Firecracker { .. } => {
                self.firecracker.as_ref().map(Program::Firecracker).map_err(refused)
            }
        }
    }
}

fn copies(programs: &FirecrackerPrograms, folder: &Path) -> Result<FirecrackerFiles, String> {
    make_file_system(folder).map_err(|error| error.to_string())?;
    let copy = |from: &Path, name: &str| {
        copy_of(from, &folder.join(name)).map_err(|error| format!("{}: {error}", from.display()))
    };
    let files = FirecrackerFiles {
        firecracker: copy(&programs.firecracker, FIRECRACKER)?,
        jailer: copy(&programs.jailer, JAILER)?,
    };
    let path = c_path(folder).map_err(|error| error.to_string())?;
    mount_attributes(CWD, &path, MOUNT_READ_ONLY, false).map_err(|error| error.to_string())?;
    Ok(files)
}

fn make_file_system(folder: &Path) -> Result<(), StepError> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).at("folder of the monitors")?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount("tmpfs", folder, "tmpfs", flags, FILE_SYSTEM).at("file system of the monitors")
}

/// Only what nobody but root may have written: it will be root's.
fn copy_of(from: &Path, to: &Path) -> io::Result<OwnedFd> {
    let program = File::open(from)?;
    let found = program.metadata()?;
    if !found.is_file() || found.uid() != 0 || found.mode() & 0o022 != 0 {
        return Err(io::Error::other(
            "it starts as root, so it must be a file that belongs to root and that nobody else may write \
             (chown root, chmod go-w)",
        ));
    }
    let mut copy = File::options().write(true).create_new(true).mode(0o755).open(to)?;
    if io::copy(&mut program.take(PROGRAM_BYTES_MAX + 1), &mut copy)? > PROGRAM_BYTES_MAX {
        return Err(io::Error::other(format!("longer than {PROGRAM_BYTES_MAX} bytes")));
    }
    drop(copy);
    Ok(File::open(to)?.into())
}

fn is_plain(path: &Path) -> bool {
    path.is_absolute()
        && path.as_os_str().len() <= PATH_BYTES_MAX
        && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_monitor_that_was_not_configured_is_refused() {
        let none = Programs::take(&Monitors::default(), Path::new("/nowhere"));
        let firecracker = MonitorWire::Firecracker { id: "0a".to_owned() };
        assert!(none.of(&MonitorWire::Qemu).is_err() && none.of(&firecracker).is_err());
        for (path, good) in [("/usr/bin/qemu", true), ("usr/bin/qemu", false), ("/usr/../qemu", false)] {
            let monitors = Monitors { qemu: Some(PathBuf::from(path)), firecracker: None };
            let programs = Programs::take(&monitors, Path::new("/nowhere"));
            assert_eq!(programs.of(&MonitorWire::Qemu).is_ok(), good, "{path}");
        }
    }

    #[test]
    fn a_program_that_others_may_write_is_no_program_of_roots() {
        let folder = tempfile::tempdir().unwrap();
        let (program, copy) = (folder.path().join("program"), folder.path().join("copy"));
        std::fs::write(&program, "#!").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o775)).unwrap();
        assert!(copy_of(&program, &copy).is_err(), "a group's");
        assert!(copy_of(folder.path(), &copy).is_err(), "a folder");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        if rustix::process::geteuid().is_root() {
            assert!(copy_of(&program, &copy).is_ok());
            assert!(copy_of(&program, &copy).is_err(), "never over another");
        }
    }
}
