//! Before the first word: what makes a machine out of a kernel and an initramfs.
//!
//! ```text
//!  initramfs (can not be pivoted away) ─▶ /dev, /proc, /sys ─▶ modules of /modules/order ─▶ a tmpfs becomes the root
//!  ─▶ cgroups ─▶ /dev/vda, the root image, at /image ─▶ limits of the kernel that it derives from its memory
//! ```

use crate::machine::Trouble;
use crate::settings::{self, Settings};
use crate::transport::wait_for;
use rustix::fs::{Mode, OFlags};
use rustix::mount::MountFlags;
use std::ffi::CString;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use walls::sys::At;

/// The root image.
const IMAGE_DEVICE: &str = "/dev/vda";
/// Where it is shown to this process: where the template of the room takes its folders from.
pub(crate) const IMAGE: &str = "/image";
/// Where the template is built.
pub(crate) const TEMPLATE: &str = "/template";
/// Where images of slots are mounted, by their number, before they are shown in the room.
pub(crate) const SLOTS: &str = "/slots";
const CGROUPS: &str = "/sys/fs/cgroup";
const MODULES: &str = "/modules";
const FOLDERS: [&str; 7] = ["dev", "proc", "sys", "run", "image", "template", "slots"];
/// Streams, listeners, and what a room's folders take for a moment.
const OPEN_FILES: u64 = 4_096;
/// `MODULE_INIT_COMPRESSED_FILE` of <linux/module.h>.
const COMPRESSED: libc::c_int = 4;

/// What is mounted before the new root, and moves into it. (type, place)
const KERNELS_OWN: [(&str, &str); 3] = [("devtmpfs", "/dev"), ("proc", "/proc"), ("sysfs", "/sys")];

/// What the kernel derives from the size of its memory, so that code in a small machine would meet other limits than on a
/// host; and what distributions set. Some are not in every kernel.
const KERNEL_SETTINGS: [(&str, &str); 7] = [
    // A large reservation is no use of memory: the room's limit counts use.
    ("vm/overcommit_memory", "1"),
    ("kernel/threads-max", "16384"),
    ("fs/protected_symlinks", "1"),
    ("fs/protected_hardlinks", "1"),
    ("kernel/dmesg_restrict", "1"),
    ("kernel/kptr_restrict", "2"),
    ("user/max_user_namespaces", "1024"),
];

/// All of it, in order.
pub(crate) fn prepare() -> Result<Settings, Trouble> {
    for (kind, place) in KERNELS_OWN {
        let _ = std::fs::create_dir(place);
        mount(kind, kind, place, MountFlags::NOSUID, c"")?;
    }
    open_standard_streams().at("standard streams")?;
    let arguments = std::fs::read_to_string("/proc/cmdline").at("kernel arguments")?;
    let settings = Settings::parse(&arguments)
        .ok_or_else(|| Trouble::new("kernel arguments", "tinderbox.channel= names no channel"))?;
    load_modules(&arguments)?;
    become_root()?;
    mount("cgroup2", "cgroup2", CGROUPS, MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, c"")?;
    KERNEL_SETTINGS.iter().for_each(|(name, value)| {
        let _ = std::fs::write(Path::new("/proc/sys").join(name), value);
    });
    raise_limits().at("limits of PID 1")?;
    rustix::system::sethostname(b"localhost").at("host name")?;
    wait_for(|| std::fs::metadata(IMAGE_DEVICE)).at("device of the root image")?;
    mount_image(IMAGE_DEVICE, IMAGE)?;
    Ok(settings)
}

/// An image of a slot or of the root: nothing on it is trusted to be a device or to give rights.
pub(crate) fn mount_image(device: &str, place: &str) -> Result<(), Trouble> {
    mount(device, "erofs", place, MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV, c"")
}

fn mount(
    source: &str,
    kind: &str,
    place: &str,
    flags: MountFlags,
    options: &std::ffi::CStr,
) -> Result<(), Trouble> {
    rustix::mount::mount(source, place, kind, flags, options)
        .map_err(|error| Trouble::new("mounts", format!("{source} at {place}: {error}")))
}

/// An initramfs without a console gives PID 1 no streams at all; their numbers must not become something else's.
fn open_standard_streams() -> io::Result<()> {
    let console = rustix::fs::open("/dev/console", OFlags::RDWR | OFlags::NOCTTY, Mode::empty())
        .or_else(|_| rustix::fs::open("/dev/null", OFlags::RDWR, Mode::empty()))?;
    for number in 0..=2 {
        if number != console.as_raw_fd() {
            // SAFETY: numbers only; 0 to 2 belong to nobody in this process.
            if unsafe { libc::dup2(console.as_raw_fd(), number) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    if console.as_raw_fd() <= 2 {
        std::mem::forget(console);
    }
    Ok(())
}

/// In the order of `/modules/order`, one name of a file in the same folder each line. No such file: nothing to load.
fn load_modules(arguments: &str) -> Result<(), Trouble> {
    let Ok(order) = std::fs::read_to_string(Path::new(MODULES).join("order")) else { return Ok(()) };
    for name in order.lines().map(str::trim).filter(|name| !name.is_empty()) {
        load_module(name, arguments).map_err(|error| Trouble::new("modules", format!("{name}: {error}")))?;
    }
    // Loaded, they are the kernel's; these copies would stay in memory.
    let _ = std::fs::remove_dir_all(MODULES);
    Ok(())
}

fn load_module(name: &str, arguments: &str) -> io::Result<()> {
    let (module, ending) = name.split_once(".ko").unwrap_or((name, ""));
    let file = std::fs::File::open(Path::new(MODULES).join(name))?;
    let parameters = CString::new(settings::module_parameters(arguments, module))?;
    let flags = if ending.is_empty() { 0 } else { COMPRESSED };
    // SAFETY: the descriptor is open and the parameters end with NUL.
    let done = unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), parameters.as_ptr(), flags) };
    match io::Error::last_os_error() {
        _ if done >= 0 => Ok(()),
        // Built in, or named twice.
        error if error.raw_os_error() == Some(libc::EEXIST) => Ok(()),
        error => Err(error),
    }
}

/// A tmpfs over the initramfs, which takes what is mounted along: the kernel lets nobody pivot away from the initramfs,
/// and the init of a room must.
fn become_root() -> Result<(), Trouble> {
    const NEW: &str = "/new-root";
    let _ = std::fs::create_dir(NEW);
    mount("root", "tmpfs", NEW, MountFlags::NOSUID, c"size=4m,nr_inodes=1024,mode=755")?;
    for folder in FOLDERS {
        std::fs::create_dir(Path::new(NEW).join(folder)).at("folders of the root")?;
    }
    for (_, place) in KERNELS_OWN {
        rustix::mount::mount_move(place, format!("{NEW}{place}")).at("move of the kernel's own")?;
    }
    rustix::process::chdir(NEW).at("new root")?;
    rustix::mount::mount_move(".", "/").at("new root")?;
    rustix::process::chroot(".").at("new root")?;
    Ok(rustix::process::chdir("/").at("new root")?)
}

/// What small machines get too little of by default. The room's init lowers them again.
fn raise_limits() -> io::Result<()> {
    let limits = [
        (libc::RLIMIT_NOFILE, OPEN_FILES),
        (libc::RLIMIT_NPROC, libc::RLIM_INFINITY),
        (libc::RLIMIT_SIGPENDING, libc::RLIM_INFINITY),
    ];
    for (resource, most) in limits {
        let wanted = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY: `wanted` lives through the call.
        if unsafe { libc::setrlimit(resource, &raw const wanted) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
