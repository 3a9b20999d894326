"""What may differ between two clients is made the same: places of their own code, times, their way of HTTP."""

import json
import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")
# The client's own frames: their number and names are its own, only the function's count.
OWN_FILES = re.compile(r"awslambdaric/|runtimes/python/bootstrap\.py|aws-lambda-ric/|runtimes/nodejs/bootstrap\.mjs|node:")
# A line that AWS's prints about managed runtime updates, which there are none of here.
UPDATE_WARNING = re.compile(r"[^\n]*LAMBDA_WARNING: Unhandled exception[^\n]*\n+")
# The file of AWS's client that runs hooks of SnapStart is not among those that it leaves out of its tracebacks.
HOOKS_RUNNER = re.compile(r'[\u00a0 ]*File "[^"\r\n]*lambda_runtime_hooks_runner\.py"[^\r\n]*[\r\n]+[^\r\n]*[\r\n]+')
AS_METHOD = re.compile(r" \[as \w+\]")  # we call a handler bare, AWS's as a method of its own
CALLED_ON = re.compile(r"\bat (?:Runtime\.handler|Loop\.<anonymous>) \(([^)]*)\)")


def text(value):
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    value = HOOKS_RUNNER.sub("", UPDATE_WARNING.sub("", value))
    value = re.sub(r"^Executing '.*\n", "", value)  # AWS's Node.js program says this first
    return TIME.sub("TIME", value)


def strip_frames(line):
    """A console line with a JSON error in it: its stack without the client's frames."""
    start = line.find("{")
    try:
        value = json.loads(line[start:]) if start >= 0 else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return "\r".join(frame(part) for part in line.split("\r") if not own(part))
    return line[:start] + json.dumps(tidy(value), ensure_ascii=False)


def tidy(value):
    if isinstance(value, dict):
        return {key: (frames(item) if key in ("trace", "stack", "stackTrace") else tidy(item)) for key, item in value.items()}
    if isinstance(value, list):
        return [tidy(item) for item in value]
    if isinstance(value, str):
        return "\n".join(frame(line) for line in value.split("\n") if not own(line))
    return value


def frame(line):
    return CALLED_ON.sub(r"at \1", AS_METHOD.sub("", line))


def own(line):
    return OWN_FILES.search(line) is not None


def frames(lines):
    if not isinstance(lines, list):
        return lines
    if lines and isinstance(lines[0], dict):  # X-Ray
        return [entry for entry in lines if entry["path"] not in ("file", "node") and not own(entry["path"])]
    return [frame(line) for line in lines if not own(line)]


def body(post):
    raw = post.body
    if post.headers.get("content-type", "application/json") != "application/json":
        return raw
    try:
        return tidy(json.loads(raw))
    except ValueError:
        return raw


def cause(post):
    found = post.headers.get("lambda-runtime-function-xray-error-cause")
    if not found:
        return None
    value = json.loads(found)
    del value["paths"]
    for exception in value["exceptions"]:
        if "message" in exception:  # a thrown string has none
            exception["message"] = tidy(exception["message"])
        exception["stack"] = [{**e, "label": AS_METHOD.sub("", e["label"])} for e in frames(exception["stack"])]
        for entry in exception["stack"]:
            entry["label"] = "handler" if entry["label"] in ("Runtime.handler", "anonymous", "Loop.<anonymous>") else entry["label"]
    return value


def posts(run):
    shown = []
    for post in run.posts:
        kept = {
            name: post.headers.get(name)
            for name in ("lambda-runtime-function-error-type", "lambda-runtime-function-response-mode")
        }
        if not post.path.startswith(("init/", "restore/")):  # AWS's Python client sends none there
            kept["content-type"] = post.headers.get("content-type")
        trailers = dict(post.trailers)
        told = trailers.pop("lambda-runtime-function-error-body", None)
        if told:
            import base64

            trailers["body"] = tidy(json.loads(base64.b64decode(told)))
        shown.append((post.path, kept, body(post), cause(post), trailers))
    return shown


def lines(output):
    # A line that is a frame of the client's own goes whole: how many there are is its own affair.
    return [strip_frames(line) for line in text(output).split("\n") if line.startswith("TIME") or not own(line)]
