//! The conformance suite over machines of the real Firecracker. What it needs and how it is named: `firecracker_machines`.
//! Where that is not there, each test says so and is passed over.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;
mod firecracker;
mod machines;

sandbox::conformance_suite!(firecracker::kit());
