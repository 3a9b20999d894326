//! Who calls: SigV4 in the `Authorization` header, in two steps around the reading of the body.
//!
//! ```text
//! claim(head)          ─► Claim     well-formed, key known, clock near enough      (no body read yet)
//! Claim::verify(body)  ─► Caller    the signature covers head and body
//! ```
//! Three doors differ only in their [`Keys`]: configured keys are verified; without any (loopback binds
//! only, the binary sees to that) every well-formed credential is taken, and so is no credential at all, as a
//! plain `curl` sends it, for the default account and region; an environment's own door knows one key.

mod sigv4;

use crate::errors::ApiError;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use lambda_api::overrides;
use std::collections::BTreeMap;
use types::{AccountId, Region};
use world::WallTime;

/// Whose request it is. Everything that is done for it is done in this account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) access_key_id: String,
}

impl Caller {
    pub(crate) fn scope(&self) -> fabric::Scope {
        fabric::Scope { account: self.account.clone(), region: self.region.clone() }
    }
}

/// The secret side of one access key. Never logged.
#[derive(Clone)]
pub struct Credential {
    pub secret_access_key: String,
    /// Must then come with every request.
    pub session_token: Option<String>,
    /// Else a 12-digit key id is its own account, and any other has the default one.
    pub account: Option<AccountId>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Access key id to its secret side.
pub type Credentials = BTreeMap<String, Credential>;

/// Which keys a door knows.
pub(crate) struct Keys<'a> {
    /// `None`: any well-formed credentials are accepted.
    pub(crate) credentials: Option<&'a Credentials>,
    pub(crate) default_account: &'a AccountId,
    pub(crate) default_region: &'a Region,
    /// Overrides the credential scope's region (an environment's door stays in its own).
    pub(crate) fixed_region: Option<&'a Region>,
}

/// The parts of a request that a signature covers, besides the body.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) method: &'a str,
    /// Raw, as received.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

/// A caller whose signature is still to be verified against the body.
pub(crate) struct Claim<'a> {
    caller: Caller,
    check: Option<(sigv4::Authorization<'a>, &'a Credential)>,
}

/// The first step: everything that needs no body. `services` are the names that the credential scope may carry.
pub(crate) fn claim<'a>(
    keys: &Keys<'a>,
    head: &Head<'a>,
    services: &[&str],
    now: WallTime,
) -> Result<Claim<'a>, ApiError> {
    let Some(value) = head.headers.get(AUTHORIZATION) else {
        return unsigned(keys, head);
    };
    let value = value.to_str().map_err(|_| incomplete("The Authorization header is not text."))?;
    let authorization = sigv4::Authorization::parse(value).map_err(|reason| incomplete(&reason))?;
    let credential = match keys.credentials {
        None => None,
        Some(known) => Some(known.get(authorization.access_key_id).ok_or_else(unrecognized)?),
    };
    let caller = Caller {
        account: account_of(keys, authorization.access_key_id, credential),
        region: match keys.fixed_region {
            Some(region) => region.clone(),
            None => Region::new(authorization.region),
        },
        access_key_id: authorization.access_key_id.to_owned(),
    };
    let Some(credential) = credential else { return Ok(Claim { caller, check: None }) };
    authorization.check_scope(services, keys.fixed_region).map_err(invalid)?;
    check_token(head, credential)?;
    authorization.check_time(head.headers, now).map_err(invalid)?;
    Ok(Claim { caller, check: Some((authorization, credential)) })
}

impl Claim<'_> {
    /// The second step. The body is hashed only where keys are configured.
    pub(crate) fn verify(self, head: &Head<'_>, body: &[u8]) -> Result<Caller, ApiError> {
        if let Some((authorization, credential)) = &self.check {
            authorization.verify(head, body, &credential.secret_access_key).map_err(invalid)?;
        }
        Ok(self.caller)
    }
}

fn unsigned<'a>(keys: &Keys<'a>, head: &Head<'a>) -> Result<Claim<'a>, ApiError> {
    if head.query.split('&').any(|pair| pair.starts_with("X-Amz-Signature=")) {
        return Err(invalid(
            "Tinderbox does not support presigned requests yet: sign with the Authorization header."
                .to_owned(),
        ));
    }
    if keys.credentials.is_some() {
        return Err(ApiError::new(
            &overrides::MISSING_AUTHENTICATION_TOKEN_EXCEPTION,
            "Missing Authentication Token",
        ));
    }
    let caller = Caller {
        account: keys.default_account.clone(),
        region: keys.default_region.clone(),
        access_key_id: String::new(),
    };
    Ok(Claim { caller, check: None })
}

fn account_of(keys: &Keys<'_>, access_key_id: &str, credential: Option<&Credential>) -> AccountId {
    if let Some(account) = credential.and_then(|credential| credential.account.as_ref()) {
        return account.clone();
    }
    let is_account = access_key_id.len() == 12 && access_key_id.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { AccountId::new(access_key_id) } else { keys.default_account.clone() }
}

fn check_token(head: &Head<'_>, credential: &Credential) -> Result<(), ApiError> {
    let sent = head.headers.get("x-amz-security-token").map(|value| value.as_bytes());
    let same = match (&credential.session_token, sent) {
        (None, None) => true,
        (Some(token), Some(sent)) => sigv4::same_bytes(token.as_bytes(), sent),
        _ => false,
    };
    if same { Ok(()) } else { Err(unrecognized()) }
}

fn incomplete(message: &str) -> ApiError {
    ApiError::new(&overrides::INCOMPLETE_SIGNATURE_EXCEPTION, message)
}

fn invalid(message: String) -> ApiError {
    ApiError::new(&overrides::INVALID_SIGNATURE_EXCEPTION, message)
}

fn unrecognized() -> ApiError {
    ApiError::new(
        &overrides::UNRECOGNIZED_CLIENT_EXCEPTION,
        "The security token included in the request is invalid.",
    )
}

#[cfg(test)]
mod tests;
