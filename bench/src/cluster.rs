//! A platform of several nodes: three nats, then everything twice, workers three times, each on a machine of its own.

pub(crate) mod machine;

use crate::api::Connection;
use crate::platform::DataFolder;
use crate::{Outcome, Setting};
use bytes::Bytes;
use http::Method;
use machine::{Machine, Net, done, first_line};
use serde_json::Value;
use std::ffi::OsString;
use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const READY_WAIT_MAX: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Name, roles, zone; beside them a client for `status`.
const PLAN: [(&str, &str, &str); 9] = [
    ("f1", "frontend", "z1"),
    ("f2", "frontend", "z2"),
    ("a1", "assignment", "z1"),
    ("a2", "assignment", "z2"),
    ("p1", "placement", "z1"),
    ("p2", "placement", "z2"),
    ("w1", "worker", "z1"),
    ("w2", "worker", "z2"),
    ("w3", "worker", "z3"),
];
const OPERATOR: &str = "op";

/// All of it; fields go in this order, whoever needs another first.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    pub(crate) nats: Vec<Nats>,
    _net: Net,
    data: DataFolder,
    logs: PathBuf,
    tinderbox: PathBuf,
    join: String,
}

pub(crate) struct Node {
    pub(crate) name: &'static str,
    roles: &'static str,
    pub(crate) machine: Machine,
    /// Of a frontend: on the loopback of its machine, where nobody has to sign.
    pub(crate) endpoint: Option<SocketAddr>,
}

pub(crate) struct Nats {
    name: String,
    pub(crate) machine: Machine,
    monitor: SocketAddr,
    configuration: PathBuf,
}

impl Cluster {
    /// Started, with all workers joined; why its machines are not apart goes to `notes`.
    pub(crate) async fn start(setting: &Setting, memory_mb: &str, notes: &mut Vec<String>) -> Outcome<Self> {
        let data = DataFolder::new(setting, "cluster")?;
        let (mut net, why) = Net::new();
        notes.extend(why.map(|why| format!("no network namespaces ({why}): all over loopback")));
        let logs = setting.out.join("cluster-logs");
        let _ = std::fs::remove_dir_all(&logs); // of the last run, if there was one
        std::fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;
        let (nats, join) = plan_nats(&mut net, &data)?;
        let machines = PLAN.iter().map(|&(name, roles, _)| {
            Ok(Node { name, roles, machine: Machine::new(&mut net)?, endpoint: None })
        });
        let nodes = machines.collect::<Outcome<Vec<Node>>>()?;
        let tinderbox = setting.tinderbox.clone();
        let mut cluster = Self { nodes, nats, _net: net, data, logs, tinderbox, join };
        cluster.certify()?;
        let server = setting.root.join("target/test-tools/venv/bin/nats-server");
        for idx in 0..cluster.nats.len() {
            cluster.start_nats(idx, &server)?;
        }
        cluster.wait("nats has no leader", async |it| it.nats_lead().await).await?;
        let started: Vec<_> = (0..PLAN.len()).map(|idx| cluster.start_node(idx, memory_mb)).collect();
        for (idx, out) in started.into_iter().enumerate() {
            cluster.ready(idx, out?)?;
        }
        cluster.settle().await?;
        Ok(cluster)
    }

