//! The `nat` egress against real kernels: a namespace that plays the host (and holds the egress process), one that
//! plays the internet, joined by a veth pair, and one or more environments with nothing but a TUN. All of it is gone
//! when the test's threads and descriptors are; this machine's own network is never touched.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

#[path = "egress/lab.rs"]
mod lab;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use lab::{HOST, INTERNET, Lab, Pattern, TIMEOUT};
use sandbox::egress::{self, EnvironmentNumber, Policy};

/// Not a test: what the other tests' egress processes run. Started with the control socket as standard input.
#[test]
#[ignore = "the other tests start it themselves"]
fn the_egress_process_of_the_other_tests() {
    let input = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    if rustix::net::getsockname(&input).is_ok() {
        egress::main(input);
    }
}

#[test]
fn fifty_megabytes_arrive_unchanged_in_both_directions() {
    let Some(lab) = Lab::new() else { return };
    const LENGTH: u64 = 50 << 20;
    let sums = lab.serve_checksums();
    let mut client = lab.connect(sums).unwrap();
    client.write_all(&LENGTH.to_be_bytes()).unwrap();
    let upload = {
        let mut client = client.try_clone().unwrap();
        thread::spawn(move || {
            Pattern::new(7).write(&mut client, LENGTH);
            client.shutdown(Shutdown::Write).unwrap();
        })
    };
    let mut pattern = Pattern::new(9);
    let mut received = 0;
    let mut chunk = vec![0; 1 << 16];
    while received < LENGTH {
        let want = chunk.len().min((LENGTH - received) as usize);
        let count = client.read(&mut chunk[..want]).unwrap();
        assert_ne!(count, 0, "ended after {received} bytes");
        assert!(pattern.matches(&chunk[..count]), "wrong bytes near {received}");
        received += count as u64;
    }
    // The server says what it received only after our FIN, so half-close went through as well.
    let mut verdict = String::new();
    client.read_to_string(&mut verdict).unwrap();
    upload.join().unwrap();
    assert_eq!(verdict, format!("{LENGTH} good"));
}

