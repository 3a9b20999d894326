"""SnapStart with AWS's own tools: states, hooks, variables, credentials, limits, lines, uniqueness."""
import base64
import concurrent.futures
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from botocore.exceptions import ClientError, WaiterError

from conftest import BINARY, TOOLS, Server
from functions import ROLE, eventually, function, package, traced
from test_main_job import refusal
from test_workloads import JAVAS, furnished, zipped  # noqa: F401 (a fixture)

ON = {"ApplyOn": "PublishedVersions"}

PYTHON = '''
import os, random, sys, time, uuid
from snapshot_restore_py import register_after_restore, register_before_snapshot

print("init")
events = []
drawn = [str(uuid.uuid4()), random.random(), os.urandom(8).hex()]

@register_before_snapshot
def first_registered(): events.append("before 1")
register_before_snapshot(lambda text, end=None: events.append(text + end), "before", end=" 2")
@register_after_restore
def after(): events.append("after 1"); print("hook")
register_after_restore(lambda: events.append("after 2"))

def handler(event, context):
    do = (event or {}).get("do")
    if do == "variables": return dict(os.environ)
    if do == "pid": time.sleep(event.get("seconds", 0)); return os.getpid()
    if do == "time": return time.time()
    return {"events": events, "init": drawn, "now": [str(uuid.uuid4()), random.random(), os.urandom(8).hex()],
            "stream": context.log_stream_name, "version": context.function_version}
'''
PY = dict(runtime="python3.13", handler="app.handler", Timeout=20, SnapStart=ON)


def publish(client, name, wait=True):
    version = client.publish_version(FunctionName=name)["Version"]
    if wait:
        client.get_waiter("published_version_active").wait(
            FunctionName=name, Qualifier=version, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
    return version


@contextlib.contextmanager
def snapped(client, text=PYTHON, **settings):
    """A function with SnapStart and its first version, Active."""
    settings = {**PY, "code": package(app__py=text), **settings}
    with function(client, **settings) as name:
        publish(client, name)
        yield name


def invoke(client, name, event=None, qualifier="1"):
    """The error, the answer, and the log of one invocation of a version."""
    answer = client.invoke(FunctionName=name, Qualifier=qualifier, Payload=json.dumps(event or {}), LogType="Tail")
    log = base64.b64decode(answer.get("LogResult", "")).decode()
    return answer.get("FunctionError"), json.loads(answer["Payload"].read()), log


def streams(server, name, region="eu-central-1"):
    """Lines by log stream, in the order of the streams' first lines."""
    logs = server.client("logs", region=region)
    found = {}
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}"):
        for event in page["events"]:
            found.setdefault(event["logStreamName"], []).append(event["message"])
    return found


def lines(server, name, part):
    """Every line with `part`, once there is one."""
    read = lambda: [line for lines in streams(server, name).values() for line in lines if part in line]
    return eventually(read, lambda found: found)


# States


def test_a_version_is_pending_then_active_and_optimised_and_latest_is_neither(client):
    slow = PYTHON.replace('print("init")', "time.sleep(2)")
    with function(client, **PY, code=package(app__py=slow)) as name:
        latest = client.get_function_configuration(FunctionName=name)
        assert latest["SnapStart"] == {**ON, "OptimizationStatus": "Off"} and latest["State"] == "Active"
        published = client.publish_version(FunctionName=name)
        assert (published["State"], published["StateReasonCode"], published["Version"]) == ("Pending", "Creating", "1")
        pending = client.get_function_configuration(FunctionName=name, Qualifier="1")
        assert (pending["State"], pending["SnapStart"]["OptimizationStatus"]) == ("Pending", "Off")
        assert pending["RevisionId"] == published["RevisionId"] and "LastUpdateStatus" not in pending
        status, code, message = refusal(client.invoke, FunctionName=name, Qualifier="1")
        assert (status, code) == (409, "ResourceConflictException")
        assert message == "The operation cannot be performed at this time. The function is currently in the following state: Pending"
        assert invoke(client, name, {"do": "pid"}, "$LATEST")[0] is None, "$LATEST serves meanwhile"
        client.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 1})
        active = client.get_function_configuration(FunctionName=name, Qualifier="1")
        assert active["SnapStart"] == {**ON, "OptimizationStatus": "On"}
        assert (active["State"], active["LastUpdateStatus"]) == ("Active", "Successful")
        assert active["RevisionId"] != pending["RevisionId"] and "StateReason" not in active
        assert client.publish_version(FunctionName=name)["Version"] == "1", "nothing has changed since"


