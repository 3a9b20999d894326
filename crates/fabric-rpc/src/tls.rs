//! mTLS: both ends show a certificate of the platform's own authority, and say by it what they are.
//!
//! TLS 1.3 only, no resumption: each connection proves anew who it is. Ciphers by graviola, which needs no C compiler
//! and a processor of the last ten years ([`check_processor`]).

use crate::access::{NodeRole, Party};
use crate::certs::{DOMAIN, own_name, role_name};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SignatureScheme};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use world::World;

/// HTTP/2, by its name in ALPN.
const PROTOCOL: &[u8] = b"h2";

/// Why there is no TLS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error(
        "this processor lacks instructions that the ciphers need (x86-64: AES, PCLMULQDQ, SSSE3, AVX, AVX2, BMI1, \
         BMI2, ADX: Intel since Broadwell, AMD since Zen; aarch64: NEON, AES, PMULL, SHA2)"
    )]
    Processor,
    #[error("{what}: {reason}")]
    Unreadable { what: &'static str, reason: String },
}

/// Whether the ciphers run here; they would panic where they do not.
pub(crate) fn check_processor() -> Result<(), TlsError> {
    if graviola::util::is_cpu_supported() { Ok(()) } else { Err(TlsError::Processor) }
}

/// What this process shows, and whom it believes.
#[derive(Clone)]
pub struct Identity {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    shown: Arc<Shown>,
}

/// The certificate that is shown, until there is another.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl Shown {
    fn now(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }
    fn has_certs(&self) -> bool {
        true
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }
}

/// How two ends know each other.
#[derive(Clone)]
pub enum Trust {
    /// By certificates.
    Certificates(Identity),
    /// Not at all, and in the open: between processes of one host, over loopback and nothing else.
    Loopback,
}

/// Whom a caller wants to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Any node of this role.
    Role(NodeRole),
    /// This very node, in this role.
    Node(String, NodeRole),
}

impl Expected {
    pub(crate) fn server_name(&self) -> Result<ServerName<'static>, String> {
        let name = match self {
            Self::Role(role) => role_name(*role),
            Self::Node(name, role) => own_name(name, *role),
        };
        ServerName::try_from(name).map_err(|error| error.to_string())
    }
}

impl Identity {
    /// From PEM: the authority's certificate, this node's and its key.
    pub fn new(world: &World, authority: &str, certificate: &str, key: &str) -> Result<Self, TlsError> {
        check_processor()?;
        let provider = Arc::new(rustls_graviola::default_provider());
        let time: Arc<dyn TimeProvider> = Arc::new(Time(world.clone()));
        let mut roots = RootCertStore::empty();
        for root in chain("the authority's certificate", authority)? {
            roots.add(root).map_err(unreadable("the authority's certificate"))?;
        }
        let roots = Arc::new(roots);
        let shown = Arc::new(Shown(RwLock::new(certified(certificate, key)?)));
        let versions = &[&rustls::version::TLS13];
        let setup = unreadable("TLS");

        let mut client = ClientConfig::builder_with_details(provider.clone(), time.clone())
            .with_protocol_versions(versions)
            .map_err(&setup)?
            .with_root_certificates(roots.clone())
            .with_client_cert_resolver(shown.clone());
        client.resumption = Resumption::disabled();
        client.alpn_protocols = vec![PROTOCOL.to_vec()];

        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider.clone()).build();
        let mut server = ServerConfig::builder_with_details(provider, time)
            .with_protocol_versions(versions)
            .map_err(&setup)?
            .with_client_cert_verifier(verifier.map_err(unreadable("the authority's certificate"))?)
            .with_cert_resolver(shown.clone());
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        server.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self { client: Arc::new(client), server: Arc::new(server), shown })
    }

    /// Shows this certificate from the next connection on.
    pub fn renew(&self, certificate: &str, key: &str) -> Result<(), TlsError> {
        let certified = certified(certificate, key)?;
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.client)
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

pub(crate) fn unreadable<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> TlsError {
    move |error| TlsError::Unreadable { what, reason: error.to_string() }
}

/// A certificate with the key that is its own.
fn certified(certificate: &str, key: &str) -> Result<Arc<CertifiedKey>, TlsError> {
    let own = chain("this node's certificate", certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(unreadable("this node's key"))?;
    let certified = CertifiedKey::from_der(own, key, &rustls_graviola::default_provider());
    Ok(Arc::new(certified.map_err(unreadable("this node's certificate and key"))?))
}

pub(crate) fn chain(what: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match read {
        Ok(chain) if chain.is_empty() => {
            Err(TlsError::Unreadable { what, reason: "there is none in it".to_owned() })
        }
        Ok(chain) => Ok(chain),
        Err(error) => Err(unreadable(what)(error)),
    }
}

/// Who a verified certificate says it is; `None` where it names no node of ours.
pub(crate) fn party(certificate: &CertificateDer<'_>) -> Option<Party> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let mut party: Option<Party> = None;
    for dns in certificate.valid_dns_names() {
        let Some((name, role)) = dns
            .strip_suffix(DOMAIN)
            .and_then(|rest| rest.strip_suffix('.'))
            .and_then(|rest| rest.split_once('.'))
        else {
            continue; // any node of a role: said by the other name, too
        };
        let role: NodeRole = role.parse().ok()?;
        let party = party.get_or_insert_with(|| Party { name: name.to_owned(), roles: Vec::new() });
        if party.name != name {
            return None;
        }
        party.roles.push(role);
    }
    party
}

/// Certificates count by the world's clock.
#[derive(Clone)]
pub(crate) struct Time(pub(crate) World);

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Time")
    }
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_micros(self.0.wall().0)))
    }
}
