"""Fleets that grow and shrink by themselves: placement starts real workers under load, and ends them when it is over."""
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


def status(join, platform="tinderbox"):
    command = [BINARY, "status", "--join", join, "--platform", platform, "--name", "op", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def workers(join, platform="tinderbox"):
    return sorted(worker["name"] for worker in status(join, platform).get("workers") or [])


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
        # One client goes on: the fleet shrinks around it, and ends what it started.
        load.wanted = 1
        wait_for(lambda: len(workers(join)) == 1 and len(recorded(data / "fleet")) == 1)
        done = len(load.results) + 3
        wait_for(lambda: len(load.results) >= done)
        load.end()
        pids = list(recorded(data / "fleet").values())
        assert pids and all(map(lives, pids))
    finally:
        up.terminate()
        up.wait(timeout=120)
    # All of them end with it, and leave nothing.
    wait_for(lambda: not any(map(lives, pids)))
    assert not list((data / "fleet").iterdir())


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
