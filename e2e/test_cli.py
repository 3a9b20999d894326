"""The two command lines on a running server: AWS's, version 2, and our own with everything an operator sets."""
import contextlib
import datetime
import json
import os
import pathlib
import pwd
import re
import selectors
import shutil


import subprocess
import tempfile
import time
import urllib.error
import urllib.request


import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from conftest import BINARY, Server
from functions import PYTHON, ROLE, eventually, function, package

AWS = "/usr/bin/aws"
needs_aws_v2 = pytest.mark.skipif(
    not os.path.exists(AWS) or b"aws-cli/2" not in subprocess.run([AWS, "--version"], capture_output=True).stdout,
    reason="no version 2 of the aws cli in /usr/bin (Debian's awscli)")
# Each line waits for a file that an earlier line's reader makes possible: see `Follower`.
TALKING = '''
import urllib.error
import urllib.request
def handler(event, context):
    for part in range(3):
        print("line", part)
        urllib.request.urlopen(f"{event['gate']}/{event['run']}-{part}", timeout=90).read()
    return "done"
'''


def clean(**more):
    """An environment without the tester's own settings."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "NO_COLOR": "1", **more}


def tinderbox(server, *arguments, code=0, data=None, **more):
    done = subprocess.run([BINARY, *arguments], env=clean(TINDERBOX_ENDPOINT=server.endpoint, **more), input=data, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def in_json(server, *arguments, **settings):
    return json.loads(tinderbox(server, *arguments, "--output", "json", **settings)[0])


def aws(server, *arguments, code=0):
    command = [AWS, "--endpoint-url", server.endpoint, "--output", "json", *arguments]
    done = subprocess.run(command, env=clean(), capture_output=True, text=True, timeout=120)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stderr if code else json.loads(done.stdout) if done.stdout.strip() else None


class Follower:
    """A program that goes on printing."""

    def __init__(self, *command, **env):
        self.process = subprocess.Popen(command, env=clean(**env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.seen = ""

    def until(self, text, seconds=60):
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while text not in self.seen:
                assert selector.select(deadline - time.monotonic()), f"{text!r} is not in {self.seen!r}"
                read = os.read(self.process.stdout.fileno(), 65536)
                assert read, f"ended: {self.seen!r}"
                self.seen += read.decode()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def gates():
    from test_clients import Gates
    gates = Gates()
    yield gates
    gates.server.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory, gates):
    """With a setting of the operator's that every function sees."""
    server = Server(tmp_path_factory.mktemp("cli"), "--allow-host", f"127.0.0.1:{gates.port}", "--env", "AWS_ENDPOINT_URL=http://host.tinderbox.internal:4566")
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def client(server):
    return server.client()


@needs_aws_v2
def test_the_aws_cli_of_version_2_does_the_main_job(server, tmp_path):
    (tmp_path / "f.zip").write_bytes(package(app__py=PYTHON))
    (tmp_path / "g.zip").write_bytes(package(app__py="def handler(e, c): return 'updated'"))
    created = aws(server, "lambda", "create-function", "--function-name", "v2", "--runtime", "python3.11", "--handler", "app.handler",
                  "--role", ROLE, "--zip-file", f"fileb://{tmp_path}/f.zip", "--timeout", "60")
    assert created["State"] == "Pending"
    aws(server, "lambda", "wait", "function-active-v2", "--function-name", "v2")
    (tmp_path / "event.json").write_text('{"from": "v2"}')
    out = tmp_path / "out.json"
    invoke = ["lambda", "invoke", "--function-name", "v2", "--payload", f"fileb://{tmp_path}/event.json", str(out)]
    assert aws(server, *invoke)["StatusCode"] == 200
    assert json.loads(out.read_text())["echo"] == {"from": "v2"}
    (tmp_path / "event.json").write_text('{"do": "raise"}')
    assert aws(server, *invoke)["FunctionError"] == "Unhandled"
    assert json.loads(out.read_text())["errorType"] == "ValueError"
    aws(server, "lambda", "update-function-code", "--function-name", "v2", "--zip-file", f"fileb://{tmp_path}/g.zip")
    aws(server, "lambda", "wait", "function-updated-v2", "--function-name", "v2")
    aws(server, *invoke)
    assert json.loads(out.read_text()) == "updated"
    updated = aws(server, "lambda", "update-function-configuration", "--function-name", "v2", "--memory-size", "256", "--environment", "Variables={COLOUR=red}")
    assert (updated["MemorySize"], updated["Environment"]) == (256, {"Variables": {"COLOUR": "red"}})
    assert aws(server, "lambda", "publish-version", "--function-name", "v2")["Version"] == "1"
    assert "v2" in [f["FunctionName"] for f in aws(server, "lambda", "list-functions")["Functions"]]
    assert [v["Version"] for v in aws(server, "lambda", "list-versions-by-function", "--function-name", "v2")["Versions"]] == ["$LATEST", "1"]
    assert aws(server, "lambda", "get-function", "--function-name", "v2")["Configuration"]["State"] == "Active"
    assert "(ResourceConflictException)" in aws(server, "lambda", "create-function", "--function-name", "v2", "--runtime", "python3.11", "--handler",
                                                "app.handler", "--role", ROLE, "--zip-file", f"fileb://{tmp_path}/f.zip", code=254)
    aws(server, "lambda", "delete-function", "--function-name", "v2")
    refused = aws(server, "lambda", "get-function", "--function-name", "v2", code=254)
    assert "(ResourceNotFoundException)" in refused and "Function not found: arn:aws:lambda:eu-central-1:000000000000:function:v2" in refused
    assert "(ResourceNotFoundException)" in aws(server, *invoke, code=254)


