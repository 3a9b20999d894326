//! The environment's name server, the part that only reads and writes messages (RFC 1035): which questions are taken,
//! the one name we answer ourselves, and where the host's own resolvers are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use smoltcp::time::{Duration, Instant};

use super::{HOST_ALIAS, HOST_ALIAS_ADDRESS};

/// Longest question taken. EDNS questions are under 512 bytes; the rest is room for odd options.
pub(super) const QUERY_MAX: usize = 4_096;
const HEADER: usize = 12;
const NAME_MAX: usize = 255;
const TYPE_A: u16 = 1;
const TYPE_ANY: u16 = 255;
/// Seconds a function may remember the alias: `--allow-host` changes only with new environments.
const ALIAS_TTL: u32 = 60;

pub(super) const SERVFAIL: u8 = 2;
const FORMERR: u8 = 1;
const NXDOMAIN: u8 = 3;
const NOTIMP: u8 = 4;
const REFUSED: u8 = 5;

/// How often the host's `resolv.conf` is read again (a laptop changes networks).
const REREAD: Duration = Duration::from_secs(5);
/// resolv.conf(5): MAXNS.
const RESOLVERS_MAX: usize = 3;
const RESOLV_CONF_MAX: usize = 65_536;

/// A question that may be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) id: u16,
    /// Labels in lower case, joined by dots.
    name: Vec<u8>,
    kind: u16,
    /// Where the question section ends in its message.
    end: usize,
}

/// What to do with a message of the guest.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Triage {
    /// Ask the host's resolvers.
    Forward(Question),
    /// The answer, made here.
    Answer(Vec<u8>),
    /// Not a question at all; an answer could only confuse.
    Drop,
}

/// Judges one message of the guest.
pub(super) fn triage(message: &[u8], alias_exists: bool) -> Triage {
    if message.len() < HEADER || message[2] & 0x80 != 0 {
        return Triage::Drop;
    }
    if message.len() > QUERY_MAX {
        return Triage::Answer(error_reply(message, HEADER, FORMERR));
    }
    if message[2] & 0x78 != 0 {
        return Triage::Answer(error_reply(message, HEADER, NOTIMP));
    }
    let Some(question) = parse_question(message) else {
        return Triage::Answer(error_reply(message, HEADER, FORMERR));
    };
    let alias = HOST_ALIAS.as_bytes();
    if question.name == alias && alias_exists {
        return Triage::Answer(alias_reply(message, &question));
    }
    // Our own zone is nobody else's business, so it is never asked outside.
    let zone = b"tinderbox.internal";
    let ours = question.name == zone
        || (question.name.ends_with(zone) && {
            let before = question.name.len() - zone.len();
            question.name[before - 1] == b'.'
        });
    if ours {
        return Triage::Answer(error_reply(message, question.end, NXDOMAIN));
    }
    Triage::Forward(question)
}

/// An answer without records.
pub(super) fn error_reply(query: &[u8], question_end: usize, code: u8) -> Vec<u8> {
    let mut reply = query[..question_end].to_vec();
    // QR and RA, keeping the opcode and RD; then the code.
    reply[2] = 0x80 | (query[2] & 0x79);
    reply[3] = 0x80 | code;
    let questions: u16 = if question_end > HEADER { 1 } else { 0 };
    reply[4..6].copy_from_slice(&questions.to_be_bytes());
    reply[6..HEADER].fill(0);
    reply
}

/// SERVFAIL for a question that no resolver answered.
pub(super) fn no_answer(query: &[u8], question: &Question) -> Vec<u8> {
    error_reply(query, question.end, SERVFAIL)
}

/// Whether `reply` answers the question of `query` (which carries the id it was sent with).
pub(super) fn answers(reply: &[u8], query: &[u8], question: &Question) -> bool {
    if reply.len() < HEADER || reply[..2] != query[..2] || reply[2] & 0x80 == 0 {
        return false;
    }
    // Some servers leave the question out of an error.
    if reply[4..6] == [0, 0] {
        return reply[3] & 0x0f != 0;
    }
    reply[4..6] == [0, 1]
        && reply.len() >= question.end
        && reply[HEADER..question.end].eq_ignore_ascii_case(&query[HEADER..question.end])
}

/// Whether an answer says that another server should be asked.
pub(super) fn is_refusal(reply: &[u8]) -> bool {
    matches!(reply[3] & 0x0f, SERVFAIL | NOTIMP | REFUSED)
}

fn parse_question(message: &[u8]) -> Option<Question> {
    let count = |at: usize| u16::from_be_bytes([message[at], message[at + 1]]);
    // One question, no records but EDNS and a signature behind it.
    if count(4) != 1 || count(6) != 0 || count(8) != 0 || count(10) > 2 {
        return None;
    }
    let mut name = Vec::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        match length {
            0 => break,
            // Compression and extended labels have no place in a question.
            64.. => return None,
            _ => {
                let label = message.get(at..at + length)?;
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend(label.iter().map(u8::to_ascii_lowercase));
                at += length;
                if name.len() > NAME_MAX {
                    return None;
                }
            }
        }
    }
    let kind = message.get(at..at + 4)?;
    Some(Question { id: count(0), name, kind: u16::from_be_bytes([kind[0], kind[1]]), end: at + 4 })
}

fn alias_reply(query: &[u8], question: &Question) -> Vec<u8> {
    let mut reply = error_reply(query, question.end, 0);
    // Other types than A: the name exists, but has no such record.
    if question.kind == TYPE_A || question.kind == TYPE_ANY {
        reply[7] = 1;
        // A pointer to the question's name, type A, class IN, TTL, four bytes.
        reply.extend_from_slice(&[0xc0, HEADER as u8, 0, 1, 0, 1]);
        reply.extend_from_slice(&ALIAS_TTL.to_be_bytes());
        reply.extend_from_slice(&[0, 4]);
        reply.extend_from_slice(&HOST_ALIAS_ADDRESS.octets());
    }
    reply
}

