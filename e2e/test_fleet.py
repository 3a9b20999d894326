"""Fleets that grow and shrink by themselves: placement starts real workers under load and ends them without it."""
import json
import os
import signal
import subprocess
import threading

import boto3
import pytest
from botocore.config import Config
from conftest import BINARY, MICROVM
from functions import ROLE, package
from test_substrate import nats, runtime, wait_for  # noqa: F401 (fixtures)

pytestmark = pytest.mark.skipif(MICROVM, reason="how many workers there are has nothing to do with the walls")
SLEEPS = "import time\ndef handler(event, context):\n    time.sleep(event['seconds'])\n    return 'slept'\n"
# One worker has room for four functions of 128 MB.
ROOM_MB = 512


def client(endpoint):
    return boto3.client(
        "lambda", endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=120, max_pool_connections=64))


class Load:
    """Invocations, so many at a time; what each came to."""

    def __init__(self, endpoint):
        self.endpoint, self.wanted, self.results, self.threads = endpoint, 0, [], []
        self.lock = threading.Lock()

    def at_a_time(self, count):
        self.wanted = count
        while len(self.threads) < count:
            thread = threading.Thread(target=self.invoke, args=(len(self.threads),), daemon=True)
            self.threads.append(thread)
            thread.start()

    def invoke(self, number):
        own = client(self.endpoint)
        while number < self.wanted:
            try:
                answer = own.invoke(FunctionName="sleeps", Payload=json.dumps({"seconds": 0.3}))
                result = answer["Payload"].read().decode()
            except Exception as error:  # noqa: BLE001 (each is counted)
                result = repr(error)
            with self.lock:
                self.results.append(result)

    def end(self):
        self.wanted = 0
        for thread in self.threads:
            thread.join(timeout=60)
        failed = [result for result in self.results if result != '"slept"']
        assert not failed and self.results, (len(self.results), failed[:3])


