//! The waterfall: one invocation's rooms as bars over time.
//!
//! ```text
//! hello · cold · 12.4 ms · 4f1e…
//!   authenticate      0.0   0.1 ms  ▏
//!   assignment        0.2   9.8 ms  ▕██████████████
//! ```
//! The frontend answers the spans (`GET /_tinderbox/traces/REQUEST_ID`); drawing is a pure function.

use crate::client::{Client, segment};
use crate::failure::Failure;
use http::Method;
use serde_json::Value;

/// Asks `Invoke` to answer only when the whole trace is stored.
pub(crate) const TRACE_HEADER: &str = "x-tinderbox-trace";

/// One room.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bar {
    room: String,
    start_us: u64,
    duration_us: u64,
}

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) width: usize,
    /// Eighths of a column; else whole columns of `#`.
    pub(crate) unicode: bool,
}

/// The trace of this invocation, as the endpoint answers it.
pub(crate) async fn fetch(client: &Client, request_id: &str) -> Result<Value, Failure> {
    let path = format!("/_tinderbox/traces/{}", segment(request_id));
    client.lambda(Method::GET, path, None).await?.json()
}

/// Lines to show, without a trailing newline.
pub(crate) fn draw(trace: &Value, style: Style) -> String {
    let bars = bars(trace);
    let total_us = bars.iter().map(|bar| bar.start_us + bar.duration_us).max().unwrap_or(0);
    let text = |name: &str| trace.get(name).and_then(Value::as_str).unwrap_or("");
    let cold = trace.get("cold").and_then(Value::as_bool) == Some(true);
    let mut lines = vec![format!(
        "{} · {} · {}{}",
        text("function"),
        if cold { "cold" } else { "warm" },
        milliseconds(total_us),
        match text("error_type") {
            "" => String::new(),
            error_type => format!(" · {error_type}"),
        }
    )];
    let room_width = bars.iter().map(|bar| bar.room.chars().count()).max().unwrap_or(0).clamp(8, 32);
    // Two numbers of ten columns, and what stands between them.
    let columns = style.width.saturating_sub(room_width + 2 + 10 + 10 + 3).max(10);
    for bar in &bars {
        let drawn = line(bar, total_us, columns, style.unicode);
        lines.push(
            format!(
                "  {:room_width$.32}{:>10}{:>10}  {drawn}",
                bar.room,
                milliseconds(bar.start_us),
                milliseconds(bar.duration_us)
            )
            .trim_end()
            .to_owned(),
        );
    }
    lines.join("\n")
}

fn bars(trace: &Value) -> Vec<Bar> {
    let spans = trace.get("spans").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let number = |span: &Value, name: &str| span.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut bars: Vec<Bar> = spans
        .iter()
        .map(|span| Bar {
            // Names come from the endpoint: nothing in them may move the cursor.
            room: span.get("room").and_then(Value::as_str).unwrap_or("?").replace(char::is_control, "?"),
            start_us: number(span, "start_us"),
            duration_us: number(span, "duration_us"),
        })
        .collect();
    // The longer of two that begin together holds the other.
    bars.sort_by_key(|bar| (bar.start_us, std::cmp::Reverse(bar.duration_us)));
    bars
}

/// Empty columns up to the start, then at least a sliver.
fn line(bar: &Bar, total_us: u64, columns: usize, unicode: bool) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let total = u128::from(total_us.max(1));
    let steps = |us: u64, of: usize| usize::try_from(u128::from(us) * of as u128 / total).unwrap_or(of);
    if !unicode {
        let before = steps(bar.start_us, columns).min(columns - 1);
        let length = steps(bar.duration_us, columns).clamp(1, columns - before);
        return format!("{}{}", " ".repeat(before), "#".repeat(length));
    }
    let before = steps(bar.start_us, columns).min(columns - 1);
    let eighths = steps(bar.duration_us, columns * 8).clamp(1, (columns - before) * 8);
    format!("{}{}{}", " ".repeat(before), "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// `0.04 ms`, `12.4 ms`, `1.25 s`.
pub(crate) fn milliseconds(us: u64) -> String {
    match us {
        0..10_000 => format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10),
        10_000..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{}.{:02} s", us / 1_000_000, us % 1_000_000 / 10_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn trace() -> Value {
        json!({
            "function": "hello", "cold": true, "error_type": null,
            "spans": [
                { "room": "invoke", "start_us": 8_000, "duration_us": 2_000 },
                { "room": "assignment", "start_us": 0, "duration_us": 8_000 },
                { "room": "authenticate", "start_us": 0, "duration_us": 40 },
            ],
        })
    }

    #[test]
    fn rooms_stand_in_the_order_in_which_they_began_under_their_share_of_the_time() {
        let drawn = draw(&trace(), Style { width: 57, unicode: false });
        let expected = "\
hello · cold · 10.0 ms
  assignment     0.00 ms   8.00 ms  ################
  authenticate   0.00 ms   0.04 ms  #
  invoke         8.00 ms   2.00 ms                  ####";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [40, 57, 80, 160] {
            for unicode in [true, false] {
                for line in draw(&trace(), Style { width, unicode }).lines() {
                    assert!(line.chars().count() <= width.max(47), "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_trace_without_spans_or_with_nonsense_is_drawn_all_the_same() {
        assert_eq!(draw(&json!({ "function": "f" }), Style { width: 80, unicode: true }), "f · warm · 0.00 ms");
        let odd = json!({ "spans": [{ "room": "\u{1b}[2J", "start_us": u64::MAX / 2, "duration_us": 1 }] });
        assert!(!draw(&odd, Style { width: 80, unicode: true }).contains('\u{1b}'));
    }

    #[test]
    fn times_keep_three_digits() {
        let cases = [(40, "0.04 ms"), (9_990, "9.99 ms"), (12_400, "12.4 ms"), (1_250_000, "1.25 s")];
        for (us, text) in cases {
            assert_eq!(milliseconds(us), text);
        }
    }
}
