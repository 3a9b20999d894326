//! What an operator sets for microVMs, and which sandbox follows from it on this host.
//!
//! [`choose`] is pure: it decides from [`Found`], which says what [`find`] saw.

use super::assets::{self, Recipe};
use crate::process::{FirecrackerPrograms, Kvm, Monitors, report};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// QEMU's emulator of this machine's own architecture.
const QEMU: &str = if cfg!(target_arch = "aarch64") { "qemu-system-aarch64" } else { "qemu-system-x86_64" };
const FIRECRACKER: &str = "firecracker";
const JAILER: &str = "jailer";
/// What a program says of its version.
const VERSION_BYTES_MAX: usize = 4 << 10;
/// A program that needs longer to say it is of no use.
const VERSION_TIME_MAX: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };
/// [`MicroVmSettings::copies_mb`] where nothing is set: two or three kinds of rooms that wait.
pub const COPIES_MB: u32 = 512;
/// What to install where nothing is, on Debian and its kind.
pub const INSTALL_QEMU: &str = "apt install qemu-system-x86 linux-image-cloud-amd64";

/// What an operator may set; nothing needs to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MicroVmSettings {
    /// A kernel's file, or a folder with an unpacked package of one.
    pub kernel: Option<PathBuf>,
    /// A runtime image unpacked in a folder, in place of the host's own programs.
    pub root: Option<PathBuf>,
    /// What the root image goes without, absolute as seen inside.
    pub leave_out: Vec<PathBuf>,
    /// Where kernel, initramfs and root image are kept, in place of `DATA/microvm`: several data folders can share them.
    pub assets: Option<PathBuf>,
    /// Added to the kernel's, after ours.
    pub boot_arguments: String,
    /// JSON for Firecracker's `/cpu-config`: which features of the processor a guest sees.
    pub cpu_template: Option<PathBuf>,
    pub qemu: Option<PathBuf>,
    pub firecracker: Option<PathBuf>,
    pub jailer: Option<PathBuf>,
    /// QEMU: memory of snapshots that stays in the host's memory for the next copy, MB.
    pub copies_mb: Option<u32>,
}

impl MicroVmSettings {
    /// With the programs of PATH where none is named.
    pub fn resolved(mut self) -> Self {
        self.qemu = self.qemu.or_else(|| in_path(QEMU));
        self.firecracker = self.firecracker.or_else(|| in_path(FIRECRACKER));
        self.jailer = self.jailer.or_else(|| in_path(JAILER));
        self
    }

    /// The host's memory that machines of this backend take beside what functions ask for, MB: not to be promised to those.
    pub fn held_mb(&self, backend: Backend) -> u64 {
        match backend {
            Backend::Qemu { .. } => u64::from(self.copies_mb.unwrap_or(COPIES_MB)),
            Backend::Process | Backend::Firecracker => 0,
        }
    }

    /// What assets are to be made from.
    pub fn recipe<'a>(&self, data: &Path, guest_init: &'a [u8]) -> Recipe<'a> {
        Recipe {
            store: self.assets.clone().unwrap_or_else(|| data.join("microvm")),
            kernel: self.kernel.clone(),
            root: self.root.clone(),
            leave_out: self.leave_out.clone(),
            guest_init,
        }
    }
}

/// What `--sandbox` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    #[default]
    Auto,
    Process,
    Qemu,
    Firecracker,
}

/// Which walls there will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Process,
    /// `fast`: by KVM; else QEMU interprets every instruction (TCG).
    Qemu {
        fast: bool,
    },
    Firecracker,
}

impl Backend {
    /// As `--sandbox` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Qemu { .. } => "qemu",
            Self::Firecracker => "firecracker",
        }
    }
}

impl Backend {
    /// What its spawner is to be started with: the programs that machines run, and no others.
    pub fn monitors(self, settings: &MicroVmSettings) -> Monitors {
        let settings = settings.clone().resolved();
        // The spawner has another folder to work in.
        let whole = |path: Option<PathBuf>| path.map(|path| std::path::absolute(&path).unwrap_or(path));
        match self {
            Self::Process => Monitors::default(),
            Self::Qemu { .. } => Monitors { qemu: whole(settings.qemu), firecracker: None },
            Self::Firecracker => {
                let programs = whole(settings.firecracker).zip(whole(settings.jailer));
                let programs =
                    programs.map(|(firecracker, jailer)| FirecrackerPrograms { firecracker, jailer });
                Monitors { qemu: None, firecracker: programs }
            }
        }
    }
}

/// A program of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub path: PathBuf,
    /// Its own words; empty if it said nothing.
    pub version: String,
}

