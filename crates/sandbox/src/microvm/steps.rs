//! What the time of a boot was spent on, as the host saw it and as the guest says.
//!
//! ```text
//!  host:   drives │ launch │············ greeted │ ········· furnished
//!  guest:                  │ kernel │ guest-init │ mounts │ walls
//! ```
//! A guest's figures are its own: they are laid end to end from where the host saw it begin, and cut where the host saw
//! it end.

use super::link::Greeting;
use crate::Step;
use std::time::Duration;
use world::Instant;

/// `from`: when the launch began, when it was done, when the guest had greeted.
pub(super) fn of_boot(
    [from, launched, greeted]: [Instant; 3],
    greeting: &Greeting,
    furnished: &[(String, Duration)],
) -> Vec<Step> {
    let mut steps = vec![Step { name: "launch", from, to: launched }];
    let kernel_ends = after(launched, greeting.init).min(greeted);
    steps.push(Step { name: "kernel", from: launched, to: kernel_ends });
    steps.push(Step { name: "guest-init", from: kernel_ends, to: greeted });
    steps.extend(of_room(greeted, furnished));
    steps
}

/// The room, made from then on.
pub(super) fn of_room(from: Instant, furnished: &[(String, Duration)]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = from;
    for (name, took) in furnished {
        let to = after(at, *took);
        // Names are the guest's: what is not known is not passed on.
        let known = ["mounts", "walls"].into_iter().find(|known| known == name);
        steps.extend(known.map(|name| Step { name, from: at, to }));
        at = to;
    }
    steps
}

fn after(at: Instant, took: Duration) -> Instant {
    Instant(at.0.saturating_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_each_other_and_a_guest_can_not_claim_more_than_the_host_saw() {
        let at = |ms: u64| Instant(ms * 1_000_000);
        let greeting = Greeting {
            kernel: "6".to_owned(),
            init: Duration::from_secs(1_000),
            ready: Duration::from_secs(2_000),
        };
        let said = [
            ("mounts".to_owned(), Duration::from_millis(2)),
            ("\u{1b}[31m".to_owned(), Duration::from_millis(3)),
            ("walls".to_owned(), Duration::from_millis(4)),
        ];
        let steps = of_boot([at(0), at(10), at(100)], &greeting, &said);
        let step = |name, from, to| Step { name, from: at(from), to: at(to) };
        assert_eq!(
            steps,
            [
                step("launch", 0, 10),
                step("kernel", 10, 100),
                step("guest-init", 100, 100),
                step("mounts", 100, 102),
                step("walls", 105, 109),
            ]
        );
    }
}