def test_the_aws_cli_turns_it_on_publishes_and_waits(server, client):
    aws = TOOLS / "venv/bin/aws"
    if not aws.exists():
        pytest.skip("no aws cli: run e2e/tools.sh")
    settings = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1"}

    def cli(*arguments):
        command = [aws, "--endpoint-url", server.endpoint, "--output", "json", "lambda", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=settings)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    with function(client, **{**PY, "SnapStart": {"ApplyOn": "None"}}, code=package(app__py=PYTHON)) as name:
        updated = cli("update-function-configuration", "--function-name", name, "--snap-start", "ApplyOn=PublishedVersions")
        assert updated["SnapStart"] == {**ON, "OptimizationStatus": "Off"}
        version = cli("publish-version", "--function-name", name)["Version"]
        cli("wait", "published-version-active", "--function-name", f"{name}:{version}")
        shown = cli("get-function-configuration", "--function-name", f"{name}:{version}")
        assert (shown["State"], shown["SnapStart"]["OptimizationStatus"]) == ("Active", "On")


def test_a_version_whose_init_fails_is_failed_and_refused_as_aws_does(server, client):
    with function(client, **PY, code=package(app__py="raise ValueError('no such table')")) as name:
        with pytest.raises(WaiterError):
            publish(client, name)
        failed = client.get_function_configuration(FunctionName=name, Qualifier="1")
        assert (failed["State"], failed["StateReasonCode"]) == ("Failed", "FunctionError")
        assert failed["StateReason"] == "An error occurred during function initialization."
        assert failed["SnapStart"] == {**ON, "OptimizationStatus": "Off"}
        status, code, message = refusal(client.invoke, FunctionName=name, Qualifier="1")
        assert (status, code) == (409, "ResourceConflictException") and message.endswith("following state: Failed")
        [report] = lines(server, name, "INIT_REPORT")
        assert report.startswith("INIT_REPORT Init Duration: ") and "\tPhase: init\tStatus: error\tError Type: " in report
        assert any("no such table" in line for line in lines(server, name, "ValueError"))


def test_what_the_model_or_aws_does_not_have_is_refused(client, tmp_path):
    code = {"ZipFile": package(app__py=PYTHON)}
    create = lambda client, **settings: refusal(
        client.create_function, FunctionName="no", Role=ROLE, Handler="app.handler", Code=code, **settings
    )
    status, kind, message = create(client, Runtime="python3.13", SnapStart={"ApplyOn": "Never"})
    assert (status, kind) == (400, "ValidationException")
    assert message == "1 validation error detected: Value 'Never' at 'snapStart.applyOn' failed to satisfy constraint: Member must satisfy enum value set: [PublishedVersions, None]"
    strict = Server(tmp_path, "--strict-runtimes")
    try:
        runtime = "provided.al2023"  # what no host lacks
        status, kind, message = create(strict.client(), Runtime=runtime, SnapStart=ON)
        assert (status, kind) == (400, "InvalidParameterValueException")
        assert message == f"{runtime} is not supported for SnapStart enabled functions."
    finally:
        strict.stop()


# Restores


