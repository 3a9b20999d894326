//! `tinderbox dev DIR`: a server, the function in it, and the function again at every save; its log and its errors
//! where they happened.
//!
//! ```text
//! save ─► watch (a hint) ─► settle ─► zip; the same bytes? ─► wait for the next
//!                                       └─ other bytes ─► update code ─► invoke (with an event) ─► answer, or place
//! ```
//! A mistake in the folder, a folder that is gone and a refusal of the server are shown and waited for. Only a server that
//! nobody reaches any more and an output that nobody reads end the command.

mod places;
mod watch;

use super::deploy::{self, Wanted};
use super::invoke::{self, Ask, Invoked};
use super::logs::{self, Tail};
use super::{as_client, up};
use crate::cli::{DevArgs, Global};
use crate::client::{Client, segment};
use crate::failure::{Exit, Failure};
use crate::screen::{Screen, Spinner};
use base64::Engine as _;
use http::Method;
use places::Roots;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::cell::OnceCell;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use watch::Watched;
use worker::runtimes::Interpreter;
use worker::runtimes::detect::{HostView, detect};
use world::World;

/// How often the log is asked for: a person's eye.
const LOG_POLL: Duration = Duration::from_millis(100);

pub(super) fn run(global: &Global, args: DevArgs, screen: Screen) -> Result<(), Failure> {
    let folder = &args.deploy.package;
    if !folder.is_dir() {
        return Err(Failure::here(format!("{} is no folder", folder.display()))
            .advise("`tinderbox deploy` takes a zip; `dev` watches a folder"));
    }
    if global.endpoint.is_some() {
        return as_client(global, |client| develop(client, global.endpoint(), args, screen));
    }
    let (data, port) = (args.data.clone(), args.port);
    up::beside(global, &data, port, false, async move |client, endpoint| {
        develop(client, endpoint, args, screen).await
    })
}

async fn develop(client: Client, endpoint: String, args: DevArgs, screen: Screen) -> Result<(), Failure> {
    let folder = args.deploy.package.clone();
    // Watched before it is read: no save falls between. (The watcher has a thread: not before the spawner's launch.)
    let watched = Watched::start(&folder)?;
    match screen.json {
        true => screen.line(json!({ "event": "up", "endpoint": endpoint }).to_string())?,
        false => {
            screen.line(format!(
                "tinderbox is up at {endpoint}, watching {} (Ctrl-C ends it)",
                folder.display()
            ))?;
        }
    }
    let name = match &args.deploy.name {
        Some(name) => name.clone(),
        None => deploy::name_of(&folder)?,
    };
    let session = Session {
        client,
        world: World::real(),
        roots: Roots::new(&folder),
        args,
        name,
        screen,
        busy: Mutex::new(None),
    };
    tokio::select! {
        ended = session.deploy_at_saves(watched) => ended,
        ended = session.show_log() => ended,
    }
}

struct Session {
    client: Client,
    world: World,
    roots: Roots,
    args: DevArgs,
    name: String,
    screen: Screen,
    /// What is being waited for, on a terminal. Whatever is said meanwhile is said above it.
    busy: Mutex<Option<Spinner>>,
}

/// Whether nothing can come after it: nobody reaches the server, or nobody reads what is said.
fn ends_it(failure: &Failure) -> bool {
    matches!(failure.exit, Exit::Unreachable) || failure.quiet
}

/// What the server has.
#[derive(Default)]
struct Deployed {
    interpreters: Option<Vec<Interpreter>>,
    /// Runtime, handler and the zip's digest.
    known: Option<(String, String, [u8; 32])>,
}

impl Session {
    async fn deploy_at_saves(&self, mut watched: Watched) -> Result<(), Failure> {
        let mut deployed = Deployed::default();
        loop {
            let round = self.round(&mut deployed).await;
            self.busy_with(None);
            match round {
                Err(failure) if ends_it(&failure) => return Err(failure),
                Err(failure) => self.say_failure(&failure)?,
                Ok(()) => {}
            }
            watched.changed(&self.world).await;
            watched.settle(&self.world).await;
        }
    }

