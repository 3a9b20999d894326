"""Many functions at once, and kill -9 in the middle of it: what was acknowledged is whole, and nothing is left behind."""
import concurrent.futures
import json
import os
import pathlib
import signal
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from conftest import MICROVM, Server
from functions import ROLE, eventually, package

# A hundred kernels at once are more than a test machine holds.
COUNT = 8 if MICROVM else 100
# The answer tells one function from another, and one environment from another; so does what is in its /tmp.
WHO = '''
import os, uuid
ME = {number}
BORN = str(uuid.uuid4())
def handler(event, context):
    mine = "/tmp/of-" + str(ME)
    found = sorted(name for name in os.listdir("/tmp") if name.startswith("of-"))
    open(mine, "w").close()
    return {{"number": ME, "twice": event["n"] * 2, "name": context.function_name, "born": BORN, "found": found}}
'''
LOST = (ClientError, BotoCoreError)
as_root = pytest.mark.skipif(os.getuid() != 0, reason="control groups and users of their own need root")


def code(number):
    return package(app__py=WHO.format(number=number))


def create(client, number, **settings):
    client.create_function(
        FunctionName=f"many-{number}", Runtime="python3.11", Role=ROLE, Handler="app.handler", Code={"ZipFile": code(number)}, Timeout=60, **settings)


def invoke(client, number, n=None):
    n = number if n is None else n
    answer = client.invoke(FunctionName=f"many-{number}", Payload=json.dumps({"n": n}))
    payload = json.loads(answer["Payload"].read())
    assert answer.get("FunctionError") is None, payload
    assert (payload["number"], payload["twice"], payload["name"]) == (number, 2 * n, f"many-{number}"), payload
    return payload


def read(path):
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except OSError:
        return ""


def children(pid):
    return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").glob("*") for child in read(task / "children").split()]


def spawner_of(server):
    """Among the server's children (it asks interpreters for their version too) the one that says so."""
    named = lambda pid: pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"tinderbox-spawner\0")
    [spawner] = [pid for pid in children(server.process.pid) if named(pid)]
    return spawner


class Host:
    """What a server with this data folder has on the host, taken while it runs and looked for when it is gone."""

    def __init__(self, data):
        self.data = str(data)
        self.groups, self.namespaces, self.uids, self.runs = set(), set(), set(), set()
        self.devices_before = self.interfaces()

    @staticmethod
    def interfaces():
        return set(os.listdir("/sys/class/net"))

    def look(self):
        """Remembers the runs, their groups' members, the members' users and network namespaces."""
        own = os.readlink("/proc/self/ns/net")
        for run in pathlib.Path(self.data, "sandbox").glob("run-*"):
            self.runs.add(run.name.replace("run-", "tinderbox-"))
            self.groups.update(line for line in read(run).splitlines() if line.startswith("/"))
        for process in self.members():
            try:
                self.uids.add(os.stat(f"/proc/{process}").st_uid)
                self.namespaces.add(os.readlink(f"/proc/{process}/ns/net"))
            except OSError:
                pass
        self.uids.discard(0)
        self.namespaces.discard(own)

    def members(self):
        """Processes in the groups of these runs."""
        return [pid for pid in filter(str.isdigit, os.listdir("/proc")) if any(run in read(f"/proc/{pid}/cgroup") for run in self.runs)]

    def left(self):
        left = [f"process {pid}: {read(f'/proc/{pid}/cmdline')!r}" for pid in self.members()]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if int(pid) == os.getpid():
                continue
            if self.data in read(f"/proc/{pid}/cmdline") or f" {self.data}/" in read(f"/proc/{pid}/mountinfo"):
                left.append(f"process {pid} of the folder")
            try:
                if os.readlink(f"/proc/{pid}/ns/net") in self.namespaces:
                    left.append(f"network namespace of {pid}")
                if os.stat(f"/proc/{pid}").st_uid in self.uids:
                    left.append(f"user of {pid}")
            except OSError:
                pass
        left += [f"mount {line}" for line in read("/proc/self/mounts").splitlines() if self.data in line]
        left += [f"group {group}" for group in self.groups if os.path.exists(group)]
        left += [f"record {run}" for run in pathlib.Path(self.data, "sandbox").glob("run-*")]
        left += [f"unfinished {file}" for file in pathlib.Path(self.data).rglob("*.unfinished")]
        left += [f"loop {file}" for file in pathlib.Path("/sys/block").glob("loop*/loop/backing_file") if self.data in read(file)]
        left += [f"socket {line}" for line in read("/proc/net/unix").splitlines() if self.data in line]
        left += [f"socket {file}" for file in pathlib.Path(self.data).rglob("*") if file.is_socket()]
        left += [f"interface {name}" for name in self.interfaces() - self.devices_before]
        for folder in (self.data, "/tmp", "/dev/shm", "/var/tmp"):
            left += self.files_of_users(folder)
        return left

    def files_of_users(self, folder):
        """Files of the environments' users, the test's own folders apart from the platform's not followed."""
        found = []
        for top, folders, files in os.walk(folder):
            if folder != self.data:
                folders.clear()  # what is below belongs to others
            for name in files + folders:
                try:
                    if os.lstat(os.path.join(top, name)).st_uid in self.uids:
                        found.append(f"file {os.path.join(top, name)}")
                except OSError:
                    pass
        return found


@pytest.fixture
def running(tmp_path):
    """A server with room for all, and its host."""
    data = tmp_path / "data"
    host = Host(data)
    server = Server(data, "--memory", "20000")
    yield server, host
    if server.process.poll() is None:
        server.stop()
    assert eventually(host.left, lambda left: left == []) == []


