//! `runtimes` on the command line.

use super::folder;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct RuntimesArgs {
    /// Data folder of the server that is to use them
    #[arg(long, value_name = "DIR", default_value = "./.tinderbox", value_parser = folder, global = true)]
    pub(crate) data: PathBuf,
    #[command(subcommand)]
    pub(crate) command: RuntimesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RuntimesCommand {
    /// What was found and what is installed
    Ls,
    /// Install what AWS's images carry: boto3, @aws-sdk/*, Java's client (pinned, checked)
    #[command(after_help = "\
Examples:
  tinderbox runtimes install python
  tinderbox runtimes install all

Uses the package manager of the language (pip, npm, mvn) with its own settings; restart a running server after.")]
    Install {
        #[arg(value_enum, required = true)]
        languages: Vec<LanguageChoice>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LanguageChoice {
    Python,
    Nodejs,
    Java,
    All,
}
