"""One spawned server for all tests, on a port and a data folder of its own; nothing of it may remain."""
import json
import os
import pathlib
import signal
import subprocess

import boto3
import pytest
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("TINDERBOX", ROOT / "target/debug/tinderbox"))


# How the roles meet in every server of this run: run.sh has a second run with `encoded`.
FABRIC = os.environ.get("TINDERBOX_TEST_FABRIC")
TOOLS = pathlib.Path(os.environ.get("TINDERBOX_TEST_TOOLS", ROOT / "target/test-tools"))
# Which walls: `cargo xtask e2e --sandbox …` sets what every server of this run inherits, the flags' own variables.
SANDBOX = os.environ.get("TINDERBOX_SANDBOX", "process")
MICROVM = SANDBOX in ("qemu", "firecracker")
# How many times slower than on hardware a machine is here (xtask/src/e2e.rs): the server gives init and restore so many
# times their limit, `functions.function` gives functions so many times their Timeout.
TIME_FACTOR = int(os.environ.get("TINDERBOX_TIME_FACTOR", "1"))
# Else what is marked `machines`: a cold start for each runtime, and every kind of error.
FULL = not MICROVM or "TINDERBOX_TEST_FULL" in os.environ


class Server:
    """A running `tinderbox up` on a port that the kernel chose: none is looked for and lost before it is bound."""

    def __init__(self, data, *arguments, binary=BINARY, **popen):
        self.data = data
        self.binary = binary
        self.arguments = arguments
        self.popen = popen
        self.process = None
        self.endpoint = None
        self.start()

    def start(self):
        command = [self.binary, "up", "--data", self.data, "--port", "0", "--output", "json", *self.arguments]
        if FABRIC and "--fabric" not in self.arguments:
            command += ["--fabric", FABRIC]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, **self.popen)
        # One line, once it listens; nothing where it ended at its start.
        ready = self.process.stdout.readline()
        assert ready, f"the server ended at its start with {self.process.wait(timeout=30)}"
        self.ready = json.loads(ready)
        self.endpoint = self.ready["endpoint"]

    @property
    def port(self):
        return int(self.endpoint.rsplit(":", 1)[1])

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        return code

    def client(self, service="lambda", region="eu-central-1", key="test", secret="test"):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 0}, read_timeout=120 * TIME_FACTOR, max_pool_connections=128),
        )


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("data"))
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="session")
def client(server):
    return server.client()


def pytest_configure(config):
    config.addinivalue_line("markers", "machines: runs on microVMs also where only a bounded selection does")
    config.addinivalue_line("markers", "process_only(reason): can not be on microVMs")


def pytest_collection_modifyitems(config, items):
    if not MICROVM:
        return
    for item in items:
        for mark in item.iter_markers("process_only"):
            item.add_marker(pytest.mark.skip(reason=f"{SANDBOX}: {mark.args[0]}"))
    if not FULL:
        chosen = [item for item in items if item.get_closest_marker("machines")]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def pytest_terminal_summary(terminalreporter):
    """What a good neighbour felt during each hostile act."""
    if any("test_escape" in report.nodeid for report in terminalreporter.getreports("passed")):
        from escape_world import print_report
        print_report(terminalreporter.write_line)
