//! The kinds of walls that are compared, and what each is started with. What is missing here is said and left out.
//!
//! Firecracker is named by TINDERBOX_FIRECRACKER and TINDERBOX_JAILER, its kernel by TINDERBOX_GUEST_KERNEL (and, where
//! /dev/kvm is a software one, TINDERBOX_GUEST_CPU_TEMPLATE and TINDERBOX_GUEST_BOOT_ARGS), as for the tests; QEMU's kernel
//! is TINDERBOX_TEST_KERNEL, or what e2e/tools.sh unpacked.

use super::workloads::JAVA;
use crate::functions::Function;
use crate::{Outcome, Setting};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What no measured function reads, and would make each image a gigabyte larger.
const LEFT_OUT: [&str; 4] = ["/usr/share", "/usr/include", "/usr/lib/gcc", "/usr/lib/go-1.19"];

pub(super) struct Backend {
    pub(super) name: &'static str,
    pub(super) arguments: Vec<String>,
    /// Of the process that is one environment's walls; `process` has none.
    pub(super) program: Option<&'static str>,
    pub(super) machines: bool,
    /// What one more of many at once takes at most.
    each: Duration,
    /// Samples of each way; fewer where every instruction is interpreted.
    pub(super) boots: usize,
    pub(super) restores: usize,
    /// Functions whose clones are counted to fifty.
    pub(super) fifty: fn(&Function) -> bool,
}

impl Backend {
    /// What has every version written down after init.
    pub(super) fn keeps(&self) -> &'static [&'static str] {
        if self.machines { &["--snapshots", "every-version"] } else { &[] }
    }

    /// How long each of so many holds its environment, so that no two use one: longer than all may take to come.
    pub(super) fn hold(&self, clones: usize) -> Duration {
        let count = u32::try_from(clones).unwrap_or(u32::MAX);
        Duration::from_secs(2) + self.each * count
    }
}

/// Those that were asked for and are here, `process` first.
pub(super) fn all(setting: &Setting, notes: &mut Vec<String>) -> Outcome<Vec<Backend>> {
    let mut all = Vec::new();
    for name in setting.sandboxes.split(',') {
        let found = match name {
            "process" => Ok(process()),
            "qemu" => qemu(setting),
            "firecracker" => firecracker(setting),
            _ => return Err(format!("--sandbox takes process, qemu and firecracker, not {name}")),
        };
        match found {
            Ok(backend) => all.push(backend),
            Err(reason) => notes.push(format!("{name}: skipped: {reason}")),
        }
    }
    Ok(all)
}

/// What a data folder must have before its server starts.
pub(super) fn prepare(setting: &Setting, data: &Path, function: &Function) -> Outcome<()> {
    if function.language != JAVA {
        return Ok(());
    }
    let mut command = Command::new(&setting.tinderbox);
    command.args(["runtimes", "install", "java", "--data"]).arg(data);
    let done = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let said = || String::from_utf8_lossy(&done.stderr).trim().to_owned();
    if done.status.success() { Ok(()) } else { Err(format!("runtimes install java: {}", said())) }
}

/// The last `took_ms` that the server's log has beside these words.
pub(super) fn last_took_ms(setting: &Setting, words: &str) -> Option<f64> {
    let log = std::fs::read_to_string(setting.out.join("server.log")).ok()?;
    let line = log.lines().rev().find(|line| line.contains(words))?;
    let rest = line.split_once("took_ms=")?.1;
    rest.split_whitespace().next()?.parse().ok()
}

fn process() -> Backend {
    Backend {
        name: "process",
        arguments: vec!["--sandbox".to_owned(), "process".to_owned()],
        program: None,
        each: Duration::from_millis(1_000),
        machines: false,
        boots: 10,
        restores: 10,
        fifty: |_| true,
    }
}

fn qemu(setting: &Setting) -> Result<Backend, String> {
    let kernel = std::env::var("TINDERBOX_TEST_KERNEL")
        .unwrap_or_else(|_| setting.root.join("target/test-tools/kernel").display().to_string());
    if !Path::new(&kernel).exists() {
        return Err(format!("there is no kernel at {kernel} (e2e/tools.sh)"));
    }
    let mut arguments = machine(setting, "qemu", &kernel);
    arguments.extend(["--time-factor".to_owned(), "10".to_owned()]);
    Ok(Backend {
        name: "qemu",
        arguments,
        program: Some("qemu-system-x86"),
        each: Duration::from_millis(2_000),
        machines: true,
        boots: 3,
        restores: 6,
        fifty: |function| function.language == "python",
    })
}

fn firecracker(setting: &Setting) -> Result<Backend, String> {
    let named = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    named("TINDERBOX_FIRECRACKER")?;
    named("TINDERBOX_JAILER")?;
    let mut arguments = machine(setting, "firecracker", &named("TINDERBOX_GUEST_KERNEL")?);
    if let Ok(template) = named("TINDERBOX_GUEST_CPU_TEMPLATE") {
        arguments.extend(["--cpu-template".to_owned(), template]);
    }
    if let Ok(words) = named("TINDERBOX_GUEST_BOOT_ARGS") {
        arguments.push(format!("--boot-arguments={words}"));
    }
    Ok(Backend {
        name: "firecracker",
        arguments,
        program: Some("firecracker"),
        each: Duration::from_millis(250),
        machines: true,
        boots: 8,
        restores: 15,
        fifty: |_| true,
    })
}

fn machine(setting: &Setting, name: &str, kernel: &str) -> Vec<String> {
    let assets = setting.out.join(format!("microvm-{name}"));
    let mut arguments = ["--sandbox", name, "--kernel", kernel, "--assets"].map(str::to_owned).to_vec();
    arguments.push(assets.display().to_string());
    for path in LEFT_OUT {
        arguments.extend(["--leave-out".to_owned(), path.to_owned()]);
    }
    arguments
}
