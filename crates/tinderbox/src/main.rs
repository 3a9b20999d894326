//! One binary, every role.
fn main() {}
