"""Functions that the tests deploy."""
import contextlib
import io
import json
import time
import urllib.request
import uuid
import zipfile

from conftest import TIME_FACTOR

ROLE = "arn:aws:iam::000000000000:role/any"

PYTHON = '''
import json, os, sys, time
print("loaded")
def handler(event, context):
    do = event.get("do")
    print("asked to", do)
    if do == "raise": raise ValueError("no")
    if do == "sleep": time.sleep(event["seconds"])
    if do == "exit": os._exit(event["code"])
    if do == "memory":
        hoard = []
        while True: hoard.append(bytearray(1 << 20))
    if do == "large": return "x" * 6291557
    if do == "variables": return dict(os.environ)
    if do == "context":
        return {"id": context.aws_request_id, "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis(),
                "name": context.function_name, "version": context.function_version, "memory": context.memory_limit_in_mb}
    if do == "look": return {path: os.path.exists(path) for path in event["paths"]}
    if do == "write":
        open(event["path"], "w").write("x"); return "written"
    return {"echo": event, "pid": os.getpid(), "uid": os.getuid()}
'''

NODEJS = '''
exports.handler = async (event) => ({ hello: event.name ?? "world" });
exports.streaming = awslambda.streamifyResponse(async (event, stream) => {
  for (let i = 0; i < 3; i++) { stream.write(`part ${i};`); await new Promise((r) => setTimeout(r, 20)); }
  stream.end();
});
'''


def package(**files):
    """A zip; `name__ext` becomes `name.ext`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name.replace("__", "."))
            info.external_attr = 0o755 << 16
            archive.writestr(info, text)
    return out.getvalue()


@contextlib.contextmanager
def function(client, runtime="python3.11", handler="app.handler", code=None, exactly=False, **settings):
    """A function that is active inside the block and gone after it. Its Timeout is as long on slow machines as on quick
    ones in what it leaves room for, unless `exactly`."""
    name = f"f-{uuid.uuid4().hex[:12]}"
    code = code or package(app__py=PYTHON)
    if TIME_FACTOR > 1 and not exactly:
        settings["Timeout"] = min(900, settings.get("Timeout", 3) * TIME_FACTOR)
    client.create_function(
        FunctionName=name, Runtime=runtime, Role=ROLE, Handler=handler, Code={"ZipFile": code}, **settings
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    try:
        yield name
    finally:
        client.delete_function(FunctionName=name)


def eventually(read, good, seconds=30):
    """What `read` gives once it is `good`: for what is true soon after an answer, not before it."""
    deadline = time.monotonic() + seconds * TIME_FACTOR
    while not good(found := read()):
        assert time.monotonic() < deadline, f"not so within {seconds} s: {found}"
        time.sleep(0.02)
    return found


def traced(server, client, name):
    """An invocation's error, its answer, and the rooms it went through. `client` is of the server's own region."""
    mark = lambda params, **_: params["headers"].__setitem__("X-Tinderbox-Trace", "1")
    client.meta.events.register("before-call.lambda.Invoke", mark)
    try:
        answer = client.invoke(FunctionName=name)
    finally:
        client.meta.events.unregister("before-call.lambda.Invoke", mark)
    trace = urllib.request.urlopen(f"{server.endpoint}/_tinderbox/traces/{answer['ResponseMetadata']['RequestId']}")
    rooms = [span["room"] for span in json.load(trace)["spans"]]
    return answer.get("FunctionError"), json.loads(answer["Payload"].read()), rooms
