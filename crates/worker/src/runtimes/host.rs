//! [`Runtimes`] over the interpreters of this host.
//!
//! ```text
//! open ──look, or the first need──► looking, on a thread that may block ──► all of Java, Node.js, Python known
//!                                      │ each interpreter as it is seen: cached ones at once, wanted ones next
//!                                      ▼
//!                       launch waits for the version it asks for, or for all of its language
//! ```
//! Found once for the life of the process.

use super::choose::{Choice, choose};
use super::detect::{Audience, HostView, Prober, RunIt, Seen, look};
use super::launch::{Folders, Launch as Ask, LaunchRefusal, launch};
use super::{Interpreter, Language, RuntimeId, Version, client, environment};
use crate::parts::{Launch, LaunchError, Runtimes};
use async_trait::async_trait;
use fabric::control::BootPlan;
use sandbox::ReadOnlyMount;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use world::{Instant, World};

/// No new interpreter is asked past this: some ten of them need a second, and one that hangs five.
const LOOK_MAX: Duration = Duration::from_secs(30);
/// How long a start waits for its interpreter to be seen: the above and one that hangs.
const WAIT_MAX: Duration = Duration::from_secs(40);

/// What has been seen so far.
#[derive(Default)]
struct Known {
    interpreters: Vec<Interpreter>,
    complete: Vec<Language>,
    /// The last that somebody began to wait for.
    wanted: Option<(Language, Version)>,
}

impl Known {
    /// Whether waiting longer would not change what serves this; another patch of the same version does not count.
    fn settles(&self, runtime: &str, language: Language) -> bool {
        self.complete.contains(&language) || choose(runtime, &self.interpreters, true).is_ok()
    }
}

/// The host's interpreters, our clients, and what `tinderbox runtimes install` brought.
pub struct HostRuntimes {
    world: World,
    view: HostView,
    known: Arc<watch::Sender<Known>>,
    looking: AtomicBool,
    /// Our clients, unpacked.
    client: PathBuf,
    /// `DATA/runtimes`.
    installed: PathBuf,
    strict: bool,
}

impl HostRuntimes {
    /// Unpacks the embedded clients below `data`; looks for nothing yet.
    pub fn open(world: &World, data: &Path, strict: bool) -> io::Result<Self> {
        let installed = data.join("runtimes");
        let view = HostView::of_process(Some(installed.join("found.json")));
        Ok(Self {
            world: world.clone(),
            view,
            known: Arc::default(),
            looking: AtomicBool::new(false),
            client: client::unpack(data)?,
            installed,
            strict,
        })
    }

    /// Begins to look for interpreters, once, and does not wait.
    pub fn look(&self) {
        self.look_with(RunIt);
    }

    fn look_with(&self, prober: impl Prober + Send + 'static) {
        if self.looking.swap(true, Ordering::Relaxed) {
            return;
        }
        let (world, view, known) =
            (self.world.clone(), self.view.clone(), Completes(Arc::clone(&self.known)));
        let end = world.now().plus(LOOK_MAX);
        let work = move || {
            look(&view, &prober, &mut Telling { world, end, known });
        };
        self.world.tasks.spawn_blocking("runtimes.look", Box::new(work));
    }

    /// Which interpreter serves this runtime, or why none. Waits, bounded, where that is not yet known.
    pub async fn choose(&self, runtime: &str) -> Result<Choice, String> {
        self.choose_with(runtime, RunIt).await
    }

    /// Which version stands in for a runtime that is not installed, in words. Does not wait: `None` also while it is not
    /// known.
    pub fn stand_in(&self, runtime: &str) -> Option<String> {
        let RuntimeId::Managed { language, .. } = RuntimeId::parse(runtime)? else { return None };
        let known = self.known.borrow();
        if !known.settles(runtime, language) {
            return None;
        }
        choose(runtime, &known.interpreters, self.strict).ok()?.warning
    }

