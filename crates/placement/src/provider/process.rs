//! A program in a process group of its own, and the end of the whole group.

use rustix::process::{Pid, Signal, kill_process_group};
use std::process::Stdio;
use tokio::process::{Child, Command};

/// Ends with all that it started (what made itself a group of its own excepted), at the latest when this is dropped.
pub(super) struct Group {
    pub(super) child: Child,
    group: Option<Pid>,
}

impl Group {
    pub(super) fn spawn(command: &mut Command) -> std::io::Result<Self> {
        let child = command.stdin(Stdio::null()).process_group(0).kill_on_drop(true).spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { child, group })
    }

    /// To all of the group. The leader is not reaped before [`Group::end`], so its number is nobody else's.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // An error: nobody of it is there any more.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Waits until the leader has ended by itself; what it left behind is meant to stay.
    pub(super) async fn wait(&mut self) -> std::io::Result<std::process::ExitStatus> {
        let status = self.child.wait().await;
        // Reaped: the number may become another's.
        self.group = None;
        status
    }

    /// Kills what is left and reaps the leader.
    pub(super) async fn end(mut self) -> std::io::Result<std::process::ExitStatus> {
        self.signal(Signal::KILL);
        let status = self.child.wait().await;
        self.group = None;
        status
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
