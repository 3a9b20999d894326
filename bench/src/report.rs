//! What a section found: figures with names (for budgets and for comparing runs), tables (for people), notes.

use crate::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// One section's result, as `target/bench/SECTION.json` has it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) section: String,
    /// Seconds since 1970.
    pub(crate) at: u64,
    pub(crate) machine: Machine,
    /// `warm.rust.1.p50_ms` and the like; the unit is in the name.
    pub(crate) figures: BTreeMap<String, f64>,
    pub(crate) tables: Vec<Table>,
    /// What was skipped and why, and what else must be known to read the figures.
    pub(crate) notes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_mb: u64,
    pub(crate) kernel: String,
    /// Runnable tasks in the minute before: above a few tenths, others used the machine too.
    pub(crate) load_before: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Self { title: title.to_owned(), columns, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl Report {
    pub(crate) fn new(section: &str) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self {
            section: section.to_owned(),
            at: now.as_secs(),
            machine: Machine::here(),
            figures: BTreeMap::new(),
            tables: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Names are `SECTION.WHAT_UNIT`.
    pub(crate) fn figure(&mut self, name: &str, value: f64) {
        let name = format!("{}.{name}", self.section);
        eprintln!("  {name} = {value:.3}");
        self.figures.insert(name, value);
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        eprintln!("  note: {text}");
        self.notes.push(text);
    }

    pub(crate) fn write(&self, out: &Path) -> Outcome<()> {
        let file = out.join(format!("{}.json", self.section));
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        std::fs::write(&file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))
    }
}

impl Machine {
    fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let memory = after(&read("/proc/meminfo"), "MemTotal");
        let kilobytes = memory.split(' ').next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
        Self {
            cpu: after(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mb: kilobytes / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: read("/proc/loadavg")
                .split(' ')
                .next()
                .and_then(|it| it.parse().ok())
                .unwrap_or(0.0),
        }
    }
}
