"""A tiny Runtime API: hands out the given invocations, records what a runtime client posts, byte by byte.

Standard library only, on loopback, one client process at a time. After the last invocation `next` is held open (as
the platform does) until the run is over.
"""

import os
import socket
import struct
import subprocess
import tempfile
import threading
import time

REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
DEADLINE_S = 60


class Invocation:
    def __init__(self, body=b"{}", headers=(), drop=()):
        self.body = body
        self.headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": REQUEST_ID,
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 30_000),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:000000000000:function:f",
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        }
        self.headers.update(headers)
        for name in drop:
            del self.headers[name]


class Post:
    def __init__(self, path, headers, body, trailers):
        self.path = path
        self.headers = headers
        self.body = body
        self.trailers = trailers


class Run:
    """What one client process did."""

    def __init__(self):
        self.posts = []
        self.stdout = b""
        self.stderr = b""
        self.frames = []  # (type, message)
        self.exit_code = None  # None: it was still waiting for the next invocation
        self.connections = 0
        self.nexts = 0
        self.restores = 0


class FakeApi:
    def __init__(self, invocations, run, answer_status=202):
        self._waiting = list(invocations)
        self._run = run
        self._answer_status = answer_status
        self.idle = threading.Event()  # every invocation was handed out, and the client asked for more
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        for sock in self._open:
            sock.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._run.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        stream = sock.makefile("rb")
        try:
            while True:
                line = stream.readline()
                if not line:
                    return
                self._one(sock, stream, line)
        except (OSError, ValueError):
            return

    def _one(self, sock, stream, line):
        method, path, _ = line.decode().split(" ")
        headers = read_headers(stream)
        trailers = {}
        if headers.get("expect", "").lower() == "100-continue":
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(stream.readline(), 16)
                if size == 0:
                    trailers = read_headers(stream)
                    break
                body += stream.read(size)
                stream.readline()
        else:
            body = stream.read(int(headers.get("content-length", 0)))
        path = path.replace("/2018-06-01/runtime/", "")
        if method == "GET" and path == "restore/next":
            self._run.restores += 1
            respond(sock, 200, {}, b"")  # restored at once
            return
        if method == "GET":
            self._run.nexts += 1
            if not self._waiting:
                self.idle.set()
                return  # held open: the answer never comes
            invocation = self._waiting.pop(0)
            respond(sock, 200, invocation.headers, invocation.body)
            return
        self._run.posts.append(Post(path, headers, body, trailers))
        respond(sock, self._answer_status, {"Content-Type": "application/json"}, b'{"status":"OK"}\n')


def read_headers(stream):
    headers = {}
    while True:
        line = stream.readline().rstrip(b"\r\n")
        if not line:
            return headers
        name, _, value = line.decode("utf-8").partition(":")
        headers[name.lower()] = value.strip()


def respond(sock, status, headers, body):
    head = "HTTP/1.1 %d Whatever\r\n" % status
    head += "".join("%s: %s\r\n" % pair for pair in headers.items())
    sock.sendall(head.encode("utf-8") + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def read_frames(data):
    frames = []
    while data:
        kind, length, micros = struct.unpack(">IIQ", data[:16])
        assert abs(micros / 1e6 - time.time()) < 3600, "not microseconds since 1970"
        frames.append((kind, data[16 : 16 + length].decode("utf-8")))
        data = data[16 + length :]
    return frames


def run_client(command, folder, handler, invocations, env=(), telemetry=False, answer_status=202, ahead=False):
    """Runs a client until it waits for an invocation that there is not, or exits.

    `ahead`: started without a function, as in a pool, and told of it afterwards.
    """
    run = Run()
    api = FakeApi(invocations, run, answer_status)
    variables = {
        "PATH": os.environ["PATH"],
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": folder,
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef",
    }
    variables.update(env)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as log:
        if telemetry:
            variables["_LAMBDA_TELEMETRY_LOG_FD"] = str(log.fileno())
        pass_fds = [log.fileno()] if telemetry else []
        told = None
        if ahead:
            block = b"".join(b"%s=%s\0" % (name.encode(), value.encode()) for name, value in variables.items() if not name.startswith("_LAMBDA_TELEMETRY"))
            listens, told = os.pipe()
            pass_fds.append(listens)
            known = {name: variables[name] for name in ("PATH", "LANG", "TZ", "_LAMBDA_TELEMETRY_LOG_FD") if name in variables}
            variables = {**known, "TINDERBOX_BIND_FD": str(listens), "TINDERBOX_PAD": "." * 4096}
        process = subprocess.Popen(
            list(command) + [handler],
            cwd="/" if ahead else folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            pass_fds=pass_fds,
        )
        if ahead:
            os.close(listens)
            with open(told, "wb") as pipe:
                pipe.write(block)
        watch_exit = threading.Event()

        def wait():
            process.wait()
            watch_exit.set()
            api.idle.set()

        threading.Thread(target=wait, daemon=True).start()
        try:
            assert api.idle.wait(DEADLINE_S), "the client neither asked for more nor ended"
            if watch_exit.is_set():
                run.exit_code = process.returncode
        finally:
            process.kill()
            process.wait()
            api.close()
        for name, file in (("stdout", out), ("stderr", err), ("frames", log)):
            file.seek(0)
            data = file.read()
            setattr(run, name, read_frames(data) if name == "frames" else data)
    return run
