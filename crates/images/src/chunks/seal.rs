//! Convergent encryption: equal chunks of one account are equal when sealed, so they are stored once; nobody else's
//! are equal, and without the account's key nothing can be read or guessed.
//!
//! ```text
//!  secret = HMAC(account key, plain)      named in the manifest; useless without the account's key
//!  key    = HMAC(account key, secret)     one key for one plain text, so the nonce is always zero
//!  sealed = ChaCha20-Poly1305(key, plain)
//!  name   = SHA-256(sealed)               the blob's key
//! ```

use crate::keys::AccountKey;
use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

/// What sealing adds: the authenticator.
pub(crate) const SEAL_BYTES: usize = 16;
/// A keyed hash of the plain text.
pub(crate) type Secret = [u8; 32];

const SECRET: &[u8] = b"tinderbox chunk secret 1";
const KEY: &[u8] = b"tinderbox chunk key 1";
/// Bound into every seal, so that no other use of the cipher makes what passes for a chunk.
const BOUND: &[u8] = b"tinderbox chunk 1";

/// Seals a chunk in place.
pub(crate) fn seal(account: &AccountKey, mut plain: Vec<u8>) -> Option<(Secret, Vec<u8>)> {
    let secret = account.hash(SECRET, &plain);
    plain.reserve_exact(SEAL_BYTES);
    cipher(account, &secret).encrypt_in_place(&Nonce::default(), BOUND, &mut plain).ok()?;
    Some((secret, plain))
}

/// Opens a chunk in place; `None` if it is not what this account sealed under this secret.
pub(crate) fn open(account: &AccountKey, secret: &Secret, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
    cipher(account, secret).decrypt_in_place(&Nonce::default(), BOUND, &mut sealed).ok()?;
    Some(sealed)
}

fn cipher(account: &AccountKey, secret: &Secret) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&account.hash(KEY, secret).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;
    use types::AccountId;

    #[test]
    fn a_chunk_opens_for_its_account_and_only_as_it_was() {
        let master = MasterKey::new([7; 32]);
        let (one, two) = (
            master.account(&AccountId::new("1".repeat(12))),
            master.account(&AccountId::new("2".repeat(12))),
        );
        let plain = b"memory of a function".to_vec();
        let (secret, sealed) = seal(&one, plain.clone()).expect("sealed");
        assert_eq!(
            seal(&one, plain.clone()),
            Some((secret, sealed.clone())),
            "equal chunks are sealed alike"
        );
        assert_ne!(seal(&two, plain.clone()).expect("sealed").1, sealed, "another account's is another");
        assert!(!sealed.windows(6).any(|window| window == b"memory"));
        assert_eq!(open(&one, &secret, sealed.clone()), Some(plain));
        assert_eq!(open(&two, &secret, sealed.clone()), None);
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert_eq!(open(&one, &secret, flipped), None);
        }
        for length in 0..sealed.len() {
            assert_eq!(open(&one, &secret, sealed[..length].to_vec()), None);
        }
    }
}
