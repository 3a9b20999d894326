//! A bare machine and the desk, over real handshakes.

use crate::kit::{Running, WAIT};
use fabric_rpc::certs::{Authority, Issued, Key};
use fabric_rpc::join::{
    Books, Desk, DeskSettings, JoinError, Joined, Names, Proof, Refused, Terms, Token, Wanted, ask,
    fingerprint,
};
use fabric_rpc::{Expected, Identity, NodeRole, Party, Peer, Trust, Waits};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use world::World;

const DAY: Duration = Duration::from_secs(86_400);

/// A desk on loopback, and what its authority keeps.
struct Open {
    kept: Issued,
    folder: tempfile::TempDir,
    address: SocketAddr,
}

async fn open() -> Open {
    let world = World::real();
    let folder = tempfile::tempdir().unwrap();
    let (authority, kept) = Authority::new(world.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let books = Books::open(folder.path()).unwrap();
    let desk = Desk::new(world, authority, kept.certificate.clone(), books, DeskSettings { life: DAY });
    tokio::spawn(async move { desk.serve(listener, std::future::pending()).await });
    Open { kept, folder, address }
}

impl Open {
    fn token(&self, roles: &[NodeRole]) -> Token {
        let (books, names) = (Books::open(self.folder.path()).unwrap(), Names::Prefix(String::new()));
        let terms = Terms { roles: roles.to_vec(), names, life: DAY, uses_max: 1 };
        let authority = fingerprint(&self.kept.certificate).unwrap();
        books.token(&World::real(), authority, &terms, &self.address.to_string()).unwrap()
    }
}

fn party(name: &str) -> Party {
    Party { name: name.to_owned(), roles: vec![NodeRole::Worker] }
}

async fn join(token: &Token, name: &str, key: &Key) -> Result<Joined, JoinError> {
    let proof = Proof::Token { id: token.id, secret: token.secret };
    let (party, world) = (party(name), World::real());
    let wanted = Wanted { party: &party, key };
    let asked = ask(&world, &token.address, token.authority, proof, wanted);
    world.timeout(WAIT, asked).await.expect("it hangs")
}

#[tokio::test]
async fn a_bare_machine_gets_by_its_token_a_certificate_that_other_nodes_believe_and_renews_it() {
    let open = open().await;
    let (token, key, world) = (open.token(&[NodeRole::Worker]), Key::new().unwrap(), World::real());
    let text = token.text();
    let joined = join(&text.parse().unwrap(), "w1", &key).await.unwrap();
    assert_eq!((joined.authority.as_str(), joined.life_s), (open.kept.certificate.as_str(), 86_400));
    let identity =
        Identity::new(&world, &joined.authority, &joined.certificate, &key.pem().unwrap()).unwrap();
    let (_, roles) = crate::kit::worker();
    let server = Running::trusting("127.0.0.1:0", roles, Trust::Certificates(identity.clone())).await;
    let by = Authority::load(world.clone(), &open.kept.key).unwrap();
    let frontend = by.node(&Party { name: "f1".to_owned(), roles: vec![NodeRole::Frontend] }, DAY).unwrap();
    let frontend = Identity::new(&world, &joined.authority, &frontend.certificate, &frontend.key).unwrap();
    let reach = || async {
        let (trust, expected) =
            (Trust::Certificates(frontend.clone()), Expected::Node("w1".to_owned(), NodeRole::Worker));
        let peer = Peer::new(world.clone(), server.address.to_string(), trust, expected, Waits::default());
        let worker = crate::kit::remote(&peer);
        fabric::worker::WorkerInvoke::invoke(&*worker, crate::kit::request("x")).await.is_ok()
    };
    assert!(reach().await);

    // Again by what it has, for a new key; shown from the next connection on.
    let next = Key::new().unwrap();
    let own = key.pem().unwrap();
    let proof = Proof::Certificate { certificate: &joined.certificate, key: &own };
    let (party, address) = (party("w1"), open.address.to_string());
    let renewed =
        ask(&world, &address, token.authority, proof, Wanted { party: &party, key: &next }).await.unwrap();
    assert!(identity.renew(&renewed.certificate, &own).is_err(), "a certificate with another's key");
    identity.renew(&renewed.certificate, &next.pem().unwrap()).unwrap();
    assert!(reach().await);
}

#[tokio::test]
async fn a_token_is_good_once_and_for_nobody_else() {
    let open = open().await;
    let (token, key) = (open.token(&[NodeRole::Worker]), Key::new().unwrap());
    join(&token, "w1", &key).await.unwrap();
    let refused = |asked: Result<Joined, JoinError>| match asked {
        Err(JoinError::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(join(&token, "w2", &Key::new().unwrap()).await), Refused::UsedUp { uses_max: 1 });
    let wrong = Token { secret: [0; 32], ..token };
    assert_eq!(refused(join(&wrong, "w2", &Key::new().unwrap()).await), Refused::BadToken);
    let frontends = open.token(&[NodeRole::Frontend]);
    let asked = refused(join(&frontends, "w2", &Key::new().unwrap()).await);
    assert!(matches!(asked, Refused::Roles { .. }), "{asked:?}");
}

#[tokio::test]
async fn another_authority_is_not_told_the_secret_and_neither_is_a_node_of_ours() {
    let (ours, theirs) = (open().await, open().await);
    let token = ours.token(&[NodeRole::Worker]);
    let misled = Token { address: theirs.address.to_string(), ..token.clone() };
    let wrong = Err(JoinError::WrongAuthority { address: misled.address.clone() });
    assert_eq!(join(&misled, "w1", &Key::new().unwrap()).await.map(|_| ()), wrong);
    // A node of the right authority, which listens there and shows the authority behind its own certificate.
    let by = Authority::load(World::real(), &ours.kept.key).unwrap();
    let node = by.node(&party("w9"), DAY).unwrap();
    let chain = format!("{}{}", node.certificate, ours.kept.certificate);
    let identity = Identity::new(&World::real(), &ours.kept.certificate, &chain, &node.key).unwrap();
    let (_, roles) = crate::kit::worker();
    let server = Running::trusting("127.0.0.1:0", roles, Trust::Certificates(identity)).await;
    let misled = Token { address: server.address.to_string(), ..token };
    let wrong = Err(JoinError::WrongAuthority { address: misled.address.clone() });
    assert_eq!(join(&misled, "w1", &Key::new().unwrap()).await.map(|_| ()), wrong);
}

#[tokio::test]
async fn who_is_refused_again_and_again_is_not_listened_to_for_a_while() {
    let open = open().await;
    let wrong = Token { secret: [0; 32], ..open.token(&[NodeRole::Worker]) };
    let key = Key::new().unwrap();
    let mut refused = 0;
    loop {
        match join(&wrong, "w1", &key).await {
            Err(JoinError::Refused(Refused::BadToken)) => refused += 1,
            Err(JoinError::Unreachable { .. } | JoinError::BrokenOff { .. }) => break,
            other => panic!("{other:?}"),
        }
        assert!(refused <= 20);
    }
    assert!(refused >= 10);
}