/// The host's resolvers, from its `resolv.conf`.
pub(super) struct ResolverCache {
    path: PathBuf,
    read_at: Option<Instant>,
    resolvers: Vec<SocketAddr>,
}

impl ResolverCache {
    pub(super) fn new(path: PathBuf) -> ResolverCache {
        ResolverCache { path, read_at: None, resolvers: Vec::new() }
    }

    pub(super) fn get(&mut self, now: Instant) -> &[SocketAddr] {
        if self.read_at.is_none_or(|at| now >= at + REREAD) {
            self.read_at = Some(now);
            match read_bounded(&self.path) {
                Ok(text) => self.resolvers = resolvers(&text),
                // The file is replaced by renaming; the last good list serves meanwhile.
                Err(error) if !self.resolvers.is_empty() => {
                    tracing::debug!(%error, "resolv.conf is unreadable, keeping the last list");
                }
                Err(_) => self.resolvers = resolvers(""),
            }
        }
        &self.resolvers
    }
}

fn read_bounded(path: &std::path::Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(RESOLV_CONF_MAX as u64).read_to_string(&mut text)?;
    Ok(text)
}

/// The `nameserver` lines of a resolv.conf(5); without one, the host's own name server.
fn resolvers(text: &str) -> Vec<SocketAddr> {
    let mut found: Vec<SocketAddr> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next() == Some("nameserver")).then(|| words.next())?
        })
        // A link-local server carries its interface as a suffix, which a plain socket address cannot say.
        .filter_map(|address| address.parse::<IpAddr>().ok())
        .map(|address| SocketAddr::new(address, 53))
        .take(RESOLVERS_MAX)
        .collect();
    if found.is_empty() {
        found.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.').filter(|label| !label.is_empty()) {
            message.push(label.len() as u8);
            message.extend_from_slice(label.as_bytes());
        }
        message.push(0);
        message.extend_from_slice(&kind.to_be_bytes());
        message.extend_from_slice(&[0, 1]);
        message
    }

    #[test]
    fn the_alias_resolves_only_when_an_endpoint_is_open_and_never_leaves() {
        let Triage::Answer(reply) = triage(&query("Host.Tinderbox.INTERNAL", 1), true) else { panic!() };
        assert_eq!(reply[..2], [0xab, 0xcd]);
        assert_eq!(reply[3] & 0x0f, 0);
        assert_eq!(reply[reply.len() - 4..], HOST_ALIAS_ADDRESS.octets());
        let Triage::Answer(reply) = triage(&query("host.tinderbox.internal", 28), true) else { panic!() };
        assert_eq!((reply[3] & 0x0f, reply[7]), (0, 0), "no AAAA, but the name exists");
        for (name, exists) in
            [("host.tinderbox.internal", false), ("x.tinderbox.internal", true), ("tinderbox.internal", true)]
        {
            let Triage::Answer(reply) = triage(&query(name, 1), exists) else { panic!("{name}") };
            assert_eq!(reply[3] & 0x0f, NXDOMAIN, "{name}");
        }
        for name in ["example.com", "nottinderbox.internal", "internal", ""] {
            assert!(matches!(triage(&query(name, 1), true), Triage::Forward(_)), "{name}");
        }
    }

    #[test]
    fn what_is_not_a_question_is_dropped_or_refused() {
        let good = query("example.com", 1);
        assert_eq!(triage(&good[..11], true), Triage::Drop);
        let mut answer = good.clone();
        answer[2] |= 0x80;
        assert_eq!(triage(&answer, true), Triage::Drop);
        let code = |message: &[u8]| match triage(message, true) {
            Triage::Answer(reply) => reply[3] & 0x0f,
            other => panic!("{other:?}"),
        };
        let mut update = good.clone();
        update[2] = 5 << 3;
        assert_eq!(code(&update), NOTIMP);
        let mut two = good.clone();
        two[5] = 2;
        assert_eq!(code(&two), FORMERR);
        let mut pointer = good.clone();
        pointer[12] = 0xc0;
        assert_eq!(code(&pointer), FORMERR);
        assert_eq!(code(&good[..good.len() - 1]), FORMERR);
        assert_eq!(code(&query(&"a234567.".repeat(40), 1)), FORMERR);
        let mut long = good.clone();
        long.resize(QUERY_MAX + 1, 0);
        assert_eq!(code(&long), FORMERR);
    }

    #[test]
    fn an_answer_must_carry_the_id_and_the_question() {
        let sent = query("example.com", 1);
        let Triage::Forward(question) = triage(&sent, false) else { panic!() };
        let mut reply = sent.clone();
        reply[2] |= 0x80;
        assert!(answers(&reply, &sent, &question));
        reply[13] = b'E';
        assert!(answers(&reply, &sent, &question), "servers may change the case");
        reply[13] = b'f';
        assert!(!answers(&reply, &sent, &question));
        let mut other = sent.clone();
        other[2] |= 0x80;
        other[0] ^= 1;
        assert!(!answers(&other, &sent, &question));
        assert!(!answers(&sent, &sent, &question), "a question is not an answer");
    }

    #[test]
    fn the_hosts_resolvers_are_read_in_order_and_default_to_its_own() {
        let text = "# x\nsearch corp\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\n nameserver ::1\nnameserver 1.1.1.1\nnameserver 9.9.9.9\n";
        let expected = ["127.0.0.53:53", "[::1]:53", "1.1.1.1:53"];
        let found: Vec<_> = resolvers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
        assert_eq!(resolvers("nameserver nonsense"), ["127.0.0.1:53".parse().unwrap()]);
    }
}
