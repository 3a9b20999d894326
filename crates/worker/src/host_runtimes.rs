//! [`Runtimes`] from the host's interpreters: joins `runtimes::{choose, launch, environment}` to the worker.

use crate::parts::{Launch, LaunchError, Runtimes};
use crate::runtimes::choose::{Choice, choose};
use crate::runtimes::environment::{Facts, environment};
use crate::runtimes::launch::{self, Folders, LaunchRefusal};
use crate::runtimes::{Interpreter, RuntimeId};
use fabric::control::BootPlan;
use runtime_api::variable::RESERVED;
use sandbox::ReadOnlyMount;
use std::path::{Path, PathBuf};

/// The interpreters of this host, found once at start.
pub struct HostRuntimes {
    interpreters: Vec<Interpreter>,
    client: PathBuf,
    installed: PathBuf,
    strict: bool,
}

impl HostRuntimes {
    /// `interpreters` from `runtimes::detect`, `client` from `runtimes::client::unpack`, `installed` is `DATA/runtimes`.
    pub fn new(interpreters: Vec<Interpreter>, client: PathBuf, installed: PathBuf, strict: bool) -> Self {
        Self { interpreters, client, installed, strict }
    }
}

impl Runtimes for HostRuntimes {
    fn launch(&self, plan: &BootPlan, code: &Path) -> Result<Launch, LaunchError> {
        let config = &plan.config;
        let choice = choose(&config.runtime, &self.interpreters, self.strict)
            .map_err(|refusal| LaunchError::Host(refusal.to_string()))?;
        if let Some(warning) = &choice.warning {
            tracing::warn!(function = %plan.key.function, %warning, "another version of the runtime serves");
        }
        let package = Folders { task: code.to_owned(), opt: None };
        let launched = launch::launch(&launch::Launch {
            choice: &choice,
            handler: &config.handler,
            memory_mb: config.memory_mb,
            package: &package,
            client: &self.client,
            installed: &self.installed,
        });
        let launched = launched.map_err(|refusal| match refusal {
            LaunchRefusal::NoBootstrap | LaunchRefusal::NoJavaClient => {
                LaunchError::Entrypoint(refusal.to_string())
            }
            LaunchRefusal::NoInterpreter => LaunchError::Host(refusal.to_string()),
        })?;
        // Its defaults only: who and where the function is, the worker says.
        let mut variables = environment(&choice, &Facts::default(), launched.sdk_mounted);
        variables.retain(|name, _| !RESERVED.contains(&name.as_str()));
        let mounts = launched.read_only_mounts.into_iter();
        Ok(Launch {
            program: launched.program,
            arguments: launched.args,
            variables,
            mounts: mounts.map(|(host, inside)| ReadOnlyMount { host, inside }).collect(),
            runtime_version: runtime_version(&choice),
        })
    }
}

/// `python:3.11.7`, `provided:al2023`.
fn runtime_version(choice: &Choice) -> String {
    match (&choice.runtime, &choice.interpreter) {
        (RuntimeId::Managed { language, .. }, Some(interpreter)) => {
            format!("{}:{}", language.name(), interpreter.version)
        }
        (RuntimeId::Managed { identifier, .. }, None) => identifier.clone(),
        (RuntimeId::Provided { identifier }, _) => identifier.replacen('.', ":", 1),
    }
}
