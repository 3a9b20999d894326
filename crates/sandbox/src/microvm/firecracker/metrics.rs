//! What Firecracker counts: one line of JSON each time it is asked to write it down.
//!
//! The guest moves some of these numbers, and the line comes from the process that a hostile guest would break into first:
//! it is bounded where it is read, and a number that is missing or of another kind is zero.

use serde::Deserialize;

/// The part of a line that is used.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct Metrics {
    pub(super) api_server: ApiServer,
    pub(super) latencies_us: Latencies,
    pub(super) vcpu: Vcpu,
    pub(super) seccomp: Seccomp,
    pub(super) vmm: Vmm,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct ApiServer {
    /// From the jailer's start to the API's.
    pub(super) process_startup_time_us: u64,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct Latencies {
    pub(super) full_create_snapshot: u64,
    pub(super) load_snapshot: u64,
    pub(super) pause_vm: u64,
    pub(super) resume_vm: u64,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct Vcpu {
    pub(super) failures: u64,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct Seccomp {
    /// System calls that Firecracker's own filter stopped.
    pub(super) num_faults: u64,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct Vmm {
    pub(super) panic_count: u64,
}

impl Metrics {
    /// The last whole line among these bytes; a line cut off by a full pipe is no line.
    pub(super) fn last_of(bytes: &[u8]) -> Option<Self> {
        bytes.split(|byte| *byte == b'\n').rev().find_map(|line| serde_json::from_slice(line).ok())
    }

    /// What says that this machine is broken, in words; empty if nothing does.
    pub(super) fn faults(&self) -> String {
        let counted = [
            (self.vcpu.failures, "processor failures"),
            (self.seccomp.num_faults, "forbidden system calls"),
            (self.vmm.panic_count, "panics of Firecracker"),
        ];
        let told = counted.iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_line_counts() {
        let bytes =
            b"{\"vcpu\":{\"failures\":1}}\n{\"vcpu\":{\"failures\":2},\"other\":[]}\n{\"vcpu\":{\"fail";
        assert_eq!(Metrics::last_of(bytes).unwrap().faults(), "2 processor failures");
        assert_eq!(Metrics::last_of(b""), None);
        assert_eq!(Metrics::last_of(b"\xff\n[1,2]\n"), None);
        assert_eq!(Metrics::last_of(b"{\"vcpu\":-1}\n"), None);
    }

    #[test]
    fn what_is_not_said_is_zero() {
        let metrics = Metrics::last_of(b"{\"latencies_us\":{\"load_snapshot\":7}}\n").unwrap();
        assert_eq!((metrics.latencies_us.load_snapshot, metrics.faults()), (7, String::new()));
    }
}
