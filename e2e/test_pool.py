"""Cold starts out of the pool: quick, and in nothing that a function can see different from a fresh one."""
import shutil

import pytest

from functions import eventually, function, package, traced

PYTHON = """
import os, sys, random

def handler(event, context):
    limit = "/sys/fs/cgroup/memory.max"
    return {
        "variables": sorted(n for n in os.environ if not n.startswith("AWS_")),
        "initial": sorted(e.split("=")[0] for e in open("/proc/self/environ").read().split("\\0") if e and not e.startswith("AWS_")),
        "command": open("/proc/self/cmdline").read(),
        "folder": os.getcwd(),
        "modules": sorted(sys.modules),
        "path": sys.path,
        "argv": sys.argv,
        "descriptors": sorted(os.path.basename(os.path.realpath("/proc/self/fd/" + fd)).split(":")[0] for fd in os.listdir("/proc/self/fd")),
        "code": sorted(os.listdir("/var/task")),
        "tmp": os.listdir("/tmp"),
        "user": [os.getuid(), os.getgid()],
        "processes": len([p for p in os.listdir("/proc") if p.isdigit()]),
    }

def draw(event, context):
    return [random.random(), os.urandom(8).hex(), hash("x")]
"""

NODEJS = """
const fs = require('fs');
exports.handler = async () => ({
  variables: Object.keys(process.env).filter((n) => !n.startsWith('AWS_')).sort(),
  initial: fs.readFileSync('/proc/self/environ', 'utf8').split('\\0').filter((e) => e && !e.startsWith('AWS_')).map((e) => e.split('=')[0]).sort(),
  command: fs.readFileSync('/proc/self/cmdline', 'utf8'),
  folder: process.cwd(),
  argv: process.argv,
  descriptors: fs.readdirSync('/proc/self/fd').length,
  code: fs.readdirSync('/var/task').sort(),
  tmp: fs.readdirSync('/tmp'),
});
"""


def cold(server, client, name):
    """The answer of a first invocation, and the rooms it went through."""
    error, answer, rooms = traced(server, client, name)
    assert error is None, answer
    return answer, rooms


def once(server, client, **settings):
    with function(client, **settings) as name:
        return cold(server, client, name)


@pytest.fixture(scope="module")
def pooling(server):
    """In the server's own region, where traces are asked for without naming one."""
    return server.client(region="us-east-1")


def from_pool(server, client, **settings):
    """A start out of the pool, which fills in the background after a kind's first use."""
    return eventually(lambda: once(server, client, **settings), lambda found: "pool.bind" in found[1])


PY = dict(runtime="python3.11", handler="app.handler", code=package(app__py=PYTHON))
JS = dict(runtime="nodejs20.x", handler="index.handler", code=package(index__js=NODEJS))
JS_HERE = pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")


@pytest.mark.parametrize("settings", [PY, pytest.param(JS, marks=JS_HERE)], ids=["python", "nodejs"])
def test_a_pooled_start_is_in_nothing_different_from_a_fresh_one(server, pooling, settings):
    fresh, rooms = once(server, pooling, **settings, EphemeralStorage={"Size": 513})
    assert "sandbox.boot" in rooms, "another size of /tmp is not in the pool"
    pooled, _ = from_pool(server, pooling, **settings)
    assert pooled == fresh


def test_two_pooled_starts_draw_different_numbers(server, pooling):
    settings = {**PY, "handler": "app.draw"}
    (one, _), (other, _) = (from_pool(server, pooling, **settings) for _ in range(2))
    assert all(a != b for a, b in zip(one, other)), (one, other)


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "LD_PRELOAD", "MALLOC_ARENA_MAX", "TZ", "LANG"])
def test_what_is_read_at_exec_is_read_at_exec(server, pooling, name):
    value = {"LD_PRELOAD": "", "TZ": "Asia/Tokyo", "LANG": "C.UTF-8"}.get(name, "1")
    from_pool(server, pooling, **PY)
    code = package(app__py=f"import os\ndef handler(e, c): return open('/proc/self/environ').read().split(chr(0)).count('{name}={value}')")
    counted, rooms = once(server, pooling, **{**PY, "code": code}, Environment={"Variables": {name: value}})
    # Not even where walls come from the pool is the program in them started before its variables are known.
    assert counted == 1 and "runtime.start" in rooms


def test_an_executable_finds_the_walls_ready(server, pooling):
    script = "#!/bin/sh\nexit 7\n"
    settings = dict(runtime="provided.al2023", handler="x", code=package(bootstrap=script))

    def rooms():
        with function(pooling, **settings) as name:
            error, answer, rooms = traced(server, pooling, name)
            assert error and answer["errorType"] == "Runtime.ExitError"
            return rooms

    eventually(rooms, lambda rooms: "pool.bind" in rooms)
