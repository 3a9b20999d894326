//! The command line: every command, its options, and help that teaches.

mod certs;
mod cluster;
mod fleet;
mod microvm;
mod moving;
mod runtimes;
mod serve;

pub(crate) use certs::{CertsArgs, CertsCommand, DeskArgs, InitArgs, TokenArgs};
pub(crate) use cluster::{DurableFlags, NatsFlags};
pub(crate) use fleet::{FleetFlags, FleetKind};
pub(crate) use microvm::{MicroVmArgs, MicroVmCommand, MicroVmFlags};
pub(crate) use moving::{ExportArgs, ImportArgs, StoresFlags};
pub(crate) use runtimes::{LanguageChoice, RuntimesArgs, RuntimesCommand};
pub(crate) use serve::{
    ClusterArgs, ClusterCommand, ClusterUpArgs, DrainArgs, JoinFlags, JournalArgs, JournalCommand, ServeArgs,
    StatusArgs, WithParentArgs,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

const AFTER_HELP: &str = "\
First steps:
  tinderbox demo                              see a function run, cold and warm, in one command
  tinderbox up                                start a server in this folder (./.tinderbox)
  tinderbox deploy examples/hello-python      create or update a function from a folder
  tinderbox invoke hello-python -d '{\"name\":\"you\"}'
  tinderbox dev examples/hello-python -d '{}' edit, save, see the new answer
  tinderbox logs hello-python -f

Every AWS tool works too:
  export AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:9955 AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=http://127.0.0.1:9955
  aws lambda list-functions

Exit codes: 0 fine; 1 the function answered an error, or something failed; 2 the command line is wrong;
3 nobody listens at the endpoint; 4 the endpoint refused the request; 5 this host can not do it.";

/// AWS Lambda that you run yourself
#[derive(Debug, Parser)]
#[command(name = "tinderbox", version, propagate_version = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Where the server listens [default: http://127.0.0.1:9955]
    #[arg(long, global = true, env = "TINDERBOX_ENDPOINT", value_name = "URL", help_heading = "Everywhere")]
    pub(crate) endpoint: Option<String>,
    /// Region of requests, and the server's default [default: us-east-1, or AWS_DEFAULT_REGION]
    #[arg(long, global = true, env = "AWS_REGION", value_name = "NAME", help_heading = "Everywhere")]
    pub(crate) region: Option<String>,
    /// What stdout carries: text for people, json for programs
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Everywhere"
    )]
    pub(crate) output: Output,
    /// Say more on stderr; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = "Everywhere")]
    pub(crate) verbose: u8,
}

impl Global {
    pub(crate) fn endpoint(&self) -> String {
        let default = || format!("http://127.0.0.1:{}", types::limits::DEFAULT_PORT);
        self.endpoint.clone().filter(|endpoint| !endpoint.is_empty()).unwrap_or_else(default)
    }

