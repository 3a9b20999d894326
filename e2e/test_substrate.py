"""Functions that lie on NATS JetStream and in S3: a server may be thrown away and started again elsewhere."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import boto3
import pytest
from conftest import BINARY, MICROVM, TOOLS, Server
from functions import PYTHON, ROLE, package

pytestmark = pytest.mark.skipif(MICROVM, reason="where functions lie has nothing to do with the walls")
KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}


def program(name):
    path = TOOLS / "venv/bin" / name
    if not path.exists():
        assert "CI" not in os.environ, f"CI must have {name}: `cargo xtask test --only tools` installs it"
        pytest.skip(f"{path} is not there: `cargo xtask test --only tools` installs it")
    return path


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.05)


def listens(port):
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


class Nats:
    """A server with its monitoring; `sync` is a line of its configuration."""

    def __init__(self, folder, sync="sync_interval: always"):
        self.port, self.monitor = free_port(), free_port()
        self.configuration = folder / f"nats-{self.port}.conf"
        self.configuration.write_text(
            f'listen: "127.0.0.1:{self.port}"\nhttp: "127.0.0.1:{self.monitor}"\n'
            f'jetstream {{ store_dir: "{folder / f"nats-{self.port}"}", max_file_store: 6GB\n{sync} }}\n'
        )
        self.url = f"nats://127.0.0.1:{self.port}"
        self.up()

    def up(self):
        command = [program("nats-server"), "-c", self.configuration]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: listens(self.port))

    def down(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def nats(tmp_path_factory):
    nats = Nats(tmp_path_factory.mktemp("nats"))
    yield nats
    nats.down()


@pytest.fixture(scope="module")
def bucket():
    """An endpoint with a bucket `code`."""
    port = free_port()
    command = [program("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: listens(port))
    endpoint = f"http://127.0.0.1:{port}"
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any")
    s3.create_bucket(Bucket="code")
    yield f"s3://code/functions?endpoint={endpoint}"
    process.kill()
    process.wait()


def start(data, nats, bucket, platform):
    arguments = ["--kv", nats.url, "--blobs", bucket, "--platform", platform]
    return Server(data, *arguments, env={**os.environ, **KEYS})


def invoke(server, name, event, **more):
    answer = server.client().invoke(FunctionName=name, Payload=json.dumps(event), **more)
    assert "FunctionError" not in answer, answer
    return json.load(answer["Payload"])


def runtime():
    return f"python3.{sys.version_info.minor}"


def test_a_server_that_was_killed_is_started_elsewhere_with_the_same_functions(tmp_path, nats, bucket):
    first = start(tmp_path / "first", nats, bucket, "moved")
    client = first.client()
    code = package(app__py=PYTHON)
    client.create_function(FunctionName="moved", Runtime=runtime(), Handler="app.handler", Role=ROLE, Code={"ZipFile": code})
    client.get_waiter("function_active_v2").wait(FunctionName="moved")
    version = client.publish_version(FunctionName="moved")["Version"]
    digest = client.get_function(FunctionName="moved")["Configuration"]["CodeSha256"]
    assert invoke(first, "moved", {"a": 1})["echo"] == {"a": 1}
    first.stop(signal.SIGKILL)
    shutil.rmtree(tmp_path / "first", ignore_errors=True)

    began = time.monotonic()
    second = start(tmp_path / "second", nats, bucket, "moved")
    # The first one did not say that it ends, so it is respected for a while.
    assert 6 < time.monotonic() - began
    try:
        client = second.client()
        assert [it["FunctionName"] for it in client.list_functions()["Functions"]] == ["moved"]
        assert client.get_function(FunctionName="moved")["Configuration"]["CodeSha256"] == digest
        assert invoke(second, "moved", {"a": 2})["echo"] == {"a": 2}
        assert invoke(second, "moved", {"a": 3}, Qualifier=version)["echo"] == {"a": 3}
        assert not (tmp_path / "second/tinderbox.db").exists(), "nothing durable in the data folder"
    finally:
        assert second.stop() == 0

    # A clean end gives the platform back, so the next one need not wait; and what is deleted stays deleted.
    began = time.monotonic()
    third = start(tmp_path / "third", nats, bucket, "moved")
    try:
        assert time.monotonic() - began < 6
        third.client().delete_function(FunctionName="moved")
        assert third.client().list_functions()["Functions"] == []
    finally:
        assert third.stop() == 0


def test_a_second_server_of_a_platform_is_refused_and_another_platform_is_not(tmp_path, nats, bucket):
    first = start(tmp_path / "first", nats, bucket, "taken")
    try:
        command = [BINARY, "up", "--data", tmp_path / "second", "--port", "0", "--kv", nats.url, "--blobs", bucket, "--platform", "taken"]
        second = subprocess.run(command, env={**os.environ, **KEYS}, capture_output=True, text=True, timeout=120)
        assert second.returncode == 5 and "another server uses this platform" in second.stderr
        assert "--platform" in second.stderr
        other = start(tmp_path / "other", nats, bucket, "other")
        assert other.client().list_functions()["Functions"] == []
        assert other.stop() == 0
    finally:
        assert first.stop() == 0


def test_nats_that_is_silent_for_a_while_harms_no_warm_function(tmp_path):
    """Deliberately on servers of its own: one of them is killed."""
    nats = Nats(tmp_path)
    moto = free_port()
    process = subprocess.Popen([program("moto_server"), "-H", "127.0.0.1", "-p", str(moto)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: listens(moto))
        endpoint = f"http://127.0.0.1:{moto}"
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any").create_bucket(Bucket="code")
        server = start(tmp_path / "data", nats, f"s3://code?endpoint={endpoint}", "silent")
        client = server.client()
        client.create_function(FunctionName="warm", Runtime=runtime(), Handler="app.handler", Role=ROLE, Code={"ZipFile": package(app__py=PYTHON)})
        client.get_waiter("function_active_v2").wait(FunctionName="warm")
        pid = invoke(server, "warm", {})["pid"]
        nats.down()
        # Longer than a tenure is respected: nobody is deposed by silence.
        end = time.monotonic() + 12
        while time.monotonic() < end:
            assert invoke(server, "warm", {})["pid"] == pid, "warm, by the same environment"
            time.sleep(0.2)
        nats.up()
        client.update_function_configuration(FunctionName="warm", Description="written when NATS is back")
        assert invoke(server, "warm", {})["echo"] == {}
        assert server.stop() == 0
    finally:
        nats.down()
        process.kill()
        process.wait()


def test_doctor_sees_whether_nats_writes_to_its_disk_at_once(tmp_path, nats):
    def doctor(*arguments):
        command = [BINARY, "--output", "json", "doctor", "--data", tmp_path, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, {it["what"]: it for it in json.loads(done.stdout)["findings"]}

    code, findings = doctor("--cluster", nats.url, "--monitor", f"127.0.0.1:{nats.monitor}")
    assert code == 0 and findings[f"sync_interval 127.0.0.1:{nats.monitor}"]["found"] == "always"
    code, findings = doctor("--cluster", nats.url)
    assert code == 5 and "--monitor" in findings["sync_interval"]["advice"]
    lazy = Nats(tmp_path, sync="")
    try:
        code, findings = doctor("--cluster", lazy.url, "--monitor", f"127.0.0.1:{lazy.monitor}")
        assert code == 5
        assert findings[f"sync_interval 127.0.0.1:{lazy.monitor}"]["found"] == "every 120 s"
    finally:
        lazy.down()
    code, findings = doctor("--cluster", lazy.url)
    assert code == 5 and "Connection refused" in findings[f"server {lazy.url}"]["found"]
