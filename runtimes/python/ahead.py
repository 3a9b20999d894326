"""A process of the pool: started before there is a function, up to here; the rest comes through a pipe.

What comes are the variables of the process that would have been started, `NAME=VALUE` each ended by NUL, then the end.
Nothing but the end: there will be no function. Afterwards the process is as if started with them: also
/proc/self/environ, which is the memory that the kernel laid out at exec, padded so that this fits.
"""

import os
import sys


def wait_for_function():
    with open(int(os.environ["TINDERBOX_BIND_FD"]), "rb") as told:
        block = told.read()
    if not block:
        sys.exit(0)
    # Not the function's to bring: the sandbox's, and the interpreter's own word on the locale it fell back to.
    own = {name: os.environ[name] for name in ("_LAMBDA_TELEMETRY_LOG_FD", "LC_CTYPE") if name in os.environ}
    os.environ.clear()  # nothing points into the old block any more
    for entry in block.split(b"\0"):
        if entry:
            name, _, value = entry.partition(b"=")
            os.environb[name] = value
    os.environ.update(own)
    if "_LAMBDA_TELEMETRY_LOG_FD" in own:
        block += b"_LAMBDA_TELEMETRY_LOG_FD=%s\0" % own["_LAMBDA_TELEMETRY_LOG_FD"].encode()
    with open("/proc/self/stat", "rb") as stat:
        fields = stat.read().rpartition(b")")[2].split()
    start, end = int(fields[47]), int(fields[48])  # env_start and env_end, proc(5), counted from the state
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(start)
        memory.write(block[: end - start].ljust(end - start, b"\0"))
    del sys.modules[__name__]  # not among those of a fresh start
    os.chdir(os.environ.get("LAMBDA_TASK_ROOT") or "/")
