//! Leaders that die, are paused and come back, workers that are lost, messages in any order: at random, with every
//! invariant after every step.

use super::*;
use invariants as must;
use types::Epoch;

const LIMIT: u32 = 4;
/// Of that, for one of the two functions.
const RESERVED: u32 = 2;
const SETTINGS: fn() -> Settings =
    || Settings { concurrency_max: LIMIT, waiters_max: 16, reads_revisions: true, ..Settings::default() };

/// What a worker does by its own rules.
#[derive(Default)]
struct Host {
    highest: u64,
    /// Last token, and whether it is free, taken by an invocation that runs, or not taken yet.
    held: BTreeMap<EnvironmentId, (VersionKey, LeaseToken, Seat)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seat {
    First,
    Running,
    Free,
}

/// On its way.
enum Packet {
    /// To whoever leads when it arrives.
    ToLeader(Input),
    Start {
        epoch: u64,
        host: usize,
        environment: EnvironmentId,
        key: VersionKey,
        token: LeaseToken,
        needs: usize,
        provisioned: bool,
    },
    Stop {
        epoch: u64,
        host: usize,
        environment: EnvironmentId,
    },
    Greet {
        epoch: u64,
        host: usize,
        greet: u64,
    },
    Place {
        environment: EnvironmentId,
    },
    /// An invocation, under its lease.
    Invoke {
        epoch: u64,
        host: usize,
        environment: EnvironmentId,
        key: VersionKey,
        token: LeaseToken,
        /// The generation of the last update that had been answered when this one was asked for.
        least: u64,
    },
    /// One that is made ahead has run its init, or failed to.
    Initialise {
        host: usize,
        environment: EnvironmentId,
        token: LeaseToken,
    },
    /// A leader reads what is durable of a version.
    Read {
        epoch: u64,
        key: VersionKey,
    },
    /// Control tells of an update: whoever leads when it arrives.
    Tell {
        generation: u64,
    },
}

struct Cluster {
    now: Duration,
    next: u64,
    epoch: u64,
    machine: Machine,
    /// Deposed and not aware of it.
    zombie: Option<(u64, Machine)>,
    durable: Book,
    /// Written by this leader, not durable yet.
    pending: Vec<Fact>,
    written: usize,
    hosts: [Host; 2],
    packets: Vec<Packet>,
    answered: BTreeSet<WaiterId>,
    keys: BTreeMap<EnvironmentId, VersionKey>,
    /// What control has written down.
    generation: u64,
    /// Of it, what has been answered to whoever made the update.
    answered_generation: u64,
    /// Changes of what is provisioned.
    provisions: u64,
    /// For each acquire: what had been answered then.
    least: BTreeMap<WaiterId, u64>,
}

fn id_of(host: usize) -> WorkerId {
    WorkerId::new(["a", "b"][host])
}

impl Cluster {
    fn new() -> Self {
        Self {
            now: Duration::ZERO,
            next: 0,
            epoch: 1,
            machine: Machine::new(SETTINGS()),
            zombie: None,
            durable: Book::default(),
            pending: Vec::new(),
            written: 0,
            hosts: Default::default(),
            packets: Vec::new(),
            answered: BTreeSet::new(),
            keys: BTreeMap::new(),
            generation: 1,
            answered_generation: 1,
            provisions: 0,
            least: BTreeMap::new(),
        }
    }

    /// By a frontend whose cache is as old as `behind`.
    fn acquire(&mut self, function: &str, behind: u64) -> Input {
        self.next += 1;
        let environment = EnvironmentId(u128::from(self.next).to_be_bytes());
        let wanted = key(function, self.generation.saturating_sub(behind).max(1));
        self.keys.insert(environment, wanted.clone());
        let (waiter, token) = (WaiterId(self.next), LeaseToken(self.next));
        self.least.insert(waiter, self.answered_generation);
        let deadline = self.now + SECOND;
        let share = ConcurrencyShare { at: 1, ..FREE };
        let share =
            if function == "g" { ConcurrencyShare { reserved: Some(RESERVED), ..share } } else { share };
        Input::Acquire { waiter, key: wanted, memory_mb: 128, share, deadline, environment, token }
    }

