//! The flame graph of the warm path: `perf` samples the server under load, this draws the stacks.
//!
//! ```text
//! perf record ─► perf script (a block of lines a sample) ─► folded: stack ─► count ─► tree ─► SVG
//! ```

use crate::api::{Connection, WHOLE_PROCESSOR_MB, invoke_path};
use crate::load::{self, Target};
use crate::platform::{DataFolder, Platform};
use crate::process::Running;
use crate::{Outcome, Setting, functions};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

const CONNECTIONS: usize = 8;
const WARM_UP: Duration = Duration::from_secs(1);
/// Prime, so that samples do not march in step with a timer.
const SAMPLES_A_SECOND: &str = "997";
const WIDTH: f64 = 1_600.0;
const ROW: f64 = 16.0;
/// Boxes narrower than this are nothing that an eye can see.
const NARROWEST: f64 = 0.5;

pub(crate) async fn run(mut setting: Setting) -> Outcome<()> {
    setting.tinderbox = setting.root.join("target/flame/flame/tinderbox");
    let data = DataFolder::new(&setting, "flame")?;
    let platform = Platform::start(&setting, data.path(), &["--memory", "100000"])?;
    let function = functions::rust(&setting)?;
    let mut connection = Connection::open(platform.address).await?;
    connection.create("flame", &function.package, WHOLE_PROCESSOR_MB).await?;
    let target = Target { name: "flame".to_owned(), address: platform.address, path: invoke_path("flame") };
    load::run(&target, CONNECTIONS, WARM_UP).await?;
    let samples = setting.out.join("perf.data");
    let pid = platform.running.pid().to_string();
    let mut record = Command::new("perf");
    // By the clock: virtual machines often have no counter of cycles.
    record.args(["record", "-e", "cpu-clock", "-g", "-F", SAMPLES_A_SECOND, "-p", &pid]);
    record.arg("-o").arg(&samples).stdin(Stdio::null()).stdout(Stdio::null());
    let mut perf = Running::new(record.spawn().map_err(|error| format!("perf: {error}"))?);
    let load = load::run(&target, CONNECTIONS, setting.load.max(Duration::from_secs(5))).await?;
    if let Ok(Some(status)) = perf.child().try_wait() {
        return Err(format!("perf ended before the load did: {status}"));
    }
    // perf writes its file when it is told to end.
    perf.end()?;
    platform.stop()?;
    eprintln!("  {:.0} invocations a second while it was sampled", load.per_second);
    let mut script = Command::new("perf");
    script.args(["script", "--no-inline", "-F", "comm,ip,sym", "-i"]).arg(&samples);
    let output = script.stderr(Stdio::null()).output().map_err(|error| format!("perf script: {error}"))?;
    let stacks = fold(&String::from_utf8_lossy(&output.stdout));
    let total: u64 = stacks.values().sum();
    if total == 0 {
        return Err("perf saw no sample: this machine may forbid it (kernel.perf_event_paranoid)".to_owned());
    }
    let folded: String =
        stacks.iter().map(|(stack, count)| format!("{} {count}\n", stack.join(";"))).collect();
    write(&setting, "flame.folded", &folded)?;
    write(&setting, "flame.svg", &svg(&stacks))
}

fn write(setting: &Setting, name: &str, text: &str) -> Outcome<()> {
    let file = setting.out.join(name);
    std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
}

/// Stacks from the outermost frame in, each with its number of samples.
type Stacks = BTreeMap<Vec<String>, u64>;

/// A sample is a line with the thread's name, then a line `ADDRESS SYMBOL` for each frame from the innermost out.
fn fold(script: &str) -> Stacks {
    let mut stacks = Stacks::new();
    for block in script.split("\n\n") {
        let mut lines = block.lines().filter(|line| !line.is_empty());
        let Some(thread) = lines.next() else { continue };
        let mut stack: Vec<String> = lines.filter_map(frame).collect();
        stack.push(thread.trim().to_owned());
        stack.reverse();
        *stacks.entry(stack).or_default() += 1;
    }
    stacks
}

