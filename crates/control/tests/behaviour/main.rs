//! Control's whole behaviour on a real SQLite file and a real folder of blobs.

mod durable;
mod functions;
mod kit;
mod lists;
mod versions;
