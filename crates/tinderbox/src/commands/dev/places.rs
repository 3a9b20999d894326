//! From a path inside an environment to the file it was deployed from.
//!
//! Runtimes name places in their own way: `File "/var/task/app.py", line 3`, `(file:///var/task/index.mjs:3:9)`. All
//! of it is a function's own text: read with care, bounded by its payload. Only regular files that are really below the
//! folder (a link may lead anywhere) are opened, and only the start of each is read.

use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};

/// Where the code is inside. A module of Node.js is named by a URL, with `file://` before it.
const INSIDE: &str = "/var/task/";
const URL: &str = "file://";
/// Of a file, so much is looked through for the line: more than anybody's source, less than what a disk can hold.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

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
        let folder = self.0.display().to_string();
        let mut reworded = String::with_capacity(text.len());
        let mut rest = text;
        // Once over the text: the folder's own path may have /var/task/ in it.
        while let Some((before, after)) = rest.split_once(INSIDE) {
            reworded.push_str(before.strip_suffix(URL).unwrap_or(before));
            reworded.push_str(folder.trim_end_matches('/'));
            reworded.push('/');
            rest = after;
        }
        reworded + rest
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
        let (_, rest) = frame.split_once(INSIDE)?;
        let end = rest.find(['"', ':', ')', '\n']).unwrap_or(rest.len());
        let (inside, after) = rest.split_at_checked(end)?;
        let line = first_number(after)?;
        // A function may name any path; only what is plainly below the folder is opened.
        if !Path::new(inside).components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        let path = self.0.join(inside);
        let file = BufReader::new(self.open(&path)?.take(FILE_BYTES_MAX));
        let source = file.lines().nth(line.checked_sub(1)?)?.ok()?;
        Some(Place { file: path.display().to_string(), line, source })
    }
}

impl Roots {
    /// A regular file whose real place is below the folder's real place: links are followed only to there.
    fn open(&self, path: &Path) -> Option<File> {
        let path = path.canonicalize().ok()?;
        let inside = path.starts_with(self.0.canonicalize().ok()?);
        // A pipe would be waited for.
        (inside && path.metadata().ok()?.is_file()).then(|| File::open(path).ok()).flatten()
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
    fn a_link_out_of_the_folder_a_pipe_and_a_line_too_far_are_not_read() {
        let (folder, roots) = folder();
        let outside = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(outside.path(), "secret\n").unwrap();
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
        link(outside.path(), "out.py");
        link(&folder.path().join("app.py"), "in.py");
        let pipe = folder.path().join("pipe.py");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let long = "#\n".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() / 2) + "far\n";
        std::fs::write(folder.path().join("long.py"), long).unwrap();
        let source = |name: &str, line: u64| {
            let frame = format!("File \"/var/task/{name}\", line {line}");
            roots.innermost(&json!({ "stackTrace": [frame] })).map(|place| place.source)
        };
        assert_eq!(source("out.py", 1), None);
        assert_eq!(source("pipe.py", 1), None);
        assert_eq!(source("long.py", FILE_BYTES_MAX / 2 + 1), None);
        assert_eq!(source("in.py", 2).as_deref(), Some("two"));
    }

    #[test]
    fn paths_in_text_become_those_of_the_folder() {
        let roots = Roots::new(Path::new("/srv/var/task/fn"));
        assert_eq!(roots.reword("/var/task/b.py"), "/srv/var/task/fn/b.py");
        let roots = Roots::new(Path::new("fn/"));
        assert_eq!(roots.reword("at (file:///var/task/a.mjs:1) /var/task/b.py"), "at (fn/a.mjs:1) fn/b.py");
    }
}
