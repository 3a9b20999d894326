//! What is said of platforms of several nodes on the command line.

use super::{FleetFlags, FleetKind, NatsFlags, ServerFlags, cluster, folder};
use crate::cluster::stores::BlobSettings;
use clap::{Args, Subcommand};
use fabric_rpc::NodeRole;
use fabric_rpc::certs::check_name;
use fabric_rpc::join::Token;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use substrate::s3::S3Settings;
use types::limits::PARTITIONS_MAX;

/// How a node, or an operator, finds a platform and is known there.
#[derive(Clone, Debug, Args)]
pub(crate) struct JoinFlags {
    /// The platform's NATS servers: nats://[USER:PASSWORD@]HOST[:PORT], several with commas
    #[arg(long, value_name = "URLS", env = "TINDERBOX_JOIN", hide_env_values = true)]
    pub(crate) join: String,
    #[command(flatten)]
    pub(crate) nats: NatsFlags,
    /// Folder with ca.pem, NAME.pem and NAME.key (`tinderbox certs init`), or where what a token gives is kept
    /// [default with a token: certs in the data folder]; without either all nodes are on this host
    #[arg(long, value_name = "DIR", env = "TINDERBOX_CERTS", value_parser = folder)]
    pub(crate) certs: Option<PathBuf>,
    /// This node's name, which nobody else on the platform has [default: the host's]
    #[arg(long, env = "TINDERBOX_NAME", value_parser = name)]
    pub(crate) name: Option<String>,
}

impl JoinFlags {
    pub(crate) fn name(&self) -> Result<String, String> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => {
                let host = rustix::system::uname();
                let host = host.nodename().to_string_lossy().to_lowercase();
                name(host.split('.').next().unwrap_or_default())
                    .map_err(|error| format!("this host's name can not be the node's ({error}): give --name"))
            }
        }
    }
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples, with NATS on three machines and a bucket:
  tinderbox serve --join nats://n1,nats://n2,nats://n3 --blobs 's3://tinderbox?endpoint=http://s3:9000' \\
      --certs ./certs --name f1 --roles frontend,assignment,placement --zone a \\
      --fabric 10.0.0.1:9956 --listen 10.0.0.1 --credentials keys
  tinderbox serve --join nats://n1,nats://n2,nats://n3 --blobs 's3://tinderbox?endpoint=http://s3:9000' \\
      --certs ./certs --name w1 --roles worker --zone a --fabric 10.0.0.11:9956
  tinderbox serve --join nats://n1,nats://n2,nats://n3 --blobs 's3://tinderbox?endpoint=http://s3:9000' \\
      --name w2 --roles worker --zone b --fabric 10.0.0.12:9956 --token tb1.…      a bare machine, by a token
  tinderbox serve --config node.conf            the same, each flag a line: `roles = worker`

Roles: frontend (with control), assignment, placement, worker. Of each at least one; of assignment and
placement two, so that one can die. docs/operating/cluster.md goes from one machine to three, word for word.")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) join: JoinFlags,
    /// A token of `tinderbox certs token`, by which this machine gets a certificate if it has none
    #[arg(long, env = "TINDERBOX_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<Token>,
    /// Where the authority is by now, if not where the token said: certificates are renewed there
    #[arg(long, value_name = "HOST:PORT", env = "TINDERBOX_AUTHORITY")]
    pub(crate) authority: Option<String>,
    /// What this node is there for
    #[arg(
        long,
        value_name = "ROLE[,ROLE…]",
        required = true,
        value_delimiter = ',',
        env = "TINDERBOX_ROLES"
    )]
    pub(crate) roles: Vec<NodeRole>,
    /// Where it stands: what fails together is one zone
    #[arg(long, default_value = "default", env = "TINDERBOX_ZONE", value_parser = name)]
    pub(crate) zone: String,
    /// Slices of the accounts, each with a leader, a journal and workers of its own: of the whole platform, said to its
    /// first node and kept; the others may leave it out. A worker serves one partition at a time, so have several times as
    /// many workers as partitions, and one partition while workers are few [default: as the platform has; 1 for its first node]
    #[arg(long, value_name = "N", env = "TINDERBOX_PARTITIONS", value_parser = partitions())]
    pub(crate) partitions: Option<u32>,
    /// Where code and log lines lie, for frontends and workers: s3://BUCKET[/PREFIX]?endpoint=http://HOST:PORT[&region=NAME] with the keys of
    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or file:///FOLDER if all nodes are on this host
    #[arg(long, value_name = "URL", env = "TINDERBOX_BLOBS")]
    pub(crate) blobs: Option<String>,
    /// Where the other nodes' calls are heard; anything but loopback needs --certs
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:9956", env = "TINDERBOX_FABRIC")]
    pub(crate) fabric: SocketAddr,
    /// Where they are to call, if not there
    #[arg(long, value_name = "HOST:PORT", env = "TINDERBOX_ADVERTISE")]
    pub(crate) advertise: Option<String>,
    /// Flags from a file: lines of `flag = value`, # begins a comment; the command line goes before
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// For tests and `cluster up`: the kernel ends this process when its parent ends
    #[arg(long, hide = true)]
    pub(crate) die_with_parent: bool,
    /// For workers that `cluster up` did not start itself: this process ends when that one does
    #[arg(long, hide = true, value_name = "PID")]
    pub(crate) end_with: Option<i32>,
    #[command(flatten)]
    pub(crate) fleet: FleetFlags,
    #[command(flatten)]
    pub(crate) server: ServerFlags,
}

