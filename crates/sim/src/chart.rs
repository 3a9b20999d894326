//! Fleet size against traffic as an SVG, one line each, drawn by hand.

use crate::fleet::Second;
use std::fmt::Write;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 420.0;
const MARGIN: f64 = 70.0;

/// `scale`: from the partitions that were simulated to all. `warm_up`: seconds.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn draw(seconds: &[Second], scale: f64, warm_up: usize, title: &str) -> String {
    let minute = |get: &dyn Fn(&Second) -> f64| -> Vec<f64> {
        let mean = |some: &[Second]| some.iter().map(get).sum::<f64>() / some.len().max(1) as f64;
        seconds.chunks(10).map(|some| mean(some) * scale).collect()
    };
    let traffic = minute(&|second| second.arrived as f64);
    let workers = minute(&|second| f64::from(second.workers));
    let wished = minute(&|second| f64::from(second.wished));
    let most_traffic = nice(traffic.iter().copied().fold(1.0, f64::max));
    let most_workers = nice(workers.iter().chain(&wished).copied().fold(1.0, f64::max));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{MARGIN}\" y=\"24\" font-size=\"15\">{title}</text>\n"
    );
    let right = WIDTH - MARGIN;
    let bottom = HEIGHT - MARGIN;
    let x = |second: f64| MARGIN + second / seconds.len().max(1) as f64 * (right - MARGIN);
    frame(&mut svg, most_traffic, most_workers, x(warm_up as f64));
    for minute in (0..=seconds.len() / 60).step_by(5) {
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{minute} min</text>",
            x(minute as f64 * 60.0),
            bottom + 18.0
        );
    }
    for (values, most, colour, dash) in [
        (&traffic, most_traffic, "#c2410c", ""),
        (&wished, most_workers, "#93c5fd", " stroke-dasharray=\"4 3\""),
        (&workers, most_workers, "#1d4ed8", ""),
    ] {
        let point = |(idx, value): (usize, &f64)| {
            format!("{:.1},{:.1}", x(idx as f64 * 10.0), bottom - value / most * (bottom - MARGIN))
        };
        let points: Vec<String> = values.iter().enumerate().map(point).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"{dash}/>",
            points.join(" ")
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{MARGIN}\" y=\"{0}\" fill=\"#c2410c\">invocations a second (left)</text>\
         <text x=\"290\" y=\"{0}\" fill=\"#1d4ed8\">workers (right)</text>\
         <text x=\"430\" y=\"{0}\" fill=\"#60a5fa\">workers wished, dashed (right)</text>\n</svg>",
        HEIGHT - 22.0
    );
    svg
}

/// Lines across, both scales, and what is not counted.
fn frame(svg: &mut String, most_traffic: f64, most_workers: f64, edge: f64) {
    let (right, bottom) = (WIDTH - MARGIN, HEIGHT - MARGIN);
    let _ = writeln!(
        svg,
        "<rect x=\"{MARGIN}\" y=\"{MARGIN}\" width=\"{}\" height=\"{}\" fill=\"#f3f4f6\"/>\
         <text x=\"{}\" y=\"{}\" fill=\"#666\">warm-up</text>",
        edge - MARGIN,
        bottom - MARGIN,
        MARGIN + 6.0,
        MARGIN + 16.0
    );
    for step in 0..=4 {
        let part = f64::from(step) / 4.0;
        let y = bottom - part * (bottom - MARGIN);
        let _ = writeln!(
            svg,
            "<line x1=\"{MARGIN}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#c2410c\">{}</text>\
             <text x=\"{}\" y=\"{}\" fill=\"#1d4ed8\">{}</text>",
            MARGIN - 6.0,
            y + 4.0,
            short(most_traffic * part),
            right + 6.0,
            y + 4.0,
            short(most_workers * part)
        );
    }
}

/// The next of 1, 2, 5 times a power of ten.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}

/// Three digits and a unit.
pub(crate) fn short(value: f64) -> String {
    match value {
        value if value >= 1e9 => format!("{:.2} G", value / 1e9),
        value if value >= 1e6 => format!("{:.2} M", value / 1e6),
        value if value >= 1e4 => format!("{:.1} k", value / 1e3),
        value => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_a_point_for_ten_seconds_and_its_scales_end_over_the_highest() {
        let second = Second { arrived: 900, workers: 30, wished: 20, ..Second::default() };
        let svg = draw(&[second; 600], 10.0, 60, "t");
        assert_eq!(svg.matches("<polyline").count(), 3);
        assert!(svg.contains("10.0 k") && svg.contains("500") && svg.ends_with("</svg>\n"));
        assert_eq!(
            svg.lines().filter(|line| line.contains("polyline")).map(|line| line.matches(',').count()).min(),
            Some(60)
        );
    }
}
