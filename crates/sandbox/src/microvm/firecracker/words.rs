//! What Firecracker is told: the bodies of its API, typed where they vary, and the order in which a machine is described.
//!
//! Everything inside the jail has one name in every machine (`/vda`, `tap0`, `/channel/v.sock`): a snapshot holds
//! these names, and a machine restored from it finds what belongs to it under them.

use crate::microvm::vmm::{MachineSpec, Rates};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Names in the root of the jail.
pub(super) const KERNEL: &str = "kernel";
pub(super) const INITRAMFS: &str = "initramfs";
pub(super) const CHANNEL: &str = "channel";
pub(super) const SNAPSHOT_STATE: &str = "state";
pub(super) const SNAPSHOT_MEMORY: &str = "memory";
/// Likewise: what a snapshot is written into.
pub(super) const STATE_FILE: &str = "state.new";
pub(super) const MEMORY_FILE: &str = "memory.new";
/// Names in the channel folder, which the server sees too.
pub(super) const METRICS_PIPE: &str = "metrics";
pub(super) const VSOCK: &str = "v.sock";
/// Same in every machine, for snapshots freeze them; what differs lies outside the machine's network namespace.
use walls::tap::TAP;
/// Of vsock: the first that is no host's. Each machine has a device of its own, so it need not differ.
const GUEST_CID: u32 = 3;
/// What this monitor's machine needs said to any kernel: no firmware, PCI, keyboard or serial line to look for, and a
/// panic or a power-off (which without ACPI is a reset) ends Firecracker.
/// With `8250.nr_uarts=1 console=ttyS0` among the operator's arguments, a machine's last words are its kernel's.
const BOOT_ARGUMENTS: &str = "quiet reboot=k panic=1 pci=off 8250.nr_uarts=0 i8042.noaux i8042.nomux i8042.dumbkbd \
                              tinderbox.channel=vsock";
/// The statistics themselves are not used; but only with them on does Firecracker tell how large the balloon is.
const BALLOON_STATISTICS_S: u32 = 65_535;

/// One `PUT`.
#[derive(Debug, PartialEq)]
pub(super) struct Put {
    pub(super) path: String,
    pub(super) body: Value,
    /// For the operator's log, should Firecracker refuse.
    pub(super) step: &'static str,
}

/// Firecracker's own. Its log would tell a hostile guest's story without end: what matters is in answers and metrics.
pub(super) fn arguments() -> Vec<String> {
    let socket = format!("/{CHANNEL}/{}", super::api::SOCKET);
    ["--api-sock", &socket, "--level", "Off"].map(str::to_owned).to_vec()
}

fn put(step: &'static str, path: impl Into<String>, body: Value) -> Put {
    Put { path: path.into(), body, step }
}

/// All of a machine up to its start, in an order that Firecracker takes.
pub(super) fn machine(
    spec: &MachineSpec,
    extra_arguments: &str,
    cpu_template: Option<&Value>,
    vcpus: u32,
) -> Vec<Put> {
    let mut puts = vec![metrics()];
    puts.push(put(
        "machine-config",
        "/machine-config",
        json!({ "vcpu_count": vcpus, "mem_size_mib": spec.memory_mb, "smt": false }),
    ));
    if let Some(template) = cpu_template {
        puts.push(put("cpu-config", "/cpu-config", template.clone()));
    }
    let arguments = [BOOT_ARGUMENTS, spec.boot_arguments.as_str(), extra_arguments];
    puts.push(put(
        "boot-source",
        "/boot-source",
        json!({
            "kernel_image_path": format!("/{KERNEL}"),
            "initrd_path": format!("/{INITRAMFS}"),
            "boot_args": arguments.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" "),
        }),
    ));
    for (index, drive) in spec.drives.iter().enumerate() {
        let name = drive_name(index);
        let body = json!({
            "drive_id": name,
            "path_on_host": format!("/{name}"),
            // It would add `root=`; ours is found by our initramfs.
            "is_root_device": false,
            "is_read_only": !drive.writable,
            // What is written is discarded with the machine: nothing is to be on a disk for good.
            "cache_type": "Unsafe",
            "io_engine": "Sync",
            "rate_limiter": drive_limit(&spec.rates),
        });
        puts.push(put("drives", format!("/drives/{name}"), body));
    }
    puts.push(network(&spec.rates));
    let vsock = json!({ "guest_cid": GUEST_CID, "uds_path": format!("/{CHANNEL}/{VSOCK}") });
    puts.push(put("vsock", "/vsock", vsock));
    puts.push(put("entropy", "/entropy", json!({})));
    let balloon = json!({
        "amount_mib": 0,
        "deflate_on_oom": true,
        "stats_polling_interval_s": BALLOON_STATISTICS_S,
    });
    puts.push(put("balloon", "/balloon", balloon));
    puts
}

