"""One spawned server for all tests, on a port and a data folder of its own; nothing of it may remain."""
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

import boto3
import pytest
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("TINDERBOX", ROOT / "target/debug/tinderbox"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running `tinderbox up`."""

    def __init__(self, data, *arguments, log=None):
        self.data = data
        self.log = log
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.arguments = arguments
        self.process = None
        self.start()

    def start(self):
        command = [BINARY, "up", "--data", self.data, "--port", str(self.port), *self.arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, stderr=self.log)
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{self.endpoint}/_tinderbox/health", timeout=1).read()
                return
            except OSError:
                assert self.process.poll() is None, "the server ended at its start"
                assert time.monotonic() < deadline, "the server is not ready after 30 s"
                time.sleep(0.02)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=60)

    def client(self, service="lambda", region="eu-central-1", key="test"):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, read_timeout=120, max_pool_connections=128),
        )


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("data"))
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="session")
def client(server):
    return server.client()