impl ServeArgs {
    /// `None` if no role needs it.
    pub(crate) fn blobs(&self) -> Result<Option<BlobSettings>, String> {
        self.blobs.as_deref().map(blob_settings).transpose()
    }
}

/// `s3://…` or `file:///…`.
pub(super) fn blob_settings(url: &str) -> Result<BlobSettings, String> {
    if let Some(folder) = url.strip_prefix("file://") {
        let folder = PathBuf::from(folder);
        if !folder.is_absolute() {
            return Err(format!("{url}: write a folder as file:///its/whole/path"));
        }
        return Ok(BlobSettings::Folder(folder));
    }
    let s3 = S3Settings::parse(url, cluster::keys()).map_err(|error| error.to_string())?;
    Ok(BlobSettings::S3(s3))
}

#[derive(Debug, Args)]
pub(crate) struct ClusterArgs {
    #[command(subcommand)]
    pub(crate) command: ClusterCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Start nats-server and all nodes on this machine, until Ctrl-C
    Up(ClusterUpArgs),
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox cluster up                             2 frontends, 2 assignment, 2 placement, 3 workers in 3 zones
  tinderbox cluster up --workers 6 --zones 2 --data /tmp/platform
  tinderbox cluster up --workers 1 --fleet local-process --max-workers 6     more workers under load, fewer without

It needs nats-server on the PATH (Debian: apt install nats-server). Every node is a process of its own: kill one and
see what happens, `tinderbox status --join …` says how it stands.")]
pub(crate) struct ClusterUpArgs {
    /// Data folder of all of them
    #[arg(long, value_name = "DIR", default_value = "./.tinderbox-cluster", value_parser = folder)]
    pub(crate) data: PathBuf,
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) workers: u32,
    /// Who starts and ends workers: this command, once (static), or placement, as they are needed (local-process)
    #[arg(long, value_enum, default_value_t)]
    pub(crate) fleet: FleetKind,
    /// Workers at most with --fleet local-process, which begins with --workers [default: twice as many]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) max_workers: Option<u32>,
    /// With --fleet local-process: a fleet that is too large for so long shrinks
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = super::duration)]
    pub(crate) fleet_idle: std::time::Duration,
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) zones: u32,
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(crate) frontends: u32,
    /// Slices of the accounts, each with a leader and workers of its own (as of `serve`) [default: as in the data folder; at first 1]
    #[arg(long, value_name = "N", env = "TINDERBOX_PARTITIONS", value_parser = partitions())]
    pub(crate) partitions: Option<u32>,
    /// Port of the first frontend; the others have those after it; 0 takes free ones
    #[arg(long, default_value_t = types::limits::DEFAULT_PORT)]
    pub(crate) port: u16,
    /// Use these NATS servers instead of starting one
    #[arg(long, value_name = "URLS", env = "TINDERBOX_JOIN", hide_env_values = true)]
    pub(crate) join: Option<String>,
    /// The server's program
    #[arg(long, value_name = "PATH", default_value = "nats-server", env = "TINDERBOX_NATS_SERVER")]
    pub(crate) nats_server: PathBuf,
    /// An environment that nobody used for so long is stopped
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::duration)]
    pub(crate) idle_timeout: std::time::Duration,
    /// MemorySize of all environments of one worker, MB [default: twice this host's memory, shared by them all]
    #[arg(long, value_name = "MB")]
    pub(crate) memory: Option<u64>,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox status --join nats://n1 --certs ./certs --name f1
  tinderbox status --join nats://127.0.0.1:4222 --output json | jq .workers
  tinderbox status --check                    journal, leader and workers agree, or a sentence for what does not")]
