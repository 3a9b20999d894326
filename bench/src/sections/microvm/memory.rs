//! What environments hold of this host's memory, by what the kernel says of the processes that are their walls.

use crate::process;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A mapping of a monitor that is this large is its guest's memory: no library or heap of theirs comes near.
const GUEST_KB_MIN: u64 = 512 * 1024;

/// KiB of some processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) processes: u64,
    /// Pages that nobody else maps.
    pub(super) private: u64,
    /// Pages that others map too, counted in each.
    pub(super) shared: u64,
    /// Each page divided by how many map it.
    pub(super) pss: u64,
    /// Private pages beside the guest's memory: the monitor itself.
    pub(super) overhead: u64,
}

/// Processes below a server that are environments: those of a monitor by its name, else all but the server's own.
pub(super) fn guests(server: i32, program: Option<&str>) -> Vec<i32> {
    let is_guest = |pid: &i32| {
        let name = process::name(*pid);
        program.map_or_else(|| !name.is_empty() && !process::is_ours(&name), |program| name == program)
    };
    process::descendants(server).into_iter().filter(is_guest).collect()
}

pub(super) fn held(pids: &[i32]) -> Held {
    let mut all = Held::default();
    for pid in pids {
        let smaps = std::fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap_or_default();
        let one = of(&smaps);
        all.processes += 1;
        all.private += one.private;
        all.shared += one.shared;
        all.pss += one.pss;
        all.overhead += one.overhead;
    }
    all
}

/// Blocks that a folder's files take.
pub(super) fn disk_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
            Ok(metadata) => metadata.blocks() * 512,
            Err(_) => 0, // gone meanwhile
        })
        .sum()
}

fn of(smaps: &str) -> Held {
    let mut held = Held::default();
    let mut size = 0;
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(value)) =
            (words.next(), words.next().and_then(|word| word.parse::<u64>().ok()))
        else {
            continue; // the head of a mapping
        };
        match name {
            "Size:" => size = value,
            "Pss:" => held.pss += value,
            "Private_Clean:" | "Private_Dirty:" => {
                held.private += value;
                held.overhead += if size >= GUEST_KB_MIN { 0 } else { value };
            }
            "Shared_Clean:" | "Shared_Dirty:" => held.shared += value,
            _ => {}
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_s_memory_is_no_overhead_of_its_monitor() {
        let smaps = "7f0000000000-7f0040000000 rw-p 00000000 fe:00 7 /snapshot/memory\n\
            Size:            1048576 kB\nPss:                2000 kB\nShared_Clean:       3000 kB\nPrivate_Dirty:       500 kB\n\
            55d000000000-55d000100000 r-xp 00000000 fe:00 8 /firecracker\n\
            Size:               1024 kB\nPss:                 100 kB\nPrivate_Clean:        40 kB\nPrivate_Dirty:        60 kB\n\
            VmFlags: rd ex mr mw me\n";
        let expected = Held { processes: 0, private: 600, shared: 3000, pss: 2100, overhead: 100 };
        assert_eq!(of(smaps), expected);
    }
}
