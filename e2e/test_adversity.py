"""What happens to a server's host: a full disk, a data folder that is removed, an operator in a hurry."""
import contextlib
import os
import shutil
import signal
import subprocess

import pytest
from botocore.exceptions import ClientError

from conftest import Server
from functions import PYTHON, ROLE, eventually, package

ROOT_HERE = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
pytestmark = pytest.mark.process_only("what happens to the server is the same around machines")


def create(client, name, **settings):
    client.create_function(
        FunctionName=name, Runtime="python3.11", Role=ROLE, Handler="app.handler", Code={"ZipFile": package(app__py=PYTHON)}, **settings
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


@contextlib.contextmanager
def disk(folder, megabytes):
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "small", folder])
    if made.returncode != 0:
        pytest.skip("no disk can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path):
    """Until not one more block fits."""
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size):
                    pass


@ROOT_HERE
def test_on_a_full_disk_functions_are_deleted_and_refusals_say_why(tmp_path):
    with disk(tmp_path, 64):
        server = Server(tmp_path / "data")
        try:
            client = server.client()
            for name in ("a", "b", "c"):
                create(client, name)
            fill(tmp_path / "hog")
            for change in (
                lambda: create(client, "d"),
                lambda: client.update_function_configuration(FunctionName="a", Description="more" * 50),
                lambda: client.publish_version(FunctionName="a"),
            ):
                with pytest.raises(ClientError) as refused:
                    change()
                assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 507
                assert "disk" in refused.value.response["Error"]["Message"]
            for name in ("a", "b", "c"):
                fill(tmp_path / "hog2")
                client.delete_function(FunctionName=name)
            assert client.list_functions()["Functions"] == []
            os.unlink(tmp_path / "hog")
            os.unlink(tmp_path / "hog2")
            create(client, "d")
        finally:
            assert server.stop() == 0


def test_a_server_whose_data_folder_is_removed_ends_and_says_so(tmp_path):
    with open(tmp_path / "stderr", "w") as stderr:
        server = Server(tmp_path / "data", stderr=stderr)
    create(server.client(), "a")
    shutil.rmtree(tmp_path / "data")
    assert server.process.wait(timeout=60) == 1
    assert "data folder was removed" in (tmp_path / "stderr").read_text()


def test_a_signal_at_the_very_moment_of_readiness_ends_a_server_in_order(tmp_path):
    """It is a race, so ten times: one listener was there before the other, or none was."""
    for _ in range(10):
        assert Server(tmp_path / "data").stop() == 0


def test_an_interpreter_that_never_says_its_version_keeps_no_server_from_ending(tmp_path):
    """Forty of them: each may take five seconds, which is more than `stop` waits."""
    asked = tmp_path / "asked"
    for minor in range(40):
        fake = tmp_path / f"bin{minor}" / "python3"
        fake.parent.mkdir()
        fake.write_text(f"#!/bin/sh\n# {minor}\necho $$ >> {asked}\nexec sleep 600\n")
        fake.chmod(0o755)
    path = ":".join(str(tmp_path / f"bin{minor}") for minor in range(40))
    server = Server(tmp_path / "data", env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}"})
    eventually(asked.exists, bool)
    assert server.stop() == 0
    for pid in map(int, asked.read_text().split()):
        eventually(lambda: os.path.exists(f"/proc/{pid}"), lambda there: not there)


def test_a_second_signal_does_not_wait_for_what_is_in_progress(tmp_path):
    with open(tmp_path / "stderr", "w") as stderr:
        server = Server(tmp_path / "data", stderr=stderr)
    client = server.client()
    create(client, "a", Timeout=60)
    call = subprocess.Popen(
        [server.binary, "invoke", "a", "-d", '{"do": "sleep", "seconds": 50}', "--endpoint", server.endpoint, "--region", "eu-central-1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    logs = server.client("logs")
    asked = lambda: [e for e in logs.filter_log_events(logGroupName="/aws/lambda/a")["events"] if "asked to sleep" in e["message"]]
    eventually(lambda: _quiet(asked), bool)
    server.process.send_signal(signal.SIGTERM)
    eventually(lambda: _quiet(client.list_functions), lambda found: found is None)  # it has stopped listening
    assert server.process.poll() is None, "one signal waits"
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=60) == 0
    assert "drain deadline" not in (tmp_path / "stderr").read_text(), "it did not come to that"
    assert call.wait(timeout=30) != 0


def _quiet(read):
    """`None` where it fails."""
    try:
        return read()
    except Exception:  # noqa: BLE001 (no log group yet; no server any more)
        return None