def test_an_invocation_is_restored_and_its_lines_are_awss(server, client):
    with snapped(client) as name:
        error, answer, log = invoke(client, name)
        assert error is None, answer
        assert answer["events"] == ["before 2", "before 1", "after 1", "after 2"] and answer["version"] == "1"
        assert "\tRestore Duration: " in log and "\tBilled Restore Duration: " in log and "Init Duration" not in log
        [report] = [line for line in log.splitlines() if line.startswith("REPORT")]
        figures = dict(part.split(": ", 1) for part in report.split("\t") if ": " in part)
        number = lambda name: float(figures[name].split(" ")[0])
        assert number("Billed Duration") >= number("Duration") + number("Billed Restore Duration") - 0.01
        _, _, warm = invoke(client, name)
        assert "Restore" not in warm and "Init" not in warm
        # Another room is being made for the one that was taken: its lines may still come.
        words = lambda lines: [line.split(" ")[0].strip() for line in lines]
        complete = lambda lines: words(lines)[-1] in ("INIT_REPORT", "REPORT")
        found = eventually(lambda: streams(server, name), lambda found: all(map(complete, found.values())) and len(found) > 2)
        [restored] = [stream for stream, lines in found.items() if any(line.startswith("START") for line in lines)]
        assert words(found[restored])[:4] == ["RESTORE_START", "hook", "RESTORE_REPORT", "START"], found[restored]
        assert "[1]" in restored and answer["stream"] is None
        start = found[restored][0]
        assert start.startswith("RESTORE_START Runtime Version: python:3.") and "\tRuntime Version ARN: arn:aws:lambda:" in start
        assert found[restored][2].startswith("RESTORE_REPORT Restore Duration: ") and found[restored][2].endswith(" ms\n")
        inits = [lines for stream, lines in found.items() if stream != restored]
        assert inits and all([word for word in words(init) if word != "[WARN]"] == ["INIT_START", "init", "INIT_REPORT"] for init in inits)


def test_platform_events_in_json_say_it_too(server, client):
    with snapped(client, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG"}) as name:
        assert invoke(client, name)[0] is None
        read = lambda: [json.loads(line) for lines in streams(server, name).values() for line in lines if '"platform.' in line]
        events = eventually(read, lambda events: any(event["type"] == "platform.report" for event in events))
        of = lambda kind: next(event["record"] for event in events if event["type"] == kind)
        assert of("platform.initStart")["initializationType"] == "snap-start"
        assert of("platform.initReport")["status"] == "success"
        assert of("platform.restoreStart")["functionVersion"] == "1"
        assert of("platform.restoreRuntimeDone") == {"status": "success"}
        assert of("platform.restoreReport")["metrics"]["durationMs"] > 0
        metrics = of("platform.report")["metrics"]
        assert metrics["restoreDurationMs"] > 0 and "initDurationMs" not in metrics


def test_variables_are_those_that_a_snapshot_may_hold(client):
    with snapped(client, Environment={"Variables": {"MINE": "1"}}) as name:
        variables = invoke(client, name, {"do": "variables"})[1]
        assert variables["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start" and variables["MINE"] == "1"
        assert variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"].endswith("/2021-04-23/credentials")
        assert variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        absent = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME"
        assert not set(absent.split()) & set(variables)
        latest = invoke(client, name, {"do": "variables"}, "$LATEST")[1]
        assert latest["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand" and set(absent.split()) <= set(latest)


def test_its_waterfall_has_the_restore_and_no_init(server):
    client = server.client(region="us-east-1")
    with snapped(client) as name:
        error, _, rooms = traced(server, client, f"{name}:1")
        assert error is None
        assert {"restore.resume", "restore", "restore.hooks"} <= set(rooms) and not {"init", "runtime.start"} & set(rooms)


def test_environments_of_one_version_share_nothing_that_they_drew(server, client):
    with snapped(client) as name:
        started = time.time()
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda _: invoke(client, name, {"do": "pid", "seconds": 2}), range(3)))
        assert all(error is None for error, *_ in answers), answers
        found = [invoke(client, name)[1] for _ in range(2)]
        others = [restored for restored in streams(server, name) if "[1]" in restored]
        assert len(set(others)) == len(others) >= 3
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            drawn = list(pool.map(lambda _: invoke(client, name, {"do": "draw"})[1], range(3)))
        for kind in range(3):
            assert len({draw["now"][kind] for draw in drawn + found}) == len(drawn + found)
        assert abs(invoke(client, name, {"do": "time"})[1] - time.time()) < 60 and time.time() > started


def test_more_at_once_than_are_kept_are_initialised_in_the_invocations_way(server, client):
    with snapped(client) as name:
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: invoke(client, name, {"do": "pid", "seconds": 1}), range(6)))
        assert all(error is None for error, *_ in answers), answers
        assert all("\tRestore Duration: " in log for *_, log in answers), "each is told as restored"
        assert not any("Init Duration" in log for *_, log in answers)