/// What was seen on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub is_root: bool,
    pub kvm: Kvm,
    pub qemu: Option<Program>,
    pub firecracker: Option<Program>,
    pub jailer: Option<Program>,
    /// Its release; or in one sentence why there is none.
    pub kernel: Result<String, String>,
    /// The assets were made here once.
    pub prepared: bool,
}

/// Looks at the host, without changing it.
pub fn find(settings: &MicroVmSettings, data: &Path) -> Found {
    let report = report();
    let settings = settings.clone().resolved();
    let program = |path: &Option<PathBuf>| path.as_deref().and_then(ask);
    Found {
        is_root: report.is_root,
        kvm: report.kvm,
        qemu: program(&settings.qemu),
        firecracker: program(&settings.firecracker),
        jailer: program(&settings.jailer),
        kernel: assets::find_kernel(settings.kernel.as_deref())
            .map(|kernel| kernel.release)
            .map_err(|error| error.to_string()),
        prepared: assets::were_made(&settings.recipe(data, &[]).store),
    }
}

/// Why a sandbox can not be used here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Gap {
    pub what: String,
    /// What to do.
    pub advice: &'static str,
}

/// The walls for what is wanted; of what is not there, everything that lacks.
///
/// `Auto` takes the strongest that brings no surprise: a microVM only on hardware KVM and after `tinderbox microvm setup`
/// was run for this data folder, which is the operator's word that disk and time may go into it.
pub fn choose(wanted: Wanted, found: &Found) -> Result<Backend, Vec<Gap>> {
    match wanted {
        Wanted::Process => Ok(Backend::Process),
        Wanted::Qemu => gaps(qemu_gaps(found)).map(|()| Backend::Qemu { fast: found.kvm == Kvm::Hardware }),
        Wanted::Firecracker => gaps(firecracker_gaps(found)).map(|()| Backend::Firecracker),
        Wanted::Auto if !found.prepared || found.kvm != Kvm::Hardware => Ok(Backend::Process),
        Wanted::Auto if firecracker_gaps(found).is_empty() => Ok(Backend::Firecracker),
        Wanted::Auto if qemu_gaps(found).is_empty() => Ok(Backend::Qemu { fast: true }),
        Wanted::Auto => Ok(Backend::Process),
    }
}

fn gaps(gaps: Vec<Gap>) -> Result<(), Vec<Gap>> {
    if gaps.is_empty() { Ok(()) } else { Err(gaps) }
}

/// What is missing for `--sandbox qemu`.
pub fn qemu_gaps(found: &Found) -> Vec<Gap> {
    let mut gaps = common_gaps(found);
    if found.qemu.is_none() {
        gaps.push(Gap {
            what: format!("{QEMU} is not installed"),
            advice: "apt install qemu-system-x86 (Fedora: qemu-system-x86-core), or name it with --qemu",
        });
    }
    gaps
}

/// What is missing for `--sandbox firecracker`. A software /dev/kvm is no gap: it works with a kernel made for it.
pub fn firecracker_gaps(found: &Found) -> Vec<Gap> {
    let mut gaps = common_gaps(found);
    let advice = "firecracker and jailer come together from its releases (version 1.16); put both into PATH, or name \
                  them with --firecracker and --jailer";
    for (name, program) in [(FIRECRACKER, &found.firecracker), (JAILER, &found.jailer)] {
        if program.is_none() {
            gaps.push(Gap { what: format!("{name} is not installed"), advice });
        }
    }
    match found.kvm {
        Kvm::Hardware | Kvm::WithoutFlags => {}
        Kvm::Forbidden => gaps.push(Gap {
            what: "/dev/kvm may not be opened by this user".to_owned(),
            advice: "run as root, or join the group that owns it (often kvm)",
        }),
        Kvm::Absent => gaps.push(Gap {
            what: "there is no /dev/kvm, and Firecracker has no other way".to_owned(),
            advice: "turn virtualisation on in the firmware or (in a virtual machine) nested virtualisation; --sandbox \
                     qemu works without, slowly",
        }),
    }
    gaps
}

fn common_gaps(found: &Found) -> Vec<Gap> {
    let mut gaps = Vec::new();
    if !found.is_root {
        gaps.push(Gap {
            what: "microVMs need root for their jails".to_owned(),
            advice: "run as root; the process sandbox works without",
        });
    }
    if let Err(reason) = &found.kernel {
        gaps.push(Gap { what: reason.clone(), advice: assets::KERNEL_ADVICE });
    }
    gaps
}

