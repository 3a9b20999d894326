"""Snapshots that are really restored: rooms that wait, and versions after init. On each microVM backend that is there.

Firecracker is named by TINDERBOX_FIRECRACKER and TINDERBOX_JAILER with TINDERBOX_GUEST_KERNEL (and, where /dev/kvm is a
software one, TINDERBOX_GUEST_CPU_TEMPLATE and TINDERBOX_GUEST_BOOT_ARGS); QEMU's kernel is TINDERBOX_TEST_KERNEL or that of
e2e/tools.sh. What is missing is said, and passed over.
"""
import concurrent.futures
import contextlib
import json
import os
import shutil
import time
import uuid

import pytest

from conftest import TOOLS, Server
from functions import ROLE, eventually, function, package, traced
from test_snapstart import ON, invoke, publish, streams

LEFT_OUT = ["/usr/share", "/usr/include", "/usr/lib/jvm", "/usr/lib/gcc"]
SLOW = '''
import os, random, time, uuid
time.sleep(2)
drawn = [uuid.uuid4().hex, random.random()]
def handler(event, context):
    return {"init": drawn, "now": [uuid.uuid4().hex, random.random(), os.urandom(8).hex()], "time": time.time(),
            "id": context.aws_request_id,
            "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "slept": time.sleep((event or {}).get("sleep", 0))}
'''
# What the first start of a runtime leaves: a booted machine, and a room in which the runtime waits.
LAYERS = 2
ROOM_IN_A_COPY = "sandbox.restore.walls"
BASH = '''#!/bin/bash
call() {
    exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}"
    printf '%s /2018-06-01/runtime/invocation/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %s\r\n\r\n%s' "$1" "$2" "${#3}" "$3" >&3
    cat <&3
}
while true; do
    id=$(call GET next "" | grep -i '^lambda-runtime-aws-request-id:' | tr -d '\r' | cut -d' ' -f2)
    call POST "$id/response" "[\\"$(cat /proc/sys/kernel/random/uuid)\\", \\"$(cat /proc/sys/kernel/random/boot_id)\\", \\"$(date +%s)\\"]" > /dev/null
done
'''
HELLO = "def handler(event, context): return open('/var/task/app.py').read() and event"


def firecracker():
    named = [os.environ.get(name) for name in ("TINDERBOX_FIRECRACKER", "TINDERBOX_JAILER", "TINDERBOX_GUEST_KERNEL")]
    if not all(named) or not os.access("/dev/kvm", os.W_OK):
        pytest.skip("no Firecracker is named, or no /dev/kvm")
    more = []
    if template := os.environ.get("TINDERBOX_GUEST_CPU_TEMPLATE"):
        more += ["--cpu-template", template]
    if arguments := os.environ.get("TINDERBOX_GUEST_BOOT_ARGS"):
        more += [f"--boot-arguments={arguments}"]
    return ["--sandbox", "firecracker", "--kernel", named[2], *more]


def qemu():
    kernel = os.environ.get("TINDERBOX_TEST_KERNEL", TOOLS / "kernel")
    if not shutil.which("qemu-system-x86_64") or not os.path.exists(kernel):
        pytest.skip("no qemu-system-x86_64, or no kernel for it")
    return ["--sandbox", "qemu", "--kernel", kernel]


@pytest.fixture(scope="module", params=[firecracker, qemu], ids=lambda backend: backend.__name__)
def machines(request, tmp_path_factory):
    """A server whose environments are machines; images are made once for the module's servers."""
    leave_out = [word for path in LEFT_OUT for word in ("--leave-out", path)]
    assets = ["--assets", tmp_path_factory.getbasetemp() / "assets"]
    server = Server(tmp_path_factory.mktemp("data"), *request.param(), *leave_out, *assets)
    yield server
    assert server.stop() == 0


def rooms(server):
    found = list((server.data / "snapshots/rooms").iterdir())
    return [path for path in found if path.suffix != ".unfinished"]


