//! The store through its role's trait, on a real file.

#![allow(clippy::unwrap_used)] // all of it is test code, the helpers outside #[test] too

mod bounds;
mod kill;
mod kit;
mod paging;
mod semantics;
