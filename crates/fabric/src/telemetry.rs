//! `Telemetry`: log lines and waterfalls. Workers append, frontends query.

use crate::invocation::Span;
use crate::{Scope, service::service};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use types::RequestId;

service! {
    /// Bounded on disk; a full store drops the oldest and says so in its own log, and never blocks a function.
    pub trait Telemetry(TelemetryRequest, TelemetryResponse, TelemetryError) {
        /// Adds events to a stream; makes group and stream where they are not there.
        append(Append(AppendEvents)) -> ();
        create_group(CreateGroup(CreateGroup)) -> ();
        delete_group(DeleteGroup(GroupName)) -> ();
        create_stream(CreateStream(StreamName)) -> ();
        delete_stream(DeleteStream(StreamName)) -> ();
        /// `days: None` removes the policy.
        put_retention(PutRetention(PutRetention)) -> ();
        describe_groups(DescribeGroups(DescribeGroups)) -> GroupPage;
        describe_streams(DescribeStreams(DescribeStreams)) -> StreamPage;
        get_events(GetEvents(GetEvents)) -> EventPage;
        filter_events(FilterEvents(FilterEvents)) -> FilteredPage;
        group_tags(GroupTags(GroupName)) -> BTreeMap<String, String>;
        tag_group(TagGroup(TagGroup)) -> ();
        put_trace(PutTrace(Trace)) -> ();
        get_trace(GetTrace(TraceQuery)) -> Option<Trace>;
        /// What this node has and has not put yet where every frontend reads. A frontend asks it of every worker.
        fresh(Fresh(FreshQuery)) -> FreshLines;
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupName {
    pub scope: Scope,
    pub group: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamName {
    pub scope: Scope,
    pub group: String,
    pub stream: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendEvents {
    pub stream: StreamName,
    pub events: Vec<LogEvent>,
}

/// One event; the message keeps its newline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEvent {
    /// Milliseconds since 1970.
    pub timestamp_ms: u64,
    pub message: String,
}

/// An event as read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Unique and rising in the order of arrival.
    pub id: u64,
    pub stream: String,
    pub timestamp_ms: u64,
    pub ingestion_ms: u64,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateGroup {
    pub name: GroupName,
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutRetention {
    pub name: GroupName,
    pub days: Option<u32>,
}

/// Adds `set`, removes `remove`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagGroup {
    pub name: GroupName,
    pub set: BTreeMap<String, String>,
    pub remove: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeGroups {
    pub scope: Scope,
    pub prefix: Option<String>,
    /// `logGroupNamePattern`: a substring.
    pub pattern: Option<String>,
    pub next: Option<String>,
    pub items_max: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    pub created_ms: u64,
    pub retention_days: Option<u32>,
    pub stored_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPage {
    pub groups: Vec<Group>,
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeStreams {
    pub name: GroupName,
    pub prefix: Option<String>,
    /// Else by name.
    pub by_last_event: bool,
    pub descending: bool,
    pub next: Option<String>,
    pub items_max: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    pub name: String,
    pub created_ms: u64,
    pub first_event_ms: Option<u64>,
    pub last_event_ms: Option<u64>,
    pub last_ingestion_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPage {
    pub streams: Vec<Stream>,
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetEvents {
    pub stream: StreamName,
    pub start_ms: Option<u64>,
    pub end_ms: Option<u64>,
    pub from_head: bool,
    pub next: Option<String>,
    pub items_max: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    pub events: Vec<StoredEvent>,
    /// The same token again at the end of the stream, as CloudWatch does.
    pub forward: String,
    pub backward: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterEvents {
    pub name: GroupName,
    pub streams: Vec<String>,
    pub stream_prefix: Option<String>,
    pub start_ms: Option<u64>,
    pub end_ms: Option<u64>,
    /// CloudWatch filter pattern (terms, quoted phrases, `?optional`, `-excluded`).
    pub pattern: Option<String>,
    pub next: Option<String>,
    pub items_max: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilteredPage {
    pub events: Vec<StoredEvent>,
    pub next: Option<String>,
}

/// The waterfall of one invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    pub scope: Scope,
    pub request_id: RequestId,
    pub function: String,
    /// Milliseconds since 1970.
    pub started_ms: u64,
    pub cold: bool,
    /// `None` for success, else the error type.
    pub error_type: Option<String>,
    /// Relative to the moment the frontend had read the request's head.
    pub spans: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceQuery {
    pub scope: Scope,
    pub request_id: RequestId,
}

/// Of one account and region: what one store has not shipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshQuery {
    pub scope: Scope,
    /// The group whose streams and events are meant; `None`: every group, without either.
    pub group: Option<String>,
    /// Only events of this stream.
    pub stream: Option<String>,
    /// From this millisecond on ...
    pub start_ms: u64,
    /// ... up to and with this one.
    pub end_ms: u64,
    /// Only what lies beyond this in the direction of reading.
    pub from: FreshPosition,
    pub backward: bool,
    /// Most events; 0 for none.
    pub items_max: usize,
}

/// A place in the order of events: by time, equal times by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FreshPosition {
    pub timestamp_ms: u64,
    pub id: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshLines {
    /// Which store answered: one that is reached over two ways is counted once.
    pub store: u64,
    pub groups: Vec<FreshGroup>,
    /// In the direction of reading; ids as every frontend gives them.
    pub events: Vec<StoredEvent>,
    /// There are more beyond the last.
    pub more: bool,
}

/// What of a group is not shipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshGroup {
    pub name: String,
    pub created_ms: u64,
    pub bytes: u64,
    pub last_event_ms: u64,
    /// Newest arrival: what is older than the group's deletion is not of it.
    pub last_ingestion_ms: u64,
    /// Only of the group that was asked for.
    pub streams: Vec<Stream>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum TelemetryError {
    #[error("no such log group")]
    NoGroup,
    #[error("no such log stream")]
    NoStream,
    #[error("it exists already")]
    Exists,
    #[error("the token is not one of ours")]
    BadToken,
    #[error("the filter pattern can not be read: {reason}")]
    BadPattern { reason: String },
    /// Groups, tags or a name over their limit.
    #[error("{reason}")]
    TooMany { reason: String },
    #[error("the store failed: {reason}")]
    Store { reason: String },
    /// The role could not be asked, or its answer did not come: what was sent may have been stored.
    #[error("the log store can not be reached: {reason}")]
    Unavailable { reason: String },
}
