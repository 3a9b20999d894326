//! From a path inside an environment to the file it was deployed from.
//!
//! Runtimes name places in their own way: `File "/var/task/app.py", line 3`, `(file:///var/task/index.mjs:3:9)`. All
//! of it is a function's own text: read with care, bounded by its payload, and never opened outside the folder.

use serde_json::Value;
use std::path::{Component, Path, PathBuf};

/// Where the code is inside, in the two ways runtimes write it.
const INSIDE: [&str; 2] = ["file:///var/task/", "/var/task/"];

/// The folder, as it is called here.
pub(super) struct Roots(PathBuf);

/// A line of a file of the folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) source: String,
}

impl Roots {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    pub(super) fn here(&self) -> std::path::Display<'_> {
        self.0.display()
    }

    /// The text with paths that a terminal can open.
    pub(super) fn reword(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for inside in INSIDE {
            text = text.replace(inside, &format!("{}/", self.0.display().to_string().trim_end_matches('/')));
        }
        text
    }

    /// The place in the folder's own files where an error was thrown.
    pub(super) fn innermost(&self, payload: &Value) -> Option<Place> {
        let lines = |name: &str| -> Vec<&str> {
            let array = payload.get(name).and_then(Value::as_array);
            array.into_iter().flatten().filter_map(Value::as_str).collect()
        };
        // Node.js puts the innermost first, Python last.
        let node = lines("trace");
        let python = lines("stackTrace");
        let mut frames = node.into_iter().chain(python.into_iter().rev());
        frames.find_map(|frame| self.place(frame))
    }

    fn place(&self, frame: &str) -> Option<Place> {
        let (_, rest) = frame.split_once("/var/task/")?;
        let end = rest.find(['"', ':', ')', '\n']).unwrap_or(rest.len());
        let (inside, after) = rest.split_at_checked(end)?;
        let line = first_number(after)?;
        // A function may name any path; only what is plainly below the folder is opened.
        if !Path::new(inside).components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        let path = self.0.join(inside);
        let text = std::fs::read_to_string(&path).ok()?;
        let source = text.lines().nth(line.checked_sub(1)?)?.to_owned();
        Some(Place { file: path.display().to_string(), line, source })
    }
}

/// The number that says the line, close behind the path.
fn first_number(text: &str) -> Option<usize> {
    let line = text.lines().next()?;
    let start = line.find(|c: char| c.is_ascii_digit()).filter(|start| *start <= 8)?;
    let digits = line.get(start..)?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn folder() -> (tempfile::TempDir, Roots) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app.py"), "one\ntwo\nraise X\n").unwrap();
        std::fs::write(folder.path().join("index.mjs"), "first\nthrow y\n").unwrap();
        let roots = Roots::new(folder.path());
        (folder, roots)
    }

    #[test]
    fn the_innermost_line_of_ones_own_is_found_in_each_languages_way_of_saying_it() {
        let (folder, roots) = folder();
        let python = |frames: &[&str]| json!({ "stackTrace": frames });
        let node = |frames: &[&str]| json!({ "trace": frames });
        for (payload, file, line, source) in [
            (
                python(&[
                    "  File \"/var/task/app.py\", line 1, in handler\n    one\n",
                    "  File \"/var/task/app.py\", line 3, in deeper\n    raise X\n",
                    "  File \"/usr/lib/python3.11/json/__init__.py\", line 346, in loads\n",
                ]),
                "app.py",
                3,
                "raise X",
            ),
            (python(&["  File \"/var/task/app.py\" Line 2\n    two\n"]), "app.py", 2, "two"),
            (
                node(&[
                    "Error: y",
                    "    at handler (file:///var/task/index.mjs:2:9)",
                    "    at /var/task/index.mjs:1:1",
                ]),
                "index.mjs",
                2,
                "throw y",
            ),
        ] {
            let expected = folder.path().join(file).display().to_string();
            let place = roots.innermost(&payload).unwrap();
            assert_eq!((place.file, place.line, place.source.as_str()), (expected, line, source));
        }
    }

    #[test]
    fn a_place_outside_the_folder_or_without_a_line_is_none() {
        let (_folder, roots) = folder();
        for frame in [
            "File \"/var/task/../../etc/passwd\", line 1",
            "File \"/var/task//etc/passwd\", line 1",
            "File \"/var/task/app.py\"",
            "File \"/var/task/app.py\", line 99",
            "File \"/var/task/app.py\", line 99999999999999999999999",
            "File \"/var/task/app.py\", line 0",
            "/var/task/",
        ] {
            assert_eq!(roots.innermost(&json!({ "stackTrace": [frame] })), None, "{frame}");
        }
    }

    #[test]
    fn paths_in_text_become_those_of_the_folder() {
        let roots = Roots::new(Path::new("fn/"));
        assert_eq!(roots.reword("at (file:///var/task/a.mjs:1) /var/task/b.py"), "at (fn/a.mjs:1) fn/b.py");
    }
}
