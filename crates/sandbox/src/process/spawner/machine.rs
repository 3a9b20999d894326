//! How machines come up: a fork whose child builds a jail and becomes the monitor.
//!
//! ```text
//!  BootMachine (+ descriptors) ─▶ fork ─▶ jail stands: Booted (+ TUN) ─▶ exec: the channel closes ─▶ attached ─▶ Live
//!                                   └────── BootFailed, also of exec ──────▶ Ending
//! ```
//!
//! The books are those of any environment: a user, a group, a pidfd, an end that removes everything. What differs is that
//! pid 1 is a program of the host and not ours, so that nothing is said to it after its exec: its channel closes by that.

use super::super::cgroup::Limits;
use super::super::fault;
use super::super::protocol::{Access, Given, MachineWire, MonitorWire, Tap};
use super::super::rootfs::SYSTEM;
use super::super::sys::{self, At, Forked, StepError};
use super::booting::Conceived;
use super::jail::{self, CHANNEL, FIRST_RAISED_FD, Plan};
use super::programs::{FIRECRACKER, JAILER};
use super::{Birth, Environment, Kind, Spawner, State};
use rustix::event::epoll;
use std::os::fd::OwnedFd;

/// By which the server knows a machine's only process.
pub(crate) const MONITOR: u64 = 0;
const ARGUMENTS_MAX: usize = 256;
const ARGUMENT_BYTES_MAX: usize = 4_096;
const NAME_BYTES_MAX: usize = 32;
/// Beside those of the system: what a jail has by itself, the jailer's makings among it.
const TAKEN: [&str; 9] =
    ["dev", "proc", "etc", "jail", "run", CHANNEL, FIRECRACKER, JAILER, "firecracker.pid"];

impl Spawner {
    pub(super) fn boot_machine(&mut self, request: u64, key: u64, spec: &MachineWire, files: Vec<OwnedFd>) {
        let forked = check(spec, files.len()).and_then(|()| self.fork_machine(request, key, spec, files));
        self.enter(request, key, forked);
    }

    fn fork_machine(
        &mut self,
        request: u64,
        key: u64,
        spec: &MachineWire,
        files: Vec<OwnedFd>,
    ) -> Result<Environment, StepError> {
        let refuse = |reason: &str| StepError { step: "machine", reason: reason.to_owned() };
        if spec.nat && !self.host.capabilities.egress_nat {
            return Err(refuse("egress nat is not possible here"));
        }
        // What can not be run is refused before anything is made.
        self.host.programs.of(&spec.monitor)?;
        let Conceived { slot, group, channel, theirs } = self.conceive(key)?;
        let Some(uid) = self.host.users.as_ref().map(|users| users.uid(slot)) else {
            return Err(refuse("it needs root, to give each machine a user of its own"));
        };
        let mut limits = Limits::of(spec.share_mb, self.config.cpu_floor_percent);
        limits.memory_bytes = u64::from(spec.memory_mb) << 20;
        let program = self.host.programs.of(&spec.monitor)?;
        // SAFETY: the spawner has one thread.
        match unsafe { sys::fork_into_pid_namespace() }.at("fork of a machine")? {
            Forked::Child => jail::run(Plan {
                group: &group,
                limits,
                tree: self.host.tree.as_ref(),
                uid,
                spec,
                program,
                files,
                namespaces: &self.host.mount_namespaces,
                template: &self.host.template.root,
                root: &self.folder.machine_root(),
                life: self.folder.life(),
                fault: self.config.fault,
                channel: theirs,
            }),
            Forked::Parent { pid, pidfd } => {
                let egress = spec.nat.then(|| spec.allow_hosts.clone());
                let memory_mb = spec.memory_mb;
                let birth = Birth { kind: Kind::Machine, slot, group, channel, memory_mb, egress };
                Ok(self.born(request, key, birth, pidfd, pid))
            }
        }
    }

    /// `false` if that is not what a jail says.
    pub(super) fn on_jail_stands(&mut self, key: u64, mut fds: Vec<OwnedFd>) -> bool {
        let Some(environment) = self.environments.get_mut(&key) else { return true };
        let network = environment.network.as_mut();
        // The channel folder, if it has one, and the TUN if it has that.
        let tun = usize::from(network.is_some());
        if !(tun..=tun + 1).contains(&fds.len()) || !environment.running.is_empty() {
            return false;
        }
        if let Some(network) = network {
            network.hold(fds.pop(), fds);
        } else {
            environment.channel_folder = fds.pop();
        }
        environment.running.insert(MONITOR);
        true
    }

