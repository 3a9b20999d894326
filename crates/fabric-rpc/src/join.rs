//! How a bare machine becomes a node: a token, and the authority's desk, which gives a certificate for it.
//!
//! ```text
//!  certs token ──► token: where the desk is, the authority's fingerprint, a secret ──(a person carries it)──► the joining machine
//!
//!  joining machine                                           desk (`certs serve`, which has ca.key)
//!    TLS: believes the fingerprint and nothing else ───────►   shows a certificate that no node can have
//!    token or the certificate it has, name, roles,
//!    public key, signed by its private half ───────────────►   limits ─► books (durable) ─► signs
//!    keeps what came ◄─────────────────────────────────────   certificate, or a reason
//! ```
//! | file | what |
//! |---|---|
//! | [`token`] | the token as text |
//! | [`message`] | what is said over the line |
//! | [`books`] | what was given, to whom: durable before a certificate is signed |
//! | [`desk`] | the authority's end |
//! | [`ask`] | the joining end |

mod ask;
pub mod books;
mod desk;
mod message;
mod token;

pub use ask::{JoinError, Joined, Proof, Wanted, ask};
pub use books::{Books, Names, Terms};
pub use desk::{Desk, DeskSettings};
pub use message::Refused;
pub use token::Token;

#[doc(hidden)]
pub use message::{Answer, Credential, Request};

use graviola::hashing::{Hash as _, Sha256};
use std::time::Duration;

/// Largest message, bytes: two certificates and a key are a third of it.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Longest time for one message, or a handshake.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// SHA-256 of an authority's certificate, by which a joining machine knows it.
pub type Fingerprint = [u8; 32];

fn sha256(bytes: &[u8]) -> Fingerprint {
    let mut out = [0; 32];
    out.copy_from_slice(Sha256::hash(bytes).as_ref());
    out
}

/// Of an authority's certificate, PEM.
pub fn fingerprint(authority: &str) -> Result<Fingerprint, crate::TlsError> {
    let what = "the authority's certificate";
    let chain = crate::tls::chain(what, authority)?;
    let first = chain.first();
    first
        .map(|certificate| sha256(certificate))
        .ok_or_else(|| crate::TlsError::Unreadable { what, reason: "there is none in it".to_owned() })
}
