//! The cluster's providers against real servers: the same suites as the embedded ones, then what goes wrong.
//!
//! `cargo xtask test --only tools` installs the servers; without them these tests say so and pass, but not in CI.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

#[path = "cluster/faults.rs"]
mod faults;
#[path = "cluster/kit.rs"]
mod kit;
#[path = "cluster/lists.rs"]
mod lists;
#[path = "cluster/proxy.rs"]
mod proxy;
#[path = "cluster/s3.rs"]
mod s3;
#[path = "cluster/suites.rs"]
mod suites;