    fn certify(&self) -> Outcome<()> {
        let dir = self.path("certs");
        let mut words = vec!["certs".to_owned(), "init".to_owned(), "--dir".to_owned(), dir];
        for (name, roles, _) in PLAN.iter().chain([&(OPERATOR, "frontend", "")]) {
            let roles = roles.replace("frontend", "frontend,control");
            words.extend(["--name".to_owned(), format!("{name}={roles}")]);
        }
        done(&self.tinderbox, &words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Within the data folder.
    fn path(&self, name: &str) -> String {
        self.data.path().join(name).display().to_string()
    }

    fn log(&self, name: &str) -> Outcome<File> {
        let path = self.logs.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&path);
        file.map_err(|error| format!("{}: {error}", path.display()))
    }

    fn start_nats(&mut self, idx: usize, server: &std::path::Path) -> Outcome<()> {
        let log = self.log(&self.nats[idx].name)?;
        let nats = &mut self.nats[idx];
        nats.machine.start(server, vec!["-c".into(), nats.configuration.clone().into()], log)?;
        Ok(())
    }

    /// Starts it again, as it was, once it was killed.
    pub(crate) async fn nats_back(&mut self, setting: &Setting, idx: usize) -> Outcome<()> {
        self.start_nats(idx, &setting.root.join("target/test-tools/venv/bin/nats-server"))?;
        self.settle().await
    }

    pub(crate) async fn node_back(&mut self, idx: usize, memory_mb: &str) -> Outcome<()> {
        let out = self.start_node(idx, memory_mb)?;
        self.ready(idx, out)?;
        self.settle().await
    }

    fn start_node(&mut self, idx: usize, memory_mb: &str) -> Outcome<std::process::ChildStdout> {
        let (name, roles, zone) = PLAN[idx];
        let fabric = self.nodes[idx].machine.address(0)?.to_string();
        let (certs, data, blobs) = (self.path("certs"), self.path(name), self.path("blobs"));
        let blobs = format!("file://{blobs}");
        let mut words =
            vec!["serve", "--output", "json", "-v", "--name", name, "--roles", roles, "--zone", zone];
        words.extend(["--join", &self.join, "--certs", &certs, "--fabric", &fabric, "--data", &data]);
        words.extend(["--blobs", &blobs, "--memory", memory_mb, "--port", "0"]);
        let words = words.into_iter().map(OsString::from).collect();
        let log = self.log(name)?;
        self.nodes[idx].machine.start(&self.tinderbox, words, log)
    }

    /// Its first line says so, and where a frontend listens.
    fn ready(&mut self, idx: usize, out: std::process::ChildStdout) -> Outcome<()> {
        let node = &mut self.nodes[idx];
        let said: Value = serde_json::from_str(&first_line(out)?)
            .map_err(|_| format!("{} ended at its start: see {}", node.name, self.logs.display()))?;
        let endpoint = said["endpoint"].as_str().and_then(|url| url.strip_prefix("http://"));
        node.endpoint = endpoint.and_then(|address| address.parse().ok());
        if node.roles.contains("frontend") && node.endpoint.is_none() {
            return Err(format!("{} has no endpoint: {said}", node.name));
        }
        Ok(())
    }

    /// A leader of metadata: streams can be made.
    async fn nats_lead(&self) -> bool {
        match self.monitored(0, "/jsz").await {
            Ok(said) => said["meta_cluster"]["leader"].as_str().is_some_and(|name| !name.is_empty()),
            Err(_) => false,
        }
    }

    async fn monitored(&self, idx: usize, path: &str) -> Outcome<Value> {
        let nats = &self.nats[idx];
        let mut connection = Connection::over(nats.machine.connect(nats.monitor)?).await?;
        let answer = connection.call(Method::GET, path, Bytes::new()).await?;
        serde_json::from_slice(&answer.body).map_err(|error| format!("{path}: {error}"))
    }

    /// The server that leads the journal's stream: every append goes through it.
    pub(crate) async fn journal_leader(&self) -> Outcome<usize> {
        let said = self.monitored(0, "/jsz?streams=true").await?;
        let accounts = said["account_details"].as_array().into_iter().flatten();
        let mut streams = accounts.flat_map(|it| it["stream_detail"].as_array().into_iter().flatten());
        let journal = streams.find(|it| it["name"].as_str().is_some_and(|name| name.contains("_log_")));
        let leader = journal.and_then(|it| it["cluster"]["leader"].as_str());
        let leader = leader.ok_or_else(|| format!("no stream of a journal: {said}"))?;
        self.nats.iter().position(|it| it.name == leader).ok_or_else(|| format!("no nats is {leader}"))
    }

    /// As an operator is told; `Null` if not now.
    pub(crate) fn status(&self) -> Outcome<Value> {
        let mut command = Command::new(&self.tinderbox);
        command.args(["status", "--output", "json", "--join", &self.join, "--name", OPERATOR, "--certs"]);
        command.arg(self.path("certs")).stdin(Stdio::null()).stderr(Stdio::null());
        let output = command.output().map_err(|error| format!("status: {error}"))?;
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    /// The node that leads `placement` or `partition 0`.
    pub(crate) fn leader(&self, of: &str) -> Outcome<usize> {
        let status = self.status()?;
        let leads = status["leads"].as_array().into_iter().flatten();
        let name = leads.filter(|it| it["of"] == of).find_map(|it| it["leader"].as_str());
        let at = self.nodes.iter().position(|node| Some(node.name) == name);
        at.ok_or_else(|| format!("nobody leads {of}: {status}"))
    }

    /// The worker with the most environments.
    pub(crate) fn busiest(&self) -> Outcome<usize> {
        let status = self.status()?;
        let environments = || status["environments"].as_array().into_iter().flatten();
        let held = |name: &str| environments().filter(|it| it["worker"] == name).count();
        let workers = self.nodes.iter().enumerate().filter(|(_, node)| node.roles == "worker");
        let busiest = workers.max_by_key(|(_, node)| held(node.name));
        busiest.map(|(idx, _)| idx).ok_or_else(|| "no worker".to_owned())
    }

    /// Waits until whoever is asked answers and all workers are there.
    async fn settle(&self) -> Outcome<()> {
        let all = PLAN.iter().filter(|(_, roles, _)| *roles == "worker").count();
        let settled = async |it: &Self| {
            let status = it.status().unwrap_or_default();
            let silent = status["unanswered"].as_array().is_none_or(|all| !all.is_empty());
            !silent && status["workers"].as_array().is_some_and(|there| there.len() == all)
        };
        self.wait("the nodes do not find each other", settled).await
    }

    async fn wait(&self, failure: &str, look: impl AsyncFn(&Self) -> bool) -> Outcome<()> {
        let start = Instant::now();
        while !look(self).await {
            if start.elapsed() > READY_WAIT_MAX {
                return Err(format!("{failure}: see {}", self.logs.display()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// So many connections, by turns to every frontend.
    pub(crate) async fn connect(&self, connections: usize) -> Outcome<Vec<Connection>> {
        let frontends = || self.nodes.iter().filter_map(|node| Some((node, node.endpoint?)));
        let mut all = Vec::new();
        for (node, endpoint) in frontends().cycle().take(connections) {
            all.push(Connection::over(node.machine.connect(endpoint)?).await?);
        }
        Ok(all)
    }
}

/// Three servers, each with its file, and where they listen for us.
fn plan_nats(net: &mut Net, data: &DataFolder) -> Outcome<(Vec<Nats>, String)> {
    let mut planned = Vec::new();
    for number in 1..=3 {
        let machine = Machine::new(net)?;
        let (client, route) = (machine.address(4222)?, machine.address(6222)?);
        planned.push((format!("n{number}"), machine, client, route));
    }
    let routes: Vec<String> = planned.iter().map(|(.., route)| format!("\"nats://{route}\"")).collect();
    let join: Vec<String> = planned.iter().map(|(_, _, client, _)| format!("nats://{client}")).collect();
    let mut all = Vec::new();
    for (name, machine, client, route) in planned {
        let monitor = machine.address(8222)?;
        let store = data.path().join(&name);
        let configuration = data.path().join(format!("{name}.conf"));
        let text = format!(
            "server_name: {name}\nlisten: \"{client}\"\nhttp: \"{monitor}\"\n\
             jetstream {{ store_dir: \"{}\", max_file_store: 6GB\nsync_interval: always }}\n\
             cluster {{ name: tinderbox, listen: \"{route}\", routes: [{}] }}\n",
            store.display(),
            routes.join(", "),
        );
        std::fs::write(&configuration, text)
            .map_err(|error| format!("{}: {error}", configuration.display()))?;
        all.push(Nats { name, machine, monitor, configuration });
    }
    Ok((all, join.join(",")))
}
