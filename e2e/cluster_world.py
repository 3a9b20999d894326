"""A platform of several nodes, each in a network namespace of its own: they can be killed, stopped, and cut off.

A bridge joins the namespaces. Everything ends with this process: what is started in a namespace is tied to it, and a
namespace goes with its last process.
"""
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from conftest import BINARY
from test_substrate import program, wait_for

# Makes a wall clock jump while a process runs (`faketime`); tools.sh installs it.
FAKETIME = next(iter(sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
NOWHERE = "02:00:00:00:de:ad"
KEYS = ("AKIDCLUSTER", "secret-of-the-cluster")


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True, text=True)


class Net:
    """The bridge; this process is its .1."""

    def __init__(self):
        for name in os.listdir("/sys/class/net"):
            if name.startswith("tb") and name[2:].isdigit() and not pathlib.Path(f"/proc/{name[2:]}").exists():
                ip("link", "del", name)
        self.bridge = f"tb{os.getpid()}"
        self.prefix = f"10.213.{os.getpid() % 250}"
        self.used = 1
        ip("link", "add", self.bridge, "type", "bridge")
        ip("address", "add", f"{self.prefix}.1/24", "dev", self.bridge)
        ip("link", "set", self.bridge, "up")

    def close(self):
        ip("link", "del", self.bridge)


class Machine:
    """A namespace with one address. `start` runs a program in it."""

    def __init__(self, net, name):
        net.used += 1
        self.net, self.name, self.address = net, name, f"{net.prefix}.{net.used}"
        self.port = f"v{os.getpid() % 100000}n{net.used}"
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "-n", "sh", "-c", "echo apart; exec sleep infinity"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )
        assert self.holder.stdout.readline() == "apart\n"
        ip("link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", self.holder.pid)
        ip("link", "set", self.port, "master", net.bridge, "up")
        self.inside("link", "set", "lo", "up")
        self.inside("address", "add", f"{self.address}/24", "dev", "eth0")
        self.inside("link", "set", "eth0", "up")
        self.process = None

    def inside(self, *words):
        words = ["nsenter", "-t", self.holder.pid, "-n", "ip", *words]
        subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True)

    def start(self, *command, **popen):
        words = ["setpriv", "--pdeathsig", "KILL", "nsenter", "-t", str(self.holder.pid), "-n", "--", *map(str, command)]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, **popen)
        return self.process

    def cut(self, other):
        """Nothing passes between the two, in silence."""
        for one, two in [(self, other), (other, self)]:
            one.inside("neigh", "replace", two.address, "lladdr", NOWHERE, "dev", "eth0", "nud", "permanent")

    def heal(self, other):
        for one, two in [(self, other), (other, self)]:
            one.inside("neigh", "del", two.address, "dev", "eth0")

    def unplug(self):
        ip("link", "set", self.port, "down")

    def plug(self):
        ip("link", "set", self.port, "up")

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        if how in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(timeout=60)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self.holder.kill()
        self.holder.wait()


class Nats(Machine):
    """One server of a cluster of three."""

    def __init__(self, net, name, folder):
        super().__init__(net, name)
        self.folder = folder / name
        self.folder.mkdir()

    def up(self, all_of_them):
        routes = ", ".join(f'"nats://{one.address}:6222"' for one in all_of_them)
        configuration = self.folder / "nats.conf"
        configuration.write_text(
            f'server_name: {self.name}\nlisten: "{self.address}:4222"\nhttp: "{self.address}:8222"\n'
            f'jetstream {{ store_dir: "{self.folder / "js"}", max_file_store: 6GB\nsync_interval: always }}\n'
            f'cluster {{ name: tinderbox, listen: "{self.address}:6222", routes: [{routes}] }}\n'
        )
        out = open(self.folder / "log", "a")
        self.start(program("nats-server"), "-c", configuration, stdout=out, stderr=out)


class Disk:
    """A small disk in place of a folder, with what is in it: it can be full."""

    def __init__(self, folder, megabytes):
        self.folder, self.filler = folder, folder / "filler"
        aside = folder.with_name(folder.name + ".aside")
        folder.rename(aside)
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode={aside.stat().st_mode & 0o777:o}", "tmpfs", folder], check=True)
        subprocess.run(["cp", "-a", f"{aside}/.", folder], check=True)

    def fill(self):
        """To the last byte."""
        with open(self.filler, "ab", buffering=0) as file:
            for piece in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"x" * piece)
                except OSError:
                    pass

    def free(self):
        self.filler.unlink()

    def close(self):
        # Lazily: who is ending may still have it open.
        subprocess.run(["umount", "-l", self.folder], check=True)
        subprocess.run(["cp", "-a", f"{self.folder.with_name(self.folder.name + '.aside')}/.", self.folder], check=True)


