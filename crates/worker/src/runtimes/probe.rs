//! Runs a program of the host for an answer, bounded in time and in output.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// An interpreter that needs longer than this to say its version would not serve anybody.
pub(crate) const PROBE_TIME_MAX: Duration = Duration::from_secs(5);
/// The longest answer seen is a list of some twenty shared objects.
pub(crate) const PROBE_BYTES_MAX: u64 = 64 * 1024;

/// What `program` prints on stdout, or None if it fails, talks too much or takes too long.
pub(crate) fn ask<A: AsRef<OsStr>>(program: &Path, args: &[A], time_max: Duration) -> Option<String> {
    let mut child = Command::new(program)
        .args(args)
        .current_dir("/")
        // What changes how an interpreter starts is the operator's shell, not the interpreter.
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHOME")
        .env_remove("PYTHONSTARTUP")
        .env_remove("NODE_OPTIONS")
        .env_remove("JAVA_TOOL_OPTIONS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::sync_channel(1);
    // The thread ends with the pipe: at the latest when the child is killed below.
    let reader = std::thread::Builder::new().name("probe".into()).spawn(move || {
        let mut text = Vec::new();
        let complete = stdout.take(PROBE_BYTES_MAX + 1).read_to_end(&mut text).is_ok();
        let fits = text.len() as u64 <= PROBE_BYTES_MAX;
        let _ = sender.send((complete && fits).then_some(text));
    });
    let answer = match reader {
        Ok(_) => receiver.recv_timeout(time_max).ok().flatten(),
        Err(_) => None,
    };
    if answer.is_none() {
        let _ = child.kill();
    }
    // It closed its stdout or was killed; a program that lingers after its answer is not waited for.
    let status = if answer.is_some() { wait_briefly(child) } else { child.wait().ok() };
    if !status?.success() {
        return None;
    }
    String::from_utf8(answer?).ok()
}

/// Waits for a child that has closed its stdout; killed if it does not end on its own.
fn wait_briefly(mut child: std::process::Child) -> Option<std::process::ExitStatus> {
    let step = Duration::from_millis(5);
    let (_keep, never) = mpsc::sync_channel::<()>(0);
    for _ in 0..PROBE_TIME_MAX.as_millis() / step.as_millis() {
        if let Some(status) = child.try_wait().ok()? {
            return Some(status);
        }
        let _ = never.recv_timeout(step);
    }
    let _ = child.kill();
    child.wait().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, time_max: Duration) -> Option<String> {
        ask(Path::new("/bin/sh"), &["-c", script], time_max)
    }

    #[test]
    fn an_answer_is_what_was_printed() {
        assert_eq!(shell("echo 3.11.7", PROBE_TIME_MAX).as_deref(), Some("3.11.7\n"));
    }

    #[test]
    fn failing_silent_endless_and_talkative_programs_give_no_answer() {
        assert_eq!(shell("echo no; exit 3", PROBE_TIME_MAX), None);
        assert_eq!(shell("exec sleep 600", Duration::from_millis(50)), None);
        assert_eq!(shell("exec yes", PROBE_TIME_MAX), None);
        assert_eq!(ask(Path::new("/nowhere/at/all"), &["x"], PROBE_TIME_MAX), None);
    }
}
