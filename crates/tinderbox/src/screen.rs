//! What a command shows: answers to stdout, everything else to stderr, bars only on a terminal.
//!
//! A command's output is made to be piped: stdout carries the answer and nothing else, and a reader that has had
//! enough (`| head`) ends the command without a word.

use crate::cli::Output;
use crate::failure::{Exit, Failure};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::{ErrorKind, IsTerminal, Write};
use std::time::Duration;

/// Below this a bar would only flicker.
const TICK: Duration = Duration::from_millis(150);
/// Columns when stdout is no terminal.
const WIDTH_PIPED: usize = 80;

/// Where the output goes and what it may look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    pub(crate) json: bool,
    /// Unicode bars and colour are for eyes.
    pub(crate) out_is_terminal: bool,
    pub(crate) err_is_terminal: bool,
    pub(crate) color: bool,
}

impl Screen {
    pub(crate) fn new(output: Output) -> Self {
        let out_is_terminal = std::io::stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            json: output == Output::Json,
            out_is_terminal,
            err_is_terminal: std::io::stderr().is_terminal(),
            color: out_is_terminal && !no_color,
        }
    }

    /// Columns to draw on.
    pub(crate) fn width(self) -> usize {
        if !self.out_is_terminal {
            return WIDTH_PIPED;
        }
        rustix::termios::tcgetwinsize(std::io::stdout())
            .map_or(WIDTH_PIPED, |size| usize::from(size.ws_col))
            .clamp(40, 160)
    }

    /// Bytes as they are, to stdout.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
            // The reader has had enough: `tinderbox logs hello | head`.
            ErrorKind::BrokenPipe => Failure::quiet(Exit::Failed),
            _ => Failure::here(format!("stdout can not be written: {error}")),
        })
    }

    /// One line of the answer.
    pub(crate) fn line(self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.bytes(format!("{}\n", text.as_ref()).as_bytes())
    }

    /// The answer for programs.
    pub(crate) fn value(self, value: &Value) -> Result<(), Failure> {
        self.line(format!("{value:#}"))
    }

    /// Beside the answer: to stderr, and only for people.
    pub(crate) fn note(self, text: impl AsRef<str>) {
        if !self.json {
            // A closed stderr is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{}", text.as_ref());
        }
    }

    /// What the owner of a function should know.
    pub(crate) fn warn(self, warning: Option<&str>) {
        if let Some(warning) = warning {
            self.note(format!("warning: {warning}"));
        }
    }

    /// The last words of a command that failed.
    pub(crate) fn failure(self, failure: &Failure) {
        if failure.quiet {
            return;
        }
        let mut err = std::io::stderr();
        let _ = match self.json {
            true => writeln!(err, "{:#}", failure.json()),
            false => writeln!(err, "error: {failure}"),
        };
    }

    /// A spinner until the returned value is dropped.
    pub(crate) fn spinner(self, what: impl Into<String>) -> Spinner {
        if self.json || !self.err_is_terminal {
            return Spinner(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(what.into());
        bar.enable_steady_tick(TICK);
        Spinner(bar)
    }

    /// A bar of `of` steps.
    pub(crate) fn bar(self, of: u64) -> Spinner {
        let spinner = self.spinner("");
        spinner.0.set_length(of);
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:24}] {pos}/{len} {wide_msg}") {
            spinner.0.set_style(style);
        }
        spinner
    }

    /// Dimmed where colour is wanted.
    pub(crate) fn dim(self, text: &str) -> String {
        self.styled(text, "2")
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.styled(text, "1")
    }

    fn styled(self, text: &str, code: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Cleared when dropped.
pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    pub(crate) fn say(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }

    /// Another number of steps, for what comes next.
    pub(crate) fn of(&self, length: u64) {
        self.0.set_length(length);
    }

    pub(crate) fn at(&self, position: u64) {
        self.0.set_position(position);
    }

    /// Says something else: the spinner goes, and turns again below it.
    pub(crate) fn aside<T>(&self, say: impl FnOnce() -> T) -> T {
        self.0.suspend(say)
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
