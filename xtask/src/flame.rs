//! `cargo xtask flame`: where the server's processor time goes on the warm path, as a picture.
//!
//! A profile of its own (`flame` in Cargo.toml) keeps the names of functions that the shipped binary has not; frame
//! pointers make stacks cheap to walk. `perf` samples; `bench` drives the load and draws.

use crate::{Outcome, root};
use std::process::{Command, Stdio};

pub(crate) fn run(args: &[&str]) -> Outcome {
    if !args.iter().all(|arg| arg.starts_with("--seconds=")) {
        return Err("usage: cargo xtask flame [--seconds=N]".to_owned());
    }
    let perf = Command::new("perf").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !perf.is_ok_and(|status| status.success()) {
        return Err("perf is not here: on Debian it is in the package linux-perf".to_owned());
    }
    let root = root();
    let out = root.join("target/bench");
    let mut named = cargo(&["--profile", "flame", "--package", "tinderbox", "--target-dir", "target/flame"]);
    named.env("RUSTFLAGS", "-C force-frame-pointers=yes");
    let mut bench = cargo(&["--release", "--package", "bench"]);
    let mut draw = Command::new("target/release/bench");
    draw.arg("flame").arg(&root).arg(&out).args(args);
    for command in [&mut named, &mut bench, &mut draw] {
        let status = command.current_dir(&root).stdin(Stdio::null()).status();
        let status = status.map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        if !status.success() {
            return Err(format!("{}: {status}", command.get_program().display()));
        }
    }
    Ok(format!("open {}", out.join("flame.svg").display()))
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.arg("build").args(args);
    command
}
