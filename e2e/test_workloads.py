"""Real workloads: what people deploy, built by each language's own tools (workloads/prepare.sh), from a zip to an answer.

`server` is bare: nothing was installed beside the interpreters. `furnished` has what `runtimes install` brings.
"""
import base64
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import zipfile

import pytest

from conftest import BINARY, ROOT, Server
from functions import PYTHON, ROLE, eventually, function, package
from test_main_job import call, refusal

TOOLS = pathlib.Path(os.environ.get("TINDERBOX_TEST_TOOLS", ROOT / "target/test-tools"))
BUILT = TOOLS / "workloads"


def tinderbox(*arguments, **settings):
    """A command of ours that must succeed; its JSON."""
    done = subprocess.run([BINARY, *arguments, "--output", "json"], capture_output=True, text=True, timeout=600, **settings)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


INTERPRETERS = tinderbox("runtimes", "ls")["interpreters"]


def versions(language):
    return sorted((it["version"]["major"], it["version"]["minor"]) for it in INTERPRETERS if it["language"] == language)


def built(name):
    """The folder of a workload; the test is skipped, with the tool's own words, where it could not be built."""
    missing = BUILT / f"{name}.missing"
    if missing.exists():
        pytest.skip(missing.read_text().strip())
    assert (BUILT / f"{name}.built").exists(), f"{name} was not prepared: run e2e/tools.sh"
    return BUILT / name


def zipped(folder):
    """The folder as a zip, programs staying programs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(folder))
    return out.getvalue()


def log_lines(server, name, invocations):
    """Every line, once the answers' REPORT lines (which the answers do not wait for) are there."""
    logs = server.client("logs")
    read = lambda: [e["message"] for e in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
    return eventually(read, lambda lines: sum(line.startswith("REPORT") for line in lines) >= invocations)


def streamed(client, name, event=None):
    events = list(client.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event or {}))["EventStream"])
    chunks = [e["PayloadChunk"]["Payload"].decode() for e in events if "PayloadChunk" in e]
    return chunks, events[-1]["InvokeComplete"]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    """A server whose data folder has everything that `runtimes install` brings for the languages of this host."""
    data = tmp_path_factory.mktemp("furnished")
    tools = {"python": versions("python") and max(versions("python")) >= (3, 10), "nodejs": shutil.which("npm"), "java": shutil.which("mvn")}
    for language in [language for language, there in tools.items() if there]:
        tinderbox("runtimes", "install", language, "--data", data)
    server = Server(data)
    yield server
    assert server.stop() == 0


def need_extras(server, language):
    if not (server.data / "runtimes" / language).is_dir():
        pytest.skip(f"what AWS's image carries for {language} can not be installed: its package manager is not on this host")


# Versions


def test_another_version_is_announced_and_strictly_refused(tmp_path):
    asked = {"python": [(3, 14), (3, 13), (3, 12)], "nodejs": [(24, None), (22, None), (20, None)], "java": [(21, None), (25, None), (17, None)]}
    name_of = {"python": "python{}.{}", "nodejs": "nodejs{}.x", "java": "java{}"}
    for language, wanted in asked.items():
        there = versions(language) if language == "python" else [(major, None) for major, _ in versions(language)]
        absent = [version for version in wanted if version not in there]
        if there and absent and language != "java":  # Java's needs more than an interpreter
            runtime = name_of[language].format(*absent[0])
            break
    else:
        pytest.skip("every version of every language is on this host")
    handler = package(app__py="def handler(e, c): return 1", index__js="exports.handler = async () => 1")
    settings = dict(runtime=runtime, handler="app.handler" if language == "python" else "index.handler", code=handler, Timeout=30)
    with open(tmp_path / "log", "w") as log:
        server = Server(tmp_path / "data", stderr=log)
    try:
        with function(server.client(), **settings) as name:
            assert call(server.client(), name)[:2] == (None, 1)
            [start] = [line for line in log_lines(server, name, 1) if line.startswith("INIT_START")]
            assert f"Runtime Version: {language}:" in start and f"{language}:{absent[0][0]}.{absent[0][1]}" not in start
    finally:
        server.stop()
    assert f"{runtime} is not installed here" in (tmp_path / "log").read_text()
    server = Server(tmp_path / "data", "--strict-runtimes")
    try:
        status, code, message = refusal(server.client().create_function, FunctionName="no", Runtime=runtime, Role=ROLE,
                                        Handler=settings["handler"], Code={"ZipFile": handler})
        assert (status, code) == (400, "InvalidParameterValueException") and "Installed: " in message
    finally:
        server.stop()


