//! The real Firecracker, without the spawner: each machine in a jail that the test makes itself, as root. Skipped, with a
//! sentence, where the environment names no programs. What runs inside is a small init that answers lines.

use super::*;
use crate::microvm::vmm::{Drive, Rates};
use std::ffi::CString;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::sync::Mutex as StdMutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const UID: u32 = 1_900_000_000;
/// Sparse: one capacity for whatever is put in a slot.
const SLOT_BYTES: u64 = 16 << 30;

/// What the environment names; `None`, said aloud, where something is missing.
struct Instruments {
    config: Config,
    kernel: Arc<File>,
    initramfs: Arc<File>,
    scratch: tempfile::TempDir,
}

fn instruments() -> Option<Instruments> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let names = ["TINDERBOX_FIRECRACKER", "TINDERBOX_JAILER", "TINDERBOX_GUEST_KERNEL", "TINDERBOX_GUEST_ECHO_INITRAMFS"];
    let [firecracker, jailer, kernel, initramfs] = names.map(named);
    let (Some(firecracker), Some(jailer), Some(kernel), Some(initramfs)) = (firecracker, jailer, kernel, initramfs) else {
        eprintln!("skipped: {} name no Firecracker to test with", names.join(", "));
        return None;
    };
    if let Accelerator::Unusable { reason } = accelerator() {
        eprintln!("skipped: {reason}");
        return None;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("machines");
    std::fs::create_dir(&folder).unwrap();
    let config = Config {
        firecracker,
        jailer,
        cpu_template: named("TINDERBOX_GUEST_CPU_TEMPLATE"),
        boot_arguments: std::env::var("TINDERBOX_GUEST_BOOT_ARGS").unwrap_or_default(),
        folder,
        guest: "a test's".to_owned(),
    };
    let open = |path| Arc::new(File::open(path).unwrap());
    Some(Instruments { config, kernel: open(kernel), initramfs: open(initramfs), scratch })
}
