//! What is said of microVMs on the command line.

use super::folder;
use clap::{Args, Subcommand};
use sandbox::microvm::settings::MicroVmSettings;
use std::path::PathBuf;

/// Settings that `up`, `doctor` and `microvm` share.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "MicroVMs (--sandbox qemu or firecracker)")]
pub(crate) struct MicroVmFlags {
    /// Their kernel: vmlinuz or vmlinux, or a folder with an unpacked kernel package [default: this host's own]
    #[arg(long, value_name = "PATH", env = "TINDERBOX_KERNEL", value_parser = folder)]
    kernel: Option<PathBuf>,
    /// Their programs: a runtime image unpacked in a folder [default: this host's own]
    #[arg(long, value_name = "DIR", env = "TINDERBOX_ROOT", value_parser = folder)]
    root: Option<PathBuf>,
    /// A folder or file that they go without, as /usr/lib/big; may be repeated
    #[arg(long, value_name = "PATH", value_parser = absolute)]
    leave_out: Vec<PathBuf>,
    /// Where kernel, initramfs and root image are kept [default: microvm in the data folder]
    #[arg(long, value_name = "DIR", env = "TINDERBOX_ASSETS", value_parser = folder)]
    assets: Option<PathBuf>,
    /// More arguments for their kernel
    #[arg(
        long,
        value_name = "TEXT",
        env = "TINDERBOX_BOOT_ARGUMENTS",
        default_value = "",
        hide_default_value = true
    )]
    boot_arguments: String,
    /// JSON for Firecracker: which features of the processor they see
    #[arg(long, value_name = "FILE", env = "TINDERBOX_CPU_TEMPLATE", value_parser = folder)]
    cpu_template: Option<PathBuf>,
    /// QEMU's emulator [default: qemu-system-x86_64 in PATH]
    #[arg(long, value_name = "PROGRAM", env = "TINDERBOX_QEMU", value_parser = folder)]
    qemu: Option<PathBuf>,
    /// Firecracker [default: firecracker in PATH]
    #[arg(long, value_name = "PROGRAM", env = "TINDERBOX_FIRECRACKER", value_parser = folder)]
    firecracker: Option<PathBuf>,
    /// Firecracker's jailer [default: jailer in PATH]
    #[arg(long, value_name = "PROGRAM", env = "TINDERBOX_JAILER", value_parser = folder)]
    jailer: Option<PathBuf>,
    /// QEMU: memory of snapshots that stays in this host's memory for the next copy, MB [default: 512]
    #[arg(long, value_name = "MB", env = "TINDERBOX_COPIES_MB")]
    copies_mb: Option<u32>,
}

impl MicroVmFlags {
    pub(crate) fn settings(&self) -> MicroVmSettings {
        MicroVmSettings {
            kernel: self.kernel.clone(),
            root: self.root.clone(),
            leave_out: self.leave_out.clone(),
            assets: self.assets.clone(),
            boot_arguments: self.boot_arguments.clone(),
            cpu_template: self.cpu_template.clone(),
            qemu: self.qemu.clone(),
            firecracker: self.firecracker.clone(),
            jailer: self.jailer.clone(),
            copies_mb: self.copies_mb,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct MicroVmArgs {
    /// Data folder of the server that is to use them
    #[arg(long, value_name = "DIR", default_value = "./.tinderbox", value_parser = folder, global = true)]
    pub(crate) data: PathBuf,
    #[command(subcommand)]
    pub(crate) command: MicroVmCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MicroVmCommand {
    /// Make what microVMs start from, out of what this host has
    #[command(after_help = "\
Examples:
  tinderbox microvm setup                                    this host's kernel and programs
  tinderbox microvm setup --kernel /boot/vmlinuz-6.1.0-cloud-amd64
  tinderbox microvm setup --leave-out /usr/lib/jvm           a smaller image, without Java
  tinderbox up --sandbox qemu                                uses it; makes it itself where it is missing

It makes a copy of the kernel, an initramfs (our init, and the kernel's modules that are needed) and one read-only
image of /usr, /lib, /bin, /sbin and the public part of /etc, a gigabyte or so, which all microVMs share. No package
is installed and nothing is changed outside the data folder. Run again, it makes only what is no longer right.

No kernel on this host? Debian: apt install linux-image-cloud-amd64. Or, without installing it:
  apt download linux-image-6.1.0-NN-cloud-amd64 && dpkg -x linux-image-*.deb kernel
  tinderbox microvm setup --kernel kernel

docs/microvm.md tells more.")]
    Setup(MicroVmFlags),
    /// Say what was made, how large it is, and whether it is still right
    #[command(after_help = "\
Examples:
  tinderbox microvm status
  tinderbox microvm status --check          reads everything and compares checksums")]
    Status {
        #[command(flatten)]
        flags: MicroVmFlags,
        /// Compare every file with its checksum
        #[arg(long)]
        check: bool,
    },
}

fn absolute(text: &str) -> Result<PathBuf, String> {
    if text.starts_with('/') {
        Ok(PathBuf::from(text))
    } else {
        Err("write it as it is named inside, from /".to_owned())
    }
}
