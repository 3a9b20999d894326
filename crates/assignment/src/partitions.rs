//! All partitions as one [`Assignment`]: each message goes to the partition of its account, or to that which it names.
//!
//! The same on both sides. A caller has a way to each partition's leader, wherever that is; a node of the role has a
//! service for each partition, of which it leads some: those answer, the others say `NotLeader`. That a message is of its
//! account's partition is so for whoever receives it, whatever its sender thought.

use async_trait::async_trait;
use fabric::Lease;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentReport, EnvironmentState, Provision,
    Provisioned, Reserve, Retire,
};
use std::sync::Arc;
use types::{AccountId, PartitionCount, PartitionId};

/// One of each partition.
pub struct Partitions<T> {
    count: PartitionCount,
    each: Vec<Arc<T>>,
}

impl<T> Partitions<T> {
    /// `each` are as many as `count`, in the order of their numbers; `None` if they are not.
    pub fn new(count: PartitionCount, each: Vec<Arc<T>>) -> Option<Self> {
        (each.len() == count.get() as usize).then_some(Self { count, each })
    }

    /// All of them, in the order of their numbers.
    pub fn each(&self) -> impl Iterator<Item = (PartitionId, &Arc<T>)> {
        self.count.all().zip(&self.each)
    }

    fn of(&self, account: &AccountId) -> Result<&Arc<T>, AcquireError> {
        self.named(self.count.of(account))
    }

    fn named(&self, partition: PartitionId) -> Result<&Arc<T>, AcquireError> {
        let found = usize::try_from(partition.0).ok().and_then(|partition| self.each.get(partition));
        found.ok_or_else(|| AcquireError::Unavailable {
            reason: format!("there is no partition {partition}, but {}", self.count.get()),
        })
    }
}

#[async_trait]
impl<T: Assignment> Assignment for Partitions<T> {
    async fn acquire(&self, message: Acquire) -> Result<Lease, AcquireError> {
        self.of(&message.key.account)?.acquire(message).await
    }

    async fn report(&self, message: EnvironmentReport) -> Result<(), AcquireError> {
        self.named(message.partition)?.report(message).await
    }

    async fn retire(&self, message: Retire) -> Result<(), AcquireError> {
        self.of(&message.scope.account)?.retire(message).await
    }

    async fn reserve(&self, message: Reserve) -> Result<(), AcquireError> {
        self.of(&message.scope.account)?.reserve(message).await
    }

    async fn provision(&self, message: Provision) -> Result<Provisioned, AcquireError> {
        self.of(&message.key.account)?.provision(message).await
    }

    async fn census(&self, message: CensusQuery) -> Result<Vec<EnvironmentState>, AcquireError> {
        self.named(message.partition)?.census(message).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabric::Scope;
    use fabric::assignment::EnvironmentEvent;
    use std::sync::Mutex;
    use std::time::Duration;
    use types::{
        ConcurrencyShare, EnvironmentId, FunctionName, LeaseToken, Region, Version, VersionKey, WorkerId,
    };

    /// Says what it was asked.
    #[derive(Default)]
    struct Asked(Mutex<Vec<&'static str>>);

    impl Asked {
        fn note<T>(&self, what: &'static str) -> Result<T, AcquireError> {
            self.0.lock().unwrap().push(what);
            Err(AcquireError::NotLeader)
        }
    }

    #[async_trait]
    impl Assignment for Asked {
        async fn acquire(&self, _: Acquire) -> Result<Lease, AcquireError> {
            self.note("acquire")
        }
        async fn report(&self, _: EnvironmentReport) -> Result<(), AcquireError> {
            self.note("report")
        }
        async fn retire(&self, _: Retire) -> Result<(), AcquireError> {
            self.note("retire")
        }
        async fn reserve(&self, _: Reserve) -> Result<(), AcquireError> {
            self.note("reserve")
        }
        async fn provision(&self, _: Provision) -> Result<Provisioned, AcquireError> {
            self.note("provision")
        }
        async fn census(&self, _: CensusQuery) -> Result<Vec<EnvironmentState>, AcquireError> {
            self.note("census")
        }
    }

    fn partitions(count: u32) -> Partitions<Asked> {
        let count = PartitionCount::new(count).unwrap();
        Partitions::new(count, count.all().map(|_| Arc::default()).collect()).unwrap()
    }

    fn asked(partitions: &Partitions<Asked>) -> Vec<Vec<&'static str>> {
        partitions.each().map(|(_, one)| std::mem::take(&mut *one.0.lock().unwrap())).collect()
    }

    #[tokio::test]
    async fn all_that_concerns_an_account_goes_to_its_partition_and_to_no_other() {
        let partitions = partitions(2);
        // The second account is in the second of two partitions (types::partition).
        for (account, home) in [("111111111111", 0), ("222222222222", 1)] {
            let (account, region) = (AccountId::new(account), Region::new("eu-west-1"));
            let function = FunctionName::new("hello");
            let scope = Scope { account: account.clone(), region: region.clone() };
            let key = VersionKey {
                account,
                region,
                function: function.clone(),
                version: Version::Latest,
                generation: 1,
            };
            let share = ConcurrencyShare::unreserved(1);
            let _ =
                partitions.acquire(Acquire { key, memory_mb: 128, share, wait_max: Duration::ZERO }).await;
            let (version, generation_min) = (None, 1);
            let retire = Retire { scope: scope.clone(), function: function.clone(), version, generation_min };
            let _ = partitions.retire(retire).await;
            let _ = partitions.reserve(Reserve { scope, function, at: 1, reserved: None }).await;
            let mut expected = vec![Vec::new(), Vec::new()];
            expected[home] = vec!["acquire", "retire", "reserve"];
            assert_eq!(asked(&partitions), expected);
        }
    }

    #[tokio::test]
    async fn a_report_and_a_census_go_where_they_say_and_nowhere_if_that_is_not_there() {
        let partitions = partitions(3);
        let report = |partition| EnvironmentReport {
            partition,
            worker: WorkerId::new("w"),
            environment: EnvironmentId([1; 16]),
            token: LeaseToken(1),
            event: EnvironmentEvent::Idle,
        };
        let there = PartitionId(2);
        assert_eq!(
            partitions.report(report(there)).await,
            Err(AcquireError::NotLeader),
            "as that one answers"
        );
        let _ = partitions.census(CensusQuery { partition: there }).await;
        assert_eq!(asked(&partitions), [vec![], vec![], vec!["report", "census"]]);
        for nowhere in [3, u64::MAX].map(PartitionId) {
            assert!(matches!(
                partitions.report(report(nowhere)).await,
                Err(AcquireError::Unavailable { .. })
            ));
            let census = partitions.census(CensusQuery { partition: nowhere }).await;
            assert!(matches!(census, Err(AcquireError::Unavailable { .. })));
        }
        assert!(asked(&partitions).concat().is_empty());
    }

    #[test]
    fn there_is_one_for_each_partition_and_no_more() {
        let count = PartitionCount::new(2).unwrap();
        assert!(Partitions::<Asked>::new(count, vec![Arc::default()]).is_none());
    }
}
