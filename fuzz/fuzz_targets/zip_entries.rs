//! Zips with odd entries: names and links that lead out, sizes that lie, bombs, encryption, zip64, overlaps.
#![no_main]

libfuzzer_sys::fuzz_target!(|zip: tinderbox_fuzz::zip::Odd| tinderbox_fuzz::zip::check(&zip.bytes()));
