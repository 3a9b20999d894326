//! What the caller sends along: the event, the client context, the trace header.

use crate::errors::ApiError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lambda_api::lambda::errors::INVALID_REQUEST_CONTENT_EXCEPTION;
use serde::de::IgnoredAny;
use std::fmt::Write as _;
use world::World;

/// Base64 bytes of a client context (API reference of Invoke).
const CLIENT_CONTEXT_BYTES_MAX: usize = 3_583;
/// A longer trace header is not taken over.
const TRACE_HEADER_BYTES_MAX: usize = 512;
/// Checking more than this takes over a millisecond, which other requests of the same thread need not wait for.
const INLINE_CHECK_BYTES_MAX: usize = 256 * 1024;

/// The event: JSON, verbatim; `{}` where there is none. Nothing is built of it: it is read past, in constant memory.
pub(super) async fn checked(world: &World, body: Bytes) -> Result<Bytes, ApiError> {
    if body.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    if body.len() <= INLINE_CHECK_BYTES_MAX {
        return json(&body).map(|()| body);
    }
    let shared = body.clone();
    let checked = world.blocking("payload-check", move || json(&shared)).await;
    checked.unwrap_or_else(|| Err(ApiError::service("The payload could not be checked."))).map(|()| body)
}

fn json(body: &[u8]) -> Result<(), ApiError> {
    let refuse = |reason: String| {
        ApiError::new(
            &INVALID_REQUEST_CONTENT_EXCEPTION,
            format!("Could not parse request body into json: {reason}"),
        )
    };
    let text = std::str::from_utf8(body).map_err(|error| refuse(format!("not UTF-8: {error}")))?;
    serde_json::from_str::<IgnoredAny>(text).map(drop).map_err(|error| refuse(error.to_string()))
}

/// The decoded JSON of `X-Amz-Client-Context`.
pub(super) fn client_context(encoded: &str) -> Result<String, ApiError> {
    let refuse = |message: &str| ApiError::new(&INVALID_REQUEST_CONTENT_EXCEPTION, message);
    if encoded.len() > CLIENT_CONTEXT_BYTES_MAX {
        return Err(refuse("Client context must be no more than 3583 bytes."));
    }
    STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
        .ok_or_else(|| refuse("Client context must be a valid Base64-encoded JSON object."))
}

/// `Root=…;Parent=…;Sampled=0`: the caller's members, completed.
pub(super) fn trace_id(world: &World, sent: Option<&str>) -> String {
    let in_header = |byte: u8| byte.is_ascii_alphanumeric() || b"=;:-_.".contains(&byte);
    let sent = sent
        .map(str::trim)
        .filter(|sent| sent.len() <= TRACE_HEADER_BYTES_MAX && sent.bytes().all(in_header))
        .unwrap_or("");
    let member = |name: &str| {
        sent.split(';').find_map(|pair| pair.strip_prefix(name)).filter(|value| !value.is_empty())
    };
    let random = world.random_16();
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String can not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    let root = match member("Root=") {
        Some(root) => root.to_owned(),
        // Version 1, seconds since 1970, 96 random bits.
        None => format!("1-{:08x}-{}", world.wall().millis() / 1_000, hex(&random[..12])),
    };
    let parent = match member("Parent=") {
        Some(parent) => parent.to_owned(),
        None => hex(&world.random_u64().to_be_bytes()),
    };
    let mut id = format!("Root={root};Parent={parent};Sampled={}", member("Sampled=").unwrap_or("0"));
    if let Some(lineage) = member("Lineage=") {
        let _ = write!(id, ";Lineage={lineage}");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_event_is_any_json_and_nothing_else() {
        let world = World::real();
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let large = format!("\"{}\"", "x".repeat(INLINE_CHECK_BYTES_MAX));
        for valid in ["{}", "null", "1", "\"text\"", " [1, 2]\n", "{\"a\":{\"b\":[]}}", &deep, &large] {
            let body = Bytes::copy_from_slice(valid.as_bytes());
            assert_eq!(checked(&world, body.clone()).await.unwrap(), body);
        }
        assert_eq!(checked(&world, Bytes::new()).await.unwrap(), "{}");
        let cut = &large[..large.len() - 1];
        for invalid in [&b"hello"[..], b"{", b"{}x", b"{'a':1}", b"\xff\xfe", b"\"\xff\"", cut.as_bytes()] {
            let error = checked(&world, Bytes::copy_from_slice(invalid)).await.unwrap_err();
            assert_eq!(error.shape.name, "InvalidRequestContentException");
            assert!(
                error.message.starts_with("Could not parse request body into json: "),
                "{}",
                error.message
            );
        }
    }

    #[test]
    fn a_client_context_is_base64_of_json_within_its_limit() {
        assert_eq!(client_context("eyJhIjoxfQ==").unwrap(), "{\"a\":1}");
        for bad in ["%%%", "aGVsbG8=", "/w==", &STANDARD.encode(format!("\"{}\"", "x".repeat(3_583)))] {
            assert_eq!(client_context(bad).unwrap_err().shape.name, "InvalidRequestContentException");
        }
    }

    #[tokio::test]
    async fn a_trace_header_is_taken_over_or_made() {
        let world = World::real();
        let made = trace_id(&world, None);
        assert_eq!(
            made.len(),
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0".len()
        );
        assert!(made.starts_with("Root=1-") && made.ends_with(";Sampled=0"), "{made}");
        let whole = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        assert_eq!(trace_id(&world, Some(whole)), whole);
        assert!(trace_id(&world, Some("Root=1-a-b")).starts_with("Root=1-a-b;Parent="));
        assert!(!trace_id(&world, Some("Root=1-a-b\r\nx: y")).contains("1-a-b"));
        assert!(!trace_id(&world, Some(&format!("Root={}", "1".repeat(600)))).contains("111111111111"));
    }
}
