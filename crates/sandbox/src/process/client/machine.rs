//! The server's end of one machine: the monitor's process, whatever it is.

use super::super::protocol::{Answer, MachineWire, Request};
use super::super::spawner::MONITOR;
use super::{ProcessSandbox, Shared, StopOnDrop, error_of, out_of_phase};
use crate::{BootError, Exit, Stats};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell, oneshot};

/// A monitor that runs in its jail. A dropped one is ended by the spawner.
pub(crate) struct MachineHandle {
    shared: Arc<Shared>,
    guard: StopOnDrop,
    exit: OnceCell<Option<Exit>>,
    exited: Mutex<oneshot::Receiver<Exit>>,
}

impl ProcessSandbox {
    /// Builds a jail and has it become the monitor; answers when it has. Everything made is undone if this fails or if the
    /// future is dropped. `files` are those of `spec.files`, in their order. With the channel folder of a monitor that has one.
    pub(crate) async fn boot_machine(
        &self,
        spec: MachineWire,
        files: Vec<OwnedFd>,
    ) -> Result<(MachineHandle, Option<OwnedFd>), BootError> {
        if spec.nat && !self.capabilities.egress_nat {
            return Err(BootError::Unsupported("egress nat"));
        }
        let key = self.shared.number();
        let (tx, exited) = oneshot::channel();
        // From here on a dropped future stops what was asked for, and takes it off the books.
        let mut handle = MachineHandle {
            shared: self.shared.clone(),
            guard: StopOnDrop { shared: self.shared.clone(), key, armed: true },
            exit: OnceCell::new(),
            exited: Mutex::new(exited),
        };
        // On the books before it is asked for: it may end before its start is answered.
        self.shared.books().exits.insert((key, MONITOR), tx);
        let question = Request::BootMachine { environment: key, spec };
        match self.shared.ask_with(question, files).await {
            Ok((Answer::Booted, mut fds)) => Ok((handle, fds.pop())),
            Ok(_) => Err(out_of_phase("boot of a machine")),
            Err(failure) => {
                handle.guard.armed = false;
                Err(error_of(failure, String::new()))
            }
        }
    }
}

impl MachineHandle {
    /// What its group holds and used: the monitor's own, and of the guest's memory what was touched.
    pub(crate) async fn stats(&self) -> Result<Stats, BootError> {
        self.shared.stats(self.guard.key).await
    }

    /// Stops the monitor and with it the guest where they stand; it says and hears nothing until `resume`. Idempotent.
    pub(crate) async fn pause(&self) -> Result<(), BootError> {
        self.tell(Request::Pause { environment: self.guard.key }).await
    }

    /// Lets both go on. Of one that runs: nothing.
    pub(crate) async fn resume(&self) -> Result<(), BootError> {
        self.tell(Request::Resume { environment: self.guard.key }).await
    }

    async fn tell(&self, what: Request) -> Result<(), BootError> {
        self.shared.ask(what).await.map(drop).map_err(|failure| error_of(failure, String::new()))
    }

    /// How the monitor ended; `None` if the spawner ended before it said so.
    pub(crate) async fn exited(&self) -> Option<Exit> {
        *self.exit.get_or_init(|| async { (&mut *self.exited.lock().await).await.ok() }).await
    }

    /// Kills it and removes everything made for it.
    pub(crate) async fn stop(&self) {
        // `Gone`: the spawner ended, and with it the machine.
        drop(self.shared.ask(Request::Stop { environment: self.guard.key }).await);
    }
}

impl Drop for MachineHandle {
    fn drop(&mut self) {
        self.shared.books().exits.remove(&(self.guard.key, MONITOR));
    }
}