class Node(Machine):
    """A node of the platform; `up` again starts it as it was."""

    def __init__(self, cluster, name, roles, zone, *flags):
        super().__init__(cluster.net, name)
        self.cluster, self.roles, self.zone, self.flags = cluster, roles, zone, flags
        self.data = cluster.folder / name
        self.log = cluster.folder / f"{name}.log"
        self.clock = None

    def up(self):
        command = [
            BINARY, "serve", "--output", "json", "-v", "--name", self.name, "--roles", self.roles, "--zone", self.zone,
            "--join", self.cluster.join, "--certs", self.cluster.certs, "--fabric", f"{self.address}:9956",
            "--data", self.data, *self.flags, *self.cluster.flags,
        ]
        if "frontend" in self.roles or "worker" in self.roles:
            command += ["--blobs", self.cluster.blobs]
        if "frontend" in self.roles:
            command += ["--listen", self.address, "--credentials", self.cluster.keys]
        self.start(*command, stdout=subprocess.PIPE, stderr=open(self.log, "a"), env=self.environment())

    def environment(self):
        if self.clock is None:
            return None
        # Read anew once a second; the steady clock, by which leases go, is the machine's.
        return {
            **os.environ, "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }

    def turn(self, seconds):
        """Its wall clock is so far off from now on, or, of a node that is not up yet, can be turned from then on."""
        self.clock = self.cluster.folder / f"{self.name}.clock"
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.rename(self.clock)

    def ready(self):
        line = self.process.stdout.readline()
        assert line, f"{self.name} ended at its start:\n{self.log.read_text()[-2000:]}"
        self.said = json.loads(line)
        return self

    def client(self, service="lambda", read_timeout=60, keys=KEYS):
        return boto3.client(
            service, endpoint_url=f"http://{self.address}:9955", region_name="eu-central-1",
            aws_access_key_id=keys[0], aws_secret_access_key=keys[1],
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=read_timeout, max_pool_connections=64),
        )


class Cluster:
    """3 nats, 2 frontends, 2 assignment, 2 placement, 3 workers in 3 zones."""

    def __init__(self, folder, nats=3, flags=(), keys=(KEYS,)):
        self.folder, self.flags, self.all_keys = folder, flags, keys
        self.net = Net()
        self.machines = []
        try:
            self.build(nats)
        except BaseException:
            self.close()
            raise

    def add(self, machine):
        self.machines.append(machine)
        return machine

    def build(self, nats):
        self.nats = [self.add(Nats(self.net, f"n{number + 1}", self.folder)) for number in range(nats)]
        for one in self.nats:
            one.up(self.nats)
        self.join = ",".join(f"nats://{one.address}:4222" for one in self.nats)
        self.blobs = f"file://{self.folder / 'blobs'}"
        self.certs = self.folder / "certs"
        self.keys = self.folder / "keys"
        self.keys.write_text("".join(" ".join(pair) + "\n" for pair in self.all_keys))
        self.keys.chmod(0o600)
        plan = [
            ("f1", "frontend", "z1"), ("f2", "frontend", "z2"),
            ("a1", "assignment", "z1"), ("a2", "assignment", "z2"), ("p1", "placement", "z1"), ("p2", "placement", "z2"),
            ("w1", "worker", "z1"), ("w2", "worker", "z2"), ("w3", "worker", "z3"),
        ]
        names = [word for name, roles, _ in plan for word in ("--name", f"{name}={roles.replace('frontend', 'frontend,control')}")]
        names += ["--name", "op=frontend"]
        subprocess.run([BINARY, "certs", "init", "--dir", self.certs, *names], check=True, capture_output=True)
        self.nodes = {}
        for name, roles, zone in plan:
            flags = ["--memory", "2048"] if roles == "worker" else []
            self.nodes[name] = self.add(Node(self, name, roles, zone, *flags))
        wait_for(self.nats_ready)
        for node in self.nodes.values():
            node.up()
        for node in self.nodes.values():
            node.ready()
        wait_for(lambda: len(self.status().get("workers") or []) == 3)

    def nats_ready(self):
        """One of them leads the others' metadata: streams can be made."""
        for one in self.nats:
            try:
                with urllib.request.urlopen(f"http://{one.address}:8222/jsz", timeout=2) as answer:
                    if len(self.nats) == 1 or json.load(answer).get("meta_cluster", {}).get("leader"):
                        return True
            except OSError:
                pass
        return False

    def operator(self, *words):
        command = [BINARY, *words, "--join", self.join, "--certs", self.certs, "--name", "op"]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)

    def status(self):
        said = self.operator("status", "--output", "json")
        return json.loads(said.stdout) if said.returncode == 0 else {}

    def leader(self, of):
        """The node that leads `placement` or `partition 0`."""
        leads = {lead["of"]: lead["leader"] for lead in self.status()["leads"]}
        return self.nodes[leads[of]] if leads[of] else None

    def journal(self):
        """Environments as the journal adds up."""
        there = {}
        for line in self.operator("journal", "tail").stdout.splitlines():
            fact = json.loads(line)["fact"]
            if "checkpoint_begun" in fact:
                there = {}
            elif "created" in fact:
                there[fact["created"]["environment"]] = fact["created"]["worker"]
            elif "gone" in fact:
                there.pop(fact["gone"]["environment"], None)
        return there

    def close(self):
        for machine in reversed(self.machines):
            machine.close()
        self.net.close()


