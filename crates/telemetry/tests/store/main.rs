//! The role's trait, on a real file and over the embedded shared stores.

#![allow(clippy::unwrap_used)] // all of it is test code, the helpers outside #[test] too

mod bounds;
mod cluster;
mod faults;
mod garbage;
mod kill;
mod kit;
mod paging;
mod semantics;
mod shared;
