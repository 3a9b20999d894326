"""A server whose stderr can not be written any more goes on."""
import json
import os

import pytest

from conftest import Server
from functions import function, package


def broken_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("stderr", [broken_pipe, lambda: os.open("/dev/full", os.O_WRONLY)], ids=["gone", "full"])
def test_a_log_line_that_can_not_be_written_is_lost_and_nothing_else(tmp_path, stderr):
    descriptor = stderr()
    # At -vv every request is a line of the log.
    server = Server(tmp_path / "data", "-vv", stderr=descriptor)
    os.close(descriptor)
    try:
        client = server.client()
        with function(client, code=package(app__py="def handler(e, c): return e")) as name:
            for number in range(3):
                answer = client.invoke(FunctionName=name, Payload=json.dumps(number))
                assert json.loads(answer["Payload"].read()) == number
    finally:
        assert server.stop() == 0


def test_a_nul_is_refused_where_a_process_could_not_hold_it(client):
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="NUL"):
        with function(client, Environment={"Variables": {"AA": "a\0b"}}):
            pass
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="NUL"):
        with function(client, handler="app.han\0dler"):
            pass
