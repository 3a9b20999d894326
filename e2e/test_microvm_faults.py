"""What fails around machines and their snapshots: an answer all the same, a reason in the log, and nothing left behind.

Of the machines that the run is of: `cargo xtask e2e --sandbox firecracker` or `qemu`. What is tested is what both have in common.
"""
import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import threading
import uuid

import botocore.exceptions
import pytest

from conftest import MICROVM, Server
from functions import ROLE, eventually, function, package
from test_snapshots import LAYERS, LEFT_OUT, rooms
from test_snapstart import ON, invoke, lines, publish

pytestmark = pytest.mark.skipif(not MICROVM, reason="no machines behind `process`: cargo xtask e2e --sandbox firecracker, or qemu")

MONITORS = ("firecracker", "qemu-system-x86")
CODE = '''
import os, time
time.sleep(1)
def handler(event, context):
    if "sleep" in event:
        print("asleep", flush=True)
        time.sleep(event["sleep"])
    return {"echo": event, "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]}
'''
# What a server says that can make nothing any more, and ends.
ENDED = "the process that makes environments has ended; start the server again"
# From the death of one of our processes until all of its are gone: it is noticed at once.
GONE = 30


@pytest.fixture(scope="module")
def assets(tmp_path_factory):
    return tmp_path_factory.mktemp("assets")


