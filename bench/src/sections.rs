//! The sections, one file each. A new one: a file, a line here, a line in `xtask/src/bench.rs`, its budgets.

mod cluster;
mod cold;
mod core;
mod cpu;
mod dev;
mod freezer;
mod fresh_clone;
mod microvm;
mod server;
mod soak;
mod warm;

use crate::report::Report;
use crate::{Outcome, Setting};

pub(crate) async fn run(section: &str, setting: &Setting) -> Outcome<Report> {
    let mut report = Report::new(section);
    match section {
        "server" => server::run(setting, &mut report).await?,
        "warm" => warm::run(setting, &mut report).await?,
        "cpu" => cpu::run(setting, &mut report).await?,
        "core" => core::run(setting, &mut report),
        "cluster" => cluster::run(setting, &mut report).await?,
        "cold" => cold::run(setting, &mut report).await?,
        "microvm" => microvm::run(setting, &mut report).await?,
        "freezer" => freezer::run(setting, &mut report).await?,
        "dev" => dev::run(setting, &mut report)?,
        "fresh-clone" => fresh_clone::run(setting, &mut report)?,
        "soak" => soak::run(setting, &mut report).await?,
        _ => return Err(format!("bench has no section {section}")),
    }
    Ok(report)
}
