"""AWS's own clients of other languages, unmodified: what the handler writes arrives while it still writes.

Order is shown by handshakes, not by time: the handler writes a part and then waits at a gate (an endpoint of this
test, opened to functions by `--allow-host`) that this test opens only once the client has printed that part.
"""
import http.server
import json
import os
import shutil
import subprocess
import threading

import pytest

from conftest import ROOT, TOOLS, Server
from functions import function, package

STREAMING = '''
const http = require("http");
const gate = (at, name) => new Promise((resolve, reject) =>
  http.get(`${at}/${name}`, (answer) => { answer.resume(); answer.statusCode === 200 ? resolve() : reject(new Error("gate stayed shut")); }).on("error", reject));
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let part = 0; part < 3; part++) {
    stream.write(`part ${part};`);
    await gate(event.gate, `${event.run}-${part}`);
    if (event.fail === part) throw new RangeError("broke midway");
  }
  stream.end();
});
'''


class Gates:
    """Answers GET /NAME once `open(NAME)` was called; 503 after a minute."""

    def __init__(self):
        self.changed = threading.Condition()
        self.opened = set()
        self.asked = []
        gates = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.strip("/")
                with gates.changed:
                    gates.asked.append(name)
                    gates.changed.notify_all()
                    passed = gates.changed.wait_for(lambda: name in gates.opened, timeout=60)
                self.send_response(200 if passed else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def open(self, name):
        with self.changed:
            assert self.changed.wait_for(lambda: name in self.asked, timeout=60), f"nobody waits at {name}"
            self.opened.add(name)
            self.changed.notify_all()


@pytest.fixture(scope="module")
def gates():
    gates = Gates()
    yield gates
    gates.server.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory, gates):
    server = Server(tmp_path_factory.mktemp("clients"), "--allow-host", f"127.0.0.1:{gates.port}")
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def client(server):
    return server.client()


def nodejs(server, *arguments):
    # Modules are found beside the script only.
    script = shutil.copy(ROOT / "e2e/clients/node/client.mjs", TOOLS / "node/client.mjs")
    return ["node", script, *arguments]


def rust(server, *arguments):
    return [TOOLS / "rust/debug/sdk-client", server.endpoint, *arguments]


CLIENTS = pytest.mark.parametrize("sdk", [
    pytest.param(nodejs, marks=pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")), rust])
STREAMS = pytest.mark.skipif(shutil.which("node") is None, reason="the streaming handlers are Node.js, which is not here")


class Run:
    """The client at work; `next` is the next line that it prints."""

    def __init__(self, server, sdk, *arguments):
        env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_ENDPOINT_URL_LAMBDA": server.endpoint, "AWS_REGION": "eu-central-1",
               "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        self.process = subprocess.Popen(sdk(server, *arguments), env=env, stdout=subprocess.PIPE, text=True)
        # A client that hangs ends, and its next line is none.
        self.limit = threading.Timer(100, self.process.kill)
        self.limit.start()

    def next(self):
        line = self.process.stdout.readline()
        assert line, f"the client ended with {self.process.wait()}"
        return json.loads(line)

    def end(self):
        rest = self.process.stdout.read()
        self.limit.cancel()
        assert (rest, self.process.wait()) == ("", 0)


@CLIENTS
def test_sdks_invoke_and_read_refusals(server, client, sdk):
    with function(client) as name:
        run = Run(server, sdk, "invoke", name, '{"a": 1}')
        answer = run.next()
        assert (answer["status"], answer["functionError"], answer["version"]) == (200, None, "$LATEST")
        assert json.loads(answer["payload"])["echo"] == {"a": 1}
        run.end()
        run = Run(server, sdk, "invoke", name, '{"do": "raise"}')
        answer = run.next()
        assert answer["functionError"] == "Unhandled" and json.loads(answer["payload"])["errorType"] == "ValueError"
        run.end()
    for how in ("invoke", "stream"):
        run = Run(server, sdk, how, "nobody", "{}")
        answer = run.next()
        assert (answer["refused"], answer["status"]) == ("ResourceNotFoundException", 404)
        assert answer["message"].startswith("Function not found: arn:aws:lambda:eu-central-1:000000000000:function:nobody")
        run.end()


@STREAMS
@CLIENTS
def test_chunks_arrive_while_the_handler_still_writes(server, client, gates, sdk):
    with function(client, runtime="nodejs20.x", handler="index.handler", code=package(index__js=STREAMING), MemorySize=256, Timeout=90) as name:
        event = {"gate": f"http://host.tinderbox.internal:{gates.port}", "run": f"{name}-{sdk.__name__}"}
        run = Run(server, sdk, "stream", name, json.dumps(event))
        for part in range(3):
            assert run.next() == {"chunk": f"part {part};"}
            gates.open(f"{event['run']}-{part}")
        assert run.next() == {"complete": {"errorCode": None, "errorDetails": None}}
        run.end()


@STREAMS
@CLIENTS
def test_an_error_midway_ends_the_stream_and_says_why(server, client, gates, sdk):
    with function(client, runtime="nodejs20.x", handler="index.handler", code=package(index__js=STREAMING), MemorySize=256, Timeout=90) as name:
        event = {"gate": f"http://host.tinderbox.internal:{gates.port}", "run": f"{name}-{sdk.__name__}", "fail": 1}
        run = Run(server, sdk, "stream", name, json.dumps(event))
        for part in range(2):
            assert run.next() == {"chunk": f"part {part};"}
            gates.open(f"{event['run']}-{part}")
        complete = run.next()["complete"]
        assert complete["errorCode"] == "Unhandled"
        details = json.loads(complete["errorDetails"])
        assert (details["errorType"], details["errorMessage"]) == ("RangeError", "broke midway")
        run.end()


@CLIENTS
def test_a_buffered_function_streams_as_one_chunk_and_its_error_as_the_end(server, client, sdk):
    with function(client) as name:
        run = Run(server, sdk, "stream", name, '{"a": 1}')
        assert json.loads(run.next()["chunk"])["echo"] == {"a": 1}
        assert run.next() == {"complete": {"errorCode": None, "errorDetails": None}}
        run.end()
        run = Run(server, sdk, "stream", name, '{"do": "raise"}')
        complete = run.next()["complete"]
        assert complete["errorCode"] == "Unhandled" and json.loads(complete["errorDetails"])["errorType"] == "ValueError"
        run.end()
