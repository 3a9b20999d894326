"""A client that is started before there is a function: what holds of each."""

import json
import os
import re
import subprocess

from conftest import HANDLERS
from fake_api import Invocation, run_client


def is_as_fresh(command, handler):
    """`handler` answers all that tells one start from another."""
    run = lambda ahead: run_client(command, HANDLERS, handler, [Invocation()], telemetry=True, ahead=ahead)
    seen = [json.loads(run(ahead).posts[0].body) for ahead in (False, True)]
    for observation in seen:
        # Each run has its own descriptor number and port.
        observation["variables"].pop("AWS_LAMBDA_RUNTIME_API")
        observation["initial"] = [re.sub(r"(_FD|127.0.0.1)=?.*", r"\1", one) for one in observation["initial"]]
    assert seen[1] == seen[0]


def ends_silently(command):
    """The end of the pipe alone says that there will be no function."""
    listens, told = os.pipe()
    os.close(told)
    variables = {"PATH": os.environ["PATH"], "TINDERBOX_BIND_FD": str(listens)}
    ended = subprocess.run(command, env=variables, pass_fds=[listens], capture_output=True, timeout=60)
    os.close(listens)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