# Hooks


FAILING = '''
import os, time
from snapshot_restore_py import register_after_restore, register_before_snapshot
mode = os.environ["MODE"]
def fail():
    if mode.endswith("hang"): time.sleep(60)
    if mode.endswith("exit"): os._exit(9)
    raise LookupError("the hook's own words")
(register_before_snapshot if mode.startswith("before") else register_after_restore)(fail)
def handler(event, context): return 1
'''


def test_a_hook_before_the_snapshot_that_fails_fails_the_version(server, client):
    variables = {"Variables": {"MODE": "before"}}
    with function(client, **PY, code=package(app__py=FAILING), Environment=variables) as name:
        with pytest.raises(WaiterError):
            publish(client, name)
        [report] = lines(server, name, "INIT_REPORT")
        assert report.endswith("\tPhase: init\tStatus: error\tError Type: Runtime.BeforeSnapshotError\n")
        assert any("the hook's own words" in line for line in lines(server, name, "LookupError"))


@pytest.mark.parametrize("mode, kind", [("after", "Runtime.AfterRestoreError"), ("after-exit", "Runtime.ExitError")])
def test_a_hook_after_the_restore_that_fails_is_a_snap_start_exception(server, client, mode, kind):
    with snapped(client, FAILING, Environment={"Variables": {"MODE": mode}}) as name:
        for _ in range(2):  # a new environment each time, and the same answer
            status, code, message = refusal(client.invoke, FunctionName=name, Qualifier="1")
            assert (status, code) == (400, "SnapStartException") and "afterRestore()" in message
        reports = lines(server, name, "RESTORE_REPORT")
        assert all(report.endswith(f" ms\tStatus: error\tError Type: {kind}\n") for report in reports)
        assert not any("START RequestId" in line for found in streams(server, name).values() for line in found)
        assert client.get_function_configuration(FunctionName=name, Qualifier="1")["State"] == "Active"


def test_a_restore_that_takes_ten_seconds_is_a_timeout(server, client):
    with snapped(client, FAILING, Environment={"Variables": {"MODE": "after-hang"}}) as name:
        began = time.monotonic()
        status, code, message = refusal(client.invoke, FunctionName=name, Qualifier="1")
        took = time.monotonic() - began
        assert (status, code) == (408, "SnapStartTimeoutException") and 10 <= took < 20
        assert message == "Lambda couldn't restore the snapshot within the timeout limit."
        [report] = lines(server, name, "RESTORE_REPORT")
        assert report.endswith("\tStatus: timeout\n")


NODEJS = '''
const crypto = require('node:crypto');
const events = [];
awslambda.registerBeforeSnapshot(() => events.push('before 1'));
awslambda.registerBeforeSnapshot(async (text) => { await null; events.push(text); }, 'before 2');
awslambda.registerAfterRestore(async () => {
  if (process.env.MODE === 'after') throw new RangeError('hook');
  events.push('after');
});
exports.handler = async () => ({ events, drawn: crypto.randomUUID(), type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE });
'''


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")
def test_nodejs_has_hooks_too(server, client):
    node = dict(code=package(index__js=NODEJS), runtime="nodejs22.x", handler="index.handler")
    with snapped(client, **node) as name:
        error, answer, log = invoke(client, name)
        assert error is None, answer
        assert answer["events"] == ["before 2", "before 1", "after"] and answer["type"] == "snap-start"
        assert "\tRestore Duration: " in log
    with snapped(client, **node, Environment={"Variables": {"MODE": "after"}}) as name:
        status, code, _ = refusal(client.invoke, FunctionName=name, Qualifier="1")
        assert (status, code) == (400, "SnapStartException")
        [report] = lines(server, name, "RESTORE_REPORT")
        assert report.endswith("\tStatus: error\tError Type: Runtime.AfterRestoreError\n")


# Credentials


