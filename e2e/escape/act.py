"""An act is one hostile attempt. The same code runs inside (this folder is a function's package) and outside, as the
control that shows that the attempt can succeed, or at least fails otherwise, where no wall stands.

An act answers words: "ok", a name of errno, or what it saw. `inside` holds the words that the walls allow;
outside, an answer that is not among them is what makes the control good.
"""
import ctypes
import errno
import json
import os
import time

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
NEW = {"NS": 0x20000, "CGROUP": 0x2000000, "UTS": 0x4000000, "IPC": 0x8000000, "USER": 0x10000000, "PID": 0x20000000, "NET": 0x40000000, "TIME": 0x80}
ACTS = {}
CAP_SYS_RESOURCE = 24


class Act:
    def __init__(self, run, inside, wall, control, apart):
        self.run, self.inside, self.wall, self.control, self.apart = run, frozenset(inside.split()), wall, control, apart


def act(inside, wall, name=None, control=True, apart=False, needs=None):
    """Registers an act. `control` False: it has none, since outside it would harm or means nothing. `apart`: the
    control runs in namespaces of its own, so that what it does to the machine is undone with its process. `needs`:
    a capability without which root itself is refused, so that there is no control."""
    def register(run):
        can = control and (needs is None or capabilities() >> needs & 1 == 1)
        ACTS[name or run.__name__] = Act(run, inside, wall, can, apart)
        return run
    return register


def capabilities():
    """Effective ones of this process."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1], 16) for line in status if line.startswith("CapEff"))


def word(error):
    return errno.errorcode.get(error, str(error))


def tried(run, *arguments):
    """What came of a call: `ok`, or the name of its errno."""
    try:
        run(*arguments)
        return "ok"
    except OSError as error:
        return word(error.errno) if error.errno else type(error).__name__


def syscall(number, *arguments):
    """A raw system call: its answer, or OSError."""
    given = [ctypes.c_void_p(a) if isinstance(a, int) else a for a in arguments]
    answer = LIBC.syscall(ctypes.c_long(number), *given)
    if answer < 0:
        raise OSError(ctypes.get_errno(), "")
    return answer


def in_child(run, *arguments):
    """Runs it in a forked child, since it may change its process for good; its answer, or how the child died."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.close(read)
            os.write(write, json.dumps(run(*arguments)).encode())
            os._exit(0)
        except BaseException as error:
            os.write(write, json.dumps([f"{type(error).__name__}: {error}"]).encode())
            os._exit(1)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        text = answer.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return [f"SIGNAL {os.WTERMSIG(status)}"]
    return json.loads(text)


def leave():
    """Namespaces of its own for a control, nothing of which reaches the machine's."""
    syscall(272, NEW["NS"] | NEW["UTS"] | NEW["IPC"] | NEW["NET"])
    LIBC.mount(None, b"/", None, 0x4000 | 0x40000, None)  # MS_REC | MS_PRIVATE


def perform(name, arguments, seconds, outside=False):
    """All different answers of the act, tried again and again for that long."""
    attempt = ACTS[name]

    def again():
        if outside and attempt.apart:
            leave()
        answers, until = set(), time.monotonic() + seconds
        while True:
            answers.add(str(attempt.run(**arguments)))
            if time.monotonic() >= until:
                return sorted(answers)

    return in_child(again)
