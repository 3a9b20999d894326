//! Reading events: a stream's pages, and searches over a group (`aws logs tail` is a search in a loop).

use super::{Call, EVENTS_PAGE_MAX, LogsError, digits_56, millis, names, output, page_size, signed};
use bytes::Bytes;
use fabric::telemetry::{FilterEvents, GetEvents, StoredEvent, StreamName};
use lambda_api::logs::shapes::{
    FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent, GetLogEventsRequest,
    GetLogEventsResponse, OutputLogEvent,
};

pub(super) async fn get(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: GetLogEventsRequest = call.input(&[])?;
    let group = names::group_by_either(call.scope, input.log_group_name, input.log_group_identifier)?;
    let stream = StreamName {
        scope: group.scope,
        group: group.group,
        stream: input.log_stream_name.unwrap_or_default(),
    };
    let query = GetEvents {
        stream,
        start_ms: millis(input.start_time),
        end_ms: millis(input.end_time),
        from_head: input.start_from_head.unwrap_or(false),
        next: input.next_token,
        items_max: page_size(input.limit, EVENTS_PAGE_MAX),
    };
    let page = call.telemetry.get_events(query).await?;
    let wire = |event: StoredEvent| OutputLogEvent {
        timestamp: signed(event.timestamp_ms),
        message: Some(event.message),
        ingestion_time: signed(event.ingestion_ms),
    };
    output(&GetLogEventsResponse {
        events: Some(page.events.into_iter().map(wire).collect()),
        next_forward_token: Some(page.forward),
        next_backward_token: Some(page.backward),
    })
}

/// `interleaved` and `unmask` change nothing: results are always interleaved (since 2019), and nothing is masked.
pub(super) async fn filter(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: FilterLogEventsRequest = call.input(&[])?;
    if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
        return Err(LogsError::invalid(
            "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.",
        ));
    }
    if input.start_from_head == Some(false) {
        return Err(LogsError::without_behaviour("startFromHead false"));
    }
    let name = names::group_by_either(call.scope, input.log_group_name, input.log_group_identifier)?;
    let query = FilterEvents {
        name,
        streams: input.log_stream_names.unwrap_or_default(),
        stream_prefix: input.log_stream_name_prefix,
        start_ms: millis(input.start_time),
        end_ms: millis(input.end_time),
        pattern: input.filter_pattern,
        next: input.next_token,
        items_max: page_size(input.limit, EVENTS_PAGE_MAX),
    };
    let page = call.telemetry.filter_events(query).await?;
    let wire = |event: StoredEvent| FilteredLogEvent {
        event_id: Some(digits_56(event.timestamp_ms, event.id)),
        log_stream_name: Some(event.stream),
        timestamp: signed(event.timestamp_ms),
        message: Some(event.message),
        ingestion_time: signed(event.ingestion_ms),
    };
    output(&FilterLogEventsResponse {
        events: Some(page.events.into_iter().map(wire).collect()),
        // "As of May 15, 2020, this parameter … returns an empty array."
        searched_log_streams: Some(Vec::new()),
        next_token: page.next,
    })
}
