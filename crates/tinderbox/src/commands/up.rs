//! `tinderbox up`: every role in this process, until a signal.

use super::microvm;
use crate::cli::{self, Fabric, Global, ServerFlags, UpArgs};
use crate::client::Client;
use crate::credentials;
use crate::failure::{Exit, Failure};
use crate::roles::{self, Launched, Platform, Settings, StartError, Walls};
use crate::screen::Screen;
use sandbox::microvm::settings::{Backend, MicroVmSettings};
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, oneshot};
use types::limits::DEFAULT_PORT;
use world::World;

/// What goes on behind a server that has ended may take so long.
const BEHIND_MAX: Duration = Duration::from_millis(500);

pub(super) fn run(global: &Global, args: UpArgs, screen: Screen) -> Result<(), Failure> {
    let UpArgs { server: args, durable, fabric } = args;
    let mut settings = settings(global, &args)?;
    settings.encoded = fabric == Fabric::Encoded;
    settings.durable = durable.settings().map_err(|error| {
        Failure::new(Exit::Failed, error).advise("`tinderbox up --help` says how --blobs is written")
    })?;
    let launched = launch(&args, &mut settings, screen)?;
    let runtime = runtime()?;
    block_on(runtime, async {
        let (end, hurry) = (signalled(1), signalled(2));
        let platform = Platform::start(settings, launched).await.map_err(host)?;
        announce(screen, &platform, &args)?;
        platform.serve(end, hurry).await.map_err(Failure::here)
    })
}

/// The data folder, the spawner, and what the walls are made of.
pub(super) fn launch(
    args: &ServerFlags,
    settings: &mut Settings,
    screen: Screen,
) -> Result<Launched, Failure> {
    let microvm = args.microvm.settings();
    let backend = microvm::backend(args.sandbox.wanted(), &microvm, &args.data)?;
    let launched = roles::launch(&args.data, Some(backend.monitors(&microvm))).map_err(host)?;
    // After the launch: privileges are gone, and a bar may have a thread.
    settings.walls = walls(backend, microvm, &args.data, screen)?;
    Ok(launched)
}

/// What the operator set, checked.
pub(super) fn settings(global: &Global, args: &ServerFlags) -> Result<Settings, Failure> {
    let credentials = args.credentials.as_deref().map(credentials::read).transpose()?;
    if !args.listen.is_loopback() && credentials.is_none() {
        return Err(Failure::new(
            Exit::Host,
            format!("{} is not loopback: without keys everybody there could run code here", args.listen),
        )
        .advise("give --credentials FILE, with one key a line: KEY_ID SECRET [ACCOUNT]"));
    }
    Ok(Settings {
        data: args.data.clone(),
        address: SocketAddr::new(args.listen, args.port),
        account: args.account.clone(),
        region: global.region(),
        credentials,
        host_names: args.host_name.clone(),
        strict_runtimes: args.strict_runtimes,
        walls: Walls::Process,
        durable: None,
        egress: match args.egress {
            cli::Egress::Nat => sandbox::Egress::Nat,
            cli::Egress::None => sandbox::Egress::None,
        },
        allow_hosts: args.allow_host.clone(),
        variables: args.env.iter().cloned().collect(),
        idle_max: args.idle_timeout,
        memory_mb: args.memory,
        pool_mb: args.pool,
        snap_start_mb: args.snapstart,
        snapshots: match args.snapshots {
            cli::Snapshots::SnapStart => worker::Snapshots::SnapStart,
            cli::Snapshots::EveryVersion => worker::Snapshots::EveryVersion,
        },
        freeze_after: args.freeze_after.0,
        log_bytes_max: args.log_bytes,
        time_factor: args.time_factor,
        encoded: false,
    })
}

/// What the walls are made of; what is missing for microVMs is made now.
fn walls(backend: Backend, settings: MicroVmSettings, data: &Path, screen: Screen) -> Result<Walls, Failure> {
    if backend == Backend::Process {
        return Ok(Walls::Process);
    }
    let assets = Arc::new(microvm::assets_for(&settings, data, screen)?);
    Ok(Walls::MicroVm { backend, settings: Box::new(settings.resolved()), assets })
}

