//! `cargo xtask e2e`: the end-to-end tests, behind walls of one's choice.
//!
//! Everything is said to the tests by variables: those of `tinderbox up`'s own flags, which every server of the run
//! inherits, and `TINDERBOX_TEST_…`, which `e2e/conftest.py` reads. What a sandbox needs and this machine lacks is said, and
//! the tests are passed over.

use crate::test::tools;
use crate::{Outcome, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How many times slower than on hardware a machine starts and runs. QEMU executes in software (TCG) on all machines that
/// run these tests; a software /dev/kvm executes a guest's kernel, though not its programs.
const QEMU_FACTOR: u32 = 10;
const FIRECRACKER_FACTOR: u32 = 4;
const USAGE: &str = "usage: cargo xtask e2e [--sandbox process|qemu|firecracker] [--full] [--kernel PATH] \
    [--firecracker PATH] [--jailer PATH] [-- pytest's arguments]";

/// What was asked for.
#[derive(Default)]
struct Asked<'a> {
    sandbox: &'a str,
    full: bool,
    /// Flag and value: each wins over its variable.
    paths: Vec<(&'a str, &'a str)>,
    pytest: Vec<&'a str>,
}

pub(crate) fn run(args: &[&str]) -> Outcome {
    let asked = parse(args)?;
    let root = root();
    let mut command = Command::new("bash");
    command.arg("e2e/run.sh").args(&asked.pytest).current_dir(&root).stdin(Stdio::null());
    command.env("TINDERBOX_TEST_TOOLS", tools(&root)).env("TINDERBOX_SANDBOX", asked.sandbox);
    if asked.full {
        command.env("TINDERBOX_TEST_FULL", "1");
    }
    let variables = match asked.sandbox {
        "process" => Ok(Vec::new()),
        "qemu" => qemu(&asked, &root),
        _ => firecracker(&asked),
    };
    match variables {
        Ok(variables) => drop(command.envs(variables)),
        Err(missing) => return Ok(format!("passed over: no machines of {} here: {missing}", asked.sandbox)),
    }
    if asked.sandbox != "process" {
        command.env("TINDERBOX_ASSETS", tools(&root).join("microvm"));
    }
    let status = command.status().map_err(|error| format!("e2e/run.sh: {error}"))?;
    if status.success() { Ok("end to end: passed".to_owned()) } else { Err("end to end: failed".to_owned()) }
}

fn parse<'a>(args: &[&'a str]) -> Result<Asked<'a>, String> {
    let mut asked = Asked { sandbox: "process", ..Asked::default() };
    let mut rest = args.iter().copied();
    while let Some(word) = rest.next() {
        match word {
            "--full" => asked.full = true,
            "--" => asked.pytest = rest.by_ref().collect(),
            "--sandbox" | "--kernel" | "--firecracker" | "--jailer" => {
                let value = rest.next().ok_or(USAGE)?;
                if word == "--sandbox" {
                    asked.sandbox = value;
                } else {
                    asked.paths.push((word, value));
                }
            }
            _ => return Err(USAGE.to_owned()),
        }
    }
    if ["process", "qemu", "firecracker"].contains(&asked.sandbox) {
        Ok(asked)
    } else {
        Err(USAGE.to_owned())
    }
}

type Variables = Vec<(&'static str, String)>;

/// A path from a flag, or from the variable; only one that is there.
fn path(asked: &Asked<'_>, flag: &str, variable: &str) -> Result<String, String> {
    let given = asked.paths.iter().find(|(name, _)| *name == flag).map(|(_, value)| (*value).to_owned());
    let path = given
        .or_else(|| std::env::var(variable).ok())
        .ok_or_else(|| format!("neither {flag} nor {variable} is given"))?;
    // Absolute: servers have other folders to work in.
    let whole = std::path::absolute(&path).map_err(|error| format!("{path}: {error}"))?;
    if whole.exists() { Ok(whole.display().to_string()) } else { Err(format!("{path} is not there")) }
}

fn qemu(asked: &Asked<'_>, root: &Path) -> Result<Variables, String> {
    if installed("qemu-system-x86_64").is_none() {
        return Err("qemu-system-x86_64 is not installed".to_owned());
    }
    let unpacked = tools(root).join("kernel");
    let kernel = path(asked, "--kernel", "TINDERBOX_TEST_KERNEL").or_else(|error| {
        if unpacked.join("boot").is_dir() { Ok(unpacked.display().to_string()) } else { Err(error) }
    })?;
    needs_root()?;
    Ok(vec![("TINDERBOX_KERNEL", kernel), ("TINDERBOX_TIME_FACTOR", QEMU_FACTOR.to_string())])
}

/// `TINDERBOX_GUEST_…` are those of the sandbox's own tests of it.
fn firecracker(asked: &Asked<'_>) -> Result<Variables, String> {
    let mut variables = vec![
        ("TINDERBOX_FIRECRACKER", path(asked, "--firecracker", "TINDERBOX_FIRECRACKER")?),
        ("TINDERBOX_JAILER", path(asked, "--jailer", "TINDERBOX_JAILER")?),
        ("TINDERBOX_KERNEL", path(asked, "--kernel", "TINDERBOX_GUEST_KERNEL")?),
        ("TINDERBOX_TIME_FACTOR", FIRECRACKER_FACTOR.to_string()),
    ];
    let optional = [
        ("TINDERBOX_BOOT_ARGUMENTS", "TINDERBOX_GUEST_BOOT_ARGS"),
        ("TINDERBOX_CPU_TEMPLATE", "TINDERBOX_GUEST_CPU_TEMPLATE"),
    ];
    for (name, variable) in optional {
        variables.extend(std::env::var(variable).ok().map(|value| (name, value)));
    }
    if !Path::new("/dev/kvm").exists() {
        return Err("there is no /dev/kvm".to_owned());
    }
    needs_root()?;
    Ok(variables)
}

fn needs_root() -> Result<(), String> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let is_root =
        status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"));
    if is_root { Ok(()) } else { Err("microVMs need root".to_owned()) }
}

fn installed(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_dashes_is_pytests_own() {
        let asked = parse(&["--sandbox", "qemu", "--full", "--kernel", "k", "--", "-k", "--full"]).unwrap();
        assert_eq!((asked.sandbox, asked.full, asked.pytest), ("qemu", true, vec!["-k", "--full"]));
        assert_eq!(asked.paths, [("--kernel", "k")]);
        assert!(parse(&["--sandbox", "docker"]).is_err());
        assert!(parse(&["--sandbox"]).is_err());
    }
}
