//! `/tmp` of exactly the size that was asked for.
//!
//! As root: an ext4 of that size on a sparse file behind a loop device. Its pages are the file's, not the
//! environment's memory; its inodes are bounded; the backing file has no name from its first moment (O_TMPFILE)
//! and the loop device clears itself, so that the mount is the last thing that holds any of it. One template image
//! per size is made by `mkfs.ext4` the first time and copied without its holes.
//!
//! In a microVM: the same file system, on a device whose size the host chose.
//!
//! Otherwise: a tmpfs of the size, charged to memory, and `Capabilities::missing` says so.

use crate::sparse;
use crate::sys::{At, StepError};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// AWS: 512 to 10,240 MB; smaller ones serve tests.
const SIZE_MB_MAX: u32 = 10_240;
/// One inode for so many bytes, as mkfs.ext4 does by default.
const BYTES_PER_INODE: u64 = 16_384;
const MKFS: [&str; 4] =
    ["/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4", "/usr/bin/mkfs.ext4", "/usr/local/sbin/mkfs.ext4"];
/// Someone else may take the free loop device first; hundreds of boots at once do.
const LOOP_ATTEMPTS: usize = 1_000;

/// How `/tmp` is made here.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Templates lie in this folder.
    Loop {
        folder: PathBuf,
        mkfs: PathBuf,
    },
    Memory,
    /// In a microVM: a device that holds an ext4 of the size already.
    Device(PathBuf),
}

/// What makes ext4 images here.
pub fn find_mkfs() -> Option<PathBuf> {
    MKFS.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Whether loop devices can be used.
pub fn has_loop_devices() -> bool {
    File::open("/dev/loop-control").is_ok()
}

impl Kind {
    /// Tries it once, so that what is missing is known at start-up and not at the first boot.
    pub fn find(folder: &Path) -> Result<Self, String> {
        let mkfs = find_mkfs().ok_or("mkfs.ext4 is not installed (package e2fsprogs)")?;
        if !has_loop_devices() {
            return Err("/dev/loop-control can not be opened".to_owned());
        }
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let kind = Self::Loop { folder: folder.to_owned(), mkfs };
        kind.prepare(1).map_err(|error| error.to_string())?;
        Ok(kind)
    }

    /// For a microVM's drive: an ext4 of this size in a file without a name.
    pub fn image(&self, size_mb: u32) -> Result<File, StepError> {
        let Self::Loop { folder, mkfs } = self else {
            let reason = "there is no mkfs.ext4 for it".to_owned();
            return Err(StepError { step: "image of /tmp", reason });
        };
        copy(&template(folder, mkfs, size_mb.clamp(1, SIZE_MB_MAX))?, folder).at("copy of the /tmp template")
    }

    /// A mounted file system that waits, detached, for its place.
    pub fn prepare(&self, size_mb: u32) -> Result<OwnedFd, StepError> {
        let size_mb = size_mb.clamp(1, SIZE_MB_MAX);
        match self {
            Self::Memory => mount_memory(size_mb).at("tmpfs for /tmp"),
            Self::Device(path) => mount_ext4(path).at("mount of /tmp"),
            Self::Loop { folder, mkfs } => {
                let template = template(folder, mkfs, size_mb)?;
                let image = copy(&template, folder).at("copy of the /tmp template")?;
                let device = attach(&image).at("loop device for /tmp")?;
                mount_ext4(&device.path).at("mount of /tmp")
            }
        }
    }
}

fn mount_memory(size_mb: u32) -> io::Result<OwnedFd> {
    let context = rustix::mount::fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    rustix::mount::fsconfig_set_string(&context, "size", format!("{size_mb}m"))?;
    rustix::mount::fsconfig_set_string(&context, "nr_inodes", (inodes(size_mb)).to_string())?;
    rustix::mount::fsconfig_set_string(&context, "mode", "1777")?;
    finish(&context)
}

fn inodes(size_mb: u32) -> u64 {
    ((u64::from(size_mb) << 20) / BYTES_PER_INODE).max(64)
}

fn finish(context: &OwnedFd) -> io::Result<OwnedFd> {
    rustix::mount::fsconfig_create(context)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOATIME;
    Ok(rustix::mount::fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?)
}

/// The image of this size, made under a lock the first time: of a hundred boots that want it, one makes it.
fn template(folder: &Path, mkfs: &Path, size_mb: u32) -> Result<File, StepError> {
    let path = folder.join(format!("ext4-{size_mb}.image"));
    if let Ok(image) = File::open(&path) {
        return Ok(image);
    }
    let lock = File::create(folder.join("ext4.lock")).at("lock of the /tmp templates")?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).at("lock of the /tmp templates")?;
    if let Ok(image) = File::open(&path) {
        return Ok(image);
    }
    // Without a name until it is whole, where that can be: whoever is killed meanwhile leaves nothing.
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR) {
        Ok(image) => {
            let image = File::from(image);
            make_image(mkfs, &image, size_mb)?;
            let nameless = format!("/proc/self/fd/{}", image.as_raw_fd());
            rustix::fs::linkat(CWD, nameless, CWD, &path, AtFlags::SYMLINK_FOLLOW)
                .at("name of the /tmp template")?;
        }
        Err(_) => {
            let unfinished = folder.join("ext4.unfinished");
            let image = File::options().create(true).truncate(true).read(true).write(true).open(&unfinished);
            make_image(mkfs, &image.at("/tmp template")?, size_mb)?;
            std::fs::rename(&unfinished, &path).at("name of the /tmp template")?;
        }
    }
    File::open(&path).at("/tmp template")
}