    fn lead(&mut self, input: Input) -> Result<(), must::Violation> {
        let mut effects = Vec::new();
        self.machine.step(self.now, input, &mut effects);
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), must::Violation> {
        let epoch = self.epoch;
        for effect in effects {
            match effect {
                Effect::Journal(fact) => {
                    self.pending.push(fact);
                    self.written += 1;
                }
                Effect::Grant { waiter, environment, worker, token, .. } => {
                    assert!(self.answered.insert(waiter), "a waiter is answered once");
                    must::acknowledged(&self.machine, environment, &worker)?;
                    self.grant(epoch, waiter, environment, &worker, token);
                }
                Effect::Refuse { waiter, .. } => assert!(self.answered.insert(waiter)),
                Effect::Place { environment, .. } => self.packets.push(Packet::Place { environment }),
                Effect::Start { environment, key, worker, token, provisioned } => {
                    let (host, needs) = (host_of(&worker), self.written);
                    let start = Packet::Start { epoch, host, environment, key, token, needs, provisioned };
                    self.packets.push(start);
                }
                Effect::Want { key, count } => {
                    for _ in 0..count {
                        self.next += 1;
                        let environment = EnvironmentId(u128::from(self.next).to_be_bytes());
                        self.keys.insert(environment, key.clone());
                        let token = LeaseToken(self.next);
                        self.lead(Input::Ahead { key: key.clone(), environment, token })?;
                    }
                }
                Effect::Stop { environment, worker } => {
                    self.packets.push(Packet::Stop { epoch, host: host_of(&worker), environment });
                }
                Effect::Greet { worker, greet } => {
                    self.packets.push(Packet::Greet { epoch, host: host_of(&worker), greet });
                }
                Effect::ReadRevision { key } => self.packets.push(Packet::Read { epoch, key }),
                Effect::Release { .. } => self.packets.push(Packet::ToLeader(Input::Released)),
            }
        }
        Ok(())
    }

    fn grant(
        &mut self,
        epoch: u64,
        waiter: WaiterId,
        environment: EnvironmentId,
        worker: &WorkerId,
        token: LeaseToken,
    ) {
        let (key, least) = (self.keys[&environment].clone(), self.least[&waiter]);
        self.packets.push(Packet::Invoke { epoch, host: host_of(worker), environment, key, token, least });
    }

    /// The deposed leader goes on: what it grants is on its way, what it appends never is.
    fn lead_as_zombie(&mut self, input: Input) {
        let Some((epoch, mut machine)) = self.zombie.take() else { return };
        let mut effects = Vec::new();
        machine.step(self.now, input, &mut effects);
        for effect in effects {
            match effect {
                Effect::Grant { waiter, environment, worker, token, .. } => {
                    self.grant(epoch, waiter, environment, &worker, token);
                }
                // Its reads are answered as any leader's: by what is durable when they arrive.
                Effect::ReadRevision { key } => {
                    let found = self.durable_of(&key);
                    let mut granted = Vec::new();
                    machine.step(self.now, Input::Revision { key, found }, &mut granted);
                    for effect in granted {
                        if let Effect::Grant { waiter, environment, worker, token, .. } = effect {
                            self.grant(epoch, waiter, environment, &worker, token);
                        }
                    }
                }
                _ => {}
            }
        }
        self.zombie = Some((epoch, machine));
    }

    fn durable_of(&self, key: &VersionKey) -> Option<Durable> {
        let reserved = (key.function.as_str() == "g").then_some(RESERVED);
        Some(Durable { generation_min: self.generation, share_at: 1, reserved })
    }

    /// Written down; told until a leader takes it.
    fn update(&mut self) {
        self.generation += 1;
        self.packets.push(Packet::Tell { generation: self.generation });
    }

    /// To the leader, which answers once every worker has taken its epoch; that it can still append is given here, and
    /// a deposed one never answers.
    fn told(&mut self, generation: u64) -> Result<(), must::Violation> {
        for function in ["f", "g"] {
            let key = key(function, generation);
            let (account, region, function) = (key.account, key.region, key.function);
            let version = Some(key.version);
            self.lead(Input::Retire { account, region, function, version, generation_min: generation })?;
        }
        if self.machine.is_acknowledged_by_all() {
            self.answered_generation = self.answered_generation.max(generation);
        } else {
            self.packets.push(Packet::Tell { generation });
        }
        Ok(())
    }

    fn flush(&mut self, count: usize) {
        for fact in self.pending.drain(..count.min(self.pending.len())) {
            self.durable.apply(&fact);
        }
    }

