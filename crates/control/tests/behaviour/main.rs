//! Control's whole behaviour on a real SQLite file and a real folder of blobs.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod backup;
mod durable;
mod functions;
mod garbage;
mod kit;
mod lists;
#[allow(dead_code)] // it serves other tests, too
#[path = "../../../substrate/tests/cluster/kit.rs"]
mod nats_kit;
mod provisions;
mod reservations;
mod shared;
mod shared_kit;
mod snap_start;
mod together;
mod versions;
