//! Real handshakes: who is let in, and what each may ask.

use crate::kit::{self, Running, WAIT, remote, request, response};
use async_trait::async_trait;
use bytes::Bytes;
use fabric::remote::{Answering, Call, Carrier, Garbled, Lost, Reply};
use fabric::worker::WorkerInvoke as _;
use fabric_rpc::certs::{Authority, CertError, Issued};
use fabric_rpc::{Expected, Identity, NodeRole, Party, Peer, Roles, TlsError, Trust, Waits};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use world::{BoxFuture, Clock, Instant, WallTime, World};

const DAY: Duration = Duration::from_secs(86_400);
const FRONTENDS: &[NodeRole] = &[NodeRole::Frontend, NodeRole::Control];

/// A clock that is wrong by some days.
struct Wrong(World, i64);

impl Clock for Wrong {
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn wall(&self) -> WallTime {
        WallTime(self.0.wall().0.checked_add_signed(self.1 * 86_400_000_000).unwrap())
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.0.clock.sleep(duration)
    }
}

fn days_off(days: i64) -> World {
    World { clock: Arc::new(Wrong(World::real(), days)), ..World::real() }
}

/// An authority and what is kept of it.
struct Platform {
    authority: Authority,
    kept: Issued,
}

impl Platform {
    fn new() -> Self {
        let (authority, kept) = Authority::new(World::real()).unwrap();
        Self { authority, kept }
    }
    fn issue(&self, name: &str, roles: &[NodeRole]) -> Issued {
        self.authority.node(&party(name, roles), DAY).unwrap()
    }
    fn identity(&self, issued: &Issued) -> Identity {
        Identity::new(&World::real(), &self.kept.certificate, &issued.certificate, &issued.key).unwrap()
    }
    fn trust(&self, name: &str, roles: &[NodeRole]) -> Trust {
        Trust::Certificates(self.identity(&self.issue(name, roles)))
    }
}

fn party(name: &str, roles: &[NodeRole]) -> Party {
    Party { name: name.to_owned(), roles: roles.to_vec() }
}

fn reach(address: SocketAddr, trust: Trust, expected: Expected) -> Arc<Peer> {
    Peer::new(World::real(), address.to_string(), trust, expected, Waits::default())
}

/// A role that counts what it sees; every call's name is known to it.
struct Counting(Vec<Call>, AtomicUsize);

#[async_trait]
impl Answering for Counting {
    fn calls(&self) -> &'static [Call] {
        self.0.clone().leak()
    }
    async fn answer(&self, _: &str, _: Bytes) -> Result<Reply, Garbled> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(Reply::Whole(Bytes::new()))
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    World::real().timeout(WAIT, future).await.expect("it hangs")
}

#[tokio::test]
async fn a_frontend_invokes_on_the_worker_that_it_means_and_on_no_other() {
    let platform = Platform::new();
    let (_, roles) = kit::worker();
    let trust = platform.trust("w1", &[NodeRole::Worker]);
    let server = Running::trusting("127.0.0.1:0", roles, trust).await;
    let frontend = platform.trust("f1", FRONTENDS);
    let node = |name: &str, role| Expected::Node(name.to_owned(), role);
    for right in [node("w1", NodeRole::Worker), Expected::Role(NodeRole::Worker)] {
        let worker = remote(&reach(server.address, frontend.clone(), right));
        let mut frames = soon(worker.invoke(request("x"))).await.unwrap();
        assert_eq!(soon(frames.next()).await, Some(response(Bytes::from_static(b"x"))));
    }
    for wrong in
        [node("w2", NodeRole::Worker), node("w1", NodeRole::Control), Expected::Role(NodeRole::Assignment)]
    {
        let peer = reach(server.address, frontend.clone(), wrong);
        let lost = ask(&peer, "WorkerInvoke", "invoke").await.unwrap_err();
        assert!(!lost.sent && lost.reason.contains("not valid for name"), "{lost:?}");
    }
}

async fn ask(peer: &Peer, role: &'static str, name: &'static str) -> Result<Bytes, Lost> {
    soon(peer.call(Call { role, name }, Bytes::new())).await
}