    /// The leader dies or stops, with part of what it wrote on the disk; the next begins.
    fn succeed(&mut self, durable: usize) -> Result<(), must::Violation> {
        self.flush(durable);
        let sent = self.written - self.pending.len();
        self.packets.retain(|packet| match packet {
            Packet::Start { needs, .. } => *needs <= sent,
            Packet::Place { .. } | Packet::ToLeader(Input::Placed { .. } | Input::Reported { .. }) => false,
            Packet::ToLeader(
                Input::Started { .. } | Input::NotStarted { .. } | Input::MaybeStarted { .. },
            ) => false,
            _ => true,
        });
        self.pending.clear();
        self.written = 0;
        self.packets.iter_mut().for_each(|packet| {
            if let Packet::Start { needs, .. } = packet {
                *needs = 0;
            }
        });
        let before = self.epoch;
        self.epoch += 1;
        self.durable.apply(&Fact::EpochBegun { epoch: Epoch(self.epoch) });
        let mut effects = Vec::new();
        let next = Machine::resume(SETTINGS(), &self.durable, self.now, &mut effects);
        self.zombie = Some((before, std::mem::replace(&mut self.machine, next)));
        self.carry_out(effects)
    }

    /// A start that is taken says so, unless that answer `is_lost`.
    fn deliver(&mut self, which: usize, is_lost: bool) -> Result<(), must::Violation> {
        if self.packets.is_empty() {
            return Ok(());
        }
        match self.packets.swap_remove(which % self.packets.len()) {
            Packet::ToLeader(input) => return self.lead(input),
            Packet::Place { environment } => {
                let worker = id_of(which % 2);
                return self.lead(Input::Placed { environment, worker });
            }
            Packet::Start { epoch, host, environment, key, token, needs, provisioned } => {
                if self.written - self.pending.len() < needs {
                    let start = Packet::Start { epoch, host, environment, key, token, needs, provisioned };
                    self.packets.push(start);
                    return Ok(());
                }
                let there = &mut self.hosts[host];
                let answer = if there.admits(epoch) {
                    there.held.insert(environment, (key, token, Seat::First));
                    if provisioned {
                        self.packets.push(Packet::Initialise { host, environment, token });
                    }
                    if is_lost { Input::MaybeStarted { environment } } else { Input::Started { environment } }
                } else {
                    Input::NotStarted { environment }
                };
                // Who asked is not there any more to hear it.
                if epoch == self.epoch {
                    self.packets.push(Packet::ToLeader(answer));
                }
            }
            Packet::Stop { epoch, host, environment } => {
                let there = &mut self.hosts[host];
                if there.admits(epoch)
                    && there.held.get(&environment).is_none_or(|(_, _, seat)| *seat != Seat::Running)
                {
                    there.held.remove(&environment);
                    self.packets.push(Packet::ToLeader(Input::Gone { environment }));
                }
            }
            Packet::Greet { epoch, host, greet } => {
                let there = &mut self.hosts[host];
                if there.admits(epoch) {
                    let held = there.held.iter().map(|(&environment, &(_, token, seat))| Held {
                        environment,
                        token,
                        state: if seat == Seat::Free { HeldState::Free } else { HeldState::Taken },
                    });
                    let held = held.collect();
                    let reported = Input::Reported { worker: id_of(host), greet, held };
                    if epoch == self.epoch {
                        self.packets.push(Packet::ToLeader(reported));
                    }
                }
            }
            Packet::Initialise { host, environment, token } => {
                let there = &mut self.hosts[host];
                let Some((_, last, seat)) = there.held.get_mut(&environment) else { return Ok(()) };
                if (*last, *seat) != (token, Seat::First) {
                    return Ok(());
                }
                if which.is_multiple_of(4) {
                    there.held.remove(&environment);
                    self.packets.push(Packet::ToLeader(Input::NotInitialised { environment, token }));
                    self.packets.push(Packet::ToLeader(Input::Gone { environment }));
                } else {
                    *seat = Seat::Free;
                    self.packets.push(Packet::ToLeader(Input::Idle { environment, token }));
                }
            }
            Packet::Read { epoch, key } => {
                let found = self.durable_of(&key);
                if epoch == self.epoch {
                    return self.lead(Input::Revision { key, found });
                }
            }
            Packet::Tell { generation } => return self.told(generation),
            Packet::Invoke { epoch, host, environment, key, token, least } => {
                let there = &mut self.hosts[host];
                if there.admits(epoch)
                    && let Some((_, last, seat)) = there.held.get_mut(&environment)
                {
                    let taken = match seat {
                        Seat::First => *last == token,
                        Seat::Free => *last != token,
                        Seat::Running => panic!("granted while it runs: the worker would say Busy"),
                    };
                    if taken {
                        assert!(
                            key.generation >= least,
                            "{key:?} runs, asked for after {least} was answered"
                        );
                        must::not_outdated(environment, Epoch(epoch), Epoch(there.highest))?;
                        (*last, *seat) = (token, Seat::Running);
                    }
                }
            }
        }
        Ok(())
    }