def at_once(work, numbers=range(COUNT)):
    """All together; what each gave, or how it failed."""
    together = threading.Barrier(len(numbers))

    def one(number):
        together.wait(timeout=60)
        return work(number)

    with concurrent.futures.ThreadPoolExecutor(len(numbers)) as pool:
        return {number: pool.submit(one, number) for number in numbers}


def test_a_hundred_different_functions_are_created_and_invoked_at_once(running):
    server, host = running
    client = server.client()

    def whole(number):
        create(client, number)
        return invoke(client, number)

    answers = [answer.result() for answer in at_once(whole).values()]
    assert len({answer["born"] for answer in answers}) == COUNT
    assert all(answer["found"] == [] for answer in answers)
    host.look()
    # Warm: the same environment again, with its own /tmp and nobody else's.
    again = {number: answer.result() for number, answer in at_once(lambda number: invoke(client, number)).items()}
    assert {answer["born"] for answer in again.values()} == {answer["born"] for answer in answers}
    assert all(answer["found"] == [f"of-{number}"] for number, answer in again.items())
    assert server.stop() == 0


def test_kill_9_while_a_hundred_are_created_and_invoked_keeps_what_was_acknowledged(running):
    server, host = running
    client = server.client()
    create(client, 0)
    invoke(client, 0)
    acknowledged, answered = {0}, threading.Semaphore(0)

    def whole(number):
        create(client, number)
        acknowledged.add(number)
        invoke(client, number)
        answered.release()

    with concurrent.futures.ThreadPoolExecutor(1) as killer:
        def kill():
            # In the middle by count, not by time.
            for _ in range(COUNT // 4):
                assert answered.acquire(timeout=120)
            host.look()
            server.process.kill()

        killed = killer.submit(kill)
        outcomes = at_once(whole, range(1, COUNT))
        killed.result()
    server.stop(signal.SIGKILL)
    failed = [outcome.exception() for outcome in outcomes.values() if outcome.exception()]
    assert failed and all(isinstance(error, LOST) for error in failed), failed

    server.start()
    client = server.client()
    listed = {f["FunctionName"]: f for page in client.get_paginator("list_functions").paginate() for f in page["Functions"]}
    assert {f"many-{number}" for number in acknowledged} <= set(listed)
    # What is listed is whole, acknowledged or not: its code is there and it answers.
    numbers = sorted(int(name.removeprefix("many-")) for name in listed)
    assert [answer.result()["found"] for answer in at_once(lambda number: invoke(client, number), numbers).values()] == [[]] * len(numbers)
    for number in set(range(COUNT)) - set(numbers):
        create(client, number)
    host.look()
    assert server.stop() == 0


@as_root
def test_when_the_spawner_is_killed_the_server_ends_and_the_next_one_is_whole(running):
    server, host = running
    client = server.client()
    for number in range(3):
        create(client, number)
        invoke(client, number)
    host.look()
    os.kill(spawner_of(server), signal.SIGKILL)
    # It can make no more environments: a supervisor shall start it anew rather than find it deaf.
    assert server.process.wait(timeout=60) not in (0, None)
    server.process.stdout.close()
    server.start()
    client = server.client()
    for number in range(3):
        assert invoke(client, number)["found"] == []
    host.look()
    assert server.stop() == 0


def version_code(version):
    """Two files that must be of one version, and enough of them that a torn write would show."""
    return package(app__py=f"import other\ndef handler(e, c): return [{version}, other.VERSION, other.BULK == '{version % 10}' * 100000]",
                   other__py=f"VERSION = {version}\nBULK = '{version % 10}' * 100000\n#" + os.urandom(100_000).hex())


@pytest.mark.parametrize("round", range(3))
def test_kill_9_amid_creates_and_updates_tears_no_function(running, round):
    server, host = running
    client = server.client()
    writers, enough = 4, threading.Semaphore(0)
    # By writer: the last version that was acknowledged, and the last that was sent.
    acknowledged, sent = [None] * writers, [None] * writers

    def write(writer):
        name = f"torn-{writer}"
        for version in range(1_000):
            sent[writer] = version
            if version == 0:
                client.create_function(FunctionName=name, Runtime="python3.11", Role=ROLE, Handler="app.handler", Code={"ZipFile": version_code(version)}, Timeout=60)
            else:
                client.update_function_code(FunctionName=name, ZipFile=version_code(version))
            acknowledged[writer] = version
            enough.release()

    with concurrent.futures.ThreadPoolExecutor(writers) as pool:
        writing = [pool.submit(write, writer) for writer in range(writers)]
        # Each round cuts after another number of acknowledged writes.
        for _ in range(5 + 13 * round):
            assert enough.acquire(timeout=120)
        host.look()
        server.stop(signal.SIGKILL)
        for done in writing:
            assert isinstance(done.exception(), LOST), done.exception()
    server.start()
    client = server.client()
    listed = {f["FunctionName"] for f in client.list_functions()["Functions"]}
    for writer in range(writers):
        name = f"torn-{writer}"
        if acknowledged[writer] is not None:
            assert name in listed
        if name in listed:
            version, other, bulk = json.loads(client.invoke(FunctionName=name)["Payload"].read())
            assert version == other and bulk
            assert (acknowledged[writer] or 0) <= version <= sent[writer]
            client.update_function_code(FunctionName=name, ZipFile=version_code(7_777))
            assert json.loads(client.invoke(FunctionName=name)["Payload"].read()) == [7777, 7777, True]
    host.look()
    assert server.stop() == 0
