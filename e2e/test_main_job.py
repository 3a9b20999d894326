"""The main job by boto3 and the aws cli: a function goes in, an answer comes out, everything that goes wrong says so."""
import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import urllib.request

import pytest
from botocore.exceptions import ClientError

from conftest import MICROVM, Server
from functions import NODEJS, PYTHON, ROLE, eventually, function, package

# A machine has a clock of its own, which the host sets by a word that is on its way for a moment.
CLOCK_MS_MAX = 500 if MICROVM else 0


def call(client, name, event=None, **settings):
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event or {}), LogType="Tail", **settings)
    payload = json.loads(answer["Payload"].read())
    return answer.get("FunctionError"), payload, base64.b64decode(answer["LogResult"]).decode()


def refusal(ask, *arguments, **settings):
    with pytest.raises(ClientError) as caught:
        ask(*arguments, **settings)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


@pytest.mark.machines
def test_a_function_is_created_invoked_and_reused(client):
    with function(client) as name:
        error, first, log = call(client, name, {"a": 1})
        assert error is None and first["echo"] == {"a": 1} and "Init Duration" in log
        error, second, log = call(client, name, {"a": 2})
        assert second["pid"] == first["pid"] and "Init Duration" not in log


def test_the_create_answer_is_pending_and_the_first_poll_active(client):
    code = package(app__py=PYTHON)
    answer = client.create_function(FunctionName="states", Runtime="python3.11", Role=ROLE, Handler="app.handler", Code={"ZipFile": code})
    try:
        assert answer["State"] == "Pending" and answer["Version"] == "$LATEST" and "LastUpdateStatus" not in answer
        assert answer["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
        read = client.get_function(FunctionName="states")
        assert read["Configuration"]["State"] == "Active" and read["Configuration"]["LastUpdateStatus"] == "Successful"
        assert read["Configuration"]["RevisionId"] != answer["RevisionId"]
        assert urllib.request.urlopen(read["Code"]["Location"]).read() == code
    finally:
        client.delete_function(FunctionName="states")


@pytest.mark.machines
def test_a_raised_exception_is_the_answer_and_keeps_the_environment(client):
    with function(client) as name:
        _, before, _ = call(client, name)
        error, payload, log = call(client, name, {"do": "raise"})
        assert (error, payload["errorType"], payload["errorMessage"]) == ("Unhandled", "ValueError", "no")
        assert "[ERROR] ValueError: no" in log
        assert call(client, name)[1]["pid"] == before["pid"]


@pytest.mark.machines
def test_a_timeout_says_so_and_destroys_the_environment(client):
    with function(client, Timeout=1, exactly=True) as name:
        error, payload, log = call(client, name, {"do": "sleep", "seconds": 30})
        assert (error, payload["errorType"]) == ("Unhandled", "Sandbox.Timedout")
        assert payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
        assert log.rstrip().endswith("Status: timeout")
        assert "Init Duration" in call(client, name)[2]


@pytest.mark.machines
def test_an_exit_says_its_status(client):
    with function(client) as name:
        error, payload, log = call(client, name, {"do": "exit", "code": 3})
        assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
        assert payload["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
        assert "Status: error\tError Type: Runtime.ExitError" in log


@pytest.mark.machines
def test_out_of_memory_is_told_from_a_crash(client):
    with function(client, Timeout=60) as name:
        error, payload, log = call(client, name, {"do": "memory"})
        assert (error, payload["errorType"]) == ("Unhandled", "Runtime.OutOfMemory")
        assert "Max Memory Used: 128 MB" in log


@pytest.mark.machines
def test_a_response_too_large_is_refused_and_keeps_the_environment(client):
    with function(client) as name:
        _, before, _ = call(client, name)
        error, payload, _ = call(client, name, {"do": "large"})
        assert (error, payload["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")
        assert call(client, name)[1]["pid"] == before["pid"]


@pytest.mark.machines
def test_an_import_error_is_reported_after_a_second_init(client, server):
    with function(client, code=package(app__py="import nothing_of_that_name")) as name:
        error, payload, log = call(client, name)
        assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")
        events = server.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="INIT_REPORT")["events"]
        assert ["Phase: init" in events[0]["message"], "Phase: invoke" in events[1]["message"]] == [True, True]


@pytest.mark.machines
def test_a_missing_handler_is_reported(client):
    with function(client, handler="app.nobody") as name:
        assert call(client, name)[1]["errorType"] == "Runtime.HandlerNotFound"


@pytest.mark.machines
def test_payloads_that_are_no_json_or_too_large_are_refused(client):
    with function(client) as name:
        status, code, message = refusal(client.invoke, FunctionName=name, Payload=b"{oops")
        assert (status, code) == (400, "InvalidRequestContentException")
        assert message.startswith("Could not parse request body into json: ")
        status, code, _ = refusal(client.invoke, FunctionName=name, Payload=b'"' + b"x" * 6291456 + b'"')
        assert (status, code) == (413, "RequestEntityTooLargeException")


def test_unknown_functions_and_bad_packages_answer_as_aws_does(client):
    assert refusal(client.get_function, FunctionName="nobody") == (
        404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-central-1:000000000000:function:nobody")
    status, code, message = refusal(client.invoke, FunctionName="nobody")
    assert (status, code) == (404, "ResourceNotFoundException") and message.endswith("function:nobody:$LATEST")
    create = dict(FunctionName="bad", Runtime="python3.11", Role=ROLE, Handler="app.handler")
    assert refusal(client.create_function, **create, Code={"ZipFile": b"not a zip"})[:2] == (400, "InvalidParameterValueException")
    assert refusal(client.create_function, **{**create, "Runtime": "python2.7"}, Code={"ZipFile": package(a="")})[:2] == (
        400, "InvalidParameterValueException")
    with function(client) as name:
        again = refusal(client.create_function, **{**create, "FunctionName": name}, Code={"ZipFile": package(app__py="")})
        assert again == (409, "ResourceConflictException", f"Function already exist: {name}")


def test_what_has_no_behaviour_yet_is_refused_by_name(client):
    create = dict(FunctionName="soon", Runtime="python3.11", Role=ROLE, Handler="app.handler", Code={"ZipFile": package(app__py="")})
    status, code, message = refusal(client.create_function, **create, Layers=["arn:aws:lambda:eu-central-1:000000000000:layer:l:1"])
    assert (status, code) == (400, "InvalidParameterValueException") and "Layers" in message
    with function(client) as name:
        status, _, _ = refusal(client.invoke, FunctionName=name, InvocationType="Event")
        assert status == 501
        assert refusal(client.create_alias, FunctionName=name, Name="live", FunctionVersion="$LATEST")[0] == 501


def test_dry_run_answers_204(client):
    with function(client) as name:
        assert client.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_an_update_is_seen_by_the_very_next_invocation(client):
    with function(client) as name:
        call(client, name)
        for round in range(3):
            client.update_function_code(FunctionName=name, ZipFile=package(app__py=f"def handler(e, c): return {round}"))
            assert call(client, name)[1] == round
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {"COLOUR": "red"}})
        client.update_function_code(FunctionName=name, ZipFile=package(app__py=PYTHON))
        assert call(client, name, {"do": "variables"})[1]["COLOUR"] == "red"


def test_versions_are_immutable_and_listed(client):
    with function(client) as name:
        assert client.publish_version(FunctionName=name)["Version"] == "1"
        assert client.publish_version(FunctionName=name)["Version"] == "1"
        client.update_function_code(FunctionName=name, ZipFile=package(app__py="def handler(e, c): return 'new'"))
        assert client.publish_version(FunctionName=name)["Version"] == "2"
        assert "echo" in call(client, name, Qualifier="1")[1] and call(client, name, Qualifier="2")[1] == "new"
        versions = client.list_versions_by_function(FunctionName=name)["Versions"]
        assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"]
        stale = refusal(client.update_function_code, FunctionName=name, ZipFile=package(a=""), RevisionId="00000000-0000-0000-0000-000000000000")
        assert stale[:2] == (412, "PreconditionFailedException")


def test_tags_lists_and_account_settings(client):
    with function(client, Tags={"team": "a"}) as name:
        arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
        client.tag_resource(Resource=arn, Tags={"stage": "b"})
        client.untag_resource(Resource=arn, TagKeys=["team"])
        assert client.list_tags(Resource=arn)["Tags"] == {"stage": "b"}
        names = [f["FunctionName"] for page in client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1}) for f in page["Functions"]]
        assert name in names
        assert client.get_account_settings()["AccountUsage"]["FunctionCount"] >= 1


