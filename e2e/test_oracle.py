"""AWS's own emulator as an oracle: the same handlers under the same runtime client, there and here.

What the emulator does otherwise than the service (and so than Tinderbox), each asserted below where it shows:

- status 502 for an exit or a failed init; the service answers 200 with X-Amz-Function-Error, which the emulator never sends;
- a runtime that exits while it loads gets an empty body; the service says Runtime.ExitError as for any exit;
- a timeout is plain text, `Task timed out after 1.00 seconds`; the service answers JSON with `Sandbox.Timedout`;
- REPORT has Init Duration in front, says Memory Size as Max Memory Used, and ends without Status and Error Type;
- no CloudWatch: lines of a traceback are joined by carriage returns, and no INIT_START or INIT_REPORT is printed;
- the code lies in a folder of the host's, so paths in stack traces name that (the test puts /var/task in their place).
"""
import base64
import json
import os
import re
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import ROOT, TOOLS
from functions import eventually, function, package

RIE = TOOLS / "oracle/aws-lambda-rie"
pytestmark = pytest.mark.skipif(not RIE.exists(), reason="AWS publishes the emulator as a wheel for x86_64 only")

HANDLERS = '''
import os, sys, time
class Own(Exception): pass
def handler(event, context):
    do = event.get("do")
    if do == "raise": raise ValueError("no: \\u00fc \\u2603")
    if do == "own":
        try: {}["key"]
        except KeyError as error: raise Own("outer") from error
    if do == "unserialisable": return object()
    if do == "sleep": time.sleep(60)
    if do == "exit": os._exit(event["code"])
    if do == "sys.exit": sys.exit(event["code"])
    if do == "signal": os.kill(os.getpid(), event["number"])
    if do == "python": return sys.executable
    return {"echo": event, "text": "\\u00fc"}
'''
CODE = {
    "app.py": HANDLERS,
    "broken.py": "def handler(:\n    pass\n",
    "raising.py": "raise RuntimeError('at import')\n",
    "importing.py": "import nothing_of_that_name\n",
    "exiting.py": "import os\nos._exit(7)\n",
}
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Emulator:
    """On a loopback address of its own, so that its fixed ports are nobody else's."""

    def __init__(self, folder, python, handler, timeout):
        pid = os.getpid()
        self.address = f"127.{100 + pid // 62500 % 100}.{pid // 250 % 250}.{1 + pid % 250}"
        self.task = folder / "task"
        self.task.mkdir()
        for name, text in CODE.items():
            (self.task / name).write_text(text)
        bootstrap = folder / "bootstrap"
        bootstrap.write_text(f'#!/bin/sh\nexec "{python}" "{ROOT}/runtimes/python/bootstrap.py"\n')
        bootstrap.chmod(0o755)
        self.log = folder / "log"
        env = {"PATH": os.environ["PATH"], "LAMBDA_TASK_ROOT": str(self.task), "_HANDLER": handler, "PYTHONDONTWRITEBYTECODE": "1",
               "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout), "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_NAME": "oracle",
               "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11"}
        # Without both addresses it would listen on every interface.
        command = [RIE, "--runtime-interface-emulator-address", f"{self.address}:8080", "--runtime-api-address", f"{self.address}:9001", bootstrap]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=env, cwd=self.task, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self.listens, bool)

    def listens(self):
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex((self.address, 8080)) == 0

    def invoke(self, event):
        """Status and body, ids and paths made alike."""
        request = urllib.request.Request(f"http://{self.address}:8080/2015-03-31/functions/function/invocations", json.dumps(event).encode())
        try:
            answer = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        assert answer.headers["X-Amz-Function-Error"] is None
        return answer.status, alike(answer.read().decode()).replace(str(self.task), "/var/task")

    def lines(self, kind):
        return [line for line in self.log.read_text().splitlines() if line.startswith(kind)]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def alike(text):
    return ID.sub("ID", text)


def shape(line):
    """A platform line with its numbers taken out."""
    return re.sub(r"\d+(\.\d+)?", lambda number: "N.NN" if "." in number[0] else "N", alike(line))


