//! Signature Version 4 of AWS, the verifying side ("Create a signed AWS API request", IAM user guide).

use super::Head;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use lambda_api::request::percent_decode;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use types::Region;
use world::WallTime;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the client's clock may be off, seconds.
const SKEW_SECONDS: i64 = 300;
/// More than any client signs; bounds the work that an unverified request costs.
const SIGNED_HEADERS_MAX: usize = 64;

/// A well-formed `Authorization` header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Authorization<'a> {
    pub(super) access_key_id: &'a str,
    date: &'a str,
    pub(super) region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Reads the header's value; the error is AWS's message.
    pub(super) fn parse(value: &'a str) -> Result<Self, String> {
        let fields = value
            .trim()
            .strip_prefix(ALGORITHM)
            .ok_or("Unsupported Authorization type: it must be AWS4-HMAC-SHA256.")?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            match field.trim().split_once('=') {
                Some(("Credential", value)) => credential = Some(value),
                Some(("SignedHeaders", value)) => signed_headers = Some(value),
                Some(("Signature", value)) => signature = Some(value),
                _ => return Err("Authorization header has a parameter that is not Credential, SignedHeaders or Signature.".to_owned()),
            }
        }
        let (Some(credential), Some(signed_headers), Some(signature)) =
            (credential, signed_headers, signature)
        else {
            let mut message = String::new();
            for (name, value) in
                [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)]
            {
                if value.is_none() {
                    let _ = write!(message, "Authorization header requires '{name}' parameter. ");
                }
            }
            return Err(message.trim_end().to_owned());
        };
        Self::from_fields(credential, signed_headers, signature)
    }

    fn from_fields(credential: &'a str, signed_headers: &'a str, signature: &'a str) -> Result<Self, String> {
        let bad_credential = || {
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
                .to_owned()
        };
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = parts.as_slice() else {
            return Err(bad_credential());
        };
        let in_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+=.@".contains(&byte);
        let in_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let well_formed = (1..=128).contains(&access_key_id.len())
            && access_key_id.bytes().all(in_key)
            && date.len() == 8
            && date.bytes().all(|byte| byte.is_ascii_digit())
            && (1..=32).contains(&region.len())
            && region.bytes().all(in_region)
            && (1..=32).contains(&service.len());
        if !well_formed {
            return Err(bad_credential());
        }
        if signature.is_empty() || signed_headers.is_empty() {
            return Err("Authorization header requires 'Signature' and 'SignedHeaders'.".to_owned());
        }
        Ok(Self { access_key_id, date, region, service, signed_headers, signature })
    }

    /// The scope must be for one of `services`, and for `region` where that is fixed.
    pub(super) fn check_scope(&self, services: &[&str], region: Option<&Region>) -> Result<(), String> {
        if !services.contains(&self.service) {
            return Err(format!(
                "Credential should be scoped to correct service: '{}'. ",
                services.join("', '")
            ));
        }
        if region.is_some_and(|region| region.as_str() != self.region) {
            return Err("Credential should be scoped to a valid region. ".to_owned());
        }
        Ok(())
    }

    /// The request's date belongs to the scope and is at most five minutes from ours.
    pub(super) fn check_time(&self, headers: &HeaderMap, now: WallTime) -> Result<(), String> {
        let date = request_date(headers)?;
        let Some(seconds) = parse_date(date) else {
            return Err(format!("Date must be in ISO-8601 'basic format'. Got '{date}'."));
        };
        if !date.starts_with(self.date) {
            return Err(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{}' != '{}', from '{date}'.",
                self.date,
                &date[..8]
            ));
        }
        let now = (now.millis() / 1_000) as i64;
        if seconds < now - SKEW_SECONDS {
            let (limit, now) = (print_date(now - SKEW_SECONDS), print_date(now));
            return Err(format!("Signature expired: {date} is now earlier than {limit} ({now} - 5 min.)"));
        }
        if seconds > now + SKEW_SECONDS {
            let (limit, now) = (print_date(now + SKEW_SECONDS), print_date(now));
            return Err(format!(
                "Signature not yet current: {date} is still later than {limit} ({now} + 5 min.)"
            ));
        }
        Ok(())
    }

    /// The signature is the one that `secret` makes of this head and body.
    pub(super) fn verify(&self, head: &Head<'_>, body: &[u8], secret: &str) -> Result<(), String> {
        let mismatch = || {
            "The request signature we calculated does not match the signature you provided. Check your AWS \
             Secret Access Key and signing method. Consult the service documentation for details."
                .to_owned()
        };
        let payload_hash = payload_hash(head.headers, body)?;
        let request = self.canonical_request(head, &payload_hash)?;
        let date = request_date(head.headers)?;
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex(&Sha256::digest(request.as_bytes())));
        let mut key = hmac(format!("AWS4{secret}").as_bytes(), self.date.as_bytes());
        for part in [self.region, self.service, "aws4_request"] {
            key = hmac(&key, part.as_bytes());
        }
        let expected = hex(&hmac(&key, to_sign.as_bytes()));
        if same_bytes(expected.as_bytes(), self.signature.as_bytes()) { Ok(()) } else { Err(mismatch()) }
    }

    fn canonical_request(&self, head: &Head<'_>, payload_hash: &str) -> Result<String, String> {
        let names: Vec<&str> = self.signed_headers.split(';').collect();
        if names.len() > SIGNED_HEADERS_MAX {
            return Err(format!("At most {SIGNED_HEADERS_MAX} headers can be signed."));
        }
        if !names.contains(&"host") {
            return Err(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned()
            );
        }
        let mut request = String::with_capacity(1_024);
        let path = canonical_path(head.path);
        let _ = write!(request, "{}\n{path}\n{}\n", head.method, canonical_query(head.query));
        for name in &names {
            let _ = write!(request, "{name}:");
            for (idx, value) in head.headers.get_all(*name).iter().enumerate() {
                if idx > 0 {
                    request.push(',');
                }
                push_trimmed(&mut request, &String::from_utf8_lossy(value.as_bytes()));
            }
            request.push('\n');
        }
        let _ = write!(request, "\n{}\n{payload_hash}", self.signed_headers);
        Ok(request)
    }
}

