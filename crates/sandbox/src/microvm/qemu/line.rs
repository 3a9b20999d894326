//! The command line of QEMU: pure, so that a test can look at it.

use super::super::vmm::{MachineSpec, Rates};
use std::fmt::Write as _;
use walls::network::{GUEST_MAC, MTU};

/// The descriptors' numbers inside the jail.
pub(super) const QMP_FD: i32 = 3;
pub(super) const CHANNEL_FD: i32 = 4;
pub(super) const MEMORY_FD: i32 = 5;
pub(super) const KERNEL_FD: i32 = 6;
pub(super) const INITRAMFS_FD: i32 = 7;
pub(super) const CONSOLE_FD: i32 = 8;
pub(super) const TAP_FD: i32 = 9;
/// The first drive's; the others follow.
pub(super) const DRIVES_FD: i32 = 10;
/// The set of descriptors that the console is; drives have those before it.
const CONSOLE_SET: i32 = 100;
/// Translated code that is kept, MB; the default is as much as the host has.
const TRANSLATION_MB: u32 = 64;

/// What executes the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accelerator {
    Kvm,
    /// Software. With the host's time stamp counter in kHz, which is also the guest's.
    Tcg {
        tsc_khz: u64,
    },
}

/// Whether it starts or wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    Boot,
    Restore,
}

