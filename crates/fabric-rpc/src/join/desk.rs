//! The authority's desk: listens where bare machines join, and signs what the books grant.
//!
//! ```text
//! accept ─► (all seats taken, or this address was refused too often: closed) ─► TLS ─► one request ─► books ─► sign ─► answer
//! ```

use super::WAIT_MAX;
use super::books::{Books, Shown};
use super::message::{Answer, Credential, Refused, Request, receive, send};
use crate::certs::{Authority, CertError, PublicKey, pem};
use crate::tls::{self, Time, TlsError, chain, unreadable};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use world::{Instant, World};

/// Connections at a time.
const SEATS: usize = 64;
/// So many refusals of one address in [`WINDOW`]; then it is not listened to until that is over.
const REFUSALS_MAX: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are remembered for it.
const ADDRESSES_MAX: usize = 4_096;
/// How long what the desk itself shows counts, and when it is made anew.
const OWN_LIFE: Duration = Duration::from_secs(7 * 86_400);
const OWN_ANEW: Duration = Duration::from_secs(86_400);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const TIDY_EVERY: Duration = Duration::from_secs(3_600);

#[derive(Clone, Copy, Debug)]
pub struct DeskSettings {
    /// How long certificates count.
    pub life: Duration,
}

/// An authority that gives certificates by its books.
pub struct Desk {
    world: World,
    authority: Authority,
    /// Its certificate, PEM.
    certificate: String,
    books: Books,
    settings: DeskSettings,
    seats: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    own: Option<(Instant, Arc<ServerConfig>)>,
    refusals: BTreeMap<IpAddr, (Instant, u32)>,
}

impl Desk {
    pub fn new(
        world: World,
        authority: Authority,
        certificate: String,
        books: Books,
        settings: DeskSettings,
    ) -> Arc<Self> {
        let (seats, state) = (Arc::new(Semaphore::new(SEATS)), Mutex::default());
        Arc::new(Self { world, authority, certificate, books, settings, seats, state })
    }

