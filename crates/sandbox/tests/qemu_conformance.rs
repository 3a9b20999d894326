//! The conformance suite over machines of QEMU: in software where there is no hardware for it.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;
mod machines;

sandbox::conformance_suite!(machines::kit());