    pub(crate) fn region(&self) -> String {
        let given = self.region.clone().filter(|region| !region.is_empty());
        let aws = || std::env::var("AWS_DEFAULT_REGION").ok().filter(|region| !region.is_empty());
        given.or_else(aws).unwrap_or_else(|| "us-east-1".to_owned())
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a server, deploy an example function, invoke it cold and warm, show where the time went
    Demo(DemoArgs),
    /// Start a server
    Up(Box<UpArgs>),
    /// Start a server, deploy a folder, and deploy it again whenever a file in it is saved
    Dev(Box<DevArgs>),
    /// Create or update a function from a folder or a zip
    Deploy(DeployArgs),
    /// Invoke a function and print its answer
    Invoke(InvokeArgs),
    /// Show a function's log
    Logs(LogsArgs),
    /// List functions
    Ls,
    /// Delete functions
    Rm(RmArgs),
    /// Say what this host can do, and for each gap what to do
    Doctor(DoctorArgs),
    /// The host's interpreters and what AWS's images carry beside them
    Runtimes(RuntimesArgs),
    /// Kernel, initramfs and root image for environments that are machines of their own
    Microvm(Box<MicroVmArgs>),
    /// Certificates by which the machines of one platform know each other
    Certs(CertsArgs),
    /// Start one node of a platform of several machines
    Serve(Box<ServeArgs>),
    /// A whole platform of several nodes on this machine, to try it
    Cluster(ClusterArgs),
    /// Nodes, leaders, workers, environments and the journal of a platform
    Status(StatusArgs),
    /// Let a worker end what it runs and give it nothing new
    Drain(DrainArgs),
    /// What assignment has written down
    Journal(JournalArgs),
    /// Write all functions and their code to one file: a backup, or on the way to another platform
    Export(ExportArgs),
    /// Bring in what `export` wrote
    Import(ImportArgs),
    #[command(hide = true)]
    WithParent(WithParentArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox demo           stays up at the end and says what to try next
  tinderbox demo --exit    ends after showing, for scripts")]
pub(crate) struct DemoArgs {
    /// Data folder
    #[arg(long, value_name = "DIR", default_value = "./.tinderbox", value_parser = folder)]
    pub(crate) data: PathBuf,
    /// Port on loopback [default: 9955, or any free one if that is taken]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// End after showing
    #[arg(long)]
    pub(crate) exit: bool,
    #[arg(long, hide = true, value_enum, default_value_t)]
    pub(crate) fabric: Fabric,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox up                                        loopback, any credentials, data in ./.tinderbox
  tinderbox up --listen 0.0.0.0 --credentials keys    other machines too, with keys that are verified
  tinderbox up --allow-host 127.0.0.1:5432            functions reach this host's database as
                                                      host.tinderbox.internal:5432
  tinderbox up --sandbox qemu                         each environment a machine of its own
  tinderbox up --env AWS_ENDPOINT_URL_S3=http://host.tinderbox.internal:9000 --allow-host 127.0.0.1:9000

A credentials file has one key a line, `KEY_ID SECRET [ACCOUNT]`, and is readable by its owner only.")]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) server: ServerFlags,
    #[command(flatten)]
    pub(crate) durable: DurableFlags,
    #[arg(long, hide = true, value_enum, default_value_t)]
    pub(crate) fabric: Fabric,
}

/// What a server is set to, one of several nodes or alone.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServerFlags {
    /// Data folder: functions, code, logs
    #[arg(long, value_name = "DIR", default_value = "./.tinderbox", value_parser = folder)]
    pub(crate) data: PathBuf,
    /// Port of everything (λ is U+03BB, decimal 955); 0 takes a free one
    #[arg(long, default_value_t = types::limits::DEFAULT_PORT)]
    pub(crate) port: u16,
    /// Address to listen on; anything but loopback needs --credentials
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) listen: std::net::IpAddr,
    /// Access keys to accept, and no others
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
    /// Account of access keys that are not account ids
    #[arg(long, value_name = "ID", default_value = "000000000000", value_parser = account)]
    pub(crate) account: String,
    /// Another Host name to answer for; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) host_name: Vec<String>,
    /// Refuse runtimes that are not installed in exactly their version, and SnapStart where AWS has none
    #[arg(long)]
    pub(crate) strict_runtimes: bool,
    /// What functions reach beyond themselves: other machines, or nothing
    #[arg(long, value_enum, default_value_t)]
    pub(crate) egress: Egress,
    /// Opens an endpoint of this host to functions as host.tinderbox.internal:PORT; may be repeated
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) allow_host: Vec<SocketAddr>,
    /// A variable for every function, not shown in the API; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) env: Vec<(String, String)>,
    /// Walls around environments
    #[arg(long, value_enum, default_value_t, env = "TINDERBOX_SANDBOX")]
    pub(crate) sandbox: SandboxKind,
    #[command(flatten)]
    pub(crate) microvm: MicroVmFlags,
    /// An environment that nobody used for so long is stopped (90s, 10m, 1h)
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub(crate) idle_timeout: std::time::Duration,
    /// An idle environment stands still after so long (50ms, 1s), as on AWS; `never` lets it run
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = freeze_after)]
    pub(crate) freeze_after: FreezeAfter,
    /// Sum of MemorySize of all environments at once, MB [default: twice this host's memory]
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(u64::from(types::limits::MEMORY_MB_MIN)..))]
    pub(crate) memory: Option<u64>,
    /// Memory of booted runtimes that wait for a function, MB; 0 keeps none, and no snapshots of them
    #[arg(long, value_name = "MB", default_value_t = worker::pool::Settings::default().memory_bytes_max >> 20)]
    pub(crate) pool: u64,
    /// Memory of initialised environments that wait for invocations of versions with SnapStart, MB; 0 keeps none
    #[arg(long, value_name = "MB", default_value_t = worker::snapstart::Settings::default().memory_bytes_max >> 20)]
    pub(crate) snapstart: u64,
    /// Which published versions begin after init: those with SnapStart, or all (needs a sandbox that takes snapshots)
    #[arg(long, value_enum, default_value_t)]
    pub(crate) snapshots: Snapshots,
    /// Room for logs and traces on disk, bytes; the oldest of who has most go first
    #[arg(long, value_name = "BYTES", default_value_t = telemetry::Settings::default().bytes_max)]
    pub(crate) log_bytes: u64,
    /// For tests on machines that are executed in software: init and restore may take so many times as long
    #[arg(long, hide = true, env = "TINDERBOX_TIME_FACTOR", hide_env = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) time_factor: u32,
}