    /// What runs ends, or an environment dies.
    fn end_one(&mut self, which: usize, dies: bool) {
        let running = self
            .hosts
            .iter_mut()
            .flat_map(|host| host.held.iter_mut().filter(|(_, (_, _, seat))| dies || *seat == Seat::Running));
        let mut running: Vec<_> = running.collect();
        if running.is_empty() {
            return;
        }
        let which = which % running.len();
        let (environment, (_, token, seat)) = &mut running[which];
        let (environment, token) = (**environment, *token);
        if dies {
            self.hosts.iter_mut().for_each(|host| drop(host.held.remove(&environment)));
            self.packets.push(Packet::ToLeader(Input::Gone { environment }));
        } else {
            *seat = Seat::Free;
            self.packets.push(Packet::ToLeader(Input::Idle { environment, token }));
        }
    }

    /// Its lease ended: it has ended everything by then, and nobody reaches it.
    fn lose(&mut self, host: usize) -> Result<(), must::Violation> {
        self.hosts[host].held.clear();
        self.packets.retain(|packet| match packet {
            Packet::Start { host: to, .. }
            | Packet::Stop { host: to, .. }
            | Packet::Greet { host: to, .. }
            | Packet::Invoke { host: to, .. } => *to != host,
            Packet::ToLeader(Input::Reported { worker, .. }) => *worker != id_of(host),
            _ => true,
        });
        self.lead(Input::WorkerLost { worker: id_of(host) })
    }

    fn check(&self) -> Result<(), must::Violation> {
        let mut written = self.durable.clone();
        self.pending.iter().for_each(|fact| written.apply(fact));
        must::journal_agrees(&written, &self.machine)?;
        must::counts_within(&self.machine, &SETTINGS())?;
        must::provisions_agree(&self.machine)?;
        let ids = [id_of(0), id_of(1)];
        let held = || {
            let all = self.hosts.iter().zip(&ids);
            all.flat_map(|(host, id)| host.held.keys().map(move |environment| (*environment, id)))
        };
        must::one_worker_each(held())?;
        must::no_orphans(&self.durable, held())?;
        let running = self.hosts.iter().flat_map(|host| &host.held);
        let running = running.filter(|(_, (_, _, seat))| *seat == Seat::Running);
        let running: Vec<_> = running.map(|(id, (key, token, _))| (*id, *token, key)).collect();
        let coming = self.packets.iter().filter_map(|packet| match packet {
            Packet::Invoke { epoch, host, environment, key, token, .. }
                if *epoch >= self.hosts[*host].highest
                    && self.hosts[*host].held.contains_key(environment) =>
            {
                Some((*environment, *token, key))
            }
            _ => None,
        });
        let leases: Vec<_> = running.into_iter().chain(coming).collect();
        must::one_lease_each(leases.iter().map(|(environment, token, _)| (*environment, *token)))?;
        must::within_concurrency(leases.iter().map(|(_, _, key)| *key), LIMIT)?;
        let reserved = leases.iter().map(|(_, _, key)| *key).filter(|key| key.function.as_str() == "g");
        must::within_concurrency(reserved, RESERVED)
    }
}

impl Host {
    fn admits(&mut self, epoch: u64) -> bool {
        self.highest = self.highest.max(epoch);
        epoch == self.highest
    }
}

fn host_of(worker: &WorkerId) -> usize {
    usize::from(worker.as_str() == "b")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]
    #[test]
    fn over_any_number_of_reigns_no_environment_is_granted_twice_and_no_old_code_runs_after_an_update(
        steps in proptest::collection::vec((0u8..39, any::<u8>()), 1..300)
    ) {
        let mut cluster = Cluster::new();
        for (what, which) in steps {
            let which = usize::from(which);
            cluster.now += Duration::from_millis(7);
            let done = match what {
                0..=5 => {
                    let input = cluster.acquire(["f", "g"][which % 2], (which / 2 % 3) as u64);
                    cluster.lead(input)
                }
                6 | 7 => {
                    let input = cluster.acquire(["f", "g"][which % 2], (which / 2 % 3) as u64);
                    cluster.lead_as_zombie(input);
                    Ok(())
                }
                8..=21 => cluster.deliver(which, which % 5 == 0),
                22..=24 => {
                    cluster.end_one(which, false);
                    Ok(())
                }
                25 => {
                    cluster.end_one(which, true);
                    Ok(())
                }
                26 | 27 => {
                    cluster.flush(usize::MAX);
                    Ok(())
                }
                28 => cluster.succeed(which % 4),
                29 => cluster.lose(which % 2),
                30 => cluster.lead(Input::Connected { worker: id_of(which % 2) }),
                31 => {
                    cluster.update();
                    Ok(())
                }
                32 => cluster.lead(Input::Unreached { worker: id_of(which % 2) }),
                33 => {
                    let (worker, draining) = (id_of(which % 2), which % 3 == 0);
                    cluster.lead(Input::Draining { worker, draining })
                }
                // By a control that may not have heard of the last change, nor of the last update.
                34..=36 => {
                    let (at, behind) = (cluster.provisions + u64::from(which % 3 > 0), (which / 4 % 2) as u64);
                    cluster.provisions = at;
                    let key = key(["f", "g"][which % 2], cluster.generation.saturating_sub(behind).max(1));
                    let wanted = (at * 7 % 4) as u32;
                    cluster.lead(Input::Provision { key, at, memory_mb: 128, wanted })
                }
                37 => {
                    cluster.now += SECOND;
                    cluster.lead(Input::Tick)
                }
                _ => cluster.lead(Input::Tick),
            };
            prop_assert_eq!(done, Ok(()));
            prop_assert_eq!(cluster.check(), Ok(()));
        }
    }
}

