# A runtime client and function in one: the event names what it does.
import http.client, json, os, sys, time, base64
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
print("module code", flush=True)
mode = os.environ.get("MODE", "")
def post(conn, path, body, headers={}):
    conn.request("POST", "/2018-06-01/runtime/" + path, body, headers)
    answer = conn.getresponse(); text = answer.read().decode()
    return answer.status, text
conn = http.client.HTTPConnection(api)
if mode == "init-exit": sys.exit(3)
if mode == "init-error":
    post(conn, "init/error", '{"errorMessage":"no","errorType":"Runtime.ImportModuleError"}', {"Lambda-Runtime-Function-Error-Type": "Runtime.ImportModuleError"})
    sys.exit(1)
if mode == "init-hang": time.sleep(60)
if mode == "second-init" :
    flag = os.environ["FLAG"]
    if not os.path.exists(flag):
        open(flag, "w").close(); sys.exit(1)
if os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start" and mode.startswith("restore"):
    conn.request("GET", "/2018-06-01/runtime/restore/next")
    answer = conn.getresponse()
    print("restored", answer.status, answer.read(), flush=True)
    if mode == "restore-hang": time.sleep(60)
    if mode == "restore-exit": sys.exit(7)
    if mode == "restore-error":
        status, text = post(conn, "restore/error", '{"errorMessage":"no"}', {"Lambda-Runtime-Function-Error-Type": "Runtime.AfterRestoreError"})
        print("restore/error", status, text, flush=True)
        sys.exit(65)
count = 0
while True:
    conn.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = conn.getresponse(); event = json.loads(answer.read()); headers = dict(answer.getheaders())
    rid = headers["Lambda-Runtime-Aws-Request-Id".lower()] if "lambda-runtime-aws-request-id" in headers else headers["Lambda-Runtime-Aws-Request-Id"]
    count += 1
    what = event.get("do", "echo") if isinstance(event, dict) else "echo"
    result = {"event": event, "count": count, "headers": {k.lower(): v for k, v in headers.items()}}
    if what == "env": result = dict(os.environ)
    if what == "print":
        print("one", flush=True); print("two", file=sys.stderr, flush=True); sys.stdout.write("partial"); sys.stdout.flush()
    if what == "flood":
        for _ in range(event["lines"]): print("x" * 199)
        sys.stdout.flush()
    if what == "sleep": time.sleep(event["for"])
    if what == "exit": sys.exit(event["code"])
    if what == "kill": os.kill(os.getpid(), 11)
    if what == "raise":
        post(conn, f"invocation/{rid}/error", '{"errorMessage":"boom","errorType":"ValueError"}', {"Lambda-Runtime-Function-Error-Type": "unhandled"})
        continue
    if what == "large":
        status, text = post(conn, f"invocation/{rid}/response", "x" * 7000000)
        print("large answered", status, flush=True)
        continue
    if what == "answer-and-exit":
        post(conn, f"invocation/{rid}/response", json.dumps("bye")); sys.exit(0)
    if what == "answer-and-sleep":
        post(conn, f"invocation/{rid}/response", json.dumps("bye")); time.sleep(60)
    if what == "api":
        door = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL_LAMBDA"].split("//")[1])
        door.request("GET", "/2015-03-31/functions?x=1", headers={"x-mine": "yes"})
        reply = door.getresponse(); result = {"status": reply.status, "body": reply.read().decode()}
    if what == "stream":
        conn.putrequest("POST", f"/2018-06-01/runtime/invocation/{rid}/response")
        conn.putheader("Transfer-Encoding", "chunked"); conn.putheader("Trailer", "Lambda-Runtime-Function-Error-Type"); conn.endheaders()
        for piece in event["pieces"]:
            conn.send(b"%x\r\n%s\r\n" % (len(piece), piece.encode())); time.sleep(0.02)
        if event.get("fail"):
            conn.send(b"0\r\nLambda-Runtime-Function-Error-Type: Runtime.StreamError\r\nLambda-Runtime-Function-Error-Body: " + base64.b64encode(b'{"errorType":"late"}') + b"\r\n\r\n")
        else: conn.send(b"0\r\n\r\n")
        conn.getresponse().read()
        continue
    post(conn, f"invocation/{rid}/response", json.dumps(result), {"Content-Type": "application/json"})