DOOR = '''
import json, os, urllib.error, urllib.request
def ask(token):
    request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": token})
    try:
        with urllib.request.urlopen(request) as answer: return json.load(answer)
    except urllib.error.HTTPError as error: return error.code
before = ask(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
def handler(event, context):
    return {"before": before, "now": ask(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]), "wrong": ask("x"), "none": ask("")}
'''


def test_credentials_are_at_the_door_for_the_token_only_and_fresh_after_a_restore(client):
    with snapped(client, DOOR) as name:
        error, answer, _ = invoke(client, name)
        assert error is None, answer
        members = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
        assert set(answer["before"]) == set(answer["now"]) == members
        assert all(answer["before"][member] != answer["now"][member] for member in members - {"Expiration"})
        assert (answer["wrong"], answer["none"]) == (404, 404)


BOTO3 = '''
import boto3
# Made before the snapshot and used before and after it: by the same client.
client = boto3.client("lambda")
method = boto3.Session().get_credentials().method
seen = client.get_function_configuration(FunctionName=__import__("os").environ["AWS_LAMBDA_FUNCTION_NAME"])["FunctionName"]
def handler(event, context):
    return {"method": method, "init": seen, "now": client.get_function_configuration(FunctionName=context.function_name)["FunctionName"],
            "fresh": boto3.Session().client("lambda").get_function_configuration(FunctionName=context.function_name)["FunctionName"]}
'''


def test_boto3_inside_takes_them_unmodified(furnished):
    if not (furnished.data / "runtimes" / "python").is_dir():
        pytest.skip("boto3 can not be installed: pip is not on this host")
    client = furnished.client()
    with snapped(client, BOTO3, MemorySize=256, Timeout=60) as name:
        error, answer, _ = invoke(client, name)
        assert error is None, answer
        assert answer["method"] == "container-role" and {answer["init"], answer["now"], answer["fresh"]} == {name}


# AWS's own runtime clients


def built(name):
    folder = TOOLS / "workloads" / name
    if not (TOOLS / f"workloads/{name}.built").exists():
        pytest.skip(f"{name} was not prepared: run e2e/tools.sh")
    return folder


def test_awss_own_python_client_runs_hooks_and_ends_as_ours(server, client, tmp_path):
    folder = shutil.copytree(built("python-ric-3.11"), tmp_path / "package")
    with_code = lambda text: (folder / "app.py").write_text(text)
    with_code(PYTHON)
    with snapped(client, runtime="python3.11", code=zipped(folder), MemorySize=256) as name:
        error, answer, log = invoke(client, name)
        assert error is None, answer
        assert answer["events"] == ["before 2", "before 1", "after 1", "after 2"] and "\tRestore Duration: " in log
    with_code(FAILING)
    settings = dict(runtime="python3.11", code=zipped(folder), MemorySize=256)
    with snapped(client, **settings, Environment={"Variables": {"MODE": "after"}}) as name:
        assert refusal(client.invoke, FunctionName=name, Qualifier="1")[:2] == (400, "SnapStartException")
        [report] = lines(server, name, "RESTORE_REPORT")
        assert report.endswith("\tError Type: Runtime.AfterRestoreError\n")
    with function(client, **{**PY, **settings}, Environment={"Variables": {"MODE": "before"}}) as name:
        with pytest.raises(WaiterError):
            publish(client, name)
        [report] = lines(server, name, "INIT_REPORT")
        assert report.endswith("\tError Type: Runtime.BeforeSnapshotError\n")


def test_javas_crac_hooks_run_through_awss_own_client(furnished):
    if not JAVAS or not (furnished.data / "runtimes" / "java").is_dir():
        pytest.skip("no Java, or its client can not be installed")
    client, folder = furnished.client(), built("java") / "crac"
    settings = dict(runtime="java17" if 17 in JAVAS else f"java{max(JAVAS)}", handler="workloads.Crac::handleRequest", MemorySize=512, Timeout=60)
    with snapped(client, **settings, code=zipped(folder)) as name:
        error, answer, log = invoke(client, name)
        assert error is None, answer
        assert answer["events"] == ["beforeCheckpoint", "afterRestore"] and "\tRestore Duration: " in log
    with snapped(client, **settings, code=zipped(folder), Environment={"Variables": {"MODE": "after"}}) as name:
        assert refusal(client.invoke, FunctionName=name, Qualifier="1")[:2] == (400, "SnapStartException")


