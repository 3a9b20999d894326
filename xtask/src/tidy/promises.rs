//! Promises link to proofs: a row names a test or a bench section, and that must exist.

use std::collections::BTreeSet;

use super::{Findings, Source, cells, in_backticks};

const STATUSES: [&str; 4] = ["yes", "partly", "differs", "no"];
const BENCH: &str = "cargo xtask bench ";

/// The names of all tests and bench sections in the tree.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    tests: BTreeSet<String>,
    bench: String,
}

impl Proofs {
    pub(super) fn collect(sources: &[Source]) -> Self {
        let mut proofs = Self::default();
        for source in sources {
            if source.path.starts_with("xtask/src/bench") {
                proofs.bench.push_str(&source.text);
            }
            let all =
                ["/tests/", "e2e/", "conformance", "testkit/"].iter().any(|part| source.path.contains(part));
            match source.path.rsplit_once('.').map(|(_, extension)| extension) {
                Some("rs") => rust_tests(&source.text, all, &mut proofs.tests),
                Some("py") => python_tests(&source.text, &mut proofs.tests),
                _ => {}
            }
        }
        proofs
    }

    fn has_test(&self, name: &str) -> bool {
        let last = name.rsplit("::").next().unwrap_or(name);
        self.tests.contains(last)
    }

    /// A section is a string literal of the bench's sources.
    fn has_bench(&self, section: &str) -> bool {
        self.bench.contains(&format!("\"{section}\""))
    }
}

/// Functions below a `#[test]`-like attribute; in a test file, all functions (macros make tests of them).
fn rust_tests(text: &str, all: bool, tests: &mut BTreeSet<String>) {
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            marked |= line.contains("test]") || line.contains("test(");
            continue;
        }
        if let Some(name) = function_name(line)
            && (marked || all)
        {
            tests.insert(name.to_owned());
        }
        if !line.starts_with("//") {
            marked = false;
        }
    }
}

fn function_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    identifier(line.strip_prefix("fn ")?)
}

fn python_tests(text: &str, tests: &mut BTreeSet<String>) {
    for line in text.lines().map(str::trim) {
        let line = line.strip_prefix("async ").unwrap_or(line);
        if let Some(name) = line.strip_prefix("def ").and_then(identifier)
            && name.starts_with("test")
        {
            tests.insert(name.to_owned());
        }
    }
}

fn identifier(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    Some(&text[..end]).filter(|name| !name.is_empty())
}

/// One data row of a table: line number, the table's header and the row's cells.
struct Row {
    line: usize,
    header: Vec<String>,
    cells: Vec<String>,
}

fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut header: Option<Vec<String>> = None;
    for (idx, line) in text.lines().enumerate() {
        let Some(cells) = cells(line) else {
            header = None;
            continue;
        };
        let is_rule =
            cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| matches!(c, '-' | ':')));
        match &header {
            None => header = Some(cells),
            Some(_) if is_rule => {}
            Some(header) => rows.push(Row { line: idx + 1, header: header.clone(), cells }),
        }
    }
    rows
}

/// Tables with a column named Status: each row, also one that says no, names its tests in the last column.
pub(super) fn check_compat(text: Option<&str>, proofs: &Proofs) -> Findings {
    let Some(text) = text else { return vec!["promises: COMPAT.md is missing".to_owned()] };
    let mut findings = Findings::new();
    let mut seen = 0;
    for row in rows(text) {
        let Some(column) = row.header.iter().position(|cell| cell.eq_ignore_ascii_case("status")) else {
            continue;
        };
        seen += 1;
        let at = format!("promises: COMPAT.md:{}", row.line);
        let status = row.cells.get(column).map(|cell| cell.trim_matches(['*', '`', ' ']).to_lowercase());
        match status.as_deref() {
            Some(status) if STATUSES.contains(&status) => findings.extend(check_row(&at, &row, proofs)),
            other => findings.push(format!(
                "{at}: status {:?} is none of {}",
                other.unwrap_or_default(),
                STATUSES.join(", ")
            )),
        }
    }
    if seen == 0 {
        findings.push("promises: COMPAT.md has no table with a Status column".to_owned());
    }
    findings
}

/// Every table row of SPECIFICATION.md is a number, and names what measures it.
pub(super) fn check_specification(text: Option<&str>, proofs: &Proofs) -> Findings {
    let Some(text) = text else { return vec!["promises: SPECIFICATION.md is missing".to_owned()] };
    let rows = rows(text);
    if rows.is_empty() {
        return vec!["promises: SPECIFICATION.md has no table".to_owned()];
    }
    rows.iter()
        .flat_map(|row| check_row(&format!("promises: SPECIFICATION.md:{}", row.line), row, proofs))
        .collect()
}

