//! What `cargo xtask bench` measures with. It measures and says figures; `xtask` builds it, draws and judges.
//!
//! ```text
//! xtask bench ── builds tinderbox and this, --release ──► bench SECTION ──► target/bench/SECTION.json
//!      ▲                                                                            │
//!      └──────────── tables on the screen, budgets (xtask/src/bench/budgets.rs) ◄───┘
//! ```
//! Nothing here decides anything for a function, so the clock is the machine's own.
#![allow(clippy::disallowed_methods)] // measures the real machine: its clock and its tasks are the ambient ones

mod api;
mod cluster;
mod flame;
mod floor;
mod functions;
mod load;
mod peers;
mod platform;
mod process;
mod report;
mod sections;
mod statistics;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What every part answers: something, or in words why not.
type Outcome<T> = Result<T, String>;

/// What a section is measured with.
pub(crate) struct Setting {
    /// The release binary.
    pub(crate) tinderbox: PathBuf,
    /// The workspace.
    pub(crate) root: PathBuf,
    /// `target/bench`: results, and data folders that are removed again.
    pub(crate) out: PathBuf,
    /// How long one load runs.
    pub(crate) load: Duration,
    pub(crate) soak: Duration,
    /// Kinds of walls, with commas, for `microvm`.
    pub(crate) sandboxes: String,
    /// Of its functions these only, with commas.
    pub(crate) functions: Option<String>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // Another process of this program: the floor that the platform is compared with.
        ["floor-echo"] => floor::serve_echo(),
        // Another binary, with names: its figures are nobody's business, so there is no report.
        ["flame", root, out, rest @ ..] => {
            setting(root, out, rest).and_then(|setting| run(flame::run(setting)))
        }
        [section, root, out, rest @ ..] => measure(section, root, out, rest),
        _ => Err("bench is started by `cargo xtask bench`".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn measure(section: &str, root: &str, out: &str, rest: &[&str]) -> Outcome<()> {
    let setting = setting(root, out, rest)?;
    let report = run(sections::run(section, &setting))?;
    report.write(&setting.out)
}

fn setting(root: &str, out: &str, rest: &[&str]) -> Outcome<Setting> {
    let mut setting = Setting {
        tinderbox: PathBuf::from(root).join("target/release/tinderbox"),
        root: PathBuf::from(root),
        out: PathBuf::from(out),
        load: Duration::from_secs(2),
        soak: Duration::from_secs(600),
        sandboxes: "process,qemu,firecracker".to_owned(),
        functions: None,
    };
    for option in rest {
        let number = |text: &str| text.parse().map_err(|_| format!("{option}: {text} is no number"));
        match option.split_once('=') {
            Some(("--seconds", text)) => setting.load = Duration::from_secs(number(text)?),
            Some(("--sandbox", text)) => text.clone_into(&mut setting.sandboxes),
            Some(("--functions", text)) => setting.functions = Some(text.to_owned()),
            Some(("--minutes", text)) => setting.soak = Duration::from_secs(number(text)? * 60),
            _ => return Err(format!("bench does not know {option}")),
        }
    }
    std::fs::create_dir_all(&setting.out).map_err(|error| format!("{}: {error}", setting.out.display()))?;
    Ok(setting)
}

/// One thread: the client shares two cores with what it measures, and one thread sends more than that can answer.
fn run<T>(measurement: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("no runtime: {error}"))?.block_on(measurement)
}
