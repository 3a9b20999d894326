//! A stand-in for the server's binary, for this crate's tests: a spawner when started as one, else a small server
//! that boots environments, says so, and waits to be killed.
//!
//! `sandbox-rehearsal DATA COUNT` prints `spawner PID`, then `ready` when COUNT environments run a sleeping process;
//! every second one is paused. `sandbox-rehearsal guest …` is the program that the conformance suite runs inside.

use sandbox::process::{Config, ProcessSandbox, drop_privileges, launch, spawner_entry_point};
use sandbox::{BootSpec, Egress, ProcessSpec, Sandbox};
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use world::World;

fn main() -> Result<(), Box<dyn Error>> {
    spawner_entry_point();
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("guest", rest)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        std::process::exit(guest(rest));
    }
    let mut arguments = words.into_iter();
    let (Some(data), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: sandbox-rehearsal DATA COUNT".into());
    };
    let handle = launch(&Config::new(data))?;
    drop_privileges()?;
    println!("spawner {}", handle.pid());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(serve(handle, count.parse()?))
}

async fn serve(handle: sandbox::process::SpawnerHandle, count: u32) -> Result<(), Box<dyn Error>> {
    let world = World::real();
    let sandbox = ProcessSandbox::new(handle, world.clone())?;
    let mut kept = Vec::new();
    for index in 0..count {
        let environment = sandbox
            .boot(BootSpec {
                id: types::EnvironmentId::from_random(world.random_16()),
                memory_mb: 128,
                ephemeral_storage_mb: 16,
                mounts: Vec::new(),
                egress: Egress::None,
                allow_hosts: Vec::new(),
            })
            .await?;
        let process = environment
            .start(ProcessSpec {
                program: "/bin/sleep".into(),
                arguments: vec!["1000000".to_owned()],
                environment: Default::default(),
                working_directory: "/tmp".into(),
                telemetry: false,
                bind: false,
            })
            .await?;
        if index % 2 == 1 && sandbox.capabilities().pause {
            environment.pause().await?;
        }
        kept.push((environment, process));
    }
    println!("ready");
    std::io::stdout().flush()?;
    std::future::pending::<()>().await;
    Ok(())
}

/// What the conformance suite runs inside an environment; the exit code.
fn guest(arguments: &[String]) -> i32 {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["connect", address, text] => connect(address, text),
        ["eat", megabytes] => eat(megabytes.parse().unwrap_or(0)),
        ["threads", most] => threads(most.parse().unwrap_or(0)),
        ["forbidden"] => forbidden(),
        _ => 2,
    }
}

/// Says `text`, prints the answer.
fn connect(address: &str, text: &str) -> i32 {
    match TcpStream::connect(address) {
        Ok(mut stream) => {
            let mut answer = String::new();
            let talked = stream
                .write_all(text.as_bytes())
                .and_then(|()| stream.shutdown(Shutdown::Write))
                .and_then(|()| stream.read_to_string(&mut answer));
            println!("{answer}");
            i32::from(talked.is_err())
        }
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            println!("refused");
            1
        }
        Err(error) if error.kind() == ErrorKind::NetworkUnreachable => {
            println!("unreachable");
            1
        }
        Err(error) => {
            println!("{error}");
            1
        }
    }
}

/// Holds so much memory, says so, and waits for a signal.
fn eat(megabytes: usize) -> i32 {
    let mut held = Vec::new();
    for _ in 0..megabytes {
        held.push(std::hint::black_box(vec![7u8; 1 << 20]));
    }
    println!("ate");
    loop {
        std::thread::park();
        std::hint::black_box(&held);
    }
}

/// Starts threads until it is refused; how many ran, with this one.
fn threads(most: usize) -> i32 {
    let mut running = 1;
    while running < most {
        let started = std::thread::Builder::new().stack_size(16 * 1024).spawn(|| {
            loop {
                std::thread::park();
            }
        });
        if started.is_err() {
            break;
        }
        running += 1;
    }
    println!("{running}");
    0
}

/// Tries what must be refused, with arguments that change nothing if it is not; prints call and errno.
fn forbidden() -> i32 {
    let calls: &[(&str, i64, [i64; 4])] = &[
        ("mount", libc::SYS_mount, [0; 4]),
        ("umount2", libc::SYS_umount2, [0; 4]),
        ("pivot_root", libc::SYS_pivot_root, [0; 4]),
        ("unshare_user", libc::SYS_unshare, [i64::from(libc::CLONE_NEWUSER), 0, 0, 0]),
        ("setns", libc::SYS_setns, [-1, 0, 0, 0]),
        ("clone_newuser", libc::SYS_clone, [i64::from(libc::CLONE_NEWUSER | libc::SIGCHLD), 0, 0, 0]),
        ("clone_newnet", libc::SYS_clone, [i64::from(libc::CLONE_NEWNET | libc::SIGCHLD), 0, 0, 0]),
        ("clone3", libc::SYS_clone3, [0; 4]),
        ("ptrace", libc::SYS_ptrace, [0; 4]),
        ("process_vm_readv", libc::SYS_process_vm_readv, [1, 0, 0, 0]),
        ("keyctl", libc::SYS_keyctl, [0; 4]),
        ("add_key", libc::SYS_add_key, [0; 4]),
        ("request_key", libc::SYS_request_key, [0; 4]),
        ("bpf", libc::SYS_bpf, [0; 4]),
        ("userfaultfd", libc::SYS_userfaultfd, [0; 4]),
        ("perf_event_open", libc::SYS_perf_event_open, [0; 4]),
        ("io_uring_setup", libc::SYS_io_uring_setup, [1, 0, 0, 0]),
        ("open_by_handle_at", libc::SYS_open_by_handle_at, [0; 4]),
        ("name_to_handle_at", libc::SYS_name_to_handle_at, [0; 4]),
        ("kexec_load", libc::SYS_kexec_load, [0; 4]),
        ("init_module", libc::SYS_init_module, [0; 4]),
        ("reboot", libc::SYS_reboot, [0; 4]),
        ("sethostname", libc::SYS_sethostname, [0; 4]),
        ("clock_settime", libc::SYS_clock_settime, [0; 4]),
        ("personality", libc::SYS_personality, [0x0040_0000, 0, 0, 0]),
        ("socket_packet", libc::SYS_socket, [i64::from(libc::AF_PACKET), i64::from(libc::SOCK_RAW), 0, 0]),
        ("socket_vsock", libc::SYS_socket, [i64::from(libc::AF_VSOCK), i64::from(libc::SOCK_STREAM), 0, 0]),
        ("socket_alg", libc::SYS_socket, [i64::from(libc::AF_ALG), i64::from(libc::SOCK_SEQPACKET), 0, 0]),
        ("socket_raw", libc::SYS_socket, [i64::from(libc::AF_INET), i64::from(libc::SOCK_RAW), 1, 0]),
        // The upper half of the argument is not the kernel's to see, and must not hide the rest from the filter.
        ("socket_packet_high", libc::SYS_socket, [i64::from(libc::AF_PACKET) | 1 << 40, 3, 0, 0]),
        ("ioctl_tiocsti", libc::SYS_ioctl, [0, libc::TIOCSTI as i64, 0, 0]),
    ];
    for (name, number, [a, b, c, d]) in calls {
        // SAFETY: each is refused by the filter, or fails on these arguments; a clone that succeeds ends at once.
        let result = unsafe { libc::syscall(*number, *a, *b, *c, *d) };
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        if result == 0 && name.starts_with("clone") {
            std::process::exit(0);
        }
        println!("{name} {}", if result < 0 { errno } else { 0 });
    }
    0
}
