//! PutFunctionConcurrency and DeleteFunctionConcurrency.

use crate::commit::{After, Decision, Inner, Retires};
use crate::model::{Current, Function, FunctionId, Reservation};
use fabric::control::{ControlError, ReserveConcurrency};
use std::sync::Arc;
use types::FunctionName;
use types::limits::UNRESERVED_EXECUTIONS_MIN;

pub(crate) async fn reserve(inner: Arc<Inner>, message: ReserveConcurrency) -> Result<(), ControlError> {
    let ReserveConcurrency { named, reserved } = message;
    if named.qualifier.is_some() {
        return Err(ControlError::ReservationOnQualified);
    }
    let id = FunctionId { scope: named.scope, name: named.function };
    // One after the other within a scope: two that each leave enough may not both. Nothing has the empty name.
    let scope = FunctionId { scope: id.scope.clone(), name: FunctionName::new("") };
    let _guard = inner.locks.lock(&scope).await;
    // Of what other processes reserve in this very moment nothing is known: what each sees before is bounded, no more.
    inner.look_at_scope(&id.scope).await?;
    let taken = inner.index.usage(&id.scope).reserved;
    let room = Room { taken, limit: inner.settings.concurrency_max };
    inner.mutate(&id, |current, _| decide(&id, reserved, room, current)).await
}

/// What the account has.
#[derive(Clone, Copy)]
struct Room {
    /// Reserved by all functions.
    taken: u32,
    limit: u32,
}

fn decide(
    id: &FunctionId,
    reserved: Option<u32>,
    room: Room,
    current: &Current,
) -> Result<Decision<()>, ControlError> {
    let before = current.function.as_ref().ok_or_else(|| id.not_found(None))?;
    let provisioned = before.provisioned();
    if let Some(reserved) = reserved.filter(|reserved| *reserved < provisioned) {
        return Err(ControlError::ReservedBelowProvisioned { reserved, provisioned });
    }
    let (present, wanted) = (before.set_aside(), reserved.unwrap_or(provisioned));
    // An account that has less altogether can reserve nothing, as AWS has it.
    let minimum = UNRESERVED_EXECUTIONS_MIN.min(room.limit);
    let others = room.taken.saturating_sub(present);
    if wanted > present && others.saturating_add(wanted) > room.limit - minimum {
        return Err(ControlError::TooMuchReserved { minimum });
    }
    if before.reservation.reserved == reserved {
        return Ok(Decision { after: After::Same, answer: () });
    }
    let mut function = Function::clone(before);
    // No version's code or configuration changes: their environments stay, and their revision ids.
    function.reservation = Reservation { at: function.counters.next_generation(), reserved };
    let after = After::Live { function: Box::new(function), retires: Retires::Nobody };
    Ok(Decision { after, answer: () })
}
