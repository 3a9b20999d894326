//! Control's whole behaviour on a real SQLite file and a real folder of blobs.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod durable;
mod functions;
mod kit;
mod lists;
mod reservations;
mod snap_start;
mod versions;
