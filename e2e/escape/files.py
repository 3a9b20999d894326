"""Acts on files, /proc, /sys, devices and other processes: what is the machine's or a neighbour's is not there."""
import os
import resource
import signal
import stat
import subprocess

from act import CAP_SYS_RESOURCE, NEW, act, syscall, tried, word

GONE = "ENOENT EACCES"


def opened(path, flags=os.O_RDONLY):
    """Opens and closes; a device that is only a hole is told apart."""
    try:
        fd = os.open(path, flags)
    except OSError as error:
        return word(error.errno)
    try:
        found = os.fstat(fd)
        null = stat.S_ISCHR(found.st_mode) and found.st_rdev == os.makedev(1, 3)
        return "hole" if null and path != "/dev/null" else "ok"
    finally:
        os.close(fd)


def path_act(name, path, inside=GONE, wall="own root", flags=os.O_RDONLY, control=True):
    """What this kernel does not have can not be the control."""
    act(f"{inside} ENOENT", wall, name=name, control=control and os.path.exists(path))(lambda: opened(path, flags))


@act(GONE, "own root")
def read_a_host_file(path):
    return opened(path)


@act(GONE, "own root")
def read_a_host_file_by_a_link_in_tmp(path, folder="/tmp"):
    link = f"{folder}/link-{os.getpid()}"
    os.symlink(path, link)
    try:
        return opened(link)
    finally:
        os.unlink(link)


@act(GONE, "pid namespace, hidepid")
def read_a_host_file_by_proc_1_root(path):
    return opened(f"/proc/1/root{path}")


@act(GONE, "pid namespace, hidepid")
def read_of_a_host_process(pid, file):
    return opened(f"/proc/{pid}/{file}")


@act("EXDEV EPERM ENOENT EACCES EROFS", "mounts")
def hard_link_to_a_host_file(path, folder="/tmp"):
    link = f"{folder}/hard-{os.getpid()}"
    answer = tried(os.link, path, link)
    if answer == "ok":
        os.unlink(link)
    return answer


path_act("read_shadow", "/etc/shadow")
path_act("read_boot", "/boot")
path_act("read_var_lib", "/var/lib")
path_act("read_proc_1_environ", "/proc/1/environ", wall="pid namespace, hidepid", control=False)  # the host's may be closed to root
path_act("read_proc_1_mem", "/proc/1/mem", wall="pid namespace, hidepid", control=False)
path_act("read_kcore", "/proc/kcore", inside="hole EACCES")
path_act("write_sysrq", "/proc/sysrq-trigger", inside="hole EACCES", flags=os.O_WRONLY)
path_act("read_kmsg", "/proc/kmsg", inside="EPERM EACCES", wall="no capability")
for _name in ["kernel/core_pattern", "kernel/modprobe", "kernel/hostname", "vm/drop_caches", "kernel/sysrq", "net/ipv4/ip_forward", "fs/suid_dumpable"]:
    path_act("write_" + _name.replace("/", "_"), "/proc/sys/" + _name, inside="EROFS EACCES EPERM", wall="read-only /proc/sys", flags=os.O_WRONLY)
path_act("write_irq_affinity", "/proc/irq/default_smp_affinity", inside="EROFS EACCES EPERM", wall="read-only /proc", flags=os.O_WRONLY)
path_act("sys_kernel", "/sys/kernel")
path_act("sys_cgroup", "/sys/fs/cgroup")
path_act("uevent_helper", "/sys/kernel/uevent_helper", flags=os.O_WRONLY)
path_act("release_agent", "/sys/fs/cgroup/memory/release_agent", flags=os.O_WRONLY)
for _device in ["mem", "kmsg", "loop-control", "net/tun", "kvm", "fuse", "vda", "tty", "ptmx", "userfaultfd", "port", "vhost-vsock"]:
    path_act("dev_" + _device.replace("/", "_"), "/dev/" + _device, control=_device != "tty")


@act("EPERM", "user namespace")
def make_a_device(folder="/tmp"):
    path = f"{folder}/device-{os.getpid()}"
    answer = tried(os.mknod, path, stat.S_IFBLK | 0o600, os.makedev(7, 0))
    if answer == "ok":
        os.unlink(path)
    return answer


@act("EROFS EACCES", "read-only root, Landlock")
def write_where_nothing_may_be_written(folders=("/", "/usr", "/usr/bin", "/etc", "/var/task", "/opt", "/run", "/var", "/root", "/home", "/dev", "/var/runtime")):
    for folder in folders:
        path = f"{folder}/written-{os.getpid()}"
        answer = tried(lambda: os.close(os.open(path, os.O_CREAT | os.O_WRONLY)))
        if answer == "ok":
            os.unlink(path)
        if answer not in ("EROFS", "EACCES"):
            return f"{folder}: {answer}"
    return answer


