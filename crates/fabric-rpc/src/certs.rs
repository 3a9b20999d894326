//! Certificates: one authority of our own for a platform, and one certificate for each node.
//!
//! A node's certificate says who it is by names that a standard verifier checks: for each of its roles
//! `NAME.ROLE.tinderbox.internal` (that very node) and `ROLE.tinderbox.internal` (any node of that role).

use crate::access::{NodeRole, Party};
use graviola::hashing::Sha256;
use graviola::signing::ecdsa::{P256, SigningKey};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber,
    SignatureAlgorithm,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use std::time::Duration;
use time::OffsetDateTime;
use world::World;

/// What all names end in: a top level domain that is reserved for private use.
pub(crate) const DOMAIN: &str = "tinderbox.internal";
/// One label of a DNS name.
const NAME_BYTES_MAX: usize = 63;
/// How long before its making a certificate counts: the machines' clocks do not agree to the second.
const SKEW: Duration = Duration::from_secs(86_400);
/// An uncompressed point of P-256.
const POINT_BYTES: usize = 65;
/// Any key or signature of P-256 in DER.
const DER_BYTES_MAX: usize = 256;
const LABEL: &str = "PRIVATE KEY";

/// How long an authority's certificate counts.
pub const AUTHORITY_LIFE: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Why there is no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertError {
    #[error("`{name}` is no name for a node: letters a to z, digits and hyphens, at most 63")]
    BadName { name: String },
    #[error("a node needs a role")]
    NoRole,
    #[error("not a private key of an authority that we made: {reason}")]
    BadKey { reason: String },
    #[error("{0}")]
    Processor(crate::tls::TlsError),
    #[error("no certificate could be made: {reason}")]
    Failed { reason: String },
}

/// A certificate and its key, as PEM. Never logged.
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

/// Makes certificates.
pub struct Authority {
    world: World,
    key: Key,
}

impl Authority {
    /// A new one, and what to keep of it.
    pub fn new(world: World) -> Result<(Self, Issued), CertError> {
        let key = Key::new()?;
        let mut params = authority_params(&world);
        lasting(&world, &mut params, AUTHORITY_LIFE)?;
        let certificate = params.self_signed(&key).map_err(failed)?.pem();
        let issued = Issued { certificate, key: key.pem()? };
        Ok((Self { world, key }, issued))
    }

    /// The one whose key is `key` (PEM).
    pub fn load(world: World, key: &str) -> Result<Self, CertError> {
        Ok(Self { world, key: Key::load(key)? })
    }

    /// A certificate for the node `party`, which counts for `life`.
    pub fn node(&self, party: &Party, life: Duration) -> Result<Issued, CertError> {
        check_name(&party.name)?;
        if party.roles.is_empty() {
            return Err(CertError::NoRole);
        }
        let key = Key::new()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = named(&party.name);
        for role in &party.roles {
            for name in [own_name(&party.name, *role), role_name(*role)] {
                params.subject_alt_names.push(SanType::DnsName(name.try_into().map_err(failed)?));
            }
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        lasting(&self.world, &mut params, life)?;
        let authority = authority_params(&self.world);
        let issuer = Issuer::from_params(&authority, &self.key);
        let certificate = params.signed_by(&key, &issuer).map_err(failed)?.pem();
        Ok(Issued { certificate, key: key.pem()? })
    }
}

/// Any node of this role.
pub(crate) fn role_name(role: NodeRole) -> String {
    format!("{role}.{DOMAIN}")
}

/// That very node, in this role.
pub(crate) fn own_name(name: &str, role: NodeRole) -> String {
    format!("{name}.{role}.{DOMAIN}")
}

/// Whether a node can be called so.
pub fn check_name(name: &str) -> Result<(), CertError> {
    let hyphens = name.starts_with('-') || name.ends_with('-');
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len()) && !hyphens;
    if fits && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        return Ok(());
    }
    Err(CertError::BadName { name: name.to_owned() })
}

/// What is the same whenever the authority signs.
fn authority_params(world: &World) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Tinderbox authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.key_identifier_method = KeyIdMethod::PreSpecified(world.random_16().to_vec());
    params
}

fn named(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// From a little before now, for `life`, under a number of its own.
fn lasting(world: &World, params: &mut CertificateParams, life: Duration) -> Result<(), CertError> {
    let now = i64::try_from(world.wall().millis() / 1_000).unwrap_or(i64::MAX);
    let now = OffsetDateTime::from_unix_timestamp(now).map_err(failed)?;
    params.not_before = now - SKEW;
    params.not_after = now
        .checked_add(time::Duration::try_from(life).map_err(failed)?)
        .ok_or_else(|| CertError::Failed { reason: "it would count beyond the calendar's end".to_owned() })?;
    let mut serial = world.random_16();
    serial[0] &= 0x7f; // it is a signed number, and must be positive
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> CertError {
    CertError::Failed { reason: error.to_string() }
}

/// A key of P-256, and the point that is its public half.
struct Key {
    private: SigningKey<P256>,
    public: [u8; POINT_BYTES],
}

impl Key {
    fn new() -> Result<Self, CertError> {
        crate::tls::check_processor().map_err(CertError::Processor)?;
        let private = SigningKey::<P256>::generate();
        Self::of(private.map_err(|error| CertError::Failed { reason: format!("{error:?}") })?)
    }

    fn load(pem: &str) -> Result<Self, CertError> {
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
        Ok(Self { private, public })
    }

    fn pem(&self) -> Result<String, CertError> {
        let mut der = [0; DER_BYTES_MAX];
        let der = self.private.to_pkcs8_der(&mut der);
        let der = der.map_err(|error| CertError::Failed { reason: format!("{error:?}") })?;
        Ok(pem(LABEL, der))
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
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
fn pem(label: &str, der: &[u8]) -> String {
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
