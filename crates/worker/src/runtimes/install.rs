//! `tinderbox runtimes install LANGUAGE`: what managed runtimes carry beside the client (boto3, `@aws-sdk/*`, Java's
//! client jars), pinned and checksummed, by the ordinary client of each registry.
//!
//! ```text
//! DATA/runtimes/.install-LANGUAGE-PID (filled and verified) ── rename ──> DATA/runtimes/LANGUAGE
//!        │ fails                                                   the one before, if any, is moved away and removed
//!        └──> removed; what was installed before stays
//! ```
//!
//! The pins live in `runtimes/*/`: pip and npm verify the hashes themselves, jars are verified here.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::probe::{PROBE_TIME_MAX, Said, ask};
use super::{Interpreter, Language, Version};

const PYTHON_PINS: &str = include_str!("../../../../runtimes/python/requirements.txt");
const NODE_PACKAGE: &str = include_str!("../../../../runtimes/nodejs/package.json");
const NODE_LOCK: &str = include_str!("../../../../runtimes/nodejs/package-lock.json");
const JAVA_PINS: &str = include_str!("../../../../runtimes/java/jars.txt");
const MAVEN_COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
/// What is kept of a failed client's words: enough for its last complaint.
const COMPLAINT_LINES: usize = 12;
const LINE_BYTES_MAX: u64 = 16 * 1024;
const PYTHON_OLDEST: Version = Version::new(3, 10, 0);

/// What a progress bar shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A new part of the work begins: its number, how many there are, what it is.
    Step { number: u32, of: u32, what: String },
    /// The client said something.
    Said(String),
}

#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("{program} is not there: {advice}")]
    NoClient { program: String, advice: &'static str },
    #[error("{program} failed ({status}): {complaint}")]
    Failed { program: String, status: String, complaint: String },
    #[error("{file} is not the pinned one: SHA-256 {found}, expected {expected}. Nothing was installed.")]
    Checksum { file: String, found: String, expected: String },
    #[error("{0} did not arrive. Nothing was installed.")]
    Missing(String),
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
}

fn io_error(what: &str, path: &Path) -> impl FnOnce(std::io::Error) -> InstallError {
    let what = format!("{what} {}", path.display());
    move |source| InstallError::Io { what, source }
}

/// Installs or replaces; answers with the folder. Blocks: give it a thread of its own.
pub fn install(
    language: Language,
    data_dir: &Path,
    interpreters: &[Interpreter],
    progress: &mut dyn FnMut(Progress),
) -> Result<PathBuf, InstallError> {
    let runtimes = data_dir.join("runtimes");
    fs::create_dir_all(&runtimes).map_err(io_error("cannot make", &runtimes))?;
    let fresh = runtimes.join(format!(".install-{}-{}", language.name(), std::process::id()));
    remove(&fresh)?;
    fs::create_dir(&fresh).map_err(io_error("cannot make", &fresh))?;
    let done = fill(language, &fresh, interpreters, progress)
        .and_then(|()| readable(&fresh))
        .and_then(|()| put_in_place(language, &fresh, &runtimes));
    if done.is_err() {
        // The first failure is the one to tell.
        let _ = remove(&fresh);
    }
    done
}

fn fill(
    language: Language,
    fresh: &Path,
    interpreters: &[Interpreter],
    progress: &mut dyn FnMut(Progress),
) -> Result<(), InstallError> {
    let mut step = |number, what: &str| progress(Progress::Step { number, of: 2, what: what.to_owned() });
    match language {
        Language::Python => {
            step(1, "boto3 and what it needs, by pip");
            pip(fresh, interpreters, progress)?;
        }
        Language::Nodejs => {
            step(1, "the AWS SDK for JavaScript v3, by npm");
            npm(fresh, progress)?;
        }
        Language::Java => {
            step(1, "AWS's runtime interface client, by mvn");
            maven(fresh, progress)?;
        }
    }
    progress(Progress::Step { number: 2, of: 2, what: "put in place".into() });
    Ok(())
}

/// Only the rename makes it visible: nobody sees half an installation.
fn put_in_place(language: Language, fresh: &Path, runtimes: &Path) -> Result<PathBuf, InstallError> {
    let place = runtimes.join(language.name());
    let old = runtimes.join(format!(".old-{}-{}", language.name(), std::process::id()));
    remove(&old)?;
    if place.exists() {
        // Environments that run keep what is mounted in them.
        fs::rename(&place, &old).map_err(io_error("cannot move", &place))?;
    }
    if let Err(error) = fs::rename(fresh, &place) {
        if old.exists() {
            let _ = fs::rename(&old, &place);
        }
        return Err(io_error("cannot put in place", &place)(error));
    }
    remove(&old)?;
    Ok(place)
}

