//! The journal's records as they are stored: one JSON object each, so that a person can read a log.
//!
//! An append is a header and facts. The header says who appended: two leaders' appends of the same facts differ by it,
//! so that a leader whose answer was lost on the way can tell whether it was its own append that arrived.
//!
//! Constitution: `format` is 1; a reader refuses any other. A field that is added has a default; one that is removed or
//! changes its meaning raises `format`. The log bounds an append at 512 KiB, and so what is read.

use bytes::Bytes;
use scheduler::assignment::Fact;
use serde::{Deserialize, Serialize};
use types::{EnvironmentId, Epoch, VersionKey, WorkerId};

/// Facts of one append: at their largest, far below the log's bound.
pub(crate) const BATCH_FACTS_MAX: usize = 1_000;
const FORMAT: u32 = 1;

/// Who appended, and the how manieth of its appends it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    format: u32,
    pub(crate) epoch: Epoch,
    pub(crate) writer: u64,
    pub(crate) number: u64,
}

impl Header {
    pub(crate) fn new(epoch: Epoch, writer: u64, number: u64) -> Self {
        Self { format: FORMAT, epoch, writer, number }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Stored {
    EpochBegun {
        epoch: Epoch,
    },
    WorkerLeased {
        worker: WorkerId,
    },
    WorkerLost {
        worker: WorkerId,
    },
    Created {
        environment: String,
        key: VersionKey,
        memory_mb: u32,
        worker: WorkerId,
        #[serde(default)]
        provisioned: bool,
    },
    Ready {
        environment: String,
    },
    Gone {
        environment: String,
    },
    Quarantined {
        environment: String,
    },
    CheckpointBegun {
        epoch: Epoch,
    },
    CheckpointEnded,
}

fn hex(id: EnvironmentId) -> String {
    format!("{:032x}", u128::from_be_bytes(id.0))
}

fn id(hex: &str) -> Result<EnvironmentId, String> {
    let number = u128::from_str_radix(hex, 16).map_err(|_| format!("{hex:?} is no environment"))?;
    Ok(EnvironmentId(number.to_be_bytes()))
}

impl From<&Fact> for Stored {
    fn from(fact: &Fact) -> Self {
        match fact.clone() {
            Fact::EpochBegun { epoch } => Self::EpochBegun { epoch },
            Fact::WorkerLeased { worker } => Self::WorkerLeased { worker },
            Fact::WorkerLost { worker } => Self::WorkerLost { worker },
            Fact::Created { environment, key, memory_mb, worker, provisioned } => {
                Self::Created { environment: hex(environment), key, memory_mb, worker, provisioned }
            }
            Fact::Ready { environment } => Self::Ready { environment: hex(environment) },
            Fact::Gone { environment } => Self::Gone { environment: hex(environment) },
            Fact::Quarantined { environment } => Self::Quarantined { environment: hex(environment) },
            Fact::CheckpointBegun { epoch } => Self::CheckpointBegun { epoch },
            Fact::CheckpointEnded => Self::CheckpointEnded,
        }
    }
}

impl Stored {
    fn fact(self) -> Result<Fact, String> {
        Ok(match self {
            Self::EpochBegun { epoch } => Fact::EpochBegun { epoch },
            Self::WorkerLeased { worker } => Fact::WorkerLeased { worker },
            Self::WorkerLost { worker } => Fact::WorkerLost { worker },
            Self::Created { environment, key, memory_mb, worker, provisioned } => {
                Fact::Created { environment: id(&environment)?, key, memory_mb, worker, provisioned }
            }
            Self::Ready { environment } => Fact::Ready { environment: id(&environment)? },
            Self::Gone { environment } => Fact::Gone { environment: id(&environment)? },
            Self::Quarantined { environment } => Fact::Quarantined { environment: id(&environment)? },
            Self::CheckpointBegun { epoch } => Fact::CheckpointBegun { epoch },
            Self::CheckpointEnded => Fact::CheckpointEnded,
        })
    }
}

/// The records of one append.
pub(crate) fn encode(header: Header, facts: &[Fact]) -> Result<Vec<Bytes>, String> {
    let bytes = |encoded: serde_json::Result<Vec<u8>>| encoded.map(Bytes::from).map_err(|e| e.to_string());
    let mut records = vec![bytes(serde_json::to_vec(&header))?];
    for fact in facts {
        records.push(bytes(serde_json::to_vec(&Stored::from(fact)))?);
    }
    Ok(records)
}

/// The facts of one append, read back.
pub(crate) fn decode(records: &[Bytes]) -> Result<(Header, Vec<Fact>), String> {
    let (header, facts) = records.split_first().ok_or("an append without a header")?;
    let header: Header = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    if header.format != FORMAT {
        return Err(format!("format {} is not known here, but {FORMAT}", header.format));
    }
    let fact = |record: &Bytes| {
        let stored: Stored = serde_json::from_slice(record).map_err(|error| error.to_string())?;
        stored.fact()
    };
    Ok((header, facts.iter().map(fact).collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{AccountId, FunctionName, Region, Version};

    fn all() -> Vec<Fact> {
        let (environment, worker) = (EnvironmentId([0xab; 16]), WorkerId::new("a"));
        let key = VersionKey {
            account: AccountId::new("000000000000"),
            region: Region::new("eu-west-1"),
            function: FunctionName::new("hello"),
            version: Version::Published(3),
            generation: 7,
        };
        vec![
            Fact::EpochBegun { epoch: Epoch(2) },
            Fact::WorkerLeased { worker: worker.clone() },
            Fact::Created { environment, key, memory_mb: 128, worker: worker.clone(), provisioned: false },
            Fact::Ready { environment },
            Fact::Quarantined { environment },
            Fact::Gone { environment },
            Fact::WorkerLost { worker },
            Fact::CheckpointBegun { epoch: Epoch(2) },
            Fact::CheckpointEnded,
        ]
    }

    #[test]
    fn every_fact_survives_being_stored() {
        let header = Header::new(Epoch(2), 9, 1);
        let mut facts = all();
        if let Fact::Created { provisioned, .. } = &mut facts[2] {
            *provisioned = true;
        }
        facts.extend(all());
        let records = encode(header, &facts).expect("encodes");
        assert_eq!(decode(&records), Ok((header, facts)));
    }

    #[test]
    fn the_first_format_is_read_as_long_as_there_is_this_test() {
        let text = [
            r#"{"format":1,"epoch":2,"writer":9,"number":1}"#,
            r#"{"epoch_begun":{"epoch":2}}"#,
            r#"{"worker_leased":{"worker":"a"}}"#,
            r#"{"created":{"environment":"abababababababababababababababab","key":{"account":"000000000000","region":"eu-west-1","function":"hello","version":{"Published":3},"generation":7},"memory_mb":128,"worker":"a"}}"#,
            r#"{"ready":{"environment":"abababababababababababababababab"}}"#,
            r#"{"quarantined":{"environment":"abababababababababababababababab"}}"#,
            r#"{"gone":{"environment":"abababababababababababababababab"}}"#,
            r#"{"worker_lost":{"worker":"a"}}"#,
            r#"{"checkpoint_begun":{"epoch":2}}"#,
            r#""checkpoint_ended""#,
        ];
        let records = text.map(|text| Bytes::from_static(text.as_bytes()));
        assert_eq!(decode(&records).expect("reads").1, all());
        let newer = Bytes::from_static(br#"{"format":2,"epoch":2,"writer":9,"number":1}"#);
        assert!(decode(&[newer]).is_err() && decode(&[]).is_err());
    }
}
