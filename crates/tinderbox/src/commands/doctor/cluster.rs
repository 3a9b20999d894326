//! `tinderbox doctor --cluster`: whether NATS servers keep what is promised on them.

use crate::cli::DoctorArgs;
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use serde_json::json;
use substrate::nats::check;
use world::World;

pub(super) fn run(addresses: &str, args: &DoctorArgs, screen: Screen) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::here(format!("no runtime: {error}")))?;
    let spinner = screen.spinner("looking at the NATS servers");
    let settings = args.nats.settings(addresses);
    let findings = runtime.block_on(async { check::look(&World::real(), settings, &args.monitor).await });
    drop(spinner);
    let bad = findings.iter().filter(|finding| !finding.good).count();
    if screen.json {
        let findings: Vec<_> = findings
            .iter()
            .map(|it| {
                let advice = (!it.good).then_some(it.advice);
                json!({ "what": it.what, "good": it.good, "found": it.found, "advice": advice })
            })
            .collect();
        screen.value(&json!({ "findings": findings }))?;
    } else {
        for finding in &findings {
            let mark = if finding.good { "✓" } else { "–" };
            screen.line(format!("{mark} {:28} {}", finding.what, finding.found))?;
            if !finding.good {
                screen.line(format!("{:31}→ {}", "", finding.advice))?;
            }
        }
    }
    if bad == 0 { Ok(()) } else { Err(Failure::quiet(Exit::Host)) }
}