def test_reads_whose_answer_is_none_say_none(client):
    with function(client) as name:
        assert "CodeSigningConfigArn" not in client.get_function_code_signing_config(FunctionName=name)
        assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=name)
        assert refusal(client.get_policy, FunctionName=name)[:2] == (404, "ResourceNotFoundException")
        assert refusal(client.get_function_url_config, FunctionName=name)[:2] == (404, "ResourceNotFoundException")
        assert client.list_aliases(FunctionName=name)["Aliases"] == []


def test_the_context_and_variables_are_those_of_lambda(client):
    with function(client, exactly=True, Environment={"Variables": {"MINE": "1"}}) as name:
        _, context, _ = call(client, name, {"do": "context"})
        assert context["name"] == name and context["memory"] == "128" and 0 < context["left"] <= 3000 + CLOCK_MS_MAX
        assert context["arn"] == f"arn:aws:lambda:eu-central-1:000000000000:function:{name}"
        _, variables, _ = call(client, name, {"do": "variables"})
        for key in ("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN",
                    "AWS_LAMBDA_RUNTIME_API", "AWS_ENDPOINT_URL_LAMBDA", "LAMBDA_TASK_ROOT", "TZ", "MINE"):
            assert variables.get(key), key
        assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11" and "HOME" not in variables


