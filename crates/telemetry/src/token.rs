//! Page tokens: where the next page starts, as text.
//!
//! Event pages name a gap between events by `(timestamp, id)`; ids start at 1, so `(t, 0)` is the gap before all
//! events of `t`. The 56 digits are CloudWatch's own width (`f/…/s`, `b/…/s`), and an event's `eventId` has the same
//! form.

use fabric::telemetry::TelemetryError;

/// A place in the order of events: by time, equal times by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) ts: i64,
    pub(crate) id: i64,
}

/// Which way a page goes from its position; the position itself is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Backward,
}

/// `f/…/s` or `b/…/s`.
pub(crate) fn write_event_token(direction: Direction, position: Position) -> String {
    let letter = match direction {
        Direction::Forward => 'f',
        Direction::Backward => 'b',
    };
    format!("{letter}/{:020}{:036}/s", position.ts, position.id)
}

pub(crate) fn read_event_token(text: &str) -> Result<(Direction, Position), TelemetryError> {
    let (direction, rest) = match text.split_at_checked(2) {
        Some(("f/", rest)) => (Direction::Forward, rest),
        Some(("b/", rest)) => (Direction::Backward, rest),
        _ => return Err(TelemetryError::BadToken),
    };
    let digits =
        rest.strip_suffix("/s").filter(|digits| digits.len() == 56).ok_or(TelemetryError::BadToken)?;
    let (ts, id) = digits.split_at_checked(20).ok_or(TelemetryError::BadToken)?;
    Ok((direction, Position { ts: number(ts)?, id: number(id)? }))
}

/// Where a search goes on, and the newest event when it began: what arrives later is left to a later search,
/// so that the pages of one search end also under a flood.
pub(crate) fn write_search_token(after: Position, newest_id: i64) -> String {
    format!("s/{:020}{:036}/{newest_id}", after.ts, after.id)
}

pub(crate) fn read_search_token(text: &str) -> Result<(Position, i64), TelemetryError> {
    let rest = text.strip_prefix("s/").ok_or(TelemetryError::BadToken)?;
    let (digits, newest) = rest.split_once('/').ok_or(TelemetryError::BadToken)?;
    let (ts, id) =
        digits.split_at_checked(20).filter(|(_, id)| id.len() == 36).ok_or(TelemetryError::BadToken)?;
    Ok((Position { ts: number(ts)?, id: number(id)? }, number(newest)?))
}

/// The last name of the page.
pub(crate) fn write_name_token(name: &str) -> String {
    format!("n/{name}")
}

pub(crate) fn read_name_token(text: &str) -> Result<&str, TelemetryError> {
    text.strip_prefix("n/").ok_or(TelemetryError::BadToken)
}

/// The last stream of the page: its last event and its name.
pub(crate) fn write_time_token(last_ms: i64, name: &str) -> String {
    format!("t/{last_ms}/{name}")
}

pub(crate) fn read_time_token(text: &str) -> Result<(i64, &str), TelemetryError> {
    let (last_ms, name) =
        text.strip_prefix("t/").and_then(|rest| rest.split_once('/')).ok_or(TelemetryError::BadToken)?;
    Ok((number(last_ms)?, name))
}

/// Digits only: no sign, no blank.
fn number(digits: &str) -> Result<i64, TelemetryError> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(TelemetryError::BadToken);
    }
    digits.parse().map_err(|_| TelemetryError::BadToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_and_anything_else_is_refused() {
        let position = Position { ts: 1_700_000_000_123, id: 42 };
        for direction in [Direction::Forward, Direction::Backward] {
            let token = write_event_token(direction, position);
            assert_eq!(token.len(), 60);
            assert_eq!(read_event_token(&token), Ok((direction, position)));
        }
        assert_eq!(read_search_token(&write_search_token(position, 99)), Ok((position, 99)));
        assert_eq!(read_time_token(&write_time_token(7, "a/b/[1]c")), Ok((7, "a/b/[1]c")));
        let foreign = ["", "f", "f/", "f/1/s", "é/1", "s/1/2", "x/1", &"f/9".repeat(30), "f/+1/s"];
        for text in foreign {
            assert_eq!(read_event_token(text), Err(TelemetryError::BadToken), "{text}");
            assert_eq!(read_search_token(text), Err(TelemetryError::BadToken), "{text}");
            assert_eq!(read_time_token(text), Err(TelemetryError::BadToken), "{text}");
        }
    }
}
