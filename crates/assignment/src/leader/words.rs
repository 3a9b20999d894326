//! The machine's words in those of `fabric`, and back.

use fabric::assignment::{AcquireError, ProvisionFailure, Provisioned};
use fabric::worker;
use scheduler::assignment::{self as machine, Held, HeldState, Refusal};

pub(super) fn held_of(held: worker::HeldEnvironment) -> Held {
    let state = match held.state {
        worker::HeldState::Free => HeldState::Free,
        worker::HeldState::Taken => HeldState::Taken,
        worker::HeldState::Ending => HeldState::Ending,
    };
    Held { environment: held.environment, token: held.token, state }
}

pub(super) fn provisioned(found: machine::Provisioned) -> Provisioned {
    let failed = found.failed.map(|failed| match failed {
        machine::ProvisionFailure::Init => ProvisionFailure::Init,
        machine::ProvisionFailure::TooLarge => ProvisionFailure::TooLarge,
    });
    Provisioned { initialised: found.initialised, failed }
}

pub(super) fn refused(refusal: Refusal) -> AcquireError {
    match refusal {
        Refusal::Stale => AcquireError::Stale,
        Refusal::ConcurrencyLimit => AcquireError::ConcurrencyLimit,
        Refusal::ReservedConcurrencyLimit => AcquireError::ReservedConcurrencyLimit,
        Refusal::RateLimit => AcquireError::RateLimit,
        Refusal::NoCapacity => AcquireError::NoCapacity,
        Refusal::TooLarge => AcquireError::TooLarge,
        Refusal::QueueFull => AcquireError::QueueFull,
        Refusal::WorkerRefused => AcquireError::WorkerRefused,
        Refusal::Unread => {
            let reason = "what is durable of the function could not be read".to_owned();
            AcquireError::Unavailable { reason }
        }
    }
}
