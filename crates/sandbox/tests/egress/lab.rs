//! The lab: three kinds of network namespaces, each held by a thread that runs what must happen inside.

#![allow(clippy::unwrap_used)] // Test support: a failure here is the test's.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::process::Command;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use sandbox::egress::{self, EnvironmentNumber, Handle, Policy, Start};

/// Generous: only a hang reaches it. (Four hundred threads beside other suites on two processors waited a minute for a turn.)
pub(crate) const TIMEOUT: Duration = Duration::from_secs(300);
pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(10, 77, 1, 1);
pub(crate) const INTERNET: Ipv4Addr = Ipv4Addr::new(10, 77, 1, 2);
const NOBODY: u32 = 65_534;
const TUN: &str = "tun0";

type Job = Box<dyn FnOnce() + Send>;

/// A network namespace and the thread that lives in it. The thread, and with it the namespace, ends with this.
pub(crate) struct Namespace {
    jobs: SyncSender<Job>,
    thread_id: i32,
}

impl Namespace {
    fn new() -> Namespace {
        let (jobs, inbox) = sync_channel::<Job>(1);
        let (ready, started) = sync_channel(1);
        thread::spawn(move || {
            // SAFETY: no pointers; affects this thread only.
            let (unshared, id) = unsafe { (libc::unshare(libc::CLONE_NEWNET), libc::gettid()) };
            assert_eq!(unshared, 0, "{}", std::io::Error::last_os_error());
            ready.send(id).unwrap();
            while let Ok(job) = inbox.recv() {
                job();
            }
        });
        Namespace { jobs, thread_id: started.recv().unwrap() }
    }

    pub(crate) fn run<T: Send + 'static>(&self, act: impl FnOnce() -> T + Send + 'static) -> T {
        let (tell, outcome) = sync_channel(1);
        self.jobs.send(Box::new(move || tell.send(act()).unwrap())).unwrap();
        outcome.recv().unwrap()
    }

    pub(crate) fn ip(&self, arguments: &str) {
        let words: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let output = self.run(|| Command::new("ip").args(words).output().unwrap());
        assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn listen(&self, address: Ipv4Addr, port: u16) -> TcpListener {
        self.run(move || TcpListener::bind((address, port)).unwrap())
    }
}

pub(crate) struct Lab {
    // The handle first: it is dropped first, while its thread still lives.
    pub(crate) egress: Handle,
    pub(crate) host: Namespace,
    pub(crate) internet: Namespace,
    environment: Namespace,
    tun: OwnedFd,
    folder: tempfile::TempDir,
}

impl Lab {
    /// `None`, with the reason printed, where namespaces cannot be made.
    pub(crate) fn new() -> Option<Lab> {
        if !is_possible() {
            return None;
        }
        let (host, internet) = (Namespace::new(), Namespace::new());
        host.ip("link set lo up");
        host.ip(&format!("link add wire0 type veth peer name wire1 netns {}", internet.thread_id));
        host.ip(&format!("addr add {HOST}/24 brd + dev wire0"));
        host.ip("link set wire0 up");
        internet.ip("link set lo up");
        internet.ip(&format!("addr add {INTERNET}/24 dev wire1"));
        internet.ip("link set wire1 up");
        let folder = tempfile::tempdir().unwrap();
        // The egress process reads this as nobody.
        rustix::fs::chmod(folder.path(), 0o755.into()).unwrap();
        let resolv_conf = folder.path().join("resolv.conf");
        std::fs::write(&resolv_conf, "nameserver 127.0.0.9\nnameserver 127.0.0.53\n").unwrap();
        let egress = start(&host, &folder);
        let (environment, tun) = Lab::environment();
        let mut lab = Lab { egress, host, internet, environment, tun, folder };
        lab.attach(&Policy::default());
        Some(lab)
    }

    /// A namespace with a TUN, and the TUN's other end.
    pub(crate) fn environment() -> (Namespace, OwnedFd) {
        let environment = Namespace::new();
        let tun = environment.run(|| egress::create_tun(TUN).unwrap());
        (environment, tun)
    }

    pub(crate) fn attach(&mut self, policy: &Policy) {
        self.egress.attach(EnvironmentNumber(1), self.tun.as_fd(), policy).unwrap();
    }

