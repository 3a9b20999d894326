//! `tinderbox ls`.

use crate::client::{Client, Request};
use crate::failure::Failure;
use crate::screen::Screen;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

pub(super) async fn run(client: Client, screen: Screen) -> Result<(), Failure> {
    let spinner = screen.spinner("listing");
    let functions = all(&client).await?;
    drop(spinner);
    if screen.json {
        return screen.value(&json!({ "functions": functions }));
    }
    if functions.is_empty() {
        screen.note("there are no functions here yet\n  → tinderbox deploy DIR");
        return Ok(());
    }
    screen.bytes(table(&functions).as_bytes())
}

/// Every page.
async fn all(client: &Client) -> Result<Vec<Value>, Failure> {
    let mut functions = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let request = Request {
            service: "lambda",
            method: Method::GET,
            path: "/2015-03-31/functions/".to_owned(),
            query: marker.take().map(|marker| ("Marker", marker)).into_iter().collect(),
            headers: Vec::new(),
            body: Bytes::new(),
        };
        let mut page = client.call(request).await?.json()?;
        if let Some(Value::Array(rows)) = page.get_mut("Functions").map(Value::take) {
            functions.extend(rows);
        }
        marker = page.get("NextMarker").and_then(Value::as_str).filter(|it| !it.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(functions);
        }
    }
}

fn table(functions: &[Value]) -> String {
    let text = |row: &Value, name: &str| match row.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let mut rows = vec![["NAME", "RUNTIME", "HANDLER", "MEMORY", "TIMEOUT", "MODIFIED"].map(str::to_owned)];
    for row in functions {
        rows.push([
            text(row, "FunctionName"),
            text(row, "Runtime"),
            text(row, "Handler"),
            format!("{} MB", text(row, "MemorySize")),
            format!("{} s", text(row, "Timeout")),
            text(row, "LastModified").chars().take(19).collect(),
        ]);
    }
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_under_their_heads() {
        let row = json!({ "FunctionName": "a-long-name", "Runtime": "python3.13", "Handler": "a.b",
            "MemorySize": 128, "Timeout": 3, "LastModified": "2026-01-31T12:00:00.000+0000" });
        assert_eq!(
            table(&[row]),
            "NAME         RUNTIME     HANDLER  MEMORY  TIMEOUT  MODIFIED\n\
             a-long-name  python3.13  a.b      128 MB  3 s      2026-01-31T12:00:00\n"
        );
    }
}
