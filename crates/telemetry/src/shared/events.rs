//! Pages of events (`GetLogEvents`, `FilterLogEvents`), with the bounds of [`crate::page`] and the same tokens.
//!
//! A search remembers the time of the newest event when it began, and leaves what is later to a later search, so that its
//! pages end also under a flood.

use super::Shared;
use super::group::View;
use super::lister::Lister;
use super::scan::{Direction, Range, Scan, ScanError};
use crate::index::{self, kv_error};
use crate::page::{PAGE_BYTES_MAX, PAGE_EVENTS_MAX, Search};
use crate::pattern::Pattern;
use crate::read::events::{FIRST, LAST, gaps};
use crate::token::{self, Position};
use crate::write::as_i64;
use fabric::telemetry::{
    EventPage, FilterEvents, FilteredPage, FreshLines, FreshPosition, FreshQuery, GetEvents, GroupName,
    TelemetryError,
};

/// How often a scan is begun again because sections moved under it.
const ATTEMPTS: usize = 4;
/// How far before now the newest event is looked for in the index.
const NEWEST_MS: u64 = 60_000;

impl Shared {
    pub(super) async fn get(&self, query: GetEvents) -> Result<EventPage, TelemetryError> {
        let (direction, from) = match &query.next {
            Some(text) => token::read_event_token(text)?,
            None if query.from_head => (Direction::Forward, FIRST),
            None => (Direction::Backward, LAST),
        };
        for _ in 0..ATTEMPTS {
            match self.get_page(&query, direction, from).await {
                Ok(page) => return Ok(page),
                Err(ScanError::Moved) => {}
                Err(ScanError::Failed(error)) => return Err(error),
            }
        }
        Err(moved())
    }

    async fn get_page(
        &self,
        query: &GetEvents,
        direction: Direction,
        from: Position,
    ) -> Result<EventPage, ScanError> {
        let name = &query.stream;
        let items_max = query.items_max.clamp(1, PAGE_EVENTS_MAX);
        let start_ms = query.start_ms.unwrap_or(0);
        // Exclusive here; a range that ends before anything has a beginning behind its end.
        let (start_ms, end_ms) = match query.end_ms.map(|end_ms| end_ms.checked_sub(1)) {
            Some(Some(end_ms)) => (start_ms, end_ms),
            Some(None) => (1, 0),
            None => (start_ms, u64::MAX),
        };
        let wanted = |stream: &str| stream == name.stream;
        let range = Range { direction, from, start_ms, end_ms, wanted: &wanted };
        let group = GroupName { scope: name.scope.clone(), group: name.group.clone() };
        let fresh = self.fresh_lines(fresh_query(&group, Some(&name.stream), &range, items_max)).await;
        let view = self.view(&group, &fresh).await?;
        let missing = self.missing_if_unknown(&view, &fresh, &name.stream);
        let mut scan = Scan::new(self, &view, range, fresh.clone())?;
        let (mut events, mut bytes) = (Vec::new(), 0);
        let mut full = false;
        while let Some(event) = scan.next().await? {
            bytes += event.message.len();
            full = events.len() >= items_max || (bytes > PAGE_BYTES_MAX && !events.is_empty());
            if full {
                break;
            }
            events.push(event);
        }
        if events.is_empty() && missing {
            let names = [name.stream.as_str()].into();
            if !self.missing_streams(&view, &fresh, names).await?.is_empty() {
                return Err(TelemetryError::NoStream.into());
            }
        }
        if direction == Direction::Backward {
            events.reverse();
        }
        let (mut forward, mut backward) = gaps(&events, direction, from);
        if let Some(horizon) = scan.horizon().filter(|_| events.is_empty() && !full) {
            match direction {
                Direction::Forward => forward = horizon,
                Direction::Backward => backward = horizon,
            }
        }
        Ok(EventPage {
            events,
            forward: token::write_event_token(Direction::Forward, forward),
            backward: token::write_event_token(Direction::Backward, backward),
        })
    }

    /// Whether only the index can say that there is such a stream.
    fn missing_if_unknown(&self, view: &View, fresh: &[FreshLines], stream: &str) -> bool {
        !view.streams.get(stream).is_some_and(|(record, _)| record.live)
            && view.fresh_streams(fresh).all(|fresh| fresh.name != stream)
    }

    pub(super) async fn filter(&self, query: FilterEvents) -> Result<FilteredPage, TelemetryError> {
        let pattern = Pattern::parse(query.pattern.as_deref().unwrap_or_default());
        let after = query.next.as_deref().map(token::read_search_token).transpose();
        for _ in 0..ATTEMPTS {
            match self.filter_page(&query, &pattern, &after).await {
                Ok(page) => return Ok(page),
                Err(ScanError::Moved) => {}
                Err(ScanError::Failed(error)) => return Err(error),
            }
        }
        Err(moved())
    }

