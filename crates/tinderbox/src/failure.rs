//! How a command ends when it does not end well: what happened, what to do next, and the exit code.

use serde_json::{Value, json};
use std::fmt;

/// Exit codes, as `tinderbox --help` lists them. 2 is the command line parser's, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The function answered an error, or something here failed.
    Failed = 1,
    /// The command line, though it could be read, makes no sense.
    Usage = 2,
    /// Nobody listens at the endpoint.
    Unreachable = 3,
    /// The endpoint refused the request.
    Refused = 4,
    /// This host can not do it.
    Host = 5,
}

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// What to do next, a whole sentence or a command.
    pub(crate) advice: Option<String>,
    /// AWS's error type, where the endpoint answered one.
    pub(crate) error_type: Option<String>,
    pub(crate) exit: Exit,
    /// Said already (or the reader has gone): only the code counts.
    pub(crate) quiet: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { message: message.into(), advice: None, error_type: None, exit, quiet: false }
    }

    /// Something here failed.
    pub(crate) fn here(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// Nothing more to say than the exit code.
    pub(crate) fn quiet(exit: Exit) -> Self {
        Self { quiet: true, ..Self::new(exit, "") }
    }

    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    pub(crate) fn of_type(mut self, error_type: impl Into<String>) -> Self {
        self.error_type = Some(error_type.into());
        self
    }

    pub(crate) fn is(&self, error_type: &str) -> bool {
        self.error_type.as_deref() == Some(error_type)
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "error": { "message": self.message, "type": self.error_type, "advice": self.advice } })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.advice {
            Some(advice) => write!(f, "\n  → {advice}"),
            None => Ok(()),
        }
    }
}