    pub(crate) fn kill_egress(&self) {
        // SAFETY: no pointers; the process is our child and not reaped yet, so the id is its own.
        assert_eq!(unsafe { libc::kill(self.egress.pid() as i32, libc::SIGKILL) }, 0);
        let mut hung_up = [rustix::event::PollFd::new(&self.egress, rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut hung_up, None).unwrap();
    }

    pub(crate) fn restart_egress(&mut self) {
        self.egress = start(&self.host, &self.folder);
        self.attach(&Policy::default());
    }

    pub(crate) fn egress_is_alive(&self) -> bool {
        !self.status().contains("State:\tZ")
    }

    /// The status of the process's youngest thread: the test harness runs what it is told on one of its own, and
    /// some of a process's privileges are each thread's.
    pub(crate) fn status(&self) -> String {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.egress.pid())).unwrap();
        let youngest = tasks.map(|task| task.unwrap().file_name().into_string().unwrap()).max().unwrap();
        std::fs::read_to_string(format!("/proc/{}/task/{youngest}/status", self.egress.pid())).unwrap()
    }

    pub(crate) fn resident_kib(&self) -> u64 {
        let status = self.status();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Connects from inside the environment.
    pub(crate) fn connect(&self, to: SocketAddr) -> std::io::Result<TcpStream> {
        let stream = self.environment.run(move || TcpStream::connect_timeout(&to, TIMEOUT))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(stream)
    }

    pub(crate) fn udp(&self) -> UdpSocket {
        let socket = self.environment.run(|| UdpSocket::bind((egress::GUEST, 0)).unwrap());
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        socket
    }

    pub(crate) fn serve_echo(&self) -> SocketAddr {
        let listener = self.internet.listen(INTERNET, 0);
        let address = listener.local_addr().unwrap();
        echo_forever(listener);
        address
    }

    /// Reads a length; sends pattern 9 of that length while it checks what comes against pattern 7; after the client's
    /// end says what it thinks of it.
    pub(crate) fn serve_checksums(&self) -> SocketAddr {
        let listener = self.internet.listen(INTERNET, 0);
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            let mut length = [0; 8];
            peer.read_exact(&mut length).unwrap();
            let mut out = peer.try_clone().unwrap();
            let sender = thread::spawn(move || {
                Pattern::new(9).write(&mut out, u64::from_be_bytes(length));
            });
            let (mut pattern, mut total, mut good) = (Pattern::new(7), 0, true);
            let mut chunk = vec![0; 1 << 16];
            loop {
                let count = peer.read(&mut chunk).unwrap();
                if count == 0 {
                    break;
                }
                good &= pattern.matches(&chunk[..count]);
                total += count;
            }
            sender.join().unwrap();
            let word = if good { "good" } else { "bad" };
            peer.write_all(format!("{total} {word}").as_bytes()).unwrap();
        });
        address
    }

    pub(crate) fn serve_udp_echo(&self) -> SocketAddr {
        let socket = self.internet.run(|| UdpSocket::bind((INTERNET, 0)).unwrap());
        let address = socket.local_addr().unwrap();
        thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok((count, from)) = socket.recv_from(&mut buffer) {
                socket.send_to(&buffer[..count], from).unwrap();
            }
        });
        address
    }

    /// A resolver in the host's namespace that answers every question with `answer`, over UDP and TCP.
    pub(crate) fn serve_dns(&self, at: Ipv4Addr, answer: Ipv4Addr) {
        let socket = self.host.run(move || UdpSocket::bind((at, 53)).unwrap());
        let listener = self.host.listen(at, 53);
        thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((count, from)) = socket.recv_from(&mut buffer) {
                socket.send_to(&dns_answer(&buffer[..count], answer), from).unwrap();
            }
        });
        thread::spawn(move || {
            while let Ok((mut peer, _)) = listener.accept() {
                let mut length = [0; 2];
                peer.read_exact(&mut length).unwrap();
                let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
                peer.read_exact(&mut query).unwrap();
                let reply = dns_answer(&query, answer);
                // In two pieces, so that joining them is tested too.
                peer.write_all(&(reply.len() as u16).to_be_bytes()).unwrap();
                peer.write_all(&reply).unwrap();
            }
        });
    }

    pub(crate) fn resolve_udp(&self, name: &str) -> Result<Vec<Ipv4Addr>, u8> {
        let socket = self.udp();
        socket.connect((egress::DNS_SERVER, 53)).unwrap();
        socket.send(&dns_query(name)).unwrap();
        let mut reply = [0; 512];
        let count = socket.recv(&mut reply).unwrap();
        addresses(&reply[..count])
    }

    pub(crate) fn resolve_tcp(&self, name: &str) -> Result<Vec<Ipv4Addr>, u8> {
        let mut stream = self.connect(SocketAddr::new(egress::DNS_SERVER.into(), 53)).unwrap();
        let query = dns_query(name);
        let mut last = Err(0);
        // Twice on one connection, as resolvers may.
        for _ in 0..2 {
            stream.write_all(&(query.len() as u16).to_be_bytes()).unwrap();
            stream.write_all(&query).unwrap();
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut reply).unwrap();
            last = addresses(&reply);
        }
        last
    }

    /// Puts `count` broken packets on the guest's TUN: random bytes, and good packets cut and flipped.
    pub(crate) fn send_garbage(&self, count: usize) {
        self.environment.run(move || {
            let mut random = Pattern::new(4_711);
            let protocol = (libc::ETH_P_IP as u16).to_be();
            // SAFETY: plain numbers and a structure that lives through its call; the descriptor is checked.
            unsafe {
                let raw = libc::socket(libc::AF_PACKET, libc::SOCK_DGRAM, i32::from(protocol));
                assert!(raw >= 0);
                let raw = OwnedFd::from_raw_fd(raw);
                let mut to: libc::sockaddr_ll = std::mem::zeroed();
                to.sll_family = libc::AF_PACKET as u16;
                to.sll_protocol = protocol;
                to.sll_ifindex = libc::if_nametoindex(c"tun0".as_ptr()) as i32;
                for round in 0..count {
                    let packet = garbage(&mut random, round);
                    let length = std::mem::size_of::<libc::sockaddr_ll>() as u32;
                    let fd = std::os::fd::AsRawFd::as_raw_fd(&raw);
                    // A full queue loses packets; there are enough of them.
                    libc::sendto(fd, packet.as_ptr().cast(), packet.len(), 0, (&raw const to).cast(), length);
                }
            }
        });
    }
}

