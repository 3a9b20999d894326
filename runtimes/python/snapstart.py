"""SnapStart: what the client does between init and the first invocation. Loaded only for versions that have it.

    init done -> hooks before the snapshot --fail--> POST init/error -> exit 64        (final)
                        |
                        v
                 GET restore/next (blocks until restored) -> hooks --fail--> POST restore/error -> exit 65     (final)

Hooks are those of the module `snapshot_restore_py` that the function imported, if it did: from its package, or ours.
"""

import os
import sys

import __main__ as client


def hidden():
    """What is to be run after init; the function may have a module of this one's name."""
    del sys.modules[__name__]
    return run


def _hooks(name):
    module = sys.modules.get("snapshot_restore_py")
    return getattr(module, name)() if module else []


def _fail(api, path, kind, exception, code):
    tb = exception.__traceback__
    while tb is not None and tb.tb_next is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next  # our own frames say nothing to the hook's author
    error, _ = client.describe(exception.with_traceback(tb))
    client.LOGS.error(error)
    marks = [("Content-Type", "application/json"), ("Lambda-Runtime-Function-Error-Type", kind)]
    api.post(path, client.to_json(error).encode("utf-8", "backslashreplace"), marks)
    sys.exit(code)


def reseed():
    """Many may go on from here: what is drawn from now on is this environment's own, also by OpenSSL."""
    if "random" in sys.modules:
        sys.modules["random"].seed()
    if "ssl" in sys.modules:
        sys.modules["ssl"].RAND_add(os.urandom(32), 32.0)


def run(api):
    # A hook that exits has failed, too: what it meant to end is the function's start.
    try:
        before = _hooks("get_before_snapshot")
        while before:  # the last registered first
            func, args, kwargs = before.pop()
            func(*args, **kwargs)
        api.next("restore/next")
    except BaseException as e:
        _fail(api, "init/error", "Runtime.BeforeSnapshotError", e, 64)
    try:
        reseed()
        for func, args, kwargs in _hooks("get_after_restore"):
            func(*args, **kwargs)
    except BaseException as e:
        _fail(api, "restore/error", "Runtime.AfterRestoreError", e, 65)