@pytest.mark.machines
def test_a_function_calls_another_through_its_own_door(client):
    code = '''
import datetime, hashlib, hmac, os, urllib.request
def handler(event, context):
    host = os.environ["AWS_ENDPOINT_URL_LAMBDA"].removeprefix("http://")
    path = f"/2015-03-31/functions/{event['other']}/invocations"
    now = datetime.datetime.now(datetime.timezone.utc); stamp = now.strftime("%Y%m%dT%H%M%SZ"); day = stamp[:8]
    region, token = os.environ["AWS_REGION"], os.environ["AWS_SESSION_TOKEN"]
    empty = hashlib.sha256(b"{}").hexdigest()
    names = "host;x-amz-date;x-amz-security-token"
    canonical = f"POST\\n{path}\\n\\nhost:{host}\\nx-amz-date:{stamp}\\nx-amz-security-token:{token}\\n\\n{names}\\n{empty}"
    scope = f"{day}/{region}/lambda/aws4_request"
    text = f"AWS4-HMAC-SHA256\\n{stamp}\\n{scope}\\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + event.get("secret", os.environ["AWS_SECRET_ACCESS_KEY"])).encode()
    for part in (day, region, "lambda", "aws4_request"): key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers = {"X-Amz-Date": stamp, "X-Amz-Security-Token": token,
      "Authorization": f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, SignedHeaders={names}, Signature={signature}"}
    try:
        return urllib.request.urlopen(urllib.request.Request(f"http://{host}{path}", b"{}", headers)).status
    except urllib.error.HTTPError as error:
        return error.code
'''
    with function(client) as other, function(client, code=package(app__py=code), Timeout=20) as caller:
        assert call(client, caller, {"other": other})[1] == 200
        assert call(client, caller, {"other": other, "secret": "forged"})[1] == 403


