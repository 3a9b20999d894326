//! Which of several candidates leads which partitions: a matter of evenness only. Whoever leads, leads rightly, by the
//! election; this says when a candidate leaves a partition that it could claim to another for a moment.

use std::time::Duration;
use substrate::election::LEASE;
use types::PartitionId;

/// For so long it is left: enough for the other to look twice, and what it costs if the other is not there after all.
/// With a lease, a look and an append it stays below the second that a leader's death may cost.
pub(crate) const DEFERENCE: Duration = Duration::from_millis(150);
const _: () = assert!(LEASE.as_millis() + DEFERENCE.as_millis() <= 800);

/// What the candidates of one node know of all partitions together.
pub trait Courtesy: Send + Sync + 'static {
    /// Who leads a partition, as its candidate here saw just now; `None`: nobody.
    fn seen(&self, partition: PartitionId, leader: Option<&str>);
    /// Whether a partition that nobody leads any more is for another to claim first. `last` led it, and does so no more.
    fn defers(&self, partition: PartitionId, last: Option<&str>) -> bool;
}
