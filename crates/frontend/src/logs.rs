//! CloudWatch Logs: JSON 1.1 in, [`Telemetry`] behind it, JSON 1.1 out. No HTTP in here.
//!
//! A request is read into the generated type, checked against the model (a violation is an
//! InvalidParameterException in this service), then against what AWS's own service checks beyond its model.
//! A member without a behaviour is refused by name.

mod events;
mod groups;
mod names;
mod put;
mod streams;

use bytes::Bytes;
use fabric::Scope;
use fabric::telemetry::{Telemetry, TelemetryError};
use lambda_api::logs::errors;
use lambda_api::{ErrorShape, Input, LogsOperation, PathLabels, SerializationError, overrides};
use serde::Serialize;
use world::WallTime;

/// Largest page of groups and streams, and the default.
const NAMES_PAGE_MAX: usize = 50;
/// Largest page of events, and the default.
const EVENTS_PAGE_MAX: usize = 10_000;

/// A refusal; its body is `{"__type":…,"message":…}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogsError {
    pub(crate) shape: &'static ErrorShape,
    pub(crate) message: String,
}

impl LogsError {
    fn new(shape: &'static ErrorShape, message: impl Into<String>) -> Self {
        Self { shape, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(&errors::INVALID_PARAMETER_EXCEPTION, message)
    }

    fn no_group() -> Self {
        Self::new(&errors::RESOURCE_NOT_FOUND_EXCEPTION, "The specified log group does not exist.")
    }

    fn no_stream() -> Self {
        Self::new(&errors::RESOURCE_NOT_FOUND_EXCEPTION, "The specified log stream does not exist.")
    }

    /// A member of the model that has no behaviour here.
    fn without_behaviour(member: &str) -> Self {
        Self::invalid(format!("Tinderbox does not implement {member} yet"))
    }
}

impl From<SerializationError> for LogsError {
    fn from(error: SerializationError) -> Self {
        Self::new(error.shape(), error.message)
    }
}

impl From<TelemetryError> for LogsError {
    fn from(error: TelemetryError) -> Self {
        match error {
            TelemetryError::NoGroup => Self::no_group(),
            TelemetryError::NoStream => Self::no_stream(),
            TelemetryError::Exists => Self::new(
                &errors::RESOURCE_ALREADY_EXISTS_EXCEPTION,
                "The specified log group already exists",
            ),
            TelemetryError::BadToken => Self::invalid("The specified nextToken is invalid."),
            TelemetryError::BadPattern { reason } => {
                Self::invalid(format!("Invalid filter pattern: {reason}"))
            }
            TelemetryError::TooMany { reason } => Self::new(&errors::LIMIT_EXCEEDED_EXCEPTION, reason),
            TelemetryError::Store { reason } | TelemetryError::Unavailable { reason } => {
                tracing::error!(reason, "the log store failed a request");
                Self::new(&errors::SERVICE_UNAVAILABLE_EXCEPTION, "The service cannot complete the request.")
            }
        }
    }
}

/// What every operation needs to know.
struct Call<'a> {
    telemetry: &'a dyn Telemetry,
    scope: &'a Scope,
    now: WallTime,
    body: &'a [u8],
}

/// Answers one operation; `operation` is what follows `Logs_20140328.` in `X-Amz-Target`. The body may be empty.
pub(crate) async fn answer(
    telemetry: &dyn Telemetry,
    scope: &Scope,
    now: WallTime,
    operation: &str,
    body: &[u8],
) -> Result<Bytes, LogsError> {
    use LogsOperation as Op;
    let call = Call { telemetry, scope, now, body };
    let Some(known) = Op::ALL.iter().find(|known| known.name() == operation) else {
        let name: String = operation.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
        let message = format!("Tinderbox does not implement {name} of CloudWatch Logs yet");
        return Err(LogsError::new(&overrides::NOT_IMPLEMENTED_EXCEPTION, message));
    };
    match known {
        Op::CreateLogGroup => groups::create(&call).await,
        Op::DeleteLogGroup => groups::delete(&call).await,
        Op::DescribeLogGroups => groups::describe(&call).await,
        Op::PutRetentionPolicy => groups::put_retention(&call).await,
        Op::DeleteRetentionPolicy => groups::delete_retention(&call).await,
        Op::ListTagsForResource => groups::list_tags(&call).await,
        Op::ListTagsLogGroup => groups::list_tags_by_name(&call).await,
        Op::TagResource => groups::tag(&call).await,
        Op::UntagResource => groups::untag(&call).await,
        Op::CreateLogStream => streams::create(&call).await,
        Op::DeleteLogStream => streams::delete(&call).await,
        Op::DescribeLogStreams => streams::describe(&call).await,
        Op::GetLogEvents => events::get(&call).await,
        Op::FilterLogEvents => events::filter(&call).await,
        Op::PutLogEvents => put::put(&call).await,
    }
}

impl Call<'_> {
    /// Reads and checks the input. The members named in `unsupported` are refused where they are set.
    fn input<T: Input>(&self, unsupported: &[&str]) -> Result<T, LogsError> {
        let request = lambda_api::Request {
            labels: &PathLabels::default(),
            query: "",
            header: &|_| None,
            body: self.body,
        };
        let input = T::parse(&request)?;
        let violations = input.violations();
        if !violations.is_empty() {
            return Err(LogsError::invalid(lambda_api::message(&violations)));
        }
        match input.present_members().into_iter().find(|member| unsupported.contains(member)) {
            Some(member) => Err(LogsError::without_behaviour(member)),
            None => Ok(input),
        }
    }
}

/// An output structure as JSON.
fn output(value: &impl Serialize) -> Result<Bytes, LogsError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| {
        tracing::error!(%error, "an answer does not encode");
        LogsError::new(&errors::SERVICE_UNAVAILABLE_EXCEPTION, "The service cannot complete the request.")
    })
}

/// Operations without output answer 200 with no body at all.
fn nothing() -> Result<Bytes, LogsError> {
    Ok(Bytes::new())
}

/// The page size asked for; the model has checked its range.
fn page_size(limit: Option<i64>, items_max: usize) -> usize {
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(items_max).min(items_max)
}

/// A time that the model has checked to be 0 or later.
fn millis(time: Option<i64>) -> Option<u64> {
    time.and_then(|time| u64::try_from(time).ok())
}

/// SQLite and AWS count in signed numbers.
fn signed(number: u64) -> Option<i64> {
    Some(i64::try_from(number).unwrap_or(i64::MAX))
}

/// CloudWatch's tokens and event ids are 56 digits wide.
fn digits_56(ms: u64, id: u64) -> String {
    format!("{ms:020}{id:036}")
}

#[cfg(test)]
mod tests;
