"""Acts that are one system call. Arguments are such that a call that gets through does nothing or fails harmlessly
(bad pointers, bad magic); where it is harmless to succeed, it may."""
import ctypes
import mmap
import os
import resource
import signal

from act import CAP_SYS_RESOURCE, NEW, act, syscall, tried

NULL, BAD = 0, 1
ALL = (1 << 64) - 1  # -1


def call(name, number, *arguments, inside="EPERM", wall="seccomp", **settings):
    act(inside, wall, name=name, apart=True, **settings)(lambda: tried(syscall, number, *arguments))


# Other processes' memory and state.
call("ptrace_peek", 101, 2, 1, 0, 0)
call("process_vm_readv", 310, os.getpid(), NULL, 0, NULL, 0, 0)
call("process_vm_writev", 311, os.getpid(), NULL, 0, NULL, 0, 0)
call("process_madvise", 440, ALL, NULL, 0, 0, 0)
call("pidfd_getfd", 438, ALL, 0, 0)
call("kcmp", 312, os.getpid(), os.getpid(), 0, 0, 0)

# Mounts and roots.
call("mount", 165, NULL, NULL, NULL, 0, NULL)
call("umount2", 166, NULL, 0)
call("pivot_root", 155, NULL, NULL)
call("chroot", 161, NULL)
call("move_mount", 429, ALL, NULL, ALL, NULL, 0)
call("open_tree", 428, ALL, NULL, 0)
call("fsopen", 430, NULL, 0)
call("fsconfig", 431, ALL, 0, NULL, NULL, 0)
call("fsmount", 432, ALL, 0, 0)
call("fspick", 433, ALL, NULL, 0)
call("mount_setattr", 442, ALL, NULL, 0, NULL, 0)
call("statmount", 457, NULL, NULL, 0, 0, inside="ENOSYS")
call("listmount", 458, NULL, NULL, 0, 0, inside="ENOSYS")
call("name_to_handle_at", 303, ALL, NULL, NULL, NULL, 0)
call("open_by_handle_at", 304, ALL, NULL, 0)
call("quotactl", 179, 0, NULL, 0, NULL)
call("swapon", 167, NULL, 0)
call("swapoff", 168, NULL)

# Namespaces.
for _name, _flag in NEW.items():
    call(f"unshare_{_name.lower()}", 272, _flag)
call("setns", 308, ALL, 0)
call("clone3", 435, NULL, 0, inside="ENOSYS")


@act("EPERM", "seccomp", apart=True)
def clone_into_a_user_namespace():
    def cloned():
        if syscall(56, NEW["USER"] | signal.SIGCHLD, NULL, NULL, NULL, NULL) == 0:
            os._exit(0)
        os.wait()
    return tried(cloned)


# The kernel itself.
call("bpf", 321, 9_999, NULL, 0)
call("userfaultfd", 323, 0)
call("perf_event_open", 298, NULL, 0, ALL, ALL, 0)
call("io_uring_setup", 425, 1, NULL)
call("io_uring_enter", 426, ALL, 0, 0, 0, NULL, 0)
call("io_uring_register", 427, ALL, 0, NULL, 0)
call("kexec_load", 246, 0, 0, NULL, 0xFFF0)  # flags that do not exist
call("kexec_file_load", 320, ALL, ALL, 0, NULL, 0xFFF0)
call("init_module", 175, NULL, 0, NULL)
call("finit_module", 313, ALL, NULL, 0)
call("delete_module", 176, NULL, 0)
call("reboot", 169, 1, 2, 0, NULL)  # no magic
call("syslog", 103, 3, NULL, ALL)
call("acct", 163, BAD)
call("fanotify_init", 300, 0xFFFF, 0)
call("memfd_secret", 447, 0xFFFF, inside="ENOSYS")
call("lsm_get_self_attr", 459, 0, NULL, NULL, 0, inside="ENOSYS")
call("landlock_is_left", 444, NULL, 0, 1, inside="ok", wall="allowed", control=False)
call("x32_getpid", 0x40000000 | 39, inside="ENOSYS", control=False)

call("mq_open", 240, b"escape", 0o102, 0o600, NULL, inside="EACCES", wall="Landlock")

# Keys, personality, ports, segments.
call("keyctl", 250, 0, 0xFFFFFFFD, 0)
call("add_key", 248, NULL, NULL, NULL, 0, 0)
call("request_key", 249, NULL, NULL, NULL, 0)
call("personality_without_random_addresses", 135, 0x40000)
call("ioperm", 173, 0, 1, 1)
call("iopl", 172, 3)
call("modify_ldt", 154, 0, NULL, 0)
call("vhangup", 153)

