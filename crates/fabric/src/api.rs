//! `Api`: an environment's own door to the Lambda API. The worker carries the bytes; `frontend` verifies and answers.

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
