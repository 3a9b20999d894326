//! The budgets: what SPECIFICATION.md promises, as numbers that a run is judged by.

use super::{Report, Table};
use serde_json::{Value, json};

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}
use Bound::{AtLeast, AtMost};

/// A figure of a section, its bound, and the number as its row in SPECIFICATION.md says it.
type Budget = (&'static str, Bound, &'static str);

const BUDGETS: &[Budget] = &[
    ("server.binary_mb", AtMost(40.0), "40 MB"),
    ("server.ready.kept_ms", AtMost(100.0), "100 ms"),
    ("server.ready.new_ms", AtMost(100.0), "100 ms"),
    ("server.idle.pss_mib", AtMost(30.0), "30 MiB"),
    ("warm.rust.1.added_p50_ms", AtMost(0.3), "0.3 ms"),
    ("warm.rust.1.added_p99_ms", AtMost(1.0), "1 ms"),
    ("warm.rust.8.per_second", AtLeast(10_000.0), "10,000 a second"),
    ("warm.rust.64.per_second", AtLeast(10_000.0), "10,000 a second"),
    ("cold.python.1.over_bare_p50_ms", AtMost(10.0), "10 ms"),
    ("cold.nodejs.1.over_bare_p50_ms", AtMost(10.0), "10 ms"),
    ("cold.rust.1.over_bare_p50_ms", AtMost(10.0), "10 ms"),
    ("cold.python.pooled.p50_ms", AtMost(20.0), "20 ms"),
    ("cold.nodejs.pooled.p50_ms", AtMost(25.0), "25 ms"),
    ("cold.rust.pooled.p50_ms", AtMost(10.0), "10 ms"),
    ("dev.python.p50_ms", AtMost(200.0), "200 ms"),
    ("dev.nodejs.p50_ms", AtMost(200.0), "200 ms"),
    ("cold.thousand.environments", AtLeast(1_000.0), "1,000"),
    ("cold.thousand.all_s", AtMost(10.0), "10 s"),
    ("core.warm.per_second", AtLeast(1_000_000.0), "1,000,000 a second"),
    ("microvm.firecracker.python.function.of_cold_ratio", AtMost(0.334), "a third"),
    ("microvm.qemu.python.function.of_cold_ratio", AtMost(0.334), "a third"),
    // Its versions are not written down: the best there is.
    ("microvm.firecracker.nodejs.runtime.of_cold_ratio", AtMost(0.334), "a third"),
    ("microvm.firecracker.rust.function.of_cold_ratio", AtMost(0.334), "a third"),
    ("microvm.firecracker.python-imports.function.of_cold_ratio", AtMost(0.1), "a tenth"),
    ("microvm.qemu.python-imports.function.of_cold_ratio", AtMost(0.1), "a tenth"),
    ("microvm.firecracker.java-classes.function.of_cold_ratio", AtMost(0.1), "a tenth"),
    ("microvm.qemu.java-classes.function.of_cold_ratio", AtMost(0.1), "a tenth"),
    ("microvm.firecracker.python-imports.function.p50_ms", AtMost(150.0), "0.15 s"),
    ("microvm.firecracker.java-classes.function.p50_ms", AtMost(150.0), "0.15 s"),
    ("microvm.qemu.python-imports.function.p50_ms", AtMost(500.0), "0.5 s"),
    ("microvm.qemu.java-classes.function.p50_ms", AtMost(500.0), "0.5 s"),
    ("microvm.firecracker.python.clones.10.overhead_mib", AtMost(5.0), "5 MiB"),
    ("microvm.firecracker.python.clones.50.failed", AtMost(0.0), "0"),
    ("microvm.qemu.python.clones.50.failed", AtMost(0.0), "0"),
    ("core.warm_among_100000.per_second", AtLeast(1_000_000.0), "1,000,000 a second"),
    ("cluster.1.added_p50_ms", AtMost(1.0), "1 ms"),
    ("cluster.assignment.gap_ms", AtMost(1_000.0), "1 s"),
    // Nobody waits for these: well below what an election costs, and above what a machine's own pauses do.
    ("cluster.placement.gap_ms", AtMost(250.0), "0.25 s"),
    ("cluster.nats.gap_ms", AtMost(250.0), "0.25 s"),
    ("cluster.assignment.failed", AtMost(0.0), "0"),
    ("cluster.placement.failed", AtMost(0.0), "0"),
    ("cluster.nats.failed", AtMost(0.0), "0"),
    ("fresh-clone.answer_s", AtMost(360.0), "6 minutes"),
    ("soak.failures", AtMost(0.0), "0"),
    ("soak.growth.fds", AtMost(0.0), "0"),
    ("soak.growth.processes", AtMost(0.0), "0"),
    ("soak.growth.mounts", AtMost(0.0), "0"),
    // Allocators keep what a busy moment needed; a leak grows with every one of tens of thousands of invocations.
    ("soak.growth.pss_kib", AtMost(8192.0), "8 MiB"),
];

