//! Certificates: one authority of our own for a platform, and one certificate for each node.
//!
//! A node's certificate says who it is by names that a standard verifier checks: for each of its roles
//! `NAME.ROLE.tinderbox.internal` (that very node) and `ROLE.tinderbox.internal` (any node of that role).

mod key;

pub use key::{Key, PublicKey};
pub(crate) use key::{hex, pem};

use crate::access::{NodeRole, Party};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
};
use std::time::Duration;
use time::OffsetDateTime;
use world::World;

/// What all names end in: a top level domain that is reserved for private use.
pub(crate) const DOMAIN: &str = "tinderbox.internal";
/// One label of a DNS name.
const NAME_BYTES_MAX: usize = 63;
/// How long before its making a certificate counts: the machines' clocks do not agree to the second.
const SKEW: Duration = Duration::from_secs(86_400);

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
        let key = Key::new()?;
        let certificate = self.sign(party, &key, life)?;
        Ok(Issued { certificate, key: key.pem()? })
    }

    /// A certificate, as PEM, for the node `party` that has the private half of `key`: whether it has is for the caller to
    /// know.
    pub fn sign(&self, party: &Party, key: &impl PublicKeyData, life: Duration) -> Result<String, CertError> {
        check_name(&party.name)?;
        if party.roles.is_empty() {
            return Err(CertError::NoRole);
        }
        let names =
            party.roles.iter().flat_map(|role| [own_name(&party.name, *role), role_name(*role)]).collect();
        let usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.certificate(&party.name, names, usages, key, life)
    }

    /// What this authority itself shows to nodes that join. It names no node, so no node can show it.
    pub(crate) fn desk(&self, life: Duration) -> Result<Issued, CertError> {
        let (key, usages) = (Key::new()?, vec![ExtendedKeyUsagePurpose::ServerAuth]);
        let certificate = self.certificate("authority", vec![desk_name()], usages, &key, life)?;
        Ok(Issued { certificate, key: key.pem()? })
    }

    fn certificate(
        &self,
        common: &str,
        names: Vec<String>,
        usages: Vec<ExtendedKeyUsagePurpose>,
        key: &impl PublicKeyData,
        life: Duration,
    ) -> Result<String, CertError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(common);
        for name in names {
            params.subject_alt_names.push(SanType::DnsName(name.try_into().map_err(failed)?));
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = usages;
        lasting(&self.world, &mut params, life)?;
        let authority = authority_params(&self.world);
        let issuer = Issuer::from_params(&authority, &self.key);
        Ok(params.signed_by(key, &issuer).map_err(failed)?.pem())
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

/// The authority, where nodes join: a name that no node's certificate has, since no role is called so.
pub(crate) fn desk_name() -> String {
    format!("authority.{DOMAIN}")
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