fn check_row(at: &str, row: &Row, proofs: &Proofs) -> Findings {
    if row.cells.len() != row.header.len() {
        return vec![format!("{at}: {} cells under {} headings", row.cells.len(), row.header.len())];
    }
    let names = row.cells.last().map(|cell| in_backticks(cell)).unwrap_or_default();
    if names.is_empty() {
        return vec![format!("{at}: no test is named in the last column")];
    }
    let unknown = names.into_iter().filter(|name| match name.strip_prefix(BENCH) {
        Some(section) => !proofs.has_bench(section.trim()),
        None => !proofs.has_test(name),
    });
    unknown.map(|name| format!("{at}: `{name}` does not exist")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proofs() -> Proofs {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        Proofs::collect(&[
            source(
                "crates/a/src/b.rs",
                "#[test]\nfn it_works() {}\nfn helper() {}\n#[tokio::test]\n// why\nasync fn it_waits() {}",
            ),
            source(
                "crates/a/tests/c.rs",
                "#[tokio::test(flavor = \"current_thread\")]\nasync fn it_streams() {}\nfn row() {}",
            ),
            source("e2e/test_x.py", "class T:\n    def test_cli(self):\n        pass\ndef helper(): pass"),
            source("xtask/src/bench/warm.rs", "const NAME: &str = \"warm-invoke\";"),
        ])
    }

    #[test]
    fn tests_are_found_in_rust_and_python() {
        let proofs = proofs();
        for name in ["a::b::it_works", "it_waits", "it_streams", "row", "e2e/test_x.py::test_cli"] {
            assert!(proofs.has_test(name), "{name}");
        }
        for name in ["helper", "a::it_fails", ""] {
            assert!(!proofs.has_test(name), "{name}");
        }
    }

    #[test]
    fn a_promise_without_an_existing_test_is_a_finding() {
        let table = |row: &str| format!("# C\n\n| What | Status | Note | Test |\n|---|:--|---|---|\n{row}\n");
        for (row, expected) in [
            ("| x | yes | | `a::it_works`, `test_cli` |", None),
            ("| x | **differs** | | `it_waits` |", None),
            ("| x | no | | `it_waits` |", None),
            ("| x | no | | |", Some("no test is named")),
            ("| x | yes | | |", Some("no test is named")),
            ("| x | partly | | it_works |", Some("no test is named")),
            ("| x | yes | | `a::it_fails` |", Some("`a::it_fails` does not exist")),
            ("| x | soon | | `it_works` |", Some("status \"soon\"")),
            ("| x | yes | `it_works` |", Some("3 cells under 4 headings")),
        ] {
            let found = check_compat(Some(&table(row)), &proofs());
            match expected {
                None => assert_eq!(found, Findings::new(), "{row}"),
                Some(part) => {
                    assert!(found.len() == 1 && found[0].contains(part), "{row}: {found:?}");
                    assert!(found[0].starts_with("promises: COMPAT.md:5"), "{found:?}");
                }
            }
        }
        assert_eq!(check_compat(None, &proofs()), ["promises: COMPAT.md is missing"]);
        assert_eq!(check_compat(Some("no table"), &proofs()).len(), 1);
        // A legend beside the tables is no promise.
        let legend = format!(
            "| Word | Meaning |\n|---|---|\n| yes | as AWS |\n\n{}",
            table("| x | no | | `it_works` |")
        );
        assert_eq!(check_compat(Some(&legend), &proofs()), Findings::new());
    }

    #[test]
    fn a_number_names_its_test_or_its_bench_section() {
        let table =
            |proof: &str| format!("| What | Number | Proof |\n|---|---|---|\n| x | 1 ms | {proof} |\n");
        assert_eq!(
            check_specification(Some(&table("`cargo xtask bench warm-invoke`")), &proofs()),
            Findings::new()
        );
        assert_eq!(check_specification(Some(&table("`it_works`")), &proofs()), Findings::new());
        for bad in ["`cargo xtask bench cold`", "`it_fails`", "measured once"] {
            assert_eq!(check_specification(Some(&table(bad)), &proofs()).len(), 1, "{bad}");
        }
        assert_eq!(check_specification(None, &proofs()), ["promises: SPECIFICATION.md is missing"]);
        assert_eq!(check_specification(Some("prose"), &proofs()).len(), 1);
    }
}
