//! Runs a program of the host for an answer, bounded in time and in output.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// An interpreter that needs longer than this to say its version would not serve anybody.
pub(crate) const PROBE_TIME_MAX: Duration = Duration::from_secs(5);
/// The longest answer seen is a list of some twenty shared objects.
pub(crate) const PROBE_BYTES_MAX: u64 = 64 * 1024;

/// How a program answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Text(String),
    /// It failed, talked too much or wrote what is no text: it always will.
    No,
    /// It took too long or could not be started, which a busy host may be to blame for.
    Nothing,
}

/// What `program` prints on stdout.
pub(crate) fn ask<A: AsRef<OsStr>>(program: &Path, args: &[A], time_max: Duration) -> Said {
    let mut command = Command::new(program);
    command
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
        .stderr(Stdio::null());
    dies_with_us(&mut command);
    let Ok(mut child) = command.spawn() else { return Said::Nothing };
    let heard = child.stdout.take().and_then(|stdout| read(stdout, time_max));
    if !matches!(heard, Some(Some(_))) {
        let _ = child.kill(); // it may have ended by itself
    }
    // It closed its stdout or was killed; a program that lingers after its answer is not waited for.
    let status = wait_briefly(child);
    match heard {
        None => Said::Nothing,
        Some(Some(text)) if status.is_some_and(|status| status.success()) => {
            String::from_utf8(text).map_or(Said::No, Said::Text)
        }
        Some(_) => Said::No,
    }
}

/// A server that ends does not wait for it, nor leaves it behind. By the thread that asks: it lives as long as the question.
fn dies_with_us(command: &mut Command) {
    let dies = || {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
            .map_err(Into::into)
    };
    // SAFETY: one system call between fork and exec; nothing is allocated and no lock is taken.
    unsafe { command.pre_exec(dies) };
}

/// All that comes through the pipe: `Some(None)` if that is too much, `None` if it takes too long.
fn read(stdout: std::process::ChildStdout, time_max: Duration) -> Option<Option<Vec<u8>>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    // The thread ends with the pipe: at the latest when the child is killed.
    let reader = std::thread::Builder::new().name("probe".into()).spawn(move || {
        let mut text = Vec::new();
        let complete = stdout.take(PROBE_BYTES_MAX + 1).read_to_end(&mut text).is_ok();
        let fits = text.len() as u64 <= PROBE_BYTES_MAX;
        let _ = sender.send((complete && fits).then_some(text)); // nobody waits past the time
    });
    reader.ok()?;
    receiver.recv_timeout(time_max).ok()
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

    fn shell(script: &str, time_max: Duration) -> Said {
        ask(Path::new("/bin/sh"), &["-c", script], time_max)
    }

    #[test]
    fn an_answer_is_what_was_printed() {
        assert_eq!(shell("echo 3.11.7", PROBE_TIME_MAX), Said::Text("3.11.7\n".into()));
    }

    #[test]
    fn programs_that_fail_or_talk_without_end_say_no_and_late_ones_nothing() {
        assert_eq!(shell("echo no; exit 3", PROBE_TIME_MAX), Said::No);
        assert_eq!(shell("exec yes", PROBE_TIME_MAX), Said::No);
        assert_eq!(shell("exec sleep 600", Duration::from_millis(50)), Said::Nothing);
        assert_eq!(ask(Path::new("/nowhere/at/all"), &["x"], PROBE_TIME_MAX), Said::Nothing);
    }
}
