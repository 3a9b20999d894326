//! `HostSandbox`: no walls. Processes run on the host, doors listen on ephemeral loopback ports, and what is said of
//! inside (addresses, mounted paths) is rewritten to the host's.

use crate::kit::{Kit, zip};
use async_trait::async_trait;
use fabric::control::FunctionConfig;
use sandbox::*;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use testkit::clock::SetClock;
use tokio::net::TcpListener;
use tokio::process::Command;
use world::World;

/// A kit whose environments are processes of this host.
pub(crate) struct OnHost {
    kit: Kit,
    pub(crate) sandbox: Arc<HostSandbox>,
}

impl std::ops::Deref for OnHost {
    type Target = Kit;

    fn deref(&self) -> &Kit {
        &self.kit
    }
}

pub(crate) fn on_host(
    variables: &[(&str, &str)],
    change: impl FnOnce(&mut FunctionConfig, &mut worker::Settings),
) -> OnHost {
    on_host_in(World::real(), variables, change)
}

pub(crate) fn on_host_in(
    world: World,
    variables: &[(&str, &str)],
    change: impl FnOnce(&mut FunctionConfig, &mut worker::Settings),
) -> OnHost {
    on_host_over(HostSandbox::default(), world, variables, change)
}

pub(crate) fn on_host_over(
    sandbox: HostSandbox,
    world: World,
    variables: &[(&str, &str)],
    change: impl FnOnce(&mut FunctionConfig, &mut worker::Settings),
) -> OnHost {
    let sandbox = Arc::new(sandbox);
    let zip = zip("runtime.py", include_str!("runtime.py"));
    let kit = Kit::over(world, sandbox.clone(), |fakes| fakes, zip, variables, change);
    OnHost { kit, sandbox }
}

/// A world whose time passes when a test says so.
pub(crate) fn still() -> (World, Arc<SetClock>) {
    let clock = Arc::new(SetClock::waking());
    (World { clock: clock.clone(), ..World::real() }, clock)
}

#[derive(Default)]
pub(crate) struct HostSandbox {
    pub(crate) booted: AtomicUsize,
    pub(crate) stopped: Arc<AtomicUsize>,
    /// The newest environment's Runtime API door.
    pub(crate) runtime_api: Mutex<Option<SocketAddr>>,
    /// Likewise to the Lambda API.
    pub(crate) lambda_api: Mutex<Option<SocketAddr>>,
    /// What the newest process was told.
    pub(crate) variables: Arc<Mutex<BTreeMap<String, String>>>,
    /// Rooms can wait for their function. A process that waits in one does not listen.
    pub(crate) deaf_rooms: bool,
    /// The newest environment's peak of memory, MB.
    pub(crate) peak_mb: Arc<AtomicUsize>,
}

struct HostEnvironment {
    binds: bool,
    variables: Arc<Mutex<BTreeMap<String, String>>>,
    peak_mb: Arc<AtomicUsize>,
    mounts: Vec<ReadOnlyMount>,
    runtime_api: TcpListener,
    lambda_api: TcpListener,
    groups: Mutex<Vec<i32>>,
    stopped: Arc<AtomicUsize>,
}

#[async_trait]
impl Sandbox for HostSandbox {
    fn kind(&self) -> &'static str {
        "host"
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities { bind: self.deaf_rooms, ..Capabilities::default() }
    }
    async fn boot(&self, spec: BootSpec) -> Result<Arc<dyn Environment>, BootError> {
        let bind = || async { TcpListener::bind("127.0.0.1:0").await.unwrap() };
        let environment = HostEnvironment {
            mounts: spec.mounts,
            runtime_api: bind().await,
            lambda_api: bind().await,
            groups: Mutex::default(),
            stopped: Arc::clone(&self.stopped),
            binds: self.deaf_rooms,
            variables: Arc::clone(&self.variables),
            peak_mb: Arc::clone(&self.peak_mb),
        };
        *self.lambda_api.lock().unwrap() = Some(environment.lambda_api.local_addr().unwrap());
        *self.runtime_api.lock().unwrap() = Some(environment.runtime_api.local_addr().unwrap());
        self.booted.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(environment))
    }
    async fn shutdown(&self) {}
}

impl HostEnvironment {
    fn outside(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for mount in &self.mounts {
            text = text.replace(mount.inside.to_str().unwrap(), mount.host.to_str().unwrap());
        }
        let door = |listener: &TcpListener| listener.local_addr().unwrap().to_string();
        text.replace(RUNTIME_API_ADDRESS, &door(&self.runtime_api))
            .replace(LAMBDA_API_ADDRESS, &door(&self.lambda_api))
    }
}

#[async_trait]
impl Environment for HostEnvironment {
    async fn start(&self, mut process: ProcessSpec) -> Result<Process, BootError> {
        let deaf = process.bind.then(|| {
            (process.program, process.arguments) = ("/bin/sleep".into(), vec!["60".to_owned()]);
            process.working_directory = "/".into(); // no code is shown yet
            // Whoever writes into it is told that nobody reads.
            let (writer, _) = tokio::io::duplex(1);
            let writer: Box<dyn tokio::io::AsyncWrite + Send + Unpin> = Box::new(writer);
            writer
        });
        *self.variables.lock().unwrap() = process.environment.clone();
        let program = self.outside(process.program.to_str().unwrap());
        let mut child = Command::new(&program)
            .args(process.arguments.iter().map(|argument| self.outside(argument)))
            .env_clear()
            .envs(process.environment.iter().map(|(name, value)| (name, self.outside(value))))
            .current_dir(self.outside(process.working_directory.to_str().unwrap()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| BootError::Exec { program, errno: error.raw_os_error().unwrap_or(0) })?;
        self.groups.lock().unwrap().push(child.id().unwrap() as i32);
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (tx, exited) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let status = child.wait().await.unwrap();
            let status =
                status.code().map_or_else(|| ExitStatus::Signal(status.signal().unwrap()), ExitStatus::Code);
            let _ = tx.send(Exit { status, out_of_memory: false });
        });
        Ok(Process {
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            telemetry: None,
            bind: deaf,
            exited,
        })
    }
    async fn accept(&self, door: Door) -> std::io::Result<Box<dyn Connection>> {
        let listener = match door {
            Door::RuntimeApi => &self.runtime_api,
            Door::LambdaApi => &self.lambda_api,
        };
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
    async fn stats(&self) -> Result<Stats, BootError> {
        let peak = 31.max(self.peak_mb.load(Ordering::SeqCst)) as u64;
        Ok(Stats { memory_peak_bytes: peak << 20, cpu_us: 1, ..Stats::default() })
    }
    async fn bind(&self, _: Binding) -> Result<(), BootError> {
        if self.binds { Ok(()) } else { Err(BootError::Unsupported("bind")) }
    }
    async fn pause(&self) -> Result<(), BootError> {
        Err(BootError::Unsupported("pause"))
    }
    async fn resume(&self) -> Result<(), BootError> {
        Err(BootError::Unsupported("resume"))
    }
    async fn stop(&self) {
        let groups = std::mem::take(&mut *self.groups.lock().unwrap());
        for group in groups {
            let _ = Command::new("kill")
                .args(["-9", "--", &format!("-{group}")])
                .stderr(Stdio::null())
                .status()
                .await;
        }
        self.stopped.fetch_add(1, Ordering::SeqCst);
    }
}
