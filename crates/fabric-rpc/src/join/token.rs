//! The token as text, which a person copies: `tb1.` and base64url of what is in it.
//!
//! | bytes | what |
//! |---|---|
//! | 32 | SHA-256 of the authority's certificate |
//! | 8 | which token it is |
//! | 32 | the secret; the authority keeps its hash |
//! | 1 to 255 | where the authority's desk is: `host:port` |
//! | 4 | the first of SHA-256 of all before: a token that was cut or mistyped is told from a wrong one |

use super::{Fingerprint, sha256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;

const PREFIX: &str = "tb1.";
const FIXED: usize = 32 + 8 + 32;
const SUM: usize = 4;
const ADDRESS_BYTES_MAX: usize = 255;
/// A token as text is never longer.
const TEXT_BYTES_MAX: usize = 600;

/// What a joining machine is given.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub authority: Fingerprint,
    pub id: u64,
    pub secret: [u8; 32],
    /// `host:port` of the desk.
    pub address: String,
}

/// The whole token, secret included: for the one who asked for it, never for a log.
impl Token {
    pub fn text(&self) -> String {
        let mut bytes = self.authority.to_vec();
        bytes.extend(self.id.to_be_bytes());
        bytes.extend(self.secret);
        bytes.extend(self.address.as_bytes());
        let sum = sha256(&bytes);
        bytes.extend(&sum[..SUM]);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// Without its secret.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token {:016x} of {}", self.id, self.address)
    }
}

/// Whether this can be a `host:port`.
pub(super) fn is_address(text: &str) -> bool {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
    (1..=ADDRESS_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

impl FromStr for Token {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text.trim()).ok_or_else(|| {
            "this is no whole token: copy what `tinderbox certs token` printed, from `tb1.` to its end"
                .to_owned()
        })
    }
}

fn read(text: &str) -> Option<Token> {
    let text = text.strip_prefix(PREFIX).filter(|text| text.len() <= TEXT_BYTES_MAX)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (all, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
    let (fixed, address) = all.split_at_checked(FIXED)?;
    let address = std::str::from_utf8(address).ok()?;
    if sha256(all)[..SUM] != *sum || !is_address(address) {
        return None;
    }
    Some(Token {
        authority: fixed[..32].try_into().ok()?,
        id: u64::from_be_bytes(fixed[32..40].try_into().ok()?),
        secret: fixed[40..].try_into().ok()?,
        address: address.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_printed_is_read_and_what_was_cut_or_mistyped_is_not(
            (authority, id, secret) in (any::<[u8; 32]>(), any::<u64>(), any::<[u8; 32]>()),
            host in "[a-z0-9.-]{1,40}", port in 1..=u16::MAX, at in any::<usize>(), other in "[A-Za-z0-9_-]",
        ) {
            let token = Token { authority, id, secret, address: format!("{host}:{port}") };
            let text = token.text();
            prop_assert_eq!(text.parse::<Token>(), Ok(token.clone()));
            prop_assert_eq!(format!(" {text}\n").parse::<Token>(), Ok(token));
            let at = PREFIX.len() + at % (text.len() - PREFIX.len());
            prop_assert!(text[..at].parse::<Token>().is_err());
            if text[at..=at] != other {
                let wrong = format!("{}{other}{}", &text[..at], &text[at + 1..]);
                prop_assert!(wrong.parse::<Token>().is_err());
            }
        }

        #[test]
        fn no_text_is_worse_than_refused(text in ".{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = text.parse::<Token>();
            let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert!(text.parse::<Token>().is_err());
        }
    }

    #[test]
    fn a_token_in_a_log_says_nothing_of_its_secret() {
        let token = Token { authority: [1; 32], id: 7, secret: [2; 32], address: "h:1".to_owned() };
        assert_eq!(format!("{token:?}"), "token 0000000000000007 of h:1");
    }
}
