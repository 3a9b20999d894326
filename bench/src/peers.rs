//! What others do on the same machine in the same run: `cargo lambda watch` and AWS's own emulator.
//!
//! Both come from PyPI wheels into `target/bench/peers`, once; where they do not, they are skipped and it is said.

use crate::api::{Connection, invoke_path};
use crate::load::Target;
use crate::platform::free_address;
use crate::process::Running;
use crate::{Outcome, Setting, functions};
use bytes::Bytes;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The first invocation compiles the function.
const FIRST_ANSWER_WAIT_MAX: Duration = Duration::from_secs(120);

/// A peer that answers at `target` until this is dropped.
pub(crate) struct Peer {
    pub(crate) target: Target,
    /// How many connections at once it can serve: AWS's emulator is one environment.
    pub(crate) connections_max: usize,
    _running: Group,
}

/// A process group of a peer: it starts others, which must end with it.
struct Group(Running);

impl Drop for Group {
    fn drop(&mut self) {
        // SAFETY: kill takes no pointers; the group is one that this process made.
        unsafe { libc::kill(-self.0.pid(), libc::SIGTERM) };
        // cargo-lambda puts functions into groups of their own and ends them itself, when it is asked to end.
        if let Err(reason) = self.0.end() {
            eprintln!("  a peer stays: {reason}");
        }
    }
}

/// Every peer that can be had here; the others are named in `notes`.
pub(crate) async fn start_all(setting: &Setting, notes: &mut Vec<String>) -> Vec<Peer> {
    let mut peers = Vec::new();
    for (name, peer) in [
        ("aws-lambda-rie", start_emulator(setting).await),
        ("cargo lambda watch", start_cargo_lambda(setting).await),
    ] {
        match peer {
            Ok(peer) => peers.push(peer),
            Err(reason) => notes.push(format!("{name}: skipped: {reason}")),
        }
    }
    peers
}

/// AWS's emulator around our no-op program.
async fn start_emulator(setting: &Setting) -> Outcome<Peer> {
    let folder = setting.out.join("peers/aws-sam-cli");
    let emulator = folder.join(format!("samcli/local/rapid/aws-lambda-rie-{}", architecture()));
    if !emulator.is_file() {
        install(&folder, "aws-sam-cli")?;
    }
    let (address, runtime_api) = (free_address()?, free_address()?);
    let program = functions::rust_program(setting)?;
    let mut command = Command::new(&emulator);
    // Without these two it listens on every address.
    command.args(["--runtime-interface-emulator-address", &address.to_string()]);
    command.args(["--runtime-api-address", &runtime_api.to_string()]).arg(program).arg("bootstrap");
    let running = start(command, &setting.out.join("aws-lambda-rie.log"))?;
    let target = target("aws-lambda-rie", address, "function");
    first_answer(&target).await?;
    Ok(Peer { target, connections_max: 1, _running: running })
}

/// `cargo lambda watch` around our no-op program, compiled with optimisation.
async fn start_cargo_lambda(setting: &Setting) -> Outcome<Peer> {
    let folder = setting.out.join("peers/cargo-lambda");
    let program = folder.join("bin/cargo-lambda");
    let program = if program.is_file() {
        program
    } else {
        install(&folder, "cargo-lambda")?;
        if !program.is_file() {
            return Err(format!("the wheel holds no {}", program.display()));
        }
        program
    };
    let package = folder.join("noop");
    fs::create_dir_all(package.join("src")).map_err(|error| error.to_string())?;
    let manifest = "[package]\nname = \"noop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(package.join("Cargo.toml"), manifest).map_err(|error| error.to_string())?;
    let source = setting.root.join("bench/functions/noop-rust/bootstrap.rs");
    fs::copy(source, package.join("src/main.rs")).map_err(|error| error.to_string())?;
    let address = free_address()?;
    let mut command = Command::new(program);
    command.current_dir(&package).args(["lambda", "watch", "--release", "--ignore-changes"]);
    command.args(["--invoke-address", "127.0.0.1", "--invoke-port", &address.port().to_string()]);
    let running = start(command, &setting.out.join("cargo-lambda.log"))?;
    let target = target("cargo lambda watch", address, "noop");
    first_answer(&target).await?;
    Ok(Peer { target, connections_max: usize::MAX, _running: running })
}

fn target(name: &str, address: SocketAddr, function: &str) -> Target {
    Target { name: name.to_owned(), address, path: invoke_path(function) }
}

fn start(mut command: Command, log: &Path) -> Outcome<Group> {
    let open = || File::create(log).map_err(|error| format!("{}: {error}", log.display()));
    command.stdin(Stdio::null()).stdout(open()?).stderr(open()?).process_group(0);
    let child = command.spawn().map_err(|error| error.to_string())?;
    Ok(Group(Running::new(child)))
}

async fn first_answer(target: &Target) -> Outcome<()> {
    let start = Instant::now();
    loop {
        let answer = async {
            let mut connection = Connection::open(target.address).await?;
            connection.invoke(&target.path, Bytes::from_static(b"{}")).await
        };
        let left = FIRST_ANSWER_WAIT_MAX.saturating_sub(start.elapsed());
        let reason = match tokio::time::timeout(left, answer).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(reason)) => reason,
            Err(_) => "it answers nothing".to_owned(),
        };
        if start.elapsed() >= FIRST_ANSWER_WAIT_MAX {
            return Err(reason);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The wheel alone, without what it depends on: one program in it is all that is wanted.
fn install(folder: &Path, package: &str) -> Outcome<()> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]).arg(folder).arg(package);
    let output = command.output().map_err(|error| format!("python3: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().lines().last().unwrap_or_default().to_owned();
    Err(format!("pip install {package}: {said}"))
}

fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}
