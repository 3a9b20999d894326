//! Any bytes as a zip.
#![no_main]

libfuzzer_sys::fuzz_target!(|zip: &[u8]| tinderbox_fuzz::zip::check(zip));
