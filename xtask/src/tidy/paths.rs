//! Every path that a map names exists. A name alone (`dispatch.rs`) is beside the path before it in its line.

use super::{Findings, in_backticks};
use std::path::Path;

const EXTENSIONS: [&str; 7] = [".rs", ".md", ".toml", ".json", ".txt", ".py", ".sh"];

pub(super) fn check(document: &str, text: Option<&str>, exists: impl Fn(&str) -> bool) -> Findings {
    let Some(text) = text else { return vec![format!("paths: {document} is missing")] };
    let mut findings = Findings::new();
    for (idx, line) in text.lines().enumerate() {
        let mut folder = String::new();
        let linked = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let here = Path::new(document).parent().unwrap_or(Path::new(""));
        let linked =
            linked.filter(|link| !link.contains("://")).map(|link| here.join(link).display().to_string());
        let mut named: Vec<String> = linked.collect();
        for text in in_backticks(line).into_iter().filter(|text| is_path(text)) {
            let path = if text.contains('/') { text.to_owned() } else { format!("{folder}{text}") };
            folder = path.rfind('/').map(|end| path[..=end].to_owned()).unwrap_or_default();
            named.push(path);
        }
        let absent = named.iter().filter(|path| !exists(path));
        findings.extend(absent.map(|path| format!("paths: {document}:{}: {path} does not exist", idx + 1)));
    }
    findings
}

/// Not a route (`/response`), a command or a type.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    text.chars().all(plain)
        && !text.starts_with('/')
        && (text.contains('/') || EXTENSIONS.iter().any(|extension| text.ends_with(extension)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_named_and_not_there_is_a_finding() {
        let there = ["a/src/b.rs", "a/src/c.rs", "docs/d.md", "a/"];
        let check = |text: &str| check("docs/x.md", Some(text), |path| there.contains(&path));
        assert_eq!(check("see `a/src/b.rs`, `c.rs` and [d](d.md), in `a/`"), Findings::new());
        assert_eq!(
            check("`/response`, `cargo x a/b`, `worker::a`, [web](https://a/b), `next`"),
            Findings::new()
        );
        for bad in ["`a/src/gone.rs`", "`a/src/b.rs` and `gone.rs`", "[gone](gone.md)", "`a/src/b`"] {
            assert_eq!(check(bad).len(), 1, "{bad}");
        }
    }
}
