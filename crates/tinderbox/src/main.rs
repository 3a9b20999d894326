//! One binary, every role: the server (`up`, `demo`) and a client of its public API (everything else).
//!
//! The order in [`main`] is the security model's first line (SECURITY.md): the sandbox's spawner is this very
//! binary, recognised before anything else happens; a server starts it while there is one thread, gives up its own
//! privileges, and only then begins to run tasks.

mod cli;
mod client;
mod cluster;
mod commands;
mod credentials;
mod demo_package;
mod failure;
mod guess;
mod package;
mod roles;
mod screen;
mod waterfall;

use std::process::ExitCode;

fn main() -> ExitCode {
    sandbox::process::spawner_entry_point();
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let screen = screen::Screen::new(cli.global.output);
    cli::start_log(&cli.global);
    match commands::run(cli, screen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            screen.failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}