    async fn choose_with(
        &self,
        runtime: &str,
        prober: impl Prober + Send + 'static,
    ) -> Result<Choice, String> {
        // A package that brings its own program must not wait until the host's are found.
        if let Some(RuntimeId::Managed { language, major, minor, .. }) = RuntimeId::parse(runtime) {
            self.known.send_if_modified(|known| {
                if !known.settles(runtime, language) {
                    known.wanted = Some((language, Version::new(major, minor, 0)));
                }
                false // nobody waits for a wish
            });
            self.look_with(prober);
            let mut known = self.known.subscribe();
            let settled = known.wait_for(|known| known.settles(runtime, language));
            if self.world.timeout(WAIT_MAX, settled).await.is_none() {
                tracing::warn!(runtime, "looking for interpreters does not end; those seen so far count");
            }
        }
        choose(runtime, &self.known.borrow().interpreters, self.strict).map_err(|refusal| refusal.to_string())
    }
}

/// Tells whoever waits.
struct Telling {
    world: World,
    end: Instant,
    known: Completes,
}

impl Audience for Telling {
    fn tell(&mut self, seen: Seen) -> bool {
        self.known.0.send_modify(|known| match seen {
            Seen::Interpreter(interpreter) => known.interpreters.push(interpreter),
            Seen::All(language) => known.complete.push(language),
        });
        self.world.now() < self.end
    }

    fn wants(&self) -> Option<(Language, Option<Version>)> {
        self.known.0.borrow().wanted.map(|(language, version)| (language, Some(version)))
    }
}

/// Nobody waits for a look that has ended, in whatever way.
struct Completes(Arc<watch::Sender<Known>>);

impl Drop for Completes {
    fn drop(&mut self) {
        self.0.send_modify(|known| known.complete = Language::ALL.to_vec());
    }
}

#[async_trait]
impl Runtimes for HostRuntimes {
    async fn launch(&self, plan: &BootPlan, code: &Path) -> Result<Launch, LaunchError> {
        let choice = self.choose(&plan.config.runtime).await.map_err(LaunchError::Host)?;
        if let Some(warning) = &choice.warning {
            tracing::warn!(function = %plan.key.function, warning, "another version of the runtime is used");
        }
        let package = Folders { task: code.to_owned(), opt: None };
        let ask = Ask {
            choice: &choice,
            handler: &plan.config.handler,
            memory_mb: plan.config.memory_mb,
            package: &package,
            client: &self.client,
            installed: &self.installed,
        };
        let planned = launch(&ask).map_err(|refusal| match refusal {
            // Who calls can mend both: by another package, or by installing what the message names.
            LaunchRefusal::NoBootstrap | LaunchRefusal::NoJavaClient => {
                LaunchError::Entrypoint(refusal.to_string())
            }
            LaunchRefusal::NoInterpreter => LaunchError::Host(refusal.to_string()),
        })?;
        let mount = |(host, inside)| ReadOnlyMount { host, inside };
        Ok(Launch {
            program: planned.program,
            arguments: planned.args,
            variables: environment::of_runtime(&choice, planned.sdk_mounted),
            mounts: planned.read_only_mounts.into_iter().map(mount).collect(),
            ahead: planned.ahead,
            runtime_version: version(&choice, &plan.config.runtime),
            warning: choice.warning,
        })
    }
}

