//! `cargo xtask tidy`: the house rules that a compiler does not know (CONTRIBUTING.md names them).
//!
//! | check | rule |
//! |---|---|
//! | layers | arrows between crates go down only; services never see each other |
//! | size | a function over 70 lines or a file over 600 has a line with a reason, and its number only falls |
//! | map | every crate is in ARCHITECTURE.md's code map |
//! | paths | what ARCHITECTURE.md and docs/life-of-an-invocation.md name exists |
//! | tasks | every task that is started has a row in `world::KINDS`, and every row is started |
//! | promises | every row of COMPAT.md and SPECIFICATION.md names a test or a bench section that exists |

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Outcome, root};

mod layers;
mod map;
mod paths;
mod promises;
mod size;
mod tasks;

/// Everything that is wrong, or how much was looked at.
type Findings = Vec<String>;

/// A file of the tree: path relative to the root, and text.
#[derive(Debug)]
struct Source {
    path: String,
    text: String,
}

pub(crate) fn run() -> Outcome {
    let sources = sources(&root())?;
    let metadata = layers::metadata(&root())?;
    let crates = layers::parse(&metadata)?;
    let mut findings = Findings::new();
    findings.extend(layers::check(&crates, layers::SIDEWAYS));
    findings.extend(size::check(&sources, document("tidy/exceptions.txt").as_deref())?);
    findings
        .extend(map::check(document("ARCHITECTURE.md").as_deref(), crates.iter().map(|c| c.name.as_str())));
    for map in ["ARCHITECTURE.md", "docs/life-of-an-invocation.md"] {
        findings.extend(paths::check(map, document(map).as_deref(), |path| root().join(path).exists()));
    }
    findings.extend(tasks::check(&sources));
    let proofs = promises::Proofs::collect(&sources);
    findings.extend(promises::check_compat(document("COMPAT.md").as_deref(), &proofs));
    findings.extend(promises::check_specification(document("SPECIFICATION.md").as_deref(), &proofs));
    if findings.is_empty() {
        Ok(format!("tidy: {} crates and {} files are in order", crates.len(), sources.len()))
    } else {
        Err(format!("{}\ntidy: {} findings", findings.join("\n"), findings.len()))
    }
}

fn document(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// Folders with nothing of ours in them (build output, caches, what other tools fetched).
const SKIPPED: [&str; 7] = ["target", "node_modules", "generated", "__pycache__", "vendor", "venv", "data"];
const EXTENSIONS: [&str; 7] = ["rs", "py", "js", "mjs", "java", "go", "sh"];

fn sources(root: &Path) -> Result<Vec<Source>, String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in children(&folder)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !path.is_symlink() {
                if !name.starts_with('.') && !SKIPPED.contains(&name) {
                    folders.push(path);
                }
                continue;
            }
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if path.is_file() && EXTENSIONS.contains(&extension) {
                let text =
                    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                found.push(Source { path: relative, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(fail)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(fail)).collect()
}

/// The cells of a Markdown table row; nothing for any other line. Escaped bars stay inside their cell.
fn cells(line: &str) -> Option<Vec<String>> {
    let row = line.trim().strip_prefix('|')?;
    let row = row.strip_suffix('|').unwrap_or(row).replace("\\|", "\u{1}");
    Some(row.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect())
}

/// What stands in backticks in a cell.
fn in_backticks(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).filter(|text| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_rows_are_split_into_cells() {
        assert_eq!(cells("| a | `b\\|c` | |").unwrap(), ["a", "`b|c`", ""]);
        assert_eq!(cells("no table"), None);
        assert_eq!(in_backticks("see `a::b`, `c` and d"), ["a::b", "c"]);
    }
}
