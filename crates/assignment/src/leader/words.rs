//! The machine's words in those of `fabric`, and back.

use fabric::assignment::AcquireError;
use fabric::worker;
use scheduler::assignment::{Held, HeldState, Refusal};

pub(super) fn held_of(held: worker::HeldEnvironment) -> Held {
    let state = match held.state {
        worker::HeldState::Free => HeldState::Free,
        worker::HeldState::Taken => HeldState::Taken,
        worker::HeldState::Ending => HeldState::Ending,
    };
    Held { environment: held.environment, token: held.token, state }
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