    /// From the files as they are now to the function's answer. Nothing happens if they are what is deployed.
    async fn round(&self, deployed: &mut Deployed) -> Result<(), Failure> {
        let started = self.world.now();
        self.busy_with(Some("reading the folder"));
        let (wanted, zip) = self.read(deployed).await?;
        let now = (wanted.runtime.clone(), wanted.handler.clone(), Sha256::digest(&zip).into());
        if deployed.known.as_ref() == Some(&now) {
            return Ok(());
        }
        self.busy_with(Some("deploying"));
        let created = match &deployed.known {
            // Only the code: one request, and the next invocation runs it.
            Some((runtime, handler, _)) if *runtime == now.0 && *handler == now.1 => {
                let path = format!("/2015-03-31/functions/{}/code", segment(&wanted.name));
                let code = json!({ "ZipFile": base64::engine::general_purpose::STANDARD.encode(&zip) });
                self.client.lambda(Method::PUT, path, Some(&code)).await?;
                false
            }
            _ => {
                let applied = deploy::apply(&self.client, &wanted, &zip).await?;
                self.aside(|| self.screen.warn(applied.warning.as_deref()));
                applied.created
            }
        };
        deployed.known = Some(now);
        let took = self.world.now().since(started);
        self.aside(|| self.say_deployed(created, &wanted, took))?;
        if let Some(event) = &self.args.event {
            let payload = invoke::payload(Some(event))?;
            self.busy_with(Some("invoking"));
            let invoked = invoke::invoke(&self.client, &self.name, payload, Ask::default()).await?;
            let took = self.world.now().since(started);
            self.aside(|| self.say_answer(&invoked, took))?;
        }
        Ok(())
    }

    /// Off this thread: a folder may have many files, and the server runs beside.
    async fn read(&self, deployed: &mut Deployed) -> Result<(Wanted, Vec<u8>), Failure> {
        let mut args = self.args.deploy.clone();
        args.name = Some(self.name.clone());
        let known = deployed.interpreters.take();
        let read = move || {
            // Looked for once, and only if there is something to guess: it takes seconds the first time.
            let found = known.map_or_else(OnceCell::new, OnceCell::from);
            let interpreters = |_| found.get_or_init(|| detect(&HostView::of_user())).clone();
            let read = deploy::read(&args, interpreters);
            (read.map(|read| (args, read)), found.into_inner())
        };
        let done = self.world.blocking("dev.read", read).await;
        let (read, interpreters) =
            done.ok_or_else(|| Failure::here(format!("{} can not be read", self.roots.here())))?;
        deployed.interpreters = interpreters;
        let (args, (guess, zip)) = read?;
        // Said once, not at every save.
        let quiet = Screen { json: self.screen.json || deployed.known.is_some(), ..self.screen };
        Ok((deploy::wanted(args, guess, quiet)?, zip))
    }

    /// Ends only where [`ends_it`] says so: a log that is refused now may be there at the next look.
    async fn show_log(&self) -> Result<(), Failure> {
        let group = format!("/aws/lambda/{}", self.name);
        let mut tail = Tail::new(&self.client, group, self.world.wall().millis());
        let mut said = None;
        loop {
            match tail.read(|event| self.aside(|| self.show_event(event))).await {
                Ok(()) => said = None,
                // It has written nothing yet.
                Err(failure) if failure.is("ResourceNotFoundException") => said = None,
                Err(failure) if ends_it(&failure) => return Err(failure),
                // Said once, not ten times a second.
                Err(failure) if said.as_ref() == Some(&failure) => {}
                Err(failure) => {
                    self.aside(|| self.screen.note(format!("the log can not be read: {failure}")));
                    said = Some(failure);
                }
            }
            self.world.clock.sleep(LOG_POLL).await;
        }
    }