/// Lets it begin.
pub(super) fn start() -> Put {
    put("start", "/actions", json!({ "action_type": "InstanceStart" }))
}

/// Of a restored machine too: no snapshot holds it. A pipe, so that what nobody reads is dropped and fills no disk.
pub(super) fn metrics() -> Put {
    put("metrics", "/metrics", json!({ "metrics_path": format!("/{CHANNEL}/{METRICS_PIPE}") }))
}

/// Network devices are there in every machine, so that a snapshot fits those with and without egress alike; without it
/// nothing reads the other end.
fn network(rates: &Rates) -> Put {
    let limit = json!({ "bandwidth": bucket(rates.network_bytes) });
    let body = json!({
        "iface_id": "eth0",
        "host_dev_name": TAP,
        "guest_mac": mac(walls::network::GUEST_MAC),
        "mtu": walls::network::MTU,
        "rx_rate_limiter": limit,
        "tx_rate_limiter": limit,
    });
    put("network-interfaces", "/network-interfaces/eth0", body)
}

fn mac(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

/// `vda`, `vdb` and so on.
pub(super) fn drive_name(index: usize) -> String {
    // More than 26 drives would be no fixed layout any more.
    let letter =
        u8::try_from(index).ok().filter(|index| *index < 26).map_or('?', |index| char::from(b'a' + index));
    format!("vd{letter}")
}

fn drive_limit(rates: &Rates) -> Value {
    json!({ "bandwidth": bucket(rates.drive_bytes), "ops": bucket(rates.drive_operations) })
}

/// So much each second, and at most one second's worth at once.
fn bucket(each_second: u64) -> Value {
    json!({ "size": each_second, "refill_time": 1_000 })
}

#[derive(Serialize)]
pub(super) struct Action {
    pub(super) action_type: &'static str,
}

#[derive(Serialize)]
pub(super) struct State {
    pub(super) state: &'static str,
}

/// `resident`: only pages that are there are written, into a file that is holes elsewhere.
pub(super) fn create_snapshot(resident: bool) -> Value {
    json!({
        "snapshot_type": if resident { "Diff" } else { "Full" },
        "snapshot_path": format!("/{STATE_FILE}"),
        "mem_file_path": format!("/{MEMORY_FILE}"),
    })
}

/// The memory is mapped privately from its file: pages come as they are touched, clean ones are shared by all copies.
pub(super) fn load_snapshot() -> Value {
    json!({
        "snapshot_path": format!("/{SNAPSHOT_STATE}"),
        "mem_backend": { "backend_type": "File", "backend_path": format!("/{SNAPSHOT_MEMORY}") },
        "resume_vm": false,
    })
}

#[derive(Serialize)]
pub(super) struct Balloon {
    pub(super) amount_mib: u64,
}

/// What is read of the balloon's numbers; the guest writes some of them.
#[derive(Debug, Deserialize)]
pub(super) struct BalloonNumbers {
    pub(super) actual_mib: u64,
    /// Bytes that programs could have without another one losing any.
    #[serde(default)]
    pub(super) available_memory: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct VersionNumber {
    pub(super) firecracker_version: String,
}
