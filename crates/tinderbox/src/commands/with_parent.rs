//! `tinderbox with-parent -- PROGRAM …`: becomes the program, which the kernel ends when whoever started this ends.

use crate::cli::WithParentArgs;
use crate::failure::Failure;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

pub(super) fn run(args: &WithParentArgs) -> Result<(), Failure> {
    tie().map_err(|error| Failure::here(format!("the parent's end can not be heard of: {error}")))?;
    let Some((program, rest)) = args.command.split_first() else { return Ok(()) };
    let error = Command::new(program).args(rest).exec();
    Err(Failure::here(format!("{}: {error}", program.display())))
}

/// SIGTERM when the thread that started this process ends.
pub(super) fn tie() -> std::io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?)
}
