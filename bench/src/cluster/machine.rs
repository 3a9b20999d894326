//! Machines on this one: each a network namespace on a bridge, or this host's loopback where none can be made.
//!
//! ```text
//!  holder (unshare -n) ── veth ── bridge, this process is its .1        nothing outlives this process: what is
//!     └── a program, by nsenter                                         started in a namespace is tied to it
//! ```

use crate::Outcome;
use crate::platform::free_address;
use crate::process::Running;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// An address of a namespace that has just been given one is not reached at once.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);

/// What joins the machines.
pub(crate) enum Net {
    Apart {
        bridge: String,
        /// 10.214.X
        third: u8,
        used: u8,
    },
    Loopback,
}

impl Net {
    /// Also, in words, why machines are not apart.
    pub(crate) fn new() -> (Self, Option<String>) {
        forget_the_dead();
        let pid = std::process::id();
        let (bridge, third) = (format!("tb{pid}"), u8::try_from(pid % 250).unwrap_or(0));
        let made = ip(&["link", "add", &bridge, "type", "bridge"]);
        let net = Self::Apart { bridge: bridge.clone(), third, used: 1 }; // goes again if the rest fails
        let address = format!("10.214.{third}.1/24");
        let made = made
            .and_then(|()| ip(&["address", "add", &address, "dev", &bridge]))
            .and_then(|()| ip(&["link", "set", &bridge, "up"]));
        match made {
            Ok(()) => (net, None),
            Err(why) => (Self::Loopback, Some(why)),
        }
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        if let Self::Apart { bridge, .. } = self {
            let _ = ip(&["link", "del", bridge]); // it may never have been made
        }
    }
}

/// Bridges of processes that were killed.
fn forget_the_dead() {
    let names = std::fs::read_dir("/sys/class/net").into_iter().flatten().filter_map(Result::ok);
    for name in names.filter_map(|entry| entry.file_name().into_string().ok()) {
        let pid = name.strip_prefix("tb").and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = ip(&["link", "del", &name]); // somebody else may clear up, too
        }
    }
}

/// One machine, and the program that runs there.
pub(crate) struct Machine {
    process: Option<Child>,
    holder: Option<Running>,
    ip: Ipv4Addr,
}

impl Machine {
    pub(crate) fn new(net: &mut Net) -> Outcome<Self> {
        let Net::Apart { bridge, third, used } = net else {
            return Ok(Self { process: None, holder: None, ip: Ipv4Addr::LOCALHOST });
        };
        *used += 1;
        let mut holder = Command::new("setpriv");
        holder.args(["--pdeathsig", "KILL", "unshare", "-n", "sh", "-c", "echo apart; exec sleep infinity"]);
        let holder = holder.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut holder = Running::new(holder.map_err(|error| format!("setpriv: {error}"))?);
        first_line(holder.child().stdout.take().ok_or("a namespace without a voice")?)?;
        let port = format!("v{}n{used}", std::process::id() % 100_000);
        let pid = holder.pid().to_string();
        let ip_of = Ipv4Addr::new(10, 214, *third, *used);
        ip(&["link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &pid])?;
        ip(&["link", "set", &port, "master", bridge, "up"])?;
        for words in ["link set lo up", &format!("address add {ip_of}/24 dev eth0"), "link set eth0 up"] {
            let inside = ["-t", &pid, "-n", "ip"].into_iter().chain(words.split(' '));
            done("nsenter", &inside.collect::<Vec<_>>())?;
        }
        Ok(Self { process: None, holder: Some(holder), ip: ip_of })
    }

    /// A port of it that nobody has: this one, if it is a machine of its own.
    pub(crate) fn address(&self, port: u16) -> Outcome<SocketAddr> {
        match self.holder {
            Some(_) => Ok(SocketAddr::new(IpAddr::V4(self.ip), port)),
            None => free_address(),
        }
    }

    /// Starts a program there, whose words go to `log`; what it says on its output is to be read.
    pub(crate) fn start(&mut self, program: &Path, args: Vec<OsString>, log: File) -> Outcome<ChildStdout> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some(holder) = &self.holder {
            command.args(["nsenter", "-t", &holder.pid().to_string(), "-n", "--"]);
        }
        command.arg(program).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let out = child.stdout.take().ok_or("a program without output")?;
        self.process = Some(child);
        Ok(out)
    }

    /// kill -9, and it is gone when this returns.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill(); // it may have ended
            let _ = process.wait();
        }
    }

    /// A connection that begins on this machine, as if this process were there.
    pub(crate) fn connect(&self, to: SocketAddr) -> Outcome<TcpStream> {
        let connected = |error: &dyn std::fmt::Display| format!("{to}: {error}");
        let Some(holder) = &self.holder else {
            return TcpStream::connect_timeout(&to, CONNECT_WAIT_MAX).map_err(|error| connected(&error));
        };
        let open = |path: &str| File::open(path).map_err(|error| format!("{path}: {error}"));
        let home = open("/proc/thread-self/ns/net")?;
        enter(&open(&format!("/proc/{}/ns/net", holder.pid()))?)?;
        let stream = TcpStream::connect_timeout(&to, CONNECT_WAIT_MAX);
        enter(&home)?; // of this thread; failing that the section fails
        stream.map_err(|error| connected(&error))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill(); // before its namespace goes
    }
}

fn enter(namespace: &File) -> Outcome<()> {
    // SAFETY: setns takes no pointers, and the descriptor is open.
    match unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(format!("a namespace can not be entered: {}", std::io::Error::last_os_error())),
    }
}

/// Empty at its end.
pub(crate) fn first_line(out: ChildStdout) -> Outcome<String> {
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).map_err(|error| error.to_string())?;
    Ok(line)
}

fn ip(words: &[&str]) -> Outcome<()> {
    done("ip", words)
}

/// Runs a program to its good end.
pub(crate) fn done(program: impl AsRef<Path>, words: &[&str]) -> Outcome<()> {
    let program = program.as_ref();
    let output = Command::new(program).args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} {}: {}", program.display(), words.join(" "), said.trim()))
}
