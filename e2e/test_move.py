"""Backup and move: all functions to one file, and back into a data folder or a platform of NATS and S3."""
import json
import os
import shutil
import stat
import subprocess
import tarfile

import pytest
from conftest import BINARY, MICROVM, Server
from functions import PYTHON, ROLE, package
from test_substrate import KEYS, bucket, invoke, nats, runtime, start, wait_for  # noqa: F401 (fixtures)

pytestmark = pytest.mark.skipif(MICROVM, reason="where functions lie has nothing to do with the walls")
CHANGED = PYTHON + "\nVERSION = 'changed'\n"


def tinderbox(*arguments, code=0, **run):
    command = [BINARY, *arguments]
    done = subprocess.run(command, env={**os.environ, **KEYS}, capture_output=True, timeout=120, **run)
    assert done.returncode == code, (done.returncode, done.stderr.decode())
    return done


def in_json(*arguments, **run):
    return json.loads(tinderbox("--output", "json", *arguments, **run).stdout)


def furnish(server):
    """Two functions with versions, tags and variables, and one that was deleted."""
    client = server.client()
    for name in ("orders", "bills", "gone"):
        client.create_function(
            FunctionName=name,
            Runtime=runtime(),
            Handler="app.handler",
            Role=ROLE,
            Code={"ZipFile": package(app__py=PYTHON)},
            Environment={"Variables": {"SECRET": f"of {name}"}},
            Tags={"team": name},
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        client.publish_version(FunctionName=name)
    client.update_function_code(FunctionName="orders", ZipFile=package(app__py=CHANGED))
    client.get_waiter("function_updated_v2").wait(FunctionName="orders")
    client.publish_version(FunctionName="orders", Description="the second")
    client.update_function_configuration(FunctionName="orders", Timeout=9, MemorySize=256)
    client.delete_function(FunctionName="gone")


def shown(server):
    """All that is said of all functions, but for addresses of this very server."""
    client = server.client()
    said = {}
    for function in client.list_functions()["Functions"]:
        name = function["FunctionName"]
        for version in client.list_versions_by_function(FunctionName=name)["Versions"]:
            got = client.get_function(FunctionName=name, Qualifier=version["Version"])
            del got["ResponseMetadata"], got["Code"]["Location"]
            said[name, version["Version"]] = got
    return said


def check_answers(server):
    for name, version in (("orders", "$LATEST"), ("orders", "1"), ("orders", "2"), ("bills", "1")):
        assert invoke(server, name, {"a": version}, Qualifier=version)["echo"] == {"a": version}


def test_functions_move_to_another_data_folder_as_they_are(tmp_path):
    file = tmp_path / "all.tar"
    first = Server(tmp_path / "first")
    try:
        furnish(first)
        before = shown(first)
        # Of a running server.
        exported = in_json("export", file, "--data", tmp_path / "first")
        assert exported["holds"] == {**exported["holds"], "functions": 2, "versions": 3, "deleted": 1, "code": 2}
        assert exported["bytes"] == file.stat().st_size
        check_answers(first)
    finally:
        assert first.stop() == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("*.new"))
    with tarfile.open(file) as opened:
        names = opened.getnames()
    assert names[0] == "tinderbox.json" and names[-1] == "manifest.json"

    # Over stdout it is the same, but for when.
    piped = tinderbox("export", "-", "--data", tmp_path / "first").stdout
    assert len(piped) == file.stat().st_size
    imported = in_json("import", "-", "--data", tmp_path / "second", input=piped)
    assert (imported["functions"], imported["same"]) == (2, 0)
    again = in_json("import", file, "--data", tmp_path / "second")
    assert (again["functions"], again["same"]) == (0, 2)
    second = Server(tmp_path / "second")
    try:
        assert shown(second) == before
        check_answers(second)
        # Numbers go on where they ended.
        client = second.client()
        client.create_function(FunctionName="gone", Runtime=runtime(), Handler="app.handler", Role=ROLE, Code={"ZipFile": package(app__py=PYTHON)})
        client.get_waiter("function_active_v2").wait(FunctionName="gone")
        assert client.publish_version(FunctionName="gone")["Version"] == "2"
        refused = tinderbox("import", file, "--data", tmp_path / "second", code=5)
        assert b"another server uses the data folder" in refused.stderr
    finally:
        assert second.stop() == 0


