//! What happened, as lines for a person and as one number that tells two runs apart.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};

/// Lines that are shown of a run that failed.
const LAST: usize = 60;

#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    hash: u64,
    steps: u64,
    /// All of them, or the last ones.
    lines: VecDeque<String>,
    whole: bool,
    buffer: String,
}

impl Trace {
    /// `whole`: every line is kept, for a file.
    pub(crate) fn new(whole: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, whole, ..Self::default() }
    }

    /// One poll of one task.
    pub(crate) fn step(&mut self, now: u64, task: u64) {
        self.steps += 1;
        self.mix(now);
        self.mix(task);
    }

    pub(crate) fn note(&mut self, now: u64, what: fmt::Arguments<'_>) {
        let mut line = std::mem::take(&mut self.buffer);
        line.clear();
        // Writing into a string does not fail.
        let _ = write!(line, "{:>12.6} {what}", now as f64 / 1e9);
        line.bytes().for_each(|byte| self.mix(u64::from(byte)));
        if !self.whole && self.lines.len() == LAST {
            self.buffer = self.lines.pop_front().unwrap_or_default();
        }
        self.lines.push_back(line);
    }

    fn mix(&mut self, number: u64) {
        self.hash = (self.hash ^ number).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
    }

    /// The same for the same run.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Polls.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    pub(crate) fn last(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().skip(self.lines.len().saturating_sub(LAST)).map(String::as_str)
    }
}