#[tokio::test]
async fn a_workers_certificate_opens_what_workers_ask_and_nothing_else() {
    let platform = Platform::new();
    let call = |role, name| Call { role, name };
    let refused = [
        call("Assignment", "acquire"),
        call("Assignment", "retire"),
        call("Assignment", "reserve"),
        call("Control", "create_function"),
        call("Control", "update_code"),
        call("Control", "delete_function"),
        call("Control", "reserve_concurrency"),
        call("Control", "list_functions"),
        call("Placement", "place"),
        call("Telemetry", "append"),
        call("Telemetry", "fresh"),
        call("WorkerControl", "start_environment"),
        call("WorkerInvoke", "invoke"),
    ];
    let granted = [call("Assignment", "report"), call("Control", "boot_plan"), call("Placement", "join")];
    let role = Arc::new(Counting([&refused[..], &granted[..]].concat(), AtomicUsize::new(0)));
    let trust = platform.trust("main", &NodeRole::ALL);
    let server = Running::trusting("127.0.0.1:0", Roles::default().with(role.clone()), trust).await;
    let reached = |roles: &[NodeRole]| {
        let expected = Expected::Role(NodeRole::Control);
        reach(server.address, platform.trust("w1", roles), expected)
    };
    let worker = reached(&[NodeRole::Worker]);
    for call in refused {
        let lost = ask(&worker, call.role, call.name).await.unwrap_err();
        assert!(!lost.sent && lost.reason.contains("403"), "{lost:?}");
    }
    assert_eq!(role.1.load(Ordering::SeqCst), 0, "the role has seen none of them");
    for call in granted {
        assert_eq!(ask(&worker, call.role, call.name).await, Ok(Bytes::new()), "{call:?}");
    }
    // Each role for itself; a node of several may what each of them may.
    let placement = reached(&[NodeRole::Placement]);
    assert!(ask(&placement, "Placement", "place").await.is_err());
    let both = reached(&[NodeRole::Placement, NodeRole::Assignment]);
    assert!(ask(&both, "Placement", "place").await.is_ok());
    assert!(ask(&both, "Control", "create_function").await.is_err());
    assert!(ask(&reached(FRONTENDS), "Control", "create_function").await.is_ok());
}

#[tokio::test]
async fn a_workers_heartbeat_counts_over_its_own_connection_only() {
    let platform = Platform::new();
    let call = Call { role: "Placement", name: "heartbeat" };
    let role = Arc::new(Counting(vec![call], AtomicUsize::new(0)));
    let trust = platform.trust("main", &NodeRole::ALL);
    let server = Running::trusting("127.0.0.1:0", Roles::default().with(role.clone()), trust).await;
    let beat = fabric::placement::Heartbeat {
        list: None,
        worker: types::WorkerId::new("w1"),
        pressure: None,
        environments: 0,
        fetched: Vec::new(),
    };
    let beat = Bytes::from(postcard::to_stdvec(&beat).unwrap());
    let expected = || Expected::Role(NodeRole::Placement);
    let own = reach(server.address, platform.trust("w1", &[NodeRole::Worker]), expected());
    assert_eq!(soon(own.call(call, beat.clone())).await, Ok(Bytes::new()));
    let other = reach(server.address, platform.trust("w2", &[NodeRole::Worker]), expected());
    let lost = soon(other.call(call, beat)).await.unwrap_err();
    assert!(!lost.sent && lost.reason.contains("403"), "{lost:?}");
    assert_eq!(role.1.load(Ordering::SeqCst), 1, "the role has seen its own only");
}

/// Connects with this and tries a call; true if the server let it in.
async fn let_in(address: SocketAddr, trust: Trust) -> Result<Bytes, Lost> {
    let peer = reach(address, trust, Expected::Role(NodeRole::Control));
    ask(&peer, "Control", "resolve").await
}

async fn control(platform: &Platform) -> (Arc<Counting>, Running) {
    let calls = vec![Call { role: "Control", name: "resolve" }];
    let role = Arc::new(Counting(calls, AtomicUsize::new(0)));
    let trust = platform.trust("main", &[NodeRole::Control]);
    let server = Running::trusting("127.0.0.1:0", Roles::default().with(role.clone()), trust).await;
    (role, server)
}

#[tokio::test]
async fn whoever_has_no_certificate_of_this_authority_is_refused() {
    let (platform, foreign) = (Platform::new(), Platform::new());
    let (role, server) = control(&platform).await;
    assert!(let_in(server.address, platform.trust("f1", FRONTENDS)).await.is_ok());
    // Of another authority, on both sides; then one that believes ours and shows the other's.
    assert!(let_in(server.address, foreign.trust("f1", FRONTENDS)).await.is_err());
    let issued = foreign.issue("f1", FRONTENDS);
    let believing =
        Identity::new(&World::real(), &platform.kept.certificate, &issued.certificate, &issued.key).unwrap();
    assert!(let_in(server.address, Trust::Certificates(believing)).await.is_err());
    // No TLS at all, and TLS without a certificate.
    assert!(let_in(server.address, Trust::Loopback).await.is_err());
    let read = without_certificate(server.address, &platform.kept.certificate).await;
    assert!(read.is_err(), "{read:?}");
    assert_eq!(role.1.load(Ordering::SeqCst), 1, "of all these calls one was seen");
}

