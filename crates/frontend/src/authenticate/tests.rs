//! The signatures were made by botocore 1.43.11 for 2026-01-31T12:00:00Z (`SigV4Auth.add_auth`).

use super::*;
use http::HeaderName;

const DATE: &str = "20260131T120000Z";
const NOW: WallTime = WallTime(1_769_860_800_000_000);

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    map
}

fn known(token: Option<&str>) -> Credentials {
    let credential = Credential {
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: token.map(str::to_owned),
        account: Some(AccountId::new("123456789012")),
    };
    Credentials::from([("AKIDEXAMPLE".to_owned(), credential)])
}

fn authorization(service: &str, signed: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/eu-west-1/{service}/aws4_request, \
         SignedHeaders={signed}, Signature={signature}"
    )
}

struct Row {
    method: &'static str,
    uri: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    service: &'static str,
    signed: &'static str,
    signature: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        method: "GET",
        uri: "/",
        headers: &[],
        body: b"",
        service: "lambda",
        signed: "host;x-amz-date",
        signature: "e6ee37e9b61b7824dce4eee493b37f308f7a659ab112fbdf41b5c1d187c90057",
    },
    Row {
        method: "GET",
        uri: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af/versions?MaxItems=10&Marker=a%20b%2F%3D&Empty=",
        headers: &[],
        body: b"",
        service: "lambda",
        signed: "host;x-amz-date",
        signature: "0829043211fcbd9e4bd26a75c903f905affea7274d22714f194476e79160ab9e",
    },
    Row {
        method: "POST",
        uri: "/2015-03-31/functions/f/invocations?Qualifier=%24LATEST",
        headers: &[
            ("x-amz-log-type", "  Tail   x "),
            ("content-type", "application/json"),
            ("x-amz-security-token", "token/with+chars="),
        ],
        body: b"{\"k\":1}",
        service: "lambda",
        signed: "content-type;host;x-amz-date;x-amz-log-type;x-amz-security-token",
        signature: "1b48a661b10fb72c6e1a55e775ba0531aa6c8da76383109d97c728139f85af25",
    },
    Row {
        method: "POST",
        uri: "/",
        headers: &[
            ("x-amz-target", "Logs_20140328.DescribeLogGroups"),
            ("content-type", "application/x-amz-json-1.1"),
        ],
        body: b"{}",
        service: "logs",
        signed: "content-type;host;x-amz-date;x-amz-target",
        signature: "d9839dfe1c33e147bf6c92c36ed8498cb22e978f0e18031da5658bf447ab288b",
    },
    Row {
        method: "POST",
        uri: "/2015-03-31/functions/f/invocations",
        headers: &[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")],
        body: b"{\"k\":1}",
        service: "lambda",
        signed: "host;x-amz-content-sha256;x-amz-date",
        signature: "3fdeb2401eba75034e65bd6c1a50385ad3f6c6d85eba712f152b16fca5b2ad59",
    },
];

impl Row {
    fn headers(&self) -> HeaderMap {
        let authorization = authorization(self.service, self.signed, self.signature);
        let mut map = headers(self.headers);
        map.extend(headers(&[
            ("host", "localhost:9955"),
            ("x-amz-date", DATE),
            ("authorization", &authorization),
        ]));
        map
    }

    fn verify(&self, headers: &HeaderMap, uri: &str, body: &[u8], now: WallTime) -> Result<Caller, ApiError> {
        let token = headers.get("x-amz-security-token").map(|_| "token/with+chars=");
        let known = known(token);
        let (account, region) = (AccountId::new("000000000000"), Region::new("us-east-1"));
        let keys = Keys {
            credentials: Some(&known),
            default_account: &account,
            default_region: &region,
            fixed_region: None,
        };
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let head = Head { method: self.method, path, query, headers };
        claim(&keys, &head, &["lambda", "logs"], now)?.verify(&head, body)
    }
}

#[test]
fn signatures_of_botocore_are_verified() {
    for row in ROWS {
        let caller = row.verify(&row.headers(), row.uri, row.body, NOW).expect(row.uri);
        assert_eq!(caller.account.as_str(), "123456789012");
        assert_eq!(caller.region.as_str(), "eu-west-1");
    }
}

#[test]
fn anything_changed_after_signing_is_refused() {
    for row in ROWS {
        let refused = |headers: &HeaderMap, uri: &str, body: &[u8]| {
            let error = row.verify(headers, uri, body, NOW).expect_err(uri);
            assert_eq!(error.shape.name, "InvalidSignatureException");
            assert_eq!(error.shape.status, 403);
        };
        refused(&row.headers(), &format!("{}x", row.uri), row.body);
        let mut other_host = row.headers();
        other_host.insert("host", "localhost:9956".parse().unwrap());
        refused(&other_host, row.uri, row.body);
        if !row.headers.iter().any(|(name, _)| *name == "x-amz-content-sha256") {
            refused(&row.headers(), row.uri, b"other");
        }
        let mut unsigned_host = row.headers();
        let value = authorization(row.service, "x-amz-date", row.signature);
        unsigned_host.insert("authorization", value.parse().unwrap());
        refused(&unsigned_host, row.uri, row.body);
    }
}

