//! `cargo xtask codegen`: the API surface is data (design decision 1).
//!
//! ```text
//! botocore wheel ──reduce──► models/{lambda,logs}.json ──generate──► crates/lambda-api/src/generated/**
//!                                models/lambda-overrides.json ──┘
//! ```

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Outcome, root};

mod model;
mod names;
mod newer;
mod reduce;
mod routes;
mod rules;
mod shapes;

use model::{Model, Overrides};

const HEADER: &str = "// Made by `cargo xtask codegen` from models/. Do not edit.\n\n";

/// A generated file: path below `crates/lambda-api/src/generated`, and its text.
type File = (String, String);

pub(crate) fn run(args: &[&str]) -> Outcome {
    match args {
        [] => write(),
        ["--check"] => check(),
        ["--reduce", wheel] => reduce::run(Path::new(wheel), &root().join("models")),
        ["--check-newer", wheel] => newer::run(Path::new(wheel), &root().join("models")),
        _ => Err(crate::USAGE.to_owned()),
    }
}

fn write() -> Outcome {
    let folder = root().join("crates/lambda-api/src/generated");
    let files = generate()?;
    for (name, text) in &files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        }
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(format!("codegen: {} files written", files.len()))
}

fn check() -> Outcome {
    let folder = root().join("crates/lambda-api/src/generated");
    let files = generate()?;
    let stale: Vec<_> = files
        .iter()
        .filter(|(name, text)| fs::read_to_string(folder.join(name)).ok().as_deref() != Some(text))
        .map(|(name, _)| format!("stale: {}", folder.join(name).display()))
        .collect();
    if stale.is_empty() {
        Ok("codegen: generated code is up to date".to_owned())
    } else {
        Err(format!("{}\nrun `cargo xtask codegen`", stale.join("\n")))
    }
}

fn generate() -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    for service in ["lambda", "logs"] {
        let mut model = Model::read(&root().join(format!("models/{service}.json")))?;
        let overrides = Overrides::read(&root().join(format!("models/{service}-overrides.json")))?;
        overrides.apply(&mut model)?;
        for (name, text) in [
            ("operations", routes::operations(&model)),
            ("shapes", shapes::shapes(&model)? + &shapes::every_input(&model, service)),
            ("validation", rules::validation(&model, &overrides)?),
            ("errors", rules::errors(&model)),
        ] {
            files.push((format!("{service}/{name}.rs"), rustfmt(&format!("{HEADER}{text}"))?));
        }
    }
    Ok(files)
}

fn rustfmt(text: &str) -> Result<String, String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root().join("rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt (rustup component add rustfmt): {error}"))?;
    let stdin = child.stdin.take();
    let input = text.to_owned();
    // Written beside the read: either pipe may fill up.
    let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().map_err(|error| format!("rustfmt: {error}"))?;
    let written = writer.join().map_err(|_| "rustfmt: writer failed".to_owned())?;
    if let Some(Err(error)) = written {
        return Err(format!("rustfmt: {error}"));
    }
    if !output.status.success() {
        return Err("rustfmt refused the generated code".to_owned());
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rustfmt: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generated_code_is_not_stale() {
        if let Err(text) = check() {
            panic!("{text}");
        }
    }
}
