//! `cargo xtask sim`: builds the crate `sim` as it ships (a debug build would measure something else) and runs it.

use crate::{Outcome, root};
use std::process::{Command, Stdio};

pub(crate) fn run(args: &[&str]) -> Outcome {
    let status = Command::new("cargo")
        .args(["run", "--release", "--quiet", "--package", "sim", "--"])
        .args(args)
        .current_dir(root())
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(String::new()) } else { Err(format!("sim: {status}")) }
}