#[test]
fn a_clock_more_than_five_minutes_off_is_refused_in_awss_words() {
    let at = |seconds: i64| WallTime((NOW.0 as i64 + seconds * 1_000_000) as u64);
    let row = &ROWS[0];
    for (seconds, message) in [
        (
            301,
            "Signature expired: 20260131T120000Z is now earlier than 20260131T120001Z (20260131T120501Z - 5 min.)",
        ),
        (
            -301,
            "Signature not yet current: 20260131T120000Z is still later than 20260131T115959Z (20260131T115459Z + 5 min.)",
        ),
    ] {
        let error = row.verify(&row.headers(), row.uri, row.body, at(seconds)).unwrap_err();
        assert_eq!(error.message, message);
    }
    for seconds in [300, -300] {
        assert!(row.verify(&row.headers(), row.uri, row.body, at(seconds)).is_ok());
    }
}

#[test]
fn malformed_unknown_and_missing_credentials_have_awss_errors() {
    let scope = "AKIDEXAMPLE/20260131/eu-west-1/lambda/aws4_request";
    let whole = |credential: &str| {
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0")
    };
    let rows = [
        (None, "MissingAuthenticationTokenException"),
        (Some("Bearer abc".to_owned()), "IncompleteSignatureException"),
        (Some(format!("AWS4-HMAC-SHA256 Credential={scope}")), "IncompleteSignatureException"),
        (Some(whole("AKIDEXAMPLE/20260131/eu-west-1/lambda")), "IncompleteSignatureException"),
        (Some(whole("AKIDEXAMPLE/today/eu-west-1/lambda/aws4_request")), "IncompleteSignatureException"),
        (Some(whole("AKIDEXAMPLE/20260131/../lambda/aws4_request")), "IncompleteSignatureException"),
        (Some(whole("OTHER/20260131/eu-west-1/lambda/aws4_request")), "UnrecognizedClientException"),
        (Some(whole("AKIDEXAMPLE/20260131/eu-west-1/s3/aws4_request")), "InvalidSignatureException"),
        (Some(whole("AKIDEXAMPLE/20260130/eu-west-1/lambda/aws4_request")), "InvalidSignatureException"),
        (Some(whole(scope)), "InvalidSignatureException"),
    ];
    for (value, name) in rows {
        let mut map = headers(&[("host", "localhost"), ("x-amz-date", DATE)]);
        if let Some(value) = &value {
            map.insert("authorization", value.parse().unwrap());
        }
        let error = ROWS[0].verify(&map, "/", b"", NOW).expect_err(name);
        assert_eq!(error.shape.name, name, "{value:?}");
    }
}

#[test]
fn a_session_token_must_be_the_configured_one() {
    let row = &ROWS[2];
    let mut wrong = row.headers();
    wrong.insert("x-amz-security-token", "other".parse().unwrap());
    assert_eq!(
        row.verify(&wrong, row.uri, row.body, NOW).unwrap_err().shape.name,
        "UnrecognizedClientException"
    );
}

#[test]
fn without_keys_any_well_formed_credentials_name_account_and_region() {
    let (account, region) = (AccountId::new("000000000000"), Region::new("us-east-1"));
    let keys =
        Keys { credentials: None, default_account: &account, default_region: &region, fixed_region: None };
    for (key, account, region) in [
        (Some("123456789012"), "123456789012", "eu-west-1"),
        (Some("AKIDEXAMPLE"), "000000000000", "eu-west-1"),
        (Some("test"), "000000000000", "eu-west-1"),
        (None, "000000000000", "us-east-1"),
    ] {
        let mut map = HeaderMap::new();
        if let Some(key) = key {
            let value = format!(
                "AWS4-HMAC-SHA256 Credential={key}/20260131/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
            );
            map.insert("authorization", value.parse().unwrap());
        }
        let head = Head { method: "GET", path: "/", query: "", headers: &map };
        let caller = claim(&keys, &head, &["lambda"], NOW).unwrap().verify(&head, b"").unwrap();
        assert_eq!((caller.account.as_str(), caller.region.as_str()), (account, region), "{key:?}");
    }
    let map = HeaderMap::new();
    let head = Head { method: "GET", path: "/", query: "X-Amz-Signature=00", headers: &map };
    assert!(claim(&keys, &head, &["lambda"], NOW).is_err_and(|error| error.message.contains("presigned")));
}
