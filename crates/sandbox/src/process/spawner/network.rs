//! Egress: hands environments to the egress process, and all of them to the next one when it dies.

use super::super::protocol::FromSpawner;
use super::host::start_egress;
use super::{EGRESS_TOKEN, Network, Spawner, watch};
use crate::egress;
use rustix::event::epoll;
use std::os::fd::AsFd;

impl Spawner {
    /// Has the egress process serve an environment. If that is gone, the next one serves all.
    pub(super) fn connect(&mut self, key: u64) -> Result<(), String> {
        let Some(handle) = &mut self.host.egress else { return Err("there is no egress process".to_owned()) };
        let network = self.environments.get(&key).and_then(|one| one.network.as_ref());
        let Some((network, tun)) = network.and_then(|one| Some((one, one.tun.as_ref()?))) else {
            return Ok(());
        };
        match handle.attach(egress::EnvironmentNumber(key), tun.as_fd(), &network.policy) {
            Err(error) if error.is_gone() => {
                self.restart_egress();
                if self.host.egress.is_some() { Ok(()) } else { Err(error.to_string()) }
            }
            other => other.map_err(|error| error.to_string()),
        }
    }

    pub(super) fn disconnect(&mut self, key: u64) {
        let Some(environment) = self.environments.get_mut(&key) else { return };
        if environment.network.take().is_some_and(|network| network.tun.is_some())
            && let Some(handle) = &mut self.host.egress
            && handle.detach(egress::EnvironmentNumber(key)).is_err_and(|error| error.is_gone())
        {
            self.restart_egress();
        }
    }

    /// It died: open connections break, new ones work.
    pub(super) fn restart_egress(&mut self) {
        if let Some(dead) = self.host.egress.take() {
            let _ = epoll::delete(&self.epoll, &dead);
        }
        self.tell(
            &FromSpawner::Warning("the egress process died and is started again".to_owned()),
            Vec::new(),
        );
        let started = start_egress(self.host.users.as_ref()).and_then(|mut handle| {
            for (key, environment) in &self.environments {
                if let Some(Network { policy, tun: Some(tun) }) = &environment.network {
                    handle
                        .attach(egress::EnvironmentNumber(*key), tun.as_fd(), policy)
                        .map_err(|error| error.to_string())?;
                }
            }
            watch(&self.epoll, handle.as_fd(), EGRESS_TOKEN, false).map_err(|error| error.to_string())?;
            Ok(handle)
        });
        match started {
            Ok(handle) => self.host.egress = Some(handle),
            Err(error) => {
                self.tell(&FromSpawner::Warning(format!("no egress any more: {error}")), Vec::new())
            }
        }
    }
}
