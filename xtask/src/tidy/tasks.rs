//! A task that is started has a row in `world::KINDS`, and a row is started somewhere.

use super::{Findings, Source};

const TABLE: &str = "crates/world/src/kinds.rs";
/// What starts a task, followed by its name. The last is how control and the blobs hand theirs on.
const STARTS: [&str; 4] = [".spawn(", ".blocking(", ".spawn_blocking(", ".run("];

pub(super) fn check(sources: &[Source]) -> Findings {
    let Some(table) = sources.iter().find(|source| source.path == TABLE) else {
        return vec![format!("tasks: {TABLE} is missing")];
    };
    let rows: Vec<&str> = literals(product(&table.text), &["row("]).collect();
    let mut started = Vec::new();
    let mut findings = Findings::new();
    for source in sources.iter().filter(|source| is_product(&source.path)) {
        for name in literals(product(&source.text), &STARTS) {
            if !rows.contains(&name) {
                findings
                    .push(format!("tasks: {} starts \"{name}\", which has no row in {TABLE}", source.path));
            }
            started.push(name);
        }
    }
    let unused = rows.iter().filter(|row| !started.contains(row));
    findings.extend(unused.map(|row| format!("tasks: {TABLE} has \"{row}\", which nothing starts")));
    findings
}

/// What the server and the command line are made of.
fn is_product(path: &str) -> bool {
    let beside = ["/tests", "conformance", "/bin/", "_tests.rs", "crates/sim/"];
    path.starts_with("crates/") && path.ends_with(".rs") && !beside.iter().any(|part| path.contains(part))
}

/// A file's tests are its end.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// The string literals that are the first argument of one of these calls.
fn literals<'a>(text: &'a str, calls: &'a [&str]) -> impl Iterator<Item = &'a str> {
    calls.iter().flat_map(move |call| {
        let arguments = text.split(call).skip(1);
        arguments.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_without_a_row_and_a_row_without_a_task_are_findings() {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let table = source(TABLE, "row(\"a\", b),\nrow(\"gone\", b)\n#[cfg(test)] row(\"test\")");
        let code = "world.spawn(\"a\", x); self.blocking(\n    \"new\", y); tasks.spawn(async {})\n#[cfg(test)]\nspawn(\"t\")";
        let found = check(&[table, source("crates/a/src/lib.rs", code), source("crates/a/tests/b.rs", code)]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("\"new\"") && found[1].contains("\"gone\""), "{found:?}");
        assert_eq!(check(&[]).len(), 1);
    }
}
