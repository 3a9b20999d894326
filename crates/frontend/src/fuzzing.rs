//! What the fuzz targets (`fuzz/`) reach of this crate. Compiled under `--cfg fuzzing` only.

use crate::authenticate::{self, Credential, Head, Keys};
use crate::dispatch::Destination;
use crate::{event_stream, hosts, logs};
use bytes::Bytes;
use fabric::Scope;
use fabric::telemetry::Telemetry;
use http::HeaderMap;
use std::collections::BTreeMap;
use types::{AccountId, Region};
use world::WallTime;

/// One event message, framed.
pub fn encode(event_type: &str, content_type: &str, payload: &[u8]) -> Bytes {
    event_stream::event(event_type, content_type, payload)
}

/// Headers and payloads of framed messages; panics where they are damaged.
pub fn decode(bytes: &[u8]) -> Vec<(Vec<(String, String)>, Vec<u8>)> {
    event_stream::decoding::decode(bytes)
}

/// A request as far as it goes before a role is asked: host, destination, both steps of authentication.
/// The caller's account and region, once with any credentials accepted and once with `AKID` configured.
pub fn head(
    method: &str,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> [Option<(String, String)>; 2] {
    let head = Head { method, path, query, headers };
    let _ = hosts::Hosts::new(&["tinderbox.test".to_owned()]).refusal(headers);
    let (account, region) = (AccountId::new("000000000000"), Region::new("us-east-1"));
    let secret = Credential {
        secret_access_key: "secret".to_owned(),
        session_token: None,
        account: Some(AccountId::new("123456789012")),
    };
    let configured = BTreeMap::from([("AKID".to_owned(), secret)]);
    [None, Some(&configured)].map(|credentials| {
        let keys =
            Keys { credentials, default_account: &account, default_region: &region, fixed_region: None };
        let destination = Destination::of(&head);
        let refusal = destination.too_large(body.len() as u64);
        let refused = destination.refuse(&refusal);
        drop((refused, destination.body_bytes_max()));
        let now = WallTime(1_800_000_000_000_000);
        let claim = authenticate::claim(&keys, &head, &["lambda", "logs"], now).ok()?;
        let caller = claim.verify(&head, body).ok()?;
        Some((caller.account.to_string(), caller.region.to_string()))
    })
}

/// One operation of CloudWatch Logs over a store; the answer's body, or the error's name and status.
pub async fn logs(
    telemetry: &dyn Telemetry,
    scope: &Scope,
    now: WallTime,
    operation: &str,
    body: &[u8],
) -> Result<Bytes, &'static str> {
    logs::answer(telemetry, scope, now, operation, body).await.map_err(|error| error.shape.name)
}