def status(join):
    command = [BINARY, "status", "--join", join, "--name", "op", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def workers(join):
    return sorted(worker["name"] for worker in status(join).get("workers") or [])


def create(endpoint):
    own = client(endpoint)
    own.create_function(
        FunctionName="sleeps", Runtime=runtime(), Handler="app.handler", Role=ROLE, Timeout=30, MemorySize=128,
        Code={"ZipFile": package(app__py=SLEEPS)})
    own.get_waiter("function_active_v2").wait(FunctionName="sleeps")


def recorded(folder):
    """Pids of the workers that placement has written down, by their names."""
    return {file.stem: int(file.read_text().split()[0]) for file in folder.glob("*.pid")}


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_local_fleet_grows_under_load_survives_its_leader_and_shrinks(nats, tmp_path):  # noqa: F811
    data = tmp_path / "platform"
    command = [
        BINARY, "cluster", "up", "--output", "json", "--data", data, "--port", "0", "--join", f"nats://127.0.0.1:{nats.port}",
        "--frontends", "1", "--workers", "1", "--fleet", "local-process", "--max-workers", "4", "--zones", "2",
        "--memory", str(ROOM_MB), "--fleet-idle", "5s", "--idle-timeout", "4s",
    ]
    up = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        line = up.stdout.readline()
        assert line, f"it ended with {up.wait(timeout=60)}"
        said = json.loads(line)
        join, pids = said["join"], {node["name"]: node["pid"] for node in said["nodes"]}
        endpoint = next(node["endpoint"] for node in said["nodes"] if node["endpoint"])
        wait_for(lambda: len(workers(join)) == 1)
        create(endpoint)
        # One after the other: each new one is placed before room is wanted.
        load = Load(endpoint)
        for count in range(1, 8):
            load.at_a_time(count)
            done = len(load.results) + count + 2
            wait_for(lambda: len(load.results) >= done)
            wait_for(lambda: len(workers(join)) * ROOM_MB >= min(count + 1, 8) * 128)
        assert len(workers(join)) >= 2
        grown = set(recorded(data / "fleet"))
        # Their leader is killed: the next one finds them, and starts no others in their place.
        leader = next(lead["leader"] for lead in status(join)["leads"] if lead["of"] == "placement")
        os.kill(pids[leader], signal.SIGKILL)
        wait_for(lambda: next(it["leader"] for it in status(join)["leads"] if it["of"] == "placement") not in (None, leader))
        wait_for(lambda: grown <= set(workers(join)))
        assert len(recorded(data / "fleet")) <= 4
        # How far each follower has replayed is known, and it comes to the journal's end.
        wait_for(lambda: [it.get("lag") for it in status(join)["replicas"] if not it.get("leads")] == [0])
        assert [it["leads"] for it in status(join)["replicas"]].count(True) == 1
        # Less and less: workers that are too many go, and no invocation is hurt by it.
        load.at_a_time(1)
        wait_for(lambda: len(workers(join)) <= 2 and len(recorded(data / "fleet")) <= 2, seconds=240)
        load.end()
        pids = list(recorded(data / "fleet").values())
        assert pids and all(map(lives, pids))
    finally:
        up.terminate()
        up.wait(timeout=120)
    # All of them end with it, and leave nothing.
    wait_for(lambda: not any(map(lives, pids)))
    assert not list((data / "fleet").iterdir())


# What an operator's program does with a cloud: asks, waits, lists. The cloud is `Cloud`.
SCRIPT = """#!/bin/sh
set -e
cd {folder}
echo "$*" >> calls
case "$1" in
start) echo "$3" > "$2.new"; mv "$2.new" "$2.wanted" ;;
stop) rm -f "$2.wanted"; while [ -f "$2.up" ]; do sleep 0.05; done ;;
list) for file in *.wanted; do [ -f "$file" ] && echo "${{file%.wanted}}"; done; exit 0 ;;
esac
"""


class Cloud(threading.Thread):
    """Makes of each NAME.wanted a machine: a worker, which is there as long as NAME.up is."""

    def __init__(self, folder, join):
        super().__init__(daemon=True)
        self.folder, self.join_url, self.machines, self.ending = folder, join, {}, threading.Event()
        self.start()

    def run(self):
        while not self.ending.wait(0.05):
            wanted = {file.stem: file for file in self.folder.glob("*.wanted")}
            for name in wanted.keys() - self.machines.keys():
                (self.folder / f"{name}.up").touch()
                command = [
                    BINARY, "serve", "--name", name, "--zone", wanted[name].read_text().strip(), "--roles", "worker",
                    "--join", self.join_url, "--blobs", f"file://{self.folder}/blobs", "--fabric", "127.0.0.1:0",
                    "--memory", ROOM_MB, "--data", self.folder / name,
                ]
                log = open(self.folder / f"{name}.log", "w")
                self.machines[name] = subprocess.Popen(
                    list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
            for name in self.machines.keys() - wanted.keys():
                self.stop(name)

    def stop(self, name):
        machine = self.machines.pop(name)
        machine.terminate()
        machine.wait(timeout=60)
        (self.folder / f"{name}.up").unlink()

    def end(self):
        self.ending.set()
        self.join(timeout=60)
        for name in list(self.machines):
            self.stop(name)


def test_the_operators_program_starts_and_ends_workers(nats, tmp_path):  # noqa: F811
    join = f"nats://127.0.0.1:{nats.port}"
    script = tmp_path / "fleet"
    script.write_text(SCRIPT.format(folder=tmp_path))
    script.chmod(0o755)
    # By the configuration file, as an operator would say it.
    config = tmp_path / "n1.conf"
    config.write_text(
        f"join = {join}\nblobs = file://{tmp_path}/blobs\nname = n1\nroles = frontend,assignment,placement\nzone = a\n"
        f"fabric = 127.0.0.1:0\nport = 0\ndata = {tmp_path}/n1\n"
        f"fleet = command\nfleet-command = {script}\nfleet-min = 1\nfleet-max = 3\nfleet-free = 256\nfleet-room = {ROOM_MB}\n"
        "fleet-idle = 5s\nidle-timeout = 4s\nfleet-zones = a,b\n"
    )
    command = [BINARY, "serve", "--config", config, "--output", "json", "-v", "--die-with-parent"]
    cloud = Cloud(tmp_path, join)
    node = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=open(tmp_path / "n1.log", "w"), text=True)
    try:
        line = node.stdout.readline()
        assert line, (tmp_path / "n1.log").read_text()[-2000:]
        endpoint = json.loads(line)["endpoint"]
        wait_for(lambda: len(workers(join)) == 1)
        create(endpoint)
        load = Load(endpoint)
        for count in (1, 2, 3, 4):
            load.at_a_time(count)
            wait_for(lambda: len(workers(join)) * ROOM_MB >= count * 128 + 256)
        assert len(workers(join)) == 2
        load.at_a_time(1)
        wait_for(lambda: len(workers(join)) == 1, seconds=240)
        load.end()
        calls = (tmp_path / "calls").read_text().splitlines()
        started = [call.split()[1:] for call in calls if call.startswith("start ")]
        assert {zone for _, zone in started} == {"a", "b"} and len(started) == 2
        wait_for(lambda: [call for call in (tmp_path / "calls").read_text().splitlines() if call.startswith("stop ")])
    finally:
        node.terminate()
        node.wait(timeout=60)
        node.stdout.close()
        cloud.end()


def test_what_makes_no_sense_is_said_before_anything_starts(tmp_path):
    def said(*words):
        command = [BINARY, "serve", "--join", "nats://127.0.0.1:1", "--data", tmp_path, *words]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
        assert done.returncode == 2
        return done.stderr

    assert "and no other" in said("--roles", "placement,assignment", "--fleet", "local-process")
    assert "role placement" in said("--roles", "assignment", "--fleet", "local-process")
    assert "--fleet-command PATH" in said("--roles", "placement", "--fleet", "command")
    assert "more than --fleet-max" in said("--roles", "placement", "--fleet", "local-process", "--fleet-min", "9", "--fleet-max", "2")
    assert "need --blobs" in said("--roles", "placement", "--fleet", "local-process")
