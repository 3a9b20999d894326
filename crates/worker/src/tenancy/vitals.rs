//! What a worker lacks, as its host says.

use fabric::placement::Pressure;
use std::path::PathBuf;

/// Looked at before each heartbeat, off the async threads.
pub trait Vitals: Send + Sync + 'static {
    /// What is short, if anything is.
    fn pressure(&self) -> Option<Pressure>;
}

/// The host's own figures.
pub struct HostVitals {
    /// On the disk that counts.
    pub data: PathBuf,
    /// Below this share of the disk it is short, percent.
    pub disk_free_min: u64,
    /// Below this share of the host's memory it is short, percent.
    pub memory_free_min: u64,
}

impl HostVitals {
    /// With the usual bounds.
    pub fn new(data: PathBuf) -> Self {
        // What one zip unpacked may take on a small disk; what the kernel begins to reclaim at on a small host.
        Self { data, disk_free_min: 5, memory_free_min: 5 }
    }

    fn disk_is_short(&self) -> bool {
        // A disk that does not answer is no disk to unpack code on.
        let Ok(disk) = rustix::fs::statvfs(&self.data) else { return true };
        disk.f_bavail.saturating_mul(100) < disk.f_blocks.saturating_mul(self.disk_free_min)
    }

    fn memory_is_short(&self) -> bool {
        let Ok(text) = std::fs::read_to_string("/proc/meminfo") else { return false };
        let (Some(total), Some(available)) = (field(&text, "MemTotal:"), field(&text, "MemAvailable:"))
        else {
            return false; // a kernel that does not say
        };
        available.saturating_mul(100) < total.saturating_mul(self.memory_free_min)
    }
}

impl Vitals for HostVitals {
    fn pressure(&self) -> Option<Pressure> {
        if self.disk_is_short() {
            return Some(Pressure::Disk);
        }
        self.memory_is_short().then_some(Pressure::Memory)
    }
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_short_below_its_bounds_and_a_disk_that_is_not_there_is_short() {
        let folder = tempfile::tempdir().unwrap();
        let vitals = |disk_free_min, memory_free_min| HostVitals {
            data: folder.path().to_owned(),
            disk_free_min,
            memory_free_min,
        };
        assert_eq!(vitals(0, 0).pressure(), None);
        assert_eq!(vitals(101, 101).pressure(), Some(Pressure::Disk));
        assert_eq!(vitals(0, 101).pressure(), Some(Pressure::Memory));
        assert_eq!(HostVitals::new(folder.path().join("gone")).pressure(), Some(Pressure::Disk));
    }
}
