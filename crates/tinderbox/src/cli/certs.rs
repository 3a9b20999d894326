//! What is said of certificates on the command line.

use super::{duration, folder};
use clap::{Args, Subcommand};
use fabric_rpc::certs::check_name;
use fabric_rpc::join::books::USES_MAX;
use fabric_rpc::{NodeRole, Party};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct CertsArgs {
    #[command(subcommand)]
    pub(crate) command: CertsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertsCommand {
    /// Make an authority, once, and certificates for nodes
    Init(InitArgs),
    /// Print a token by which a bare machine gets a certificate of its own
    Token(TokenArgs),
    /// Give certificates to machines that have a token, and new ones to those before theirs end
    Serve(DeskArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox certs token --roles worker                              one new node of any name, within an hour
  tinderbox certs token --roles worker --name-prefix w --uses 10 --expires 1d
  tinderbox certs token --roles worker --name w3                    w3, also if it was there before: its machine is new

On the machine that joins, while `tinderbox certs serve` runs here:
  tinderbox serve --join nats://n1 --roles worker --name w4 … --token TOKEN

The token is a password: who has it makes such nodes. It is shown once; what is kept of it is a hash.")]
pub(crate) struct TokenArgs {
    /// Where the authority is
    #[arg(long, value_name = "DIR", default_value = "./certs", value_parser = folder)]
    pub(crate) dir: PathBuf,
    /// What the nodes may be there for
    #[arg(long, value_name = "ROLE[,ROLE…]", required = true, value_delimiter = ',')]
    pub(crate) roles: Vec<NodeRole>,
    /// For new nodes whose names begin so [default: any new name]
    #[arg(long, value_name = "PREFIX", default_value = "", value_parser = prefix, conflicts_with = "name")]
    pub(crate) name_prefix: String,
    /// For the node of this name, which loses the certificate that it may have
    #[arg(long, value_parser = own_name)]
    pub(crate) name: Option<String>,
    /// How long it can be used
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    pub(crate) expires: Duration,
    /// How many nodes it makes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(USES_MAX)))]
    pub(crate) uses: u32,
    /// Where `certs serve` is reached [default: as it said when it was started last]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) authority: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox certs serve --listen 10.0.0.5:9958                      beside ca.pem and ca.key in ./certs
  tinderbox certs serve --listen 0.0.0.0:9958 --advertise ca.example.org:9958 --life 7d

It needs to run while nodes join, and now and then for those that renew their certificates (after two thirds of
their time). Run it on a machine that is no node.")]
pub(crate) struct DeskArgs {
    /// Where the authority is
    #[arg(long, value_name = "DIR", default_value = "./certs", value_parser = folder)]
    pub(crate) dir: PathBuf,
    /// Where machines that join are heard
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:9958",
        env = "TINDERBOX_AUTHORITY_LISTEN"
    )]
    pub(crate) listen: SocketAddr,
    /// Where they are to call, if not there; tokens say so
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) advertise: Option<String>,
    /// How long the certificates count that are given here
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = life)]
    pub(crate) life: Duration,
    /// For tests: the kernel ends this process when its parent ends
    #[arg(long, hide = true)]
    pub(crate) die_with_parent: bool,
}

/// Shorter ones would be renewed all the time.
const LIFE_MIN: Duration = Duration::from_secs(6);

fn life(text: &str) -> Result<Duration, String> {
    let life = duration(text)?;
    if life < LIFE_MIN { Err("at least 6s".to_owned()) } else { Ok(life) }
}

fn own_name(text: &str) -> Result<String, String> {
    node_name(text).map(|()| text.to_owned())
}

fn prefix(text: &str) -> Result<String, String> {
    // Some name begins so.
    if text.is_empty() {
        Ok(String::new())
    } else {
        check_name(&format!("{text}0")).map(|()| text.to_owned()).map_err(|error| error.to_string())
    }
}

fn node_name(name: &str) -> Result<(), String> {
    check_name(name).map_err(|error| error.to_string())?;
    if name == "ca" { Err("`ca` is the authority's own name".to_owned()) } else { Ok(()) }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tinderbox certs init                                        an authority in ./certs
  tinderbox certs init --name f1=frontend,control --name w1=worker --name w2=worker
  tinderbox certs init --name w3=worker                       one more, by the authority that is there
  tinderbox certs init --name w1=worker --renew               w1 again, before it expires

Roles: frontend, control, assignment, placement, worker. A node may ask of the others what its roles need
and nothing else: a certificate of a worker changes no function and takes no lease. Give each node its own.

A node needs three of the files: ca.pem, NAME.pem and NAME.key. ca.key makes nodes of any role: keep it off them all.
All files are readable by their owner only.")]
pub(crate) struct InitArgs {
    /// Where the certificates are
    #[arg(long, value_name = "DIR", default_value = "./certs", value_parser = folder)]
    pub(crate) dir: PathBuf,
    /// A node and what it is there for; may be repeated
    #[arg(long = "name", value_name = "NAME=ROLE[,ROLE…]", value_parser = node)]
    pub(crate) names: Vec<Party>,
    /// How long the nodes' certificates count
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub(crate) days: u32,
    /// Replace a node's certificate and key that are there
    #[arg(long)]
    pub(crate) renew: bool,
}

fn node(text: &str) -> Result<Party, String> {
    let all = || NodeRole::ALL.map(NodeRole::name).join(",");
    let Some((name, roles)) = text.split_once('=') else {
        return Err(format!("say what it is there for: {text}=worker, or several of {}", all()));
    };
    node_name(name)?;
    let mut roles: Vec<NodeRole> = roles.split(',').map(str::parse).collect::<Result<_, _>>()?;
    roles.sort_unstable();
    roles.dedup();
    Ok(Party { name: name.to_owned(), roles })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_a_name_and_roles() {
        let read = node("w1=worker,frontend,worker").unwrap();
        assert_eq!(read.roles, [NodeRole::Frontend, NodeRole::Worker]);
        for bad in
            ["w1", "w1=", "=worker", "W1=worker", "w1=worker,", "w1=leader", "ca=worker", "../x=worker"]
        {
            assert!(node(bad).is_err(), "{bad}");
        }
    }
}
