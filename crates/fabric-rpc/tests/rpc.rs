//! The calls of every role over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests are tests
#![allow(clippy::disallowed_methods)] // tests start tasks of their own

#[path = "rpc/every_call.rs"]
mod every_call;
#[path = "rpc/faults.rs"]
mod faults;
#[path = "rpc/join.rs"]
mod join;
#[path = "rpc/kit.rs"]
mod kit;
#[path = "rpc/trust.rs"]
mod trust;
