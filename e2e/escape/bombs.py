"""Acts that eat: bounded here too, so that a missing wall costs the machine two gigabytes and not itself."""
import contextlib
import ctypes
import mmap
import os
import select
import signal
import socket
import struct
import threading
import time

from act import LIBC, in_child, syscall, word

MB = 1 << 20
BYTES_MAX = 2048 * MB
FORKS_MAX = 5_000


def forks(most=FORKS_MAX, seconds=0.5):
    """Children that wait; how many there came to be, and what stopped it."""
    read, write = os.pipe()
    children, stopped = [], "nothing"
    while len(children) < most:
        try:
            pid = os.fork()
        except OSError as error:
            stopped = word(error.errno)
            break
        if pid == 0:
            os.close(write)
            os.read(read, 1)
            os._exit(0)
        children.append(pid)
    select.select([], [], [], seconds)  # the neighbour feels all of them at once
    os.close(write)
    os.close(read)
    for pid in children:
        os.waitpid(pid, 0)
    return {"children": len(children), "stopped": stopped}


def threads_that_burn(count, seconds):
    children = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                pass
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    return "burnt"


def memory(kind):
    """Eats until something stops it: the out-of-memory killer, an error, or the bound. The keepers are returned so
    that nothing is given back in between."""
    eaten, kept = 0, []
    page = b"\xAA" * MB
    try:
        while eaten < BYTES_MAX:
            if kind == "anonymous":
                kept.append(bytearray(page))
            elif kind == "shared":
                kept.append(mmap.mmap(-1, MB))
                kept[-1].write(page)
            elif kind == "memfd":
                kept = kept or [os.memfd_create("bomb")]
                os.write(kept[0], page)
            elif kind == "sysv":
                identity = syscall(29, 0, 16 * MB, 0o1600)
                LIBC.shmat.restype = ctypes.c_void_p
                ctypes.memset(LIBC.shmat(int(identity), None, 0), 1, 16 * MB)
                eaten += 15 * MB
            elif kind == "dev_shm":
                with open("/dev/shm/bomb", "ab") as file:
                    file.write(page)
            elif kind == "page_tables":
                # One page each two megabytes: a page table for every page.
                area = mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)
                with contextlib.suppress(OSError):  # a kernel without huge pages needs no telling
                    area.madvise(mmap.MADV_NOHUGEPAGE)
                for at in range(0, 1 << 30, 2 * MB):
                    area[at] = 1
                kept.append(area)
                eaten += 3 * MB
            eaten += MB
        return {"eaten_mb": eaten // MB, "stopped": "nothing"}
    except (OSError, MemoryError) as error:
        return {"eaten_mb": eaten // MB, "stopped": word(getattr(error, "errno", None) or 12)}


def pipes():
    """Every pipe as large as it may be, and full."""
    kept, eaten = [], 0
    stopped = "nothing"
    while eaten < BYTES_MAX:
        try:
            read, write = os.pipe2(os.O_NONBLOCK)
        except OSError as error:
            stopped = word(error.errno)
            break
        kept += [read, write]
        try:
            import fcntl
            fcntl.fcntl(write, 1031, MB)  # F_SETPIPE_SZ
        except OSError:
            pass
        try:
            while True:
                eaten += os.write(write, b"x" * 65536)
        except BlockingIOError:
            pass
    for fd in kept:
        os.close(fd)
    return {"eaten_mb": eaten // MB, "stopped": stopped}


def sockets(kind, processes=8):
    """Fills the buffers of as many sockets as there can be, in several processes; what all of them took in."""
    read, write = os.pipe()
    go, begin = os.pipe()
    for _ in range(processes):
        if os.fork() == 0:
            os.close(begin)
            kept = []
            eaten = fill(kind, BYTES_MAX // processes, kept)
            os.write(write, struct.pack("q", eaten))
            os.read(go, 1)  # holds all until everybody has eaten
            os._exit(0)
    os.close(write)
    os.close(go)
    eaten, until = 0, time.monotonic() + 6
    for _ in range(processes):
        ready, _, _ = select.select([read], [], [], max(0, until - time.monotonic()))
        part = os.read(read, 8) if ready else b""
        eaten += struct.unpack("q", part)[0] if len(part) == 8 else 0
    held = protocol_pages(kind)
    os.close(begin)
    return {"eaten_mb": eaten // MB, "held_mb": held * 4096 // MB}


def protocol_pages(kind):
    """Pages that the protocol holds on the whole machine."""
    with open("/proc/net/sockstat") as file:
        for line in file:
            if line.startswith(kind.upper() + ":") and " mem " in line:
                return int(line.split(" mem ")[1].split()[0])
    return 0


def fill(kind, most, kept):
    """Bytes that were taken by the buffers of new sockets, which go to `kept`."""
    eaten, chunk = 0, b"x" * 60_000
    listener = socket.create_server(("127.0.0.1", 0), backlog=1_000) if kind == "tcp" else None
    until = time.monotonic() + 4
    while eaten < most and time.monotonic() < until:
        try:
            if kind == "tcp":
                sender = socket.create_connection(listener.getsockname())
                receiver, _ = listener.accept()
            elif kind == "udp":
                sender, receiver = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
                receiver.bind(("127.0.0.1", 0))
                sender.connect(receiver.getsockname())
            else:
                sender, receiver = socket.socketpair()
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                for end in (sender, receiver):
                    end.setsockopt(socket.SOL_SOCKET, option, 1 << 30)
            kept += [sender, receiver]
            sender.setblocking(False)
            for _ in range(400):
                eaten += sender.send(chunk)
        except BlockingIOError:
            pass
        except OSError:
            break
    return eaten


def disk(path="/tmp/full"):
    """Fills the disk by large writes."""
    eaten, page = 0, b"\xAA" * (4 * MB)
    with open(path, "wb", buffering=0) as file:
        try:
            while eaten < BYTES_MAX:
                eaten += file.write(page)
            stopped = "nothing"
        except OSError as error:
            stopped = word(error.errno)
    os.unlink(path)
    return {"eaten_mb": eaten // MB, "stopped": stopped}


def page_cache(path="/tmp/cached"):
    """A file much larger than memory, written and read again and again."""
    page = os.urandom(MB)
    with open(path, "wb", buffering=0) as file:
        for _ in range(400):
            file.write(page)
    for _ in range(2):
        with open(path, "rb", buffering=0) as file:
            while file.read(MB):
                pass
    os.unlink(path)
    return "read"


def inodes(folder="/tmp/inodes", most=200_000):
    os.mkdir(folder)
    made, stopped = 0, "nothing"
    try:
        while made < most:
            os.close(os.open(f"{folder}/{made}", os.O_CREAT))
            made += 1
    except OSError as error:
        stopped = word(error.errno)
    for name in range(made):
        os.unlink(f"{folder}/{name}")
    os.rmdir(folder)
    return {"made": made, "stopped": stopped}


def names_that_are_not_there(seconds):
    """Each look leaves an entry in the kernel's cache of names."""
    looks, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        os.path.exists(f"/tmp/nobody-{looks}")
        looks += 1
    return looks


def descriptors(processes=4):
    """All that a few processes may open, at once."""
    read, write = os.pipe()
    children = []
    for _ in range(processes):
        pid = os.fork()
        if pid == 0:
            opened, stopped = 0, "nothing"
            try:
                while opened < 100_000:
                    os.open("/dev/null", os.O_RDONLY)
                    opened += 1
            except OSError as error:
                stopped = word(error.errno)
            os.write(write, f"{stopped} {opened}\n".encode())
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    return os.read(read, 4096).decode().split("\n")[0].split()


def per_user(kind):
    """Takes all of something that the kernel counts by user, in a child; what stopped it. Held for half a second."""
    answer = in_child(take_all, kind)
    if isinstance(answer, dict):
        return answer
    # It was killed alone, for the memory that they take: a guest's kernel counts that too. Semaphores stay without it, and
    # would take the next act's memory.
    left = [int(line.split()[1]) for line in open("/proc/sysvipc/sem").readlines()[1:]] if kind == "semaphores" else []
    for identifier in left:
        syscall(66, identifier, 0, 0)  # semctl, IPC_RMID
    return {"taken": len(left), "stopped": answer[0]}


def take_all(kind):
    taken, stopped = [], "nothing"
    try:
        while len(taken) < (4_000 if kind == "watches" else 20_000):
            if kind == "inotify":
                taken.append(syscall(294, 0))
            elif kind == "signals":
                # Blocked and queued to itself.
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
                info = struct.pack("iiiiii", signal.SIGRTMIN, 0, -1, 0, os.getpid(), os.getuid()) + b"\0" * 104
                taken.append(syscall(129, os.getpid(), signal.SIGRTMIN, info))
            elif kind == "timers":
                timer = ctypes.c_int()
                taken.append(syscall(222, 1, 0, ctypes.byref(timer)))
            elif kind == "semaphores":
                taken.append(syscall(64, 0, 250, 0o1600))
            elif kind == "watches":
                taken = taken or [syscall(294, 0)]
                os.makedirs(f"/tmp/w/{len(taken)}", exist_ok=True)
                taken.append(syscall(254, int(taken[0]), f"/tmp/w/{len(taken)}".encode(), 2))
    except OSError as error:
        stopped = word(error.errno)
    select.select([], [], [], 0.5)
    return {"taken": len(taken), "stopped": stopped}


def storm(kind, seconds):
    """Calls that make the machine work for nothing."""
    rounds, until = 0, time.monotonic() + seconds
    libraries = [os.path.join("/usr/bin", name) for name in os.listdir("/usr/bin")[:300]]
    while time.monotonic() < until:
        if kind == "sync":
            # Over and over the same: a quick machine would fill /tmp.
            with open("/tmp/dirty", "wb") as file:
                file.write(b"x" * 65536)
            LIBC.sync()
        elif kind == "drop_cache":
            for path in libraries:
                try:
                    fd = os.open(path, os.O_RDONLY)
                except OSError:
                    continue
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)
        elif kind == "fsync":
            with open("/tmp/dirty", "wb") as file:
                file.write(b"x" * MB)
                os.fsync(file.fileno())
        elif kind == "exec":
            if os.fork() == 0:
                os.execv("/bin/true", ["true"])
            os.wait()
        elif kind == "threads":
            thread = threading.Thread(target=lambda: None)
            thread.start()
            thread.join()
        rounds += 1
    return rounds


def logs(kind, seconds):
    """Floods what the platform reads: lines, one endless line, empty lines, the telemetry descriptor."""
    fd = 1
    if kind.startswith("frames"):
        fd = 3  # the runtime client has taken the variable that says so away
        os.fstat(fd)
        frame = struct.pack(">IIQ", 0xA55A0003, 0xFFFFFFFF if kind == "frames_endless" else 20, 0) + b"y" * 20
    data = {
        "lines": (b"x" * 120 + b"\n") * 500, "empty": b"\n" * 60_000, "endless": b"x" * 60_000, "binary": b"\xff\xfe\x00" * 20_000,
    }.get(kind) or frame * 1_500
    written, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and written < 256 * MB:
        written += os.write(fd, data)
    return written