@contextlib.contextmanager
def lasting(server):
    """A version with SnapStart that outlives its server's port."""
    client = server.client()
    name = f"f-{uuid.uuid4().hex[:12]}"
    settings = dict(Runtime="python3.11", Handler="app.handler", Role=ROLE, MemorySize=160, Timeout=60, SnapStart=ON)
    client.create_function(FunctionName=name, Code={"ZipFile": package(app__py=SLOW)}, **settings)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    publish(client, name)
    yield name
    server.client().delete_function(FunctionName=name)


def test_the_second_function_of_a_kind_begins_in_a_copy_of_a_room_that_waited(machines):
    client = machines.client(region="us-east-1")  # the server's own, for traces
    settings = dict(runtime="python3.11", MemorySize=160, Timeout=60)
    before = len(rooms(machines))
    with function(client, **settings, code=package(app__py=HELLO)) as name:
        error, answer, _ = invoke(client, name, {"first": 1}, "$LATEST")
        assert (error, answer) == (None, {"first": 1})
    eventually(lambda: len(rooms(machines)), lambda found: found == before + LAYERS, seconds=120)
    for size in (512, 700):
        with function(client, **settings, EphemeralStorage={"Size": size}, code=package(app__py=HELLO + f" or {size}")) as name:
            error, _, seen = traced(machines, client, name)
            assert error is None and "sandbox.restore" in seen and "sandbox.boot" not in seen, seen
    assert len(rooms(machines)) == before + LAYERS, "/tmp is each copy's own"


def test_a_runtime_that_does_not_wait_begins_in_a_copy_of_a_booted_machine(machines):
    client = machines.client(region="us-east-1")
    settings = dict(runtime="provided.al2023", handler="x", MemorySize=160, Timeout=60)
    if not rooms(machines):
        with function(client, **settings, code=package(bootstrap=BASH)) as name:
            assert invoke(client, name, {}, "$LATEST")[0] is None
        eventually(lambda: rooms(machines), lambda found: found, seconds=120)
    drawn = []
    for turn in range(2):
        with function(client, **settings, code=package(bootstrap=BASH + f"# {turn}")) as name:
            error, (*numbers, now), seen = traced(machines, client, name)
            assert error is None and ROOM_IN_A_COPY in seen and "sandbox.boot" not in seen, seen
            assert abs(int(now) - time.time()) < 10, "the clock is right"
            drawn += numbers
    assert len(set(drawn)) == 4, "no two copies draw the same"


def test_a_version_with_snap_start_begins_after_init_again_and_again_and_copies_differ(machines):
    client = machines.client()
    code = package(app__py=SLOW)
    with function(client, runtime="python3.11", MemorySize=160, Timeout=60, SnapStart=ON, code=code) as name:
        publish(client, name)
        asked = time.time()
        error, first, log = invoke(client, name)
        assert error is None and first["type"] == "snap-start"
        assert "RESTORE_START" in log or "Restore Duration" in log, log
        assert abs(first["time"] - asked) < 10, "the clock is right"
        with concurrent.futures.ThreadPoolExecutor(3) as many:
            copies = list(many.map(lambda _: invoke(client, name, {"sleep": 3}), range(3)))
        assert [error for error, _, _ in copies] == [None] * 3
        answers = [first] + [answer for _, answer, _ in copies]
        assert len({json.dumps(answer["init"]) for answer in answers}) == 1, "init is one"
        for part in range(3):
            assert len({answer["now"][part] for answer in answers}) == 4, "what is drawn after it is not"
        assert len({answer["id"] for answer in answers}) == 4
        restored = lambda: [lines for lines in streams(machines, name).values() if "RESTORE_START" in "".join(lines)]
        eventually(restored, lambda found: len(found) >= 3)
    # Its record goes with it.
    eventually(lambda: list((machines.data / "snapshots/functions").iterdir()), lambda found: not found, seconds=60)