/// Equal, in a time that does not tell where they differ.
pub(super) fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// HMAC-SHA-256.
fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    // A key of any length is valid for HMAC; the error of the trait never happens.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(data);
    mac.finalize().into_bytes().into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn request_date(headers: &HeaderMap) -> Result<&str, String> {
    headers
        .get("x-amz-date")
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| "Authorization header requires existence of a 'X-Amz-Date' header.".to_owned())
}

/// What the client says the body's hash is, checked where it says one.
fn payload_hash(headers: &HeaderMap, body: &[u8]) -> Result<String, String> {
    let actual = || hex(&Sha256::digest(body));
    let Some(said) = headers.get("x-amz-content-sha256") else { return Ok(actual()) };
    let said = String::from_utf8_lossy(said.as_bytes()).into_owned();
    if said == "UNSIGNED-PAYLOAD" {
        return Ok(said);
    }
    // The body would then be in aws-chunked framing, which Lambda's operations never use.
    if said.starts_with("STREAMING-") {
        return Err(format!("The payload signing {said} is not supported by this service."));
    }
    if said == actual() {
        return Ok(said);
    }
    Err("The provided 'x-amz-content-sha256' header does not match what was computed.".to_owned())
}

/// Dot segments and empty segments removed, then every segment as it was sent encoded once more (all services
/// but S3 encode twice).
fn canonical_path(raw: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut path = String::with_capacity(raw.len() + 16);
    for segment in &segments {
        path.push('/');
        encode(&mut path, segment);
    }
    if segments.is_empty() || raw.ends_with('/') {
        path.push('/');
    }
    path
}

/// Pairs decoded, encoded as SigV4 wants, and sorted.
fn canonical_query(raw: &str) -> String {
    let mut pairs: Vec<(String, String)> = raw
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let encoded = |text: &str| {
                let mut out = String::with_capacity(text.len());
                encode(&mut out, &percent_decode(text, true));
                out
            };
            (encoded(name), encoded(value))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// RFC 3986 unreserved characters stay, everything else is `%XX`.
fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

fn push_trimmed(out: &mut String, value: &str) {
    for (idx, word) in value.split_ascii_whitespace().enumerate() {
        if idx > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// `20260131T120000Z` in seconds since 1970.
fn parse_date(text: &str) -> Option<i64> {
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = text.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    if text.len() != 16 || text.get(8..9) != Some("T") || text.get(15..) != Some("Z") {
        return None;
    }
    let month = time::Month::try_from(u8::try_from(digits(4..6)?).ok()?).ok()?;
    let day = u8::try_from(digits(6..8)?).ok()?;
    let date = time::Date::from_calendar_date(i32::try_from(digits(0..4)?).ok()?, month, day).ok()?;
    let [hour, minute, second] = [digits(9..11)?, digits(11..13)?, digits(13..15)?].map(|n| n as u8);
    Some(date.with_hms(hour, minute, second).ok()?.assume_utc().unix_timestamp())
}

fn print_date(seconds: i64) -> String {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    let date = time::OffsetDateTime::from_unix_timestamp(seconds).ok();
    date.and_then(|date| date.format(&format).ok()).unwrap_or_default()
}
