//! The floor: what hyper alone costs on this machine, in a process of its own, with the runtime that we use.

use crate::Outcome;
use crate::process::Running;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use tokio::net::TcpListener;

/// Starts the echo server as a process; where it listens.
pub(crate) fn start_echo() -> Outcome<(Running, SocketAddr)> {
    let me = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(me);
    command.arg("floor-echo").stdin(Stdio::null()).stdout(Stdio::piped());
    let mut running = Running::new(command.spawn().map_err(|error| format!("the floor: {error}"))?);
    let said = running.child().stdout.take().ok_or("the floor has no stdout")?;
    let mut line = String::new();
    BufReader::new(said).read_line(&mut line).map_err(|error| format!("the floor: {error}"))?;
    let address = line.trim().parse().map_err(|error| format!("the floor said {line:?}: {error}"))?;
    Ok((running, address))
}

/// Says its address, then answers every request with its own body until it is killed.
pub(crate) fn serve_echo() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        println!("{address}");
        std::io::stdout().flush().map_err(|error| error.to_string())?;
        loop {
            let (stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
            stream.set_nodelay(true).map_err(|error| error.to_string())?;
            tokio::spawn(async move {
                let served = hyper::server::conn::http1::Builder::new();
                let _ = served.serve_connection(TokioIo::new(stream), service_fn(echo)).await; // its client is gone
            });
        }
    })
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    Ok(Response::new(Full::new(request.into_body().collect().await?.to_bytes())))
}
