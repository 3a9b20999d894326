//! The host's end of the conversation with one guest-init, over whatever stream of bytes the machine gives.
//!
//! ```text
//!  boot:     greet ──▶ Link ──furnish──▶ live: start, bind, accept, stats, shrink …   ──shutdown──▶ ended
//!  restore:  restored ──▶ Link, live (or to be furnished), adopt                                     ▲
//!  snapshot: quiesce ──▶ quiet ──resume──▶ live        (a copy begins a new link)                    │
//!            the guest dies, breaks a rule, or the link is dropped ──────────────────────────────────┘
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | `books` | what is open, who waits, what is to be sent: decides, no IO |
//! | `stream` | our ends of the streams |
//! | `driver` | the one task that reads and writes the channel |
//!
//! The guest is hostile: what is too long, out of phase, over its credit or unasked ends the link with [`LinkError::Broken`],
//! and then every reader and writer gets an error, every question is answered, and every `exited` ends without a word. A
//! guest that reads nothing stops writers; one that answers nothing costs each question its limit; neither stops the host.

mod books;
mod driver;
#[cfg(fuzzing)]
pub mod fuzzing;
mod stream;

use crate::{BootError, Connection, Door, Process, ProcessSpec, Stats};
use books::Books;
use driver::Driver;
use guest_protocol::VERSION;
use guest_protocol::credit::Violation;
use guest_protocol::frame::FrameError;
use guest_protocol::messages::{
    self as wire, Answer, Failure, Moment, Mount, Pipes, Program, Room, StreamId,
};
use guest_protocol::messages::{ToGuest, ToHost};
use guest_protocol::phase::OutOfPhase;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stream::Handle;
use tokio::sync::{oneshot, watch};
use world::World;

/// A kernel boots within: 90 ms with KVM, some seconds under TCG, and ten times that beside a hundred others.
const GREET_LIMIT: Duration = Duration::from_secs(120);
/// The room stands within: mounts of images that may be cold on the host's disk.
const FURNISH_LIMIT: Duration = Duration::from_secs(60);
/// A copy wakes within: its memory is read as it is touched, from a file that may be cold.
const AWAKE_LIMIT: Duration = Duration::from_secs(30);
/// Any other answer: a program is read from a cold disk, or caches are dropped, on a busy host.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// From `Shutdown` to the end of the stream: a sync of a `/tmp` that is thrown away. Then the machine is killed.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);
/// Of a text of the guest's, characters that are passed on: it ends in logs and errors.
const TEXT_CHARS_MAX: usize = 200;
/// Steps of furnishing that are passed on.
const STEPS_MAX: usize = 32;

/// Why the link does not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    /// The machine ended, or the link was dropped.
    #[error("the guest is gone")]
    Gone,
    /// It must be ended.
    #[error("the guest broke the protocol: {0}")]
    Broken(Broken),
    #[error("the guest speaks version {0}, not {VERSION}")]
    Version(u32),
    #[error("the guest did not answer {question} within {limit:?}")]
    Silent { question: &'static str, limit: Duration },
    #[error("{step}: {reason}")]
    Guest { step: String, reason: String },
    #[error("exec {program}: errno {errno}")]
    Exec { program: String, errno: i32 },
    /// A question of ours that the phase does not allow.
    #[error("asked out of phase: {0}")]
    OutOfPhase(OutOfPhase),
    /// A question of ours that does not fit.
    #[error("too long: {0}")]
    TooLong(FrameError),
    /// Too much waits for the guest already.
    #[error("too much waits for the guest")]
    Full,
}

/// The rule that it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("{0}")]
    Frame(FrameError),
    #[error("{0}")]
    Phase(OutOfPhase),
    #[error("{0}")]
    Stream(Violation),
    #[error("{0} to nothing that was asked")]
    Unasked(&'static str),
}

impl From<Broken> for LinkError {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<LinkError> for BootError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Gone => Self::Gone,
            LinkError::Exec { program, errno } => Self::Exec { program, errno },
            error => Self::Host { step: "guest", reason: error.to_string() },
        }
    }
}

