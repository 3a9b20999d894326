//! Makes the programs that this binary carries, each static and small, and embedded by `include_bytes!`, so that one
//! binary stays one:
//!
//! | file in OUT_DIR | what it is | how |
//! |---|---|---|
//! | `bootstrap` | the example function that `tinderbox demo` deploys | one file, rustc itself |
//! | `guest-init` | PID 1 of every microVM | a crate with dependencies, a cargo of its own |

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let example = workspace().join("examples/hello-rust/bootstrap.rs");
    println!("cargo::rerun-if-changed={}", example.display());
    if let Err(reason) = compile_example(&example) {
        println!("cargo::error=the example function could not be compiled: {reason}");
    }
    if let Err(reason) = build_guest_init() {
        println!("cargo::error=guest-init could not be built: {reason}");
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn compile_example(source: &Path) -> Result<(), String> {
    let (rustc, target, out) = (variable("RUSTC")?, variable("TARGET")?, variable("OUT_DIR")?);
    let mut command = Command::new(rustc);
    command.args(["--edition", "2024", "--crate-name", "bootstrap", "--target", &target]);
    command.args(["-C", "opt-level=s", "-C", "panic=abort", "-C", "strip=symbols", "-C", "lto=fat"]);
    // Static: it must run in an environment of any C library, and start a little sooner.
    command.args(["-C", "target-feature=+crt-static"]);
    command.arg("-o").arg(Path::new(&out).join("bootstrap")).arg(source);
    // The workspace's flags (coverage, sanitizers) are not the example's.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    run(&mut command)
}

/// Its target folder lies beside those of the other profiles, not in OUT_DIR: the same program serves `check`, `clippy`,
/// `test` and every profile, so it is built once for all of them, and again only when its sources change.
fn build_guest_init() -> Result<(), String> {
    let (cargo, target, out) = (variable("CARGO")?, variable("TARGET")?, PathBuf::from(variable("OUT_DIR")?));
    // TARGET_DIR[/TRIPLE]/PROFILE/build/tinderbox-HASH/out
    let folder = out.ancestors().nth(4).ok_or("OUT_DIR is not below a target folder")?.join("guest-init");
    let mut command = Command::new(cargo);
    command.current_dir(workspace()).args(["build", "--quiet", "--locked", "--package", "guest-init"]);
    command.args(["--profile", "guest", "--target", &target, "--target-dir"]).arg(&folder);
    // Static, and nothing of what the outer build is for: coverage, sanitizers, clippy in the compiler's place.
    command.env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=+crt-static").env_remove("RUSTFLAGS");
    command
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET");
    run(&mut command)?;
    let program = folder.join(&target).join("guest/guest-init");
    std::fs::copy(&program, out.join("guest-init"))
        .map_err(|error| format!("{}: {error}", program.display()))?;
    rerun_if_changed(&program.with_extension("d"))
}

/// Cargo's list of the sources, from which it follows which crates of ours it is made of.
fn rerun_if_changed(list: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(list).map_err(|error| format!("{}: {error}", list.display()))?;
    let crates = workspace().join("crates").canonicalize().map_err(|error| error.to_string())?;
    let name = |path: &str| {
        Some(Path::new(path).strip_prefix(&crates).ok()?.components().next()?.as_os_str().to_owned())
    };
    let names: BTreeSet<_> = text.split_whitespace().filter_map(name).collect();
    if names.is_empty() {
        return Err(format!("{} names no source", list.display()));
    }
    for name in names {
        for part in ["src", "Cargo.toml"] {
            println!("cargo::rerun-if-changed={}", crates.join(&name).join(part).display());
        }
    }
    // Versions of its dependencies, and its profile.
    for file in ["Cargo.lock", "Cargo.toml"] {
        println!("cargo::rerun-if-changed={}", workspace().join(file).display());
    }
    Ok(())
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("cargo did not set {name}"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(status.to_string()) }
}
