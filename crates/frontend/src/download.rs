//! `GET /_tinderbox/code/EXPIRES/DIGEST/MAC`: what GetFunction's `Code.Location` names.
//!
//! Clients fetch it without any header, so the address itself is the permission: it names one zip by its digest,
//! expires after ten minutes as AWS's do, and carries a MAC under a key that is drawn at every start,
//! or is the same for all frontends of a platform. On AWS the
//! address is S3's, so refusals are worded as S3 words them ("Error responses", S3 API reference), in XML.

use crate::answer::Answer;
use crate::errors::ApiError;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fabric::control::{Control, ControlError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use types::CodeDigest;
use world::{WallTime, World};

pub(crate) const PATH: &str = "/_tinderbox/code/";
/// AWS: "a presigned URL … valid for 10 minutes".
const VALID_SECONDS: u64 = 600;

/// Makes and checks the addresses.
pub(crate) struct Downloads {
    key: [u8; 32],
}

impl Downloads {
    /// `key`: the one of every frontend of the platform; `None` where there is but one.
    pub(crate) fn new(world: &World, key: Option<[u8; 32]>) -> Self {
        let drawn = || {
            let mut key = [0; 32];
            world.entropy.fill(&mut key);
            key
        };
        Self { key: key.unwrap_or_else(drawn) }
    }

    /// The path of this zip, from now on for ten minutes.
    pub(crate) fn path(&self, digest: &CodeDigest, now: WallTime) -> String {
        let expires = now.millis() / 1_000 + VALID_SECONDS;
        let name = URL_SAFE_NO_PAD.encode(STANDARD.decode(digest.as_str()).unwrap_or_default());
        let mac = URL_SAFE_NO_PAD.encode(self.mac(expires, &name).finalize().into_bytes());
        format!("{PATH}{expires}/{name}/{mac}")
    }

    /// The zip that `rest` (the path behind [`PATH`]) gives access to.
    fn digest(&self, rest: &str, now: WallTime) -> Result<CodeDigest, Refusal> {
        let (expires, digest) = self.signed(rest).ok_or(Refusal::Forged)?;
        if now.millis() / 1_000 > expires { Err(Refusal::Expired) } else { Ok(digest) }
    }

    /// What an address of ours says; `None` for any other.
    fn signed(&self, rest: &str) -> Option<(u64, CodeDigest)> {
        let mut parts = rest.split('/');
        let (expires, name, mac) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let expires: u64 = expires.parse().ok()?;
        self.mac(expires, name).verify_slice(&URL_SAFE_NO_PAD.decode(mac).ok()?).ok()?;
        Some((expires, CodeDigest::new(STANDARD.encode(URL_SAFE_NO_PAD.decode(name).ok()?))))
    }

    #[allow(clippy::expect_used)] // HMAC takes keys of any length
    fn mac(&self, expires: u64, name: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("32 bytes are a key");
        mac.update(format!("{expires}/{name}").as_bytes());
        mac
    }

    /// Answers the download.
    pub(crate) async fn answer(
        &self,
        control: &dyn Control,
        rest: &str,
        now: WallTime,
    ) -> Result<Answer, ApiError> {
        let digest = match self.digest(rest, now) {
            Ok(digest) => digest,
            Err(refusal) => return Ok(refusal.answer()),
        };
        match control.code(digest).await {
            Ok(zip) => Ok(Answer::typed(200, "application/zip", zip)),
            Err(ControlError::CodeGone { .. }) => Ok(Refusal::Gone.answer()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Why an address opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Forged,
    Expired,
    /// It was right, but no version has that code any more.
    Gone,
}

impl Refusal {
    fn answer(self) -> Answer {
        let (status, code, message) = match self {
            Self::Forged => (
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
            ),
            Self::Expired => (403, "AccessDenied", "Request has expired"),
            Self::Gone => (404, "NoSuchKey", "The specified key does not exist."),
        };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        Answer::typed(status, "application/xml", body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_opens_its_own_zip_until_it_expires_and_nothing_else() {
        let downloads = Downloads::new(&World::real(), None);
        let digest = CodeDigest::new(STANDARD.encode([0xfb; 32]));
        let now = WallTime(1_800_000_000_000_000);
        let path = downloads.path(&digest, now);
        let rest = path.strip_prefix(PATH).unwrap();
        let later = |seconds: u64| WallTime(now.0 + seconds * 1_000_000);
        assert_eq!(downloads.digest(rest, later(600)), Ok(digest.clone()));
        assert_eq!(downloads.digest(rest, later(601)), Err(Refusal::Expired));
        let parts: Vec<&str> = rest.split('/').collect();
        let longer = format!("{}/{}/{}", parts[0].parse::<u64>().unwrap() + 1, parts[1], parts[2]);
        let other = format!("{}/{}/{}", parts[0], URL_SAFE_NO_PAD.encode([1; 32]), parts[2]);
        for forged in [longer.as_str(), other.as_str(), "", "1/2", "1/2/3", &format!("{rest}/x")] {
            assert_eq!(downloads.digest(forged, now), Err(Refusal::Forged), "{forged}");
        }
        let another = Downloads::new(&World::real(), None);
        assert_eq!(another.digest(rest, now), Err(Refusal::Forged), "another start, another key");
    }
}
