use super::*;
use crate::certs::Key;
use std::sync::Arc;

const DAY: Duration = Duration::from_secs(86_400);
const NOW: u64 = 1_000_000;

struct Desk {
    world: World,
    folder: tempfile::TempDir,
    books: Books,
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let books = Books::open(folder.path()).unwrap();
    Desk { world: World::real(), folder, books }
}

impl Desk {
    fn token(&self, names: Names, uses_max: u32) -> Token {
        let terms = Terms { roles: vec![NodeRole::Worker], names, life: DAY, uses_max };
        self.books.token(&self.world, [1; 32], &terms, "h:1").unwrap()
    }
    fn now(&self) -> u64 {
        self.world.wall().millis()
    }
    fn by(&self, token: &Token, name: &str, key: &Key) -> Result<(), Refused> {
        self.books.grant(self.now(), DAY, &request(Some(token), name, &[NodeRole::Worker], key), None)
    }
}

fn request(token: Option<&Token>, name: &str, roles: &[NodeRole], key: &Key) -> Request {
    let credential = match token {
        Some(token) => Credential::Token { id: token.id, secret: token.secret },
        None => Credential::Shown,
    };
    let party = Party { name: name.to_owned(), roles: roles.to_vec() };
    Request { credential, party, key: key.public().clone() }
}

fn any() -> Names {
    Names::Prefix("w".to_owned())
}

fn taken(name: &str) -> Result<(), Refused> {
    Err(Refused::Taken { name: name.to_owned() })
}

#[test]
fn a_use_is_counted_before_anything_is_signed_and_by_whoever_opens_the_books_next() {
    let Desk { world, folder, books } = desk();
    let desk = Desk { world, folder, books };
    let token = desk.token(any(), 1);
    let (one, other) = (Key::new().unwrap(), Key::new().unwrap());
    assert_eq!(desk.by(&token, "w1", &one), Ok(()));
    // As if the process had died right here, and, before, in the middle of writing.
    std::fs::write(desk.books.token_file(token.id).with_extension("new"), b"{").unwrap();
    let again = Desk { books: Books::open(desk.folder.path()).unwrap(), ..desk };
    assert_eq!(again.by(&token, "w2", &other), Err(Refused::UsedUp { uses_max: 1 }));
    assert_eq!(again.by(&token, "w1", &other), taken("w1"));
    // Who did not hear the answer asks again, for the same name with the same key.
    assert_eq!(again.by(&token, "w1", &one), Ok(()));
    // Written as used, and the node not written yet: the same.
    std::fs::remove_file(again.books.node_file("w1")).unwrap();
    assert_eq!(again.by(&token, "w2", &other), Err(Refused::UsedUp { uses_max: 1 }));
    assert_eq!(again.by(&token, "w1", &one), Ok(()));
}

#[test]
fn of_many_at_once_as_many_are_granted_as_the_token_says() {
    let desk = Arc::new(desk());
    let token = desk.token(any(), 3);
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let (desk, token) = (Arc::clone(&desk), token.clone());
            let name = format!("w{number}");
            std::thread::spawn(move || desk.by(&token, &name, &Key::new().unwrap()).is_ok())
        })
        .collect();
    let granted = threads.into_iter().filter(|_| true).map(|it| it.join().unwrap()).filter(|it| *it).count();
    assert_eq!(granted, 3);
}

#[test]
fn a_wrong_secret_an_expired_token_other_roles_and_other_names_are_refused() {
    let desk = desk();
    let (token, key) = (desk.token(any(), 9), Key::new().unwrap());
    let mut wrong = token.clone();
    wrong.secret[31] ^= 1;
    assert_eq!(desk.by(&wrong, "w1", &key), Err(Refused::BadToken));
    assert_eq!(desk.by(&Token { id: token.id ^ 1, ..token.clone() }, "w1", &key), Err(Refused::BadToken));
    let late = desk.now() + 86_400_001;
    let asked = request(Some(&token), "w1", &[NodeRole::Worker], &key);
    assert_eq!(desk.books.grant(late, DAY, &asked, None), Err(Refused::Expired));
    let asked = request(Some(&token), "w1", &[NodeRole::Frontend, NodeRole::Worker], &key);
    let refused = desk.books.grant(desk.now(), DAY, &asked, None);
    assert!(matches!(refused, Err(Refused::Roles { .. })), "{refused:?}");
    assert!(matches!(desk.by(&token, "f1", &key), Err(Refused::Name { .. })));
    assert_eq!(desk.by(&token, "w1", &key), Ok(()));
    let text = std::fs::read_to_string(desk.books.token_file(token.id)).unwrap();
    assert!(!text.contains(&hex(&token.secret)), "the secret is nowhere on the disk");
}