NODE = '''
const crypto = require("crypto");
const drawn = crypto.randomBytes(8).toString("hex");
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
exports.handler = async (event) => { await sleep(event.ms ?? 0); return [drawn, crypto.randomUUID(), crypto.randomBytes(8).toString("hex"), Math.random()]; };
'''


@pytest.mark.skipif(not shutil.which("node"), reason="no Node.js")
def test_copies_of_one_waiting_room_of_nodejs_draw_different_random_numbers(machines):
    client = machines.client()
    before = len(rooms(machines))
    answers = []
    for turn in range(4):
        settings = dict(runtime="nodejs20.x", handler="index.handler", MemorySize=192, Timeout=60)
        with function(client, **settings, code=package(index__js=NODE)) as name:
            error, answer, _ = invoke(client, name, {}, "$LATEST")
            assert error is None
            answers += answer
        if turn == 0:
            eventually(lambda: len(rooms(machines)), lambda found: found == before + 1, seconds=120)
    assert len(set(answers)) == len(answers), answers


@pytest.mark.skipif(not shutil.which("node"), reason="no Node.js")
def test_environments_of_one_version_of_nodejs_share_nothing_that_was_drawn(machines):
    client = machines.client()
    settings = dict(runtime="nodejs20.x", handler="index.handler", MemorySize=192, Timeout=60, SnapStart=ON)
    with function(client, **settings, code=package(index__js=NODE)) as name:
        publish(client, name)
        with concurrent.futures.ThreadPoolExecutor(3) as many:
            answers = [answer for _, part, _ in many.map(lambda _: invoke(client, name, {"ms": 3000}), range(3)) for answer in part]
    assert len(set(answers)) == 12, answers


def test_every_version_is_copied_where_the_operator_says_so(machines, tmp_path):
    unasked = Server(tmp_path, *machines.arguments, "--snapshots", "every-version")
    try:
        client = unasked.client()
        with function(client, runtime="python3.11", MemorySize=160, Timeout=60, code=package(app__py=SLOW.replace("time.sleep(2)", ""))) as name:
            first = invoke(client, name, {}, "$LATEST")[1]
            eventually(lambda: list((unasked.data / "snapshots/functions").iterdir()), lambda found: found, seconds=240)
            # The record is there a moment before the server takes copies of it (a disk writes the memory): who comes in between
            # boots. So each round asks for more environments than there are.
            for at_once in (3, 6, 9, 12):
                with concurrent.futures.ThreadPoolExecutor(at_once) as many:
                    copies = [answer for _, answer, _ in many.map(lambda _: invoke(client, name, {"sleep": 6}, "$LATEST"), range(at_once))]
                assert {answer["type"] for answer in [first, *copies]} == {"on-demand"}
                for part in range(3):
                    assert len({answer["now"][part] for answer in copies}) == at_once, "what is drawn afterwards differs"
                if len({json.dumps(answer["init"]) for answer in copies}) < at_once:
                    break
            else:
                pytest.fail("no two of them are copies")
    finally:
        assert unasked.stop() == 0


TENANT = '''
import glob, json, os
SECRET = "tenants-" + "secret-" * 3 + "%s"
held = [SECRET + str(n) for n in range(5000)]  # in memory, and so in what is written down of it
def attempt(path):
    try:
        with open(path, "rb") as file:
            return file.read(64).hex() or "empty"
    except OSError as error:
        return type(error).__name__
def handler(event, context):
    return {path: attempt(path) for path in event.get("paths", []) + glob.glob("/dev/vd*") + glob.glob("/dev/vport*")}
'''