fn in_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The first line of what it says to `--version`; `None` if it does not run.
fn ask(path: &Path) -> Option<Program> {
    let mut child = Command::new(path)
        .arg("--version")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut said = vec![0; VERSION_BYTES_MAX];
    let mut length = 0;
    if let Some(mut stdout) = child.stdout.take() {
        let mut waited = [PollFd::new(&stdout, PollFlags::IN)];
        // Its first words are enough, and one that says nothing is not waited for.
        if rustix::event::poll(&mut waited, Some(&VERSION_TIME_MAX)).is_ok_and(|ready| ready > 0) {
            length = stdout.read(&mut said).unwrap_or(0);
        }
    }
    let _ = child.kill(); // it may have ended by itself
    child.wait().ok()?;
    let said = String::from_utf8_lossy(&said[..length]);
    let version = said.lines().next().unwrap_or_default().trim().to_owned();
    Some(Program { path: path.to_owned(), version })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> Found {
        let program = |name: &str| Some(Program { path: PathBuf::from(name), version: String::new() });
        Found {
            is_root: true,
            kvm: Kvm::Hardware,
            qemu: program("/usr/bin/qemu"),
            firecracker: program("/usr/bin/firecracker"),
            jailer: program("/usr/bin/jailer"),
            kernel: Ok("6.1.0".to_owned()),
            prepared: true,
        }
    }

    fn sentences(wanted: Wanted, found: &Found) -> Vec<String> {
        choose(wanted, found).unwrap_err().into_iter().map(|gap| gap.what).collect()
    }

    #[test]
    fn auto_takes_the_strongest_and_never_one_that_surprises() {
        let auto = |found: &Found| choose(Wanted::Auto, found).unwrap();
        assert_eq!(auto(&everything()), Backend::Firecracker);
        assert_eq!(auto(&Found { jailer: None, ..everything() }), Backend::Qemu { fast: true });
        assert_eq!(auto(&Found { jailer: None, qemu: None, ..everything() }), Backend::Process);
        // Nobody asked for the disk that it takes.
        assert_eq!(auto(&Found { prepared: false, ..everything() }), Backend::Process);
        // QEMU would interpret, and a software KVM needs a kernel of its own.
        for kvm in [Kvm::WithoutFlags, Kvm::Forbidden, Kvm::Absent] {
            assert_eq!(auto(&Found { kvm, ..everything() }), Backend::Process, "{kvm:?}");
        }
        assert_eq!(auto(&Found { is_root: false, ..everything() }), Backend::Process);
    }

    #[test]
    fn what_is_asked_for_by_name_is_taken_or_refused_with_every_reason() {
        let slow = Found { kvm: Kvm::Absent, prepared: false, ..everything() };
        assert_eq!(choose(Wanted::Qemu, &slow), Ok(Backend::Qemu { fast: false }));
        assert_eq!(choose(Wanted::Process, &slow), Ok(Backend::Process));
        assert_eq!(
            sentences(Wanted::Firecracker, &Found { firecracker: None, ..slow }),
            ["firecracker is not installed", "there is no /dev/kvm, and Firecracker has no other way"]
        );
        let bare = Found {
            is_root: false,
            qemu: None,
            kernel: Err("there is no kernel".to_owned()),
            ..everything()
        };
        let expected =
            ["microVMs need root for their jails", "there is no kernel", &format!("{QEMU} is not installed")];
        assert_eq!(sentences(Wanted::Qemu, &bare), expected);
        // A kernel can be made for it: the operator knows.
        let software = Found { kvm: Kvm::WithoutFlags, ..everything() };
        assert_eq!(choose(Wanted::Firecracker, &software), Ok(Backend::Firecracker));
    }

    #[test]
    fn what_qemu_holds_for_copies_is_bounded_and_no_function_is_promised_it() {
        let mut settings = MicroVmSettings::default();
        let held = |settings: &MicroVmSettings| {
            [Backend::Qemu { fast: false }, Backend::Firecracker, Backend::Process]
                .map(|one| settings.held_mb(one))
        };
        assert_eq!(held(&settings), [u64::from(COPIES_MB), 0, 0]);
        settings.copies_mb = Some(64);
        assert_eq!(held(&settings), [64, 0, 0]);
    }

    #[test]
    fn assets_lie_in_the_data_folder_unless_said_otherwise() {
        let mut settings = MicroVmSettings::default();
        assert_eq!(settings.recipe(Path::new("/data"), &[]).store, Path::new("/data/microvm"));
        settings.assets = Some(PathBuf::from("/shared"));
        assert_eq!(settings.recipe(Path::new("/data"), &[]).store, Path::new("/shared"));
    }

    #[test]
    fn a_program_says_its_version_in_its_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("program");
        std::fs::write(&script, "#!/bin/sh\nprintf '%s 1.2.3\\nmore\\n' \"$1\"\n").unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        assert_eq!(
            ask(&script),
            Some(Program { path: script.clone(), version: "--version 1.2.3".to_owned() })
        );
        assert_eq!(ask(Path::new("/nowhere/at/all")), None);
    }
}
