//! Keys of P-256: private ones, which stay where they are made, and public ones, which travel.

use super::{CertError, failed};
use graviola::hashing::{Hash as _, Sha256};
use graviola::signing::ecdsa::{P256, SigningKey, VerifyingKey};
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

/// An uncompressed point of P-256.
const POINT_BYTES: usize = 65;
/// Any key or signature of P-256 in DER.
const DER_BYTES_MAX: usize = 256;
const LABEL: &str = "PRIVATE KEY";

/// A key of P-256, and the point that is its public half.
pub struct Key {
    private: SigningKey<P256>,
    public: PublicKey,
}

/// The public half: a point of the curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; POINT_BYTES]);

impl PublicKey {
    /// Of the point.
    pub(crate) const BYTES: usize = POINT_BYTES;

    /// From an uncompressed point; `None` if it is none of the curve's.
    pub fn read(point: &[u8]) -> Option<Self> {
        crate::tls::check_processor().ok()?;
        VerifyingKey::<P256>::from_x962_uncompressed(point).ok()?;
        point.try_into().ok().map(Self)
    }

    /// The uncompressed point.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 of the point, in hex.
    pub fn fingerprint(&self) -> String {
        hex(Sha256::hash(&self.0).as_ref())
    }

    /// Whether who has the private half has signed this.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = VerifyingKey::<P256>::from_x962_uncompressed(&self.0);
        key.is_ok_and(|key| key.verify_asn1::<Sha256>(&[message], signature).is_ok())
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Key {
    /// A new one.
    pub fn new() -> Result<Self, CertError> {
        crate::tls::check_processor().map_err(CertError::Processor)?;
        let private = SigningKey::<P256>::generate();
        Self::of(private.map_err(|error| CertError::Failed { reason: format!("{error:?}") })?)
    }

    /// From PEM.
    pub fn load(pem: &str) -> Result<Self, CertError> {
        crate::tls::check_processor().map_err(CertError::Processor)?;
        let bad = |reason: String| CertError::BadKey { reason };
        let der =
            PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| bad(error.to_string()))?;
        let private = SigningKey::<P256>::from_pkcs8_der(der.secret_pkcs8_der());
        Self::of(private.map_err(|error| bad(format!("{error:?}")))?)
    }

    fn of(private: SigningKey<P256>) -> Result<Self, CertError> {
        let mut der = [0; DER_BYTES_MAX];
        let spki = private
            .to_spki_der(&mut der)
            .map_err(|error| CertError::Failed { reason: format!("{error:?}") })?;
        // The point is the last thing in it (RFC 5480, section 2.2).
        let public = spki.last_chunk::<POINT_BYTES>().copied();
        let public =
            public.ok_or_else(|| CertError::Failed { reason: "a key without its point".to_owned() })?;
        Ok(Self { private, public: PublicKey(public) })
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// This message, signed.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CertError> {
        rcgen::SigningKey::sign(self, message).map_err(failed)
    }

    /// To keep. Never logged.
    pub fn pem(&self) -> Result<String, CertError> {
        let mut der = [0; DER_BYTES_MAX];
        let der = self.private.to_pkcs8_der(&mut der);
        let der = der.map_err(|error| CertError::Failed { reason: format!("{error:?}") })?;
        Ok(pem(LABEL, der))
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        self.public.der_bytes()
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let mut signature = [0; DER_BYTES_MAX];
        let signed = self.private.sign_asn1::<Sha256>(&[message], &mut signature);
        signed.map(<[u8]>::to_vec).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Base64 in lines between its marks (RFC 7468).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    const LINE: usize = 64;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for start in (0..text.len()).step_by(LINE) {
        out.push_str(&text[start..text.len().min(start + LINE)]);
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}
