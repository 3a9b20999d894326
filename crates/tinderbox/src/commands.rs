//! The commands, one file each. The servers (`up`, `demo`) arrange their own process; the clients share a small
//! runtime.

mod certs;
mod cluster;
mod demo;
mod deploy;
mod dev;
mod doctor;
mod drain;
mod invoke;
mod journal;
mod logs;
mod ls;
mod microvm;
mod rm;
mod runtimes;
mod serve;
mod status;
mod up;
mod with_parent;

use crate::cli::{Cli, Command, Global};
use crate::client::Client;
use crate::failure::Failure;
use crate::screen::Screen;
use world::World;

/// Runs the command to its end.
pub(crate) fn run(cli: Cli, screen: Screen) -> Result<(), Failure> {
    let Cli { global, command } = cli;
    match command {
        Command::Up(args) => up::run(&global, *args, screen),
        Command::Demo(args) => demo::run(&global, args, screen),
        Command::Dev(args) => dev::run(&global, *args, screen),
        Command::Doctor(args) => doctor::run(&args, screen),
        Command::Runtimes(args) => runtimes::run(&args, screen),
        Command::Microvm(args) => microvm::run(&args, screen),
        Command::Certs(args) => certs::run(&args, screen),
        Command::Serve(args) => serve::run(&global, *args, screen),
        Command::Cluster(args) => cluster::run(args, screen),
        Command::Status(args) => status::run(&args, screen),
        Command::Drain(args) => drain::run(&args, screen),
        Command::WithParent(args) => with_parent::run(&args),
        Command::Journal(args) => journal::run(&args, screen),
        Command::Deploy(args) => as_client(&global, |client| deploy::run(client, args, screen)),
        Command::Invoke(args) => as_client(&global, |client| invoke::run(client, args, screen)),
        Command::Logs(args) => as_client(&global, |client| logs::run(client, args, screen)),
        Command::Ls => as_client(&global, |client| ls::run(client, screen)),
        Command::Rm(args) => as_client(&global, |client| rm::run(client, args, screen)),
    }
}

/// One thread is enough to talk to one endpoint.
fn as_client<F: Future<Output = Result<(), Failure>>>(
    global: &Global,
    work: impl FnOnce(Client) -> F,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::here(format!("no runtime: {error}")))?;
    runtime.block_on(async { work(Client::new(World::real(), global)?).await })
}