# What is kept


def family(pid):
    """Command lines of every descendant of this process."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = open(f"/proc/{entry}/stat").read().rpartition(")")[2].split()
                parents.setdefault(int(stat[1]), []).append(int(entry))
    found, left = [], [pid]
    while left:
        for child in parents.get(left.pop(), []):
            left.append(child)
            with contextlib.suppress(OSError):
                found.append(open(f"/proc/{child}/cmdline").read())
    return found


def runtimes(server):
    return sum("/var/runtime/bootstrap.py" in line for line in family(server.process.pid))


def test_what_is_kept_outlives_no_version_and_is_made_again_after_kill_9(tmp_path):
    server = Server(tmp_path / "data", "--pool", "0")
    reports = lambda: sum("INIT_REPORT" in line for lines in streams(server, name, "us-east-1").values() for line in lines)
    try:
        client = server.client(region="us-east-1")
        name = "kept"
        client.create_function(FunctionName=name, Runtime="python3.13", Role=ROLE, Handler="app.handler", Timeout=20,
                               Code={"ZipFile": package(app__py=PYTHON)}, SnapStart=ON)
        publish(client, name)
        eventually(lambda: runtimes(server), lambda count: count == 1)

        def rooms_after_kill_9():
            """Of the first invocation once another room was initialised, which is on its way to the shelf by then."""
            before = reports()
            server.stop(signal.SIGKILL)
            server.start()
            client = server.client(region="us-east-1")
            shown = client.get_function_configuration(FunctionName=name, Qualifier="1")
            assert (shown["State"], shown["SnapStart"]["OptimizationStatus"]) == ("Active", "On")
            eventually(reports, lambda count: count > before)
            error, _, rooms = traced(server, client, f"{name}:1")
            assert error is None
            return rooms

        eventually(rooms_after_kill_9, lambda rooms: "restore.resume" in rooms, seconds=60)
        client = server.client(region="us-east-1")
        client.delete_function(FunctionName=name, Qualifier="1")
        eventually(lambda: runtimes(server), lambda count: count == 0)
        client.publish_version(FunctionName=name)
        eventually(lambda: runtimes(server), lambda count: count == 1)
        client.delete_function(FunctionName=name)
        eventually(lambda: runtimes(server), lambda count: count == 0)
    finally:
        assert server.stop() == 0


def test_a_version_that_was_pending_at_kill_9_becomes_active(tmp_path):
    server = Server(tmp_path / "data", "--pool", "0")
    try:
        slow = PYTHON.replace('print("init")', "time.sleep(3)")
        server.client().create_function(FunctionName="slow", Runtime="python3.13", Role=ROLE, Handler="app.handler",
                                        Timeout=20, Code={"ZipFile": package(app__py=slow)}, SnapStart=ON)
        assert server.client().publish_version(FunctionName="slow")["State"] == "Pending"
        server.stop(signal.SIGKILL)
        server.start()
        client = server.client()
        assert client.get_function_configuration(FunctionName="slow", Qualifier="1")["State"] == "Pending"
        client.get_waiter("published_version_active").wait(FunctionName="slow", Qualifier="1", WaiterConfig={"Delay": 1})
        assert invoke(client, "slow")[0] is None
    finally:
        assert server.stop() == 0


def test_with_no_memory_to_keep_them_versions_are_active_and_initialised_when_invoked(tmp_path):
    server = Server(tmp_path / "data", "--pool", "0", "--snapstart", "0")
    try:
        client = server.client()
        with snapped(client) as name:
            eventually(lambda: runtimes(server), lambda count: count == 0)
            error, answer, log = invoke(client, name)
            assert error is None and "\tRestore Duration: " in log and answer["events"][-1] == "after 2"
    finally:
        assert server.stop() == 0


def test_snapshots_of_every_version_need_a_sandbox_that_takes_them(tmp_path):
    command = [BINARY, "up", "--data", tmp_path, "--port", "0", "--snapshots", "every-version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 5 and "the sandbox process takes no snapshots" in done.stderr, done.stderr
