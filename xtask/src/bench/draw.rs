//! Tables on a terminal.

use super::{Report, Table};

/// A section: its machine, its tables, its notes.
pub(super) fn report(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "{}: {} × {}, {} MB, Linux {}, load before {:.2}\n",
        report.section, machine.cores, machine.cpu, machine.memory_mb, machine.kernel, machine.load_before
    );
    for each in &report.tables {
        text.push('\n');
        text.push_str(&table(each));
    }
    for note in &report.notes {
        text.push_str(&format!("\nnote: {note}"));
    }
    text + "\n"
}

/// The first column to the left, numbers to the right.
pub(super) fn table(table: &Table) -> String {
    let rows = || std::iter::once(&table.columns).chain(&table.rows);
    let width = |idx: usize| {
        rows().filter_map(|row| row.get(idx)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let mut text = format!("{}\n", table.title);
    for row in rows() {
        for (idx, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = if idx == 0 { format!("  {cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&cell);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let cells = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let rows = vec![cells(&["echo", "0.1"]), cells(&["λ", "10.25"])];
        let drawn = table(&Table { title: "t".to_owned(), columns: cells(&["what", "ms"]), rows });
        assert_eq!(drawn, "t\n  what     ms\n  echo    0.1\n  λ     10.25\n");
    }
}
