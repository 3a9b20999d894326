"""Tinderbox's runtime client for Python: the loop between the Runtime API and a function's handler.

CPython 3.8 or newer, standard library only. What a function can observe (context, log lines, error shapes, exit codes,
encoding of answers) follows AWS's published client; `runtimes/tests` runs both and compares.

    start -> load handler --fails--> POST init/error -> exit 1                                    (final)
                 |
                 v
        GET invocation/next -> call handler -> POST response | POST error -> GET invocation/next ...
                                    |
                                    +-- SystemExit, os._exit, a signal: the process ends           (final)

Differences by intent: no warning line about managed runtime updates when the handler cannot be loaded, and an
answer that the platform refuses as too large (413) does not end the process.
"""

import importlib
import json
import logging
import os
import re
import socket
import sys
import time
import traceback

API = "/2018-06-01/runtime/"
CAUSE_BYTES_MAX = 1024 * 1024  # what fits into the X-Ray cause header; a longer one is left out
HEAD_BYTES_MAX = 2 * 1024 * 1024  # a response head longer than this is not the Runtime API's
RECV_BYTES = 64 * 1024
STAMP = "%Y-%m-%dT%H:%M:%SZ"
NBSP = "\u00a0"  # a log viewer trims plain leading spaces; tracebacks keep their indentation with these
FRAME_JSON = 0xA55A0002
FRAME_TEXT = 0xA55A0003
UTF8_SINCE = (3, 12)  # managed runtimes from this version on answer in UTF-8, older ones in \u escapes


