//! `Api`: an environment's own door to the Lambda API. The worker carries the bytes; `frontend` verifies and answers.

use crate::remote::{self, Answering, Call, Garbled, Remote, Reply, Served};
use crate::stream::{self, FrameStream};
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use types::{AccountId, Region};

/// The Lambda API as environments reach it.
#[async_trait]
pub trait Api: Send + Sync + 'static {
    /// One request that came through an environment's door. Only these credentials sign it, only their account is
    /// touched.
    async fn call(&self, request: ApiRequest) -> ApiResponse;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiRequest {
    pub credentials: ScopedCredentials,
    pub method: String,
    /// Raw path and query, as received (signatures cover it).
    pub uri: String,
    pub headers: Vec<(String, Bytes)>,
    /// At most `limits::REQUEST_BODY_BYTES_MAX` or the operation's own limit; the door bounds it.
    pub body: Bytes,
}

/// What an environment's `AWS_ACCESS_KEY_ID` and friends say. Never logged.
#[derive(Clone, Serialize, Deserialize)]
pub struct ScopedCredentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    pub account: AccountId,
    pub region: Region,
}

impl std::fmt::Debug for ScopedCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScopedCredentials").field("account", &self.account).finish_non_exhaustive()
    }
}

pub struct ApiResponse {
    pub head: ApiHead,
    /// Ends after `BodyFrame::End`; without it, it was broken off.
    pub body: FrameStream<BodyFrame>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiHead {
    pub status: u16,
    pub headers: Vec<(String, Bytes)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum BodyFrame {
    Data(Bytes),
    End,
}

/// The call, the head and each frame go through bytes.
#[async_trait]
impl Api for crate::encoded::Encoded<dyn Api> {
    async fn call(&self, request: ApiRequest) -> ApiResponse {
        let mut response = self.inner().call(crate::encoded::round_trip(&request)).await;
        let (tx, rx) = stream::channel(1);
        // Only the test transport forwards frames by a task of its own; it ends with the stream.
        #[allow(clippy::disallowed_methods)]
        tokio::spawn(async move {
            while let Some(frame) = response.body.next().await {
                if tx.send(crate::encoded::round_trip(&frame)).await.is_err() {
                    return;
                }
            }
        });
        ApiResponse { head: crate::encoded::round_trip(&response.head), body: rx }
    }
}

/// As it travels: the request, then the head, then frames.
const CALL: Call = Call { role: "Api", name: "call" };
/// HTTP's 503, for a frontend that could not be asked or did not answer.
const UNAVAILABLE: u16 = 503;

#[async_trait]
impl Api for Remote<dyn Api> {
    async fn call(&self, request: ApiRequest) -> ApiResponse {
        match self.open::<_, ApiHead, BodyFrame>(CALL, request).await {
            Ok((head, body)) => ApiResponse { head, body },
            Err(lost) => {
                tracing::warn!(%lost, "an environment's request did not get through");
                let (tx, body) = stream::channel(1);
                let _ = tx.try_send(BodyFrame::End); // there is room for one
                ApiResponse { head: ApiHead { status: UNAVAILABLE, headers: Vec::new() }, body }
            }
        }
    }
}

#[async_trait]
impl Answering for Served<dyn Api> {
    fn calls(&self) -> &'static [Call] {
        &[CALL]
    }
    async fn answer(&self, _: &str, request: Bytes) -> Result<Reply, Garbled> {
        let response = self.inner().call(remote::decode(request)?).await;
        Reply::stream(&response.head, response.body)
    }
}
