//! `export` and `import` on the command line.

use super::serve::blob_settings;
use super::{NatsFlags, folder};
use crate::cluster::stores::BlobSettings;
use clap::Args;
use std::path::PathBuf;
use substrate::nats::NatsSettings;

/// A data folder, or what the nodes of a platform share.
#[derive(Clone, Debug, Args)]
pub(crate) struct StoresFlags {
    /// Data folder of a server on one machine
    #[arg(long, value_name = "DIR", default_value = "./.tinderbox", value_parser = folder)]
    pub(crate) data: PathBuf,
    /// Instead: the platform's NATS servers, nats://[USER:PASSWORD@]HOST[:PORT], several with commas
    #[arg(
        long,
        value_name = "URLS",
        requires = "blobs",
        conflicts_with = "data",
        env = "TINDERBOX_JOIN",
        hide_env_values = true
    )]
    pub(crate) join: Option<String>,
    /// Where that platform's code lies, as its servers were told: s3://BUCKET[/PREFIX]?endpoint=http://HOST:PORT with the
    /// keys of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or file:///FOLDER
    #[arg(long, value_name = "URL", env = "TINDERBOX_BLOBS")]
    pub(crate) blobs: Option<String>,
    #[command(flatten)]
    pub(crate) nats: NatsFlags,
}

impl StoresFlags {
    /// `None`: the data folder.
    pub(crate) fn elsewhere(&self) -> Result<Option<(NatsSettings, BlobSettings)>, String> {
        let (Some(join), Some(blobs)) = (&self.join, &self.blobs) else { return Ok(None) };
        Ok(Some((self.nats.settings(join), blob_settings(blobs)?)))
    }
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox export all.tar                          of the data folder ./.tinderbox; its server may be running
  tinderbox export all.tar --join nats://n1,nats://n2,nats://n3 \\
      --blobs 's3://tinderbox?endpoint=http://s3:9000'
  tinderbox export - | age -r KEY > all.tar.age     never in plain text on a disk

The file holds the environment variables of all functions in plain text: it is made readable by its owner alone (0600),
and is to be kept as they are. Logs, traces and snapshots are not in it. docs/operating/backup.md says what is promised.")]
pub(crate) struct ExportArgs {
    /// Where to: a file, which is there once it is whole, or - for stdout
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) stores: StoresFlags,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox import all.tar --data ./fresh           a data folder; no server may be running on it
  tinderbox import all.tar --join nats://n1,nats://n2,nats://n3 \\
      --blobs 's3://tinderbox?endpoint=http://s3:9000'
  tinderbox import all.tar --replace                functions that are there and others give way

The whole file is checked before anything is written. Run it again if it was cut short: it goes on. The file holds
environment variables in plain text.")]
pub(crate) struct ImportArgs {
    /// What `export` wrote, or - for stdin
    pub(crate) file: PathBuf,
    /// Other functions of the same names give way, with all their versions
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) stores: StoresFlags,
}