/// Whether namespaces and devices can be made here; if not, says why.
pub(crate) fn is_possible() -> bool {
    // SAFETY: no pointers.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("skipped: making network namespaces needs root");
        return false;
    }
    if Command::new("ip").arg("-V").output().is_err() {
        eprintln!("skipped: the lab's own wires need the `ip` program");
        return false;
    }
    if !std::path::Path::new("/dev/net/tun").exists() {
        eprintln!("skipped: this kernel has no TUN devices");
        return false;
    }
    true
}

fn start(host: &Namespace, folder: &tempfile::TempDir) -> Handle {
    let start = Start {
        program: std::env::current_exe().unwrap(),
        arguments: [
            "--exact",
            "the_egress_process_of_the_other_tests",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ]
        .map(Into::into)
        .to_vec(),
        uid: NOBODY,
        gid: NOBODY,
        resolv_conf: folder.path().join("resolv.conf"),
    };
    host.run(move || Handle::start(&start)).unwrap()
}

pub(crate) fn echo_forever(listener: TcpListener) {
    thread::spawn(move || {
        while let Ok((peer, _)) = listener.accept() {
            thread::spawn(move || {
                let _ = std::io::copy(&mut &peer, &mut &peer);
                let _ = peer.shutdown(std::net::Shutdown::Both);
            });
        }
    });
}

/// Closes with a RST.
pub(crate) fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

pub(crate) fn raise_descriptors(limit: u64) {
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: the structure lives through the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}

/// Bytes that differ at every place and are the same for the same seed (xorshift).
pub(crate) struct Pattern {
    state: u64,
    word: [u8; 8],
    used: usize,
}

impl Pattern {
    pub(crate) fn new(seed: u64) -> Pattern {
        Pattern { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, word: [0; 8], used: 8 }
    }

    fn next(&mut self) -> u8 {
        if self.used == 8 {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            self.word = self.state.to_be_bytes();
            self.used = 0;
        }
        self.used += 1;
        self.word[self.used - 1]
    }

    pub(crate) fn write(&mut self, to: &mut impl Write, length: u64) {
        let mut left = length as usize;
        while left > 0 {
            let chunk: Vec<u8> = (0..left.min(1 << 16)).map(|_| self.next()).collect();
            to.write_all(&chunk).unwrap();
            left -= chunk.len();
        }
    }

    pub(crate) fn matches(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| *byte == self.next())
    }
}

/// Half of these are noise; half are a TCP or UDP packet of the guest with a few bytes changed and a random length.
fn garbage(random: &mut Pattern, round: usize) -> Vec<u8> {
    let length = usize::from(random.next()) % 90;
    let mut packet: Vec<u8> = (0..length.max(1)).map(|_| random.next()).collect();
    if round.is_multiple_of(2) && packet.len() >= 28 {
        let total = (packet.len() as u16).to_be_bytes();
        let protocol = if round.is_multiple_of(4) { 6 } else { 17 };
        packet[..12].copy_from_slice(&[0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, protocol, 0, 0]);
        packet[12..16].copy_from_slice(&egress::GUEST.octets());
        packet[16..20].copy_from_slice(&INTERNET.octets());
        let mut sum: u32 =
            packet[..20].chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        packet[10..12].copy_from_slice(&(!(sum as u16)).to_be_bytes());
        if round % 8 == 2 {
            // UDP without a checksum, so that the payload is really looked at: a broken DNS question.
            packet[16..20].copy_from_slice(&egress::DNS_SERVER.octets());
            packet[20..28].copy_from_slice(&[0x99, 0, 0, 53, 0, (length - 20) as u8, 0, 0]);
        }
    }
    packet
}

fn dns_query(name: &str) -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, 1, 0, 1]);
    message
}

fn dns_answer(query: &[u8], address: Ipv4Addr) -> Vec<u8> {
    let mut reply = query.to_vec();
    reply[2] |= 0x80;
    reply[7] = 1;
    reply.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4]);
    reply.extend_from_slice(&address.octets());
    reply
}

/// The A records of an answer to [`dns_query`] in the order they came, or its error code.
fn addresses(reply: &[u8]) -> Result<Vec<Ipv4Addr>, u8> {
    assert_eq!(reply[..2], [0x12, 0x34], "the answer carries our id");
    assert_ne!(reply[2] & 0x80, 0);
    match reply[3] & 0x0f {
        0 => {
            let count = usize::from(reply[7]);
            let records = &reply[reply.len() - 16 * count..];
            Ok(records.chunks(16).map(|r| Ipv4Addr::new(r[12], r[13], r[14], r[15])).collect())
        }
        code => Err(code),
    }
}