    /// Serves until `shutdown` completes. Whoever is at the desk then asks again.
    pub async fn serve(self: &Arc<Self>, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let accepting = async {
            loop {
                match listener.accept().await {
                    Ok((stream, from)) => self.open(stream, from.ip()),
                    Err(error) => {
                        tracing::warn!(%error, "accept failed; waiting a moment");
                        self.world.clock.sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        let tidying = async {
            loop {
                let desk = Arc::clone(self);
                let now_ms = self.world.wall().millis();
                let tidied = self.world.blocking("authority.books", move || desk.books.tidy(now_ms)).await;
                if let Some(Err(error)) = tidied {
                    tracing::warn!(error, "the books were not tidied");
                }
                self.world.clock.sleep(TIDY_EVERY).await;
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = accepting => {}
            () = tidying => {}
        }
    }

    fn open(self: &Arc<Self>, stream: TcpStream, from: IpAddr) {
        if self.is_shut_to(from) {
            tracing::debug!(%from, "refused too often: not listened to for a while");
            return;
        }
        let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() else {
            tracing::warn!(%from, "all seats of the desk are taken");
            return;
        };
        let desk = Arc::clone(self);
        self.world.spawn("authority.join", async move {
            if let Err(why) = desk.meet(stream, from).await {
                tracing::warn!(%from, why, "nobody joined");
                desk.count(from);
            }
            drop(seat);
        });
    }

    async fn meet(self: &Arc<Self>, stream: TcpStream, from: IpAddr) -> Result<(), String> {
        let config = self.config().map_err(|error| error.to_string())?;
        let accepted = self.world.timeout(WAIT_MAX, TlsAcceptor::from(config).accept(stream)).await;
        let mut stream = accepted.ok_or("no handshake in time")?.map_err(|error| error.to_string())?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).and_then(shown);
        let bytes = receive(&self.world, &mut stream).await.map_err(|error| error.to_string())?;
        let answer = self.answer(from, Request::read(&bytes), shown).await;
        let refused = match &answer {
            Answer::Refused(why) => Err(why.to_string()),
            Answer::Granted { .. } => Ok(()),
        };
        let bytes = serde_json::to_vec(&answer).map_err(|error| error.to_string())?;
        let sending = async {
            send(&mut stream, &bytes).await?;
            stream.shutdown().await
        };
        let sent = self.world.timeout(WAIT_MAX, sending).await;
        refused?;
        sent.ok_or("the answer was not taken in time")?.map_err(|error| error.to_string())
    }

    async fn answer(
        self: &Arc<Self>,
        from: IpAddr,
        request: Option<Request>,
        shown: Option<Shown>,
    ) -> Answer {
        let Some(request) = request else { return Answer::Refused(Refused::Garbled) };
        let (party, by_token) =
            (request.party.clone(), matches!(request.credential, Credential::Token { .. }));
        let (desk, now_ms) = (Arc::clone(self), self.world.wall().millis());
        let granting = move || {
            desk.books.grant(now_ms, desk.settings.life, &request, shown.as_ref())?;
            let signed = desk.authority.sign(&request.party, &request.key, desk.settings.life);
            signed.map_err(|error| Refused::Failed { reason: error.to_string() })
        };
        match self.world.blocking("authority.books", granting).await {
            Some(Ok(certificate)) => {
                tracing::info!(%from, node = %party, by_token, "a certificate was given");
                Answer::Granted { certificate, life_s: self.settings.life.as_secs() }
            }
            Some(Err(refused)) => {
                tracing::warn!(%from, node = %party, by_token, %refused, "no certificate was given");
                Answer::Refused(refused)
            }
            None => Answer::Refused(Refused::Failed { reason: "it panicked".to_owned() }),
        }
    }

    /// What is shown, made anew every day.
    fn config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let now = self.world.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, config)) = &state.own
            && now.since(*made) < OWN_ANEW
        {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.new_config()?);
        state.own = Some((now, Arc::clone(&config)));
        Ok(config)
    }

    fn new_config(&self) -> Result<ServerConfig, TlsError> {
        let what = "the authority's certificate";
        let own = self.authority.desk(OWN_LIFE).map_err(|error: CertError| unreadable(what)(error))?;
        let root = chain(what, &self.certificate)?;
        let mut roots = RootCertStore::empty();
        for root in &root {
            roots.add(root.clone()).map_err(unreadable(what))?;
        }
        let provider = Arc::new(rustls_graviola::default_provider());
        // A machine that joins has nothing to show yet.
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let verifier = verifier.allow_unauthenticated().build().map_err(unreadable(what))?;
        let mut shown = chain(what, &own.certificate)?;
        shown.extend(root);
        let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).map_err(unreadable("the desk's key"))?;
        let time = Arc::new(Time(self.world.clone()));
        let mut config = ServerConfig::builder_with_details(provider, time)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(unreadable("TLS"))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(shown, key)
            .map_err(unreadable(what))?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    fn is_shut_to(&self, from: IpAddr) -> bool {
        let now = self.world.now();
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let refusals = state.refusals.get(&network(from));
        refusals.is_some_and(|(since, count)| *count >= REFUSALS_MAX && now.since(*since) < WINDOW)
    }

    fn count(&self, from: IpAddr) {
        let now = self.world.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.refusals.len() >= ADDRESSES_MAX {
            state.refusals.retain(|_, (since, _)| now.since(*since) < WINDOW);
        }
        if state.refusals.len() >= ADDRESSES_MAX {
            state.refusals.clear(); // as many seats at a time as ever, and secrets are not to be guessed
        }
        let refusals = state.refusals.entry(network(from)).or_insert((now, 0));
        if now.since(refusals.0) >= WINDOW {
            *refusals = (now, 0);
        }
        refusals.1 += 1;
    }
}

/// Whoever has one IPv6 address has a whole network of them.
fn network(from: IpAddr) -> IpAddr {
    const HOSTS: u32 = 64;
    match from.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> HOSTS << HOSTS).into()),
        v4 => v4,
    }
}

/// Who a certificate names, and its key; it was verified.
fn shown(certificate: &CertificateDer<'_>) -> Option<Shown> {
    let party = tls::party(certificate)?;
    let read = webpki::EndEntityCert::try_from(certificate).ok()?;
    let spki = read.subject_public_key_info();
    // The point is the last thing in it (RFC 5480, section 2.2).
    let point = spki.len().checked_sub(PublicKey::BYTES).and_then(|from| spki.get(from..))?;
    Some(Shown { party, key: PublicKey::read(point)? })
}

/// A certificate as it is kept.
pub(super) fn as_pem(certificate: &CertificateDer<'_>) -> String {
    pem("CERTIFICATE", certificate)
}