# The machine's clock and names.
call("clock_settime", 227, 0, NULL)
call("settimeofday", 164, BAD, NULL)
call("adjtimex", 159, NULL)
call("clock_adjtime", 305, 0, NULL)
call("sethostname", 170, NULL, 5)
call("setdomainname", 171, NULL, 5)

# Terminals.
call("ioctl_tiocsti", 16, ALL, 0x5412, NULL)
call("ioctl_tiocsti_above_32_bits", 16, ALL, 1 << 32 | 0x5412, NULL)
call("ioctl_tioclinux", 16, ALL, 0x541C, NULL)

# Socket families.
for _name, _family, _kind, _protocol in [
    ("packet", 17, 3, 0x0300), ("raw_icmp", 2, 3, 1), ("raw_ipv6", 10, 3, 255), ("sctp", 2, 1, 132), ("ping", 2, 2, 1),
    ("netlink_generic", 16, 3, 16), ("netlink_netfilter", 16, 3, 12), ("netlink_audit", 16, 3, 9), ("netlink_uevent", 16, 3, 15),
    ("vsock", 40, 1, 0), ("alg", 38, 5, 0), ("key", 15, 3, 2), ("bluetooth", 31, 3, 1), ("can", 29, 3, 1), ("xdp", 44, 3, 0),
    ("tipc", 30, 5, 0), ("packet_above_32_bits", 1 << 32 | 17, 3, 0x0300),
]:
    call(f"socket_{_name}", 41, _family, _kind, _protocol)

# All file systems of the machine, not only one's own.
call("sync_of_the_whole_machine", 162)
call("syncfs", 306, ALL)

# Users and capabilities.
for _name, _number, _arguments in [("setuid", 105, [0]), ("setgid", 106, [0]), ("setresuid", 117, [0, 0, 0]), ("setreuid", 113, [0, 0])]:
    call(f"{_name}_root", _number, *_arguments, inside="EINVAL EPERM", wall="user namespace")
call("setgroups", 116, 0, NULL, inside="EPERM", wall="user namespace")


@act("EPERM", "no capability")
def capset_everything():
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)(*[0x1, 0x1, 0] * 2)  # CAP_CHOWN
    return tried(syscall, 126, ctypes.byref(head), ctypes.byref(sets))


# Priority and resources.
call("nice_below_zero", 141, 0, 0, ALL - 4, inside="EACCES EPERM", wall="no capability")
call("ioprio_realtime", 251, 1, 0, 1 << 13, inside="EPERM", wall="no capability")
call("mlockall", 151, 1, inside="EPERM ENOMEM", wall="rlimit")
call("core_limit", 160, resource.RLIMIT_CORE, NULL, wall="seccomp")


@act("EPERM", "no capability")
def sched_realtime():
    return tried(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))


@act("EPERM", "rlimit", needs=CAP_SYS_RESOURCE)
def ulimit_of_open_files():
    return raised(resource.RLIMIT_NOFILE)


@act("EPERM", "rlimit", needs=CAP_SYS_RESOURCE)
def ulimit_of_locked_memory():
    return raised(resource.RLIMIT_MEMLOCK)


def raised(limit):
    """One more than the hard limit, which root outside may first lower from no limit at all."""
    hard = resource.getrlimit(limit)[1]
    if not 0 <= hard <= 1 << 17:
        hard = 1 << 16
        resource.setrlimit(limit, (hard, hard))
    try:
        resource.setrlimit(limit, (hard + 1, hard + 1))
        return "ok"
    except (OSError, ValueError):
        return "EPERM"


@act("EPERM", "seccomp")
def ulimit_of_core_by_prlimit():
    # Any value but 1 would let the machine's own core handler run, as root, for this process.
    return tried(syscall, 302, 0, resource.RLIMIT_CORE, ctypes.byref((ctypes.c_uint64 * 2)(0, 0)), NULL)


@act("1", "rlimit")
def core_limit_keeps_the_hosts_handler_out():
    return resource.getrlimit(resource.RLIMIT_CORE)[1]


@act("SIGSYS NOT_THERE", "seccomp, or a kernel without them")
def system_calls_of_32_bits():
    """getpid by `int 0x80`, whose numbers mean other calls: the filter looks at the architecture first."""
    def old():
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20; int 0x80; ret
        address = ctypes.addressof(ctypes.c_char.from_buffer(code))
        os._exit(0 if ctypes.CFUNCTYPE(ctypes.c_long)(address)() > 0 else 2)
    pid = os.fork()
    if pid == 0:
        old()
    _, status = os.waitpid(pid, 0)
    words = {signal.SIGSYS: "SIGSYS", signal.SIGSEGV: "NOT_THERE", signal.SIGILL: "NOT_THERE"}
    return words.get(os.WTERMSIG(status), f"status {status}") if os.WIFSIGNALED(status) else f"status {status}"
