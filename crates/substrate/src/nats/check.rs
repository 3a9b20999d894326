//! What `tinderbox doctor --cluster` says of NATS servers: whether what is promised on them can be kept.
//!
//! A client sees a server's version and limits, its account's room and the streams. How the server writes to its disk
//! it does not see: that is on the monitoring port, where there is one, of each server by itself.

use super::api::{Failed, StreamInfo};
use super::{Nats, NatsError, NatsSettings, VERSION_MIN, greeting_of};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use world::World;

/// How long a monitoring port is waited for.
const MONITOR_MAX: Duration = Duration::from_secs(5);
/// More than any answer of `/jsz` without details.
const MONITOR_BYTES_MAX: u64 = 256 * 1024;

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub what: String,
    pub good: bool,
    pub found: String,
    /// What to do where it is not good.
    pub advice: &'static str,
}

fn finding(what: impl Into<String>, good: bool, found: impl Into<String>, advice: &'static str) -> Finding {
    Finding { what: what.into(), good, found: found.into(), advice }
}

/// Looks at everything that can be seen; changes nothing. `monitors` are `HOST:PORT` of monitoring ports.
pub async fn look(world: &World, settings: NatsSettings, monitors: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for server in &settings.servers {
        findings.extend(server_findings(world, &settings, server).await);
    }
    match Nats::connect(world, settings).await {
        Ok(nats) => findings.extend(stream_findings(&nats).await),
        Err(error) => findings.push(finding("connection", false, error.to_string(), "see the lines above")),
    }
    if monitors.is_empty() {
        findings.push(finding(
            "sync_interval",
            false,
            "not seen: clients are not told how a server writes to its disk",
            "give --monitor HOST:8222 of each server (http: 8222 in its configuration)",
        ));
    }
    for monitor in monitors {
        findings.push(monitor_finding(world, monitor).await);
    }
    findings
}

async fn server_findings(world: &World, settings: &NatsSettings, address: &str) -> Vec<Finding> {
    let what = format!("server {}", super::without_password(address));
    let info = match greeting_of(world, settings, address).await {
        Ok(info) => info,
        Err(NatsError::Address { reason, .. }) => {
            return vec![finding(what, false, reason, "nats://[USER:PASSWORD@]HOST[:PORT]")];
        }
        Err(error) => {
            return vec![finding(what, false, error.to_string(), "start it, or correct the address")];
        }
    };
    let version: Vec<i64> = info.version.split(['.', '-']).map_while(|part| part.parse().ok()).collect();
    let new_enough = version >= vec![VERSION_MIN.0, VERSION_MIN.1, VERSION_MIN.2];
    vec![
        finding(&what, true, format!("{} answers", info.server_name), ""),
        finding("  version", new_enough, info.version, "2.12.1 or newer: atomic batches"),
        finding("  JetStream", info.jetstream, yes(info.jetstream), "jetstream { … } in its configuration"),
        finding(
            "  max_payload",
            info.max_payload >= super::PAYLOAD_BYTES_MIN,
            info.max_payload.to_string(),
            "max_payload: 1MB at least, which is the default",
        ),
    ]
}

#[derive(Deserialize)]
struct Names {
    #[serde(default)]
    streams: Option<Vec<String>>,
}

async fn stream_findings(nats: &Nats) -> Vec<Finding> {
    let inner = &nats.0;
    let account = inner.api_patiently::<Value>("INFO", &json!({})).await;
    let mut findings = vec![match account {
        Ok(_) => finding("account", true, "has JetStream", ""),
        Err(error) => finding("account", false, error.to_string(), "enable JetStream for this account"),
    }];
    let prefix = format!("{}_", inner.settings.name.as_str());
    let names = inner.api_patiently::<Names>("STREAM.NAMES", &json!({})).await;
    let names = match names {
        Ok(names) => names.streams.unwrap_or_default(),
        Err(error) => {
            findings.push(finding(
                "streams",
                false,
                error.to_string(),
                "a majority of the servers must be up",
            ));
            return findings;
        }
    };
    let ours: Vec<String> = names.into_iter().filter(|name| name.starts_with(&prefix)).collect();
    if ours.is_empty() {
        let found = format!("none of {} yet", inner.settings.name.as_str());
        findings.push(finding("streams", true, found, ""));
    }
    for stream in ours {
        let info = inner.stream_info(&stream).await;
        findings.push(stream_finding(&stream, info, inner.settings.replicas));
    }
    findings
}

fn stream_finding(stream: &str, info: Result<StreamInfo, Failed>, wanted: usize) -> Finding {
    let what = format!("stream {stream}");
    let advice = "docs/operating/substrate.md says how a stream must be, and how to mend it";
    let info = match info {
        Ok(info) => info,
        Err(error) => return finding(what, false, error.to_string(), advice),
    };
    let replicas = info.config["num_replicas"].as_u64().unwrap_or(0);
    let file = info.config["storage"] == "file";
    let synchronous = info.config["persist_mode"] != "async";
    let behind: Vec<&str> = (info.cluster.iter().flat_map(|cluster| &cluster.replicas))
        .filter(|peer| peer.offline || !peer.current)
        .map(|peer| peer.name.as_str())
        .collect();
    let mut found = format!(
        "{replicas} of {wanted} replicas, {} storage, {} of {} bytes",
        info.config["storage"].as_str().unwrap_or("unknown"),
        info.state.bytes,
        info.config["max_bytes"]
    );
    if !behind.is_empty() {
        found.push_str(&format!(", behind or offline: {}", behind.join(", ")));
    }
    let good = file && synchronous && replicas >= wanted as u64 && behind.is_empty();
    finding(what, good, found, advice)
}

async fn monitor_finding(world: &World, monitor: &str) -> Finding {
    let what = format!("sync_interval {monitor}");
    let advice = "sync_interval: always in jetstream { … }, and restart it: by default two minutes of answered \
                  writes are not on the disk yet";
    let config = match world.timeout(MONITOR_MAX, jetstream_config(monitor)).await {
        Some(Ok(config)) => config,
        Some(Err(error)) => {
            return finding(what, false, error.to_string(), "it is HOST:PORT of the server's http: port");
        }
        None => return finding(what, false, "no answer", "it is HOST:PORT of the server's http: port"),
    };
    if config["sync_always"] == true {
        return finding(what, true, "always", "");
    }
    let seconds = config["sync_interval"].as_u64().map_or(120, |nanos| nanos / 1_000_000_000);
    finding(what, false, format!("every {seconds} s"), advice)
}

/// The `config` of a server's `/jsz`.
async fn jetstream_config(monitor: &str) -> std::io::Result<Value> {
    let other = |reason: &str| std::io::Error::other(reason.to_owned());
    let mut stream = TcpStream::connect(monitor).await?;
    // The oldest HTTP: the server closes when it has answered.
    stream.write_all(format!("GET /jsz HTTP/1.0\r\nHost: {monitor}\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MONITOR_BYTES_MAX).read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| other("what answers there is no HTTP"))?;
    if !head.contains(" 200 ") {
        return Err(other("what answers there is no NATS server's monitoring"));
    }
    let mut body: Value =
        serde_json::from_str(body).map_err(|_| other("what answers there is no NATS server's monitoring"))?;
    match body["config"].take() {
        config @ Value::Object(_) => Ok(config),
        _ => Err(other("JetStream is off there")),
    }
}

fn yes(good: bool) -> &'static str {
    if good { "yes" } else { "no" }
}