    fn show_event(&self, event: &Value) -> Result<(), Failure> {
        if !self.screen.json {
            return logs::show(self.screen, event, |message| self.roots.reword(message));
        }
        let mut event = event.clone();
        event["event"] = json!("log");
        self.screen.line(event.to_string())
    }

    /// Turns on a terminal until the next call.
    fn busy_with(&self, what: Option<&str>) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        match (what, &*busy) {
            (Some(what), Some(spinner)) => spinner.say(what),
            (what, _) => *busy = what.map(|what| self.screen.spinner(what)),
        }
    }

    /// Says something while a spinner turns.
    fn aside<T>(&self, say: impl FnOnce() -> T) -> T {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        match &*busy {
            Some(spinner) => spinner.aside(say),
            None => say(),
        }
    }

    fn say_deployed(&self, created: bool, wanted: &Wanted, took: Duration) -> Result<(), Failure> {
        let ms = took.as_millis();
        if self.screen.json {
            let value = json!({ "event": "deployed", "function": wanted.name, "created": created, "ms": ms });
            return self.screen.line(value.to_string());
        }
        let verb = if created { "created" } else { "deployed" };
        self.screen.line(self.screen.bold(&format!("{verb} {} in {ms} ms", wanted.name)))
    }

    fn say_answer(&self, invoked: &Invoked, took: Duration) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(&invoked.payload);
        let payload = serde_json::from_slice(&invoked.payload).unwrap_or_else(|_| json!(text));
        let place = invoked.error.as_ref().and_then(|_| self.roots.innermost(&payload));
        if self.screen.json {
            let value = json!({
                "event": "answer", "payload": payload, "function_error": invoked.error, "ms": took.as_millis(),
                "place": place.as_ref().map(|place| json!({ "file": place.file, "line": place.line })),
            });
            return self.screen.line(value.to_string());
        }
        if invoked.error.is_none() {
            return self.screen.line(format!(
                "{} ({} ms after the save was seen)",
                text.trim_end(),
                took.as_millis()
            ));
        }
        let field = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or("");
        let message = format!("{}: {}", field("errorType"), field("errorMessage"));
        self.screen.line(logs::printable(&self.roots.reword(&message), self.screen.out_is_terminal))?;
        match place {
            Some(place) => self.screen.line(format!(
                "  {} {}",
                self.screen.bold(&format!("{}:{}", place.file, place.line)),
                logs::printable(place.source.trim(), self.screen.out_is_terminal)
            )),
            None => Ok(()),
        }
    }

    /// Shown, and waited for a save that mends it.
    fn say_failure(&self, failure: &Failure) -> Result<(), Failure> {
        match self.screen.json {
            true => {
                let mut value = failure.json();
                value["event"] = json!("failed");
                self.screen.line(value.to_string())
            }
            false => self.screen.line(format!("not deployed: {failure}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_log_that_is_refused_is_asked_for_again_and_only_a_server_that_is_gone_ends_dev() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let line = ["tinderbox", "dev", ".", "--endpoint", &endpoint, "--output", "json"];
        let Cli { global, command: Command::Dev(args) } = Cli::parse_from(line) else { panic!("no dev") };
        let session = Session {
            client: Client::new(World::real(), &global).unwrap(),
            world: World::real(),
            roots: Roots::new(&args.deploy.package),
            name: "fn".to_owned(),
            screen: Screen::new(global.output),
            args: *args,
            busy: Mutex::new(None),
        };
        let refusals = async {
            let words = ["500 Internal Server Error", "403 Forbidden", "429 Too Many Requests"];
            for refusal in words {
                let (mut stream, _) = listener.accept().await.unwrap();
                assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
                let answer =
                    format!("HTTP/1.1 {refusal}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            drop(listener);
            words.len()
        };
        let (ended, refused) = tokio::join!(session.show_log(), refusals);
        assert_eq!((ended.unwrap_err().exit, refused), (Exit::Unreachable, 3));
    }
}
