//! Every message of every role, in every variant, survives its own bytes.
//!
//! `testkit::made` makes them up, so a member or a variant that is added tomorrow is in the test without a line here; a
//! new role adds its name to the list below.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use fabric::api::{ApiHead, ApiRequest, BodyFrame};
use fabric::assignment::{AssignmentRequest, AssignmentResponse};
use fabric::control::{ControlRequest, ControlResponse};
use fabric::placement::{PlacementRequest, PlacementResponse};
use fabric::telemetry::{TelemetryRequest, TelemetryResponse};
use fabric::worker::{
    InvokeFrame, InvokeRefusal, InvokeRequest, WorkerCensusRequest, WorkerCensusResponse, WorkerRequest,
    WorkerResponse,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use testkit::made::{Seen, make};

/// So many that each variant of each enum is made; the end of [`check`] looks whether it was.
const ROUNDS: u64 = 2_000;

#[test]
fn every_message_in_every_variant_survives_its_own_bytes() {
    check::<AssignmentRequest>();
    check::<AssignmentResponse>();
    check::<ControlRequest>();
    check::<ControlResponse>();
    check::<PlacementRequest>();
    check::<PlacementResponse>();
    check::<TelemetryRequest>();
    check::<TelemetryResponse>();
    check::<WorkerCensusRequest>();
    check::<WorkerCensusResponse>();
    check::<WorkerRequest>();
    check::<WorkerResponse>();
    check::<InvokeRequest>();
    check::<InvokeFrame>();
    check::<InvokeRefusal>();
    check::<ApiRequest>();
    check::<ApiHead>();
    check::<BodyFrame>();
}

/// Each variant of `T` itself, and inside it each variant of every enum, options full and empty.
fn check<T: Serialize + DeserializeOwned + Debug>() {
    let (mut outer, mut variants) = (0, 1);
    let mut seen = Seen::new();
    while outer < variants {
        for round in 0..ROUNDS {
            let (message, of) = make::<T>(outer, round, &mut seen);
            variants = of;
            let bytes = postcard::to_stdvec(&message).unwrap();
            let (again, rest) = postcard::take_from_bytes::<T>(&bytes).unwrap();
            assert!(rest.is_empty(), "{} bytes were not read: {message:?}", rest.len());
            assert_eq!(format!("{again:?}"), format!("{message:?}"));
            assert_eq!(postcard::to_stdvec(&again).unwrap(), bytes, "{message:?}");
        }
        outer += 1;
    }
    for ((name, variants), seen) in seen {
        assert_eq!(seen.len(), variants.len(), "of {name} only {seen:?} were made");
    }
}