/// Without the address and without the hash at the end of a Rust symbol.
fn frame(line: &str) -> Option<String> {
    let symbol = line.trim().split_once(' ').map_or("", |(_, symbol)| symbol.trim());
    if symbol.is_empty() {
        return None;
    }
    let is_hash = |text: &str| text.len() == 17 && text.starts_with('h');
    Some(match symbol.rsplit_once("::") {
        Some((name, hash)) if is_hash(hash) => name.to_owned(),
        _ => symbol.to_owned(),
    })
}

#[derive(Default)]
struct Node {
    count: u64,
    below: BTreeMap<String, Node>,
}

fn svg(stacks: &Stacks) -> String {
    let mut root = Node::default();
    for (stack, count) in stacks {
        root.count += count;
        let mut node = &mut root;
        for frame in stack {
            node = node.below.entry(frame.clone()).or_default();
            node.count += count;
        }
    }
    let mut boxes = String::new();
    #[allow(clippy::cast_precision_loss)]
    let scale = WIDTH / root.count.max(1) as f64;
    let depth = draw(&mut boxes, "all", &root, 0.0, 0, scale, root.count);
    let height = f64::from(depth + 1) * ROW;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" \
         font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{boxes}</svg>\n"
    )
}

/// One box and all below it (outermost on top); the deepest row.
fn draw(into: &mut String, name: &str, node: &Node, x: f64, row: u32, scale: f64, all: u64) -> u32 {
    #[allow(clippy::cast_precision_loss)]
    let (width, share) = (node.count as f64 * scale, 100.0 * node.count as f64 / all.max(1) as f64);
    if width < NARROWEST {
        return row;
    }
    let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // A colour of its own for each name, the same in every run.
    let hue = name.bytes().fold(7u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))) % 50;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let letters = (width / 6.8) as usize;
    let shown: String = if letters < 4 { String::new() } else { name_within(&name, letters) };
    let y = f64::from(row) * ROW;
    // Writing to a String does not fail.
    let _ = writeln!(
        into,
        "<g><title>{name}: {share:.2} %</title><rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"15\" \
         fill=\"hsl({hue} 80% 65%)\"/><text x=\"{:.1}\" y=\"{}\">{shown}</text></g>",
        x + 2.0,
        y + 11.5
    );
    let mut deepest = row;
    let mut at = x;
    for (name, below) in &node.below {
        deepest = deepest.max(draw(into, name, below, at, row + 1, scale, all));
        #[allow(clippy::cast_precision_loss)]
        let width = below.count as f64 * scale;
        at += width;
    }
    deepest
}

/// The end of a path says more than its beginning; an escaped letter is not cut in two.
fn name_within(name: &str, letters: usize) -> String {
    let count = name.chars().count();
    if count <= letters {
        return name.to_owned();
    }
    let end: String = name.chars().skip(count - letters + 1).collect();
    let whole = match (end.find(';'), end.find('&')) {
        (Some(semicolon), ampersand) if ampersand.is_none_or(|at| at > semicolon) => &end[semicolon + 1..],
        _ => end.as_str(),
    };
    format!("…{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "tokio-worker \n\t  55d read\n\t  55e app::serve::h0123456789abcdef\n\n\
                          tokio-worker \n\t  55d read\n\t  55e app::serve::h0123456789abcdef\n\nmain \n\t 1 a<b>\n";

    #[test]
    fn samples_fold_into_stacks_from_the_outside_in() {
        let stacks = fold(SCRIPT);
        let folded: Vec<_> = stacks.iter().map(|(stack, count)| (stack.join(";"), *count)).collect();
        let expected = [("main;a<b>".to_owned(), 1), ("tokio-worker;app::serve;read".to_owned(), 2)];
        assert_eq!(folded, expected);
    }

    #[test]
    fn the_picture_names_every_wide_frame_with_its_share_and_escapes_it() {
        let picture = svg(&fold(SCRIPT));
        for part in ["app::serve: 66.67 %", "a&lt;b&gt;: 33.33 %", "all: 100.00 %"] {
            assert!(picture.contains(part), "{part}: {picture}");
        }
        assert_eq!(name_within("abc&lt;def", 7), "…def");
        assert_eq!(name_within("abcdef", 4), "…def");
    }
}