class Machines(Server):
    """A server of machines whose own words are kept."""

    def __init__(self, data, assets, *more):
        self.log = data.parent / f"{data.name}.log"
        leave_out = [word for path in LEFT_OUT for word in ("--leave-out", path)]
        super().__init__(data, *leave_out, "--assets", assets, "--verbose", *more)

    def start(self):
        with open(self.log, "a") as log:
            self.popen["stderr"] = log
            super().start()

    def said(self):
        return self.log.read_text()

    def tree(self):
        """Every process below the server, with its name; itself not."""
        found, parents = {}, {}
        for path in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                stat = (path / "stat").read_text()
                pid, (name, rest) = int(path.name), (stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") + 2 :])
                parents.setdefault(int(rest.split()[1]), []).append((pid, name))
        open_ = [self.process.pid]
        while open_:
            for pid, name in parents.get(open_.pop(), []):
                found[pid] = name
                open_.append(pid)
        return found

    def monitors(self):
        """The oldest first."""
        began = lambda pid: int(fields(pid)[19])
        return sorted((pid for pid, name in self.tree().items() if name in MONITORS), key=began)

    def spawner(self):
        is_it = lambda pid: pathlib.Path(f"/proc/{pid}/cmdline").read_text().startswith("tinderbox-spawner")
        [pid] = [pid for pid in self.tree() if parent(pid) == self.process.pid and is_it(pid)]
        return pid

    def run(self):
        [folder] = (self.data / "sandbox").glob("run-*")
        return folder.name.replace("run-", "tinderbox-")


@pytest.fixture
def machines(tmp_path, assets):
    server = Machines(tmp_path / "data", assets)
    yield server
    if server.process.poll() is None:
        assert server.stop() == 0


def fields(pid):
    """Those of /proc/PID/stat behind the name."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return stat[stat.rindex(")") + 2 :].split()


def parent(pid):
    return int(fields(pid)[1])


def alive(pids):
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}") and "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()]


def things(server, run):
    """Control groups, mounts and loop devices of a data folder and a run."""
    groups = subprocess.run(["find", "/sys/fs/cgroup", "-type", "d", "-name", run], capture_output=True, text=True)
    mounts = [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if f"{server.data}/" in line or run in line]
    return {*groups.stdout.split(), *mounts}


def loops(server):
    """Loop devices of a data folder. Their files have no names, and the next run's may have their inodes: for when no server runs."""
    listed = subprocess.run(["losetup", "-a"], capture_output=True, text=True).stdout.splitlines()
    return [line for line in listed if f"{server.data}/" in line]


class Ours:
    """What one run of a server has made, to see that all of it goes."""

    def __init__(self, server):
        self.server = server
        self.pids = {server.process.pid, *server.tree()}
        self.group = server.run()
        self.things = things(server, self.group)

    def more(self):
        """What came since; before anything is killed."""
        self.pids |= set(self.server.tree())
        self.things |= things(self.server, self.group)

    def left(self):
        still = things(self.server, self.group) & self.things
        return [*(f"process {pid}" for pid in alive(self.pids)), *still, *(str(path) for path in self.server.data.rglob("*.unfinished"))]

    def ended(self, who):
        """Where the spawner lives it removes all; without it what stands still waits for the next start, which sweeps it."""
        if who == "server":
            eventually(lambda: alive(self.pids), lambda found: not found, seconds=GONE)
            eventually(lambda: [*(things(self.server, self.group) & self.things), *loops(self.server)], lambda found: not found, seconds=GONE)

    def gone(self):
        eventually(self.left, lambda found: not found, seconds=GONE)


def half_made(server):
    """Snapshots that are being written: of rooms, of versions."""
    return [*(server.data / "snapshots/rooms").glob("*.unfinished"), *(server.data / "snapshots/work").glob("*")]


def call(client, name, event, qualifier="$LATEST"):
    """An answer, or the error that the client has: never nothing."""
    try:
        error, answer, _ = invoke(client, name, event, qualifier)
        return error or "", answer
    except (botocore.exceptions.ClientError, botocore.exceptions.HTTPClientError) as refused:
        return type(refused).__name__, str(refused)


@contextlib.contextmanager
def busy(server, name):
    """An invocation is under way inside; yields where its answer will be."""
    answers = []
    client = server.client()
    thread = threading.Thread(target=lambda: answers.append(call(client, name, {"sleep": 20})))
    thread.start()
    lines(server, name, "asleep")
    yield answers
    thread.join(timeout=120)
    assert not thread.is_alive(), "the client waits for nobody"


def create(client, **more):
    name = f"f-{uuid.uuid4().hex[:12]}"
    settings = dict(Runtime="python3.11", Handler="app.handler", Role=ROLE, MemorySize=160, Timeout=60, **more)
    client.create_function(FunctionName=name, Code={"ZipFile": package(app__py=CODE)}, **settings)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return name


def good(server, name, qualifier="$LATEST"):
    error, answer = call(server.client(), name, {"ask": 1}, qualifier)
    assert error == "" and answer["echo"] == {"ask": 1}, (error, answer, server.said())


@pytest.mark.parametrize("who", ["server", "spawner"])
def test_when_server_or_spawner_are_killed_no_machine_stays_and_the_next_start_serves(machines, who):
    name = create(machines.client())
    good(machines, name)
    ours = Ours(machines)
    with busy(machines, name) as answers:
        ours.more()
        os.kill(machines.process.pid if who == "server" else machines.spawner(), signal.SIGKILL)
    assert answers and answers[0][0], "the one who waited is told"
    machines.process.wait(timeout=60)
    assert who == "server" or ENDED in machines.said()
    ours.ended(who)
    machines.start()
    ours.gone()
    good(machines, name)


@pytest.mark.machines  # the others boot twice and more: minutes without KVM
def test_when_a_monitor_is_killed_its_caller_is_told_and_the_next_one_served(machines):
    name = create(machines.client())
    good(machines, name)
    with busy(machines, name) as answers:
        killed = machines.monitors()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
    error, answer = answers[0]
    assert error, answer
    good(machines, name)
    eventually(lambda: alive(killed), lambda found: not found, seconds=GONE)


@pytest.mark.parametrize("what", ["room", "version"])
@pytest.mark.parametrize("who", ["server", "spawner", "monitor"])
def test_a_kill_while_a_snapshot_is_written_leaves_no_half_of_one(machines, who, what):
    client = machines.client()
    if what == "room":
        name, qualifier = create(client), "$LATEST"
        # It may be written before this one has its answer.
        first = threading.Thread(target=call, args=(client, name, {}))
        first.start()
    else:
        name, qualifier = create(client, SnapStart=ON), "1"
        publish(client, name, wait=False)
    seen = eventually(lambda: half_made(machines), lambda found: found, seconds=60)
    ours = Ours(machines)
    # The function's own machine, where it has one, is the older.
    written = lambda: machines.monitors()[1 if what == "room" else 0 :]
    victims = {"server": lambda: [machines.process.pid], "spawner": lambda: [machines.spawner()], "monitor": written}[who]()
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if who != "monitor":
        machines.process.wait(timeout=60)
        assert who == "server" or ENDED in machines.said()
        ours.ended(who)
        machines.start()
        assert not [path for path in seen if path.exists()], "swept at the start"
        ours.gone()
    if what == "room":
        first.join(timeout=120)
        assert not first.is_alive(), "the client waits for nobody"
    if what == "version":
        machines.client().get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    good(machines, name, qualifier)


def ends_well(server):
    ours = Ours(server)
    assert server.stop() == 0
    assert not ours.left() and not loops(server)


def scramble(path, part):
    """Random bytes in place of what is there; holes stay holes."""
    noise = random.Random(1)
    with open(path, "r+b") as file:
        size, at = os.path.getsize(path), 0
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                return
            end = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            while at < end:
                length = min(1 << 20, end - at)
                if noise.random() < part:
                    os.pwrite(file.fileno(), noise.randbytes(length), at)
                at += length


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2)


