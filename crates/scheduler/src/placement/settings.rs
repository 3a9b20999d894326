//! The planner's knobs, each with its reason.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Between two heartbeats of a worker. A beat is a few hundred bytes: 10,000 workers make 5,000 a second.
    pub heartbeat_every: Duration,
    /// How often a worker says what it has, so that a slot and its environment can not miss each other for long. A hundred
    /// bytes for each environment: a million of them make 5 MB a second.
    pub list_every: Duration,
    /// A worker that said nothing for so long gets nothing new: three beats, one lost packet is no outage.
    pub silent_after: Duration,
    /// For how long a worker is leased to a partition; every heartbeat renews it. Longer than any failover of what
    /// is beneath (JetStream's own was measured at 6 s), so that a failover fences nobody.
    pub lease: Duration,
    /// A leased worker that has been empty for so long goes back to all partitions.
    pub lease_idle: Duration,
    /// Starts that failed one after another until a worker is no longer trusted with new ones.
    pub failed_starts_max: u32,
    /// An unwell worker (pressure, failed starts) that does not recover in this time is drained and replaced.
    pub unwell_max: Duration,
    /// A draining worker is stopped after this even if it is not empty: an invocation lasts at most 900 s.
    pub drain_max: Duration,
    /// No worker gets older: what leaks or rots in a host ends with it. AWS's own live 14 hours at most. The last
    /// quarter is spread by the worker's name, so that a fleet that was started at once does not end at once.
    pub age_max: Duration,
    /// A worker that was asked for and did not join in this time will not.
    pub join_max: Duration,
    /// Virtual processors sold for each real one. Firecracker's paper has 10 in production, tested over 20.
    /// (Memory: a worker's offer has its overcommit in it, since the worker knows how it reclaims.)
    pub cpu_overcommit: u64,
    /// Memory that comes with one whole processor, MB: Lambda's ratio. It makes processor and memory one number.
    pub mb_per_cpu: u64,
    /// What one function should have of a worker at most, percent: its load peaks together with itself.
    pub function_share: u64,
    /// The same for one account, whose functions call each other.
    pub account_share: u64,
    /// How many environments more than in the emptiest zone a function may have in another before a worker is
    /// leased to level it.
    pub zone_skew: u32,
    /// Workers looked at in one place and one step: bounds a placement whatever the fleet's size.
    pub looks_max: usize,
    /// Pieces of code remembered of each worker, the last used: a hint costs memory here, a miss a fetch there.
    pub holds_max: usize,
    /// From asking for a worker until it has room: a machine's boot. Growth in this time is covered by free room.
    pub worker_start: Duration,
    /// From asking for an environment until it serves: arrivals in this time are slots that initialise.
    pub environment_start: Duration,
    /// Free room beyond that, percent of what is used: bursts come without notice.
    pub headroom: u64,
    /// Free room at least, MB, whatever the traffic.
    pub free_min_mb: u64,
    /// The fleet shrinks only when it is so much too large, percent (with the next, the hysteresis) ...
    pub shrink_band: u64,
    /// ... for so long ...
    pub shrink_after: Duration,
    /// ... and by so much at once, percent: an error in the forecast stays small.
    pub shrink_step: u64,
    /// What a worker is taken to hold while none is known, MB.
    pub worker_room_mb: u64,
    pub workers_min: u32,
    pub workers_max: u32,
}

impl Settings {
    /// For the one worker that lives in this process: it joins once, needs no heartbeat, and nothing ends its lease. A
    /// host that slept has lost nothing, since all that could have given it up slept, too.
    pub fn of_one_process() -> Self {
        // Far beyond any uptime and far from the end of what clocks can say.
        let forever = Duration::from_secs(100 * 365 * 86_400);
        Self {
            heartbeat_every: forever,
            list_every: forever,
            silent_after: forever,
            lease: forever,
            lease_idle: forever,
            // No other could take its place.
            failed_starts_max: u32::MAX,
            unwell_max: forever,
            age_max: forever,
            ..Self::default()
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heartbeat_every: Duration::from_secs(2),
            list_every: Duration::from_secs(20),
            silent_after: Duration::from_secs(6),
            lease: Duration::from_secs(20),
            lease_idle: Duration::from_secs(60),
            failed_starts_max: 3,
            unwell_max: Duration::from_secs(60),
            drain_max: Duration::from_secs(900 + 60),
            age_max: Duration::from_secs(14 * 3_600),
            join_max: Duration::from_secs(300),
            cpu_overcommit: 10,
            mb_per_cpu: 1_769,
            function_share: 25,
            account_share: 50,
            zone_skew: 1,
            looks_max: 16,
            holds_max: 1_000,
            worker_start: Duration::from_secs(60),
            environment_start: Duration::from_millis(500),
            headroom: 10,
            free_min_mb: 0,
            shrink_band: 20,
            shrink_after: Duration::from_secs(600),
            shrink_step: 10,
            worker_room_mb: 64 * 1_024,
            workers_min: 0,
            workers_max: 100_000,
        }
    }
}
