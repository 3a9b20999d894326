//! `tinderbox dev`, as somebody who edits a function sees it.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Generous: a debug build on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

struct Dev {
    child: Child,
    events: Receiver<Value>,
}

impl Dev {
    fn start(folder: &Path, data: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tinderbox"))
            .args(["dev", "--output", "json", "--port", "0", "--event", "{}", "--name", "fn"])
            .args(arguments)
            .arg("--data")
            .arg(data)
            .arg(folder)
            .env_remove("TINDERBOX_ENDPOINT")
            .env_remove("AWS_REGION")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tx, events) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                tx.send(serde_json::from_str(&line).unwrap()).unwrap();
            }
        });
        Self { child, events }
    }

    /// The next event of this kind; others are passed over.
    fn next(&self, kind: &str) -> Value {
        loop {
            let event = self.events.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("no event {kind}"));
            if event["event"] == kind {
                return event;
            }
        }
    }

    fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn every_save_is_answered_by_the_new_code_and_an_error_names_the_line_of_the_file() {
    if Command::new("python3").arg("--version").output().is_err() {
        return println!("skipped: no python3 here");
    }
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = folder.path().join("app.py");
    let save =
        |body: &str| std::fs::write(&file, format!("def handler(event, context):\n    {body}\n")).unwrap();
    save("return 1");
    let dev = Dev::start(folder.path(), data.path(), &[]);
    dev.next("up");
    assert_eq!(dev.next("deployed")["created"], true);
    assert_eq!(dev.next("answer")["payload"], 1);

    save("print('hello from the second'); return 2");
    assert_eq!(dev.next("deployed")["created"], false);
    assert_eq!(dev.next("answer")["payload"], 2);
    loop {
        if dev.next("log")["message"] == "hello from the second\n" {
            break;
        }
    }

    save("raise ValueError('no')");
    let answer = dev.next("answer");
    assert_eq!(answer["function_error"], "Unhandled");
    assert_eq!(answer["place"], json!({ "file": file.display().to_string(), "line": 2 }));

    // A rename over the file is how many editors save.
    let beside = folder.path().join("app.py.tmp");
    std::fs::write(&beside, "def handler(event, context) return 3").unwrap();
    std::fs::rename(&beside, &file).unwrap();
    let broken = loop {
        let answer = dev.next("answer");
        if answer["payload"]["errorType"] == "Runtime.UserCodeSyntaxError" {
            break answer;
        }
    };
    assert_eq!(broken["place"]["line"], 1);

    std::fs::remove_file(&file).unwrap();
    assert!(dev.next("failed")["error"]["message"].as_str().unwrap().contains("no files"));
    save("return 4");
    assert_eq!(dev.next("answer")["payload"], 4);
    dev.end();
}

#[test]
fn a_file_is_no_folder_to_watch() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tinderbox")).arg("dev").arg(file.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is no folder"));
}