DAMAGES = {"cut": cut, "scrambled": lambda path: scramble(path, 1), "gone": os.unlink}


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("which", ["memory", "state"])
def test_a_damaged_snapshot_of_a_room_is_said_passed_over_and_made_anew(machines, which, how):
    """That of the runtime, and that of the machine that is booted for want of it."""
    client = machines.client()
    good(machines, create(client))
    damaged = eventually(lambda: rooms(machines), lambda found: len(found) == LAYERS, seconds=120)
    for room in damaged:
        [path] = [path for path in room.rglob("*") if path.is_file() and which in path.name]
        DAMAGES[how](path)
    good(machines, create(client))
    assert "a snapshot of a room is of no use" in machines.said() or "a restored room was of no use" in machines.said()
    assert machines.said().count("is of no use; it is made anew") == LAYERS
    eventually(lambda: [room for room in damaged if room.exists()], lambda there: not there, seconds=60)
    ends_well(machines)


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_memory_of_a_version_is_said_passed_over_and_made_anew(machines, how):
    client = machines.client()
    name = create(client, SnapStart=ON)
    publish(client, name)
    [memory] = [path for path in (machines.data / "snapshots/memory").iterdir() if path.is_file()]
    before = memory.stat().st_ino
    DAMAGES[how](memory)
    good(machines, name, "1")
    assert "a version's snapshot is of no use" in machines.said()
    anew = lambda: [path for path in (machines.data / "snapshots/memory").iterdir() if path.stat().st_ino != before]
    eventually(anew, lambda found: found, seconds=120)
    ends_well(machines)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own."""
    image, folder = tmp_path / "disk", tmp_path / "small"
    folder.mkdir()
    with open(image, "wb") as file:
        file.truncate(2 << 30)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder, left):
    """All but so many bytes."""
    with open(folder / "filler", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free - left)


def test_a_full_disk_during_a_snapshot_is_said_and_functions_are_booted(small_disk, assets):
    server = Machines(small_disk / "data", assets)
    try:
        client = server.client()
        good(server, create(client))  # its interpreter's image needs room, too
        eventually(lambda: rooms(server), lambda found: found, seconds=120)
        fill(small_disk, 24 << 20)
        before = shutil.disk_usage(small_disk).free
        name = create(client, SnapStart=ON)
        publish(client, name, wait=False)
        eventually(server.said, lambda said: "a version could not be prepared" in said, seconds=120)
        good(server, create(client))
        client.delete_function(FunctionName=name)
        eventually(lambda: half_made(server), lambda found: not found, seconds=60)
        eventually(lambda: shutil.disk_usage(small_disk).free, lambda free: free > before // 2, seconds=60)
        (small_disk / "filler").unlink()
        name = create(client, SnapStart=ON)
        publish(client, name)
        good(server, name, "1")
    finally:
        ends_well(server)
