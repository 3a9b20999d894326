//! How an environment failed, in AWS's words.

use crate::logs::platform::Status;
use bytes::Bytes;
use fabric::Failure;
use runtime_api::fault;
use sandbox::{Exit, ExitStatus};
use serde_json::json;
use std::time::Duration;
use types::RequestId;

/// Ours, seen in the log only: what was fenced is answered by nobody.
const FENCED: &str = "Sandbox.Fenced";

/// Why init or an invocation failed on its way.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The limit that passed.
    Timeout(Duration),
    Exit(Exit),
    /// No program to start, or not one that starts; the message after `Error: `.
    Entrypoint(String),
    /// What the runtime posted to `init/error`.
    Reported(Failure),
    /// The runtime broke off in the middle of its answer and lives on.
    Truncated,
    /// The worker's lease ended: nobody knows any more that this runs.
    Fenced,
}

impl Fault {
    pub(crate) fn error_type(&self) -> &str {
        match self {
            Self::Timeout(_) => fault::TIMEOUT,
            Self::Exit(Exit { out_of_memory: true, .. }) => fault::OUT_OF_MEMORY,
            Self::Exit(_) => fault::EXIT,
            Self::Entrypoint(_) => fault::INVALID_ENTRYPOINT,
            Self::Reported(failure) => &failure.error_type,
            Self::Truncated => fault::TRUNCATED_RESPONSE,
            Self::Fenced => FENCED,
        }
    }

    /// As REPORT and INIT_REPORT end.
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Timeout(_) => Status::Timeout,
            other => Status::Error(other.error_type().to_owned()),
        }
    }

    /// What the caller is answered.
    pub(crate) fn failure(&self, id: RequestId) -> Failure {
        let message = match self {
            Self::Reported(failure) => return failure.clone(),
            Self::Timeout(limit) => format!("Task timed out after {:.2} seconds", limit.as_secs_f64()),
            Self::Exit(exit) => exit_message(exit),
            Self::Entrypoint(message) => message.clone(),
            Self::Truncated => "Runtime truncated its response".to_owned(),
            Self::Fenced => "The worker was cut off from the platform".to_owned(),
        };
        platform_failure(self.error_type(), &format!("RequestId: {id} Error: {message}"))
    }
}

/// A body of ours, in the order in which AWS writes it.
pub(crate) fn platform_failure(error_type: &str, message: &str) -> Failure {
    let (kind, message) = (json!(error_type), json!(message));
    let payload = format!("{{\"errorType\":{kind},\"errorMessage\":{message}}}");
    Failure { error_type: error_type.to_owned(), payload: Bytes::from(payload) }
}

/// The runtime's answer was larger than an answer may be. Here AWS writes the message first.
pub(crate) fn response_too_large(limit: u64) -> Failure {
    let kind = fault::RESPONSE_TOO_LARGE;
    let payload = format!(
        "{{\"errorMessage\":\"Response payload size exceeded maximum allowed payload size ({limit} bytes).\",\"errorType\":\"{kind}\"}}"
    );
    Failure { error_type: kind.to_owned(), payload: Bytes::from(payload) }
}

fn exit_message(exit: &Exit) -> String {
    match exit.status {
        // The kernel's kill, also where a shell around the runtime turned it into a code.
        _ if exit.out_of_memory => "Runtime exited with error: signal: killed".to_owned(),
        ExitStatus::Code(0) => "Runtime exited without providing a reason".to_owned(),
        ExitStatus::Code(code) => format!("Runtime exited with error: exit status {code}"),
        ExitStatus::Signal(signal) => format!("Runtime exited with error: signal: {}", signal_name(signal)),
    }
}

/// As Go's `syscall` names them: AWS's agent is written in it.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

/// As Go words a program that does not start.
pub(crate) fn exec_message(program: &str, errno: i32) -> String {
    let reason = match errno {
        2 => "no such file or directory".to_owned(),
        8 => "exec format error".to_owned(),
        13 => "permission denied".to_owned(),
        other => format!("errno {other}"),
    };
    format!("fork/exec {program}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platform_failures_are_worded_as_aws_words_them() {
        let id = RequestId([0; 16]);
        let exit = |status, out_of_memory| Fault::Exit(Exit { status, out_of_memory });
        let rows = [
            (Fault::Timeout(Duration::from_secs(3)), "Sandbox.Timedout", "Task timed out after 3.00 seconds"),
            (
                exit(ExitStatus::Code(0), false),
                "Runtime.ExitError",
                "Runtime exited without providing a reason",
            ),
            (
                exit(ExitStatus::Code(127), false),
                "Runtime.ExitError",
                "Runtime exited with error: exit status 127",
            ),
            (
                exit(ExitStatus::Signal(11), false),
                "Runtime.ExitError",
                "Runtime exited with error: signal: segmentation fault",
            ),
            (
                exit(ExitStatus::Signal(9), true),
                "Runtime.OutOfMemory",
                "Runtime exited with error: signal: killed",
            ),
            (
                Fault::Entrypoint(exec_message("/var/task/bootstrap", 13)),
                "Runtime.InvalidEntrypoint",
                "fork/exec /var/task/bootstrap: permission denied",
            ),
        ];
        for (fault, kind, message) in rows {
            let failure = fault.failure(id);
            assert_eq!(failure.error_type, kind);
            let body = format!(
                "{{\"errorType\":\"{kind}\",\"errorMessage\":\"RequestId: 00000000-0000-0000-0000-000000000000 Error: {message}\"}}"
            );
            assert_eq!(failure.payload, body);
        }
    }
}
