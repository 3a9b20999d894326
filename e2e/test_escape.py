"""Code that wants out: each hostile act runs in a real environment of a spawned server, while a good neighbour is
invoked again and again. What must be refused is refused in the words that its wall has, and the same act outside
shows that it can succeed or fails otherwise; what eats is contained. target/escape/report.json says what the
neighbour felt. What is `Act` and why nothing reaches a real network: `escape/act.py`, `escape_world.py`."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import platform
import shutil
import socket
import sys
import tempfile

import pytest

from conftest import BINARY, MICROVM
from escape_world import (BEYOND, ESCAPE, HERE, HERE_6, METADATA, PORT, REPORT, HostileServer, Neighbour, Outside, World, host_state,
                          mounts_of)
from functions import eventually, function, package

sys.path.insert(0, str(ESCAPE))
import syscalls  # noqa: E402,F401  registers its acts
import files  # noqa: E402,F401
import network  # noqa: E402,F401
from act import ACTS  # noqa: E402

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="the walls as root need root"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the acts name system calls of x86-64"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="the world is made by iproute2"),
]

# What a machine has beside its function's memory, in each of the few that there are at once.
MACHINES_MB = 1_769 + 6 * 160 if MICROVM else 0
CALL_MS_MAX = 10_000  # generous: the machine may be busy with other things
SERVER_BYTES_MAX = 400 << 20
MEMORY_MB, TMP_MB = 256, 512
# No arguments: the same words in every environment. Those with arguments have tests of their own below.
PLAIN = [name for name, act in ACTS.items() if act.run.__code__.co_argcount == len(act.run.__defaults__ or ())]


class Arena:
    """A server with a hostile function and a good neighbour."""

    def __init__(self, server, client, hostile, large, neighbour, outside, report):
        self.server, self.client, self.hostile, self.large = server, client, hostile, large
        self.neighbour, self.outside, self.report = neighbour, outside, report

    def invoke(self, by=None, **event):
        answer = self.client.invoke(FunctionName=by or self.hostile, Payload=json.dumps(event))
        return answer.get("FunctionError"), json.loads(answer["Payload"].read() or b"null")

    @contextlib.contextmanager
    def felt(self, label, wall=""):
        with self.neighbour.during(label, self.report, wall):
            yield
        row = self.report[label]
        assert not row["failures"], "the neighbour was answered wrongly"
        assert row["max_ms"] <= CALL_MS_MAX, f"the neighbour waited: {row}"

    def refused(self, name, label=None, /, control=True, seconds=0.03, **arguments):
        """Inside only what the walls allow; outside something else."""
        act = ACTS[name]
        with self.felt(label or name, act.wall):
            error, payload = self.invoke(act=name, arguments=arguments, seconds=seconds)
        assert error is None and set(payload["answers"]) <= act.inside, payload
        if control and act.control:
            outside = self.outside.ask(act=name, arguments=arguments)
            assert not set(outside) & act.inside, f"outside it is the same, so it proves nothing: {outside}"

    def contained(self, module, name, wall, label=None, /, identity=False, error=None, by=None, **arguments):
        """An act that eats: what it says of itself; the error type if it was ended for it."""
        with self.felt(label or name, wall):
            said, payload = self.invoke(by, module=module, function=name, arguments=arguments, identity=identity)
        resident = self.server.tree()
        assert sum(bytes for bytes, _ in resident.values() if bytes) < SERVER_BYTES_MAX + (MEMORY_MB * 4 + MACHINES_MB << 20), resident
        assert resident[self.server.process.pid][0] < SERVER_BYTES_MAX, "the server ate with it"
        if said:
            assert payload.get("errorType") == error, payload
            return None
        return payload["answer"]


def deploy(client, handler, MemorySize=MEMORY_MB, Timeout=30, **settings):
    code = package(**{path.stem + "__py": path.read_text() for path in ESCAPE.glob("*.py")})
    return function(client, handler=handler, code=code, Timeout=Timeout, MemorySize=MemorySize, **settings)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    (folder / "secret").write_text("the host's")
    world = World(folder)
    world.folder = folder
    yield world
    world.leave()


@pytest.fixture(scope="module")
def server(world, tmp_path_factory):
    """The host is as it was afterwards: nothing runs, nothing is mounted, nothing is changed."""
    before = host_state()
    server = HostileServer(world, tmp_path_factory.mktemp("hostile"), "--allow-host", f"127.0.0.1:{PORT + 1}")
    yield server
    groups, children = server.groups(), [pid for pid in server.tree() if pid != server.process.pid]
    assert groups and children, "there was something to leave behind"
    assert server.stop() == 0
    assert not [group for group in groups if os.path.exists(group)], "control groups are left"
    assert not [pid for pid in children if os.path.exists(f"/proc/{pid}")], "processes are left"
    assert mounts_of(server.data) == []
    after = host_state()
    assert abs(after.pop("clock_s") - before.pop("clock_s")) <= 2 and after == before


@pytest.fixture(scope="module")
def arena(world, server):
    report = {}
    client = server.client()
    folder = os.open("/", os.O_RDONLY)
    outside = Outside(env={**os.environ, "TINDERBOX_ESCAPE_CANARY": "outside"}, pass_fds=[folder])
    os.close(folder)
    handler = "hostile.handler"
    with deploy(client, handler) as hostile, deploy(client, handler, 1_769) as large, deploy(client, "hostile.neighbour") as good:
        client.invoke(FunctionName=good, Payload=json.dumps({"leave": "neighbours-secret", "port": 7_777}))
        neighbour = Neighbour(server, good)
        yield Arena(server, client, hostile, large, neighbour, outside, report)
        neighbour.stop()
    outside.close()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1))


@pytest.mark.parametrize("name", PLAIN)
def test_an_act_is_refused(arena, name):
    arena.refused(name)


# Files and processes of the host and of neighbours.

@pytest.mark.parametrize("name", ["read_a_host_file", "read_a_host_file_by_a_link_in_tmp", "read_a_host_file_by_proc_1_root", "hard_link_to_a_host_file"])
def test_files_of_the_host_are_not_there(arena, world, name):
    database = next(path for path in pathlib.Path(arena.server.data).rglob("*") if path.is_file() and path.stat().st_size)
    for path in [world.folder / "secret", database, BINARY.resolve()]:
        # Init may be closed to root too: another process of the host is the control, below.
        arena.refused(name, f"{name} {path.name}", control="proc_1" not in name, path=str(path))


def test_code_of_another_function_is_not_there(arena):
    found = [path for path in pathlib.Path(arena.server.data).rglob("hostile.py")]
    assert found, "the code cache has it"
    arena.refused("read_a_host_file", "code of another function", path=str(found[0]))


def test_processes_of_the_host_are_not_there(arena):
    for name in ("signal_a_host_process", "pidfd_of_a_host_process"):
        arena.refused(name, pid=arena.server.process.pid)
    for file in ("environ", "mem", "root", "cwd", "maps", "root/etc/passwd"):
        arena.refused("read_of_a_host_process", f"/proc/SERVER/{file}", pid=arena.server.process.pid, file=file)


def test_variables_of_the_server_are_not_seen(arena):
    arena.refused("variables_of_the_server", name="TINDERBOX_ESCAPE_CANARY")


def test_a_neighbours_traces_are_not_seen(arena):
    # The control: where the traces were left, all of them are seen.
    arena.refused("traces_of_a_neighbour", secret="neighbours-secret", control=False)
    with deploy(arena.client, "hostile.handler") as name:
        arena.invoke(name, module="files", function="leave_traces", arguments={"secret": "own-secret"})
        look = {"act": "traces_of_a_neighbour", "arguments": {"secret": "own-secret"}}
        eventually(lambda: arena.invoke(name, **look)[1], lambda seen: seen == {"answers": ["/tmp /dev/shm shm"]})


# The network.

def test_the_way_out_leads_to_other_machines_and_allowed_endpoints(arena):
    """The control of all that follows: the same acts, and they succeed."""
    for host, port in [(BEYOND, PORT), ("host.tinderbox.internal", PORT + 1)]:
        assert arena.invoke(act="connect", arguments={"host": host, "port": port}) == (None, {"answers": ["ok"]}), host
    assert arena.invoke(act="connect_by_name", arguments={"name": "10-66-0-2.evil", "port": PORT})[1] == {"answers": ["ok"]}
    assert arena.invoke(act="datagram", arguments={"host": BEYOND, "port": PORT})[1] == {"answers": ["heard"]}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", HERE, HERE_6, "0.0.0.0", "::", f"::ffff:{HERE}", *METADATA, *(f"::ffff:{a}" for a in METADATA if "." in a)])
def test_the_host_and_metadata_are_not_connected_to(arena, world, host):
    heard = len(world.host.heard)
    arena.refused("connect", f"connect {host}", host=host, port=PORT, control=False, seconds=0.05)
    assert len(world.host.heard) == heard, "somebody came through"
    assert arena.outside.ask(act="connect", arguments={"host": host, "port": PORT}) == ["ok"], "outside it is open"


@pytest.mark.parametrize("host", ["127.0.0.1", HERE, *METADATA])
def test_the_host_and_metadata_hear_no_datagram(arena, host):
    arena.refused("datagram", f"datagram {host}", host=host, port=PORT, seconds=0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", HERE, "0.0.0.0"])
def test_the_servers_own_port_is_not_connected_to(arena, host):
    arena.refused("connect", f"server's port by {host}", host=host, port=arena.server.port, control=False)
    with socket.create_connection(("127.0.0.1", arena.server.port), timeout=5):
        pass  # the control: it listens


def test_names_that_lead_to_the_host_or_to_metadata_do_not_help(arena, world):
    heard = len(world.host.heard)
    names = [f"{a.replace('.', '-')}.evil" for a in ["127.0.0.1", HERE, "0.0.0.0", *(a for a in METADATA if "." in a)]]
    names += [f"six-{socket.inet_pton(socket.AF_INET6, a).hex()}.evil" for a in ["::1", HERE_6, "fd00:ec2::254", f"::ffff:{HERE}", "64:ff9b::a9fe:a9fe"]]
    for name in names:
        arena.refused("connect_by_name", f"name {name}", control=False, name=name, port=PORT, seconds=0)
    assert len(world.host.heard) == heard


def test_unix_sockets_of_the_host_are_not_there(arena, world):
    arena.refused("abstract_unix_socket_of_the_host", name="tinderbox-escape")
    arena.refused("unix_socket_of_the_host", path=str(world.folder / "socket"))


def test_a_neighbours_loopback_is_its_own(arena):
    arena.refused("neighbours_loopback", port=7_777, control=False)
    with deploy(arena.client, "hostile.handler") as name:  # the control: where it listens, it answers
        own = {"module": "network", "function": "listen_where_a_neighbour_might_look", "arguments": {"port": 7_777}}
        arena.client.invoke(FunctionName=name, Payload=json.dumps(own))
        # Until the same environment serves it, which may not have asked for its next event yet.
        eventually(lambda: arena.invoke(name, act="neighbours_loopback", arguments={"port": 7_777})[1], lambda seen: seen == {"answers": ["ok"]})


@pytest.mark.parametrize("name", ["datagram_flood", "connection_flood"])
def test_floods_of_the_network_are_contained(arena, name):
    assert arena.contained("network", name, "egress limits, cpu shares", hosts=[HERE, BEYOND, "169.254.169.254", "192.0.0.3"], seconds=1) > 100


# What eats.

def test_a_fork_bomb_ends_at_the_limit_of_processes(arena):
    name = arena.large  # a thousand interpreters are more than the others' memory
    assert arena.contained("bombs", "forks", "pids limit", by=name) == {"children": pytest.approx(1_000, abs=25), "stopped": "EAGAIN"}
    assert arena.contained("bombs", "forks", "memory limit", "forks with little memory", error="Runtime.OutOfMemory") in (None, "?")
    outside = arena.outside.ask(module="bombs", function="forks", arguments={"most": 1_100, "seconds": 0})
    assert outside == {"children": 1_100, "stopped": "nothing"}


@pytest.mark.parametrize("kind", ["anonymous", "shared", "memfd", "sysv", "page_tables"])
def test_a_memory_bomb_ends_its_own_environment(arena, kind):
    assert arena.contained("bombs", "memory", "memory limit", f"memory {kind}", kind=kind, error="Runtime.OutOfMemory") is None


def test_shared_memory_has_a_size(arena):
    assert arena.contained("bombs", "memory", "sized /dev/shm", "memory dev_shm", kind="dev_shm") == {"eaten_mb": 64, "stopped": "ENOSPC"}


def test_pipes_are_bounded(arena):
    answer = arena.contained("bombs", "pipes", "memory limit, rlimit", error="Runtime.OutOfMemory")
    assert answer is None or answer["eaten_mb"] < MEMORY_MB


@pytest.mark.parametrize("kind", ["tcp", "udp", "unix"])
def test_buffers_of_sockets_are_charged_to_who_fills_them(arena, kind):
    answer = arena.contained("bombs", "sockets", "memory limit", f"sockets {kind}", kind=kind, error="Runtime.OutOfMemory")
    assert answer is None or answer["held_mb"] < MEMORY_MB * 5 // 4, answer
    if kind == "tcp":  # the control: elsewhere they hold what they are given
        assert arena.outside.ask(module="bombs", function="sockets", arguments={"kind": kind, "processes": 2})["held_mb"] > MEMORY_MB * 5 // 4


def test_the_disk_fills_to_its_size(arena):
    assert arena.contained("bombs", "disk", "sized /tmp") == {"eaten_mb": pytest.approx(TMP_MB, rel=0.05), "stopped": "ENOSPC"}
    used = sum(path.stat().st_blocks * 512 for path in pathlib.Path(arena.server.data).rglob("*") if path.is_file())
    assert used < (2 if MICROVM else 1) << 30  # machines keep copies of rooms that wait


def test_a_file_larger_than_memory_is_no_memory(arena):
    assert arena.contained("bombs", "page_cache", "memory limit") == "read"


def test_files_are_bounded_too(arena):
    answer = arena.contained("bombs", "inodes", "inodes of /tmp")
    assert answer["stopped"] == "ENOSPC" and 10_000 < answer["made"] < 100_000


def test_descriptors_are_bounded(arena):
    stopped, opened = arena.contained("bombs", "descriptors", "rlimit")
    assert stopped == "EMFILE" and int(opened) <= 1_024


@pytest.mark.parametrize("kind", ["inotify", "watches", "signals", "timers", "semaphores"])
def test_what_the_kernel_counts_by_user_is_not_shared_with_neighbours(arena, kind):
    """The neighbour asks for some of each in every call."""
    answer = arena.contained("bombs", "per_user", "a user of its own", f"per user {kind}", kind=kind, error="Runtime.OutOfMemory")
    assert answer is None or answer["taken"] > 0, answer


@pytest.mark.parametrize("kind", ["sync", "drop_cache", "fsync", "exec", "threads"])
def test_storms_of_calls_are_contained(arena, kind):
    assert arena.contained("bombs", "storm", "seccomp, cpu shares", f"storm {kind}", kind=kind, seconds=0.7) > 0


def test_burning_is_contained(arena):
    assert arena.contained("bombs", "threads_that_burn", "cpu shares and quota", count=8, seconds=1) == "burnt"


def test_a_storm_of_names_is_contained(arena):
    assert arena.contained("bombs", "names_that_are_not_there", "memory limit", seconds=0.7) > 0


@pytest.mark.parametrize("kind", ["lines", "empty", "endless", "binary", "frames", "frames_endless"])
def test_a_flood_of_logs_is_contained(arena, kind):
    assert arena.contained("bombs", "logs", "bounded events, back pressure", f"logs {kind}", kind=kind, seconds=1) > 0


# The platform's own doors.

def test_answers_for_invocations_that_are_not_ones_own_are_refused(arena):
    with deploy(arena.client, "hostile.handler") as victim, concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(arena.invoke, victim, module="platform", function="wait", arguments={"seconds": 1})
        logs = arena.server.client("logs")

        def started():
            with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
                events = logs.filter_log_events(logGroupName=f"/aws/lambda/{victim}")["events"]
                return [event["message"].split()[2] for event in events if event["message"].startswith("START ")]
        identity = eventually(started, bool)[0]
        answers = arena.contained("platform", "wrong_ids", "one door to an environment", theirs=identity)
        assert set(answers.values()) <= {400, 403, 404, 414}, answers
        assert f"{identity[:40]} response" in answers
        assert waiting.result() == (None, {"answer": "waited"})


def test_the_first_answer_counts(arena):
    with arena.felt("answer_twice", "turnstile"):
        assert arena.invoke(module="platform", function="answer_twice", identity=True) == (None, "first")
    assert arena.contained("platform", "wait", "", "after a second answer", seconds=0) == "waited"


def test_a_body_without_an_end_is_cut(arena):
    arena.contained("platform", "endless_body", "bounded body", identity=True, seconds=2, error="Function.ResponseSizeTooLarge")
    # The caller has its answer at once; the body goes on meanwhile.
    assert arena.contained("platform", "wait", "bounded body", "while the body goes on", seconds=1) == "waited"


def test_a_slow_body_ends_with_its_invocation(arena):
    with deploy(arena.client, "hostile.handler", Timeout=2) as name:
        arena.contained("platform", "slow_body", "deadline", by=name, identity=True, error="Sandbox.Timedout")


@pytest.mark.parametrize("variable", ["AWS_LAMBDA_RUNTIME_API", "AWS_ENDPOINT_URL_LAMBDA"])
def test_many_connections_are_bounded(arena, variable):
    label = f"many_connections {variable}"
    assert arena.contained("platform", "many_connections", "bounded connections", label, most=1_000, seconds=1, variable=variable) >= 900
    assert arena.contained("platform", "wait", "", f"after {label}", seconds=0) == "waited"


def test_heads_that_are_too_long_are_refused(arena):
    answers = arena.contained("platform", "header_bombs", "bounded heads")
    assert answers.pop("fine") == 200
    assert set(answers.values()) <= {None, 400, 404, 405, 413, 414, 431}, answers


def test_answers_that_nobody_reads_wait(arena):
    assert arena.contained("platform", "answers_that_nobody_reads", "back pressure", seconds=1) > 0


def test_the_door_to_the_lambda_api_opens_only_to_its_own(arena):
    other = arena.server.client(key="111122223333")
    with deploy(other, "hostile.handler") as secret:
        own, port = f"/2015-03-31/functions/{arena.hostile}/configuration", arena.server.port
        theirs = f"arn:aws:lambda:eu-central-1:111122223333:function:{secret}"
        forged = {"key": "111122223333", "secret": "test", "token": ""}
        listed = {"method": "GET", "path": "/2015-03-31/functions/"}
        tries = {
            "own": {"method": "GET", "path": own},
            "list": listed,
            "unsigned": "GET /2015-03-31/functions/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "forged": {**listed, **forged},
            "wrong secret": {"method": "GET", "path": own, "secret": "x" * 40},
            "no token": {"method": "GET", "path": own, "token": ""},
            "another's function": {"method": "GET", "path": f"/2015-03-31/functions/{theirs}/configuration"},
            "another's function invoked": {"method": "POST", "path": f"/2015-03-31/functions/{theirs}/invocations", "body": ""},
            "another account by header": {**listed, "headers": {"x-amz-account-id": "111122223333", "x-forwarded-for": "127.0.0.1"}},
            "another host": {**listed, "headers": {"host": f"127.0.0.1:{port}"}},
            "evil host": {**listed, "headers": {"host": "evil.example"}},
            "absolute": f"GET http://127.0.0.1:{port}/2015-03-31/functions/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n",
            "health": {"method": "GET", "path": "/_tinderbox/health"},
            "traces": {"method": "GET", "path": "/_tinderbox/traces/x"},
            "dots": {"method": "GET", "path": "/2015-03-31/../_tinderbox/health"},
            "connect": f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n",
            "two hosts": "GET /2015-03-31/functions/ HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n",
            "logs": {"method": "POST", "path": "/", "body": "{}", "headers": {"x-amz-target": "Logs_20140328.DescribeLogGroups", "content-type": "application/x-amz-json-1.1"}},
        }
        answers = arena.contained("platform", "lambda_door", "scoped credentials, own account", tries=tries)
        assert answers["own"][0] == 200 and arena.hostile in answers["own"][1], answers["own"]
        leaked = {name: answer for name, answer in answers.items() if secret in answer[1] and theirs not in answer[1]}
        assert not leaked, leaked
        refused = {name: status for name, (status, _) in answers.items() if name not in ("own", "list", "another host", "evil host", "another account by header", "logs")}
        assert all(status is None or 400 <= status < 500 for status in refused.values()), refused


@pytest.mark.parametrize("burn", [True, False])
def test_a_daemon_that_outlives_its_invocation_harms_only_itself(arena, burn):
    with deploy(arena.client, "hostile.handler", Timeout=3) as name:
        assert arena.contained("platform", "daemon", "own environment", f"daemon burn={burn}", by=name, burn=burn) == "left"
        with arena.felt(f"after daemon burn={burn}", "cpu quota, freezer"):
            for _ in range(4):
                # Who stole the event answers it, or nobody does: either way it is this function's own loss.
                _, payload = arena.invoke(name, module="platform", function="wait", arguments={"seconds": 0.3})
                assert payload in ({"answer": "waited"}, "from the daemon") or "errorType" in payload, payload
                if burn:
                    assert payload == {"answer": "waited"}


@pytest.mark.parametrize("how", ["all", "init", "limits of init", "stop"])
def test_turning_on_its_own_environment_ends_that_and_no_other(arena, how):
    with deploy(arena.client, "hostile.handler", Timeout=2) as name:
        with arena.felt(f"end {how}", "pid namespace"):
            arena.invoke(name, module="platform", function="end_everything", arguments={"how": how})
        assert arena.contained("platform", "wait", "", f"after end {how}", by=name, seconds=0) == "waited"


# Without root: the same acts against the walls that an ordinary user can make.

USER = 64_123  # owns nothing


rootless_only = pytest.mark.process_only("microVMs need root for their jails")

@pytest.fixture(scope="module")
def rootless(world):
    with open("/proc/sys/user/max_user_namespaces") as most:
        if int(most.read()) == 0:
            pytest.skip("this host forbids unprivileged user namespaces")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tinderbox-rootless-"))
    shutil.copy(BINARY, folder / "tinderbox")
    (folder / "data").mkdir()
    (folder / "secret").write_text("another user's")
    for path in (folder, folder / "data"):
        os.chown(path, USER, USER)
    server = HostileServer(world, folder / "data", binary=folder / "tinderbox", user=USER)
    yield server
    children = [pid for pid in server.tree() if pid != server.process.pid]
    assert server.stop() == 0
    assert children and not [pid for pid in children if os.path.exists(f"/proc/{pid}")], "processes are left"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def hostile(rootless):
    client = rootless.client()
    with deploy(client, "hostile.handler") as name:
        yield lambda **event: json.loads(client.invoke(FunctionName=name, Payload=json.dumps(event))["Payload"].read())


@rootless_only
def test_rootless_acts_are_refused_as_well(hostile, rootless, world):
    out = {}
    for name in PLAIN:
        answers = hostile(act=name)["answers"]
        if not set(answers) <= ACTS[name].inside:
            out[name] = answers
    secret = rootless.data.parent / "secret"
    for name, arguments in [
        ("read_a_host_file", {"path": str(secret)}), ("read_a_host_file", {"path": str(rootless.data)}), ("signal_a_host_process", {"pid": rootless.process.pid}),
        ("read_of_a_host_process", {"pid": rootless.process.pid, "file": "environ"}), ("variables_of_the_server", {"name": "TINDERBOX_ESCAPE_CANARY"}),
        ("connect", {"host": "127.0.0.1", "port": rootless.port}), ("connect", {"host": HERE, "port": PORT}), ("connect", {"host": BEYOND, "port": PORT}),
        ("abstract_unix_socket_of_the_host", {"name": "tinderbox-escape"}), ("unix_socket_of_the_host", {"path": str(world.folder / "socket")}),
    ]:
        answers = hostile(act=name, arguments=arguments)["answers"]
        if not set(answers) <= ACTS[name].inside:
            out[f"{name} {arguments}"] = answers
    assert not out, out


@rootless_only
@pytest.mark.parametrize("name,arguments,stopped", [
    ("forks", {}, "EAGAIN"), ("memory", {"kind": "anonymous"}, "Runtime.OutOfMemory"),
    ("memory", {"kind": "memfd"}, "Runtime.OutOfMemory"), ("disk", {}, "ENOSPC"),
    ("inodes", {}, "ENOSPC"), ("descriptors", {}, "EMFILE"),
])
def test_rootless_bombs_are_contained(hostile, rootless, name, arguments, stopped):
    payload = hostile(module="bombs", function=name, arguments=arguments)
    answer = payload.get("answer") or {"stopped": payload["errorType"]}
    assert (answer[0] if isinstance(answer, list) else answer["stopped"]) in (stopped, "Runtime.OutOfMemory"), payload
    assert hostile(module="platform", function="wait", arguments={"seconds": 0}) == {"answer": "waited"}