def followed(client, gates, name, *command, **env):
    """What a follower shows of a function that waits after each line until the follower has shown it."""
    follower = Follower(*command, **env)
    try:
        ask = subprocess.Popen([BINARY, "invoke", name, "-d", json.dumps({"gate": f"http://host.tinderbox.internal:{gates.port}", "run": name})],
                               env=clean(**env), stdout=subprocess.PIPE, text=True)
        for part in range(3):
            follower.until(f"line {part}")
            gates.open(f"{name}-{part}")
        follower.until("REPORT RequestId")
        assert ask.communicate(timeout=60)[0].strip() == '"done"'
        return follower.seen
    finally:
        follower.stop()


@needs_aws_v2
def test_the_aws_cli_follows_lines_as_they_are_written(server, client, gates):
    with function(client, code=package(app__py=TALKING), Timeout=120) as name:
        server.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
        seen = followed(client, gates, name, AWS, "--endpoint-url", server.endpoint, "logs", "tail", f"/aws/lambda/{name}", "--follow",
                        TINDERBOX_ENDPOINT=server.endpoint, PYTHONUNBUFFERED="1")
        assert seen.count("line 1") == 1


def test_logs_f_follows_lines_as_they_are_written(server, client, gates):
    with function(client, code=package(app__py=TALKING), Timeout=120) as name:
        seen = followed(client, gates, name, BINARY, "logs", name, "-f", TINDERBOX_ENDPOINT=server.endpoint)
        lines = [line.split(" ", 1)[1] for line in seen.splitlines()]
        assert [line.strip() for line in lines if line.startswith("line")] == ["line 0", "line 1", "line 2"]


def test_every_command_speaks_json(server, tmp_path):
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello/lambda_function.py").write_text("def lambda_handler(event, context):\n    return {'hello': event.get('name')}\n")
    deployed = in_json(server, "deploy", str(tmp_path / "hello"))
    assert "hello" in json.dumps(deployed)
    answer = in_json(server, "invoke", "hello", "-d", '{"name": "Ada"}', "--trace", "--tail")
    assert (answer["payload"], answer["function_error"], answer["version"]) == ({"hello": "Ada"}, None, "$LATEST")
    assert "REPORT RequestId: " + answer["request_id"] in answer["log_tail"] and answer["trace"]
    assert in_json(server, "invoke", "hello", "-d", "-", data='{"name": "stdin"}')["payload"] == {"hello": "stdin"}
    listed = lambda: [f["FunctionName"] for f in in_json(server, "ls")["functions"]]
    assert "hello" in listed()
    events = [json.loads(line) for line in tinderbox(server, "logs", "hello", "--output", "json")[0].splitlines()]
    assert any(event["message"].startswith("REPORT") for event in events)
    assert in_json(server, "rm", "hello", "--logs") == {"deleted": "hello"}
    assert "hello" not in listed()
    assert "missing_walls" in in_json(server, "doctor", "--data", str(tmp_path))
    in_json(server, "runtimes", "ls", "--data", str(tmp_path))
    assert server.ready["endpoint"] == server.endpoint and server.ready["missing"] is not None
    for words, code in [(["invoke", "hello"], 4), (["logs", "hello"], 4), (["rm", "hello"], 4), (["deploy", str(tmp_path / "nothing")], None)]:
        done = subprocess.run([BINARY, *words, "--output", "json"], env=clean(TINDERBOX_ENDPOINT=server.endpoint), capture_output=True, text=True, timeout=60)
        error = json.loads(done.stderr)["error"]
        assert done.stdout == "" and error["message"] and done.returncode == (code or done.returncode) != 0, words
        assert code is None or (error["type"] == "ResourceNotFoundException" and error["advice"]), words