pub(super) fn arguments(spec: &MachineSpec, accelerator: Accelerator, beginning: Beginning) -> Vec<String> {
    let mut line = Line(Vec::new());
    // Without PCI, BIOS extensions, or a clock that says what the guest is told anyway. With ACPI: it is how a kernel finds
    // more than eight devices.
    line.pair(
        "-M",
        "microvm,x-option-roms=off,rtc=off,isa-serial=on,acpi=on,suppress-vmdesc=on,memory-backend=ram",
    );
    match accelerator {
        Accelerator::Kvm => {
            line.pair("-accel", "kvm");
            line.pair("-cpu", "host");
        }
        Accelerator::Tcg { .. } => {
            line.pair("-accel", &format!("tcg,tb-size={TRANSLATION_MB}"));
            line.pair("-cpu", "max");
        }
    }
    for word in ["-nodefaults", "-no-user-config", "-no-reboot"] {
        line.one(word);
    }
    line.pair("-display", "none");
    line.pair("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    // A state of devices alone begins without the section that a whole migration has.
    line.pair("-global", "migration.send-configuration=off");
    line.pair("-m", &format!("{}M", spec.memory_mb));
    line.pair("-smp", &spec.vcpus.to_string());
    let share = if beginning == Beginning::Boot { "on" } else { "off" };
    line.pair(
        "-object",
        &format!(
            "memory-backend-file,id=ram,size={}M,mem-path=/proc/self/fd/{MEMORY_FD},share={share}",
            spec.memory_mb
        ),
    );
    line.pair("-kernel", &format!("/proc/self/fd/{KERNEL_FD}"));
    line.pair("-initrd", &format!("/proc/self/fd/{INITRAMFS_FD}"));
    line.pair("-append", &kernel_arguments(spec, accelerator));
    line.pair("-chardev", &format!("socket,id=qmp,fd={QMP_FD}"));
    line.pair("-mon", "chardev=qmp,mode=control");
    line.pair("-add-fd", &format!("fd={CONSOLE_FD},set={CONSOLE_SET}"));
    line.pair("-chardev", &format!("file,id=console,path=/dev/fdset/{CONSOLE_SET},append=on"));
    line.pair("-serial", "chardev:console");
    devices(&mut line, spec);
    if beginning == Beginning::Restore {
        line.one("-S");
        line.pair("-incoming", "defer");
    }
    line.0
}

/// The same in every machine, in the order in which the guest finds them.
fn devices(line: &mut Line, spec: &MachineSpec) {
    line.pair("-chardev", &format!("socket,id=channel,fd={CHANNEL_FD}"));
    line.pair("-device", "virtio-serial-device,max_ports=2");
    line.pair(
        "-device",
        &format!("virtserialport,chardev=channel,name={},nr=1", guest_protocol::SERIAL_NAME),
    );
    for (index, (drive, number)) in spec.drives.iter().zip(DRIVES_FD..).enumerate() {
        line.pair("-add-fd", &format!("fd={number},set={}", index + 1));
        let read_only = if drive.writable { "off" } else { "on" };
        // What is written is thrown away with the machine: nothing need reach the disk, and what the guest frees is freed.
        line.pair(
            "-drive",
            &format!(
                "id=drive{index},if=none,format=raw,file=/dev/fdset/{},readonly={read_only},auto-read-only=off,\
                 file.locking=off,cache.no-flush=on,discard=unmap{}",
                index + 1,
                throttle(&spec.rates),
            ),
        );
        line.pair("-device", &format!("virtio-blk-device,drive=drive{index}"));
    }
    line.pair("-netdev", &format!("tap,id=net,fd={TAP_FD},vhost=off"));
    let mac = GUEST_MAC.map(|byte| format!("{byte:02x}")).join(":");
    line.pair("-device", &format!("virtio-net-device,netdev=net,mac={mac},host_mtu={MTU}"));
    line.pair("-object", "rng-random,id=rng,filename=/dev/urandom");
    line.pair("-device", "virtio-rng-device,rng=rng");
    line.pair("-device", "virtio-balloon-device,id=balloon,deflate-on-oom=on,free-page-reporting=on");
}

fn throttle(rates: &Rates) -> String {
    let mut text = String::new();
    for (name, value) in [("bps", rates.drive_bytes), ("iops", rates.drive_operations)] {
        if value > 0 {
            // A comma within a value would begin another option; these are numbers.
            let _ = write!(text, ",throttling.{name}-total={value}");
        }
    }
    text
}

fn kernel_arguments(spec: &MachineSpec, accelerator: Accelerator) -> String {
    let mut text = String::from("console=ttyS0 quiet panic=-1 reboot=t tinderbox.channel=serial");
    if let Accelerator::Tcg { tsc_khz } = accelerator {
        // There is no other clock that a kernel could measure this one by: it would wait for ever.
        let _ = write!(text, " tsc_early_khz={tsc_khz} tsc=reliable no_timer_check");
    }
    if !spec.boot_arguments.is_empty() {
        let _ = write!(text, " {}", spec.boot_arguments);
    }
    text
}

struct Line(Vec<String>);

impl Line {
    fn one(&mut self, word: &str) {
        self.0.push(word.to_owned());
    }

    fn pair(&mut self, name: &str, value: &str) {
        self.one(name);
        self.one(value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::vmm::Drive;
    use super::*;
    use std::sync::Arc;

    fn spec() -> MachineSpec {
        let file = || Arc::new(tempfile::tempfile().unwrap());
        let drive = |writable| Drive { file: file(), writable };
        MachineSpec {
            memory_mb: 192,
            share_mb: 128,
            vcpus: 1,
            kernel: file(),
            initramfs: file(),
            boot_arguments: "x=y".to_owned(),
            drives: vec![drive(false), drive(true)],
            nat: true,
            allow_hosts: Vec::new(),
            rates: Rates { drive_bytes: 7, drive_operations: 0, network_bytes: 0 },
            file_bytes_max: 0,
        }
    }

    #[test]
    fn a_clone_has_the_devices_of_what_it_is_a_clone_of() {
        let tcg = Accelerator::Tcg { tsc_khz: 2_000_000 };
        let boot = arguments(&spec(), tcg, Beginning::Boot);
        let mut restore = arguments(&spec(), tcg, Beginning::Restore);
        assert_eq!(restore.split_off(restore.len() - 3), ["-S", "-incoming", "defer"]);
        let differ: Vec<_> = boot.iter().zip(&restore).filter(|(one, other)| one != other).collect();
        assert_eq!(differ.len(), 1, "{differ:?}");
        assert!(differ[0].0.ends_with("share=on") && differ[0].1.ends_with("share=off"));
    }

    #[test]
    fn drives_are_what_the_server_opened_and_bounded() {
        let line = arguments(&spec(), Accelerator::Kvm, Beginning::Boot).join(" ");
        assert!(line.contains("file=/dev/fdset/1,readonly=on"), "{line}");
        assert!(line.contains("file=/dev/fdset/2,readonly=off"), "{line}");
        assert!(line.contains("throttling.bps-total=7") && !line.contains("iops-total"), "{line}");
        assert!(line.contains("-accel kvm") && !line.contains("tsc_early_khz"), "{line}");
    }
}
