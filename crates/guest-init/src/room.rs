//! The room itself: built by `walls` out of devices at fixed places.
//!
//! ```text
//!  prepared (template, filters: alike for every function, so part of a snapshot of a machine that booted)
//!    ─furnish▶ eth0, slots, /tmp, init forked, its walls stand ─bind▶ limits, more slots, /tmp ─▶ as it is until the end
//! ```

use crate::early::{self, IMAGE, SLOTS, TEMPLATE};
use crate::machine::{Furnished, Machine, Trouble};
use crate::settings::Channel as Way;
use crate::{moment, transport};
use guest_protocol::messages::{Moment, Mount, Room, Stats};
use rustix::mount::UnmountFlags;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use walls::cgroup::{self, CPU_PERIOD_US, Limits, PIDS_MAX, Tree};
use walls::channel::{Channel, MESSAGE_BYTES_MAX};
use walls::init::{self, Plan};
use walls::namespaces::{Identity, Network};
use walls::protocol::{BootWire, FromInit};
use walls::rootfs::Template;
use walls::seccomp::{self, Filters};
use walls::sys::{self, At, Forked, StepError};
use walls::{binding, landlock, tmp, tun};

/// After the six slots.
const TMP_DEVICE: &str = "/dev/vdh";
/// The network device, as `process` names its own.
const NETWORK_DEVICE: &str = "eth0";
const GROUPS: &str = "tinderbox";
const GROUP: &str = "room";
/// The room's user as the guest's kernel counts: nobody on any image has this number, so that what is shown inside belongs
/// to nobody there, as on a host.
const USER: u32 = 1_879_048_193;
/// What a room has for `/tmp` that waits for one.
const PLACEHOLDER_MB: u32 = 1;
/// The host gives the machine its processor time; inside, all of it is the room's.
const CPU_UNLIMITED_US: u64 = 1_000 * CPU_PERIOD_US;

/// This machine.
pub(crate) struct Guest {
    began_us: u64,
    channel: Way,
    template: Template,
    filters: Option<Filters>,
    tree: Box<dyn Tree>,
    /// Kept open by the room's init; nobody looks at it here.
    life: OwnedFd,
    /// The init, once there is a room.
    init: Option<OwnedFd>,
    mounted: [bool; guest_protocol::SLOTS],
    memory_bytes: u64,
    memory_peak_bytes: u64,
}

impl Guest {
    pub(crate) fn prepare(began_us: u64, channel: Way) -> Result<Self, Trouble> {
        let (tree, missing) = cgroup::open(GROUPS);
        if !tree.powers().memory || !tree.powers().pids {
            return Err(Trouble::new("control groups", missing.join("; ")));
        }
        let filters = if seccomp::is_available() { Some(Filters::compile()?) } else { None };
        let null = std::fs::File::open("/dev/null").at("life")?;
        Ok(Self {
            began_us,
            channel,
            template: Template::build(Path::new(TEMPLATE), Path::new(IMAGE))?,
            filters,
            tree,
            life: sys::raised(null.as_fd()).at("life")?,
            init: None,
            mounted: [false; guest_protocol::SLOTS],
            memory_bytes: 0,
            memory_peak_bytes: 0,
        })
    }

    pub(crate) fn connect(&self) -> Result<OwnedFd, Trouble> {
        Ok(transport::connect(self.channel).at("channel")?)
    }

    /// Mounts what is not mounted yet; (here, inside) of each, and which ones are new.
    fn mount_slots(&mut self, mounts: &[Mount]) -> Result<Vec<(PathBuf, PathBuf)>, Trouble> {
        let mut shown = Vec::new();
        for Mount { slot, inside } in mounts {
            let slot = usize::from(*slot);
            let letter = b"bcdefg".get(slot).copied().map(char::from);
            let (Some(letter), Some(mounted)) = (letter, self.mounted.get_mut(slot)) else {
                return Err(Trouble::new("slots", format!("there is no slot {slot}")));
            };
            let place = format!("{SLOTS}/{slot}");
            if !*mounted {
                std::fs::create_dir_all(&place).at("slots")?;
                early::mount_image(&format!("/dev/vd{letter}"), &place)?;
                *mounted = true;
            }
            shown.push((PathBuf::from(place), inside.clone()));
        }
        Ok(shown)
    }