impl Cluster {
    /// The first packet on its way that is such a one arrives.
    fn deliver_first(&mut self, is_it: impl Fn(&Packet) -> bool) {
        let which = self.packets.iter().position(is_it).expect("it is on its way");
        assert_eq!(self.deliver(which, false), Ok(()));
    }

    fn running(&self) -> usize {
        let held = self.hosts.iter().flat_map(|host| host.held.values());
        held.filter(|(_, _, seat)| *seat == Seat::Running).count()
    }
}

#[test]
fn an_update_is_not_answered_while_a_worker_still_takes_a_deposed_leaders_word() {
    let mut cluster = Cluster::new();
    let input = cluster.acquire("f", 0);
    assert_eq!(cluster.lead(input), Ok(()));
    cluster.flush(usize::MAX);
    while cluster.running() == 0 {
        cluster.flush(usize::MAX);
        cluster.deliver_first(|_| true);
    }
    cluster.end_one(0, false);
    cluster.deliver_first(|packet| matches!(packet, Packet::ToLeader(Input::Idle { .. })));
    assert_eq!(cluster.succeed(usize::MAX), Ok(()));
    cluster.update();
    let is_tell = |packet: &Packet| matches!(packet, Packet::Tell { .. });
    cluster.deliver_first(is_tell);
    assert_eq!(cluster.answered_generation, 1, "its worker has not taken the new epoch");
    // For it still takes the old one's: a cache that is behind is served by a leader that is, too.
    let input = cluster.acquire("f", 1);
    cluster.lead_as_zombie(input);
    cluster.deliver_first(|packet| matches!(packet, Packet::Invoke { .. }));
    assert_eq!(cluster.running(), 1, "old code runs, and nobody was told that it does not");
    cluster.end_one(0, false);
    cluster.packets.retain(|packet| !matches!(packet, Packet::ToLeader(Input::Idle { .. })));

    cluster.deliver_first(|packet| matches!(packet, Packet::Greet { .. }));
    cluster.deliver_first(|packet| matches!(packet, Packet::ToLeader(Input::Reported { .. })));
    cluster.deliver_first(is_tell);
    assert_eq!(cluster.answered_generation, 2);
    assert_eq!(cluster.check(), Ok(()));
}
