//! Every crate is in the code map.

use super::Findings;

pub(super) fn check<'a>(architecture: Option<&str>, crates: impl Iterator<Item = &'a str>) -> Findings {
    let Some(text) = architecture else {
        return vec!["map: ARCHITECTURE.md is missing".to_owned()];
    };
    let Some(map) = section(text, "code map") else {
        return vec!["map: ARCHITECTURE.md has no section named \"Code map\"".to_owned()];
    };
    crates
        .filter(|name| !is_named(&map, name))
        .map(|name| format!("map: crate {name} is not in ARCHITECTURE.md's code map"))
        .collect()
}

/// The text below the heading that contains `title`, up to the next heading of its level or above.
fn section(text: &str, title: &str) -> Option<String> {
    let level = |line: &str| line.chars().take_while(|&c| c == '#').count();
    let mut lines = text.lines().skip_while(|line| level(line) == 0 || !line.to_lowercase().contains(title));
    let depth = level(lines.next()?);
    let body: Vec<_> = lines.take_while(|line| level(line) == 0 || level(line) > depth).collect();
    Some(body.join("\n"))
}

/// As `name` in backticks, or as the path crates/name.
fn is_named(map: &str, name: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    map.contains(&format!("`{name}`"))
        || [format!("crates/{name}"), format!("`{name}/")].iter().any(|path| {
            map.match_indices(path.as_str())
                .any(|(at, _)| ends(&map[at + path.len()..]) || path.ends_with('/'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_is_in_the_code_map() {
        let text = "# Title\n`worker` before the map\n## Code map\n- `types`\n### More\n- crates/lambda-api: x\n- `xtask/`\n## After\n`fabric`\n";
        assert_eq!(check(Some(text), ["types", "lambda-api", "xtask"].into_iter()), Findings::new());
        let missing = check(Some(text), ["worker", "fabric", "lambda"].into_iter());
        assert_eq!(missing.len(), 3, "{missing:?}");
    }

    #[test]
    fn a_missing_file_or_section_is_an_error() {
        assert_eq!(check(None, ["types"].into_iter()), ["map: ARCHITECTURE.md is missing"]);
        assert_eq!(check(Some("# Title"), ["types"].into_iter()).len(), 1);
    }
}