class Fault(Exception):
    """A failure that has a name of its own in the Runtime API."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace or []


class RuntimeApiError(Exception):
    """The Runtime API refused a call or went away: nothing is left to do but to exit."""


# ---- JSON ----------------------------------------------------------------------------------------------

_SCALARS = frozenset((str, int, float, bool, type(None)))
_MARK = os.urandom(12).hex()
_MARKED = re.compile('"%s:([^"]*)"' % _MARK)


def _answers_in_utf8():
    found = re.match(r"AWS_Lambda_python(\d+)\.(\d+)$", os.environ.get("AWS_EXECUTION_ENV", ""))
    return bool(found) and (int(found.group(1)), int(found.group(2))) >= UTF8_SINCE


class _Encoder(json.JSONEncoder):
    """`json` with what functions get from the client they know: Decimal as a number.

    The C encoder cannot emit a raw number, so a Decimal leaves as a marked string, and `encode` unwraps it.
    """

    marked = False

    def default(self, o):
        decimal = sys.modules.get("decimal")  # nobody returns one without having imported it
        if decimal is not None and isinstance(o, decimal.Decimal):
            if o.is_nan():
                return float("nan")
            self.marked = True
            return "%s:%s" % (_MARK, o)
        return super().default(o)


def _is_special(value):
    """True if the standard encoder would treat something inside differently: bytes, named tuples."""
    kind = type(value)
    if kind in _SCALARS:
        return False
    if isinstance(value, dict):
        return any(isinstance(key, bytes) or _is_special(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return callable(getattr(value, "_asdict", None)) or any(map(_is_special, value))
    return isinstance(value, bytes)


def _plain(value):
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, dict):
        return {(k.decode("utf-8") if isinstance(k, bytes) else k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple) and callable(getattr(value, "_asdict", None)):
        return _plain(value._asdict())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def to_json(value):
    try:
        if _is_special(value):
            value = _plain(value)
    except RecursionError:
        pass  # circular: the encoder says so in its own words
    encoder = _Encoder(ensure_ascii=not _UTF8)
    text = encoder.encode(value)
    return _MARKED.sub(r"\1", text) if encoder.marked else text


_UTF8 = False  # set once it is known which runtime this is


def marshal(response):
    """The body and its content type."""
    if isinstance(response, bytes):
        return response, "application/unknown"
    try:
        return to_json(response).encode("utf-8"), "application/json"
    except Exception as e:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % e)


def unmarshal(body, content_type):
    if content_type != "application/json":
        return body.decode("utf-8", "replace")
    try:
        return json.loads(body)
    except Exception as e:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % e)


# ---- Runtime API ---------------------------------------------------------------------------------------


class RuntimeApi:
    """HTTP/1.1 over one kept connection. A few lines of it: `http.client` costs more than the rest together."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self._host = host or address
        self._port = int(port) if host else 80
        self._agent = "tinderbox-python/%d.%d.%d" % sys.version_info[:3]
        self._sock = None
        self._rest = b""

    def next(self, path="invocation/next"):
        """Blocks until there is an invocation (or a restore); its headers (lower-case names) and body."""
        status, headers, body = self._call("GET", path)
        if status != 200:
            raise RuntimeApiError("Failed to get %s: status %d, %r" % (path, status, body[:200]))
        return headers, body

    def post(self, path, body, headers):
        """Posts an outcome. Too large is the platform's verdict on this invocation only; else 202 or the end."""
        status, _, answer = self._call("POST", path, body, headers)
        if status not in (202, 413):
            raise RuntimeApiError(
                "Request to Lambda Runtime '%s%s' endpoint failed. Reason: '%d'. Response body: %r"
                % (API, path, status, answer[:200])
            )

    def _call(self, method, path, body=b"", headers=()):
        head = ["%s %s%s HTTP/1.1" % (method, API, path), "Host: %s:%d" % (self._host, self._port)]
        head.append("User-Agent: " + self._agent)
        head.extend("%s: %s" % pair for pair in headers)
        if method == "POST":
            head.append("Content-Length: %d" % len(body))
        message = "\r\n".join(head).encode("utf-8") + b"\r\n\r\n" + body
        kept = self._sock is not None
        try:
            self._send(message)
            return self._receive()
        except (ConnectionError, EOFError):
            self._close()
            # Only `next` may be asked twice: it changes nothing until it answers.
            if not kept or method != "GET":
                raise RuntimeApiError("the Runtime API closed the connection")
        self._send(message)
        return self._receive()

    def _send(self, message):
        if self._sock is None:
            self._sock = socket.create_connection((self._host, self._port))
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._rest = b""
        self._sock.sendall(message)

    def _close(self):
        if self._sock is not None:
            self._sock.close()
        self._sock = None

    def _more(self):
        data = self._sock.recv(RECV_BYTES)
        if not data:
            raise EOFError
        return data

    def _receive(self):
        data = self._rest
        while True:
            end = data.find(b"\r\n\r\n")
            if end >= 0:
                break
            if len(data) > HEAD_BYTES_MAX:
                raise RuntimeApiError("response head too long")
            data += self._more()
        lines = data[:end].decode("utf-8", "replace").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        self._rest = data[end + 4 :]
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks()
        else:
            body = self._exactly(int(headers.get("content-length", 0)))
        if headers.get("connection", "").lower() == "close":
            self._close()
        return int(lines[0].split(" ", 2)[1]), headers, body

    def _exactly(self, count):
        parts, have = [self._rest], len(self._rest)
        while have < count:
            parts.append(self._more())
            have += len(parts[-1])
        data = b"".join(parts)
        self._rest = data[count:]
        return data[:count]

    def _line(self):
        while b"\r\n" not in self._rest:
            self._rest += self._more()
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line

    def _chunks(self):
        parts = []
        while True:
            size = int(self._line().split(b";")[0], 16)
            if size == 0:
                while self._line():
                    pass  # trailers
                return b"".join(parts)
            parts.append(self._exactly(size))
            self._line()


# ---- Logs ----------------------------------------------------------------------------------------------


class StdoutSink:
    """Without a telemetry descriptor: one line of stdout is one event, so an error's lines are joined by \\r."""

    def log(self, text, frame=None):
        sys.stdout.write(text)

    def log_error(self, lines, frame):
        sys.stdout.write("\r".join(lines) + "\n")


