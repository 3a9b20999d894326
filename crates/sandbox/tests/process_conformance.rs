//! The conformance suite over the process backend, as whoever runs the tests: as root all walls are there.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;

sandbox::conformance_suite!(async { Some(common::kit().await) });
