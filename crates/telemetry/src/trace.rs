//! A waterfall as the file has it: JSON, so that whoever opens the file can read it, with bars as `[room, start,
//! duration]` in nanoseconds. It is most of what an invocation writes, so what columns hold is not said again.

use fabric::Span;
use fabric::telemetry::{Trace, TraceQuery};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

#[derive(Serialize, Deserialize)]
pub(crate) struct StoredTrace<'a> {
    function: Cow<'a, str>,
    started_ms: u64,
    cold: bool,
    error_type: Option<Cow<'a, str>>,
    bars: Vec<(Cow<'a, str>, u64, u64)>,
}

impl<'a> StoredTrace<'a> {
    pub(crate) fn of(trace: &'a Trace) -> Self {
        let bar = |span: &'a Span| (Cow::from(&span.room), nanos(span.start), nanos(span.duration));
        Self {
            function: Cow::from(&trace.function),
            started_ms: trace.started_ms,
            cold: trace.cold,
            error_type: trace.error_type.as_deref().map(Cow::from),
            bars: trace.spans.iter().map(bar).collect(),
        }
    }

    pub(crate) fn started_ms(&self) -> u64 {
        self.started_ms
    }

    /// With what the query named.
    pub(crate) fn into_trace(self, query: &TraceQuery) -> Trace {
        let span = |(room, start, duration): (Cow<'_, str>, u64, u64)| Span {
            room: room.into_owned(),
            start: Duration::from_nanos(start),
            duration: Duration::from_nanos(duration),
        };
        Trace {
            scope: query.scope.clone(),
            request_id: query.request_id,
            function: self.function.into_owned(),
            started_ms: self.started_ms,
            cold: self.cold,
            error_type: self.error_type.map(Cow::into_owned),
            spans: self.bars.into_iter().map(span).collect(),
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
