//! The worker over a sandbox that is plain host processes: the protocol, the life and the lines, not the walls.
#![allow(clippy::disallowed_methods)] // the tests' own spawner is tokio's
#![allow(clippy::unwrap_used, clippy::expect_used)] // what helps tests is a test

mod abuse;
mod copies;
mod door;
mod double;
mod epochs;
mod kit;
mod life;
mod pool;
mod provisioned;
mod raw;
mod snapstart;
mod stream;
mod tenancy;
mod turnstile;