def test_a_snapshot_of_another_tenant_is_reached_neither_from_inside_nor_by_the_api_nor_by_its_chunks(machines, tmp_path):
    """Two accounts with the very same code: what one has written down is neither found nor shared by the other."""
    keys = tmp_path / "keys"
    keys.touch(mode=0o600)
    keys.write_text("ONE one-secret 111111111111\nTWO two-secret 222222222222\n")
    server = Server(tmp_path / "data", *machines.arguments, "--credentials", keys)
    try:
        one, two = (server.client(key=name, secret=f"{name.lower()}-secret") for name in ("ONE", "TWO"))
        stored = server.data / "snapshots"
        settings = dict(runtime="python3.11", MemorySize=160, Timeout=60, SnapStart=ON, code=package(app__py=TENANT % "x"))

        def chunks():
            return {path.relative_to(stored): path.read_bytes() for path in (stored / "chunks").rglob("*") if path.is_file()}

        with function(one, **settings) as victim:
            publish(one, victim)
            arn = one.get_function_configuration(FunctionName=victim, Qualifier="1")["FunctionArn"]
            before = chunks()
            with function(two, **settings) as attacker:
                publish(two, attacker)
                after = chunks()
                new = {path: after[path] for path in after.keys() - before.keys()}
                # As many again: nothing of the first account's was of use to the second, and nothing tells that they are equal.
                assert len(new) > len(before) // 2 and not set(new.values()) & set(before.values())
                assert not any(b"tenants-secret-" in content for content in after.values()), "sealed"
                assert not {path.name for path in new} & {path.name for path in before}
                # From inside, by every path that there is to it on the host, in the monitor's jail, or as a device.
                memory = [str(path) for folder in ("memory", "chunks", "functions", "key") for path in [stored / folder, *(stored / folder).rglob("*")]]
                jail = ["/memory", "/state", "/memory.new", "/state.new", "/channel", "/vdh", "/proc/1/root/memory", "/dev/mem", "/proc/kcore"]
                error, seen, _ = invoke(two, attacker, {"paths": memory[:200] + jail})
                assert error is None and set(seen) >= {*memory[:200], *jail}
                # /proc/kcore is a hole.
                refused = {"FileNotFoundError", "PermissionError", "NotADirectoryError", "IsADirectoryError", "empty"}
                assert set(seen.values()) <= refused and "FileNotFoundError" in seen.values(), seen
                # The control: these paths lead to the first one's memory.
                assert any(b"tenants-secret-" in path.read_bytes() for path in (stored / "memory").iterdir())
                # By the API, by its name and by its number.
                for reach in (two.get_function, two.get_function_configuration, two.invoke):
                    with pytest.raises(two.exceptions.ClientError) as refusal:
                        reach(FunctionName=arn)
                    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404), refusal.value
        eventually(lambda: list((stored / "functions").iterdir()), lambda found: not found, seconds=60)
    finally:
        assert server.stop() == 0


def test_a_damaged_snapshot_is_replaced_and_the_function_serves_meanwhile(machines):
    with lasting(machines) as name:
        assert machines.stop() == 0
        memory = machines.data / "snapshots/memory"
        for path in memory.iterdir():
            path.unlink()  # so that chunks are asked for
        for path in (machines.data / "snapshots/chunks").rglob("*"):
            if path.is_file():
                path.write_bytes(b"?" + path.read_bytes()[1:])
        machines.start()
        client = machines.client()
        error, answer, _ = invoke(client, name)
        assert error is None and answer["type"] == "snap-start"
        eventually(lambda: list(memory.iterdir()), lambda found: found, seconds=120)


def test_what_is_kept_is_there_after_a_kill_and_nothing_half_made_is(machines):
    with lasting(machines) as name:
        _, before, _ = invoke(machines.client(), name)
        machines.process.kill()
        machines.process.wait(timeout=60)
        half = machines.data / "snapshots/rooms" / ("ab" * 32 + "." + "cd" * 16 + ".unfinished")
        half.mkdir(parents=True)
        (machines.data / "snapshots/work/half").mkdir()
        machines.start()
        assert not half.exists() and not (machines.data / "snapshots/work/half").exists()
        error, answer, _ = invoke(machines.client(), name)
        assert error is None and answer["init"] == before["init"], "init was not run again"