/// What a guest said of its boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    /// As `uname -r` says.
    pub(crate) kernel: String,
    /// Since its kernel began: when PID 1 ran, and when it said so.
    pub(crate) init: Duration,
    pub(crate) ready: Duration,
}

/// What a copy said when it woke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Woken {
    /// The room stood when the snapshot was made; else [`Link::furnish`] is next.
    pub(crate) furnished: bool,
    /// Numbers, in the order of their starts from 0, of the processes that live in it; for [`Link::adopt`].
    pub(crate) processes: Vec<u64>,
}

/// The conversation. Dropped, it ends, and with it everything that came of it.
pub(crate) struct Link {
    shared: Arc<Shared>,
    world: World,
}

struct Shared {
    books: Mutex<Books>,
    ended: watch::Sender<bool>,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self { books: Mutex::new(Books::default()), ended: watch::Sender::new(false) })
    }

    /// Whom the books have woken is called when they are closed again.
    fn with<T>(&self, change: impl FnOnce(&mut Books) -> T) -> T {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = change(&mut books);
        let wakes = std::mem::take(&mut books.wakes);
        drop(books);
        wakes.into_iter().for_each(std::task::Waker::wake);
        answer
    }

    fn end(&self, why: LinkError) {
        self.with(|books| books.end(why));
        self.ended.send_replace(true);
    }

    fn why(&self) -> LinkError {
        self.with(|books| books.over.clone()).unwrap_or(LinkError::Gone)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.end(LinkError::Gone);
    }
}

impl Link {
    /// With a machine whose kernel starts.
    pub(crate) async fn greet(
        stream: Box<dyn Connection>,
        world: &World,
        moment: Moment,
    ) -> Result<(Self, Greeting), LinkError> {
        let link = Self::over(stream, world);
        let hello = ToGuest::Hello { version: VERSION, moment };
        match link.milestone("Hello", GREET_LIMIT, &hello).await? {
            ToHost::Welcome { kernel, init_us, ready_us, .. } => {
                let (init, ready) = (Duration::from_micros(init_us), Duration::from_micros(ready_us));
                Ok((link, Greeting { kernel: text(&kernel), init, ready }))
            }
            _ => Err(Broken::Unasked("a word").into()),
        }
    }

    /// With a copy that was restored, and runs. `moment` must be this copy's own.
    pub(crate) async fn restored(
        stream: Box<dyn Connection>,
        world: &World,
        moment: Moment,
    ) -> Result<(Self, Woken), LinkError> {
        let link = Self::over(stream, world);
        let restored = ToGuest::Restored { version: VERSION, moment };
        match link.milestone("Restored", AWAKE_LIMIT, &restored).await? {
            ToHost::Awake { furnished, processes } => Ok((link, Woken { furnished, processes })),
            _ => Err(Broken::Unasked("a word").into()),
        }
    }

    fn over(stream: Box<dyn Connection>, world: &World) -> Self {
        let shared = Shared::new();
        world.spawn("microvm link", Driver::new(shared.clone(), stream).run());
        Self { shared, world: world.clone() }
    }

    /// Makes the room; answers what each step took.
    pub(crate) async fn furnish(&self, room: Room) -> Result<Vec<(String, Duration)>, LinkError> {
        match self.milestone("Furnish", FURNISH_LIMIT, &ToGuest::Furnish(room)).await? {
            ToHost::Furnished { steps } => {
                let step = |(name, us): &(String, u64)| (text(name), Duration::from_micros(*us));
                Ok(steps.iter().take(STEPS_MAX).map(step).collect())
            }
            ToHost::Failed { step, reason } => {
                Err(LinkError::Guest { step: text(&step), reason: text(&reason) })
            }
            _ => Err(Broken::Unasked("a word").into()),
        }
    }