#[test]
fn two_hundred_connections_at_once_each_get_their_own_bytes() {
    let Some(lab) = Lab::new() else { return };
    let echo = lab.serve_echo();
    let clients: Vec<TcpStream> = (0..200).map(|_| lab.connect(echo).unwrap()).collect();
    let workers: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(seed, mut client)| {
            thread::spawn(move || {
                let mut out = client.try_clone().unwrap();
                let writer = thread::spawn(move || {
                    Pattern::new(seed as u64).write(&mut out, 200_000);
                    out.shutdown(Shutdown::Write).unwrap();
                });
                let mut back = Vec::new();
                client.read_to_end(&mut back).unwrap();
                writer.join().unwrap();
                assert_eq!(back.len(), 200_000);
                assert!(Pattern::new(seed as u64).matches(&back));
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
}

#[test]
fn a_peer_that_does_not_read_slows_the_function_and_fills_nothing() {
    let Some(lab) = Lab::new() else { return };
    let listener = lab.internet.listen(INTERNET, 0);
    let mut client = lab.connect(listener.local_addr().unwrap()).unwrap();
    let (peer, _) = listener.accept().unwrap();
    client.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let before = lab.resident_kib();
    let mut sent = 0;
    let stopped = loop {
        match client.write(&[1; 65_536]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break error.kind(),
        }
        assert!(sent < 64 << 20, "no backpressure");
    };
    assert_eq!(stopped, ErrorKind::WouldBlock);
    assert!(lab.resident_kib() < before + 2_048, "the egress process buffered what the peer did not take");
    // Once the peer reads, every byte is there.
    client.shutdown(Shutdown::Write).unwrap();
    let read = std::io::copy(&mut &peer, &mut std::io::sink()).unwrap();
    assert_eq!(read, sent as u64);
}

#[test]
fn a_reset_goes_through_in_both_directions() {
    let Some(lab) = Lab::new() else { return };
    let listener = lab.internet.listen(INTERNET, 0);
    let address = listener.local_addr().unwrap();
    let mut client = lab.connect(address).unwrap();
    let (peer, _) = listener.accept().unwrap();
    lab::reset(peer);
    assert_eq!(client.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);

    let client = lab.connect(address).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(TIMEOUT)).unwrap();
    lab::reset(client);
    assert_eq!(peer.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn datagrams_come_back_and_a_closed_port_says_so() {
    let Some(lab) = Lab::new() else { return };
    let echo = lab.serve_udp_echo();
    let socket = lab.udp();
    socket.connect(echo).unwrap();
    for length in [0, 1, 1_400, 16_000] {
        let sent = vec![length as u8; length];
        socket.send(&sent).unwrap();
        let mut back = vec![1; 65_536];
        let count = socket.recv(&mut back).unwrap();
        assert_eq!(&back[..count], &sent[..]);
    }
    let socket = lab.udp();
    socket.connect(SocketAddr::new(INTERNET.into(), 9)).unwrap();
    socket.send(b"x").unwrap();
    assert_eq!(socket.recv(&mut [0; 9]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn closed_ports_and_unreachable_networks_are_told_at_once() {
    let Some(lab) = Lab::new() else { return };
    let refused = lab.connect(SocketAddr::new(INTERNET.into(), 9)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    // The host of the lab has no default route.
    let unreachable = lab.connect("198.51.100.1:80".parse().unwrap()).unwrap_err();
    assert_eq!(unreachable.kind(), ErrorKind::NetworkUnreachable);
}

#[test]
fn the_host_its_loopback_metadata_and_neighbours_refuse_at_once() {
    let Some(mut lab) = Lab::new() else { return };
    // A platform that listens on every address, and a neighbour with a listener of its own.
    let platform = lab.host.listen(Ipv4Addr::UNSPECIFIED, 9_955);
    platform.set_nonblocking(true).unwrap();
    let (neighbour, tun) = Lab::environment();
    lab.egress.attach(EnvironmentNumber(2), tun.as_fd(), &Policy::default()).unwrap();
    let _listener = neighbour.listen(egress::GUEST, 9_955);
    // An address that the kernel takes as local although no interface carries it.
    lab.host.ip("route add local 10.99.0.0/16 dev lo");
    let closed: Vec<Ipv4Addr> = [
        &HOST.to_string(),
        "10.77.1.255",
        "10.99.1.1",
        "0.0.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "192.0.0.1",
        "192.0.0.3",
        "192.0.0.4",
        "192.0.0.5",
        "240.0.0.1",
    ]
    .iter()
    .map(|address| address.parse().unwrap())
    .collect();
    for address in closed {
        let to = SocketAddr::new(address.into(), 9_955);
        let error = lab.connect(to).expect_err(&to.to_string());
        // Some of these the guest's own kernel refuses to send to.
        let kinds = [ErrorKind::ConnectionRefused, ErrorKind::NetworkUnreachable, ErrorKind::InvalidInput];
        assert!(kinds.contains(&error.kind()), "{to}: {error}");
        assert_ne!(error.kind(), ErrorKind::TimedOut);
    }
    let error = lab.connect(SocketAddr::new(HOST.into(), 9_955)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let error = lab.connect("[::ffff:10.77.1.1]:9955".parse().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    // Its own loopback is its own.
    let error = lab.connect("127.0.0.1:9955".parse().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let datagrams = lab.udp();
    datagrams.connect("169.254.169.254:80".parse::<SocketAddr>().unwrap()).unwrap();
    datagrams.send(b"x").unwrap();
    assert_eq!(datagrams.recv(&mut [0; 9]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(platform.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the platform saw a connection");
    // No IPv6 at all: no wait.
    assert!(lab.connect("[2606:4700::1]:443".parse().unwrap()).is_err());
}

#[test]
fn an_allowed_host_endpoint_is_reached_by_its_alias_and_nothing_else_is() {
    let Some(mut lab) = Lab::new() else { return };
    let database = lab.host.listen(Ipv4Addr::LOCALHOST, 5_432);
    let _other = lab.host.listen(Ipv4Addr::LOCALHOST, 5_433);
    lab::echo_forever(database);
    let policy = Policy { allow_hosts: vec!["127.0.0.1:5432".parse().unwrap()], deny: Vec::new() };
    lab.attach(&policy);
    let mut client = lab.connect(SocketAddr::new(egress::HOST_ALIAS_ADDRESS.into(), 5_432)).unwrap();
    client.write_all(b"select 1").unwrap();
    let mut back = [0; 8];
    client.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"select 1");
    let error = lab.connect(SocketAddr::new(egress::HOST_ALIAS_ADDRESS.into(), 5_433)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(lab.resolve_udp(egress::HOST_ALIAS), Ok(vec![egress::HOST_ALIAS_ADDRESS]));
    assert_eq!(lab.resolve_tcp(egress::HOST_ALIAS), Ok(vec![egress::HOST_ALIAS_ADDRESS]));
}

#[test]
fn the_operators_deny_list_closes_a_network() {
    let Some(mut lab) = Lab::new() else { return };
    let echo = lab.serve_echo();
    lab.connect(echo).unwrap();
    lab.attach(&Policy { allow_hosts: Vec::new(), deny: vec!["10.77.1.0/24".parse().unwrap()] });
    assert_eq!(lab.connect(echo).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn names_are_resolved_by_a_resolver_on_the_hosts_loopback_over_udp_and_tcp() {
    let Some(lab) = Lab::new() else { return };
    let answer = Ipv4Addr::new(203, 0, 113, 5);
    // The first server of the lab's resolv.conf is there but silent over UDP and absent over TCP: the next is asked.
    let _silent = lab.host.run(|| UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 9), 53)).unwrap());
    lab.serve_dns(Ipv4Addr::new(127, 0, 0, 53), answer);
    assert_eq!(lab.resolve_udp("example.com"), Ok(vec![answer]));
    assert_eq!(lab.resolve_tcp("example.com"), Ok(vec![answer]));
    const NXDOMAIN: u8 = 3;
    assert_eq!(lab.resolve_udp(egress::HOST_ALIAS), Err(NXDOMAIN));
    assert_eq!(lab.resolve_tcp(egress::HOST_ALIAS), Err(NXDOMAIN));
}

#[test]
fn names_fail_when_no_resolver_answers_instead_of_hanging() {
    let Some(lab) = Lab::new() else { return };
    const SERVFAIL: u8 = 2;
    assert_eq!(lab.resolve_tcp("example.com"), Err(SERVFAIL));
    assert_eq!(lab.resolve_udp("example.com"), Err(SERVFAIL));
}

#[test]
fn malformed_packets_cost_nobody_anything() {
    let Some(lab) = Lab::new() else { return };
    let echo = lab.serve_echo();
    let mut standing = lab.connect(echo).unwrap();
    let pid = lab.egress.pid();
    lab.send_garbage(20_000);
    standing.write_all(b"still here").unwrap();
    let mut back = [0; 10];
    standing.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"still here");
    lab.connect(echo).unwrap();
    assert_eq!(lab.egress.pid(), pid);
    assert!(lab.egress_is_alive());
}

#[test]
fn the_flow_over_the_limit_is_refused_and_room_comes_back() {
    let Some(lab) = Lab::new() else { return };
    lab::raise_descriptors(8_192);
    let listener = lab.internet.listen(INTERNET, 0);
    let address = listener.local_addr().unwrap();
    let acceptor = thread::spawn(move || (0..1_024).map(|_| listener.accept().unwrap()).collect::<Vec<_>>());
    let flows: Vec<TcpStream> = (0..1_024).map(|_| lab.connect(address).unwrap()).collect();
    let peers = acceptor.join().unwrap();
    assert_eq!(lab.connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let datagrams = lab.udp();
    datagrams.connect(address).unwrap();
    datagrams.send(b"x").unwrap();
    assert_eq!(datagrams.recv(&mut [0; 9]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    // The flows end on both sides. How soon the egress hears of it is the guest kernel's affair (a thousand FINs do not
    // fit the device's queue at once), so this asks until there is room.
    drop(peers);
    for mut flow in flows {
        assert_eq!(flow.read(&mut [0; 1]).unwrap(), 0);
    }
    let echo = lab.serve_echo();
    let there_is_room = (0..100_000).any(|_| match lab.connect(echo) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            false
        }
    });
    assert!(there_is_room);
}

#[test]
fn a_new_egress_process_takes_over_when_the_last_one_died() {
    let Some(mut lab) = Lab::new() else { return };
    let echo = lab.serve_echo();
    let mut broken = lab.connect(echo).unwrap();
    lab.kill_egress();
    let error = lab.egress.detach(EnvironmentNumber(1)).unwrap_err();
    assert!(error.is_gone(), "{error}");
    lab.restart_egress();
    // The old connection is unknown to the new process, which says so as soon as it hears of it: at the latest now.
    let told = broken.write_all(b"x").and_then(|()| broken.read(&mut [0; 1]));
    assert_eq!(told.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut client = lab.connect(echo).unwrap();
    client.write_all(b"again").unwrap();
    let mut back = [0; 5];
    client.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"again");
}

#[test]
fn a_detached_environment_has_no_flow_left() {
    let Some(mut lab) = Lab::new() else { return };
    let listener = lab.internet.listen(INTERNET, 0);
    let _client = lab.connect(listener.local_addr().unwrap()).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(TIMEOUT)).unwrap();
    lab.egress.detach(EnvironmentNumber(1)).unwrap();
    assert!(matches!(peer.read(&mut [0; 1]), Ok(0) | Err(_)));
    lab.egress.detach(EnvironmentNumber(77)).unwrap();
}

#[test]
fn the_egress_process_holds_no_privilege() {
    let Some(lab) = Lab::new() else { return };
    let status = lab.status();
    for line in [
        "Uid:\t65534\t65534\t65534\t65534",
        "Gid:\t65534\t65534\t65534\t65534",
        "Groups:\t ",
        "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ] {
        assert!(status.contains(line), "{line:?} is not in\n{status}");
    }
}

#[test]
fn what_is_no_tun_is_refused_or_forgotten() {
    let Some(mut lab) = Lab::new() else { return };
    let file = tempfile::tempfile().unwrap();
    let refused = lab.egress.attach(EnvironmentNumber(5), file.as_fd(), &Policy::default());
    assert!(matches!(refused, Err(egress::EgressError::Refused { .. })), "{refused:?}");
    let (ours, theirs) = std::os::unix::net::UnixDatagram::pair().unwrap();
    lab.egress.attach(EnvironmentNumber(6), theirs.as_fd(), &Policy::default()).unwrap();
    drop((ours, theirs));
    assert!(lab.egress_is_alive());
    let echo = lab.serve_echo();
    lab.connect(echo).unwrap();
}

#[test]
fn a_tun_can_be_made_inside_a_user_namespace_before_its_ids_are_mapped() {
    use std::os::unix::process::CommandExt;
    if !lab::is_possible() {
        return;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.arg("--list").stdout(std::process::Stdio::null());
    // SAFETY: the closure runs in the child of a fork, makes system calls, and allocates only what glibc's own fork
    // handlers keep usable.
    unsafe {
        child.pre_exec(|| {
            if libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            egress::create_tun("tun0").map(drop)
        });
    }
    assert!(child.status().unwrap().success());
}
