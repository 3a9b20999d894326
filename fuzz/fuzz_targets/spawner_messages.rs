//! The typed messages of the spawner, its inits and the egress process.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    sandbox::process::fuzzing::messages(bytes);
    sandbox::egress::fuzzing::orders(bytes);
});