#[test]
fn a_name_is_given_to_another_key_only_by_a_token_for_exactly_that_name_or_when_its_certificate_ended() {
    let desk = desk();
    let (one, other) = (Key::new().unwrap(), Key::new().unwrap());
    assert_eq!(desk.by(&desk.token(any(), 1), "w1", &one), Ok(()));
    assert_eq!(desk.by(&desk.token(any(), 1), "w1", &other), taken("w1"));
    std::fs::write(desk.folder.path().join("w2.pem"), "of certs init").unwrap();
    assert_eq!(desk.by(&desk.token(any(), 1), "w2", &other), taken("w2"));
    let renewal = request(None, "w1", &[NodeRole::Worker], &Key::new().unwrap());
    let shown = |key: &Key| Shown { party: renewal.party.clone(), key: key.public().clone() };
    assert_eq!(desk.books.grant(desk.now(), DAY, &renewal, Some(&shown(&one))), Ok(()));
    assert_eq!(desk.by(&desk.token(Names::Exactly("w1".to_owned()), 1), "w1", &other), Ok(()));
    // Whoever had it before does not stay.
    let refused = desk.books.grant(desk.now(), DAY, &renewal, Some(&shown(&one)));
    assert_eq!(refused, Err(Refused::NotRenewed { name: "w1".to_owned() }));

    let long_after = desk.now() + 3 * 86_400_000;
    desk.books.tidy(long_after).unwrap();
    assert!(!desk.books.node_file("w1").exists());
    desk.books.tidy(long_after + EXPIRED_KEPT_MS).unwrap();
    assert_eq!(std::fs::read_dir(desk.books.folder.join("tokens")).unwrap().count(), 0);
}

#[test]
fn a_renewal_is_for_who_has_the_last_certificate_or_the_one_before_while_nobody_has_seen_the_last() {
    let desk = desk();
    let [first, second, third] = [(); 3].map(|()| Key::new().unwrap());
    assert_eq!(desk.by(&desk.token(any(), 1), "w1", &first), Ok(()));
    let ask = |shown: &Key, name: &str, roles: &[NodeRole], key: &Key| {
        let party = Party { name: "w1".to_owned(), roles: vec![NodeRole::Worker] };
        let shown = Shown { party, key: shown.public().clone() };
        desk.books.grant(NOW, DAY, &request(None, name, roles, key), Some(&shown))
    };
    let worker = &[NodeRole::Worker][..];
    let not = |name: &str| Err(Refused::NotRenewed { name: name.to_owned() });
    assert_eq!(ask(&first, "w2", worker, &second), not("w2"));
    assert_eq!(ask(&third, "w1", worker, &second), not("w1"));
    assert!(matches!(ask(&first, "w1", &[NodeRole::Frontend], &second), Err(Refused::Roles { .. })));
    assert_eq!(ask(&first, "w1", worker, &second), Ok(()));
    assert_eq!(ask(&first, "w1", worker, &second), Ok(()), "the answer was lost");
    assert_eq!(ask(&second, "w1", worker, &third), Ok(()));
    assert_eq!(ask(&first, "w1", worker, &third), not("w1"), "the second was in use");
    let unshown = desk.books.grant(NOW, DAY, &request(None, "w1", worker, &second), None);
    assert_eq!(unshown, not("w1"));
}

#[test]
fn one_process_gives_by_the_books_and_another_is_told_so() {
    let desk = desk();
    let held = desk.books.hold().unwrap();
    let other = Books::open(desk.folder.path()).unwrap();
    assert!(other.hold().is_err());
    drop(held);
    assert!(other.hold().is_ok());
    assert!(other.keep_address("no port").is_err());
    other.keep_address("10.0.0.9:9958").unwrap();
    assert_eq!(desk.books.address(), Ok(Some("10.0.0.9:9958".to_owned())));
}