/// Length of an image of this size. The size is what files may fill: inode tables (256 bytes each), bitmaps, and the
/// clusters that ext4 keeps back for delayed allocation (2 percent, at most 4,096 of 4 KiB) come on top.
pub fn image_bytes(size_mb: u32) -> u64 {
    let usable = u64::from(size_mb) << 20;
    let tables = inodes(size_mb) * 256;
    let kept_back = (usable / 49).min(4_096 * 4_096);
    (usable + tables + kept_back + usable / 256 + (1 << 20)).next_multiple_of(4_096)
}

fn make_image(mkfs: &Path, image: &File, size_mb: u32) -> Result<(), StepError> {
    image.set_len(image_bytes(size_mb)).at("size of the /tmp template")?;
    let output = Command::new(mkfs)
        .args(["-q", "-F", "-m", "0", "-b", "4096", "-I", "256", "-N"])
        .arg(inodes(size_mb).to_string())
        .args(["-O", "^has_journal,^resize_inode,^metadata_csum,uninit_bg"])
        .args(["-E", "lazy_itable_init=1,nodiscard,root_owner=0:0"])
        // By its descriptor: it may have no name.
        .arg("/proc/self/fd/0")
        .env_clear()
        .stdin(Stdio::from(image.try_clone().at("/tmp template")?))
        .output()
        .at("mkfs.ext4")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(StepError { step: "mkfs.ext4", reason });
    }
    Ok(())
}

/// Copies data and leaves holes, into a file that has no name (and may be given one, for a monitor that knows names only).
fn copy(template: &File, folder: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let image = match rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR) {
        Ok(image) => File::from(image),
        Err(_) => nameless(folder)?,
    };
    // mkfs writes long runs of zeros (bitmaps, tables): they become holes.
    sparse::copy(template, &image)?;
    Ok(image)
}

/// Where the folder's file system has no O_TMPFILE: a name for a moment. A kill in between leaves an empty file that
/// the next start's sweep removes.
fn nameless(folder: &Path) -> io::Result<File> {
    // Every init is pid 1 where it is: what tells them apart is the moment.
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let path = folder.join(format!("image-{}-{}.unfinished", now.tv_sec, now.tv_nsec));
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    let image = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)?;
    std::fs::remove_file(&path)?;
    Ok(image.into())
}

const LOOP_CTL_GET_FREE: libc::c_ulong = 0x4C82;
const LOOP_CONFIGURE: libc::c_ulong = 0x4C0A;
const LO_FLAGS_AUTOCLEAR: u32 = 4;
const LO_FLAGS_DIRECT_IO: u32 = 16;

/// `struct loop_config` of <linux/loop.h>, with the `loop_info64` inside it taken apart where it is used.
#[repr(C)]
struct LoopConfig {
    fd: u32,
    block_size: u32,
    /// lo_device, lo_inode, lo_rdevice, lo_offset, lo_sizelimit
    info_numbers: [u64; 5],
    /// lo_number, lo_encrypt_type, lo_encrypt_key_size
    info_kinds: [u32; 3],
    flags: u32,
    /// lo_file_name, lo_crypt_name, lo_encrypt_key
    info_names: [u8; 64 + 64 + 32],
    info_init: [u64; 2],
    reserved: [u64; 8],
}

/// A loop device over the image that clears itself when its last user is gone.
struct Device {
    path: PathBuf,
    /// Holds the device until the mount does.
    _open: File,
}

fn attach(image: &File) -> io::Result<Device> {
    let control = File::options().read(true).write(true).open("/dev/loop-control")?;
    // Direct: the image's pages would else be cached twice. Not every file system can; then without.
    let mut flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO;
    for _ in 0..LOOP_ATTEMPTS {
        // SAFETY: takes no argument.
        let number = unsafe { libc::ioctl(control.as_raw_fd(), LOOP_CTL_GET_FREE) };
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        let path = PathBuf::from(format!("/dev/loop{number}"));
        let device = match File::options().read(true).write(true).open(&path) {
            Ok(device) => device,
            // Another attempt has the next number; a node that never comes ends the attempts with its error.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
            Err(_) => continue,
        };
        match configure(&device, image, flags) {
            Ok(()) => return Ok(Device { path, _open: device }),
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {}
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) && flags != LO_FLAGS_AUTOCLEAR => {
                flags = LO_FLAGS_AUTOCLEAR;
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("no free loop device after many attempts"))
}

fn configure(device: &File, image: &File, flags: u32) -> io::Result<()> {
    let fd = u32::try_from(image.as_raw_fd()).map_err(io::Error::other)?;
    let config = LoopConfig {
        fd,
        block_size: 0,
        info_numbers: [0; 5],
        info_kinds: [0; 3],
        flags,
        info_names: [0; 160],
        info_init: [0; 2],
        reserved: [0; 8],
    };
    // SAFETY: LOOP_CONFIGURE reads one loop_config, which lives through the call.
    if unsafe { libc::ioctl(device.as_raw_fd(), LOOP_CONFIGURE, &raw const config) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn mount_ext4(device: &Path) -> io::Result<OwnedFd> {
    let context = rustix::mount::fsopen("ext4", FsOpenFlags::FSOPEN_CLOEXEC)?;
    rustix::mount::fsconfig_set_string(&context, "source", device)?;
    // Nobody needs the tables zeroed in the background of a file system that lives for minutes.
    rustix::mount::fsconfig_set_flag(&context, "noinit_itable")?;
    rustix::mount::fsconfig_set_flag(&context, "nobarrier")?;
    let mount = finish(&context)?;
    rustix::fs::chmodat(&mount, ".", Mode::from_raw_mode(0o1777), AtFlags::empty())?;
    match rustix::fs::unlinkat(&mount, "lost+found", AtFlags::REMOVEDIR) {
        Err(error) if error != rustix::io::Errno::NOENT => Err(error.into()),
        _ => Ok(mount),
    }
}
