//! [`Runtimes`] over the interpreters of this host: detection once, then choice and launch plan per function.

use super::choose::{Choice, choose};
use super::detect::{HostView, detect};
use super::launch::{Folders, Launch as Ask, LaunchRefusal, launch};
use super::{Interpreter, RuntimeId, client, environment};
use crate::parts::{Launch, LaunchError, Runtimes};
use fabric::control::BootPlan;
use sandbox::ReadOnlyMount;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The host's interpreters, found when they are first needed (or by [`HostRuntimes::look`] before).
pub struct HostRuntimes {
    view: HostView,
    found: OnceLock<Vec<Interpreter>>,
    /// Our clients, unpacked.
    client: PathBuf,
    /// `DATA/runtimes`.
    installed: PathBuf,
    strict: bool,
}

impl HostRuntimes {
    /// Unpacks the embedded clients below `data`; looks for nothing yet.
    pub fn open(data: &Path, strict: bool) -> io::Result<Self> {
        let installed = data.join("runtimes");
        let view = HostView::of_process(Some(installed.join("found.json")));
        Ok(Self { view, found: OnceLock::new(), client: client::unpack(data)?, installed, strict })
    }

    /// The interpreters. Runs programs the first time, so call it off the async threads.
    pub fn look(&self) -> &[Interpreter] {
        self.found.get_or_init(|| detect(&self.view))
    }

    /// Which interpreter would serve this runtime, or why none.
    pub fn check(&self, runtime: &str) -> Result<Choice, String> {
        // A package that brings its own program must not wait until the host's are found.
        let is_provided = matches!(RuntimeId::parse(runtime), Some(RuntimeId::Provided { .. }));
        let interpreters = if is_provided { &[] } else { self.look() };
        choose(runtime, interpreters, self.strict).map_err(|refusal| refusal.to_string())
    }
}

impl Runtimes for HostRuntimes {
    fn launch(&self, plan: &BootPlan, code: &Path) -> Result<Launch, LaunchError> {
        let choice = self.check(&plan.config.runtime).map_err(LaunchError::Host)?;
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
            variables: environment::defaults(&choice, planned.sdk_mounted),
            mounts: planned.read_only_mounts.into_iter().map(mount).collect(),
            runtime_version: version(&choice, &plan.config.runtime),
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