/// One budget and what a run found; a figure that is missing keeps nothing.
pub(super) struct Verdict {
    figure: &'static str,
    found: Option<f64>,
    promise: String,
    pub(super) kept: bool,
}

impl Verdict {
    pub(super) fn json(&self) -> Value {
        json!({ "figure": self.figure, "found": self.found, "promise": self.promise, "kept": self.kept })
    }
}

/// Judges a report by the budgets of its section.
pub(super) fn judge(report: &Report) -> Vec<Verdict> {
    let ours = BUDGETS.iter().filter(|(figure, ..)| section(figure) == report.section);
    ours.map(|(figure, bound, _)| {
        let found = report.figures.get(*figure).copied();
        let (promise, kept) = match bound {
            AtMost(most) => (format!("at most {most}"), found.is_some_and(|found| found <= *most)),
            AtLeast(least) => (format!("at least {least}"), found.is_some_and(|found| found >= *least)),
        };
        Verdict { figure, found, promise, kept }
    })
    .collect()
}

pub(super) fn table(verdicts: &[Verdict]) -> Table {
    let row = |verdict: &Verdict| {
        let found = verdict.found.map_or_else(|| "not measured".to_owned(), |found| format!("{found:.3}"));
        let kept = if verdict.kept { "kept" } else { "MISSED" };
        vec![verdict.figure.to_owned(), found, verdict.promise.clone(), kept.to_owned()]
    };
    let columns = ["figure", "found", "budget", "verdict"].map(str::to_owned).to_vec();
    Table {
        title: "budgets (SPECIFICATION.md)".to_owned(),
        columns,
        rows: verdicts.iter().map(row).collect(),
    }
}

fn section(figure: &str) -> &str {
    figure.split_once('.').map_or(figure, |(section, _)| section)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_budget_is_a_row_of_the_specification_and_of_a_section() {
        let specification = std::fs::read_to_string(crate::root().join("SPECIFICATION.md")).unwrap();
        // | what | budget | found | bench |
        let rows: Vec<Vec<&str>> =
            specification.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
        for (figure, _, number) in BUDGETS {
            let proof = format!("`cargo xtask bench {}`", section(figure));
            let promised = |row: &Vec<&str>| row.len() == 6 && row[2] == *number && row[4] == proof;
            assert!(rows.iter().any(promised), "{figure}: {number} is no budget in SPECIFICATION.md");
            assert!(super::super::SECTIONS.iter().any(|(name, ..)| *name == section(figure)), "{figure}");
        }
    }

    #[test]
    fn a_figure_over_its_budget_or_missing_is_missed() {
        let text = r#"{"section":"server","machine":{"cpu":"","cores":2,"memory_mb":1,"kernel":"","load_before":0.0},
            "figures":{"server.binary_mb":12.0,"server.idle.pss_mib":31.0},"tables":[],"notes":[]}"#;
        let verdicts = judge(&serde_json::from_str(text).unwrap());
        let kept: Vec<_> = verdicts.iter().map(|verdict| (verdict.figure, verdict.kept)).collect();
        assert!(kept.contains(&("server.binary_mb", true)), "{kept:?}");
        assert!(kept.contains(&("server.idle.pss_mib", false)), "{kept:?}");
        assert!(kept.contains(&("server.ready.kept_ms", false)), "{kept:?}");
        assert_eq!(table(&verdicts).rows.len(), verdicts.len());
    }
}
