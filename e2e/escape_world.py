"""The world around the escape tests: a small internet of network namespaces, a good neighbour, and what of the
host must stay as it was.

```text
 host's namespace (left alone) │ world: lo, 10.66.0.1, the server, the tests ── veth ── beyond: 10.66.0.2,
                               │ resolver on 127.0.0.1                                   169.254.169.254, fd00:ec2::254
```
The tests' thread and the server live in `world`, so nothing that a wall lets through reaches a real network.
"""
import contextlib
import ctypes
import hashlib
import http.client
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

from conftest import BINARY, ROOT, Server

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_NETWORK, NEW_MOUNTS = 0x40000000, 0x20000
HERE, BEYOND = "10.66.0.1", "10.66.0.2"
HERE_6, BEYOND_6 = "fd66::1", "fd66::2"
METADATA = ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"]
PORT = 8_080
ESCAPE = ROOT / "e2e/escape"
REPORT = ROOT / "target/escape/report.json"


def enter_namespace(fd, kind):
    assert LIBC.setns(fd, kind) == 0, os.strerror(ctypes.get_errno())


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Echo:
    """Says back what it hears, on any number of addresses, and counts who came."""

    def __init__(self):
        self.heard, self.sockets = [], []

    def listen(self, family, address):
        listener = socket.socket(family, socket.SOCK_STREAM)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
        self.sockets.append(listener)
        threading.Thread(target=self._serve, args=(listener, address), daemon=True).start()

    def _serve(self, listener, address):
        while True:
            try:
                peer, _ = listener.accept()
                with peer:
                    self.heard.append(address)
                    peer.settimeout(2)
                    peer.sendall(peer.recv(64))
            except TimeoutError:
                continue
            except OSError:
                if listener.fileno() < 0:
                    return

    def answer_datagrams(self, address, reply=lambda data: data):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        peer = socket.socket(family, socket.SOCK_DGRAM)
        peer.bind(address)
        self.sockets.append(peer)

        def serve():
            while True:
                try:
                    data, sender = peer.recvfrom(2048)
                    peer.sendto(reply(data), sender)
                except OSError:
                    if peer.fileno() < 0:
                        return
        threading.Thread(target=serve, daemon=True).start()

    def close(self):
        for one in self.sockets:
            one.close()


def resolve(question):
    """An attacker's name server: `a-b-c-d.evil` is a.b.c.d, `six-HEX.evil` an IPv6 address."""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode())
        at += 1 + question[at]
    kind = struct.unpack(">H", question[at + 1:at + 3])[0]
    data = b""
    if labels[0].startswith("six-") and kind == 28:
        data = bytes.fromhex(labels[0][4:])
    elif kind == 1 and labels[0].count("-") == 3 and not labels[0].startswith("six-"):
        data = bytes(int(part) for part in labels[0].split("-"))
    answer = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(data)) + data if data else b""
    return question[:2] + b"\x81\x80\0\1" + struct.pack(">H", bool(data)) + b"\0\0\0\0" + question[12:at + 5] + answer