# Python


@pytest.mark.parametrize("version", [(3, 11), (3, 13)], ids=["3.11", "3.13"])
def test_powertools_logs_measures_and_parses(server, client, version):
    dotted = ".".join(map(str, version))
    if version not in versions("python"):
        pytest.skip(f"Python {dotted} is not on this host")
    code = zipped(built(f"python-{dotted}"))
    with function(client, runtime=f"python{dotted}", code=code, Timeout=60, MemorySize=256) as name:
        error, answer, _ = call(client, name, {"id": 7, "items": ["tea", "cup"]})
        assert error is None, answer
        assert (answer["id"], answer["first"]) == (7, "tea")
        error, failure, _ = call(client, name, {"id": 8, "items": []})
        assert (error, failure["errorType"], failure["errorMessage"]) == ("Unhandled", "LookupError", "an order of nothing")
        error, failure, _ = call(client, name, {"id": "many"})
        assert error == "Unhandled" and "rror" in failure["errorType"] and "id" in failure["errorMessage"]
        lines = [json.loads(line) for line in log_lines(server, name, 3) if line.startswith("{")]
        [taken] = [line for line in lines if line.get("message") == "order taken" and line.get("order") == 7]
        assert taken["function_request_id"] == answer["request"] and taken["function_name"] == name
        assert (taken["level"], taken["service"], taken["items"], taken["cold_start"]) == ("INFO", "orders", 2, True)
        [metric] = [line for line in lines if line.get("items") == [2.0] and "_aws" in line]
        assert metric["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "shop"
        assert len([line for line in lines if line.get("ColdStart") == [1.0]]) == 1


def test_packages_of_the_host_are_not_the_functions(client):
    """Found by boto3 being importable on a server that had none: the host's site-packages were."""
    code = '''
import builtins, sys
def handler(event, context):
    try:
        import pip
        found = pip.__file__
    except ImportError:
        found = None
    return {"pip": found, "places": [p for p in sys.path if p.endswith("-packages")], "exit": hasattr(builtins, "exit")}
'''
    for major, minor in {versions("python")[-1], (3, 11)} & set(versions("python")):
        with function(client, runtime=f"python{major}.{minor}", code=package(app__py=code)) as name:
            assert call(client, name)[1] == {"pip": None, "places": ["/opt/python/lib/python%d.%d/site-packages" % (major, minor), "/var/runtime/site-packages"], "exit": True}


SDK_PYTHON = (ROOT / "e2e/workloads/python/sdk.py").read_text()


def test_boto3_is_there_once_installed_and_honestly_absent_before(client, furnished):
    with function(client, code=package(app__py=SDK_PYTHON)) as name:
        error, failure, _ = call(client, name)
        assert (error, failure["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")
        assert failure["errorMessage"] == "Unable to import module 'app': No module named 'boto3'"
    need_extras(furnished, "python")
    client = furnished.client()
    with function(client, code=package(app__py=PYTHON)) as other, function(client, code=package(app__py=SDK_PYTHON), Timeout=60, MemorySize=256) as name:
        error, answer, _ = call(client, name, {"other": other})
        assert error is None, answer
        assert answer["status"] == 200 and answer["payload"]["echo"] == {"from": "boto3"}
        pinned = re.search(r"^boto3==(\S+)", (ROOT / "runtimes/python/requirements.txt").read_text(), re.M)[1]
        assert answer["boto3"] == pinned


# Node.js

NODE = dict(runtime="nodejs20.x", Timeout=60, MemorySize=256)


@pytest.mark.skipif(not versions("nodejs"), reason="no Node.js on this host")
def test_npm_dependencies_load_by_require_and_by_import(client, server):
    folder = built("nodejs")
    with function(client, handler="index.handler", code=zipped(folder / "common"), **NODE) as name:
        error, common, _ = call(client, name)
        assert error is None and common["day"] == "2024-03-01" and common["function"] == name
        error, failure, _ = call(client, name, {"do": "fail"})
        assert (error, failure["errorType"], failure["errorMessage"]) == ("Unhandled", "RangeError", "no such order")
        assert any("at " in line and "/var/task/index.js" in line for line in failure["trace"])
        [line] = [line for line in log_lines(server, name, 2) if "common was asked fail" in line]
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\tINFO\tcommon was asked fail", line)
    with function(client, handler="index.handler", code=zipped(folder / "module"), **NODE) as name:
        error, module, _ = call(client, name, {"days": 2})
        assert error is None and (module["id"], module["day"]) == (common["id"], "2024-03-01")


@pytest.mark.skipif(not versions("nodejs"), reason="no Node.js on this host")
def test_an_es_module_streams_its_response(client):
    with function(client, handler="index.stream", code=zipped(built("nodejs") / "module"), **NODE) as name:
        chunks, complete = streamed(client, name)
        assert len(chunks) >= 2 and complete.get("ErrorCode") is None
        assert len("".join(chunks).split()) == 3 and all(len(line) == 36 for line in "".join(chunks).split())


SDK_NODE = (ROOT / "e2e/workloads/nodejs/sdk/index.mjs").read_text()


@pytest.mark.skipif(not versions("nodejs"), reason="no Node.js on this host")
@pytest.mark.parametrize("kind", ["module", "common"])
def test_the_javascript_sdk_is_there_once_installed_and_honestly_absent_before(client, furnished, kind):
    text = SDK_NODE
    if kind == "common":
        text = text.replace("import {", "const {").replace('} from "@aws-sdk/client-lambda"', '} = require("@aws-sdk/client-lambda")')
        text = text.replace("export const handler =", "exports.handler =")
    code = package(index__mjs=text) if kind == "module" else package(index__js=text)
    with function(client, handler="index.handler", code=code, **NODE) as name:
        error, failure, _ = call(client, name)
        # AWS's client names only CommonJS's way of not finding a module.
        assert (error, failure["errorType"]) == ("Unhandled", "Error" if kind == "module" else "Runtime.ImportModuleError")
        assert "@aws-sdk/client-lambda" in failure["errorMessage"]
    need_extras(furnished, "nodejs")
    client = furnished.client()
    with function(client, code=package(app__py=PYTHON)) as other, function(client, handler="index.handler", code=code, **NODE) as name:
        error, answer, _ = call(client, name, {"other": other})
        assert error is None, answer
        assert answer["status"] == 200 and answer["payload"]["echo"] == {"from": "sdk"}


# Rust and Go


def test_the_official_rust_runtime_answers_fails_and_panics(client, server):
    with function(client, runtime="provided.al2023", handler="bootstrap", code=zipped(built("rust") / "buffered"), Timeout=20) as name:
        error, answer, _ = call(client, name, {"order": 1})
        assert error is None and answer["echo"] == {"order": 1}
        assert (answer["function"], answer["memory"], len(answer["id"])) == (name, 128, 36)
        error, failure, log = call(client, name, {"do": "fail"})
        assert (error, failure["errorMessage"]) == ("Unhandled", "no such order")
        assert 'rust was asked {"do":"fail"}' in log
        error, failure, _ = call(client, name, {"do": "panic"})
        assert error == "Unhandled" and "an index too far" in failure["errorMessage"]
        # It goes on after each.
        assert call(client, name, {"order": 2})[1]["echo"] == {"order": 2}


def test_the_official_rust_runtime_streams(client):
    with function(client, runtime="provided.al2023", handler="bootstrap", code=zipped(built("rust") / "streaming"), Timeout=20) as name:
        chunks, complete = streamed(client, name)
        # That crate always begins with the metadata that a function URL would take off: the API does not.
        metadata, parts = "".join(chunks).split("\0" * 8)
        assert json.loads(metadata)["statusCode"] == 200 and parts == "one,two,three"
        assert len(chunks) >= 3 and complete.get("ErrorCode") is None


@pytest.mark.parametrize("runtime", ["provided.al2023", "provided.al2"])
def test_the_official_go_client_answers_fails_and_panics(client, server, runtime):
    with function(client, runtime=runtime, handler="bootstrap", code=zipped(built("go")), Timeout=20) as name:
        error, answer, log = call(client, name, {"items": 3})
        assert error is None and "Init Duration" in log
        assert (answer["items"], answer["function"], answer["has_time"]) == (3, name, True)
        assert answer["arn"].endswith(f":function:{name}")
        error, failure, log = call(client, name, {"do": "fail"})
        assert (error, failure["errorType"], failure["errorMessage"]) == ("Unhandled", "errorString", "no such order")
        assert "go was asked fail" in log and "Init Duration" not in log
        # Its client ends the process after a panic: the next one starts afresh.
        error, failure, _ = call(client, name, {"do": "panic"})
        assert (error, failure["errorMessage"]) == ("Unhandled", "an index too far") and failure["stackTrace"]
        error, answer, log = call(client, name, {"items": 4})
        assert error is None and answer["items"] == 4


# Java

JAVAS = sorted(major for major, _ in versions("java"))


def java_functions():
    """17 and 25, which are skipped where they are not there, and 21: by itself or by the nearest newer one."""
    return ["java17", "java21", "java25"]


@pytest.mark.parametrize("runtime", java_functions())
def test_java_handlers_of_values_and_of_streams(furnished, runtime):
    major = int(runtime.removeprefix("java"))
    if major not in JAVAS and not (major == 21 and JAVAS and max(JAVAS) > major):
        pytest.skip(f"no Java {major} on this host")
    need_extras(furnished, "java")
    client, folder = furnished.client(), built("java")
    settings = dict(runtime=runtime, Timeout=60, MemorySize=512)
    with function(client, handler="workloads.Orders::handleRequest", code=zipped(folder / "orders"), **settings) as name:
        error, answer, _ = call(client, name, {"order": {"items": ["tea", 2, None, 0.5]}})
        assert error is None, answer
        assert answer["echo"] == {"order": {"items": ["tea", 2, None, 0.5]}} and answer["function"] == name
        assert (answer["memory"], answer["has_time"]) == (512, True)
        wanted = int(runtime.removeprefix("java"))
        assert answer["java"] == (wanted if wanted in JAVAS else min(major for major in JAVAS if major > wanted))
        error, failure, log = call(client, name, {"do": "fail"})
        assert (error, failure["errorType"], failure["errorMessage"]) == ("Unhandled", "java.lang.IllegalStateException", "no such order")
        assert failure["stackTrace"][0].startswith("workloads.Orders.handleRequest(") and "Init Duration" not in log
        lines = log_lines(furnished, name, 2)
        assert any(line.strip() == "java was asked fail" for line in lines), lines
        assert sum(line.strip() == "and prints" for line in lines) == 2
        assert any(line.startswith("no such order: java.lang.IllegalStateException") and "\tat workloads.Orders" in line for line in lines), lines
        assert any(line.startswith(f"INIT_START Runtime Version: java:{answer['java']}.") for line in lines), lines
    with function(client, handler="workloads.Streams", code=zipped(folder / "streams"), **settings) as name:
        assert call(client, name, {"a": "b"})[:2] == (None, {"bytes": 10})


@pytest.mark.skipif(not JAVAS, reason="no Java on this host")
def test_java_without_its_client_says_what_to_do(client, server):
    with function(client, runtime="java17", handler="workloads.Orders", code=package(any="")) as name:
        error, failure, _ = call(client, name)
        assert failure["errorType"] == "Runtime.InvalidEntrypoint"
        assert error == "Unhandled" and "tinderbox runtimes install java" in failure["errorMessage"], failure


# deploy: a folder as the tools of its language left it


@pytest.mark.parametrize("what", ["java/orders", "python-3.11", "nodejs/common", "nodejs/module", "rust/buffered", "go"])
def test_deploy_guesses_what_a_folder_is(furnished, tmp_path, what):
    language = {"java": "java", "python-3.11": "python", "nodejs": "nodejs"}.get(what.split("/")[0])
    if language and not versions(language):
        pytest.skip(f"no {language} on this host")
    if language == "java":
        need_extras(furnished, "java")
    if language == "python" and (3, 11) not in versions("python"):
        pytest.skip("Python 3.11 is not on this host: the package's native part would not load")
    name = "deployed-" + what.replace("/", "-").replace(".", "-")
    settings = ["--endpoint", furnished.endpoint, "--region", "eu-central-1", "--name", name, "--memory", "512", "--timeout", "60"]
    if language == "python":
        settings += ["--runtime", "python3.11"]  # the newest would be guessed
    source = built(what.split("/")[0]) / "/".join(what.split("/")[1:])
    first = tinderbox("deploy", source, *settings)
    assert first["created"] and first["function"]["State"] == "Active"
    runtime, handler = first["function"]["Runtime"], first["function"]["Handler"]
    expected = {"java": "workloads.Orders::handleRequest", "python": "app.handler", "nodejs": "index.handler", None: "bootstrap"}
    assert handler == expected[language]
    assert runtime.startswith(language or "provided.al2023"), runtime
    event = {"id": 1, "items": ["tea"], "days": 2} if what != "go" else {"items": 1}
    error, answer, _ = call(furnished.client(), name, event)
    assert error is None, answer
    again = tinderbox("deploy", source, *settings)
    assert not again["created"] and again["function"]["CodeSha256"] == first["function"]["CodeSha256"]
    furnished.client().delete_function(FunctionName=name)


# runtimes install


def state(data):
    """What an operator is told is installed, and what is in the folder beside our own clients."""
    names = sorted(path.name for path in (data / "runtimes").iterdir()) if (data / "runtimes").is_dir() else []
    return tinderbox("runtimes", "ls", "--data", data)["installed"], [n for n in names if n != ".install-lock" and "client-" not in n and n != "found.json"]


def install(data, language, **settings):
    return subprocess.run([BINARY, "runtimes", "install", language, "--data", data], capture_output=True, text=True, timeout=600, **settings)


@pytest.mark.parametrize("language", ["python", "nodejs", "java"])
def test_an_install_that_was_done_is_not_done_again(furnished, language):
    need_extras(furnished, language)
    before = (furnished.data / "runtimes" / language).stat()
    assert language in state(furnished.data)[0]
    # Neither a package manager nor an index can be reached: nothing is asked for.
    done = install(furnished.data, language, env={"PATH": "/nowhere", "PIP_NO_INDEX": "1"})
    assert done.returncode == 0 and "already installed" in done.stdout, done.stderr
    after = (furnished.data / "runtimes" / language).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.skipif(not versions("python") or max(versions("python")) < (3, 10), reason="no Python 3.10 or newer on this host")
def test_a_wheel_that_is_not_the_pinned_one_is_refused(tmp_path):
    pinned = re.search(r"^boto3==(\S+)", (ROOT / "runtimes/python/requirements.txt").read_text(), re.M)[1]
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    info = f"boto3-{pinned}.dist-info"
    with zipfile.ZipFile(wheels / f"boto3-{pinned}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("boto3/__init__.py", "print('not what was pinned')")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: boto3\nVersion: {pinned}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    done = install(tmp_path / "data", "python", env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)})
    assert done.returncode == 5 and "DO NOT MATCH THE HASHES" in done.stderr, done.stderr
    assert state(tmp_path / "data") == ([], [])


@pytest.mark.skipif(shutil.which("mvn") is None, reason="no Maven on this host")
def test_a_jar_that_is_not_the_pinned_one_is_refused(furnished, tmp_path):
    need_extras(furnished, "java")  # which has filled Maven's local repository
    repository = tmp_path / "repository"
    shutil.copytree(pathlib.Path.home() / ".m2/repository", repository)
    [jar] = (repository / "com/amazonaws/aws-lambda-java-core").rglob("aws-lambda-java-core-1.4.0.jar")
    jar.write_bytes(jar.read_bytes() + b"one byte more")
    settings = {**os.environ, "MAVEN_OPTS": f"-Dmaven.repo.local={repository}", "MAVEN_ARGS": "--offline"}
    done = install(tmp_path / "data", "java", env=settings)
    assert done.returncode == 5 and "aws-lambda-java-core-1.4.0.jar is not the pinned one" in done.stderr, done.stderr
    assert state(tmp_path / "data") == ([], [])


def test_kill_9_amid_an_install_leaves_nothing_half_installed(tmp_path):
    language, pins = ("java", "pom.xml") if shutil.which("mvn") else ("nodejs", "package-lock.json")
    if not shutil.which("mvn") and not shutil.which("npm"):
        pytest.skip("neither mvn nor npm on this host")
    data = tmp_path / "data"
    # Whoever was started holds the other end: it closes when the package manager, an orphan then, is gone too.
    ours, theirs = os.pipe()
    command = [BINARY, "runtimes", "install", language, "--data", data]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[theirs])
    os.close(theirs)
    eventually(lambda: list((data / "runtimes").glob(f".install-*/{pins}")) if (data / "runtimes").is_dir() else [], bool)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    installed, names = state(data)
    assert installed == [] and all(name.startswith(".install-") for name in names)
    with os.fdopen(ours) as end:
        end.read()
    done = install(data, language)
    assert done.returncode == 0, done.stderr
    assert state(data) == ([language], [language])
