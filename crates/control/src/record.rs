//! What is written, and how what was written before is read.
//!
//! The constitution of these records: JSON objects, so that a user who opens the file can read them; `format` comes
//! first and says how to read the rest; the types here are written by nothing else and are converted by hand, so that
//! a change of `fabric` never changes what is on a disk; a member is never given another meaning. A new format gets a
//! new number and a conversion from the one before; a number from the future is refused, never guessed at. Sizes are
//! bounded by the store (`substrate::kv::VALUE_BYTES_MAX`). `tests` reads the oldest records.

use crate::model::{Code, Counters, Optimisation, Provision, Reservation, VersionState};
use fabric::control::{FunctionConfig, LoggingConfig, SnapStart};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use types::{CodeDigest, RevisionId};

/// What this program writes. Format 1 lacked `snap_start` and `optimisation`, which a record of it has by their defaults:
/// no SnapStart. Formats 1 and 2 lacked `reserved` and `reserved_at`: nothing, and never. Formats 1 to 3 lacked `provision`,
/// which is not there where nothing was ever provisioned.
const FORMAT: u32 = 4;
const FORMAT_OLDEST: u32 = 1;

/// A record can not be read.
#[derive(Debug, thiserror::Error)]
#[error("the record can not be read: {reason}")]
pub(crate) struct RecordError {
    reason: String,
}

/// A function's head: counters, and while it lives its tags and `$LATEST`. One record, so that they change together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) counters: Counters,
    pub(crate) live: Option<LiveHead>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LiveHead {
    pub(crate) incarnation: u64,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) reservation: Reservation,
    pub(crate) latest: VersionState,
}

