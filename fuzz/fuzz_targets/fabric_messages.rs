//! The roles' messages as they travel: what decodes survives its own bytes.
#![no_main]

use fabric::api::{ApiHead, ApiRequest, BodyFrame};
use fabric::assignment::{AssignmentRequest, AssignmentResponse};
use fabric::control::{ControlRequest, ControlResponse};
use fabric::placement::{PlacementRequest, PlacementResponse};
use fabric::telemetry::{TelemetryRequest, TelemetryResponse};
use fabric::worker::{InvokeFrame, InvokeRefusal, InvokeRequest, WorkerRequest, WorkerResponse};
use serde::{Serialize, de::DeserializeOwned};

fn survives<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(message) = postcard::from_bytes::<T>(bytes) else { return };
    let once = postcard::to_stdvec(&message).unwrap();
    let again: T = postcard::from_bytes(&once).unwrap();
    assert_eq!(postcard::to_stdvec(&again).unwrap(), once);
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 16 {
        0 => survives::<AssignmentRequest>(bytes),
        1 => survives::<AssignmentResponse>(bytes),
        2 => survives::<ControlRequest>(bytes),
        3 => survives::<ControlResponse>(bytes),
        4 => survives::<PlacementRequest>(bytes),
        5 => survives::<PlacementResponse>(bytes),
        6 => survives::<TelemetryRequest>(bytes),
        7 => survives::<TelemetryResponse>(bytes),
        8 => survives::<WorkerRequest>(bytes),
        9 => survives::<WorkerResponse>(bytes),
        10 => survives::<InvokeRequest>(bytes),
        11 => survives::<InvokeFrame>(bytes),
        12 => survives::<InvokeRefusal>(bytes),
        13 => survives::<ApiRequest>(bytes),
        14 => survives::<ApiHead>(bytes),
        _ => survives::<BodyFrame>(bytes),
    }
});