fn announce(screen: Screen, platform: &Platform, args: &ServerFlags) -> Result<(), Failure> {
    let endpoint = format!("http://{}", platform.address);
    for wall in &platform.missing {
        tracing::warn!("{wall}");
    }
    if screen.json {
        // One line, for the program that reads it goes on with its work while this one stays.
        let ready = json!({ "endpoint": endpoint, "data": args.data, "missing": platform.missing });
        return screen.line(ready.to_string());
    }
    screen.line(format!(
        "tinderbox is ready at {endpoint}, data in {}\n\n\
         Next, in another terminal:\n  \
         tinderbox deploy examples/hello-python\n  \
         tinderbox invoke hello-python -d '{{\"name\":\"you\"}}' --trace\n\n\
         Or with AWS's own tools{}:\n  \
         export AWS_ENDPOINT_URL_LAMBDA={endpoint} AWS_ENDPOINT_URL_CLOUDWATCH_LOGS={endpoint}\n  \
         export AWS_REGION=us-east-1{}\n  \
         aws lambda list-functions\n\nCtrl-C ends it.",
        args.data.display(),
        if args.credentials.is_some() { " and a key of your credentials file" } else { "" },
        if args.credentials.is_some() { "" } else { " AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any" },
    ))
}

/// Completes at so many SIGTERMs or SIGINTs from now on: one ends the server, the second does not wait for what is in
/// progress. From now, not from the first poll: one listener that is there before another takes the signal from the kernel,
/// and the other never hears of it.
pub(super) fn signalled(times: u32) -> impl Future<Output = ()> {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
            tracing::error!("signals can not be heard: end this server with kill -9");
            return std::future::pending().await;
        };
        for _ in 0..times {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    }
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::here(format!("no runtime: {error}")))
}

/// All that matters is waited for by `work`; what then still blocks a thread, as an interpreter that is asked for its version
/// and does not answer, does not keep a server that was told to end.
pub(super) fn block_on<T>(runtime: tokio::runtime::Runtime, work: impl Future<Output = T>) -> T {
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(BEHIND_MAX);
    done
}

pub(super) fn host(error: StartError) -> Failure {
    Failure::new(Exit::Host, error.message).advise(error.advice)
}

/// A server on defaults for as long as `work`, its client, goes on; a signal ends both. No port: the usual one if it
/// is free, else any.
pub(super) fn beside(
    global: &Global,
    data: &Path,
    port: Option<u16>,
    encoded: bool,
    work: impl AsyncFnOnce(Client, String) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let launched =
        roles::launch(data, Some(Backend::Process.monitors(&MicroVmSettings::default()))).map_err(host)?;
    block_on(runtime()?, async {
        let (signal, hurry) = (signalled(1), signalled(2));
        let settings = defaults(global, data, port.unwrap_or_else(free_port), encoded);
        let platform = Platform::start(settings, launched).await.map_err(host)?;
        let endpoint = format!("http://{}", platform.address);
        let mut global = global.clone();
        global.endpoint = Some(endpoint.clone());
        let client = Client::new(World::real(), &global)?;
        let (end, worked) = oneshot::channel::<()>();
        let stop = Notify::new();
        let serve = async {
            let end = async {
                tokio::select! {
                    _ = worked => {} // dropped with the work
                    () = signal => stop.notify_one(),
                }
            };
            let served = platform.serve(end, hurry);
            let served = served.await.map_err(Failure::here);
            // It may have ended by itself, under a client that waits for something else.
            stop.notify_one();
            served
        };
        let work = async {
            let _until_here = end;
            tokio::select! {
                done = work(client, endpoint) => done,
                () = stop.notified() => Ok(()),
            }
        };
        let (served, worked) = tokio::join!(serve, work);
        worked.and(served)
    })
}

/// The usual port if nobody has it.
fn free_port() -> u16 {
    match std::net::TcpListener::bind(("127.0.0.1", DEFAULT_PORT)) {
        Ok(_) => DEFAULT_PORT,
        Err(_) => 0,
    }
}

fn defaults(global: &Global, data: &Path, port: u16, encoded: bool) -> Settings {
    Settings {
        data: data.to_owned(),
        address: SocketAddr::from(([127, 0, 0, 1], port)),
        account: "000000000000".to_owned(),
        region: global.region(),
        credentials: None,
        host_names: Vec::new(),
        strict_runtimes: false,
        walls: Walls::Process,
        durable: None,
        egress: sandbox::Egress::Nat,
        allow_hosts: Vec::new(),
        variables: Default::default(),
        idle_max: Duration::from_secs(600),
        memory_mb: None,
        pool_mb: worker::pool::Settings::default().memory_bytes_max >> 20,
        snap_start_mb: worker::snapstart::Settings::default().memory_bytes_max >> 20,
        snapshots: worker::Snapshots::default(),
        freeze_after: Some(Duration::from_millis(50)),
        log_bytes_max: telemetry::Settings::default().bytes_max,
        time_factor: 1,
        encoded,
    }
}