#[derive(Deserialize)]
struct OnlyFormat {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadV4 {
    format: u32,
    generation: u64,
    last_version: u64,
    live: Option<LiveV4>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LiveV4 {
    incarnation: u64,
    tags: BTreeMap<String, String>,
    #[serde(default)]
    reserved: Option<u32>,
    #[serde(default)]
    reserved_at: u64,
    latest: VersionV4,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionRecordV4 {
    format: u32,
    version: VersionV4,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionV4 {
    generation: u64,
    code_sha256: String,
    code_bytes: u64,
    last_modified_ms: u64,
    revision: String,
    source_description: Option<String>,
    #[serde(default)]
    optimisation: OptimisationV4,
    config: ConfigV4,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provision: Option<ProvisionV4>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProvisionV4 {
    at: u64,
    wanted: u32,
    modified_ms: u64,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OptimisationV4 {
    #[default]
    Off,
    Pending,
    On,
    Failed,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigV4 {
    runtime: String,
    handler: String,
    role: String,
    description: String,
    timeout_seconds: u32,
    memory_mb: u32,
    ephemeral_storage_mb: u32,
    architecture: String,
    environment: Option<BTreeMap<String, String>>,
    log_format: String,
    log_group: String,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
    tracing_mode: String,
    /// Of published versions.
    #[serde(default)]
    snap_start: bool,
}

/// The bytes to store.
pub(crate) fn write_head(head: &Head) -> Result<Vec<u8>, RecordError> {
    let live = head.live.as_ref().map(|live| LiveV4 {
        incarnation: live.incarnation,
        tags: live.tags.clone(),
        reserved: live.reservation.reserved,
        reserved_at: live.reservation.at,
        latest: version_to_v4(&live.latest),
    });
    let Counters { generation, version } = head.counters;
    write(&HeadV4 { format: FORMAT, generation, last_version: version, live })
}

/// A head of any format there ever was.
pub(crate) fn read_head(bytes: &[u8]) -> Result<Head, RecordError> {
    check_format(bytes)?;
    let head: HeadV4 = read(bytes)?;
    let live = head.live.map(|live| LiveHead {
        incarnation: live.incarnation,
        tags: live.tags,
        reservation: Reservation { at: live.reserved_at, reserved: live.reserved },
        latest: version_from_v4(live.latest),
    });
    Ok(Head { counters: Counters { generation: head.generation, version: head.last_version }, live })
}

/// The bytes to store.
pub(crate) fn write_version(state: &VersionState) -> Result<Vec<u8>, RecordError> {
    write(&VersionRecordV4 { format: FORMAT, version: version_to_v4(state) })
}

/// A published version of any format there ever was.
pub(crate) fn read_version(bytes: &[u8]) -> Result<VersionState, RecordError> {
    check_format(bytes)?;
    read::<VersionRecordV4>(bytes).map(|record| version_from_v4(record.version))
}

fn check_format(bytes: &[u8]) -> Result<(), RecordError> {
    let OnlyFormat { format } = read(bytes)?;
    if !(FORMAT_OLDEST..=FORMAT).contains(&format) {
        return Err(RecordError {
            reason: format!("format {format} is not of this program, which reads up to {FORMAT}"),
        });
    }
    Ok(())
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, RecordError> {
    serde_json::from_slice(bytes).map_err(|error| RecordError { reason: error.to_string() })
}

fn write(record: &impl Serialize) -> Result<Vec<u8>, RecordError> {
    serde_json::to_vec(record).map_err(|error| RecordError { reason: error.to_string() })
}

fn version_to_v4(state: &VersionState) -> VersionV4 {
    let config = state.config.clone();
    VersionV4 {
        generation: state.generation,
        code_sha256: state.code.digest.as_str().to_owned(),
        code_bytes: state.code.bytes,
        last_modified_ms: state.last_modified_ms,
        revision: state.revision.as_str().to_owned(),
        source_description: state.source_description.clone(),
        optimisation: match state.optimisation {
            Optimisation::Off => OptimisationV4::Off,
            Optimisation::Pending => OptimisationV4::Pending,
            Optimisation::On => OptimisationV4::On,
            Optimisation::Failed => OptimisationV4::Failed,
        },
        config: ConfigV4 {
            runtime: config.runtime,
            handler: config.handler,
            role: config.role,
            description: config.description,
            timeout_seconds: config.timeout_seconds,
            memory_mb: config.memory_mb,
            ephemeral_storage_mb: config.ephemeral_storage_mb,
            architecture: config.architecture,
            environment: config.environment,
            log_format: config.logging.format,
            log_group: config.logging.group,
            application_log_level: config.logging.application_level,
            system_log_level: config.logging.system_level,
            tracing_mode: config.tracing_mode,
            snap_start: config.snap_start == SnapStart::PublishedVersions,
        },
        provision: provision_to_v4(state.provision),
    }
}

fn provision_to_v4(provision: Provision) -> Option<ProvisionV4> {
    let Provision { at, wanted, modified_ms } = provision;
    (at > 0).then_some(ProvisionV4 { at, wanted, modified_ms })
}

fn version_from_v4(version: VersionV4) -> VersionState {
    let config = version.config;
    VersionState {
        generation: version.generation,
        code: Code { digest: CodeDigest::new(version.code_sha256), bytes: version.code_bytes },
        last_modified_ms: version.last_modified_ms,
        revision: RevisionId::new(version.revision),
        source_description: version.source_description,
        provision: version.provision.map_or_else(Provision::default, |provision| {
            let ProvisionV4 { at, wanted, modified_ms } = provision;
            Provision { at, wanted, modified_ms }
        }),
        optimisation: match version.optimisation {
            OptimisationV4::Off => Optimisation::Off,
            OptimisationV4::Pending => Optimisation::Pending,
            OptimisationV4::On => Optimisation::On,
            OptimisationV4::Failed => Optimisation::Failed,
        },
        config: FunctionConfig {
            runtime: config.runtime,
            handler: config.handler,
            role: config.role,
            description: config.description,
            timeout_seconds: config.timeout_seconds,
            memory_mb: config.memory_mb,
            ephemeral_storage_mb: config.ephemeral_storage_mb,
            architecture: config.architecture,
            environment: config.environment,
            logging: LoggingConfig {
                format: config.log_format,
                group: config.log_group,
                application_level: config.application_log_level,
                system_level: config.system_log_level,
            },
            tracing_mode: config.tracing_mode,
            snap_start: match config.snap_start {
                true => SnapStart::PublishedVersions,
                false => SnapStart::None,
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As format 1 was first written. Never edited: what stands here is on people's disks.
    const OLDEST_HEAD: &str = r#"{"format":1,"generation":7,"last_version":2,"live":{"incarnation":5,
        "tags":{"team":"a"},"latest":{"generation":7,"code_sha256":"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
        "code_bytes":287,"last_modified_ms":1760000000000,"revision":"abababab-abab-4bab-abab-abababababab",
        "source_description":null,"config":{"runtime":"python3.13","handler":"app.handler",
        "role":"arn:aws:iam::000000000000:role/r","description":"d","timeout_seconds":3,"memory_mb":128,
        "ephemeral_storage_mb":512,"architecture":"x86_64","environment":{"K":"V"},"log_format":"JSON",
        "log_group":"/aws/lambda/f","application_log_level":"INFO","system_log_level":null,
        "tracing_mode":"PassThrough"}}}}"#;
    const OLDEST_TOMBSTONE: &str = r#"{"format":1,"generation":9,"last_version":2,"live":null}"#;

    #[test]
    fn the_oldest_records_are_read_and_written_in_the_newest_format() {
        let head = read_head(OLDEST_HEAD.as_bytes()).expect("readable");
        let live = head.live.clone().expect("live");
        assert_eq!(head.counters, Counters { generation: 7, version: 2 });
        assert_eq!((live.incarnation, live.latest.code.bytes), (5, 287));
        assert_eq!(live.latest.config.logging.application_level.as_deref(), Some("INFO"));
        let again: serde_json::Value =
            serde_json::from_slice(&write_head(&head).expect("writable")).expect("JSON");
        let mut newest: serde_json::Value = serde_json::from_str(OLDEST_HEAD).expect("JSON");
        newest["format"] = 4.into();
        newest["live"]["reserved"] = serde_json::Value::Null;
        newest["live"]["reserved_at"] = 0.into();
        newest["live"]["latest"]["optimisation"] = "off".into();
        newest["live"]["latest"]["config"]["snap_start"] = false.into();
        assert_eq!(again, newest, "nothing else is different");
        assert_eq!(read_head(newest.to_string().as_bytes()).expect("readable"), head);

        let reservation = Reservation { at: 8, reserved: Some(0) };
        let live = LiveHead { reservation, ..live };
        let reserved = Head { live: Some(live.clone()), ..head };
        let written = write_head(&reserved).expect("writable");
        assert_eq!(read_head(&written).expect("readable"), reserved);

        let tombstone = read_head(OLDEST_TOMBSTONE.as_bytes()).expect("readable");
        assert_eq!(tombstone, Head { counters: Counters { generation: 9, version: 2 }, live: None });
        let written = String::from_utf8(write_head(&tombstone).expect("writable")).expect("text");
        assert_eq!(written, OLDEST_TOMBSTONE.replace("\"format\":1", "\"format\":4"));

        for optimisation in [Optimisation::Off, Optimisation::Pending, Optimisation::On, Optimisation::Failed]
        {
            let provision = Provision { at: 7, wanted: 3, modified_ms: 8 };
            let mut version = VersionState { optimisation, provision, ..live.latest.clone() };
            version.config.snap_start = SnapStart::PublishedVersions;
            let written = write_version(&version).expect("writable");
            assert_eq!(read_version(&written).expect("readable"), version);
        }
    }

    #[test]
    fn a_record_from_the_future_or_a_damaged_one_is_refused() {
        for bytes in [
            r#"{"format":5}"#,
            r#"{"format":0}"#,
            "{}",
            "",
            r#"{"format":1,"generation":9}"#,
            r#"{"format":"1"}"#,
        ] {
            assert!(read_head(bytes.as_bytes()).is_err(), "{bytes}");
        }
    }
}
