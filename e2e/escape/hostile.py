"""The hostile function: does what the event asks for. Run as a program it does the same outside, for the controls."""
import json
import os
import sys

import act
import bombs
import files
import network
import platform_acts
import syscalls  # noqa: F401  registers its acts


def handler(event, context):
    if "act" in event:
        return {"answers": act.perform(event["act"], event.get("arguments", {}), event.get("seconds", 0))}
    module = {"bombs": bombs, "files": files, "network": network, "platform": platform_acts}[event["module"]]
    arguments = event.get("arguments", {})
    if event.get("identity"):
        arguments["identity"] = context.aws_request_id
    return {"answer": getattr(module, event["function"])(**arguments)}


def neighbour(event, context):
    """The good neighbour: uses a little of everything that a kernel counts by user, and answers what it was asked."""
    if "leave" in event:
        files.leave_traces(event["leave"])
        network.listen_where_a_neighbour_might_look(event["port"])
    read, write = os.pipe()
    watcher = act.syscall(294, 0)  # inotify: few to a user
    path = f"/tmp/neighbour-{context.aws_request_id}"
    with open(path, "w") as file:
        file.write("x")
    os.unlink(path)
    for fd in (read, write, int(watcher)):
        os.close(fd)
    return {"nonce": event.get("nonce")}


if __name__ == "__main__":
    for line in sys.stdin:
        wanted = json.loads(line)
        if "act" in wanted:
            answer = act.perform(wanted["act"], wanted.get("arguments", {}), 0, outside=True)
        else:
            answer = handler(wanted, None)["answer"]
        print(json.dumps(answer), flush=True)