/// `None`: never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FreezeAfter(pub(crate) Option<std::time::Duration>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Egress {
    #[default]
    Nat,
    None,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SandboxKind {
    /// The strongest that works here
    #[default]
    Auto,
    /// Linux namespaces, control groups and filters
    Process,
    /// A kernel of its own for each, by QEMU: fast with hardware KVM, slow without
    Qemu,
    /// A kernel of its own for each, by Firecracker: needs KVM
    Firecracker,
}

impl SandboxKind {
    pub(crate) fn wanted(self) -> sandbox::microvm::settings::Wanted {
        use sandbox::microvm::settings::Wanted;
        match self {
            Self::Auto => Wanted::Auto,
            Self::Process => Wanted::Process,
            Self::Qemu => Wanted::Qemu,
            Self::Firecracker => Wanted::Firecracker,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Snapshots {
    #[default]
    SnapStart,
    EveryVersion,
}

/// How roles in one process meet: by calls, or (for the test of the contracts) through bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fabric {
    #[default]
    Direct,
    Encoded,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox deploy examples/hello-python            runtime and handler are guessed and said
  tinderbox deploy function.zip --name orders --runtime nodejs22.x --handler index.handler
  tinderbox deploy . --memory 512 --timeout 30 --env STAGE=test

Guesses: an executable `bootstrap` is provided.al2023; a Python file with `lambda_handler` or `handler`, a
JavaScript file that exports `handler`, a class that is a RequestHandler are their languages.")]
pub(crate) struct DeployArgs {
    /// A folder with the function's code, or a zip or jar
    #[arg(value_name = "DIR|ZIP")]
    pub(crate) package: PathBuf,
    /// Name of the function [default: the folder's or file's]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Runtime, as python3.13 or provided.al2023
    #[arg(long)]
    pub(crate) runtime: Option<String>,
    /// Handler, as lambda_function.lambda_handler
    #[arg(long)]
    pub(crate) handler: Option<String>,
    /// Memory, MB
    #[arg(long, value_name = "MB")]
    pub(crate) memory: Option<u32>,
    /// Timeout, seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u32>,
    /// A variable of the function; may be repeated; replaces all that it had
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) env: Vec<(String, String)>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox dev .                                   deploys at every save, shows the log
  tinderbox dev . -d '{\"name\":\"you\"}'             and invokes, and shows the answer
  tinderbox dev . -d @event.json --timeout 10

With --endpoint it uses a server that runs already. Paths in errors are those of your files.")]
pub(crate) struct DevArgs {
    /// The function: its folder, and what is to be set
    #[command(flatten)]
    pub(crate) deploy: DeployArgs,
    /// Invoke with this event after each deploy: JSON, or @FILE (read anew each time)
    #[arg(long = "event", short = 'd', value_name = "JSON|@FILE")]
    pub(crate) event: Option<String>,
    /// Data folder of the server it starts
    #[arg(long, value_name = "DIR", default_value = "./.tinderbox", value_parser = folder)]
    pub(crate) data: PathBuf,
    /// Port on loopback [default: 9955, or any free one if that is taken]
    #[arg(long)]
    pub(crate) port: Option<u16>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox invoke hello                          an empty event, {}
  tinderbox invoke hello -d '{\"name\":\"you\"}'
  tinderbox invoke hello -d @event.json --trace   and where the time went
  echo '{}' | tinderbox invoke hello -d - | jq .message

The answer goes to stdout. A function error goes to stderr, and the exit code is 1.")]
pub(crate) struct InvokeArgs {
    /// Name or ARN
    pub(crate) name: String,
    /// The event: JSON, @FILE, or - for stdin
    #[arg(long, short, value_name = "JSON|@FILE|-")]
    pub(crate) data: Option<String>,
    /// Version or alias
    #[arg(long)]
    pub(crate) qualifier: Option<String>,
    /// Show the waterfall: each room the invocation went through, with its time
    #[arg(long)]
    pub(crate) trace: bool,
    /// Show the end of its log (4 KB)
    #[arg(long)]
    pub(crate) tail: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox logs hello              the last ten minutes
  tinderbox logs hello -f           and whatever comes
  tinderbox logs hello --since 2h | grep REPORT")]
pub(crate) struct LogsArgs {
    /// Name of a function, or of a log group (with a slash)
    pub(crate) name: String,
    /// Keep showing what comes
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// How far back (90s, 10m, 2h, 1d)
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub(crate) since: std::time::Duration,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox rm hello
  tinderbox rm hello orders --logs    with their log groups")]
pub(crate) struct RmArgs {
    #[arg(required = true)]
    pub(crate) names: Vec<String>,
    /// Delete the log groups too
    #[arg(long)]
    pub(crate) logs: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Data folder, where `runtimes install` and `microvm setup` put things
    #[arg(long, value_name = "DIR", default_value = "./.tinderbox", value_parser = folder)]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) microvm: MicroVmFlags,
    /// Look at NATS servers instead: nats://[USER:PASSWORD@]HOST[:PORT], several with commas
    #[arg(long, value_name = "URLS")]
    pub(crate) cluster: Option<String>,
    /// Monitoring port of one of them; may be repeated
    #[arg(long, value_name = "HOST:PORT", requires = "cluster")]
    pub(crate) monitor: Vec<String>,
    #[command(flatten)]
    pub(crate) nats: NatsFlags,
}

/// Parses the process's arguments; help and mistakes are shown by the parser.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    let arguments = serve::with_config(std::env::args_os().collect()).map_err(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })?;
    Cli::try_parse_from(arguments).map_err(|error| {
        // A closed stdout or stderr is no reason for another message.
        let _ = error.print();
        if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
    })
}

/// The server's own words and the client's go to stderr.
pub(crate) fn start_log(global: &Global) {
    let level = match global.verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let log = tracing_subscriber::fmt().with_max_level(level).with_ansi(ansi);
    log.with_writer(|| Lossy(std::io::stderr())).log_internal_errors(false).init();
}

/// Stderr, or nowhere: a line that can not be written (its reader has gone, its disk is full) is lost, and nothing else.
/// An error would make the subscriber print it to stderr, and that failing would panic.
struct Lossy<W>(W);

impl<W: std::io::Write> std::io::Write for Lossy<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.write_all(bytes); // lost
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        let _ = self.0.flush(); // lost
        Ok(())
    }
}

/// Absolute: environments are told of it, and they have another working directory.
fn folder(text: &str) -> Result<PathBuf, String> {
    std::path::absolute(text).map_err(|error| error.to_string())
}

fn account(text: &str) -> Result<String, String> {
    let valid = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if valid { Ok(text.to_owned()) } else { Err("an account id has 12 digits".to_owned()) }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

fn freeze_after(text: &str) -> Result<FreezeAfter, String> {
    if text == "never" { Ok(FreezeAfter(None)) } else { duration(text).map(Some).map(FreezeAfter) }
}

/// `50ms`, `90s`, `10m`, `2h`, `1d`; a number alone is seconds.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let factor = match unit {
        "ms" => {
            return digits
                .parse()
                .map(std::time::Duration::from_millis)
                .map_err(|_| "that is too long".to_owned());
        }
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("write it as 90s, 10m, 2h or 1d".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "write it as 90s, 10m, 2h or 1d".to_owned())?;
    let seconds = number.checked_mul(factor).filter(|seconds| *seconds <= 10 * 365 * 86_400);
    seconds.map(std::time::Duration::from_secs).ok_or_else(|| "that is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::time::Duration;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_are_read_with_their_unit_and_nonsense_is_not() {
        assert_eq!(duration("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(freeze_after("never"), Ok(FreezeAfter(None)));
        for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7_200), ("1d", 86_400), ("5", 5)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "-5s", "5x", "1.5h", "99999999999999999999s", "999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn good_command_lines_parse_and_bad_ones_do_not() {
        let cases = [
            ("tinderbox demo --exit", true),
            ("tinderbox up --port 0 --data /tmp/x --region eu-west-1", true),
            ("tinderbox up --allow-host 127.0.0.1:5432 --env A=b --env C=", true),
            ("tinderbox up --allow-host localhost", false),
            ("tinderbox up --env A", false),
            ("tinderbox up --account 12", false),
            ("tinderbox up --memory 128", true),
            ("tinderbox up --memory 0", false),
            ("tinderbox up --listen somewhere", false),
            ("tinderbox invoke hello -d - --trace --output json", true),
            ("tinderbox --output json ls", true),
            ("tinderbox --output yaml ls", false),
            ("tinderbox invoke", false),
            ("tinderbox rm", false),
            ("tinderbox rm a b", true),
            ("tinderbox runtimes install python all", true),
            ("tinderbox runtimes install cobol", false),
            ("tinderbox up --sandbox qemu --kernel /boot/vmlinuz --boot-arguments quiet", true),
            ("tinderbox up --sandbox hyper", false),
            ("tinderbox microvm setup --data x --leave-out /usr/lib/big --leave-out /usr/lib/other", true),
            ("tinderbox microvm setup --leave-out usr/lib/big", false),
            ("tinderbox microvm status --check --output json", true),
            ("tinderbox microvm", false),
            ("tinderbox logs hello -f --since 10m", true),
            ("tinderbox export all.tar --data /tmp/x", true),
            ("tinderbox export - --join nats://n1 --blobs file:///tmp/x --platform other", true),
            ("tinderbox export all.tar --join nats://n1", false),
            ("tinderbox export all.tar --data /tmp/x --join nats://n1 --blobs file:///tmp/x", false),
            ("tinderbox import all.tar --replace --data /tmp/x", true),
            ("tinderbox import", false),
        ];
        for (line, good) in cases {
            assert_eq!(Cli::try_parse_from(line.split(' ')).is_ok(), good, "{line}");
        }
    }

    #[test]
    fn every_command_with_options_teaches_by_example() {
        for command in Cli::command().get_subcommands() {
            let name = command.get_name().to_owned();
            if ["demo", "up", "deploy", "invoke", "logs", "rm", "export", "import"].contains(&name.as_str()) {
                let help = command.clone().render_help().to_string();
                assert!(help.contains("Examples:") && help.contains(&format!("tinderbox {name}")), "{name}");
            }
        }
    }
}
