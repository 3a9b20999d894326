//! Compiles the example function that `tinderbox demo` deploys: one file, the standard library, no interpreter.
//!
//! It is embedded by `include_bytes!`, so that the demo works on a host with nothing but this binary.

use std::path::Path;
use std::process::Command;

fn main() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hello-rust/bootstrap.rs");
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(reason) = compile(&source) {
        println!("cargo::error=the example function could not be compiled: {reason}");
    }
}

fn compile(source: &Path) -> Result<(), String> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("cargo did not set {name}"));
    let (rustc, target, out) = (variable("RUSTC")?, variable("TARGET")?, variable("OUT_DIR")?);
    let mut command = Command::new(rustc);
    command.args(["--edition", "2024", "--crate-name", "bootstrap", "--target", &target]);
    command.args(["-C", "opt-level=s", "-C", "panic=abort", "-C", "strip=symbols", "-C", "lto=fat"]);
    // Static: it must run in an environment of any C library, and start a little sooner.
    command.args(["-C", "target-feature=+crt-static"]);
    command.arg("-o").arg(Path::new(&out).join("bootstrap")).arg(source);
    // The workspace's flags (coverage, sanitizers) are not the example's.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let status = command.status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(status.to_string()) }
}