def test_a_person_reads_the_answer_on_stdout_and_the_waterfall_beside_it(server, client):
    with function(client) as name:
        out, err = tinderbox(server, "invoke", name, "-d", '{"a": 1}', "--trace")
        assert json.loads(out)["echo"] == {"a": 1}
        assert "runtime" in err and "ms" in err
        out, err = tinderbox(server, "invoke", name, "-d", '{"do": "raise"}', code=1)
        assert out == "" and "ValueError" in err
        assert name in tinderbox(server, "ls")[0]
    assert "nobody answers at" in subprocess.run([BINARY, "ls", "--endpoint", "http://127.0.0.1:1"], env=clean(), capture_output=True, text=True).stderr


def test_the_operators_variables_reach_every_function_and_no_answer(server, client):
    with function(client, Environment={"Variables": {"MINE": "1"}}) as name:
        seen = json.loads(client.invoke(FunctionName=name, Payload=b'{"do": "variables"}')["Payload"].read())
        assert (seen["AWS_ENDPOINT_URL"], seen["MINE"]) == ("http://host.tinderbox.internal:4566", "1")
        # Its own door is still its own.
        assert seen["AWS_ENDPOINT_URL_LAMBDA"].startswith("http://127.0.0.1:")
        answers = [client.get_function(FunctionName=name), client.get_function_configuration(FunctionName=name), client.list_functions(),
                   client.update_function_configuration(FunctionName=name, Timeout=9), client.publish_version(FunctionName=name)]
        assert "4566" not in repr(answers) and answers[1]["Environment"] == {"Variables": {"MINE": "1"}}
    with function(client) as name:
        assert "Environment" not in client.get_function_configuration(FunctionName=name)


