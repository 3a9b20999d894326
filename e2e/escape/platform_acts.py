"""Acts on the two doors of an environment: the Runtime API and the Lambda API."""
import hashlib
import hmac
import os
import resource
import select
import signal
import socket
import time
import urllib.parse

API = "/2018-06-01/runtime"


def door(variable="AWS_LAMBDA_RUNTIME_API"):
    host, port = os.environ[variable].removeprefix("http://").rstrip("/").split(":")
    return host, int(port)


def said(request, where=None, timeout=5.0):
    """Sends bytes and reads one answer to its end, as far as it comes: (status or None, body)."""
    with socket.create_connection(where or door(), timeout=timeout) as peer:
        try:
            peer.sendall(request)
        except OSError:
            pass  # it may have been refused before its end
        return answer_of(peer)


def answer_of(peer):
    read = b""
    try:
        while b"\r\n\r\n" not in read:
            part = peer.recv(65536)
            if not part:
                return None, ""
            read += part
        head, body = read.split(b"\r\n\r\n", 1)
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), None)
        while length is None or len(body) < length:
            part = peer.recv(65536)
            if not part:
                break
            body += part
        return int(head.split()[1]), body.decode(errors="replace")
    except OSError:
        return None, ""


def post(path, body=b"{}", headers=""):
    head = f"POST {API}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def wait(seconds):
    select.select([], [], [], seconds)
    return "waited"


def end_everything(how):
    """Turns against whatever is in its own environment, its init too."""
    if how == "all":
        os.kill(-1, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "init":
        for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGTERM):
            os.kill(1, number)
    if how == "limits of init":
        for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU, resource.RLIMIT_AS):
            try:
                resource.prlimit(1, limit, (0, 0))
            except PermissionError:
                pass
    if how == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    return how


def wrong_ids(theirs):
    """Answers for invocations that are not this one's: made up, malformed, a neighbour's."""
    answers = {}
    for name in ("00000000-0000-0000-0000-000000000000", "x", "..", "%2e%2e%2f", "a" * 5_000, theirs):
        for way in ("response", "error"):
            answers[f"{name[:40]} {way}"] = said(post(f"/invocation/{name}/{way}"))[0]
    answers["init error"] = said(post("/init/error"))[0]
    return answers


def answer_twice(identity):
    """The first answer counts; the second is refused, and so is what the runtime says in the end."""
    return [said(post(f"/invocation/{identity}/response", b'"first"'))[0], said(post(f"/invocation/{identity}/response", b'"second"'))[0]]


def endless_body(identity, seconds):
    """A body without an end; returns while it is still being sent only if the platform closed it."""
    sent, until = 0, time.monotonic() + seconds
    with socket.create_connection(door(), timeout=2) as peer:
        peer.sendall(f"POST {API}/invocation/{identity}/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        try:
            while time.monotonic() < until:
                peer.sendall(chunk)
                sent += 65536
        except OSError:
            pass
    return sent


def slow_body(identity):
    """A byte now and then, until the invocation's own time is over."""
    with socket.create_connection(door(), timeout=60) as peer:
        peer.sendall(f"POST {API}/invocation/{identity}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n".encode())
        while True:
            peer.sendall(b"x")
            select.select([], [], [], 0.05)


def many_connections(most, seconds, variable="AWS_LAMBDA_RUNTIME_API"):
    """Connections that say half a word and stay."""
    held = []
    try:
        while len(held) < most:
            peer = socket.socket()
            held.append(peer)
            peer.setblocking(False)
            peer.connect_ex(door(variable))
    except OSError:
        pass
    for peer in held:
        try:
            peer.send(b"GET /2018-06-01/ping HTTP/1.1\r\nHost: ")
        except OSError:
            pass
    select.select([], [], [], seconds)
    for peer in held:
        peer.close()
    return len(held)


def header_bombs():
    """Heads that are too long in every way; each is refused or cut off, none is served."""
    line = b"GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n"
    many = b"".join(b"H%d: x\r\n" % n for n in range(100_000))
    bombs = {
        "long value": line + b"X: " + b"x" * (4 << 20) + b"\r\n\r\n",
        "many headers": line + many + b"\r\n",
        "long path": b"GET /" + b"x" * (4 << 20) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "endless head": line + b"X: x\r\n" * 700_000,
        "two lengths": b"POST /2018-06-01/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 9\r\n\r\nx",
        "negative length": b"POST /2018-06-01/ping HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "smuggled": b"POST /2018-06-01/ping HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x, chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "garbage": os.urandom(1 << 16) + b"\r\n\r\n",
    }
    answers = {name: said(bomb, timeout=3)[0] for name, bomb in bombs.items()}
    answers["fine"] = said(b"GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[0]
    return answers


def answers_that_nobody_reads(seconds):
    """Thousands of questions on one connection, no answer read."""
    asked, until = 0, time.monotonic() + seconds
    with socket.create_connection(door()) as peer:
        peer.settimeout(0.2)
        while time.monotonic() < until:
            try:
                asked += peer.send(b"GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
            except OSError:
                pass
    return asked


def signed(method, path, body=b"", key=None, secret=None, token=None, region=None, headers=()):
    """A request to the Lambda API with SigV4, by this environment's credentials unless others are given."""
    variables = os.environ
    key, secret = key or variables["AWS_ACCESS_KEY_ID"], secret or variables["AWS_SECRET_ACCESS_KEY"]
    token = variables["AWS_SESSION_TOKEN"] if token is None else token
    region = region or variables["AWS_REGION"]
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    all_headers = {"host": "%s:%d" % door("AWS_ENDPOINT_URL_LAMBDA"), "x-amz-date": stamp, **dict(headers)}
    if token:
        all_headers["x-amz-security-token"] = token
    names = ";".join(sorted(all_headers))
    canonical = "".join(f"{name}:{all_headers[name]}\n" for name in sorted(all_headers))
    path, _, query = path.partition("?")
    digest = hashlib.sha256(body).hexdigest()
    request = "\n".join([method, urllib.parse.quote(path), query, canonical, names, digest])
    scope = f"{stamp[:8]}/{region}/lambda/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    mac = ("AWS4" + secret).encode()
    for part in (*scope.split("/"), text):
        mac = hmac.new(mac, part.encode(), hashlib.sha256).digest()
    all_headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={mac.hex()}"
    lines = "".join(f"{name}: {value}\r\n" for name, value in all_headers.items())
    target = path + ("?" + query if query else "")
    return f"{method} {target} HTTP/1.1\r\n{lines}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body


def lambda_door(tries):
    """What the door to the Lambda API answers: each try is the arguments of `signed`, or a request as it stands."""
    answers = {}
    for name, wanted in tries.items():
        if isinstance(wanted, dict):
            wanted = signed(**{**wanted, "body": wanted.get("body", "").encode()}).decode("latin-1")
        request = wanted.encode("latin-1")
        answers[name] = said(request, door("AWS_ENDPOINT_URL_LAMBDA"))
    return answers


def daemon(burn):
    """Outlives the invocation: burns, or asks for the next event and answers it falsely."""
    if os.fork() != 0:
        return "left"
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    if burn:
        while True:
            pass
    while True:
        try:
            with socket.create_connection(door()) as peer:
                peer.sendall(f"GET {API}/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                head = peer.recv(65536).decode(errors="replace").lower()
            found = [line.split(":")[1].strip() for line in head.split("\r\n") if line.startswith("lambda-runtime-aws-request-id")]
            for identity in found:
                said(post(f"/invocation/{identity}/response", b'"from the daemon"'))
        except OSError:
            pass
        select.select([], [], [], 0.01)
