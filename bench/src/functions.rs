//! The functions that are measured, as packages, and the bare starts that their cold starts are compared with.

use crate::api::Package;
use crate::statistics::{Samples, milliseconds};
use crate::{Outcome, Setting};
use serde_json::Value;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use zip::write::SimpleFileOptions;

/// A no-op function in one language, and how its program starts without any platform.
pub(crate) struct Function {
    pub(crate) language: &'static str,
    pub(crate) package: Package,
    /// A program and arguments that start, do nothing (or what init does) and end.
    pub(crate) bare: (PathBuf, Vec<String>),
    /// Its runtime can wait for a function before there is one.
    pub(crate) waits: bool,
}

impl Function {
    /// From exec to exit of the bare interpreter (of the program itself, for Rust), milliseconds.
    pub(crate) fn bare_start(&self, times: usize) -> Outcome<Samples> {
        let mut samples = Vec::new();
        for _ in 0..times {
            let mut command = Command::new(&self.bare.0);
            command.args(&self.bare.1).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            // A program that connects nowhere and ends at once.
            command.env_clear().env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1");
            let start = Instant::now();
            command.status().map_err(|error| format!("{}: {error}", self.bare.0.display()))?;
            samples.push(milliseconds(start.elapsed()));
        }
        Ok(Samples::of(samples))
    }
}

/// Every language that this host has; what is missing is said in `notes`.
pub(crate) fn all(setting: &Setting, notes: &mut Vec<String>) -> Outcome<Vec<Function>> {
    let mut all = vec![rust(setting)?];
    let found = interpreters(setting)?;
    for (language, name, file, handler, nothing) in [
        (
            "python",
            "python3",
            "noop-python/lambda_function.py",
            "lambda_function.lambda_handler",
            ["-c", "pass"],
        ),
        ("nodejs", "nodejs", "noop-nodejs/index.mjs", "index.handler", ["-e", "0"]),
    ] {
        match newest(&found, language) {
            Some((runtime, program)) => {
                let source = setting.root.join("bench/functions").join(file);
                let package = Package { runtime, handler, zip: zip(&source, false)? };
                all.push(Function {
                    language,
                    package,
                    bare: (program, nothing.map(str::to_owned).to_vec()),
                    waits: true,
                });
            }
            None => notes.push(format!("{language}: skipped, since no {name} is installed here")),
        }
    }
    Ok(all)
}

/// Compiled with what AWS's own examples use: optimised, one static program.
pub(crate) fn rust(setting: &Setting) -> Outcome<Function> {
    let program = rust_program(setting)?;
    let package =
        Package { runtime: "provided.al2023".to_owned(), handler: "bootstrap", zip: zip(&program, true)? };
    Ok(Function { language: "rust", package, bare: (program, Vec::new()), waits: false })
}

/// The no-op in Rust as a program on disk.
pub(crate) fn rust_program(setting: &Setting) -> Outcome<PathBuf> {
    let program = setting.out.join("bootstrap");
    let source = setting.root.join("bench/functions/noop-rust/bootstrap.rs");
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut command = Command::new("rustc");
    command.args(["--edition", "2024", "--target", &target, "-C", "opt-level=3", "-C", "panic=abort"]);
    command
        .args(["-C", "strip=symbols", "-C", "target-feature=+crt-static", "-o"])
        .arg(&program)
        .arg(&source);
    let status = command.status().map_err(|error| format!("rustc: {error}"))?;
    if status.success() { Ok(program) } else { Err(format!("rustc {}: {status}", source.display())) }
}

fn zip(file: &Path, executable: bool) -> Outcome<Vec<u8>> {
    let name = file.file_name().and_then(|name| name.to_str()).ok_or("a file without a name")?;
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let bytes = fs::read(file).map_err(|error| failed(&error))?;
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(if executable { 0o755 } else { 0o644 });
    writer.start_file(name, options).map_err(|error| failed(&error))?;
    writer.write_all(&bytes).map_err(|error| failed(&error))?;
    Ok(writer.finish().map_err(|error| failed(&error))?.into_inner())
}

/// Everything below a folder that is wanted, with names relative to it.
pub(crate) fn zip_folder(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Outcome<Vec<u8>> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(0o755); // libraries among them
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(&inside).map_err(|error| failed(&inside, &error))? {
            let path = entry.map_err(|error| failed(&inside, &error))?.path();
            let name = path.strip_prefix(folder).map_err(|error| failed(&path, &error))?;
            if !wanted(name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            writer.start_file(name.to_string_lossy(), options).map_err(|error| failed(&path, &error))?;
            let bytes = fs::read(&path).map_err(|error| failed(&path, &error))?;
            writer.write_all(&bytes).map_err(|error| failed(&path, &error))?;
        }
    }
    Ok(writer.finish().map_err(|error| failed(folder, &error))?.into_inner())
}

/// What the platform itself would take.
fn interpreters(setting: &Setting) -> Outcome<Vec<Value>> {
    let mut command = Command::new(&setting.tinderbox);
    command.args(["runtimes", "ls", "--output", "json", "--data"]).arg(setting.out.join("no-data"));
    let output = command.output().map_err(|error| format!("{}: {error}", setting.tinderbox.display()))?;
    let value: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("runtimes ls: {error}"))?;
    Ok(value["interpreters"].as_array().cloned().unwrap_or_default())
}

/// The runtime's identifier and its program. A deprecated one would be refused, so older ones are named newer; the
/// platform then takes the nearest, which is this one.
fn newest(found: &[Value], language: &str) -> Option<(String, PathBuf)> {
    let version = |it: &Value| Some((it["version"]["major"].as_u64()?, it["version"]["minor"].as_u64()?));
    let ours = found.iter().filter(|it| it["language"] == language);
    let best = ours.max_by_key(|it| version(it))?;
    let (major, minor) = version(best)?;
    let identifier = match language {
        "python" => format!("python{major}.{}", minor.clamp(10, 14)),
        _ => format!("nodejs{}.x", major.clamp(20, 24) / 2 * 2),
    };
    Some((identifier, PathBuf::from(best["real_path"].as_str()?)))
}