def test_what_is_damaged_or_in_the_way_is_refused_whole(tmp_path):
    file = tmp_path / "all.tar"
    missing = tinderbox("export", file, "--data", tmp_path / "nothing", code=1)
    assert b"is no data folder" in missing.stderr and not (tmp_path / "nothing").exists()
    server = Server(tmp_path / "data")
    try:
        furnish(server)
        tinderbox("export", file, "--data", tmp_path / "data")
        client = server.client()
        client.update_function_configuration(FunctionName="bills", Description="changed since")
        before = shown(server)
    finally:
        assert server.stop() == 0
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged.tar").write_bytes(damaged)
    refused = tinderbox("import", tmp_path / "damaged.tar", "--data", tmp_path / "fresh", code=1)
    assert b"nothing of it was taken" in refused.stderr and not (tmp_path / "fresh").exists()
    refused = tinderbox("import", file, "--data", tmp_path / "data", code=4)
    assert b":bills" in refused.stderr and b"--replace" in refused.stderr
    server = Server(tmp_path / "data")
    assert shown(server) == before
    assert server.stop() == 0

    replaced = in_json("import", file, "--replace", "--data", tmp_path / "data")
    assert (replaced["functions"], replaced["replaced"], replaced["same"]) == (1, 1, 1)
    server = Server(tmp_path / "data")
    try:
        assert server.client().get_function(FunctionName="bills")["Configuration"]["Description"] == ""
        check_answers(server)
    finally:
        assert server.stop() == 0


def test_from_a_data_folder_to_nats_and_s3_and_back(tmp_path, nats, bucket):  # noqa: F811
    there = ["--join", nats.url, "--blobs", bucket, "--platform", "many"]
    file, back = tmp_path / "all.tar", tmp_path / "back.tar"
    first = Server(tmp_path / "first")
    try:
        furnish(first)
        before = shown(first)
    finally:
        assert first.stop() == 0
    tinderbox("export", file, "--data", tmp_path / "first")
    shutil.rmtree(tmp_path / "first", ignore_errors=True)

    imported = in_json("import", file, *there)
    assert imported["functions"] == 2
    second = start(tmp_path / "second", nats, bucket, "many")
    try:
        assert shown(second) == before
        check_answers(second)
        # It keeps functions in memory and is alone with them.
        refused = tinderbox("import", file, *there, code=5)
        assert b"must be stopped for an import" in refused.stderr
        tinderbox("export", back, *there)
    finally:
        assert second.stop() == 0

    assert in_json("import", back, "--data", tmp_path / "third")["functions"] == 2
    third = Server(tmp_path / "third")
    try:
        assert shown(third) == before
        check_answers(third)
    finally:
        assert third.stop() == 0


class Node(Server):
    """A platform of nodes, of which this is the only one."""

    def __init__(self, data, *join):
        self.join = join
        super().__init__(data, env={**os.environ, **KEYS})

    def start(self):
        command = [BINARY, "--output", "json", "serve", "--name", "one", "--data", self.data, "--port", "0", "--fabric", "127.0.0.1:0"]
        command += ["--roles", "frontend,assignment,placement,worker", *self.join]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, **self.popen)
        ready = self.process.stdout.readline()
        assert ready, f"the node ended at its start with {self.process.wait(timeout=30)}"
        self.endpoint = json.loads(ready)["endpoint"]


def wait_for_all_roles(node):
    """They find each other a moment after the node is ready."""
    client = node.client()
    client.create_function(FunctionName="probe", Runtime=runtime(), Handler="app.handler", Role=ROLE, Code={"ZipFile": package(app__py=PYTHON)})

    def answers():
        try:
            return client.invoke(FunctionName="probe", Payload="{}")["StatusCode"] == 200
        except client.exceptions.ClientError:
            return False

    wait_for(answers)
    client.delete_function(FunctionName="probe")


def test_nodes_at_work_serve_what_is_imported_beside_them_and_what_replaces_it(tmp_path, nats):  # noqa: F811
    there = ["--join", nats.url, "--blobs", f"file://{tmp_path / 'blobs'}", "--platform", "nodes"]
    file, changed = tmp_path / "all.tar", tmp_path / "changed.tar"
    first = Server(tmp_path / "first")
    try:
        furnish(first)
        before = shown(first)
        tinderbox("export", file, "--data", tmp_path / "first")
        first.client().update_function_configuration(FunctionName="bills", Environment={"Variables": {"SECRET": "another"}})
        tinderbox("export", changed, "--data", tmp_path / "first")
    finally:
        assert first.stop() == 0
    node = Node(tmp_path / "node", *there)
    try:
        wait_for_all_roles(node)
        tinderbox("import", file, *there)
        # Not known is looked for: at once.
        check_answers(node)
        assert shown(node) == before
        assert invoke(node, "bills", {"do": "variables"})["SECRET"] == "of bills"
        refused = tinderbox("import", changed, *there, code=4)
        assert b":bills" in refused.stderr
        tinderbox("import", changed, "--replace", *there)
        wait_for(lambda: invoke(node, "bills", {"do": "variables"})["SECRET"] == "another")
        for _ in range(20):
            assert invoke(node, "bills", {"do": "variables"})["SECRET"] == "another", "never the old one again"
        check_answers(node)
        # And over a name that was deleted here, whose environments were told to end.
        node.client().delete_function(FunctionName="orders")
        tinderbox("import", file, "--replace", *there)
        check_answers(node)
    finally:
        assert node.stop() == 0
