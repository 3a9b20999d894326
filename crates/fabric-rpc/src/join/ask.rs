//! The joining machine's end: believes an authority by its fingerprint, then says its secret.

use super::desk::as_pem;
use super::message::{Answer, Credential, Refused, Request, decode, receive, send};
use super::{Fingerprint, WAIT_MAX, sha256};
use crate::access::Party;
use crate::certs::{Key, desk_name};
use crate::tls::{Time, TlsError, chain, check_processor, unreadable};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use world::World;

/// By what this machine may have a certificate.
pub enum Proof<'a> {
    Token {
        id: u64,
        secret: [u8; 32],
    },
    /// The one that it has, with its key: PEM.
    Certificate {
        certificate: &'a str,
        key: &'a str,
    },
}

/// Who it wants to be.
pub struct Wanted<'a> {
    pub party: &'a Party,
    /// Its own: of it only the public half leaves.
    pub key: &'a Key,
}

/// What came.
#[derive(Debug)]
pub struct Joined {
    /// The authority's certificate and this node's, PEM.
    pub authority: String,
    pub certificate: String,
    /// How long it counts, from now.
    pub life_s: u64,
}

/// Why nothing came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    #[error("nobody answers at {address}: {reason}")]
    Unreachable { address: String, reason: String },
    /// Nothing secret was said.
    #[error("who answers at {address} is another authority than the one that was meant")]
    WrongAuthority { address: String },
    #[error("{0}")]
    Refused(Refused),
    #[error("{0}")]
    Tls(TlsError),
    #[error("{address} broke off: {reason}")]
    BrokenOff { address: String, reason: String },
}

/// Asks the desk at `address` of the authority with this fingerprint.
pub async fn ask(
    world: &World,
    address: &str,
    authority: Fingerprint,
    proof: Proof<'_>,
    wanted: Wanted<'_>,
) -> Result<Joined, JoinError> {
    let config = config(world, authority, &proof).map_err(JoinError::Tls)?;
    let credential = match proof {
        Proof::Token { id, secret } => Credential::Token { id, secret },
        Proof::Certificate { .. } => Credential::Shown,
    };
    let connecting = async {
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from(desk_name()).map_err(std::io::Error::other)?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    };
    let connected = world.timeout(WAIT_MAX, connecting).await;
    let connected = connected.unwrap_or_else(|| Err(std::io::Error::other("no answer in time")));
    let mut stream = connected.map_err(|error| not_met(address, &error))?;
    // From here on it is the authority that hears this.
    let broken = |reason: String| JoinError::BrokenOff { address: address.to_owned(), reason };
    let root = stream.get_ref().1.peer_certificates().and_then(|shown| pinned(shown, authority).map(as_pem));
    let root = root.ok_or_else(|| JoinError::WrongAuthority { address: address.to_owned() })?;
    let request = Request::encode(credential, wanted.party, wanted.key).map_err(broken)?;
    let sent = world.timeout(WAIT_MAX, send(&mut stream, &request)).await;
    sent.unwrap_or(Ok(())).map_err(|error| broken(error.to_string()))?;
    let bytes = receive(world, &mut stream).await.map_err(|error| broken(error.to_string()))?;
    match decode(&bytes) {
        Some(Answer::Granted { certificate, life_s }) => Ok(Joined { authority: root, certificate, life_s }),
        Some(Answer::Refused(refused)) => Err(JoinError::Refused(refused)),
        None => Err(broken("its answer can not be read".to_owned())),
    }
}

fn not_met(address: &str, error: &std::io::Error) -> JoinError {
    let address = address.to_owned();
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) => JoinError::WrongAuthority { address },
        _ => JoinError::Unreachable { address, reason: error.to_string() },
    }
}

fn config(world: &World, authority: Fingerprint, proof: &Proof<'_>) -> Result<ClientConfig, TlsError> {
    check_processor()?;
    let provider = Arc::new(rustls_graviola::default_provider());
    let pinned = Arc::new(Pinned { authority, provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_details(provider, Arc::new(Time(world.clone())))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(unreadable("TLS"))?
        .dangerous()
        .with_custom_certificate_verifier(pinned);
    let mut config = match proof {
        Proof::Token { .. } => config.with_no_client_auth(),
        Proof::Certificate { certificate, key } => {
            let what = "this node's certificate and key";
            let own = chain(what, certificate)?;
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(unreadable(what))?;
            config.with_client_auth_cert(own, key).map_err(unreadable(what))?
        }
    };
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// Of what was shown, the authority that is meant.
fn pinned<'a>(
    shown: &'a [CertificateDer<'static>],
    authority: Fingerprint,
) -> Option<&'a CertificateDer<'static>> {
    shown.iter().find(|certificate| sha256(certificate) == authority)
}

/// Believes one authority, by its fingerprint, which shows itself behind the certificate that it signed.
#[derive(Debug)]
struct Pinned {
    authority: Fingerprint,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let root = intermediates.iter().find(|certificate| sha256(certificate) == self.authority);
        let root = root.ok_or(CertificateError::UnknownIssuer)?;
        let mut roots = RootCertStore::empty();
        roots.add(root.clone().into_owned())?;
        let other = |error| CertificateError::Other(OtherError(Arc::new(error)));
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(other)?
            .verify_server_cert(end_entity, &[], server_name, ocsp, now)
    }

    /// TLS 1.3 is all that is spoken.
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
