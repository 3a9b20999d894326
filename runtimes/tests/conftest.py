"""Which clients and interpreters there are to compare. `run.sh` prepares them and says where by TINDERBOX_TEST_CACHE."""

import os
import pathlib
import shutil

import pytest

HERE = pathlib.Path(__file__).resolve().parent
HANDLERS = str(HERE / "handlers")
OURS_PYTHON = str(HERE.parent / "python" / "bootstrap.py")
OURS_NODE = str(HERE.parent / "nodejs" / "bootstrap.mjs")
CACHE = pathlib.Path(os.environ.get("TINDERBOX_TEST_CACHE", HERE.parent.parent / "target" / "runtime-clients"))


def pythons():
    return sorted(CACHE.glob("python-*/bin/python"), key=lambda p: [int(n) for n in p.parts[-3][7:].split(".")])


def nodes():
    found = sorted(CACHE.glob("node-*/bin/node"))
    system = shutil.which("node")
    return found + ([pathlib.Path(system)] if system else [])


AWS_NODE = CACHE / "npm" / "node_modules" / "aws-lambda-ric" / "bin" / "index.mjs"


def pytest_generate_tests(metafunc):
    if "python" in metafunc.fixturenames:
        metafunc.parametrize("python", pythons(), ids=lambda p: p.parts[-3])
    if "node" in metafunc.fixturenames:
        metafunc.parametrize("node", nodes(), ids=lambda p: p.parts[-3])


@pytest.fixture
def aws_node():
    if not (AWS_NODE.parent.parent / "dist" / "rapid-client.node").exists():
        pytest.skip("aws-lambda-ric is not built here: no AWS client for Node.js to compare with")
    return str(AWS_NODE)