@pytest.mark.machines
def test_the_walls_hide_the_host(client, server):
    with function(client) as name:
        paths = ["/home/" + (os.listdir("/home") or ["x"])[0], str(server.data), "/var/task/app.py", "/etc/shadow", "/sys/class", "/root/.ssh", "/root/.bashrc"]
        _, seen, _ = call(client, name, {"do": "look", "paths": paths})
        assert [path for path in paths if seen[path]] == ["/var/task/app.py"]
        assert call(client, name, {"do": "write", "path": "/tmp/mine"})[1] == "written"
        for path in ("/var/task/x", "/usr/x", "/etc/x"):
            assert call(client, name, {"do": "write", "path": path})[0] == "Unhandled", path


def test_logs_are_read_by_the_logs_api(client, server):
    logs = server.client("logs")
    with function(client) as name:
        call(client, name, {"do": "raise"})
        group = f"/aws/lambda/{name}"
        assert [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]] == [group]
        [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
        read = lambda: [e["message"] for e in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)["events"]]
        # The answer does not wait for its REPORT line to be stored.
        messages = eventually(read, lambda messages: any(m.startswith("REPORT") for m in messages))
        kinds = [m.split(" ")[0].strip() for m in messages]
        for kind in ("INIT_START", "loaded", "START", "END", "REPORT"):
            assert kind in kinds, (kind, messages)
        assert kinds.index("INIT_START") < kinds.index("START") < kinds.index("END") < kinds.index("REPORT")
        found = logs.filter_log_events(logGroupName=group, filterPattern='"ValueError"')["events"]
        assert len(found) == 1 and "Traceback" in found[0]["message"]
        logs.put_retention_policy(logGroupName=group, retentionInDays=7)
        assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"] == 7
        logs.delete_log_group(logGroupName=group)


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")
@pytest.mark.machines
def test_nodejs_answers_buffered_and_streamed(client):
    with function(client, runtime="nodejs20.x", handler="index.handler", code=package(index__js=NODEJS), MemorySize=256, Timeout=20) as name:
        assert call(client, name, {"name": "Ada"})[1] == {"hello": "Ada"}
    with function(client, runtime="nodejs20.x", handler="index.streaming", code=package(index__js=NODEJS), MemorySize=256, Timeout=20) as name:
        events = list(client.invoke_with_response_stream(FunctionName=name, Payload=b"{}")["EventStream"])
        chunks = [e["PayloadChunk"]["Payload"].decode() for e in events if "PayloadChunk" in e]
        assert "".join(chunks) == "part 0;part 1;part 2;" and len(chunks) >= 2
        assert events[-1]["InvokeComplete"].get("ErrorCode") is None


@pytest.mark.machines
def test_an_executable_is_a_runtime(client):
    script = """#!/bin/sh
exec /usr/bin/env -i PATH=$PATH API=$AWS_LAMBDA_RUNTIME_API bash -c '
while true; do
  exec 3<>/dev/tcp/${API/:/\\/}
  printf "GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n" >&3
  id=
  while IFS= read -r line <&3; do line=${line%$'"'"'\\r'"'"'}; [ -z "$line" ] && break; case "${line,,}" in lambda-runtime-aws-request-id:*) id=${line#*: };; esac; done
  exec 3>&-; exec 3<>/dev/tcp/${API/:/\\/}
  printf "POST /2018-06-01/runtime/invocation/$id/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 7\\r\\nConnection: close\\r\\n\\r\\n\\"shell\\"" >&3
  cat <&3 >/dev/null; exec 3>&-
done'
"""
    with function(client, runtime="provided.al2023", handler="any", code=package(bootstrap=script), Timeout=10) as name:
        assert call(client, name)[1] == "shell"
    with function(client, runtime="provided.al2023", handler="any", code=package(other="")) as name:
        assert call(client, name)[1]["errorType"] == "Runtime.InvalidEntrypoint"


def test_accounts_do_not_see_each_other(server, client):
    other = server.client(key="111122223333")
    with function(client) as name:
        assert refusal(other.get_function, FunctionName=name)[0] == 404
        status, code, _ = refusal(other.invoke, FunctionName=f"arn:aws:lambda:eu-central-1:000000000000:function:{name}")
        assert (status, code) == (403, "AccessDeniedException")