/// A client that believes the authority and shows nothing; what it can read.
async fn without_certificate(address: SocketAddr, authority: &str) -> std::io::Result<usize> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls_graviola::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("control.tinderbox.internal").unwrap();
    let mut stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    soon(stream.read(&mut [0; 1])).await
}

#[tokio::test]
async fn a_certificate_that_has_expired_or_does_not_count_yet_is_refused_on_either_side() {
    let platform = Platform::new();
    let (role, server) = control(&platform).await;
    for days in [-2, 2] {
        let dated = Authority::load(days_off(days), &platform.kept.key).unwrap();
        let issued = dated.node(&party("f1", FRONTENDS), DAY).unwrap();
        let shown = Trust::Certificates(platform.identity(&issued));
        assert!(let_in(server.address, shown).await.is_err(), "{days}");
        let issued = dated.node(&party("main", &[NodeRole::Control]), DAY).unwrap();
        let trust = Trust::Certificates(platform.identity(&issued));
        let other = Running::trusting("127.0.0.1:0", Roles::default(), trust).await;
        let lost = let_in(other.address, platform.trust("f1", FRONTENDS)).await.unwrap_err();
        assert!(!lost.sent, "{lost:?}");
        let words = if days < 0 { "expired" } else { "not valid yet" };
        assert!(lost.reason.contains(words), "{lost:?}");
    }
    assert_eq!(role.1.load(Ordering::SeqCst), 0);
    // The same key signs, today, what counts.
    let today = Authority::load(World::real(), &platform.kept.key).unwrap();
    let issued = today.node(&party("f1", FRONTENDS), DAY).unwrap();
    assert!(let_in(server.address, Trust::Certificates(platform.identity(&issued))).await.is_ok());
}

#[tokio::test]
async fn a_server_with_certificates_closes_on_who_never_shows_one_and_serves_others_meanwhile() {
    let platform = Platform::new();
    let (_, server) = control(&platform).await;
    let mut silent = Vec::new();
    for _ in 0..32 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    assert!(let_in(server.address, platform.trust("f1", FRONTENDS)).await.is_ok());
    for mut stream in silent {
        assert_eq!(soon(stream.read(&mut [0; 1])).await.unwrap_or(0), 0);
    }
}

#[tokio::test]
async fn without_certificates_only_loopback_is_spoken_to() {
    // An address of this host that is not loopback's, if it has one: nothing leaves the machine.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let Ok(()) = probe.connect("192.0.2.1:9") else { return };
    let own = probe.local_addr().unwrap().ip();
    if own.is_loopback() {
        return;
    }
    let Ok(listener) = TcpListener::bind((own, 0)).await else { return };
    let address = listener.local_addr().unwrap();
    let lost = ask(&kit::peer(address), "WorkerInvoke", "invoke").await.unwrap_err();
    assert!(!lost.sent && lost.reason.contains("loopback"), "{lost:?}");
    drop(listener);
    let (_, roles) = kit::worker();
    let server = Running::at(&format!("{own}:0"), roles).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(soon(stream.read(&mut [0; 1])).await.unwrap_or(0), 0);
}

#[test]
fn what_is_no_name_no_role_or_no_key_is_refused_in_words() {
    let platform = Platform::new();
    for name in ["", "a.b", "A", "-a", "a-", "ü", &"a".repeat(64), "a b", "*"] {
        let made = platform.authority.node(&party(name, FRONTENDS), DAY).err();
        assert_eq!(made, Some(CertError::BadName { name: name.to_owned() }));
    }
    assert_eq!(platform.authority.node(&party("a", &[]), DAY).err(), Some(CertError::NoRole));
    for key in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        assert!(matches!(Authority::load(World::real(), key).err(), Some(CertError::BadKey { .. })));
    }
    let issued = platform.issue("a", FRONTENDS);
    let other = platform.issue("b", FRONTENDS);
    let world = World::real();
    for (authority, certificate, key) in [
        ("", issued.certificate.as_str(), issued.key.as_str()),
        (&platform.kept.certificate, "", &issued.key),
        (&platform.kept.certificate, &issued.certificate, ""),
        (&platform.kept.certificate, &issued.certificate, &other.key),
    ] {
        let read = Identity::new(&world, authority, certificate, key).err();
        assert!(matches!(read, Some(TlsError::Unreadable { .. })), "{read:?}");
    }
    assert!("leader".parse::<NodeRole>().unwrap_err().contains("assignment"));
}
