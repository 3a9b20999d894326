//! Manifests and working sets as they might lie on a disk. Checksums count as right under `cfg(fuzzing)`.
#![no_main]

use images::chunks::{CHUNK_BYTES, CHUNKS_MAX, Manifest};
use images::working_set::{RANGES_MAX, WorkingSet};

/// Written again it is the same but for the checksum.
fn same(read: &[u8], written: &[u8]) {
    assert_eq!(read.len(), written.len());
    assert_eq!(read[..read.len() - 32], written[..read.len() - 32]);
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::decode(bytes) {
        same(bytes, &manifest.encode());
        assert!(manifest.length() <= (CHUNKS_MAX * CHUNK_BYTES) as u64);
        assert!(manifest.chunks().count() <= CHUNKS_MAX);
        assert!(manifest.stored_bytes() <= manifest.length());
    }
    if let Ok(set) = WorkingSet::decode(bytes) {
        same(bytes, &set.encode());
        assert!(set.byte_ranges().count() <= RANGES_MAX);
        assert!(set.byte_ranges().all(|range| range.start < range.end));
    }
});
