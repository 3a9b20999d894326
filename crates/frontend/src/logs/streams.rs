//! Log streams: create, list, delete.

use super::{Call, LogsError, NAMES_PAGE_MAX, digits_56, names, nothing, output, page_size, signed};
use bytes::Bytes;
use fabric::Scope;
use fabric::telemetry::{DescribeStreams, GroupName, Stream, StreamName, TelemetryError};
use lambda_api::logs::errors;
use lambda_api::logs::shapes::{
    CreateLogStreamRequest, DeleteLogStreamRequest, DescribeLogStreamsRequest, DescribeLogStreamsResponse,
    LogStream,
};

pub(super) async fn create(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: CreateLogStreamRequest = call.input(&[])?;
    let name = names::stream(call.scope, input.log_group_name, input.log_stream_name)?;
    call.telemetry.create_stream(name).await.map_err(|error| match error {
        TelemetryError::Exists => LogsError::new(
            &errors::RESOURCE_ALREADY_EXISTS_EXCEPTION,
            "The specified log stream already exists",
        ),
        error => error.into(),
    })?;
    nothing()
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: DeleteLogStreamRequest = call.input(&[])?;
    let name = names::stream(call.scope, input.log_group_name, input.log_stream_name)?;
    call.telemetry.delete_stream(name).await?;
    nothing()
}

pub(super) async fn describe(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: DescribeLogStreamsRequest = call.input(&[])?;
    let name = names::group_by_either(call.scope, input.log_group_name, input.log_group_identifier)?;
    let by_last_event = input.order_by.as_deref() == Some("LastEventTime");
    if by_last_event && input.log_stream_name_prefix.is_some() {
        return Err(LogsError::invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let query = DescribeStreams {
        name: name.clone(),
        prefix: input.log_stream_name_prefix,
        by_last_event,
        descending: input.descending.unwrap_or(false),
        next: input.next_token,
        items_max: page_size(input.limit, NAMES_PAGE_MAX),
    };
    let page = call.telemetry.describe_streams(query).await?;
    let log_streams = page.streams.into_iter().map(|stream| wire(call.scope, &name.group, stream)).collect();
    output(&DescribeLogStreamsResponse { log_streams: Some(log_streams), next_token: page.next })
}

/// Whether the stream is there: it is the first of those that begin with its name.
pub(super) async fn require(call: &Call<'_>, name: &StreamName) -> Result<(), LogsError> {
    let query = DescribeStreams {
        name: GroupName { scope: name.scope.clone(), group: name.group.clone() },
        prefix: Some(name.stream.clone()),
        by_last_event: false,
        descending: false,
        next: None,
        items_max: 1,
    };
    let page = call.telemetry.describe_streams(query).await?;
    match page.streams.iter().any(|stream| stream.name == name.stream) {
        true => Ok(()),
        false => Err(LogsError::no_stream()),
    }
}

fn wire(scope: &Scope, group: &str, stream: Stream) -> LogStream {
    LogStream {
        creation_time: signed(stream.created_ms),
        first_event_timestamp: stream.first_event_ms.and_then(signed),
        last_event_timestamp: stream.last_event_ms.and_then(signed),
        last_ingestion_time: stream.last_ingestion_ms.and_then(signed),
        // Sequence tokens are not looked at any more (PutLogEvents, since 2023) but still there for old clients.
        upload_sequence_token: stream.last_ingestion_ms.map(|ms| digits_56(ms, 0)),
        arn: Some(names::stream_arn(scope, group, &stream.name)),
        // "From June 17, 2019, this parameter is … always reported as zero", for streams only.
        stored_bytes: Some(0),
        log_stream_name: Some(stream.name),
    }
}
