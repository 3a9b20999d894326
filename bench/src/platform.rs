//! One running `tinderbox up` of the release binary, with a data folder of its own that goes with it.

use crate::process::Running;
use crate::{Outcome, Setting};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const READY_WAIT_MAX: Duration = Duration::from_secs(60);
/// Between two looks whether it is ready: small against the 100 ms that are promised, and no busy loop.
const LOOK_EVERY: Duration = Duration::from_micros(500);

pub(crate) struct Platform {
    pub(crate) address: SocketAddr,
    pub(crate) running: Running,
    /// From exec until health answered 200.
    pub(crate) ready: Duration,
}

impl Platform {
    /// Starts it on a free port and waits until health answers; its words go to `OUT/server.log`.
    pub(crate) fn start(setting: &Setting, data: &Path, arguments: &[&str]) -> Outcome<Self> {
        let address = free_address()?;
        let log = setting.out.join("server.log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|error| format!("{}: {error}", log.display()))?;
        let mut command = Command::new(&setting.tinderbox);
        command.args(["up", "--port", &address.port().to_string(), "--data"]).arg(data).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let start = Instant::now();
        let child = command.spawn().map_err(|error| format!("{}: {error}", setting.tinderbox.display()))?;
        let mut running = Running::new(child);
        while !healthy(address) {
            if let Ok(Some(status)) = running.child().try_wait() {
                return Err(format!("the server ended at its start ({status}); see server.log"));
            }
            if start.elapsed() > READY_WAIT_MAX {
                return Err("the server was not ready in a minute; see server.log".to_owned());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(Self { address, running, ready: start.elapsed() })
    }

    pub(crate) fn stop(mut self) -> Outcome<()> {
        self.running.end()
    }
}

/// A folder below `target/bench` that goes when this does.
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    pub(crate) fn new(setting: &Setting, name: &str) -> Outcome<Self> {
        let path = setting.out.join(format!("data-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("  {} stays: {error}", self.0.display());
        }
    }
}

/// Nobody listens there now.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    let probe =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("no free port: {error}"))?;
    probe.local_addr().map_err(|error| error.to_string())
}

fn healthy(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        let ask = format!("GET /_tinderbox/health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes())?;
        let mut answer = String::new();
        stream.take(4096).read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
