//! `tinderbox deploy DIR|ZIP`: guess, say it, create or update, wait until it serves.

use crate::cli::DeployArgs;
use crate::client::{Client, segment};
use crate::failure::Failure;
use crate::guess::{self, Guess};
use crate::package::{Archive, Files, Folder};
use crate::screen::Screen;
use base64::Engine as _;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use worker::runtimes::detect::{HostView, detect_language};
use worker::runtimes::{Interpreter, Language};
use world::World;

/// What the server has to say of a function beside AWS's shapes: which version of its runtime stands in, say.
const WARNING_HEADER: &str = "x-tinderbox-warning";
/// AWS wants a role; nothing here assumes it.
const ROLE: &str = "arn:aws:iam::000000000000:role/tinderbox";
/// Between two looks at a function that is not ready yet.
const POLL: Duration = Duration::from_millis(100);
/// How long a function may take to be ready.
const READY_LOOKS_MAX: u32 = 600;

/// What the function is to be.
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) runtime: String,
    pub(crate) handler: String,
    pub(crate) memory: Option<u32>,
    pub(crate) timeout: Option<u32>,
    /// `None` leaves what is there.
    pub(crate) variables: Option<BTreeMap<String, String>>,
}

pub(super) async fn run(client: Client, args: DeployArgs, screen: Screen) -> Result<(), Failure> {
    let spinner = screen.spinner(format!("reading {}", args.package.display()));
    let (guess, zip) = read(&args, |language| detect_language(&HostView::of_user(), language))?;
    drop(spinner);
    let wanted = wanted(args, guess, screen)?;
    let spinner = screen.spinner(format!("deploying {}", wanted.name));
    let Applied { created, function, warning } = apply(&client, &wanted, &zip).await?;
    drop(spinner);
    if screen.json {
        return screen.value(&json!({ "created": created, "function": function, "warning": warning }));
    }
    let verb = if created { "created" } else { "updated" };
    screen.line(format!("{verb} {}", wanted.name))?;
    screen.warn(warning.as_deref());
    screen.note(format!("  → tinderbox invoke {} --trace", wanted.name));
    Ok(())
}

/// The package's guess, unless nothing is left to guess, and its zip. `interpreters` are looked for only if needed.
pub(super) fn read(
    args: &DeployArgs,
    interpreters: impl Fn(Language) -> Vec<Interpreter>,
) -> Result<(Option<Guess>, Vec<u8>), Failure> {
    let looked = |files: &dyn Files| {
        if args.runtime.is_some() && args.handler.is_some() {
            return None;
        }
        guess::guess(files, &interpreters)
    };
    if args.package.is_dir() {
        let folder = Folder::open(&args.package)?;
        return Ok((looked(&folder), folder.zip()?));
    }
    let archive = Archive::open(&args.package)?;
    Ok((looked(&archive), archive.into_zip()))
}

pub(super) fn wanted(args: DeployArgs, guess: Option<Guess>, screen: Screen) -> Result<Wanted, Failure> {
    let name = match args.name {
        Some(name) => name,
        None => name_of(&args.package)?,
    };
    if let Some(guess) = &guess {
        let handler = guess.handler.as_deref().unwrap_or("?");
        screen.note(format!("guessed runtime {}, handler {handler} ({})", guess.runtime, guess.because));
    }
    let (guessed_runtime, guessed_handler) = match guess {
        Some(guess) => (Some(guess.runtime), guess.handler),
        None => (None, None),
    };
    let missing = |what: &str, example: &str| {
        Failure::here(format!("{} does not show its {what}", args.package.display()))
            .advise(format!("give it as --{what} {example}"))
    };
    Ok(Wanted {
        name,
        runtime: args.runtime.or(guessed_runtime).ok_or_else(|| missing("runtime", "python3.13"))?,
        handler: args
            .handler
            .or(guessed_handler)
            .ok_or_else(|| missing("handler", "FILE.FUNCTION (Java: package.Class::method)"))?,
        memory: args.memory,
        timeout: args.timeout,
        variables: (!args.env.is_empty()).then(|| args.env.into_iter().collect()),
    })
}