class FrameSink:
    """The telemetry descriptor: type, length, microseconds, message; one frame is one event whatever is in it."""

    def __init__(self, fd):
        os.set_inheritable(fd, False)  # frames of a function's child processes would be mixed into ours
        self._file = os.fdopen(fd, "wb", 0)

    def log(self, text, frame=None):
        message = text.encode("utf-8", "backslashreplace")
        head = (frame or FRAME_TEXT).to_bytes(4, "big") + len(message).to_bytes(4, "big")
        rest = memoryview(head + (time.time_ns() // 1000).to_bytes(8, "big") + message)
        while rest:  # a pipe may take a part
            rest = rest[self._file.write(rest) or 0 :]

    def log_error(self, lines, frame):
        self.log("\n".join(lines), frame)


class Flushing:
    """stdout and stderr appear as they are written, in their order, also when the process is killed."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        return iter(self._stream)

    def write(self, text):
        count = self._stream.write(text)
        self._stream.flush()
        return count

    def writelines(self, lines):
        self._stream.writelines(lines)
        self._stream.flush()


class Current:
    """What log lines say about the invocation in progress."""

    request_id = None
    tenant_id = None


def _tens(levelno):
    return min(50, max(0, levelno)) // 10 * 10


def _frame_of(base, levelno):
    """The level rides in the frame's type: 2 for DEBUG to 6 for CRITICAL, shifted by two."""
    level = _tens(levelno) // 10
    return base | ((level + 1) << 2) if level else base


class LambdaHandler(logging.Handler):
    """The root logger's handler. `framed`: the frame's type tells the level (JSON, or a level was configured)."""

    def __init__(self, sink, framed):
        super().__init__()
        self.log_sink = sink
        self._framed = framed

    def emit(self, record):
        try:
            text = self.format(record)
            frame = getattr(record, "_frame_type", None) or _frame_of(FRAME_TEXT, record.levelno)
            self.log_sink.log(text, frame if self._framed else None)
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)


class InvocationFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = Current.request_id or ""
        record.tenant_id = Current.tenant_id
        return True


_RECORD_FIELDS = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "aws_request_id",
    "tenant_id",
    "_frame_type",
    "taskName",
}


class JsonFormatter(logging.Formatter):
    _encode = json.JSONEncoder(ensure_ascii=False, default=str).encode

    def __init__(self):
        super().__init__(datefmt=STAMP)

    def format(self, record):
        record.levelno = _tens(record.levelno)
        record.levelname = logging.getLevelName(record.levelno)
        record._frame_type = _frame_of(FRAME_JSON, record.levelno)
        as_is = isinstance(record.msg, dict) and not record.args
        line = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.msg if as_is else record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            kind, value, tb = record.exc_info
            line["stackTrace"] = traceback.format_tb(tb)
            line["errorType"] = kind.__name__ if kind else None
            line["errorMessage"] = str(value)
        line["requestId"] = getattr(record, "aws_request_id", None)
        if record.exc_info:
            line["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
        line["tenantId"] = getattr(record, "tenant_id", None)
        for key, value in record.__dict__.items():
            if key not in _RECORD_FIELDS:
                line.setdefault(key, value)
        return self._encode({k: v for k, v in line.items() if v is not None}) + "\n"


class Logs:
    """Chosen once at start from the environment; the telemetry descriptor is hidden from the function."""

    def __init__(self, environ):
        fd = environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
        self.sink = StdoutSink() if fd is None else FrameSink(int(fd))
        self._json = environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        level = environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
        self._level = "DEBUG" if level == "TRACE" else level

    def install(self):
        logging.Formatter.converter = time.gmtime
        handler = LambdaHandler(self.sink, framed=self._json or bool(self._level))
        if self._json:
            handler.setFormatter(JsonFormatter())
        else:
            pattern = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
            handler.setFormatter(logging.Formatter(pattern, STAMP[:-1]))
        handler.addFilter(InvocationFilter())
        root = logging.getLogger()
        if self._level in ("NOTSET", "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL"):
            root.setLevel(self._level)
        root.addHandler(handler)

    def error(self, error):
        """One event for a failure of the function."""
        if self._json:
            stamp = time.strftime(STAMP, time.gmtime())
            line = to_json({"timestamp": stamp, "level": "ERROR", **error})
            self.sink.log_error([line], _frame_of(FRAME_JSON, logging.ERROR))
            return
        title = ["[ERROR]"]
        if error["errorType"]:
            title.append(error["errorType"] + (":" if error["errorMessage"] else ""))
        if error["errorMessage"]:
            title.append(error["errorMessage"])
        lines = [" ".join(title), "Traceback (most recent call last):"]
        for entry in error["stackTrace"]:
            for line in entry.splitlines() or [""]:
                text = line.lstrip(" ")
                lines.append(NBSP * (len(line) - len(text)) + text)
        self.sink.log_error(lines, _frame_of(FRAME_TEXT, logging.ERROR))


# ---- Errors --------------------------------------------------------------------------------------------


def _frames(tb):
    """The function's part of a traceback: our own frames at its top say nothing to its author."""
    found = [(f.filename, f.lineno, f.name, f.line) for f in traceback.extract_tb(tb)]
    first = next((i for i, frame in enumerate(found) if frame[0] != __file__), 0)
    return found[first:]


def _error(kind, message, trace, request_id=""):
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def _cause(kind, message, frames):
    """The same failure as X-Ray wants it, for a header."""
    text = to_json(
        {
            "working_directory": os.getcwd(),
            "exceptions": [
                {
                    "message": message,
                    "type": kind,
                    "stack": [{"label": name, "path": path, "line": line} for path, line, name, _ in frames],
                }
            ],
            "paths": sorted({frame[0] for frame in frames}),
        }
    )
    return text if len(text.encode("utf-8", "replace")) < CAUSE_BYTES_MAX else ""


def describe(exception, request_id=""):
    """An exception as (error object, X-Ray cause)."""
    if isinstance(exception, Fault):
        error = _error(exception.kind, exception.message, exception.trace, request_id)
        return error, _cause("LambdaValidationError", exception.message, [])
    kind, message, frames = type(exception).__name__, str(exception), _frames(exception.__traceback__)
    listed = traceback.format_list([traceback.FrameSummary(p, n, name, line=c) for p, n, name, c in frames])
    return _error(kind, message, listed, request_id), _cause(kind, message, frames)


# ---- Context -------------------------------------------------------------------------------------------


class _Record:
    """Named attributes, absent ones None; prints as its parts."""

    __slots__ = ()

    def __init__(self, values):
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self):
        parts = ",".join("%s=%s" % (name, getattr(self, name)) for name in self.__slots__)
        return "%s([%s])" % (type(self).__name__, parts)