pub(crate) struct StatusArgs {
    /// Ask every worker what it has, compare that with the journal and with what assignment knows; ends with 1 if something
    /// does not hold for ten seconds
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) join: JoinFlags,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox drain w2 --join nats://n1 --certs ./certs --name f1

Invocations that run there end as they will; the node itself goes on until it is stopped.")]
pub(crate) struct DrainArgs {
    /// The worker's name
    pub(crate) worker: String,
    #[command(flatten)]
    pub(crate) join: JoinFlags,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct JournalArgs {
    #[command(subcommand)]
    pub(crate) command: JournalCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Print the journal's records, one JSON object each, from its beginning
    #[command(after_help = "\
Examples:
  tinderbox journal tail --join nats://n1
  tinderbox journal tail --join nats://n1 --partition 3
  tinderbox journal tail --join nats://n1 -f | jq -c 'select(.gone)'")]
    Tail {
        #[command(flatten)]
        join: JoinFlags,
        /// Of which partition
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = partition())]
        partition: u32,
        /// Keep printing what comes
        #[arg(long, short)]
        follow: bool,
    },
}

fn partitions() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i64::from(PARTITIONS_MAX))
}

fn partition() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..i64::from(PARTITIONS_MAX))
}

pub(super) fn name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

/// Hidden: what `cluster up` starts programs with that are not ours.
#[derive(Clone, Debug, Args)]
pub(crate) struct WithParentArgs {
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<PathBuf>,
}

/// `serve --config FILE`: the file's lines as flags, before those of the command line, which so go before them.
pub(super) fn with_config(mut arguments: Vec<OsString>) -> Result<Vec<OsString>, String> {
    let Some(serve) = arguments.iter().position(|argument| argument == "serve") else { return Ok(arguments) };
    let given =
        arguments.iter().enumerate().skip(serve).find_map(|(at, argument)| match argument.to_str()? {
            "--config" => arguments.get(at + 1).cloned(),
            joined => joined.strip_prefix("--config=").map(OsString::from),
        });
    let Some(file) = given else { return Ok(arguments) };
    let file = PathBuf::from(file);
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let flags = flags(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    // What the command line says, too, is left to it.
    let said = |flag: &str| {
        let joined = format!("{flag}=");
        let is = |it: &OsString| it == flag || it.to_str().is_some_and(|it| it.starts_with(&joined));
        arguments.iter().skip(serve).any(is)
    };
    let added: Vec<OsString> = flags
        .into_iter()
        .filter(|(flag, _)| !said(flag))
        .map(|(flag, value)| match value {
            Some(value) => format!("{flag}={value}").into(),
            None => flag.into(),
        })
        .collect();
    arguments.splice(serve + 1..serve + 1, added);
    Ok(arguments)
}

/// Lines of `flag = value`, or of a flag alone.
fn flags(text: &str) -> Result<Vec<(String, Option<String>)>, String> {
    let mut flags = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (flag, value) = match line.split_once('=') {
            Some((flag, value)) => (flag.trim(), Some(value.trim().trim_matches('"').to_owned())),
            None => (line, None),
        };
        let flag = flag.replace('_', "-");
        if flag.is_empty()
            || !flag.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            || flag == "config"
        {
            return Err(format!("line {}: write it as `flag = value`", number + 1));
        }
        flags.push((format!("--{flag}"), value));
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_flags_and_the_command_line_goes_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("node.conf");
        std::fs::write(&file, "# ours\nroles = worker,frontend\nzone = \"b\" # here\n\ndie_with_parent\n")
            .unwrap();
        let line = ["tinderbox", "serve", "--zone", "a", "--config"].map(OsString::from);
        let read = with_config(line.into_iter().chain([file.into()]).collect()).unwrap();
        let read: Vec<&str> = read.iter().map(|it| it.to_str().unwrap()).collect();
        assert_eq!(read[..4], ["tinderbox", "serve", "--roles=worker,frontend", "--die-with-parent"]);
        assert!(read[4..].starts_with(&["--zone", "a"]));
        for bad in ["Roles = x", "= x", "a b = c", "config = other"] {
            assert!(flags(bad).is_err(), "{bad}");
        }
    }
}
