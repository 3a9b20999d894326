//! A platform of several nodes: how they find each other, who leads, and one node of it.
//!
//! | file | what |
//! |---|---|
//! | [`node`], [`here`] | one node from its start to its end; the roles that are in it |
//! | [`joined`] | a certificate got by a token, and kept fresh |
//! | [`members`] | who is there: entries in `Kv` |
//! | [`net`] | from a name, a role or a lead to whoever answers |
//! | [`partition`], [`lead`] | assignment wherever each partition is led, and how many there are; placement, if it is led here |
//! | [`spread`] | which node leads which partitions |
//! | [`fleet`] | who makes workers, and how many |
//! | [`standing`] | how far followers have replayed |
//! | [`logs`] | lines and waterfalls: kept here, shipped, read from all |
//! | [`turn`] | work that one node of several does |
//! | [`stores`] | what all of them share |

pub(crate) mod fleet;
mod here;
pub(crate) mod joined;
pub(crate) mod lead;
pub(crate) mod logs;
pub(crate) mod members;
pub(crate) mod net;
pub(crate) mod node;
pub(crate) mod partition;
mod spread;
pub(crate) mod standing;
pub(crate) mod stores;
pub(crate) mod turn;

use crate::roles::StartError;
use fabric_rpc::join::Token;
use fabric_rpc::{Identity, NodeRole, Trust};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use stores::StoreSettings;
use types::PartitionCount;
use world::World;

/// What a node needs to be one of a platform.
#[derive(Clone)]
pub(crate) struct Join {
    pub(crate) name: String,
    pub(crate) roles: Vec<NodeRole>,
    pub(crate) zone: String,
    pub(crate) stores: StoreSettings,
    /// How many partitions the platform is to have; `None`: as many as it has.
    pub(crate) partitions: Option<PartitionCount>,
    /// Where other nodes' calls are heard.
    pub(crate) fabric: SocketAddr,
    /// Where they are to go, if not there: `host:port`.
    pub(crate) advertise: Option<String>,
    /// The folder of the certificates; `None`: all nodes are on this host and speak over loopback.
    pub(crate) certificates: Option<PathBuf>,
    /// By what it gets one, if it has none.
    pub(crate) token: Option<Token>,
    /// Where certificates are renewed by now.
    pub(crate) authority: Option<String>,
    /// For placement.
    pub(crate) fleet: fleet::FleetSettings,
}

impl Join {
    pub(crate) fn is(&self, role: NodeRole) -> bool {
        self.roles.contains(&role)
    }
}

/// By whose certificates calls go out and come in.
pub(crate) fn trust(world: &World, certificates: Option<&Path>, name: &str) -> Result<Trust, StartError> {
    let Some(folder) = certificates else { return Ok(Trust::Loopback) };
    if let Some(kept) = joined::read(folder, name)? {
        return Ok(Trust::Certificates(kept.identity(world)?));
    }
    let read = |file: String| {
        let path = folder.join(file);
        std::fs::read_to_string(&path).map_err(|error| StartError {
            message: format!("{}: {error}", path.display()),
            advice: "`tinderbox certs init --name NAME=ROLES` makes a node's certificate; it needs ca.pem, NAME.pem and \
                     NAME.key. `tinderbox certs token` makes a token, by which a node gets one by itself",
        })
    };
    let (authority, own, key) =
        (read("ca.pem".to_owned())?, read(format!("{name}.pem"))?, read(format!("{name}.key"))?);
    let identity = Identity::new(world, &authority, &own, &key).map_err(|error| error.to_string())?;
    Ok(Trust::Certificates(identity))
}
