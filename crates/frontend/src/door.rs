//! An environment's own door to the Lambda API: the worker carries the bytes, we verify and answer.
//!
//! The same router as the listener's, with one key, one account and one region, and only the Lambda API and the
//! code downloads behind it: what runs in an environment reads no logs or traces of others.

use crate::Frontend;
use crate::answer::{Answer, AnswerBody};
use crate::authenticate::{Credential, Credentials, Head, Keys};
use crate::dispatch::{self, Destination, Plan, Request};
use async_trait::async_trait;
use bytes::Bytes;
use fabric::api::{Api, ApiHead, ApiRequest, ApiResponse, BodyFrame};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use types::RequestId;

/// The [`Api`] role of a frontend.
pub(crate) struct Door(Arc<Frontend>);

impl Frontend {
    /// The door that workers hand to their environments.
    pub fn door(self: &Arc<Self>) -> Arc<dyn Api> {
        Arc::new(Door(Arc::clone(self)))
    }
}

#[async_trait]
impl Api for Door {
    async fn call(&self, request: ApiRequest) -> ApiResponse {
        let answer = answer(&self.0, request).await;
        let headers = answer.headers.iter();
        let headers = headers
            .map(|(name, value)| (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes())))
            .collect();
        let head = ApiHead { status: answer.status.as_u16(), headers };
        let body = match answer.body {
            AnswerBody::Frames(frames) => frames,
            AnswerBody::Whole(bytes) => {
                let (tx, rx) = fabric::stream::channel(2);
                for frame in [BodyFrame::Data(bytes), BodyFrame::End] {
                    // Two frames in a stream of two: never waits, and fails only when the reader has gone.
                    let _ = tx.send(frame).await;
                }
                rx
            }
        };
        ApiResponse { head, body }
    }
}

async fn answer(frontend: &Arc<Frontend>, request: ApiRequest) -> Answer {
    let ApiRequest { credentials, method, uri, headers, body } = request;
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        // What is no HTTP header is not signed either; dropping it harms nobody but the sender.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_maybe_shared(value)) {
            map.append(name, value);
        }
    }
    let credential = Credential {
        secret_access_key: credentials.secret_access_key,
        session_token: Some(credentials.session_token),
        account: Some(credentials.account.clone()),
    };
    let known = Credentials::from([(credentials.access_key_id, credential)]);
    let keys = Keys {
        credentials: Some(&known),
        default_account: &credentials.account,
        default_region: &credentials.region,
        fixed_region: Some(&credentials.region),
    };
    let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
    let request = Request {
        head: Head { method: &method, path, query, headers: &map },
        request_id: RequestId::from_random(frontend.world.random_16()),
        received: frontend.world.now(),
    };
    let destination = match Destination::of(&request.head) {
        found @ (Destination::Lambda { .. } | Destination::Code(_)) => found,
        _ => Destination::Unknown,
    };
    let answer = match Plan::new(destination, frontend, &keys, &request.head) {
        Err(refusal) => *refusal,
        Ok(plan) if body.len() > plan.destination().body_bytes_max() => {
            plan.destination().refuse(&plan.destination().too_large(body.len() as u64))
        }
        Ok(plan) => plan.answer(frontend, &request, body).await,
    };
    dispatch::finish(answer, request.request_id)
}
