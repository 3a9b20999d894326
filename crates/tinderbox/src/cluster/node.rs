//! One node of a platform of several: some of the roles, which meet those of other nodes over `fabric-rpc`.
//!
//! ```text
//! join (stores, certificates) ─► roles started ─► entry in `Kv` ─► serve ─► drain: leads, worker, frontend, lines ─► withdrawn
//! ```

use super::Join;
use super::here::{Ground, Here};
use super::joined;
use super::members::{Member, Membership};
use super::net::Net;
use super::stores::Stores;
use crate::roles::{self, Launched, Lock, Settings, StartError, durable};
use fabric_rpc::Server;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use world::{TaskHandle, World};

/// How long the calls of others that are in progress are waited for at the end. Invocations and requests are over by then;
/// what is left are calls that wait for something to happen, and are made again elsewhere.
const CALLS_DRAIN_MAX: Duration = Duration::from_secs(2);

/// Every role of this node, started.
pub(crate) struct Node {
    /// Where its frontend listens.
    pub(crate) endpoint: Option<SocketAddr>,
    /// Where its roles are heard by other nodes.
    pub(crate) fabric: SocketAddr,
    /// Walls that are missing on this host, one sentence each.
    pub(crate) missing: Vec<String>,
    world: World,
    listener: TcpListener,
    server: Arc<Server>,
    membership: Membership,
    http: Option<TcpListener>,
    here: Here,
    lock: Lock,
    /// Keeps its certificate fresh.
    renewing: Option<TaskHandle>,
}

/// Ends a task that has nothing to finish.
struct Abort(Option<TaskHandle>);

impl Drop for Abort {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Node {
    /// Starts the roles; from its end on other nodes find them.
    pub(crate) async fn start(
        join: Join,
        settings: Settings,
        launched: Launched,
    ) -> Result<Self, StartError> {
        let world = World::real();
        joined::ensure(&world, &join).await?;
        let trust = super::trust(&world, join.certificates.as_deref(), &join.name)?;
        let renewing = joined::renewing(&world, &join, &trust);
        let (listener, fabric) = roles::listen(join.fabric).await?;
        let stores = Stores::open(&world, &join.stores.nats).await?;
        let net = Net::new(world.clone(), Arc::clone(&stores.kv), trust.clone());
        let Launched { spawner, lock } = launched;
        let ground = Ground::new(world.clone(), join, settings, stores, net).await?;
        let (mut here, served, missing) = Here::start(&ground, spawner).await?;
        let (http, endpoint) = match here.frontend {
            Some(_) => roles::listen(ground.settings.address).await.map(|(it, at)| (Some(it), Some(at)))?,
            None => (None, None),
        };
        let server = Server::new(world.clone(), served, trust);
        let membership = enter(&ground, fabric, endpoint).await?;
        // Last: who is a member may be asked at once, where its entry says.
        here.begin_tenancy(&ground);
        Ok(Self {
            endpoint,
            fabric,
            missing,
            world,
            listener,
            server,
            membership,
            http,
            here,
            lock,
            renewing,
        })
    }

    /// Serves until `shutdown` completes; then lets go of what it leads, lets its environments end after their
    /// invocations, answers what is in progress, and is gone for the others. Once `hurry` completes nothing is waited for.
    pub(crate) async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
        hurry: impl Future<Output = ()> + Send,
    ) -> Result<(), String> {
        let Self { world, listener, server, membership, http, here, lock, renewing, .. } = self;
        let _renewing = Abort(renewing);
        let (drain, draining) = watch::channel(false);
        let (end, ending) = watch::channel(false);
        let until = |mut told: watch::Receiver<bool>| async move {
            let _ = told.wait_for(|told| *told).await; // an error: the sender is gone, which is an end, too
        };
        let calls = server.serve(listener, until(ending), CALLS_DRAIN_MAX);
        let requests = async {
            match (http, &here.frontend) {
                (Some(http), Some(frontend)) => frontend.serve(http, until(draining)).await,
                _ => Ok(()),
            }
        };
        let life = async {
            let why = tokio::select! {
                () = shutdown => None,
                why = lost(&world, &membership, &here, &lock) => Some(why),
            };
            let _ = drain.send(true);
            // While the frontend still answers: what it has begun needs a leader, and an environment here may run it.
            here.let_go().await;
            why
        };
        let orderly = async {
            let (why, served) = tokio::join!(life, requests);
            here.last_lines().await;
            let _ = end.send(true);
            why.map_or(served.map_err(|error| error.to_string()), Err)
        };
        tokio::select! {
            (ended, ()) = async { tokio::join!(orderly, calls) } => {
                here.stop_background();
                membership.withdraw().await;
                ended
            }
            () = hurry => {
                here.hurry().await;
                Ok(())
            }
        }
    }
}

/// Puts this node's entry where the others look for it.
async fn enter(
    ground: &Ground,
    fabric: SocketAddr,
    endpoint: Option<SocketAddr>,
) -> Result<Membership, StartError> {
    let Ground { world, join, stores, .. } = ground;
    let address = join.advertise.clone().unwrap_or_else(|| fabric.to_string());
    let mut member = Member::new(world, &join.name, &join.roles, &join.zone, address);
    member.endpoint = endpoint.map(|endpoint| format!("http://{endpoint}"));
    let taken = Membership::take(world, Arc::clone(&stores.kv), member).await;
    let membership = taken.map_err(|error| error.to_string())?;
    // After the entry is there, as a server that holds a platform alone looks for entries after it holds it.
    match durable::is_nobodys(world, stores.kv.as_ref()).await {
        Ok(()) => Ok(membership),
        Err(refused) => {
            membership.withdraw().await;
            Err(refused)
        }
    }
}

/// Completes, and says why, when this node can not go on.
async fn lost(world: &World, membership: &Membership, here: &Here, lock: &Lock) -> String {
    tokio::select! {
        () = here.walls_ended() => "the process that makes environments has ended; start the node again".to_owned(),
        () = membership.usurped() => "another node has this one's name".to_owned(),
        () = roles::folder_lost(world, lock) => lock.lost(),
    }
}