fn remove(folder: &Path) -> Result<(), InstallError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(io_error("cannot remove", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Environments run as other users: whatever the umask was, they may read.
fn readable(path: &Path) -> Result<(), InstallError> {
    let meta = fs::symlink_metadata(path).map_err(io_error("cannot read", path))?;
    if meta.is_symlink() {
        return Ok(());
    }
    let extra = if meta.is_dir() { 0o555 } else { 0o444 };
    let mode = (meta.permissions().mode() & 0o755) | extra;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(io_error("cannot open up", path))?;
    if meta.is_dir() {
        for entry in fs::read_dir(path).map_err(io_error("cannot read", path))? {
            readable(&entry.map_err(io_error("cannot read", path))?.path())?;
        }
    }
    Ok(())
}

fn pip(
    fresh: &Path,
    interpreters: &[Interpreter],
    progress: &mut dyn FnMut(Progress),
) -> Result<(), InstallError> {
    let advice = "boto3 needs Python 3.10 or newer with pip on this host (for example the packages python3 and \
                  python3-pip)";
    let newest = interpreters
        .iter()
        .filter(|i| i.language == Language::Python && i.version >= PYTHON_OLDEST)
        .max_by_key(|i| i.version)
        .ok_or(InstallError::NoClient { program: "pip".into(), advice })?;
    let pins = fresh.join("requirements.txt");
    fs::write(&pins, PYTHON_PINS).map_err(io_error("cannot write", &pins))?;
    let mut command = Command::new(&newest.real_path);
    command.args([
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--no-deps",
        "--only-binary=:all:",
        "--no-input",
    ]);
    command.args([
        "--no-compile",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "--no-warn-script-location",
    ]);
    command.arg("--target").arg(fresh).arg("-r").arg(&pins);
    if !newest.real_path.with_file_name("pip3").exists() && !has_pip(&newest.real_path) {
        return Err(InstallError::NoClient { program: "pip".into(), advice });
    }
    run("pip", advice, command, progress)?;
    require(fresh, &["boto3", "botocore"])
}

fn has_pip(python: &Path) -> bool {
    matches!(ask(python, &["-m", "pip", "--version"], PROBE_TIME_MAX), Said::Text(_))
}

fn npm(fresh: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), InstallError> {
    for (name, content) in [("package.json", NODE_PACKAGE), ("package-lock.json", NODE_LOCK)] {
        let file = fresh.join(name);
        fs::write(&file, content).map_err(io_error("cannot write", &file))?;
    }
    let mut command = Command::new("npm");
    command.args(["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier"]);
    command.arg("--prefix").arg(fresh).current_dir(fresh);
    run("npm", "install Node.js with npm on this host", command, progress)?;
    require(fresh, &["node_modules/@aws-sdk/client-s3", "node_modules/@aws-sdk/client-dynamodb"])
}

fn require(fresh: &Path, names: &[&str]) -> Result<(), InstallError> {
    match names.iter().find(|name| !fresh.join(name).is_dir()) {
        Some(name) => Err(InstallError::Missing((*name).to_owned())),
        None => Ok(()),
    }
}

/// One line of the pins.
#[derive(Debug, PartialEq, Eq)]
struct Jar<'a> {
    group: &'a str,
    artifact: &'a str,
    version: &'a str,
    sha256: &'a str,
}

impl Jar<'_> {
    fn file(&self) -> String {
        format!("{}-{}.jar", self.artifact, self.version)
    }
}

fn jars(pins: &str) -> Vec<Jar<'_>> {
    pins.lines()
        .filter(|text| !text.starts_with('#'))
        .filter_map(|text| text.split_once(' '))
        .filter_map(|(coordinates, sha256)| {
            let mut parts = coordinates.split(':');
            Some(Jar {
                group: parts.next()?,
                artifact: parts.next()?,
                version: parts.next()?,
                sha256: sha256.trim(),
            })
        })
        .collect()
}

fn maven(fresh: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), InstallError> {
    let jars = jars(JAVA_PINS);
    let project = fresh.join("pom.xml");
    fs::write(&project, pom(&jars)).map_err(io_error("cannot write", &project))?;
    let mut command = Command::new("mvn");
    command.args(["--batch-mode", "--no-transfer-progress", MAVEN_COPY, "-DexcludeTransitive=true"]);
    command.arg(format!("-DoutputDirectory={}", fresh.display())).arg("-f").arg(&project).current_dir(fresh);
    run("mvn", "install Maven and a JDK on this host", command, progress)?;
    for jar in &jars {
        verify(fresh, jar)?;
    }
    fs::remove_file(&project).map_err(io_error("cannot remove", &project))
}

fn verify(folder: &Path, jar: &Jar<'_>) -> Result<(), InstallError> {
    let file = folder.join(jar.file());
    let bytes = fs::read(&file).map_err(|_| InstallError::Missing(jar.file()))?;
    let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if found != jar.sha256 {
        let expected = jar.sha256.to_owned();
        return Err(InstallError::Checksum { file: jar.file(), found, expected });
    }
    Ok(())
}

/// A project that depends on exactly these, for the plugin to copy.
fn pom(jars: &[Jar<'_>]) -> String {
    let dependencies: String = jars
        .iter()
        .map(|jar| {
            format!(
                "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>\n",
                jar.group, jar.artifact, jar.version
            )
        })
        .collect();
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
         <groupId>tinderbox</groupId><artifactId>runtime-java</artifactId><version>0</version>\n\
         <dependencies>\n{dependencies}</dependencies></project>\n"
    )
}

/// Runs a client, passes on what it says line by line, keeps its last words for the error.
fn run(
    program: &str,
    advice: &'static str,
    mut command: Command,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), InstallError> {
    let failed = |status: String, complaint: String| InstallError::Failed {
        program: program.into(),
        status,
        complaint,
    };
    let (reader, writer) = std::io::pipe().map_err(|e| failed("no pipe".into(), e.to_string()))?;
    let both = writer.try_clone().map_err(|e| failed("no pipe".into(), e.to_string()))?;
    command.stdin(Stdio::null()).stdout(writer).stderr(both);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => InstallError::NoClient { program: program.into(), advice },
        _ => failed("not started".into(), error.to_string()),
    })?;
    drop(command); // our ends of the pipe: else it would never end
    let mut last: Vec<String> = Vec::new();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        match (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        if text.is_empty() {
            continue;
        }
        if last.len() == COMPLAINT_LINES {
            last.remove(0);
        }
        last.push(text.clone());
        progress(Progress::Said(text));
    }
    let status = child.wait().map_err(|e| failed("lost".into(), e.to_string()))?;
    if status.success() { Ok(()) } else { Err(failed(status.to_string(), last.join("\n"))) }
}

#[cfg(test)]
#[path = "install_tests.rs"]
mod tests;