    /// Slots that were mounted for a binding which failed: their devices are free again.
    fn unmount_slots(&mut self, before: [bool; guest_protocol::SLOTS]) {
        for (slot, (now, before)) in self.mounted.iter_mut().zip(before).enumerate() {
            if *now && !before {
                *now = rustix::mount::unmount(format!("{SLOTS}/{slot}"), UnmountFlags::DETACH).is_err();
            }
        }
    }

    fn fork_init(&mut self, spec: &BootWire, tmp: Option<OwnedFd>) -> Result<Channel, Trouble> {
        let (channel, theirs) = Channel::pair().at("channel of the init")?;
        let tmp_stands = if tmp.is_some() { landlock::Tmp::Stands } else { landlock::Tmp::Later };
        // SAFETY: this process has one thread.
        match unsafe { sys::fork_into_pid_namespace() }.at("fork of the init")? {
            Forked::Child => init::run(Plan {
                group: GROUP,
                limits: limits(spec.memory_mb),
                tree: self.tree.as_ref(),
                identity: Identity::Own { uid: USER, gid: USER },
                spec,
                template: &self.template.root,
                tmp: &tmp::Kind::Memory,
                tmp_ready: tmp,
                filters: self.filters.as_ref(),
                landlock: landlock::abi() > 0,
                tmp_stands,
                network: Network::Shared,
                processes_max: None,
                channel: theirs,
                life: self.life.as_raw_fd(),
                fault: None,
            }),
            Forked::Parent { pidfd, .. } => {
                self.init = Some(pidfd);
                Ok(channel)
            }
        }
    }

    fn try_bind(
        &mut self,
        memory_mb: u32,
        tmp_mb: Option<u32>,
        mounts: &[Mount],
        init: &OwnedFd,
    ) -> Result<(), Trouble> {
        let limits = limits(memory_mb);
        // Limits first: what does not fit them is refused before anything is shown.
        binding::room_for(self.tree.as_ref(), GROUP, self.memory_bytes, limits.memory_bytes)?;
        self.tree.limit(GROUP, &limits).at("limits of a waiting environment")?;
        self.memory_bytes = limits.memory_bytes;
        let shown = self.mount_slots(mounts)?;
        let tmp = tmp_mb.map(prepare_tmp).transpose()?;
        Ok(binding::show(init.as_fd(), &shown, tmp.as_ref())?)
    }
}

impl Machine for Guest {
    fn began_us(&self) -> u64 {
        self.began_us
    }

    fn now_us(&self) -> u64 {
        moment::since_boot_us()
    }

    fn kernel(&self) -> String {
        rustix::system::uname().release().to_string_lossy().into_owned()
    }

    fn set(&mut self, moment: &Moment) -> Result<(), Trouble> {
        Ok(moment::set(moment)?)
    }

    fn correct(&mut self, unix_us: u64) -> Result<(), Trouble> {
        Ok(moment::correct(unix_us)?)
    }

    fn furnish(&mut self, room: &Room) -> Result<Furnished, Trouble> {
        let began_us = self.now_us();
        if self.init.is_some() {
            return Err(Trouble::new("furnish", "the room stands already"));
        }
        if room.nat {
            tun::configure(NETWORK_DEVICE).at("network device")?;
        } else {
            tun::raise_loopback().at("loopback")?;
        }
        let mounts = self.mount_slots(&room.mounts)?;
        let tmp = room.tmp_mb.map(prepare_tmp).transpose()?;
        let mounted_us = self.now_us();
        let spec = BootWire {
            memory_mb: room.memory_mb,
            tmp_mb: room.tmp_mb.unwrap_or(PLACEHOLDER_MB),
            mounts,
            nat: room.nat,
            allow_hosts: room.allow_hosts.clone(),
        };
        self.memory_bytes = limits(room.memory_mb).memory_bytes;
        let init = self.fork_init(&spec, tmp)?;
        let [runtime_api, lambda_api] = booted(&init)?;
        let steps = vec![
            ("mounts".to_owned(), mounted_us.saturating_sub(began_us)),
            ("walls".to_owned(), self.now_us().saturating_sub(mounted_us)),
        ];
        Ok(Furnished { init, runtime_api, lambda_api, steps })
    }