    /// The channel closed: by exec, if the jail stood before; its end is told by the pidfd, as ever.
    pub(super) fn on_exec(&mut self, key: u64) {
        let Some(environment) = self.environments.get_mut(&key) else { return };
        let _ = epoll::delete(&self.epoll, &environment.channel);
        match environment.state {
            State::Booting { .. } if environment.running.is_empty() => self.end(key, None),
            State::Booting { .. } => {
                fault::step();
                if environment.network.is_some() {
                    return self.attach(key);
                }
                let folder = environment.channel_folder.take();
                self.stands(key, folder.into_iter().collect());
            }
            State::Live | State::Ending { .. } => {}
        }
    }
}

/// The shape of what is asked for. What the program makes of its arguments is bounded by the jail, not by this.
fn check(spec: &MachineWire, files: usize) -> Result<(), StepError> {
    let refuse = |reason: String| Err(StepError { step: "machine", reason });
    if spec.files.len() != files {
        return refuse(format!("{files} descriptors for {} files", spec.files.len()));
    }
    let long = |text: &String| text.len() > ARGUMENT_BYTES_MAX || text.contains('\0');
    if spec.arguments.len() > ARGUMENTS_MAX || spec.arguments.iter().any(long) {
        return refuse("too many arguments, or one too long".to_owned());
    }
    if let MonitorWire::Firecracker { id } = &spec.monitor
        && !is_name(id)
    {
        return refuse("an id that is no plain name".to_owned());
    }
    let mut numbers: Vec<i32> = Vec::new();
    numbers.extend(match spec.tap {
        Tap::Inherited(number) => Some(number),
        Tap::Named => None,
    });
    for file in &spec.files {
        match file {
            Given::Inherited(number) => numbers.push(*number),
            Given::Shown { name, access: Access::Read | Access::Write } => {
                if !is_name(name) {
                    return refuse(format!("{name:?}: not a name in the jail"));
                }
            }
        }
    }
    numbers.sort_unstable();
    let twice = numbers.windows(2).any(|pair| pair.first() == pair.last());
    if twice || numbers.iter().any(|number| !(1..FIRST_RAISED_FD).contains(number)) {
        return refuse("a descriptor's number twice, or out of range".to_owned());
    }
    Ok(())
}

/// One component that no folder of the jail has.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    let taken = TAKEN.contains(&name) || SYSTEM.contains(&name);
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.starts_with('.')
        && name.bytes().all(plain)
        && !taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> MachineWire {
        MachineWire {
            memory_mb: 128,
            share_mb: 128,
            monitor: MonitorWire::Qemu,
            arguments: vec!["-x".to_owned()],
            kvm: false,
            file_bytes_max: 0,
            tap: Tap::Inherited(3),
            network_bytes: 0,
            nat: false,
            allow_hosts: Vec::new(),
            files: vec![Given::Inherited(4)],
        }
    }

    #[test]
    fn a_machine_of_another_shape_is_refused() {
        assert!(check(&spec(), 1).is_ok());
        assert!(check(&spec(), 2).is_err(), "a descriptor too many");
        let with = |change: fn(&mut MachineWire)| {
            let mut spec = spec();
            change(&mut spec);
            check(&spec, spec.files.len())
        };
        assert!(with(|spec| spec.files.push(Given::Inherited(3))).is_err(), "the TAP's number");
        assert!(with(|spec| spec.files.push(Given::Inherited(0))).is_err());
        assert!(with(|spec| spec.files.push(Given::Inherited(FIRST_RAISED_FD))).is_err());
        assert!(with(|spec| spec.arguments.push("a\0b".to_owned())).is_err());
        for (id, good) in [("0a", true), ("..", false), ("a/b", false), ("", false)] {
            let mut spec = spec();
            spec.monitor = MonitorWire::Firecracker { id: id.to_owned() };
            assert_eq!(check(&spec, 1).is_ok(), good, "{id}");
        }
        assert!(with(|spec| spec.arguments = vec![String::new(); ARGUMENTS_MAX + 1]).is_err());
        // Neither what is outside nor what root will run in there.
        let taken = ["usr", "dev", "proc", "run", "jail", "channel", "jailer", "firecracker"];
        for name in ["", ".", "..", "a/b", "UPPER", ".hidden"].into_iter().chain(taken) {
            let mut spec = spec();
            spec.files = vec![Given::Shown { name: name.to_owned(), access: Access::Read }];
            assert!(check(&spec, 1).is_err(), "{name:?}");
        }
        let mut spec = spec();
        spec.files = vec![Given::Shown { name: "kernel".to_owned(), access: Access::Read }];
        assert!(check(&spec, 1).is_ok());
    }
}