    /// A group that is not there is said before a pattern or token that can not be read.
    async fn filter_page(
        &self,
        query: &FilterEvents,
        pattern: &Result<Pattern, TelemetryError>,
        after: &Result<Option<(Position, i64)>, TelemetryError>,
    ) -> Result<FilteredPage, ScanError> {
        let (from, newest) = match after {
            Ok(Some((from, newest))) => (*from, u64::try_from(*newest).ok()),
            _ => (FIRST, None),
        };
        let prefix = query.stream_prefix.as_deref();
        let wanted = |stream: &str| {
            (query.streams.is_empty() || query.streams.iter().any(|name| name == stream))
                && prefix.is_none_or(|prefix| stream.starts_with(prefix))
        };
        let mut range = Range {
            direction: Direction::Forward,
            from,
            start_ms: query.start_ms.unwrap_or(0),
            end_ms: query.end_ms.unwrap_or(u64::MAX).min(newest.unwrap_or(u64::MAX)),
            wanted: &wanted,
        };
        let stream = match query.streams.as_slice() {
            [stream] => Some(stream.as_str()),
            _ => None,
        };
        // A pattern may let few through: what the scan may look at is asked for.
        let fresh = self.fresh_lines(fresh_query(&query.name, stream, &range, PAGE_EVENTS_MAX)).await;
        let view = self.view(&query.name, &fresh).await?;
        let pattern = pattern.as_ref().map_err(TelemetryError::clone)?;
        let names = query.streams.iter().map(String::as_str).collect();
        if !self.missing_streams(&view, &fresh, names).await?.is_empty() {
            return Err(TelemetryError::NoStream.into());
        }
        after.as_ref().map_err(TelemetryError::clone)?;
        let newest = match newest {
            Some(newest) => newest,
            None => self.newest(&view, &fresh).await?,
        };
        range.end_ms = range.end_ms.min(newest);
        let mut search = Search::new(query.items_max.clamp(1, PAGE_EVENTS_MAX), from);
        let mut scan = Scan::new(self, &view, range, fresh)?;
        while !search.stopped
            && let Some(event) = scan.next().await?
        {
            let at = Position { ts: as_i64(event.timestamp_ms), id: as_i64(event.id) };
            if search.look(at, event.message.len(), pattern.matches(&event.message)) {
                search.events.push(event);
            }
        }
        if let Some(horizon) = scan.horizon().filter(|_| !search.stopped) {
            search.stopped = true;
            search.at = search.at.max(horizon);
        }
        let next = search.stopped.then(|| token::write_search_token(search.at, as_i64(newest)));
        Ok(FilteredPage { events: search.events, next })
    }

    /// The time of the newest event; now, where none is newer.
    async fn newest(&self, view: &View, fresh: &[FreshLines]) -> Result<u64, TelemetryError> {
        let now_ms = self.stores.world.wall().millis();
        let mut newest = view.fresh_groups(fresh).map(|group| group.last_event_ms).max().unwrap_or(0);
        newest = newest.max(now_ms);
        let Some(record) = &view.record else { return Ok(newest) };
        for list in ["block", "wide"] {
            let prefix = index::list_prefix(list, &view.scope, &view.name, record.generation);
            let from_ms = now_ms.saturating_sub(NEWEST_MS);
            let lister =
                prefix.and_then(|prefix| Lister::new(prefix, Direction::Forward, from_ms, u64::MAX, now_ms));
            let mut lister = lister.map_err(|error| kv_error(&error))?;
            while !lister.is_done() {
                for (_, entry) in lister.more(&self.stores).await.map_err(|error| kv_error(&error))? {
                    newest = newest.max(entry.last_ms);
                }
            }
        }
        Ok(newest)
    }
}

fn fresh_query(name: &GroupName, stream: Option<&str>, range: &Range<'_>, items_max: usize) -> FreshQuery {
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    FreshQuery {
        scope: name.scope.clone(),
        group: Some(name.group.clone()),
        stream: stream.map(str::to_owned),
        start_ms: range.start_ms,
        end_ms: range.end_ms,
        from: FreshPosition { timestamp_ms: number(range.from.ts), id: number(range.from.id) },
        backward: range.direction == Direction::Backward,
        items_max,
    }
}

fn moved() -> TelemetryError {
    TelemetryError::Unavailable { reason: "the log's blocks moved all the while; try again".to_owned() }
}
