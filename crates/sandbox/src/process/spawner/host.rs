//! What the spawner finds and makes at start-up: the tree of groups, the template, the filters, the egress process.

use super::super::cgroup::{self, Tree};
use super::super::namespaces;
use super::super::protocol::{CapabilitiesWire, SpawnerConfig};
use super::super::rootfs::Template;
use super::super::seccomp::{self, Filters};
use super::super::sweep::{Folder, GROUP_PREFIX};
use super::super::sys::{self, StepError};
use super::super::{EGRESS_ARGUMENT, landlock, tmp, uids};
use super::jail::MountNamespaces;
use super::programs::Programs;
use crate::egress;
use std::path::Path;

/// What was found and made at start-up.
pub(super) struct Host {
    pub(super) tree: Box<dyn Tree>,
    pub(super) template: Template,
    pub(super) mount_namespaces: MountNamespaces,
    pub(super) programs: Programs,
    pub(super) tmp: tmp::Kind,
    pub(super) filters: Option<Filters>,
    pub(super) landlock: bool,
    pub(super) users: Option<uids::Block>,
    /// The first one, until the gateway takes it; `None` where it can not be.
    pub(super) egress: Option<egress::Handle>,
    pub(super) capabilities: CapabilitiesWire,
}

impl Host {
    pub(super) fn survey(config: &SpawnerConfig, folder: &Folder) -> Result<Self, StepError> {
        let mut missing = Vec::new();
        let is_root = rustix::process::geteuid().is_root() && sys::has_capability(sys::CAP_SYS_ADMIN);
        let users = if is_root { Some(uids::Block::take(config.uid_base)?) } else { None };
        let run_folder = format!("{GROUP_PREFIX}{}", config.run);
        folder.record(&config.run, &cgroup::candidates(&run_folder))?;
        let (tree, lacking) = cgroup::open(&run_folder);
        missing.extend(lacking);
        if !is_root {
            enter_rootless(&mut missing)?;
        }
        let host = MountNamespaces::own()?;
        let template = Template::build(&folder.template_root(), Path::new("/"))?;
        let mount_namespaces = MountNamespaces { host, spawner: MountNamespaces::own()? };
        let programs = Programs::take(&config.monitors, &folder.monitors());
        let tmp =
            if is_root { tmp::Kind::find(&folder.tmp_images()) } else { Err("it needs root".to_owned()) };
        let sized_tmp = tmp.is_ok();
        let tmp = tmp.unwrap_or_else(|why| {
            missing.push(format!(
                "/tmp is in memory and counts as such, since a loop-mounted one can not be made: {why}"
            ));
            tmp::Kind::Memory
        });
        let landlock = landlock::abi() > 0;
        if !landlock {
            missing.push(
                "no Landlock: the kernel lacks it or it is not in its list of security modules (lsm=)"
                    .to_owned(),
            );
        }
        let filters = if seccomp::is_available() { Some(Filters::compile()?) } else { None };
        if filters.is_none() {
            missing.push("no seccomp: the kernel was built without CONFIG_SECCOMP_FILTER".to_owned());
        }
        let egress = if is_root { start_egress(users.as_ref()) } else { Err("it needs root".to_owned()) };
        let egress = egress
            .map_err(|why| {
                missing.push(format!("egress nat is not possible, functions reach nothing outside: {why}"))
            })
            .ok();
        let powers = tree.powers();
        let capabilities = CapabilitiesWire {
            pause: powers.freezer,
            bind: is_root,
            reclaim: powers.reclaim,
            egress_nat: egress.is_some(),
            memory_limit: powers.memory,
            cpu_share: powers.cpu,
            pids_limit: powers.pids,
            sized_tmp,
            landlock,
            seccomp: filters.is_some(),
            missing,
        };
        Ok(Self {
            tree,
            template,
            mount_namespaces,
            programs,
            tmp,
            filters,
            landlock,
            users,
            egress,
            capabilities,
        })
    }
}

/// The process that carries what functions send, under a user of its own; at start-up its word is waited for, since it
/// decides what this host is said to be capable of.
fn start_egress(users: Option<&uids::Block>) -> Result<egress::Handle, String> {
    if !Path::new("/dev/net/tun").exists() {
        return Err("/dev/net/tun is not there (modprobe tun)".to_owned());
    }
    let start = egress_start(users).ok_or("it needs a user of its own")?;
    egress::Handle::start(&start).map_err(|error| with_source(&error))
}

/// How it is started; `None` without a user for it.
pub(super) fn egress_start(users: Option<&uids::Block>) -> Option<egress::Start> {
    let uid = users?.egress_uid();
    Some(egress::Start {
        program: "/proc/self/exe".into(),
        arguments: vec![EGRESS_ARGUMENT.into()],
        uid,
        gid: uid,
        resolv_conf: "/etc/resolv.conf".into(),
    })
}

pub(super) fn with_source(error: &egress::EgressError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Without root the spawner becomes root of a user namespace in which only its own user exists.
fn enter_rootless(missing: &mut Vec<String>) -> Result<(), StepError> {
    let uid = rustix::process::geteuid().as_raw();
    let gid = rustix::process::getegid().as_raw();
    namespaces::enter_user_namespace((0, uid), (0, gid)).map_err(|error| StepError {
        step: "unprivileged user namespaces",
        reason: format!(
            "{error}. This host does not let ordinary users make them: run as root, or allow them \
             (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces>0, and on Ubuntu \
             kernel.apparmor_restrict_unprivileged_userns=0)"
        ),
    })?;
    missing.push(
        "environments share one user of the host, since there is no root to give each its own".to_owned(),
    );
    Ok(())
}
