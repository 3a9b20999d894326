"""`tinderbox microvm`: what every microVM starts from, made from a kernel package that was only unpacked."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from conftest import BINARY, TOOLS, Server
from functions import function, package

KERNEL = TOOLS / "kernel"
# One image of this machine's programs for all tests: it takes a gigabyte.
ASSETS = pathlib.Path(os.environ.get("TINDERBOX_TEST_ASSETS", TOOLS / "microvm"))
needs_kernel = pytest.mark.skipif(not (KERNEL / "boot").is_dir(), reason="no unpacked kernel package (e2e/tools.sh)")


def tinderbox(*arguments, code=0, **more):
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "NO_COLOR": "1", **more}
    done = subprocess.run([BINARY, *arguments], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def in_json(*arguments, **more):
    return json.loads(tinderbox(*arguments, "--output", "json", **more).stdout)


@pytest.fixture
def root(tmp_path):
    """A small runtime image: the real ones have a gigabyte."""
    root = tmp_path / "root"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/lib").mkdir()
    (root / "etc").mkdir()
    (root / "bin").symlink_to("usr/bin")
    shutil.copy("/bin/true", root / "usr/bin/true")
    (root / "usr/lib/large").write_bytes(bytes(range(256)) * 4096)
    (root / "usr/lib/private").write_text("nobody else's")
    (root / "usr/lib/private").chmod(0o600)
    return root


@needs_kernel
def test_setup_makes_everything_once_and_status_says_whether_it_is_still_right(tmp_path, root):
    where = ["--data", tmp_path / "data", "--kernel", KERNEL, "--root", root]
    assert in_json("microvm", "status", *where)["state"] == "none"
    made = in_json("microvm", "setup", *where)
    assert made["already"] == {"boot": False, "root": False} and "cloud" in made["release"]
    for name in ("kernel", "vmlinux", "initramfs", "root"):
        assert os.path.getsize(made[name]) > 0, name
    assert made["largest"][0] == {"path": "/usr/lib/large", "bytes": 1 << 20}
    assert in_json("microvm", "setup", *where)["already"] == {"boot": True, "root": True}
    assert in_json("microvm", "status", "--check", *where)["state"] == "current"
    assert "everything is right" in tinderbox("microvm", "status", *where).stdout
    (root / "usr/bin/more").write_text("another program")
    assert in_json("microvm", "status", *where)["state"] == "old"
    assert in_json("microvm", "setup", *where)["already"] == {"boot": True, "root": False}
    # A byte that the disk turned.
    with open(made["kernel"], "r+b") as kernel:
        kernel.write(b"?")
    refused = tinderbox("microvm", "status", "--check", *where, code=5)
    assert "it is not what was written" in refused.stderr


@needs_kernel
@pytest.mark.skipif(not shutil.which("fsck.erofs"), reason="no fsck.erofs (erofs-utils)")
def test_the_image_is_sound_and_holds_what_everybody_may_read(tmp_path, root):
    made = in_json("microvm", "setup", "--data", tmp_path / "data", "--kernel", KERNEL, "--root", root, "--leave-out", "/usr/lib/large")
    subprocess.run(["fsck.erofs", made["root"]], check=True, capture_output=True)
    names = subprocess.run(["strings", "-a", made["root"]], capture_output=True, text=True).stdout if shutil.which("strings") else pathlib.Path(made["root"]).read_bytes().decode("latin-1")
    assert "true" in names and "private" not in names and "large" not in names


@needs_kernel
@pytest.mark.skipif(not shutil.which("cpio"), reason="no cpio")
def test_the_initramfs_has_our_init_and_the_modules_in_their_order(tmp_path, root):
    made = in_json("microvm", "setup", "--data", tmp_path / "data", "--kernel", KERNEL, "--root", root)
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    with open(made["initramfs"], "rb") as archive:
        subprocess.run(["cpio", "-i", "--quiet"], stdin=archive, cwd=unpacked, check=True)
    assert (unpacked / "init").stat().st_mode & 0o777 == 0o755
    assert (unpacked / "init").stat().st_size < 3 << 20
    order = (unpacked / "modules/order").read_text().split()
    assert sorted(order + ["order"]) == sorted(path.name for path in (unpacked / "modules").iterdir())
    assert order.index("virtio.ko") < order.index("virtio_mmio.ko") and order.index("vsock.ko") < order.index("vmw_vsock_virtio_transport.ko")


@needs_kernel
def test_a_setup_killed_at_any_time_leaves_nothing_that_counts(tmp_path, root):
    where = ["--data", tmp_path / "data", "--kernel", KERNEL, "--root", root]
    store = tmp_path / "data/microvm"
    process = subprocess.Popen([BINARY, "microvm", "setup", *where], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # As soon as there is something, at whatever step that is.
    while not store.is_dir():
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.002)
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    made = in_json("microvm", "setup", *where)
    assert in_json("microvm", "status", "--check", *where)["state"] == "current"
    assert not [path for path in store.iterdir() if path.name.startswith(".new-")]
    assert pathlib.Path(made["root"]).is_file()


def test_what_is_missing_is_refused_with_what_to_do(tmp_path, root):
    data = ["--data", tmp_path / "data"]
    refused = tinderbox("microvm", "setup", *data, "--kernel", tmp_path / "nowhere", code=5)
    assert "nowhere: No such file or directory" in refused.stderr and "→" in refused.stderr
    refused = tinderbox("microvm", "setup", *data, "--kernel", "/bin/sh", code=5)
    assert "release" in refused.stderr or "neither a bzImage" in refused.stderr
    refused = tinderbox("up", "--port", "0", *data, "--sandbox", "qemu", "--kernel", tmp_path / "nowhere", "--qemu", tmp_path / "none", code=5)
    assert "nowhere" in refused.stderr and "qemu-system-x86_64 is not installed" in refused.stderr, "every gap at once"


def test_doctor_says_which_sandboxes_are_usable_and_why_others_are_not(tmp_path):
    findings = {finding["what"]: finding for finding in in_json("doctor", "--data", tmp_path / "data", "--firecracker", tmp_path / "none")["findings"]}
    assert not findings["sandbox firecracker"]["good"]
    assert "firecracker is not installed" in findings["sandbox firecracker"]["found"]
    for name in ("QEMU", "Firecracker", "microVM kernel", "microVM images", "sandbox qemu", "sandbox firecracker"):
        assert findings[name]["good"] or findings[name]["advice"], name


@needs_kernel
@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("qemu-system-x86_64"), reason="needs root and qemu-system-x86_64")
def test_up_makes_what_is_missing_and_functions_run_in_machines_with_a_kernel_of_their_own(tmp_path):
    server = Server(tmp_path / "data", "--sandbox", "qemu", "--kernel", KERNEL, "--assets", ASSETS)
    try:
        client = server.client()
        code = package(app__py="import platform\ndef handler(event, context): return platform.release()\n")
        with function(client, code=code, Timeout=120) as name:
            answers = [json.load(client.invoke(FunctionName=name)["Payload"]) for _ in range(2)]
        inside = [path.name for path in (KERNEL / "lib/modules").iterdir()]
        assert answers == inside * 2 and os.uname().release not in answers
    finally:
        assert server.stop() == 0