    /// Starts a program. The first is process 0, and so on, as [`Woken::processes`] will name them.
    pub(crate) async fn start(&self, spec: ProcessSpec) -> Result<Process, LinkError> {
        let program = spec.program.display().to_string();
        let (process, exited) = self.shared.with(Books::process)?;
        let asked = self.shared.with(|books| {
            let pipes = books.pipes(spec.telemetry, spec.bind)?;
            let wire = Program {
                program: spec.program,
                arguments: spec.arguments,
                environment: spec.environment.into_iter().collect(),
                working_directory: spec.working_directory,
                pipes,
            };
            // The handles come after the lock, also where the question fails: dropped, they close what was opened.
            let answered =
                books.ask(Some(process), |request| ToGuest::Start { request, process, program: wire });
            Ok((pipes, answered))
        });
        let (pipes, answered) = match asked {
            Ok((pipes, answered)) => (pipes, answered),
            Err(error) => {
                self.shared.with(|books| books.no_process(process));
                return Err(error);
            }
        };
        let started = self.process(pipes, exited);
        match answered {
            Ok(answered) => self.answer("Start", answered).await.map_err(|error| match error {
                LinkError::Exec { errno, .. } => LinkError::Exec { program, errno },
                error => error,
            })?,
            Err(error) => {
                self.shared.with(|books| books.no_process(process));
                return Err(error);
            }
        };
        Ok(started)
    }

    /// The `nth` process that was started in what this is a copy of; `Gone` if it had ended, or was adopted.
    pub(crate) async fn adopt(&self, nth: usize) -> Result<Process, LinkError> {
        let process = nth as u64;
        let (pipes, exited, answered) = self.shared.with(|books| {
            let exited = books.adopt(process).ok_or(LinkError::Gone)?;
            let pipes = books.pipes(true, true)?;
            let answered = books.ask(None, |request| ToGuest::Adopt { request, process, pipes });
            Ok::<_, LinkError>((pipes, exited, answered))
        })?;
        let adopted = self.process(pipes, exited);
        self.answer("Adopt", answered?).await?;
        Ok(adopted)
    }

    /// The next connection that came through this door.
    pub(crate) async fn accept(&self, door: Door) -> Result<Box<dyn Connection>, LinkError> {
        let door = match door {
            Door::RuntimeApi => wire::Door::RuntimeApi,
            Door::LambdaApi => wire::Door::LambdaApi,
        };
        let arrived = self.shared.with(|books| books.arrived(door));
        loop {
            let bell = arrived.notified();
            tokio::pin!(bell);
            // Before the look, so that nothing comes unheard between the two.
            bell.as_mut().enable();
            if let Some(id) = self.shared.with(|books| books.take(door))? {
                return Ok(Box::new(Handle::new(&self.shared, id)));
            }
            bell.await;
        }
    }

    /// Gives a waiting room what it lacks.
    pub(crate) async fn bind(
        &self,
        memory_mb: u32,
        tmp_mb: Option<u32>,
        mounts: Vec<Mount>,
    ) -> Result<(), LinkError> {
        self.ask("Bind", |request| ToGuest::Bind { request, memory_mb, tmp_mb, mounts }).await.map(drop)
    }

    /// Of the room, as the guest's kernel counts.
    pub(crate) async fn stats(&self) -> Result<Stats, LinkError> {
        match self.ask("Stats", |request| ToGuest::Stats { request }).await? {
            Answer::Stats(wire) => Ok(Stats {
                memory_bytes: wire.memory_bytes,
                memory_peak_bytes: wire.memory_peak_bytes,
                cpu_us: wire.cpu_us,
                tasks: wire.tasks,
                out_of_memory_kills: wire.out_of_memory_kills,
            }),
            Answer::Done => Err(Broken::Unasked("Done").into()),
        }
    }

    /// Has the guest drop what it can read again.
    pub(crate) async fn shrink(&self) -> Result<(), LinkError> {
        self.ask("Shrink", |request| ToGuest::Shrink { request }).await.map(drop)
    }

    /// Until nothing is on its way: the machine can be paused and snapshot. Writers wait until [`Link::resume`].
    pub(crate) async fn quiesce(&self) -> Result<(), LinkError> {
        self.milestone("Quiesce", ANSWER_LIMIT, &ToGuest::Quiesce).await.map(drop)
    }

