//! What a joining machine and the desk say: one message each way, JSON behind its length.

use super::{MESSAGE_BYTES_MAX, WAIT_MAX};
use crate::access::{NodeRole, Party};
use crate::certs::{Key, PublicKey, check_name};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use world::World;

const FORMAT: u32 = 1;
const SIGNATURE_BYTES_MAX: usize = 256;

/// By what a certificate is asked for.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    Token {
        id: u64,
        secret: [u8; 32],
    },
    /// The certificate that this connection has shown.
    Shown,
}

/// A certificate is asked for. Whoever made it has the private half of its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    pub credential: Credential,
    pub party: Party,
    pub key: PublicKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    format: u32,
    /// Number and secret, hex; none: the certificate that was shown.
    token: Option<(String, String)>,
    name: String,
    roles: Vec<String>,
    key: String,
    signature: String,
}

/// What the desk answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Granted { certificate: String, life_s: u64 },
    Refused(Refused),
}

/// Why there is no certificate. Nothing of it helps to guess a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refused {
    #[error("the authority did not understand what was asked: are both of one version?")]
    Garbled,
    #[error("the authority knows no such token")]
    BadToken,
    #[error("the token has expired")]
    Expired,
    #[error("the token has been used {uses_max} times, which is as often as it may be")]
    UsedUp { uses_max: u32 },
    #[error("the token is for the roles {may}, not for {asked}")]
    Roles { may: String, asked: String },
    #[error("the token is for {may}, not for a node called {asked}")]
    Name { may: String, asked: String },
    #[error("a node called {name} has a certificate already, with another key")]
    Taken { name: String },
    #[error(
        "the authority did not give the certificate of {name} by a token, or has given the name to another since"
    )]
    NotRenewed { name: String },
    #[error("the authority could not: {reason}")]
    Failed { reason: String },
}

/// What is signed: nothing of it can be taken for another's.
fn signed(party: &Party, key: &PublicKey) -> Vec<u8> {
    let roles: Vec<&str> = party.roles.iter().map(|role| role.name()).collect();
    let mut message = format!("tinderbox join {FORMAT}\0{}\0{}\0", party.name, roles.join(",")).into_bytes();
    message.extend(key.bytes());
    message
}

impl Request {
    /// As it travels.
    pub fn encode(credential: Credential, party: &Party, key: &Key) -> Result<Vec<u8>, String> {
        let signature = key.sign(&signed(party, key.public())).map_err(|error| error.to_string())?;
        let token = match credential {
            Credential::Token { id, secret } => Some((format!("{id:016x}"), crate::certs::hex(&secret))),
            Credential::Shown => None,
        };
        let said = Said {
            format: FORMAT,
            token,
            name: party.name.clone(),
            roles: party.roles.iter().map(|role| role.name().to_owned()).collect(),
            key: STANDARD.encode(key.public().bytes()),
            signature: STANDARD.encode(signature),
        };
        serde_json::to_vec(&said).map_err(|error| error.to_string())
    }

    /// `None` if it is none, or not signed by its key.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let said: Said = serde_json::from_slice(bytes).ok().filter(|said: &Said| said.format == FORMAT)?;
        check_name(&said.name).ok()?;
        let roles: Vec<NodeRole> =
            said.roles.iter().map(|role| role.parse()).collect::<Result<_, _>>().ok()?;
        let in_order = roles.is_sorted_by(|one, next| one < next) && !roles.is_empty();
        let party = Party { name: said.name, roles };
        let key = PublicKey::read(&STANDARD.decode(said.key).ok()?)?;
        let signature = STANDARD.decode(said.signature).ok()?;
        if !in_order
            || signature.len() > SIGNATURE_BYTES_MAX
            || !key.verifies(&signed(&party, &key), &signature)
        {
            return None;
        }
        let credential = match said.token {
            Some((id, secret)) => Credential::Token { id: number(&id)?, secret: unhex(&secret)? },
            None => Credential::Shown,
        };
        Some(Self { credential, party, key })
    }
}

/// Without its secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request for {}", self.party)
    }
}

fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16 && text.is_ascii())
}

pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).filter(|_| !digit.is_ascii_uppercase()))
        .map(|digit| digit.and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let bytes: Vec<u8> =
        digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, half| byte << 4 | half)).collect();
    bytes.try_into().ok().filter(|_| text.len() == 64)
}

/// One message.
pub(super) async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(std::io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// One message, bounded in size and time.
pub(super) async fn receive(
    world: &World,
    stream: &mut (impl AsyncRead + Unpin),
) -> std::io::Result<Vec<u8>> {
    let reading = async {
        let length = usize::try_from(stream.read_u32().await?).unwrap_or(usize::MAX);
        if length > MESSAGE_BYTES_MAX {
            return Err(std::io::Error::other("the message is too long"));
        }
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    };
    let read = world.timeout(WAIT_MAX, reading).await;
    read.unwrap_or_else(|| Err(std::io::Error::other("no message in time")))
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request() -> (Vec<u8>, Request) {
        let (key, secret) = (Key::new().unwrap(), [0xab; 32]);
        let party = Party { name: "w1".to_owned(), roles: vec![NodeRole::Placement, NodeRole::Worker] };
        let credential = Credential::Token { id: 9, secret };
        let bytes = Request::encode(credential.clone(), &party, &key).unwrap();
        (bytes, Request { credential, party, key: key.public().clone() })
    }

    #[test]
    fn a_request_is_read_as_it_was_made_and_not_for_another_name_role_or_key() {
        let (bytes, request) = request();
        assert_eq!(Request::read(&bytes), Some(request));
        let text = String::from_utf8(bytes).unwrap();
        let (_, other) = self::request();
        let other_key = STANDARD.encode(other.key.bytes());
        let ours = text.split("\"key\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        for (from, to) in [
            ("\"w1\"", "\"w2\""),
            ("\"placement\",", ""),
            ("\"placement\",\"worker\"", "\"worker\",\"placement\""),
            ("\"placement\",\"worker\"", ""),
            ("\"format\":1", "\"format\":2"),
            ("\"w1\"", "\"../w1\""),
            ("abab", "ABAB"),
            (&ours, &other_key),
        ] {
            assert!(text.contains(from));
            assert_eq!(Request::read(text.replacen(from, to, 1).as_bytes()), None, "{from} {to}");
        }
    }

    #[test]
    fn a_request_in_a_log_says_nothing_of_its_secret() {
        assert_eq!(format!("{:?}", request().1), "request for w1 (placement, worker)");
    }

    proptest! {
        #[test]
        fn no_bytes_are_worse_than_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert_eq!(Request::read(&bytes), None);
        }

        #[test]
        fn a_request_with_a_byte_changed_is_the_same_or_none(at in any::<usize>(), to in any::<u8>()) {
            let (mut bytes, made) = request();
            let at = at % bytes.len();
            bytes[at] = to;
            // A changed secret is another request, which the books refuse.
            if let Some(read) = Request::read(&bytes) {
                prop_assert_eq!((read.party, read.key), (made.party, made.key));
            }
        }
    }
}