def test_an_unknown_host_name_is_refused(server):
    request = urllib.request.Request(f"{server.endpoint}/_tinderbox/health", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code in (400, 403, 421)


def test_concurrent_invocations_get_environments_of_their_own(client):
    with function(client, Timeout=30) as name, concurrent.futures.ThreadPoolExecutor(8) as pool:
        sleeping = [pool.submit(call, client, name, {"do": "sleep", "seconds": 2}) for _ in range(8)]
        assert all(f.result()[0] is None for f in sleeping)
        assert sum("Init Duration" in f.result()[2] for f in sleeping) == 8


def test_the_aws_cli_does_the_main_job(server, tmp_path):
    (tmp_path / "f.zip").write_bytes(package(app__py=PYTHON))

    def aws(*arguments):
        command = ["aws", "--endpoint-url", server.endpoint, "--region", "eu-central-1", "--output", "json", *arguments]
        env = {"PATH": __import__("os").environ["PATH"], "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "HOME": str(tmp_path)}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    aws("lambda", "create-function", "--function-name", "by-cli", "--runtime", "python3.11", "--handler", "app.handler",
        "--role", ROLE, "--zip-file", f"fileb://{tmp_path}/f.zip")
    aws("lambda", "wait", "function-active-v2", "--function-name", "by-cli")
    (tmp_path / "event.json").write_text('{"from": "cli"}')
    out = tmp_path / "out.json"
    answer = aws("lambda", "invoke", "--function-name", "by-cli", "--payload", f"fileb://{tmp_path}/event.json", str(out))
    assert answer["StatusCode"] == 200 and json.loads(out.read_text())["echo"] == {"from": "cli"}
    events = aws("logs", "filter-log-events", "--log-group-name", "/aws/lambda/by-cli")["events"]
    assert any(event["message"].startswith("REPORT") for event in events)
    aws("lambda", "delete-function", "--function-name", "by-cli")


def leftovers(data):
    """What a server of this data folder would leave: mounts, and processes of its environments."""
    mounts = [line for line in pathlib.Path("/proc/self/mounts").read_text().splitlines() if str(data) in line]
    processes = []
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if str(data) in (folder / "mountinfo").read_text() or str(data).encode() in (folder / "cmdline").read_bytes():
                    processes.append(folder.name)
            except OSError:
                pass
    return mounts, [p for p in processes if p != str(__import__("os").getpid())]


@pytest.mark.machines
def test_kill_9_loses_no_function_and_leaves_nothing(tmp_path):
    server = Server(tmp_path / "data")
    client = server.client()
    client.create_function(FunctionName="kept", Runtime="python3.11", Role=ROLE, Handler="app.handler", Code={"ZipFile": package(app__py=PYTHON)}, Timeout=60)
    assert call(client, "kept")[0] is None
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asleep = pool.submit(call, client, "kept", {"do": "sleep", "seconds": 30})
        while not server.client("logs").filter_log_events(logGroupName="/aws/lambda/kept", filterPattern='"sleep"')["events"]:
            pass
        server.stop(signal.SIGKILL)
        assert asleep.exception() is not None
    server.start()
    assert call(server.client(), "kept")[0] is None
    assert server.stop() == 0
    deadline = __import__("time").monotonic() + 20
    while leftovers(tmp_path / "data") != ([], []):
        assert __import__("time").monotonic() < deadline, leftovers(tmp_path / "data")


def test_every_role_works_behind_its_own_bytes(tmp_path):
    server = Server(tmp_path / "data", "--fabric", "encoded")
    try:
        client = server.client()
        with function(client, Timeout=20) as name:
            assert call(client, name, {"a": 1})[1]["echo"] == {"a": 1}
            assert call(client, name, {"do": "raise"})[0] == "Unhandled"
            client.update_function_code(FunctionName=name, ZipFile=package(app__py="def handler(e, c): return 1"))
            assert call(client, name)[1] == 1
            assert len(list(client.invoke_with_response_stream(FunctionName=name, Payload=b"{}")["EventStream"])) == 2
    finally:
        server.stop()
