//! The server's end: the `Sandbox` and `Environment` traits over the conversation with the spawner.
//!
//! ```text
//!  boot ──▶ question(n) ──▶ queue ──▶ socket ──▶ spawner          one task, `sandbox-spawner`, drives the socket:
//!            answer(n)  ◀── waiting[n] ◀── socket ◀──┘            it sends the queue, and wakes who waits
//! ```
//!
//! When the spawner is gone every question, present and future, is answered `Gone`, and every process's `exited` ends
//! without a word.

mod machine;

pub(crate) use machine::MachineHandle;

use super::SpawnerHandle;
use super::protocol::{
    Answer, BootWire, CapabilitiesWire, Channel, Failure, FromSpawner, MESSAGE_BYTES_MAX, ProcessWire,
    Request, StatusWire, ToSpawner, encode,
};
use super::reader::Reader;
use crate::{
    Binding, BootError, BootSpec, Capabilities, Connection, Door, Egress, Environment, Exit, ExitStatus,
    Process, ProcessSpec, Sandbox, Stats,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::net::unix::pipe;
use tokio::sync::{Notify, oneshot, watch};
use world::{TaskHandle, World};

/// Questions that wait for the socket. Each environment has a few open at most; past it the spawner is stuck.
const QUEUE_MAX: usize = 65_536;

type Answered = (Result<Answer, Failure>, Vec<OwnedFd>);

/// Environments as groups of processes on this host.
pub struct ProcessSandbox {
    shared: Arc<Shared>,
    capabilities: Capabilities,
    driver: TaskHandle,
    child: Mutex<Option<std::process::Child>>,
    world: World,
}

struct Shared {
    socket: AsyncFd<Channel>,
    books: Mutex<Books>,
    /// Something was queued.
    queued: Notify,
    /// True once the spawner is gone.
    ended: watch::Sender<bool>,
}

#[derive(Default)]
struct Books {
    next: u64,
    gone: bool,
    /// With the descriptors that ride with each.
    queue: VecDeque<(Vec<u8>, Vec<OwnedFd>)>,
    waiting: BTreeMap<u64, oneshot::Sender<Answered>>,
    /// By environment and process.
    exits: BTreeMap<(u64, u64), oneshot::Sender<Exit>>,
}

impl ProcessSandbox {
    /// Takes over a launched spawner. Inside a tokio runtime.
    pub fn new(handle: SpawnerHandle, world: World) -> io::Result<Arc<Self>> {
        // SAFETY: a channel owns its descriptor, always answers the same one, and closes it only when dropped.
        let socket = unsafe { AsyncFd::register(handle.channel)? };
        let shared = Arc::new(Shared {
            socket,
            books: Mutex::new(Books::default()),
            queued: Notify::new(),
            ended: watch::Sender::new(false),
        });
        let driven = shared.clone();
        let driver = world.spawn("sandbox-spawner", async move {
            let error = driven.drive().await;
            driven.close();
            tracing::debug!(%error, "the conversation with the spawner ended");
        });
        let child = Mutex::new(Some(handle.child));
        Ok(Arc::new(Self {
            shared,
            capabilities: capabilities_of(handle.capabilities),
            driver,
            child,
            world,
        }))
    }

    /// Completes when the spawner is gone, killed or shut down: no environment can be made or ended any more.
    pub async fn ended(&self) {
        // The sender lives as long as `self`, so waiting ends with the value only.
        let _ = self.shared.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

/// The wire form, as the trait says it.
pub(crate) fn capabilities_of(wire: CapabilitiesWire) -> Capabilities {
    Capabilities {
        pause: wire.pause,
        bind: wire.bind,
        reclaim: wire.reclaim,
        snapshot: false,
        egress_nat: wire.egress_nat,
        memory_limit: wire.memory_limit,
        cpu_share: wire.cpu_share,
        pids_limit: wire.pids_limit,
        sized_tmp: wire.sized_tmp,
        landlock: wire.landlock,
        seccomp: wire.seccomp,
        missing: wire.missing,
    }
}

#[async_trait]
impl Sandbox for ProcessSandbox {
    fn kind(&self) -> &'static str {
        "process"
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    async fn boot(&self, spec: BootSpec) -> Result<Arc<dyn Environment>, BootError> {
        let nat = spec.egress == Egress::Nat;
        if nat && !self.capabilities.egress_nat {
            return Err(BootError::Unsupported("egress nat"));
        }
        let wire = BootWire {
            memory_mb: spec.memory_mb,
            tmp_mb: spec.ephemeral_storage_mb,
            mounts: spec.mounts.into_iter().map(|mount| (mount.host, mount.inside)).collect(),
            nat,
            allow_hosts: spec.allow_hosts,
        };
        let key = self.shared.number();
        // From here on a dropped future stops what was asked for.
        let mut guard = StopOnDrop { shared: self.shared.clone(), key, armed: true };
        let answered = self.shared.ask(Request::Boot { environment: key, spec: wire }).await;
        let fds = match answered {
            Ok((Answer::Booted, fds)) => fds,
            Ok(_) => return Err(out_of_phase("boot")),
            Err(failure) => {
                guard.armed = false;
                return Err(error_of(failure, String::new()));
            }
        };
        let doors = Doors::open(fds).map_err(|error| host("doors", &error))?;
        let (closed, _) = watch::channel(false);
        Ok(Arc::new(ProcessEnvironment {
            shared: self.shared.clone(),
            key,
            doors: Mutex::new(Some(Arc::new(doors))),
            closed,
            guard,
        }))
    }

    async fn shutdown(&self) {
        // An answer, or the end of the conversation: both mean that nothing is left that this end could remove.
        drop(self.shared.ask(Request::Shutdown).await);
        self.shared.close();
        self.driver.abort();
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            drop(self.world.blocking("sandbox-spawner-end", move || child.wait()).await);
        }
    }
}

impl Drop for ProcessSandbox {
    fn drop(&mut self) {
        // The spawner reads the end, and removes everything, also while environments hold their side of this.
        self.shared.close();
        self.driver.abort();
    }
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that was never used: for a question, an environment or a process.
    fn number(&self) -> u64 {
        let mut books = self.books();
        books.next += 1;
        books.next
    }

    /// Asks and waits for the answer.
    async fn ask(&self, what: Request) -> Result<(Answer, Vec<OwnedFd>), Failure> {
        self.ask_with(what, Vec::new()).await
    }

    /// Likewise, with descriptors.
    async fn ask_with(&self, what: Request, fds: Vec<OwnedFd>) -> Result<(Answer, Vec<OwnedFd>), Failure> {
        let id = self.number();
        let (tx, rx) = oneshot::channel();
        self.books().waiting.insert(id, tx);
        let forget = ForgetOnDrop { shared: self, id };
        self.post_with(id, what, fds)?;
        let answered = rx.await.map_err(|_| Failure::Gone);
        drop(forget);
        let (answer, fds) = answered?;
        answer.map(|answer| (answer, fds))
    }

    async fn stats(&self, key: u64) -> Result<Stats, BootError> {
        match self.ask(Request::Stats { environment: key }).await {
            Ok((Answer::Stats(wire), _)) => Ok(Stats {
                memory_bytes: wire.memory_bytes,
                memory_peak_bytes: wire.memory_peak_bytes,
                cpu_us: wire.cpu_us,
                tasks: wire.tasks,
                out_of_memory_kills: wire.out_of_memory_kills,
            }),
            Ok(_) => Err(out_of_phase("stats")),
            Err(failure) => Err(error_of(failure, String::new())),
        }
    }

    /// Queues a question; nobody need wait for its answer.
    fn post(&self, id: u64, what: Request) -> Result<(), Failure> {
        self.post_with(id, what, Vec::new())
    }

    fn post_with(&self, id: u64, what: Request, fds: Vec<OwnedFd>) -> Result<(), Failure> {
        let bytes = encode(&ToSpawner::Request { id, what })
            .map_err(|error| Failure::Host { step: "request".to_owned(), reason: error.to_string() })?;
        {
            let mut books = self.books();
            if books.gone || books.queue.len() >= QUEUE_MAX {
                return Err(Failure::Gone);
            }
            books.queue.push_back((bytes, fds));
        }
        self.queued.notify_one();
        Ok(())
    }

    /// Sends and receives until the spawner is gone; why.
    async fn drive(&self) -> io::Error {
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        loop {
            let waits = !self.books().queue.is_empty();
            let step = tokio::select! {
                readable = self.socket.readable() => readable.and_then(|mut ready| {
                    self.receive_all(&mut buffer).map(|()| ready.clear_ready())
                }),
                writable = self.socket.writable(), if waits => writable.and_then(|mut ready| {
                    self.send_all().map(|all| if !all { ready.clear_ready() })
                }),
                () = self.queued.notified() => Ok(()),
            };
            if let Err(error) = step {
                return error;
            }
        }
    }

    /// `false` if the socket is full.
    fn send_all(&self) -> io::Result<bool> {
        loop {
            let Some((bytes, fds)) = self.books().queue.pop_front() else { return Ok(true) };
            let borrowed: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
            match self.socket.get_ref().send_bytes(&bytes, &borrowed) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.books().queue.push_front((bytes, fds));
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn receive_all(&self, buffer: &mut [u8]) -> io::Result<()> {
        loop {
            match self.socket.get_ref().receive::<FromSpawner>(buffer) {
                Ok(Some((message, fds))) => self.on_message(message, fds)?,
                Ok(None) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn on_message(&self, message: FromSpawner, fds: Vec<OwnedFd>) -> io::Result<()> {
        match message {
            FromSpawner::Reply { id, answer } => {
                let waiting = self.books().waiting.remove(&id);
                // Nobody may wait any more; then the descriptors are closed here.
                waiting.map(|waiting| waiting.send((answer, fds)));
            }
            FromSpawner::Exited { environment, process, status, out_of_memory } => {
                let exit = self.books().exits.remove(&(environment, process));
                let status = match status {
                    StatusWire::Code(code) => ExitStatus::Code(code),
                    StatusWire::Signal(signal) => ExitStatus::Signal(signal),
                };
                exit.map(|exit| exit.send(Exit { status, out_of_memory }));
            }
            FromSpawner::Warning(text) => tracing::warn!(text, "spawner"),
            FromSpawner::Ready(_) | FromSpawner::Refused(_) => return Err(io::ErrorKind::InvalidData.into()),
        }
        Ok(())
    }

    /// No more questions; those that wait are answered by the end of their channel.
    fn close(&self) {
        let (waiting, exits) = {
            let mut books = self.books();
            books.gone = true;
            books.queue.clear();
            (std::mem::take(&mut books.waiting), std::mem::take(&mut books.exits))
        };
        drop((waiting, exits));
        self.ended.send_replace(true);
        let _ = rustix::net::shutdown(self.socket.get_ref(), rustix::net::Shutdown::Both);
    }
}

/// Takes a question off the books if its asker stops waiting.
struct ForgetOnDrop<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for ForgetOnDrop<'_> {
    fn drop(&mut self) {
        self.shared.books().waiting.remove(&self.id);
    }
}

/// Stops an environment whose owner is gone.
struct StopOnDrop {
    shared: Arc<Shared>,
    key: u64,
    armed: bool,
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if self.armed {
            let id = self.shared.number();
            // Gone is as good as stopped.
            drop(self.shared.post(id, Request::Stop { environment: self.key }));
        }
    }
}

struct ProcessEnvironment {
    shared: Arc<Shared>,
    key: u64,
    /// `None` after stop: an open door would keep the network namespace.
    doors: Mutex<Option<Arc<Doors>>>,
    closed: watch::Sender<bool>,
    guard: StopOnDrop,
}

struct Doors {
    runtime_api: TcpListener,
    lambda_api: TcpListener,
}

impl Doors {
    fn open(fds: Vec<OwnedFd>) -> io::Result<Self> {
        let mut fds = fds.into_iter();
        let mut next = || -> io::Result<TcpListener> {
            let fd = fds.next().ok_or(io::ErrorKind::InvalidData)?;
            TcpListener::from_std(std::net::TcpListener::from(fd))
        };
        Ok(Self { runtime_api: next()?, lambda_api: next()? })
    }
}

#[async_trait]
impl Environment for ProcessEnvironment {
    async fn start(&self, spec: ProcessSpec) -> Result<Process, BootError> {
        let process = self.shared.number();
        let program = spec.program.display().to_string();
        let wire = ProcessWire {
            program: spec.program,
            arguments: spec.arguments,
            environment: spec.environment.into_iter().collect(),
            working_directory: spec.working_directory,
            telemetry: spec.telemetry,
            bind: spec.bind,
        };
        let (tx, exited) = oneshot::channel();
        // On the books before it is asked for: a short program may end before its start is answered.
        self.shared.books().exits.insert((self.key, process), tx);
        let started = self.shared.ask(Request::Start { environment: self.key, process, spec: wire }).await;
        let pipes = match started {
            Ok((Answer::Started, fds)) => pipes_of(fds, spec.telemetry, spec.bind),
            Ok(_) => Err(out_of_phase("start")),
            Err(failure) => Err(error_of(failure, program)),
        };
        match pipes {
            Ok(Pipes { stdout, stderr, telemetry, bind }) => {
                Ok(Process { stdout, stderr, telemetry, bind, exited })
            }
            Err(error) => {
                self.shared.books().exits.remove(&(self.key, process));
                Err(error)
            }
        }
    }

    async fn accept(&self, door: Door) -> io::Result<Box<dyn Connection>> {
        let gone = || io::Error::new(io::ErrorKind::NotConnected, "the environment is gone");
        let mut closed = self.closed.subscribe();
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(gone)?;
        let listener = match door {
            Door::RuntimeApi => &doors.runtime_api,
            Door::LambdaApi => &doors.lambda_api,
        };
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => Err(gone()),
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                // Small answers to small questions: waiting to fill a packet only costs time.
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }

    async fn bind(&self, binding: Binding) -> Result<(), BootError> {
        let Binding { memory_mb, mounts } = binding;
        let mounts = mounts.into_iter().map(|mount| (mount.host, mount.inside)).collect();
        match self.shared.ask(Request::Bind { environment: self.key, memory_mb, mounts }).await {
            Ok(_) => Ok(()),
            Err(Failure::Unsupported) => Err(BootError::Unsupported("bind")),
            Err(failure) => Err(error_of(failure, String::new())),
        }
    }

    async fn stats(&self) -> Result<Stats, BootError> {
        self.shared.stats(self.key).await
    }

    async fn pause(&self) -> Result<(), BootError> {
        let answered = self.shared.ask(Request::Pause { environment: self.key }).await;
        answered.map(drop).map_err(|failure| error_of(failure, String::new()))
    }

    async fn resume(&self) -> Result<(), BootError> {
        let answered = self.shared.ask(Request::Resume { environment: self.key }).await;
        answered.map(drop).map_err(|failure| error_of(failure, String::new()))
    }

    async fn reclaim(&self) -> Result<u64, BootError> {
        match self.shared.ask(Request::Reclaim { environment: self.key }).await {
            Ok((Answer::Reclaimed { bytes }, _)) => Ok(bytes),
            Ok(_) => Err(out_of_phase("reclaim")),
            Err(Failure::Unsupported) => Err(BootError::Unsupported("reclaim")),
            Err(failure) => Err(error_of(failure, String::new())),
        }
    }

    async fn stop(&self) {
        self.closed.send_replace(true);
        drop(self.doors.lock().unwrap_or_else(PoisonError::into_inner).take());
        // `Gone`: the spawner ended, and with it the environment.
        drop(self.shared.ask(Request::Stop { environment: self.guard.key }).await);
    }
}

type Pipe = Box<dyn AsyncRead + Send + Unpin>;

/// The outer ends of a process's pipes.
struct Pipes {
    stdout: Pipe,
    stderr: Pipe,
    telemetry: Option<Pipe>,
    bind: Option<Box<dyn AsyncWrite + Send + Unpin>>,
}

fn pipes_of(fds: Vec<OwnedFd>, telemetry: bool, bind: bool) -> Result<Pipes, BootError> {
    let mut fds = fds.into_iter();
    let mut next = || fds.next().ok_or_else(|| out_of_phase("pipes"));
    let reader = |fd: OwnedFd| -> Result<Pipe, BootError> {
        Ok(Box::new(Reader::new(fd).map_err(|error| host("pipes", &error))?))
    };
    let (stdout, stderr) = (reader(next()?)?, reader(next()?)?);
    let telemetry = if telemetry { Some(reader(next()?)?) } else { None };
    let bind: Option<Box<dyn AsyncWrite + Send + Unpin>> = match bind {
        true => {
            let sender = pipe::Sender::from_owned_fd(next()?).map_err(|error| host("pipes", &error))?;
            Some(Box::new(sender))
        }
        false => None,
    };
    Ok(Pipes { stdout, stderr, telemetry, bind })
}

fn error_of(failure: Failure, program: String) -> BootError {
    match failure {
        Failure::Unsupported => BootError::Unsupported("pause"),
        Failure::Exec { errno } => BootError::Exec { program, errno },
        Failure::Host { step, reason } => {
            BootError::Host { step: "spawner", reason: format!("{step}: {reason}") }
        }
        Failure::Gone => BootError::Gone,
    }
}

fn host(step: &'static str, error: &io::Error) -> BootError {
    BootError::Host { step, reason: error.to_string() }
}

fn out_of_phase(step: &'static str) -> BootError {
    BootError::Host { step, reason: "the spawner answered something else".to_owned() }
}