/// As INIT_START says it: `python:3.11.7`, or the identifier where the package is the program.
fn version(choice: &Choice, identifier: &str) -> String {
    match &choice.interpreter {
        Some(interpreter) => format!("{}:{}", interpreter.language.name(), interpreter.version),
        None => identifier.replacen('.', ":", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::detect::Answered;
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::mpsc;

    /// Answers by the file's content; a file that says `gate` only after the gate has been opened.
    struct Gated(mpsc::Receiver<()>);

    impl Prober for Gated {
        fn ask(&self, language: Language, path: &Path) -> Answered {
            let text = std::fs::read_to_string(path).unwrap();
            let version = match text.strip_prefix("gate ") {
                Some(version) => {
                    let _ = self.0.recv(); // opened, or given up
                    version
                }
                None => &text,
            };
            let version = Version::parse(version).unwrap();
            let install_root = path.parent().unwrap().to_owned();
            let real_path = path.to_owned();
            Answered::Interpreter(Interpreter {
                language,
                version,
                real_path,
                install_root,
                libs: Vec::new(),
            })
        }
    }

    fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, HostRuntimes) {
        let data = tempfile::tempdir().unwrap();
        let bin = data.path().join("usr/bin");
        std::fs::create_dir_all(&bin).unwrap();
        for (name, content) in files {
            std::fs::write(bin.join(name), content).unwrap();
            std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut runtimes = HostRuntimes::open(&World::real(), data.path(), false).unwrap();
        runtimes.view = HostView {
            root: data.path().to_owned(),
            cache_file: runtimes.view.cache_file.take(),
            ..HostView::default()
        };
        (data, runtimes)
    }

    fn version(choice: &Choice) -> String {
        choice.interpreter.as_ref().unwrap().version.to_string()
    }

    #[tokio::test]
    async fn a_version_that_was_seen_serves_at_once_and_a_stand_in_waits_for_the_rest_of_its_language() {
        let (_data, runtimes) = host(&[("python3.11", "3.11.7"), ("python3.12", "gate 3.12.1")]);
        let (open, gate) = mpsc::channel();
        runtimes.look_with(Gated(gate));
        let exact = runtimes.choose("python3.11").await.unwrap();
        assert_eq!(version(&exact), "3.11.7");
        // Nothing of Node.js or Java is waited for although Python is not complete.
        assert!(runtimes.choose("nodejs22.x").await.is_err());
        assert!(runtimes.choose("provided.al2023").await.is_ok());
        let mut stand_in = std::pin::pin!(runtimes.choose("python3.13"));
        assert!(
            std::future::poll_fn(|cx| std::task::Poll::Ready(stand_in.as_mut().poll(cx).is_pending())).await
        );
        open.send(()).unwrap();
        assert_eq!(version(&stand_in.await.unwrap()), "3.12.1");
    }

    #[tokio::test]
    async fn what_an_earlier_process_found_serves_without_running_anything() {
        let (data, runtimes) = host(&[("python3.11", "3.11.7")]);
        let (_open, gate) = mpsc::channel();
        runtimes.look_with(Gated(gate));
        // Only when the language is complete is the cache about to be written; a look that ended has written it.
        runtimes.choose("python3.99").await.unwrap();
        let mut known = runtimes.known.subscribe();
        known.wait_for(|known| known.complete.len() == Language::ALL.len()).await.unwrap();
        while Arc::strong_count(&runtimes.known) > 1 {
            tokio::task::yield_now().await;
        }
        let mut next = HostRuntimes::open(&World::real(), data.path(), false).unwrap();
        next.view = runtimes.view.clone();
        next.look_with(Never);
        assert_eq!(version(&next.choose("python3.11").await.unwrap()), "3.11.7");
    }

    #[tokio::test]
    async fn what_somebody_waits_for_is_looked_for_first() {
        let (_data, runtimes) =
            host(&[("node", "gate 20.1.0"), ("python3.9", "gate 3.9.1"), ("python3.12", "3.12.1")]);
        let (open, gate) = mpsc::channel();
        // The wish is there before the look begins, as it is before all but its first answer.
        let mut wish = std::pin::pin!(runtimes.choose_with("python3.12", Gated(gate)));
        let chosen = World::real().timeout(Duration::from_secs(20), &mut wish).await;
        assert_eq!(version(&chosen.unwrap().unwrap()), "3.12.1");
        drop(open);
    }

    struct Never;

    impl Prober for Never {
        fn ask(&self, _: Language, path: &Path) -> Answered {
            panic!("{} is known", path.display())
        }
    }
}