def ours(client, name, event):
    """Whether it failed, the body, and the log."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    assert answer["StatusCode"] == 200
    return answer.get("FunctionError"), alike(answer["Payload"].read().decode()), base64.b64decode(answer["LogResult"]).decode()


@pytest.fixture(scope="module")
def python(client):
    """The interpreter that Tinderbox uses: tracebacks differ from version to version."""
    with function(client, code=package(**{"app.py": HANDLERS}), Timeout=20) as name:
        return json.loads(ours(client, name, {"do": "python"})[1])


@pytest.fixture
def both(client, python, tmp_path):
    """Asks both; `(status, body)` there and `(error, body, log)` here."""
    started = []

    def start(handler, timeout=20):
        emulator = Emulator(tmp_path, python, handler, timeout)
        deployed = function(client, handler=handler, code=package(**CODE), Timeout=timeout)
        started.append((emulator, deployed))
        name = deployed.__enter__()
        return emulator, lambda event: (emulator.invoke(event), ours(client, name, event))

    yield start
    for emulator, deployed in started:
        emulator.stop()
        deployed.__exit__(None, None, None)


def test_answers_and_raised_errors_have_the_emulators_bodies(both):
    _, ask = both("app.handler")
    (status, there), (error, here, _) = ask({"a": [1, None, "\u00fc"]})
    assert (status, error, here) == (200, None, there)
    for do, kind in [("raise", "ValueError"), ("own", "Own"), ("unserialisable", "Runtime.MarshalError")]:
        (status, there), (error, here, _) = ask({"do": do})
        assert (status, error, here) == (200, "Unhandled", there)
        assert json.loads(here)["errorType"] == kind


def test_exits_have_the_emulators_bodies(both):
    _, ask = both("app.handler")
    for event in [{"do": "exit", "code": 0}, {"do": "exit", "code": 3}, {"do": "sys.exit", "code": 1}, {"do": "signal", "number": 9}, {"do": "signal", "number": 11}]:
        (status, there), (error, here, log) = ask(event)
        assert (status, error, here) == (502, "Unhandled", there), event
        assert json.loads(here)["errorType"] == "Runtime.ExitError"
        assert log.rstrip().endswith("Status: error\tError Type: Runtime.ExitError")


@pytest.mark.parametrize("handler, kind", [
    ("importing.handler", "Runtime.ImportModuleError"), ("absent.handler", "Runtime.ImportModuleError"),
    ("app.nobody", "Runtime.HandlerNotFound"), ("nodot", "Runtime.MalformedHandlerName"),
    ("broken.handler", "Runtime.UserCodeSyntaxError"), ("raising.handler", "RuntimeError"),
])
def test_failed_inits_have_the_emulators_bodies(both, handler, kind):
    _, ask = both(handler)
    (status, there), (error, here, _) = ask({})
    assert (status, error) == (502, "Unhandled")
    assert json.loads(here) == json.loads(there)
    assert json.loads(here)["errorType"] == kind


def test_an_exit_while_loading_has_no_body_there_and_the_words_of_any_exit_here(both):
    _, ask = both("exiting.handler")
    (status, there), (error, here, _) = ask({})
    assert (status, there, error) == (502, "", "Unhandled")
    assert json.loads(here) == {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: ID Error: Runtime exited with error: exit status 7"}


def test_a_timeout_says_what_the_emulator_says_inside_the_services_json(both):
    _, ask = both("app.handler", timeout=1)
    (status, there), (error, here, log) = ask({"do": "sleep"})
    assert (status, there) == (200, "Task timed out after 1.00 seconds")
    assert error == "Unhandled"
    assert json.loads(here) == {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: ID Error: {there}"}
    assert log.rstrip().endswith("Status: timeout")


def test_platform_lines_have_the_emulators_shape(both):
    emulator, ask = both("app.handler")
    logs = [ask({})[1][2] for _ in range(2)]
    reports = eventually(lambda: emulator.lines("REPORT"), lambda found: len(found) == 2)
    there = [[shape(line) for line in lines] for lines in zip(emulator.lines("START"), emulator.lines("END"), reports)]
    here = [[shape(line) for line in log.splitlines() if line.split(" ")[0] in ("START", "END", "REPORT")] for log in logs]
    assert here[1] == there[1] and here[0][:2] == there[0][:2]
    # Cold: the emulator puts Init Duration first, the service last.
    init = "Init Duration: N.NN ms\t"
    assert init in there[0][2] and here[0][2].rstrip("\t") == there[0][2].replace(init, "").rstrip("\t") + "\t" + init.rstrip("\t")