    fn bind(&mut self, memory_mb: u32, tmp_mb: Option<u32>, mounts: &[Mount]) -> Result<(), Trouble> {
        let init = self.init.as_ref().ok_or_else(|| Trouble::new("bind", "there is no room"))?;
        let init = init.try_clone().at("pidfd")?;
        let before = self.mounted;
        let bound = self.try_bind(memory_mb, tmp_mb, mounts, &init);
        if bound.is_err() {
            self.unmount_slots(before);
        }
        bound
    }

    fn stats(&mut self) -> Result<Stats, Trouble> {
        let usage = self.tree.usage(GROUP).at("stats")?;
        self.memory_peak_bytes = self.memory_peak_bytes.max(usage.memory_peak_bytes);
        Ok(Stats {
            memory_bytes: usage.memory_bytes,
            memory_peak_bytes: self.memory_peak_bytes,
            cpu_us: usage.cpu_us,
            // Init is ours, not the function's.
            tasks: usage.tasks.saturating_sub(1),
            out_of_memory_kills: usage.out_of_memory_kills,
        })
    }

    fn out_of_memory(&mut self) -> bool {
        self.tree.out_of_memory_kills(GROUP) > 0
    }

    fn freeze(&mut self) -> Result<(), Trouble> {
        if self.init.is_none() {
            return Ok(());
        }
        self.tree.freeze(GROUP).at("freezer")?;
        // A task in the midst of the kernel stops when it leaves it.
        let still = || match self.tree.is_frozen(GROUP) {
            Ok(false) => Err(io::ErrorKind::WouldBlock.into()),
            other => other,
        };
        Ok(transport::wait_for(still).map(drop).at("freezer")?)
    }

    fn thaw(&mut self) -> Result<(), Trouble> {
        if self.init.is_none() {
            return Ok(());
        }
        Ok(self.tree.thaw(GROUP).at("freezer")?)
    }

    fn shrink(&mut self) -> Result<(), Trouble> {
        // What is not written out can not be dropped.
        rustix::fs::sync();
        Ok(std::fs::write("/proc/sys/vm/drop_caches", "3").at("drop of caches")?)
    }

    fn reconnect(&mut self, lost: OwnedFd) -> io::Result<OwnedFd> {
        transport::reconnect(self.channel, lost)
    }
}

fn limits(memory_mb: u32) -> Limits {
    Limits { quota_us: CPU_UNLIMITED_US, pids: PIDS_MAX, ..Limits::of(memory_mb, 100) }
}

/// The host made it of the size that was asked for.
fn prepare_tmp(size_mb: u32) -> Result<OwnedFd, StepError> {
    tmp::Kind::Device(TMP_DEVICE.into()).prepare(size_mb)
}

/// The first word of an init, waited for: nothing else can happen meanwhile.
fn booted(init: &Channel) -> Result<[OwnedFd; 2], Trouble> {
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    match init.receive_waiting::<FromInit>(&mut buffer).at("walls")? {
        Some((FromInit::Booted, doors)) => {
            doors.try_into().map_err(|_| Trouble::new("walls", "not two doors came out of the room"))
        }
        Some((FromInit::BootFailed { step, reason }, _)) => Err(Trouble { step, reason }),
        _ => Err(Trouble::new("walls", "the init of the room ended")),
    }
}
