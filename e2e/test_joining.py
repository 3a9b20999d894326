"""Bare machines become nodes by a token, and keep their certificates fresh: real nodes over loopback, with mTLS."""
import json
import subprocess

import boto3
import pytest
from botocore.config import Config
from conftest import BINARY, MICROVM
from functions import PYTHON, ROLE, package
from test_substrate import nats, runtime, wait_for  # noqa: F401 (fixtures)

pytestmark = pytest.mark.skipif(MICROVM, reason="who is let in has nothing to do with the walls")
# Certificates count so long here, seconds: each is renewed after two thirds of it.
LIFE = 9


def certs(*words, code=0):
    done = subprocess.run([BINARY, "certs", *map(str, words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    return done.stdout.strip() if code == 0 else done.stderr


class Platform:
    def __init__(self, folder, port):
        self.folder, self.join = folder, f"nats://127.0.0.1:{port}"
        self.certs, self.processes = folder / "certs", {}
        certs("init", "--dir", self.certs, "--name", "op=frontend")
        self.desk()

    def desk(self, *flags):
        said = self.start("desk", "certs", "serve", "--dir", self.certs, "--life", f"{LIFE}s", *(flags or ("--listen", "127.0.0.1:0")))
        self.authority = said["authority"]

    def start(self, name, *words):
        log = open(self.folder / f"{name}.log", "a")
        command = [BINARY, *words, "-v", "--die-with-parent", "--output", "json"]
        process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        self.processes[name] = process
        line = process.stdout.readline()
        assert line, (self.folder / f"{name}.log").read_text()[-2000:]
        return json.loads(line)

    def flags(self, name, roles, token=None):
        words = ["serve", "--join", self.join, "--blobs", f"file://{self.folder / 'blobs'}", "--name", name,
                 "--roles", roles, "--fabric", "127.0.0.1:0", "--port", "0", "--data", self.folder / name]
        return words + (["--token", token] if token else [])

    def node(self, name, roles, token=None, *more):
        return self.start(name, *self.flags(name, roles, token), *more)

    def refused(self, name, roles, token):
        done = subprocess.run(
            list(map(str, [BINARY, *self.flags(name, roles, token)])), capture_output=True, text=True, timeout=60)
        assert done.returncode != 0
        return done.stderr

    def token(self, *words):
        return certs("token", "--dir", self.certs, *words)

    def operator(self, *words):
        command = [BINARY, *words, "--join", self.join, "--certs", self.certs, "--name", "op", "--output", "json"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def kept(self, name):
        return json.loads((self.folder / name / "certs" / f"{name}.joined").read_text())

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def stop(self, name, kill=False):
        process = self.processes.pop(name)
        process.kill() if kill else process.terminate()
        process.wait(timeout=60)
        process.stdout.close()

    def close(self):
        for name in reversed(list(self.processes)):
            self.stop(name)


@pytest.fixture
def platform(tmp_path, nats):  # noqa: F811
    platform = Platform(tmp_path, nats.port)
    yield platform
    platform.close()


def invoke(endpoint):
    client = boto3.client(
        "lambda", endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}))
    return json.load(client.invoke(FunctionName="joined", Payload=b"{}")["Payload"])


def test_bare_machines_join_by_tokens_and_their_certificates_are_renewed_while_they_serve(platform):
    service = platform.token("--roles", "frontend,assignment,placement")
    endpoint = platform.node("f1", "frontend,assignment,placement", service)["endpoint"]
    platform.node("w1", "worker", platform.token("--roles", "worker", "--name-prefix", "w"))
    first = {name: platform.kept(name)["certificate"] for name in ("f1", "w1")}
    assert (platform.folder / "w1/certs/w1.joined").stat().st_mode & 0o777 == 0o600
    wait_for(lambda: len(platform.operator("status").get("workers") or []) == 1)
    client = boto3.client(
        "lambda", endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    client.create_function(
        FunctionName="joined", Runtime=runtime(), Handler="app.handler", Role=ROLE, Code={"ZipFile": package(app__py=PYTHON)})
    client.get_waiter("function_active_v2").wait(FunctionName="joined")
    invoke(endpoint)
    # The authority dies at some moment and comes back elsewhere; nodes ask again, those that are told where it is now.
    wait_for(lambda: all(platform.kept(name)["certificate"] != first[name] for name in first))
    platform.stop("desk", kill=True)
    platform.desk("--listen", platform.authority)
    second = {name: platform.kept(name)["certificate"] for name in first}
    wait_for(lambda: all(platform.kept(name)["certificate"] != second[name] for name in first))
    # By now the first ones have ended. Whoever connects anew is believed: a worker that starts again, without a token.
    platform.stop("w1")
    platform.node("w1", "worker")
    wait_for(lambda: len(platform.operator("status").get("workers") or []) == 1)
    wait_for(lambda: "errorType" not in invoke(endpoint))
    # Nothing secret is in a log.
    for name in ("desk", "f1", "w1"):
        log = platform.log(name)
        assert service not in log and "PRIVATE KEY" not in log


def test_who_is_refused_is_told_why_and_what_to_do(platform):
    once = platform.token("--roles", "placement")
    # A machine dies after it has joined, and another finds the token in its notes.
    platform.node("p1", "placement", once)
    assert "used 1 times" in platform.refused("p2", "placement", once)
    assert "ask for a new one" in platform.refused("p2", "placement", once)
    said = platform.refused("p1x", "worker", platform.token("--roles", "placement"))
    assert "for the roles placement, not for worker" in said
    assert "names that begin with `w`" in platform.refused("x1", "worker", platform.token("--roles", "worker", "--name-prefix", "w"))
    short = platform.token("--roles", "placement", "--expires", "1ms")
    assert "expired" in platform.refused("p2", "placement", short)
    # The name of a node that is there, and of one whose certificate was made by hand.
    for name in ("p1", "op"):
        token = platform.token("--roles", "placement,frontend")
        words = [str(word) for word in platform.flags(name, "placement", token)]
        words[words.index("--data") + 1] = str(platform.folder / "elsewhere")
        done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=60)
        assert f"a node called {name} has a certificate already" in done.stderr and "--name NAME" in done.stderr
    cut = subprocess.run(
        list(map(str, [BINARY, *platform.flags("p2", "placement", once[:-5])])), capture_output=True, text=True, timeout=60)
    assert cut.returncode == 2 and "no whole token" in cut.stderr
    # Another platform's token, by the address of ours.
    foreign = platform.folder / "foreign"
    certs("init", "--dir", foreign)
    token = certs("token", "--dir", foreign, "--roles", "placement", "--authority", platform.authority)
    assert "another authority" in platform.refused("p2", "placement", token)
    assert "no certificate was given" in platform.log("desk")


def test_a_token_that_was_used_stays_used_when_the_authority_is_killed(platform):
    token = platform.token("--roles", "placement", "--uses", "2")
    platform.node("p1", "placement", token)
    platform.stop("desk", kill=True)
    assert "`tinderbox certs serve` must run" in platform.refused("p2", "placement", token)
    platform.desk("--listen", platform.authority)
    platform.node("p2", "placement", token)
    assert "used 2 times" in platform.refused("p3", "placement", token)
    second = subprocess.run(
        [BINARY, "certs", "serve", "--dir", platform.certs, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
    assert second.returncode == 1 and "another process gives certificates" in second.stderr