class Load:
    """Clients that invoke all the time, each by one frontend, and remember what came."""

    def __init__(self, frontends, function, clients=4, payload=b"{}", pause=0.0, keys=KEYS):
        self.results, self.lock, self.ending = [], threading.Lock(), threading.Event()
        self.function, self.payload, self.pause = function, payload, pause
        self.threads = [
            threading.Thread(target=self.invoke, args=(frontends[number % len(frontends)].client(keys=keys),), daemon=True)
            for number in range(clients)
        ]
        for thread in self.threads:
            thread.start()

    def invoke(self, client):
        while not self.ending.is_set():
            begun = time.monotonic()
            try:
                answer = client.invoke(FunctionName=self.function, Payload=self.payload)
                said = json.loads(answer["Payload"].read())
                result = ("function error", said) if "FunctionError" in answer else ("ok", said)
            except Exception as error:  # whatever a client may see is what is counted
                result = ((getattr(error, "response", None) or {}).get("Error", {}).get("Code") or type(error).__name__, str(error))
            with self.lock:
                self.results.append((begun, time.monotonic(), *result))
            if self.pause:
                time.sleep(self.pause)

    def count(self, kind="ok"):
        with self.lock:
            return sum(1 for result in self.results if result[2] == kind)

    def more(self, by=20, seconds=60):
        """Waits until so many more were answered well."""
        target = self.count() + by
        wait_for(lambda: self.count() >= target, seconds)

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(timeout=90)
        assert not any(thread.is_alive() for thread in self.threads), "a client was never answered"
        return self.results

    def failures(self):
        return [result for result in self.results if result[2] != "ok"]

    def gap(self):
        """The longest time in which no answer came, seconds."""
        ends = sorted(result[1] for result in self.results if result[2] == "ok")
        return max((after - before for before, after in zip(ends, ends[1:])), default=0.0)


def served_once(results):
    """No environment answered two invocations as the same one of its own, and none was answered twice."""
    served = [(said["environment"], said["number"]) for _, _, kind, said in results if kind == "ok"]
    assert len(served) == len(set(served)), "an invocation of an environment was answered twice"
    requests = [said["request"] for _, _, kind, said in results if kind == "ok"]
    assert len(requests) == len(set(requests))


def settled(cluster):
    """With no load: every environment is idle, and the journal and assignment agree on which there are and where."""
    def agree():
        status = cluster.status()
        environments = status.get("environments")
        if environments is None or any(one["state"] != "idle" for one in environments):
            return False
        return {one["id"]: one["worker"] for one in environments} == cluster.journal()
    wait_for(agree, 90)
    in_order(cluster)


def in_order(cluster):
    """Journal, leader and workers, by the very functions that the simulator asks (`scheduler::assignment::invariants`)."""
    said = cluster.operator("status", "--check")
    assert said.returncode == 0, said.stdout + said.stderr


def requests_in_group(frontend, function):
    """Request ids of START lines, as often as they come."""
    logs, group = frontend.client("logs"), f"/aws/lambda/{function}"
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern='"START RequestId"')
    return sorted(event["message"].split()[2] for page in pages for event in page["events"])


def requests_in_logs(frontend, function):
    """The same from the whole group, and from its streams one by one."""
    logs, group = frontend.client("logs"), f"/aws/lambda/{function}"
    filtered = requests_in_group(frontend, function)
    got = []
    streams = logs.get_paginator("describe_log_streams").paginate(logGroupName=group)
    for stream in [stream["logStreamName"] for page in streams for stream in page["logStreams"]]:
        token = {}
        while True:
            page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
            if token.get("nextToken") == page["nextForwardToken"]:
                break
            got += [event["message"].split()[2] for event in page["events"] if event["message"].startswith("START")]
            token = {"nextToken": page["nextForwardToken"]}
    return filtered, sorted(got)


def trace_from(node, request):
    url = f"http://{node.address}:9955/_tinderbox/traces/{request}"
    signed = AWSRequest("GET", url)
    SigV4Auth(Credentials(*KEYS), "lambda", "eu-central-1").add_auth(signed)
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(signed.headers)), timeout=30) as answer:
        return json.load(answer)


def traced(node, request):
    try:
        return trace_from(node, request)
    except urllib.error.HTTPError:
        return None


def healthy(nats):
    """All of its streams are as far as their leaders."""
    try:
        with urllib.request.urlopen(f"http://{nats.address}:8222/healthz", timeout=5) as answer:
            return json.load(answer)["status"] == "ok"
    except OSError:
        return False


def stream_leader(cluster):
    """Of the stream of `Kv`, where leaders have their entries."""
    for one in cluster.nats:
        with urllib.request.urlopen(f"http://{one.address}:8222/jsz?streams=true&leader-only=false", timeout=5) as answer:
            for account in json.load(answer).get("account_details", []):
                for stream in account.get("stream_detail", []):
                    if "kv" in stream["name"].lower():
                        name = stream["cluster"]["leader"]
                        return next(it for it in cluster.nats if it.name == name)
    raise AssertionError("no stream of a Kv")
