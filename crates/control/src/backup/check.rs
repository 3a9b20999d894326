//! Everything that an import relies on, before it writes anything: order, digests, formats, bounds.

use super::BackupError;
use super::archive::{ArchiveReader, COUNTER_MAX, Item, Stored, Summary};
use super::tar::refuse;
use crate::model::{Function, Provision, VersionState};
use fabric::control::FunctionConfig;
use rustc_hash::FxHashMap;
use std::io::Read;
use substrate::BlobKey;
use types::limits::{
    EPHEMERAL_STORAGE_MB_MAX, EPHEMERAL_STORAGE_MB_MIN, MEMORY_MB_MAX, MEMORY_MB_MIN, TAGS_MAX,
    TIMEOUT_SECONDS_MAX,
};
use types::{FunctionReference, RequestId};

/// Of any text of a configuration but variables, bytes: the longest that the API takes is a role's.
const TEXT_BYTES_MAX: usize = 2_048;
/// Variables, bytes of names and values: what the API takes, and what counting them in another way adds.
const VARIABLES_BYTES_MAX: usize = 2 * types::limits::ENVIRONMENT_BYTES_MAX;
/// A tag's key and value (AWS: 128 and 256 characters of up to 4 bytes).
const TAG_BYTES_MAX: usize = 2_048;

/// A file that was read to its end and found good.
#[derive(Debug)]
pub struct Checked {
    pub summary: Summary,
    /// Its length.
    pub bytes: u64,
    pub(super) code: FxHashMap<BlobKey, Extent>,
}

/// Where something lies in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) at: u64,
    pub(super) bytes: u64,
}

/// Reads all of it; `progress` is told the position. Blocks its thread.
pub fn check(input: impl Read, mut progress: impl FnMut(u64)) -> Result<Checked, BackupError> {
    let mut reader = ArchiveReader::begin(input)?;
    let mut code: FxHashMap<BlobKey, Extent> = FxHashMap::default();
    loop {
        match reader.next()? {
            Item::Code(key, header) => {
                let zip = reader.code(&header)?;
                let refused = |reason: String| refuse(header.at, format!("{}: {reason}", header.name));
                if BlobKey::of(&zip) != key {
                    return Err(refused("it is damaged: its digest is another".to_owned()));
                }
                // As at an upload.
                images::inspect(&zip).map_err(|error| refused(error.to_string()))?;
                if code.insert(key, Extent { at: header.at, bytes: header.bytes }).is_some() {
                    return Err(refused("it stands there twice".to_owned()));
                }
            }
            Item::Function(stored) => {
                let sound = check_function(&stored, &code);
                sound.map_err(|reason| refuse(reader.at(), format!("{}: {reason}", stored.id.arn())))?;
            }
            Item::End => {
                return Ok(Checked { summary: reader.seen(), bytes: reader.at(), code });
            }
        }
        progress(reader.at());
    }
}

/// What its records say, and that its code is there.
pub(super) fn check_function(stored: &Stored, code: &FxHashMap<BlobKey, Extent>) -> Result<(), String> {
    check_name(stored)?;
    let counters = stored.counters;
    if counters.generation > COUNTER_MAX || counters.version > COUNTER_MAX {
        return Err("its numbers are none that were ever given".to_owned());
    }
    let Some(function) = &stored.function else { return Ok(()) };
    let generations = function.versions().map(|(_, state)| state.generation);
    let mut generations = generations.chain([function.incarnation]);
    if generations.any(|it| it == 0 || it > counters.generation)
        // 0: never reserved since there are reservations.
        || function.reservation.at > counters.generation
        || function.versions().any(|(_, state)| state.provision.at > counters.generation)
        || function.latest.provision != Provision::default()
        || function.published.keys().any(|number| *number == 0 || *number > counters.version)
    {
        return Err("its numbers contradict each other".to_owned());
    }
    check_tags(function)?;
    for (version, state) in function.versions() {
        check_version(state, code).map_err(|reason| format!("version {version}: {reason}"))?;
    }
    Ok(())
}

/// What is taken apart at every request must be what a request can say.
fn check_name(stored: &Stored) -> Result<(), String> {
    let arn = stored.id.arn();
    let region = arn.region.as_str();
    let parsed = FunctionReference::parse(&arn.to_string()).ok();
    let same = parsed.is_some_and(|parsed| {
        parsed.function == arn.function
            && parsed.account.as_ref() == Some(&arn.account)
            && parsed.region.as_ref().is_none_or(|it| it.as_str() == region)
    });
    if same { Ok(()) } else { Err("such a name no function can have".to_owned()) }
}

fn check_tags(function: &Function) -> Result<(), String> {
    let long = |(key, value): (&String, &String)| key.is_empty() || key.len() + value.len() > TAG_BYTES_MAX;
    if function.tags.len() > TAGS_MAX || function.tags.iter().any(long) {
        return Err("more or longer tags than a function can have".to_owned());
    }
    Ok(())
}

fn check_version(state: &VersionState, code: &FxHashMap<BlobKey, Extent>) -> Result<(), String> {
    let key = BlobKey::from_digest(&state.code.digest).ok_or("its code's digest is none")?;
    let there = code.get(&key).ok_or("its code is not in the file, or after it")?;
    if there.bytes != state.code.bytes {
        return Err("its code has another length".to_owned());
    }
    if RequestId::parse(state.revision.as_str()).is_none() {
        return Err("its revision id is none".to_owned());
    }
    if state.source_description.as_ref().is_some_and(|text| text.len() > TEXT_BYTES_MAX) {
        return Err("a text is too long".to_owned());
    }
    check_config(&state.config)
}

fn check_config(config: &FunctionConfig) -> Result<(), String> {
    let numbers = (1..=TIMEOUT_SECONDS_MAX).contains(&config.timeout_seconds)
        && (MEMORY_MB_MIN..=MEMORY_MB_MAX).contains(&config.memory_mb)
        && (EPHEMERAL_STORAGE_MB_MIN..=EPHEMERAL_STORAGE_MB_MAX).contains(&config.ephemeral_storage_mb);
    if !numbers {
        return Err("its timeout, memory or storage is none that a function can have".to_owned());
    }
    let logging = &config.logging;
    let texts = [
        &config.runtime,
        &config.handler,
        &config.role,
        &config.description,
        &config.architecture,
        &config.tracing_mode,
        &logging.format,
        &logging.group,
    ];
    let levels = [&logging.application_level, &logging.system_level];
    if texts.into_iter().chain(levels.into_iter().flatten()).any(|text| text.len() > TEXT_BYTES_MAX) {
        return Err("a text is too long".to_owned());
    }
    let variables = config.environment.iter().flatten();
    if variables.map(|(key, value)| key.len() + value.len()).sum::<usize>() > VARIABLES_BYTES_MAX {
        return Err("too many variables".to_owned());
    }
    Ok(())
}