def refused_start(*arguments, **popen):
    done = subprocess.run([BINARY, "up", "--output", "json", *arguments], env=clean(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **popen)
    assert done.returncode != 0 and done.stdout == "", done
    error = json.loads(done.stderr[done.stderr.index("{"):])["error"]
    return error["message"], error["advice"]


def test_a_start_that_can_not_be_says_why_and_what_fits(server, tmp_path):
    port = server.endpoint.rsplit(":", 1)[1]
    message, advice = refused_start("--data", tmp_path / "a", "--port", port)
    assert f"127.0.0.1:{port}" in message and "--port" in advice and "doctor" not in advice
    message, advice = refused_start("--data", server.data, "--port", "0")
    assert str(server.data) in message and "--data" in advice and "doctor" not in advice
    message, advice = refused_start("--data", tmp_path / "a", "--port", "0", "--listen", "0.0.0.0")
    assert "0.0.0.0 is not loopback" in message and "--credentials" in advice
    message, advice = refused_start("--data", tmp_path / "a", "--port", "0", "--listen", "192.0.2.1", "--credentials", keys(tmp_path))
    assert "192.0.2.1" in message and "--listen" in advice
    (tmp_path / "open").write_text("AKID secret\n")
    (tmp_path / "open").chmod(0o644)
    message, advice = refused_start("--data", tmp_path / "a", "--port", "0", "--credentials", tmp_path / "open")
    assert "open to others" in message and "chmod 600" in advice
    (tmp_path / "open").chmod(0o600)
    (tmp_path / "open").write_text("AKID\n")
    message, advice = refused_start("--data", tmp_path / "a", "--port", "0", "--credentials", tmp_path / "open")
    assert "line 1: the secret is missing" in message and "KEY_ID SECRET" in advice


def test_strict_runtimes_refuses_what_is_not_installed_and_else_the_nearest_stands_in(server, client, tmp_path):
    create = dict(FunctionName="strict", Runtime="java21", Role=ROLE, Handler="a.B::c", Code={"ZipFile": package(a="")})
    strict = Server(tmp_path / "data", "--strict-runtimes")
    try:
        # A runtime that no host has: its language has no interpreter here at all.
        absent = next((r for r in ("java11", "java25", "java17", "java21", "nodejs24.x", "nodejs22.x", "python3.14")
                       if not accepted(strict.client(), {**create, "Runtime": r})), None)
        assert absent, "this host has every runtime"
        with pytest.raises(ClientError) as caught:
            strict.client().create_function(**{**create, "Runtime": absent})
        response = caught.value.response
        assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (400, "InvalidParameterValueException")
        assert absent.rstrip(".x").lstrip("javnodejspytho") in response["Error"]["Message"]
        assert accepted(client, {**create, "Runtime": absent}), "without the setting the nearest one stands in"
    finally:
        strict.stop()


def test_a_version_that_stands_in_is_told_where_its_owner_looks(server, tmp_path):
    listed = json.loads(subprocess.run([BINARY, "runtimes", "ls", "--output", "json", "--data", tmp_path], env=clean(), capture_output=True, check=True).stdout)
    there = {it["version"]["minor"] for it in listed["interpreters"] if it["language"] == "python"}
    absent = next((minor for minor in (14, 13, 12, 11, 10) if minor not in there), None)
    if not there or absent is None:
        pytest.skip("this host has every Python or none")
    (tmp_path / "code").mkdir()
    (tmp_path / "code/app.py").write_text("def handler(event, context): return 1")
    runtime = f"python3.{absent}"
    deploy = ["deploy", tmp_path / "code", "--name", "stands-in", "--runtime", runtime, "--handler", "app.handler"]
    tinderbox(server, *deploy)
    try:
        stdout, stderr = tinderbox(server, "invoke", "stands-in")
        told = f"{runtime} is not installed here: Python 3."
        assert stdout == "1\n" and f"warning: {told}" in stderr and "stands in" in stderr
        assert in_json(server, "invoke", "stands-in")["warning"].startswith(told)
        assert f"warning: {told}" in tinderbox(server, *deploy)[1]
        assert in_json(server, *deploy)["warning"].startswith(told)
        lines = lambda: [e["message"] for e in server.client("logs").filter_log_events(logGroupName="/aws/lambda/stands-in")["events"]]
        lines = eventually(lines, lambda lines: any(line.startswith("REPORT") for line in lines))
        assert lines[0].startswith("INIT_START") and lines[1].startswith(f"[WARN] {told}")
    finally:
        tinderbox(server, "rm", "stands-in")


def accepted(client, create):
    try:
        client.create_function(**create)
    except ClientError:
        return False
    client.delete_function(FunctionName=create["FunctionName"])
    return True


def keys(folder):
    path = folder / "keys"
    path.touch(mode=0o600)
    path.write_text("# who may call\nAKIDOWN s3cret/with+signs=\nAKIDOTHER other-secret 111122223333\n")
    return path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guarded")
    server = Server(folder / "data", "--credentials", keys(folder), "--listen", "0.0.0.0", "--host-name", "lambda.example")
    server.endpoint = server.endpoint.replace("0.0.0.0", "127.0.0.1")
    yield server
    assert server.stop() == 0


def send(server, key="AKIDOWN", secret="s3cret/with+signs=", skew=0, body=b"{}", sent=None, headers=(), signed=True):
    """A CreateFunction signed by hand; status, error type, message."""
    request = AWSRequest("POST", f"{server.endpoint}/2015-03-31/functions", data=body, headers={"Content-Type": "application/json"})
    if signed:
        auth = SigV4Auth(Credentials(key, secret), "lambda", "eu-central-1")
        if skew:
            stamp = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=skew)).strftime("%Y%m%dT%H%M%SZ")
            request.context["timestamp"] = stamp
            request.headers["X-Amz-Date"] = stamp
            text = auth.string_to_sign(request, auth.canonical_request(request))
            auth._inject_signature_to_request(request, auth.signature(text, request))
        else:
            auth.add_auth(request)
    prepared = urllib.request.Request(request.url, sent or body, {**dict(request.headers), **dict(headers)}, method="POST")
    try:
        answer = urllib.request.urlopen(prepared, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    text = json.loads(answer.read())
    return answer.status, answer.headers.get("x-amzn-ErrorType"), text.get("message") or text.get("Message")


def test_configured_keys_are_verified_and_no_others_pass(guarded):
    own = guarded.client(key="AKIDOWN", secret="s3cret/with+signs=")
    with function(own) as name:
        assert json.loads(own.invoke(FunctionName=name, Payload=b'{"a": 1}')["Payload"].read())["echo"] == {"a": 1}
        assert own.get_function_configuration(FunctionName=name)["FunctionArn"].split(":")[4] == "000000000000"
        other = guarded.client(key="AKIDOTHER", secret="other-secret")
        assert other.list_functions()["Functions"] == []
    # Well signed: refused for what it asks only.
    assert send(guarded)[:2] == (400, "ValidationException")
    status, kind, message = send(guarded, secret="wrong")
    assert (status, kind) == (403, "InvalidSignatureException")
    assert message.startswith("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.")
    assert send(guarded, body=b'{"a": 1}', sent=b'{"a": 2}')[:2] == (403, "InvalidSignatureException")
    assert send(guarded, headers={"X-Amz-Date": "20200101T000000Z"}.items())[:2] == (403, "InvalidSignatureException")
    status, kind, message = send(guarded, skew=-900)
    assert (status, kind) == (403, "InvalidSignatureException")
    assert re.fullmatch(r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)", message)
    status, kind, message = send(guarded, skew=900)
    assert (status, kind) == (403, "InvalidSignatureException")
    assert re.fullmatch(r"Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)", message)
    assert send(guarded, key="AKIDNOBODY") == (403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    assert send(guarded, signed=False) == (403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    assert send(guarded, signed=False, headers={"Authorization": "Bearer x"}.items())[:2] == (403, "IncompleteSignatureException")
    env = dict(AWS_ACCESS_KEY_ID="AKIDOWN", AWS_SECRET_ACCESS_KEY="wrong")
    _, err = tinderbox(guarded, "ls", code=4, **env)
    assert "InvalidSignatureException" in err and "--credentials" in err
    assert tinderbox(guarded, "ls", **{**env, "AWS_SECRET_ACCESS_KEY": "s3cret/with+signs="})[0] == ""


def test_unknown_host_names_are_refused_and_named_ones_answered(guarded, server):
    for at in (guarded, server):
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80"):
            status, kind, _ = send(at, signed=False, headers={"Host": host}.items())
            assert (status, kind) == (403, "AccessDeniedException"), host
    named = AWSRequest("GET", f"http://lambda.example/2015-03-31/functions")
    SigV4Auth(Credentials("AKIDOWN", "s3cret/with+signs="), "lambda", "eu-central-1").add_auth(named)
    request = urllib.request.Request(f"{guarded.endpoint}/2015-03-31/functions", headers={**dict(named.headers), "Host": "lambda.example"})
    assert urllib.request.urlopen(request).status == 200
    port = server.endpoint.rsplit(":", 1)[1]
    assert urllib.request.urlopen(f"http://localhost:{port}/_tinderbox/health").status == 200


def unprivileged():
    """Why an unprivileged user can not make environments here; nothing if it can."""
    if os.getuid() != 0:
        return None
    if shutil.which("unshare") is None:
        return "no unshare to look with"
    done = subprocess.run(["unshare", "--user", "--map-root-user", "true"], user="nobody", group="nogroup", extra_groups=[], capture_output=True, text=True)
    return f"no unprivileged user namespaces: {done.stderr}" if done.returncode else None


@contextlib.contextmanager
def folder_of_nobody():
    """A folder and a copy of the binary that the user `nobody` reaches, wherever the repository is."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        path.chmod(0o755)
        binary = shutil.copy(BINARY, path / "tinderbox")
        (path / "data").mkdir()
        if os.getuid() == 0:
            os.chown(path / "data", pwd.getpwnam("nobody").pw_uid, -1)
        yield path / "data", binary


@pytest.mark.skipif(unprivileged() is not None, reason=str(unprivileged()))
def test_without_root_it_works_and_says_which_walls_are_missing():
    as_nobody = dict(user="nobody", group="nogroup", extra_groups=[]) if os.getuid() == 0 else {}
    with folder_of_nobody() as (data, binary):
        server = Server(data, binary=binary, cwd="/", env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}, **as_nobody)
        try:
            assert server.ready["missing"], "a wall less is said"
            client = server.client()
            with function(client, runtime="python3.11", Timeout=30) as name:
                seen = json.loads(client.invoke(FunctionName=name, Payload=b'{"a": 1}')["Payload"].read())
                assert seen["echo"] == {"a": 1} and seen["uid"] != 0
                paths = [str(data), "/etc/shadow", "/root/.bashrc", "/var/task/app.py"]
                seen = json.loads(client.invoke(FunctionName=name, Payload=json.dumps({"do": "look", "paths": paths}))["Payload"].read())
                assert [path for path in paths if seen.get(path)] == ["/var/task/app.py"]
                answer = client.invoke(FunctionName=name, Payload=b'{"do": "exit", "code": 3}')
                assert json.loads(answer["Payload"].read())["errorType"] == "Runtime.ExitError"
        finally:
            assert server.stop() == 0
