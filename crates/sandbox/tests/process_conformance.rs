//! The conformance suite over the process backend, as whoever runs the tests: as root all walls are there.

mod common;

sandbox::conformance_suite!(async { Some(common::kit().await) });
