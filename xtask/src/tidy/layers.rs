//! Arrows go down only. The floors are those of ARCHITECTURE.md.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::Findings;

const BESIDE: &[&str] = &["sim", "testkit", "e2e", "xtask", "bench", "fuzz"];
/// Services meet in `fabric`: no edges inside this floor, whatever the reason.
const SERVICES: usize = 5;
const FLOORS: [&[&str]; 6] = [
    &["types", "world"],
    &["lambda-api", "runtime-api", "fabric", "guest-protocol"],
    &["scheduler", "fabric-rpc"],
    &["substrate", "walls", "sandbox", "images"],
    &["frontend", "control", "assignment", "placement", "worker", "eventing", "telemetry"],
    &["tinderbox", "guest-init"],
];

/// Edges inside floors 1, 2 and 4 that are wanted: from, to, why. (Cargo itself refuses a cycle.)
pub(super) const SIDEWAYS: &[(&str, &str, &str)] = &[
    ("sandbox", "walls", "the process backend builds on the host what guest-init builds in a microVM"),
    ("sandbox", "images", "a microVM sees folders of the host as images"),
    ("images", "substrate", "chunks are blobs"),
];

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Crate>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Crate {
    pub(super) name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

pub(super) fn metadata(root: &Path) -> Result<String, String> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

pub(super) fn parse(metadata: &str) -> Result<Vec<Crate>, String> {
    let metadata: Metadata =
        serde_json::from_str(metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    Ok(metadata.packages)
}

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name)).map(|idx| idx + 1)
}

pub(super) fn check(crates: &[Crate], sideways: &[(&str, &str, &str)]) -> Findings {
    let mut findings = Findings::new();
    let mut used = Vec::new();
    let ours = |name: &str| crates.iter().any(|other| other.name == name);
    for from in crates {
        if BESIDE.contains(&from.name.as_str()) {
            continue;
        }
        let Some(above) = floor(&from.name) else {
            findings.push(format!("layers: crate {} is on no floor (xtask/src/tidy/layers.rs)", from.name));
            continue;
        };
        for to in from.dependencies.iter().filter(|to| ours(&to.name) && to.name != from.name) {
            let edge = format!("layers: {} -> {}", from.name, to.name);
            let dev = to.kind.as_deref() == Some("dev");
            if BESIDE.contains(&to.name.as_str()) {
                if !dev {
                    findings.push(format!("{edge}: what ships may not depend on what does not"));
                }
                continue;
            }
            match floor(&to.name) {
                Some(below) if below < above => {}
                Some(below) if below > above => {
                    findings.push(format!("{edge}: goes up, floor {above} to {below}"))
                }
                Some(SERVICES) => findings.push(format!("{edge}: services meet in fabric only")),
                Some(_) => match sideways.iter().find(|(a, b, _)| *a == from.name && *b == to.name) {
                    Some(allowed) if [1, 2, 4].contains(&above) => used.push(*allowed),
                    _ => findings.push(format!("{edge}: sideways on floor {above}, and not in SIDEWAYS")),
                },
                None => {} // Reported once, for the crate itself.
            }
        }
    }
    for (from, to, reason) in sideways {
        if reason.is_empty() || !used.contains(&(*from, *to, *reason)) {
            findings.push(format!("layers: SIDEWAYS {from} -> {to} is not needed or has no reason"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a: b c dev:d` lines to crates.
    fn crates(text: &str) -> Vec<Crate> {
        let line = |line: &str| {
            let (name, rest) = line.split_once(':').unwrap();
            let dependencies = rest.split_whitespace().map(|word| match word.strip_prefix("dev=") {
                Some(name) => Dependency { name: name.to_owned(), kind: Some("dev".to_owned()) },
                None => Dependency { name: word.to_owned(), kind: None },
            });
            Crate { name: name.trim().to_owned(), dependencies: dependencies.collect() }
        };
        text.lines().map(line).collect()
    }

    #[test]
    fn arrows_go_down_only() {
        let all = "types:\nfabric: types\nsandbox: types\nworker: fabric\nfrontend: fabric\ntinderbox:\ntestkit: tinderbox\nxtask:";
        assert_eq!(check(&crates(all), &[]), Findings::new());
        for (bad, expected) in [
            ("types: fabric\nfabric:", "layers: types -> fabric: goes up, floor 1 to 2"),
            ("worker: frontend\nfrontend:", "layers: worker -> frontend: services meet in fabric only"),
            ("worker: dev=frontend\nfrontend:", "layers: worker -> frontend: services meet in fabric only"),
            (
                "worker: testkit\ntestkit:",
                "layers: worker -> testkit: what ships may not depend on what does not",
            ),
            (
                "images: sandbox\nsandbox:",
                "layers: images -> sandbox: sideways on floor 4, and not in SIDEWAYS",
            ),
            ("cellar:", "layers: crate cellar is on no floor (xtask/src/tidy/layers.rs)"),
        ] {
            assert_eq!(check(&crates(bad), &[]), [expected], "{bad}");
        }
        assert_eq!(check(&crates("worker: dev=testkit serde\ntestkit: worker"), &[]), Findings::new());
    }

    #[test]
    fn a_sideways_edge_needs_a_reason_and_goes_when_unused() {
        let all = crates("images: substrate\nsubstrate:");
        assert_eq!(check(&all, &[("images", "substrate", "chunks are blobs")]), Findings::new());
        let unneeded = check(&all, &[("images", "substrate", "chunks"), ("images", "sandbox", "no more")]);
        assert_eq!(unneeded, ["layers: SIDEWAYS images -> sandbox is not needed or has no reason"]);
        let services = crates("worker: frontend\nfrontend:");
        assert_eq!(check(&services, &[("worker", "frontend", "please")]).len(), 2);
    }

    #[test]
    fn cargos_metadata_is_understood() {
        let text = r#"{"packages":[{"name":"a","dependencies":[{"name":"b","kind":null,"path":"x"},{"name":"c","kind":"dev"}]}]}"#;
        let crates = parse(text).unwrap();
        assert_eq!((crates[0].name.as_str(), crates[0].dependencies.len()), ("a", 2));
    }
}
