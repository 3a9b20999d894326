//! `PutLogEvents`: what AWS refuses of a batch, and what it takes the rest of.

use super::{Call, LogsError, digits_56, groups, names, output, streams};
use bytes::Bytes;
use fabric::telemetry::{AppendEvents, GroupName, LogEvent};
use lambda_api::logs::shapes::{
    InputLogEvent, PutLogEventsRequest, PutLogEventsResponse, RejectedEntityInfo, RejectedLogEventsInfo,
};
use types::limits;

const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// "None of the log events in the batch can be more than 2 hours in the future."
const FUTURE_MS_MAX: u64 = 2 * HOUR_MS;
/// "None of the log events in the batch can be more than 14 days in the past" (or past the group's retention).
const PAST_MS_MAX: u64 = 14 * DAY_MS;
/// "The maximum batch size is 1,048,576 bytes … the sum of all event messages in UTF-8, plus 26 bytes for each."
const BATCH_BYTES_MAX: usize = 1_048_576;
const EVENT_OVERHEAD_BYTES: usize = 26;

pub(super) async fn put(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: PutLogEventsRequest = call.input(&[])?;
    let stream = names::stream(call.scope, input.log_group_name, input.log_stream_name)?;
    let events = read_events(input.log_events.unwrap_or_default())?;
    let group = GroupName { scope: stream.scope.clone(), group: stream.group.clone() };
    let retention_days = groups::find(call, &group).await?.ok_or_else(LogsError::no_group)?.retention_days;
    streams::require(call, &stream).await?;
    let now_ms = call.now.millis();
    let (events, rejected) = sift(events, now_ms, retention_days);
    if !events.is_empty() {
        call.telemetry.append(AppendEvents { stream, events }).await?;
    }
    output(&PutLogEventsResponse {
        next_sequence_token: Some(digits_56(now_ms, 0)),
        rejected_log_events_info: rejected,
        // Entities belong to a part of CloudWatch that is not here; AWS says so in the same way.
        rejected_entity_info: input
            .entity
            .map(|_| RejectedEntityInfo { error_type: Some("UnsupportedLogGroupType".to_owned()) }),
    })
}

/// Refusals of the batch as a whole.
fn read_events(events: Vec<InputLogEvent>) -> Result<Vec<LogEvent>, LogsError> {
    let events: Vec<LogEvent> = events
        .into_iter()
        .map(|event| LogEvent {
            timestamp_ms: super::millis(event.timestamp).unwrap_or_default(),
            message: event.message.unwrap_or_default(),
        })
        .collect();
    if let Some(event) = events.iter().find(|event| event.message.len() > limits::LOG_EVENT_BYTES_MAX) {
        return Err(LogsError::invalid(format!(
            "Log event too large: {} bytes exceeds limit of {}",
            event.message.len() + EVENT_OVERHEAD_BYTES,
            limits::LOG_EVENT_BYTES_MAX
        )));
    }
    let bytes: usize = events.iter().map(|event| event.message.len() + EVENT_OVERHEAD_BYTES).sum();
    if bytes > BATCH_BYTES_MAX {
        return Err(LogsError::invalid(format!(
            "Upload too large: {bytes} bytes exceeds limit of {BATCH_BYTES_MAX}"
        )));
    }
    if events.windows(2).any(|pair| pair[0].timestamp_ms > pair[1].timestamp_ms) {
        return Err(LogsError::invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    let span = match (events.first(), events.last()) {
        (Some(first), Some(last)) => last.timestamp_ms - first.timestamp_ms,
        _ => 0,
    };
    if span > DAY_MS {
        return Err(LogsError::invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    Ok(events)
}

/// Takes what is neither too old, too new nor expired, and says where the others lie: ends are the index after
/// the last refused one, the start is the first refused one. The events are in order of time.
fn sift(
    mut events: Vec<LogEvent>,
    now_ms: u64,
    retention_days: Option<u32>,
) -> (Vec<LogEvent>, Option<RejectedLogEventsInfo>) {
    let before = |ms: u64| events.partition_point(|event| event.timestamp_ms < ms);
    let too_old = before(now_ms.saturating_sub(PAST_MS_MAX));
    let expired = retention_days.map_or(0, |days| before(now_ms.saturating_sub(u64::from(days) * DAY_MS)));
    let too_new = before(now_ms.saturating_add(FUTURE_MS_MAX + 1));
    let index = |at: usize| i64::try_from(at).ok();
    let info = RejectedLogEventsInfo {
        too_new_log_event_start_index: index(too_new).filter(|_| too_new < events.len()),
        too_old_log_event_end_index: index(too_old).filter(|at| *at > 0),
        expired_log_event_end_index: index(expired).filter(|at| *at > 0),
    };
    events.truncate(too_new);
    events.drain(..too_old.max(expired).min(events.len()));
    let rejected = (info != RejectedLogEventsInfo::default()).then_some(info);
    (events, rejected)
}