    /// After [`Link::quiesce`], in the same machine.
    pub(crate) fn resume(&self) -> Result<(), LinkError> {
        self.shared.with(|books| books.say(&ToGuest::Resume))
    }

    /// Says how late it is, before whatever is said next. Not of one that is quiet.
    pub(crate) fn clock(&self) -> Result<(), LinkError> {
        let unix_us = self.world.wall().0;
        self.shared.with(|books| books.say(&ToGuest::Clock { unix_us }))
    }

    /// Has the guest power off, and waits for that a little.
    pub(crate) async fn shutdown(&self) -> Result<(), LinkError> {
        if let Err(error) = self.shared.with(|books| books.say(&ToGuest::Shutdown)) {
            return if *self.shared.ended.borrow() { Ok(()) } else { Err(error) };
        }
        let limit = SHUTDOWN_LIMIT;
        let ended = self.world.timeout(limit, self.ended()).await;
        ended.map(drop).ok_or(LinkError::Silent { question: "Shutdown", limit })
    }

    /// The machine is killed, by us: whoever waits for its programs hears that they were. To be said before it is done,
    /// for after it the link is over by itself.
    pub(crate) fn kill(&self) {
        self.shared.with(Books::kill);
        self.shared.ended.send_replace(true);
    }

    /// Whether the link is over.
    pub(crate) fn is_over(&self) -> bool {
        *self.shared.ended.borrow()
    }

    /// Completes when the link is over; why. After `Broken` the machine must be killed.
    pub(crate) async fn ended(&self) -> LinkError {
        // The sender lives as long as `self`.
        let _ = self.shared.ended.subscribe().wait_for(|ended| *ended).await;
        self.shared.why()
    }

    fn process(&self, pipes: Pipes, exited: oneshot::Receiver<crate::Exit>) -> Process {
        let handle = |id: StreamId| Box::new(Handle::new(&self.shared, id));
        Process {
            stdout: handle(pipes.stdout),
            stderr: handle(pipes.stderr),
            telemetry: pipes.telemetry.map(|id| handle(id) as _),
            bind: pipes.bind.map(|id| handle(id) as _),
            exited,
        }
    }

    async fn milestone(
        &self,
        question: &'static str,
        limit: Duration,
        word: &ToGuest,
    ) -> Result<ToHost, LinkError> {
        let reached = self.shared.with(|books| books.say_and_wait(word))?;
        match self.world.timeout(limit, reached).await {
            Some(Ok(word)) => Ok(word),
            Some(Err(_)) => Err(self.shared.why()),
            None => Err(LinkError::Silent { question, limit }),
        }
    }

    async fn ask(
        &self,
        question: &'static str,
        word: impl FnOnce(u64) -> ToGuest,
    ) -> Result<Answer, LinkError> {
        let answered = self.shared.with(|books| books.ask(None, word))?;
        self.answer(question, answered).await
    }

    async fn answer(
        &self,
        question: &'static str,
        answered: oneshot::Receiver<Result<Answer, Failure>>,
    ) -> Result<Answer, LinkError> {
        let limit = ANSWER_LIMIT;
        match self.world.timeout(limit, answered).await {
            Some(Ok(Ok(answer))) => Ok(answer),
            Some(Ok(Err(Failure::Exec { errno }))) => Err(LinkError::Exec { program: String::new(), errno }),
            Some(Ok(Err(Failure::Guest { step, reason }))) => {
                Err(LinkError::Guest { step: text(&step), reason: text(&reason) })
            }
            Some(Err(_)) => Err(self.shared.why()),
            None => Err(LinkError::Silent { question, limit }),
        }
    }
}

/// A text of the guest's, fit for a log.
fn text(hostile: &str) -> String {
    let fit = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    hostile.chars().take(TEXT_CHARS_MAX).map(fit).collect()
}

#[cfg(test)]
mod tests;
