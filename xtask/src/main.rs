//! The workspace's own tools. `cargo xtask` lists them.

use std::path::PathBuf;
use std::process::ExitCode;

mod bench;
mod codegen;
mod e2e;
mod flame;
mod fuzz;
mod sim;
mod test;
mod tidy;

/// What every task answers: text for the terminal, or why it failed.
type Outcome = Result<String, String>;

const USAGE: &str = "\
cargo xtask codegen                      generate crates/lambda-api from models/
cargo xtask codegen --check              fail if the generated code is stale
cargo xtask codegen --reduce WHEEL       make models/ from a botocore wheel
cargo xtask codegen --check-newer WHEEL  list what a newer botocore has and models/ lacks
cargo xtask e2e [--sandbox S] [--full]    the end-to-end tests behind process, qemu or firecracker (-- pytest's arguments)
cargo xtask fuzz [--seconds N [TARGET]]  build the fuzz targets and run each (or one) for some seconds
cargo xtask tidy                         check layers, sizes, the code map and the promises
cargo xtask test                         install what the tests need and pass them all (--list, --only STEP)
cargo xtask bench [SECTION…]             measure the release binary (--check: against SPECIFICATION.md; --output json)
cargo xtask flame [--seconds=N]          flame graph of the warm path, with perf
cargo xtask sim --seed N [--minutes M] [--seeds COUNT]   a whole cluster under faults, in virtual time (docs/simulator.md)
cargo xtask sim --fleet N [--rate R …]   the real cores under a synthetic fleet, in virtual time (sim --help)";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["codegen", rest @ ..] => codegen::run(rest),
        ["e2e", rest @ ..] => e2e::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["tidy"] => tidy::run(),
        ["bench", rest @ ..] => bench::run(rest),
        ["flame", rest @ ..] => flame::run(rest),
        ["sim", rest @ ..] => sim::run(rest),
        ["test", rest @ ..] => test::run(rest),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(text) => {
            println!("{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{}", text.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}
