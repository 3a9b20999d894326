//! HTTP, AWS errors, Invoke.

#[allow(dead_code)] // until dispatch calls it
mod logs;