/// The folder's or file's name, with what a function's name can not have replaced.
pub(super) fn name_of(package: &Path) -> Result<String, Failure> {
    let full = std::fs::canonicalize(package)
        .map_err(|error| Failure::here(format!("{} can not be read: {error}", package.display())))?;
    let stem = if full.is_dir() { full.file_name() } else { full.file_stem() };
    let name: String = stem
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
        .take(64)
        .collect();
    if name.is_empty() {
        Err(Failure::here("the function needs a name").advise("give it as --name"))
    } else {
        Ok(name)
    }
}

/// What became of it.
pub(crate) struct Applied {
    pub(crate) created: bool,
    /// As GetFunctionConfiguration answers it.
    pub(crate) function: Value,
    /// What its owner should know, in the server's words.
    pub(crate) warning: Option<String>,
}

/// Creates or updates, and waits until the new code serves.
pub(crate) async fn apply(client: &Client, wanted: &Wanted, zip: &[u8]) -> Result<Applied, Failure> {
    let zip = base64::engine::general_purpose::STANDARD.encode(zip);
    let path = format!("/2015-03-31/functions/{}", segment(&wanted.name));
    let mut body = configuration(wanted);
    let created = match client.lambda(Method::GET, format!("{path}/configuration"), None).await {
        Ok(_) => {
            let code = json!({ "ZipFile": zip });
            client.lambda(Method::PUT, format!("{path}/code"), Some(&code)).await?;
            ready(client, &path).await?;
            client.lambda(Method::PUT, format!("{path}/configuration"), Some(&body)).await?;
            false
        }
        Err(failure) if failure.is("ResourceNotFoundException") => {
            body["FunctionName"] = json!(wanted.name);
            body["Role"] = json!(ROLE);
            body["Code"] = json!({ "ZipFile": zip });
            client.lambda(Method::POST, "/2015-03-31/functions".to_owned(), Some(&body)).await?;
            true
        }
        Err(failure) => return Err(failure),
    };
    let (function, warning) = ready(client, &path).await?;
    Ok(Applied { created, function, warning })
}

fn configuration(wanted: &Wanted) -> Value {
    let mut body = json!({ "Runtime": wanted.runtime, "Handler": wanted.handler });
    if let Some(memory) = wanted.memory {
        body["MemorySize"] = json!(memory);
    }
    if let Some(timeout) = wanted.timeout {
        body["Timeout"] = json!(timeout);
    }
    if let Some(variables) = &wanted.variables {
        body["Environment"] = json!({ "Variables": variables });
    }
    body
}

/// Looks until the function is Active and its last update Successful.
async fn ready(client: &Client, path: &str) -> Result<(Value, Option<String>), Failure> {
    let world = World::real();
    for _ in 0..READY_LOOKS_MAX {
        let reply = client.lambda(Method::GET, format!("{path}/configuration"), None).await?;
        let function = reply.json()?;
        let is = |name: &str, value: &str| function.get(name).and_then(Value::as_str) == Some(value);
        if is("State", "Active") && !is("LastUpdateStatus", "InProgress") {
            return Ok((function, reply.header(WARNING_HEADER).map(str::to_owned)));
        }
        if is("State", "Failed") || is("LastUpdateStatus", "Failed") {
            return Err(Failure::here("the function can not be made ready"));
        }
        world.clock.sleep(POLL).await;
    }
    Err(Failure::here("the function is not ready after a minute"))
}

/// The warning of a function, asked for by itself. Nothing where it can not be read: the answer itself counts.
pub(super) async fn warning(client: &Client, name: &str) -> Option<String> {
    let path = format!("/2015-03-31/functions/{}/configuration", segment(name));
    let reply = client.lambda(Method::GET, path, None).await.ok()?;
    reply.header(WARNING_HEADER).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_the_folder_or_file_and_of_allowed_characters() {
        let folder = tempfile::tempdir().unwrap();
        for (name, expected) in [("my fn.v2", "my-fn-v2"), ("hello-python", "hello-python")] {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            assert_eq!(name_of(&path).unwrap(), expected);
        }
        let file = folder.path().join("orders.zip");
        std::fs::write(&file, "").unwrap();
        assert_eq!(name_of(&file).unwrap(), "orders");
        assert!(name_of(&folder.path().join("absent")).is_err());
    }
}