class CognitoIdentity(_Record):
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]


class Client(_Record):
    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]


class ClientContext(_Record):
    __slots__ = ["custom", "env", "client"]


def _json_header(headers, name, what):
    text = headers.get(name)
    if not text:
        return None
    try:
        return json.loads(text)
    except Exception as e:
        raise Fault("Runtime.LambdaContextUnmarshalError", "Unable to parse %s JSON: %s" % (what, e))


class LambdaContext:
    def __init__(self, headers):
        environ = os.environ
        client = _json_header(headers, "lambda-runtime-client-context", "Client Context")
        cognito = _json_header(headers, "lambda-runtime-cognito-identity", "Cognito Identity") or {}
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id")
        self.log_group_name = environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        trace = client.pop("w3c", None) if isinstance(client, dict) else None
        self._w3c = {
            name: trace[name]
            for name in ("traceparent", "tracestate", "baggage")
            if isinstance(trace, dict) and isinstance(trace.get(name), str)
        }
        self.client_context = None if client is None else ClientContext(client)
        if self.client_context is not None and self.client_context.client is not None:
            self.client_context.client = Client(self.client_context.client)
        self.identity = CognitoIdentity(
            {
                "cognito_identity_id": cognito.get("cognitoIdentityId"),
                "cognito_identity_pool_id": cognito.get("cognitoIdentityPoolId"),
            }
        )
        self._deadline_ms = int(headers.get("lambda-runtime-deadline-ms", 0))

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def w3c(self):
        """The W3C trace context of this invocation, if the caller sent one."""
        return dict(self._w3c)

    def log(self, message):
        LOGS.sink.log(str(message))

    def __repr__(self):
        names = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb function_version "
            "invoked_function_arn client_context identity tenant_id"
        )
        parts = ",".join("%s=%s" % (name, getattr(self, name)) for name in names.split())
        return "LambdaContext([%s])" % parts


