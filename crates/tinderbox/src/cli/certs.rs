//! What is said of certificates on the command line.

use super::folder;
use clap::{Args, Subcommand};
use fabric_rpc::certs::check_name;
use fabric_rpc::{NodeRole, Party};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct CertsArgs {
    #[command(subcommand)]
    pub(crate) command: CertsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertsCommand {
    /// Make an authority, once, and certificates for nodes
    Init(InitArgs),
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
    check_name(name).map_err(|error| error.to_string())?;
    if name == "ca" {
        return Err("`ca` is the authority's own name".to_owned());
    }
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
