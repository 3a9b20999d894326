"""Reserved concurrency: as boto3 sets and reads it, and what invocations meet."""
import concurrent.futures
import json

import pytest
from botocore.exceptions import ClientError

from conftest import Server
from functions import eventually, function, package

WORK = """
import time
def handler(event, context):
    time.sleep(event["seconds"])
    return context.function_name
"""
RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"


def invoke(client, name, seconds=0, **more):
    """`None`, or why it was refused."""
    try:
        answer = client.invoke(FunctionName=name, Payload=json.dumps({"seconds": seconds}), **more)
    except ClientError as error:
        said = error.response
        assert said["ResponseMetadata"]["HTTPStatusCode"] == 429, said
        assert said["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}, said
        assert said["Type"] == "User" and said["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1", said
        return said["Reason"]
    assert json.loads(answer["Payload"].read()) == name
    return None


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A server without other functions: account settings are what this file makes them."""
    server = Server(tmp_path_factory.mktemp("reserved"))
    yield server.client()
    assert server.stop() == 0


def test_a_reservation_is_set_read_and_given_up(alone):
    with function(alone) as name:
        assert alone.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=7)["ReservedConcurrentExecutions"] == 7
        assert alone.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 7
        described = alone.get_function(FunctionName=name)
        assert described["Concurrency"] == {"ReservedConcurrentExecutions": 7}
        limits = alone.get_account_settings()["AccountLimit"]
        assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (1000, 993)
        revision = described["Configuration"]["RevisionId"]
        answer = alone.delete_function_concurrency(FunctionName=name)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert "ReservedConcurrentExecutions" not in alone.get_function_concurrency(FunctionName=name)
        described = alone.get_function(FunctionName=name)
        assert "Concurrency" not in described and described["Configuration"]["RevisionId"] == revision
        assert alone.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 1000
        with pytest.raises(alone.exceptions.InvalidParameterValueException) as refused:
            alone.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=901)
        assert refused.value.response["Error"]["Message"] == (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            "below its minimum value of [100].")
        for call in (alone.get_function_concurrency, alone.delete_function_concurrency):
            with pytest.raises(alone.exceptions.ResourceNotFoundException):
                call(FunctionName="nobody")


def test_a_function_has_no_more_in_progress_than_it_reserves_over_all_its_versions(alone):
    with function(alone, code=package(app__py=WORK), Timeout=60) as name, \
            function(alone, code=package(app__py=WORK), Timeout=60) as other:
        alone.publish_version(FunctionName=name)
        alone.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            # Whoever looks below may be in progress when these come: they come again.
            def work(qualifier):
                return eventually(lambda: invoke(alone, name, 8, Qualifier=qualifier), lambda answer: answer is None)
            busy = [pool.submit(work, qualifier) for qualifier in ("$LATEST", "1")]
            assert eventually(lambda: invoke(alone, name), lambda answer: answer) == RESERVED
            assert invoke(alone, name, Qualifier="1") == RESERVED
            assert invoke(alone, other) is None, "others have the rest"
            assert [future.result() for future in busy] == [None, None], "who was accepted is not harmed"
        assert invoke(alone, name) is None


def test_one_at_a_time_is_served_call_after_call_and_none_at_all_at_zero(alone):
    with function(alone, code=package(app__py=WORK)) as name:
        alone.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
        # The next call comes before the runtime has asked for its next event.
        assert [invoke(alone, name) for _ in range(200)] == [None] * 200
        alone.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        assert invoke(alone, name) == RESERVED, "from the answer on"
        alone.delete_function_concurrency(FunctionName=name)
        assert invoke(alone, name) is None


def test_a_reservation_outlives_the_server(tmp_path):
    server = Server(tmp_path)
    try:
        client = server.client()
        client.create_function(FunctionName="kept", Runtime="python3.11", Role="arn:aws:iam::000000000000:role/r",
                               Handler="app.handler", Code={"ZipFile": package(app__py=WORK)})
        client.put_function_concurrency(FunctionName="kept", ReservedConcurrentExecutions=0)
        assert server.stop() == 0
        server.start()
        client = server.client()
        assert invoke(client, "kept") == RESERVED
        client.delete_function_concurrency(FunctionName="kept")
        assert invoke(client, "kept") is None
    finally:
        assert server.stop() == 0