# ---- The loop ------------------------------------------------------------------------------------------


def load(name):
    """The function behind a handler name: `module.function`, where the module may be a path or dotted."""
    module_name, dot, attribute = name.rpartition(".")
    if not dot:
        # The words are those of a failed two-way unpacking; tools look for them.
        text = "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name
        raise Fault("Runtime.MalformedHandlerName", text)
    if module_name.split(".")[0] in sys.builtin_module_names:
        text = "Cannot use built-in module %s as a handler module" % module_name
        raise Fault("Runtime.BuiltInModuleConflict", text)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as e:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, e))
    except SyntaxError as e:
        where = '  File "%s" Line %s\n    %s' % (e.filename, e.lineno, e.text)
        text = "Syntax error in module '%s': %s" % (module_name, e)
        raise Fault("Runtime.UserCodeSyntaxError", text, [where])
    try:
        return getattr(module, attribute)
    except AttributeError:
        text = "Handler '%s' missing on module '%s'" % (attribute, module_name)
        raise Fault("Runtime.HandlerNotFound", text)


def prepare_path(environ):
    """The order managed runtimes have: the package, layers, then what the runtime brings (boto3)."""
    version = "python%d.%d" % sys.version_info[:2]
    here = os.path.dirname(os.path.abspath(__file__))
    first = [environ.get("LAMBDA_TASK_ROOT") or os.getcwd(), "/opt/python/lib/%s/site-packages" % version]
    first += ["/opt/python", here, os.path.join(here, "site-packages")]
    sys.path[:] = first + [entry for entry in sys.path if entry and entry not in first]


def finish_site():
    """Started by -S, so that packages installed on the host stay out: what else `site` does, functions expect."""
    if sys.flags.no_site:
        import site

        site.setquit()
        site.setcopyright()
        site.sethelper()
        site.execsitecustomize()  # of a layer on PYTHONPATH: how tracing agents hook in


def serve_one(api, handler):
    headers, body = api.next()
    if "tinderbox-copied" in headers:  # of a snapshot that the function did not ask for
        __import__("runpy").run_path(os.path.join(os.path.dirname(__file__), "snapstart.py"))["reseed"]()
    request_id = Current.request_id = headers.get("lambda-runtime-aws-request-id", "")
    Current.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
    os.environ.pop("_X_AMZN_TRACE_ID", None)
    if "lambda-runtime-trace-id" in headers:
        os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
    path = "invocation/%s/" % request_id
    echo = [(n, headers[n.lower()]) for n in ("Lambda-Runtime-Invocation-Id",) if n.lower() in headers]
    try:
        context = LambdaContext(headers)
        response = handler(unmarshal(body, headers.get("content-type")), context)
        answer, content_type = marshal(response)
    except Exception as e:
        error, cause = describe(e, request_id)
        LOGS.error(error)
        marks = [("Content-Type", "application/json")]  # no error type header: the platform reads the body
        if cause:
            marks.append(("Lambda-Runtime-Function-XRay-Error-Cause", cause))
        api.post(path + "error", to_json(error).encode("utf-8", "backslashreplace"), marks + echo)
        return
    api.post(path + "response", answer, [("Content-Type", content_type)] + echo)


def main():
    global LOGS, _UTF8
    finish_site()
    if "TINDERBOX_BIND_FD" in os.environ:
        __import__("ahead").wait_for_function()
    sys.stdout, sys.stderr = Flushing(sys.stdout), Flushing(sys.stderr)
    LOGS, _UTF8 = Logs(os.environ), _answers_in_utf8()
    LOGS.install()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    # Before the function's own modules can be found. Imported only where it is needed: it costs a start.
    snap = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start" and __import__("snapstart").hidden()
    prepare_path(os.environ)
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as e:
        error, _ = describe(e)
        LOGS.error(error)
        marks = [("Content-Type", "application/json"), ("Lambda-Runtime-Function-Error-Type", error["errorType"])]
        api.post("init/error", to_json(error).encode("utf-8", "backslashreplace"), marks)
        sys.exit(1)
    if snap:
        snap(api)
    while True:
        serve_one(api, handler)


LOGS = None

if __name__ == "__main__":
    main()