@act("EACCES EPERM", "no capability", needs=CAP_SYS_RESOURCE)
def protect_oneself_from_the_out_of_memory_killer():
    def lowered():
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("-1000")
    return tried(lowered)


@act("EPERM EACCES", "user namespace")
def map_another_user():
    def mapped():
        tried(syscall, 272, NEW["USER"])  # outside it is a new one's own map
        with open("/proc/self/uid_map", "w") as file:
            file.write("0 0 1")
    return tried(mapped)


@act("none", "no_new_privs, nosuid")
def setuid_program():
    """The first program with a setuid bit that says who it is: su."""
    for program in ("/bin/su", "/usr/bin/su"):
        if os.path.exists(program):
            found = subprocess.run([program, "root", "-c", "/usr/bin/id -u"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
            return "root" if found.stdout.strip() == "0" else "none"
    return "no su"


@act("0", "capabilities")
def any_capability():
    with open("/proc/self/status") as status:
        return max(int(line.split()[1], 16) for line in status if line.startswith("Cap"))


@act("closed", "closed descriptors")
def descriptors_to_the_host():
    """None that leads to a folder, a device or a socket that is not this process's own."""
    inherited = subprocess.run(["/bin/ls", "-l", "/proc/self/fd"], capture_output=True, text=True, close_fds=False).stdout
    targets = [line.split("->")[1].strip() for line in inherited.splitlines() if "->" in line]
    own = ("pipe:", "/dev/null", "/proc/", "anon_inode:")
    leads = [target for target in targets if not target.startswith(own) and not target.startswith("socket:")]
    return "closed" if not leads else " ".join(leads)


@act("hidden", "own environment variables")
def variables_of_the_server(name):
    texts = [open(f"/proc/{pid}/environ", "rb").read() for pid in os.listdir("/proc") if pid.isdigit() and readable(f"/proc/{pid}/environ")]
    return "seen" if any(name.encode() in text for text in texts) else "hidden"


def readable(path):
    try:
        with open(path, "rb") as file:
            file.read(1)
        return True
    except OSError:
        return False


@act("ESRCH", "pid namespace")
def signal_a_host_process(pid):
    return tried(os.kill, pid, 0)


@act("ESRCH", "pid namespace")
def pidfd_of_a_host_process(pid):
    return tried(lambda: os.close(os.pidfd_open(pid)))


@act("few", "pid namespace, hidepid")
def count_processes():
    return "few" if sum(name.isdigit() for name in os.listdir("/proc")) < 10 else "many"


@act("SIGSEGV-no-core", "rlimit")
def dump_core(folder="/tmp"):
    """Crashes in a folder that can be written; a core would be in it."""
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        try:
            hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
            resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        except (OSError, ValueError):
            pass  # inside it is not to be touched
        os.kill(os.getpid(), signal.SIGSEGV)
    _, status = os.waitpid(pid, 0)
    return "SIGSEGV-core" if os.WCOREDUMP(status) else "SIGSEGV-no-core"


@act("E2BIG", "rlimit of the stack", control=False)
def huge_arguments():
    return tried(lambda: os.execv("/bin/true", ["x" * 100_000] * 100))


@act("EFBIG EINVAL ENOSPC", "sized /tmp", control=False)
def huge_sparse_file():
    fd = os.open(f"/tmp/sparse-{os.getpid()}", os.O_CREAT | os.O_RDWR)
    answer = tried(os.truncate, fd, 1 << 50)
    if answer == "ok":
        answer = tried(os.posix_fallocate, fd, 0, 1 << 40)
    os.close(fd)
    return answer


# What a neighbour left where only it can see it; `leave_traces` is run by the neighbour first.
SHM_KEY = 0x7B0D5


def leave_traces(secret):
    for folder in ("/tmp", "/dev/shm"):
        with open(f"{folder}/{secret}", "w") as file:
            file.write(secret)
    syscall(29, SHM_KEY, 4096, 0o1666)  # shmget, IPC_CREAT
    return "left"


@act("nothing", "own /tmp, ipc namespace")
def traces_of_a_neighbour(secret):
    found = [folder for folder in ("/tmp", "/dev/shm") if secret in os.listdir(folder)]
    found += ["shm"] * (tried(syscall, 29, SHM_KEY, 4096, 0) != "ENOENT")
    return " ".join(found) or "nothing"
