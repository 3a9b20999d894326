//! Signature Version 4 of AWS, the signing side ("Create a signed AWS API request", IAM user guide).
//!
//! `frontend` verifies with code of its own on purpose: signing and verifying with one function would hide a
//! mistake that both make. The known answer in the tests is AWS's published example.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Whose requests these are.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: Option<String>,
}

impl Keys {
    /// As AWS's tools find them in the environment; without any, keys that every loopback endpoint takes.
    pub(crate) fn of_process() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
            (Some(access_key_id), Some(secret_access_key)) => {
                Self { access_key_id, secret_access_key, session_token: variable("AWS_SESSION_TOKEN") }
            }
            _ => Self {
                access_key_id: "tinderbox".to_owned(),
                secret_access_key: "tinderbox".to_owned(),
                session_token: None,
            },
        }
    }
}

/// What is signed besides the headers.
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// `20260131T120000Z`.
    pub(crate) date: &'a str,
}

/// Adds `x-amz-date`, `x-amz-security-token` and `authorization`. `path` is as on the wire; `query` is sorted and
/// encoded already. Every header that is there (with `host` among them) is signed.
pub(crate) fn sign(
    keys: &Keys,
    scope: &Scope<'_>,
    method: &str,
    path: &str,
    query: &str,
    headers: &mut HeaderMap,
    body: &[u8],
) -> Result<(), http::header::InvalidHeaderValue> {
    headers.insert(HeaderName::from_static("x-amz-date"), HeaderValue::from_str(scope.date)?);
    if let Some(token) = &keys.session_token {
        headers.insert(HeaderName::from_static("x-amz-security-token"), HeaderValue::from_str(token)?);
    }
    let mut signed: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    signed.sort_unstable();
    let mut canonical = format!("{method}\n{}\n{query}\n", canonical_path(path));
    for name in &signed {
        let values: Vec<String> = headers
            .get_all(*name)
            .iter()
            .map(|value| {
                let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
                text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect();
        let _ = writeln!(canonical, "{name}:{}", values.join(","));
    }
    let signed = signed.join(";");
    let _ = write!(canonical, "\n{signed}\n{}", hex(&Sha256::digest(body)));
    let day = scope.date.get(..8).unwrap_or(scope.date);
    let credential_scope = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!(
        "{ALGORITHM}\n{}\n{credential_scope}\n{}",
        scope.date,
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let mut key = hmac(format!("AWS4{}", keys.secret_access_key).as_bytes(), day.as_bytes());
    for part in [scope.region, scope.service, "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    let signature = hex(&hmac(&key, to_sign.as_bytes()));
    let authorization = format!(
        "{ALGORITHM} Credential={}/{credential_scope}, SignedHeaders={signed}, Signature={signature}",
        keys.access_key_id
    );
    headers.insert(http::header::AUTHORIZATION, HeaderValue::from_str(&authorization)?);
    Ok(())
}

/// RFC 3986 unreserved characters stay, everything else is `%XX`.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Each segment as sent, encoded once more: every service but S3 does so.
fn canonical_path(path: &str) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    // A key of any length is valid for HMAC; the error of the trait never happens.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(data);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of "Create a signed AWS API request": `ListUsers` of IAM.
    #[test]
    fn the_published_example_gets_the_published_signature() {
        let keys = Keys {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let scope = Scope { region: "us-east-1", service: "iam", date: "20150830T123600Z" };
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("iam.amazonaws.com"));
        headers.insert(
            "content-type",
            HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"),
        );
        let query = "Action=ListUsers&Version=2010-05-08";
        sign(&keys, &scope, "GET", "/", query, &mut headers, b"").unwrap();
        assert_eq!(
            headers["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn a_path_that_is_encoded_already_is_encoded_again_for_the_signature() {
        assert_eq!(canonical_path("/2015-03-31/functions/a%3A1"), "/2015-03-31/functions/a%253A1");
        assert_eq!(encode("a b/é~"), "a%20b%2F%C3%A9~");
    }
}
