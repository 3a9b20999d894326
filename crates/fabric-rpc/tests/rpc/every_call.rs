//! Every call of every role, in every variant of its message and its answer: over a socket it is what it is direct.

use crate::kit::Running;
use async_trait::async_trait;
use bytes::Bytes;
use fabric::FrameStream;
use fabric::api::{Api, ApiHead, ApiRequest, BodyFrame};
use fabric::assignment::{Assignment, AssignmentRequest, AssignmentResponse};
use fabric::control::{Control, ControlRequest, ControlResponse};
use fabric::placement::{Placement, PlacementRequest, PlacementResponse};
use fabric::remote::{Call, Carrier, Lost, Remote, Served};
use fabric::stream;
use fabric::telemetry::{Telemetry, TelemetryRequest, TelemetryResponse};
use fabric::worker::{
    InvokeFrame, InvokeRefusal, InvokeRequest, WorkerCensus, WorkerCensusRequest, WorkerCensusResponse,
    WorkerControl, WorkerInvoke, WorkerRequest, WorkerResponse,
};
use fabric_rpc::Roles;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex};
use testkit::made::{Seen, make};

/// Of each variant.
const ROUNDS: u64 = 25;

/// Answers what the test says, and remembers what it was asked.
#[derive(Default)]
struct Script {
    answer: Mutex<(Bytes, Vec<Bytes>)>,
    asked: Mutex<Vec<(Call, Bytes)>>,
}

#[async_trait]
impl Carrier for Script {
    async fn call(&self, call: Call, request: Bytes) -> Result<Bytes, Lost> {
        self.asked.lock().unwrap().push((call, request));
        Ok(self.answer.lock().unwrap().0.clone())
    }
    async fn open(&self, call: Call, request: Bytes) -> Result<(Bytes, FrameStream<Bytes>), Lost> {
        self.asked.lock().unwrap().push((call, request));
        let (head, frames) = self.answer.lock().unwrap().clone();
        let (tx, rx) = stream::channel(frames.len().max(1));
        for frame in frames {
            tx.try_send(frame).unwrap();
        }
        Ok((head, rx))
    }
}

impl Script {
    /// The call came twice, first direct and then over the socket, and was the same.
    fn check_asked(&self) {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert_eq!(asked[0], asked[1]);
    }
}

fn bytes(message: &impl Serialize) -> Bytes {
    postcard::to_stdvec(message).unwrap().into()
}

fn made<T: DeserializeOwned>(outer: usize, round: u64) -> T {
    make(outer, round, &mut Seen::new()).0
}

fn variants<T: DeserializeOwned>() -> usize {
    make::<T>(0, 0, &mut Seen::new()).1
}

macro_rules! role_is_the_same_over_a_socket {
    ($test:ident, $Role:ident, $Request:ident, $Response:ident) => {
        #[tokio::test]
        async fn $test() {
            let script = Arc::new(Script::default());
            let direct: Arc<dyn $Role> = Remote::<dyn $Role>::new(script.clone());
            let server = Running::new(Roles::default().with(Served::new(direct.clone()))).await;
            let remote = Remote::<dyn $Role>::new(server.peer());
            for outer in 0..variants::<$Request>() {
                for round in 0..ROUNDS {
                    let request: $Request = made(outer, round);
                    let answer: $Response = made(outer, round);
                    // Behind the variant's number: the answer as it travels.
                    *script.answer.lock().unwrap() = (bytes(&answer).slice(1..), Vec::new());
                    let expected = request.clone().dispatch(&*direct).await;
                    let came = request.dispatch(&*remote).await;
                    assert_eq!(format!("{expected:?}"), format!("{answer:?}"));
                    assert_eq!(format!("{came:?}"), format!("{answer:?}"));
                    script.check_asked();
                }
            }
            drop(remote);
            server.ended().await;
        }
    };
}

role_is_the_same_over_a_socket!(
    assignment_is_the_same_over_a_socket,
    Assignment,
    AssignmentRequest,
    AssignmentResponse
);
role_is_the_same_over_a_socket!(control_is_the_same_over_a_socket, Control, ControlRequest, ControlResponse);
role_is_the_same_over_a_socket!(
    placement_is_the_same_over_a_socket,
    Placement,
    PlacementRequest,
    PlacementResponse
);
role_is_the_same_over_a_socket!(
    telemetry_is_the_same_over_a_socket,
    Telemetry,
    TelemetryRequest,
    TelemetryResponse
);
role_is_the_same_over_a_socket!(
    worker_census_is_the_same_over_a_socket,
    WorkerCensus,
    WorkerCensusRequest,
    WorkerCensusResponse
);
role_is_the_same_over_a_socket!(
    worker_control_is_the_same_over_a_socket,
    WorkerControl,
    WorkerRequest,
    WorkerResponse
);

async fn all<F: std::fmt::Debug>(mut frames: FrameStream<F>) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(frame) = frames.next().await {
        all.push(format!("{frame:?}"));
    }
    all
}

#[tokio::test]
async fn invoke_is_the_same_over_a_socket() {
    let script = Arc::new(Script::default());
    let direct: Arc<dyn WorkerInvoke> = Remote::<dyn WorkerInvoke>::new(script.clone());
    let server = Running::new(Roles::default().with(Served::new(direct.clone()))).await;
    let remote = Remote::<dyn WorkerInvoke>::new(server.peer());
    for round in 0..ROUNDS {
        let request: InvokeRequest = made(0, round);
        let frames: Vec<InvokeFrame> =
            (0..round).map(|idx| made(idx as usize % variants::<InvokeFrame>(), idx)).collect();
        let head = bytes(&Ok::<(), InvokeRefusal>(()));
        *script.answer.lock().unwrap() = (head, frames.iter().map(bytes).collect());
        let expected = all(direct.invoke(request.clone()).await.unwrap()).await;
        let came = all(remote.invoke(request).await.unwrap()).await;
        assert_eq!(expected, frames.iter().map(|frame| format!("{frame:?}")).collect::<Vec<_>>());
        assert_eq!(came, expected);
        script.check_asked();
    }
    for outer in 0..variants::<InvokeRefusal>() {
        let refusal: InvokeRefusal = made(outer, 1);
        *script.answer.lock().unwrap() = (bytes(&Err::<(), _>(refusal.clone())), Vec::new());
        let request: InvokeRequest = made(0, 1);
        assert_eq!(direct.invoke(request.clone()).await.err(), Some(refusal.clone()));
        assert_eq!(remote.invoke(request).await.err(), Some(refusal));
        script.check_asked();
    }
}

#[tokio::test]
async fn an_environments_request_is_the_same_over_a_socket() {
    let script = Arc::new(Script::default());
    let direct: Arc<dyn Api> = Remote::<dyn Api>::new(script.clone());
    let server = Running::new(Roles::default().with(Served::new(direct.clone()))).await;
    let remote = Remote::<dyn Api>::new(server.peer());
    for round in 0..ROUNDS {
        let request: ApiRequest = made(0, round);
        let head: ApiHead = made(0, round);
        let frames: Vec<BodyFrame> = (0..round).map(|idx| made(idx as usize % 2, idx)).collect();
        *script.answer.lock().unwrap() = (bytes(&head), frames.iter().map(bytes).collect());
        let expected = direct.call(request.clone()).await;
        let came = remote.call(request).await;
        assert_eq!(format!("{:?}", came.head), format!("{head:?}"));
        assert_eq!(format!("{:?}", expected.head), format!("{head:?}"));
        assert_eq!(all(came.body).await, all(expected.body).await);
        script.check_asked();
    }
}