class World:
    """The namespaces; entered by the thread that makes it, and by all threads and processes that it starts."""

    def __init__(self, folder):
        self.before = [(os.open(f"/proc/thread-self/ns/{name}", os.O_RDONLY), kind) for name, kind in [("net", NEW_NETWORK)]]
        assert LIBC.unshare(NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())
        self.beyond = subprocess.Popen(
            [sys.executable, __file__, "beyond"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.beyond.stdout.readline() == "apart\n"
        ip("link", "set", "lo", "up")
        ip("link", "add", "here", "type", "veth", "peer", "name", "beyond", "netns", str(self.beyond.pid))
        ip("address", "add", f"{HERE}/24", "dev", "here")
        ip("address", "add", f"{HERE_6}/64", "dev", "here", "nodad")
        ip("link", "set", "here", "up")
        self.beyond.stdin.write("link\n")
        self.beyond.stdin.flush()
        assert self.beyond.stdout.readline() == "ready\n"
        for address in METADATA + ["default"]:
            via = BEYOND_6 if ":" in address else BEYOND
            ip(*(["-6"] if ":" in address else []), "route", "add", address, "via", via)
        ip("-6", "route", "add", "default", "via", BEYOND_6)
        self.host = Echo()
        for family, address in [
            (socket.AF_INET, ("127.0.0.1", PORT)), (socket.AF_INET6, ("::1", PORT)), (socket.AF_INET, (HERE, PORT)),
            (socket.AF_INET6, (HERE_6, PORT)), (socket.AF_UNIX, "\0tinderbox-escape"), (socket.AF_UNIX, str(folder / "socket")),
            (socket.AF_INET, ("127.0.0.1", PORT + 1)),
        ]:
            self.host.listen(family, address)
        self.host.answer_datagrams(("127.0.0.1", PORT))
        self.host.answer_datagrams((HERE, PORT))
        self.host.answer_datagrams(("127.0.0.1", 53), resolve)
        self.resolver = folder / "resolv.conf"
        self.resolver.write_text("nameserver 127.0.0.1\n")

    def bind_resolver(self):
        """In a child before it becomes something else: the resolver is the world's own."""
        LIBC.unshare(NEW_MOUNTS)
        LIBC.mount(None, b"/", None, 0x4000 | 0x40000, None)
        if LIBC.mount(str(self.resolver).encode(), os.path.realpath("/etc/resolv.conf").encode(), None, 0x1000, None) != 0:
            os._exit(99)

    def leave(self):
        self.host.close()
        self.beyond.stdin.close()
        self.beyond.wait(timeout=10)
        for fd, kind in self.before:
            enter_namespace(fd, kind)
            os.close(fd)


def beyond():
    """The far end: a machine that may be reached, and metadata services that may not."""
    assert LIBC.unshare(NEW_NETWORK) == 0
    print("apart", flush=True)
    sys.stdin.readline()
    ip("link", "set", "lo", "up")
    ip("address", "add", f"{BEYOND}/24", "dev", "beyond")
    ip("address", "add", f"{BEYOND_6}/64", "dev", "beyond", "nodad")
    ip("link", "set", "beyond", "up")
    echo = Echo()
    for address in METADATA:
        ip("address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
    for address in [BEYOND, BEYOND_6, *METADATA]:
        echo.listen(socket.AF_INET6 if ":" in address else socket.AF_INET, (address, PORT))
        echo.answer_datagrams((address, PORT))
    print("ready", flush=True)
    sys.stdin.read()


class Outside:
    """Runs acts in a process of its own where no wall stands."""

    def __init__(self, **settings):
        self.process = subprocess.Popen(
            [sys.executable, "-B", ESCAPE / "hostile.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **settings
        )

    def ask(self, **event):
        self.process.stdin.write(json.dumps(event) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


class Neighbour:
    """Invokes a function of somebody else's, again and again, and keeps what each call took and whether it was right."""

    def __init__(self, server, name):
        self.server, self.name, self.calls, self.ended = server, name, [], threading.Event()
        self.progress = threading.Condition()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        connection, nonce = None, 0
        # Without keys any well-formed credentials are taken on loopback.
        scope = "Credential=test/20260101/eu-central-1/lambda/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}", "X-Amz-Date": "20260101T000000Z"}
        while not self.ended.wait(0.005):
            nonce += 1
            begun = time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
                connection.request("POST", f"/2015-03-31/functions/{self.name}/invocations", json.dumps({"nonce": nonce}), headers)
                answer = connection.getresponse()
                body = answer.read()
                failure = None if (answer.status, body) == (200, b'{"nonce": %d}' % nonce) else f"{answer.status} {body[:300]}"
            except (OSError, http.client.HTTPException) as error:
                failure, connection = repr(error), None
            with self.progress:
                self.calls.append((begun, time.monotonic(), failure))
                self.progress.notify_all()

    @contextlib.contextmanager
    def during(self, name, report, wall=""):
        """Measures what the neighbour felt while the block ran; at least three calls of it."""
        begun = time.monotonic()
        yield
        ended = time.monotonic()
        with self.progress:
            assert self.progress.wait_for(lambda: len(self._felt(begun)) >= 3, timeout=120), "the neighbour hangs"
            felt = [call for call in self._felt(begun) if call[0] <= ended] or self._felt(begun)
        took = sorted((until - since) * 1e3 for since, until, _ in felt)
        failures = [failure for _, _, failure in felt if failure]
        report[name] = {
            "wall": wall, "act_ms": round((ended - begun) * 1e3), "calls": len(felt), "failures": failures[:3],
            "p50_ms": round(took[len(took) // 2], 1), "p99_ms": round(took[min(len(took) - 1, len(took) * 99 // 100)], 1), "max_ms": round(took[-1], 1),
        }

    def _felt(self, begun):
        return [call for call in self.calls if call[1] >= begun]

    def stop(self):
        self.ended.set()
        self.thread.join(timeout=60)


class HostileServer(Server):
    """A server in the world, with the world's resolver."""

    def __init__(self, world, data, *arguments, binary=BINARY, user=None):
        def become():
            world.bind_resolver()
            if user is not None:
                os.chdir("/")
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)

        environment = {**os.environ, "TINDERBOX_ESCAPE_CANARY": "server", "HOME": str(data)}
        super().__init__(data, *arguments, binary=binary, env=environment, preexec_fn=become)

    def tree(self):
        """The server and all that it started that is still there: pid by pid, with resident bytes."""
        found, parents = {}, {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
                fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
                parents[int(pid)] = (int(fields["PPid"]), int(fields.get("VmRSS", "0").split()[0]) * 1024, fields["Name"])
        wanted = [self.process.pid]
        for pid in wanted:
            if pid in parents:
                found[pid] = parents[pid][1:]
            wanted += [child for child, (parent, *_) in parents.items() if parent == pid]
        return found

    def groups(self):
        """Control group folders of this run."""
        texts = [path.read_text() for path in pathlib.Path(self.data, "sandbox").glob("run-*")]
        return [line for text in texts for line in text.splitlines()[1:]]


def host_state():
    """What no function may change: files, settings of the kernel, names, the clock's distance from the steady one."""
    state = {}
    for path in ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/hosts", "/etc/resolv.conf"]:
        with contextlib.suppress(OSError):
            state[path] = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    settings = ["kernel/core_pattern", "kernel/modprobe", "kernel/hostname", "kernel/domainname", "kernel/sysrq", "fs/suid_dumpable", "kernel/random/boot_id"]
    for name in settings:
        with contextlib.suppress(OSError):
            state[name] = pathlib.Path("/proc/sys", name).read_text()
    state["swaps"] = pathlib.Path("/proc/swaps").read_text()
    state["clock_s"] = round(time.time() - time.monotonic())
    return state


def mounts_of(data):
    """Mounts and loop devices that name this data folder, in this mount namespace."""
    with open("/proc/self/mountinfo") as file:
        mounts = [line for line in file if str(data) in line]
    for path in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"):
        with contextlib.suppress(OSError):
            if str(data) in path.read_text():
                mounts.append(str(path))
    return mounts


def print_report(write):
    if not REPORT.exists():
        return
    rows = json.loads(REPORT.read_text())
    write(f"{'act':44} {'wall':34} {'act ms':>7} {'calls':>5} {'p50':>7} {'p99':>7} {'max ms':>8}")
    for name, row in rows.items():
        write(f"{name:44} {row['wall'][:34]:34} {row['act_ms']:7} {row['calls']:5} {row['p50_ms']:7} {row['p99_ms']:7} {row['max_ms']:8}")


if __name__ == "__main__":
    beyond()
