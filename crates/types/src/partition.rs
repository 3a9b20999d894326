//! Which partition an account is in.

use crate::ids::{AccountId, PartitionId};
use crate::limits::PARTITIONS_MAX;

/// How many partitions a platform has: said once, by its first node, and the same ever after, since what a partition's
/// leader knows of an account no other has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionCount(u32);

impl PartitionCount {
    /// Of a platform whose operator says nothing, and of one process.
    pub const ONE: Self = Self(1);

    /// `None` unless it is 1 to [`PARTITIONS_MAX`].
    pub fn new(count: u32) -> Option<Self> {
        (1..=PARTITIONS_MAX).contains(&count).then_some(Self(count))
    }

    pub fn get(self) -> u32 {
        self.0
    }

    /// Every partition, in order.
    pub fn all(self) -> impl Iterator<Item = PartitionId> {
        (0..u64::from(self.0)).map(PartitionId)
    }

    /// The partition of an account: FNV-1a of its bytes (64 bits), stirred as SplitMix64 does, modulo the count. Every
    /// node of every version must find the same, so this is never changed.
    pub fn of(self, account: &AccountId) -> PartitionId {
        // FNV-1a alone has in its lowest bit no more than the parity of all bytes' lowest bits.
        PartitionId(stirred(fnv_1a(account.as_str().as_bytes())) % u64::from(self.0))
    }
}

fn fnv_1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

fn stirred(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(count: u32) -> PartitionCount {
        PartitionCount::new(count).unwrap()
    }

    #[test]
    fn there_is_one_partition_at_least_and_a_thousand_and_some_at_most() {
        assert_eq!(PartitionCount::new(0), None);
        assert_eq!(PartitionCount::new(PARTITIONS_MAX + 1), None);
        assert_eq!(PartitionCount::new(PARTITIONS_MAX).map(PartitionCount::get), Some(PARTITIONS_MAX));
        assert_eq!(count(3).all().collect::<Vec<_>>(), [PartitionId(0), PartitionId(1), PartitionId(2)]);
    }

    /// As long as there is this test no version sends an account elsewhere than the one before.
    #[test]
    fn an_account_is_where_it_always_was() {
        let accounts = ["000000000000", "111111111111", "123456789012", "222222222222", "999999999999"];
        let found = |partitions| accounts.map(|account| count(partitions).of(&AccountId::new(account)).0);
        assert_eq!(found(1), [0; 5]);
        assert_eq!(found(2), [0, 0, 0, 1, 1]);
        assert_eq!(found(1_024), [258, 396, 964, 185, 925]);
    }

    #[test]
    fn accounts_are_spread_evenly_also_when_they_are_numbered_one_after_another() {
        for (partitions, step) in [(2, 1), (7, 2), (16, 16), (64, 1_000_000)] {
            let mut accounts_in = vec![0_u32; partitions as usize];
            for number in 0..u64::from(partitions) * 1_000 {
                let account = AccountId::new(format!("{:012}", 100_000_000_000 + number * step));
                accounts_in[usize::try_from(count(partitions).of(&account).0).unwrap()] += 1;
            }
            let (least, most) = (accounts_in.iter().min().unwrap(), accounts_in.iter().max().unwrap());
            assert!(
                *least > 850 && *most < 1_150,
                "{partitions} partitions: {least} to {most} of 1,000 each"
            );
        }
    }
}
