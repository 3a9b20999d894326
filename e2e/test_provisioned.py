"""Provisioned concurrency: as boto3 sets and reads it, and what invocations meet."""
import base64
import concurrent.futures
import json

import pytest
from botocore.exceptions import ClientError

from conftest import TIME_FACTOR, Server
from functions import ROLE, eventually, function, package

WORK = """
import os, time
time.sleep(0.2)
def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return {"type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "stream": context.log_stream_name}
"""
BROKEN = "raise ValueError('not today')"


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A server without other functions: account settings are what this file makes them."""
    server = Server(tmp_path_factory.mktemp("provisioned"))
    yield server
    assert server.stop() == 0


def invoke(client, name, seconds=0, qualifier="1"):
    answer = client.invoke(FunctionName=name, Qualifier=qualifier, Payload=json.dumps({"seconds": seconds}), LogType="Tail")
    assert "FunctionError" not in answer, answer
    return json.loads(answer["Payload"].read()), base64.b64decode(answer["LogResult"]).decode()


def put(client, name, wanted, qualifier="1"):
    answer = client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=wanted)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (answer["Status"], answer["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", wanted), answer
    return answer


def get(client, name, qualifier="1"):
    answer = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
    return {member: answer[member] for member in answer if member != "ResponseMetadata"}


def ready(client, name, wanted, qualifier="1"):
    found = eventually(lambda: get(client, name, qualifier), lambda found: found["Status"] == "READY", 60)
    numbers = [found[f"{what}ProvisionedConcurrentExecutions"] for what in ("Requested", "Available", "Allocated")]
    assert numbers == [wanted] * 3, found
    return found


def initialised(server, name):
    """How many log streams of the version say that an init ended."""
    logs = server.client("logs")
    try:
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="INIT_REPORT")
    except logs.exceptions.ResourceNotFoundException:
        return 0
    return len({event["logStreamName"] for event in found["events"] if "[1]" in event["logStreamName"]})


def test_so_many_stand_ready_before_any_invocation_and_one_more_is_cold(alone):
    client = alone.client()
    with function(client, code=package(app__py=WORK), Timeout=60) as name:
        client.publish_version(FunctionName=name)
        put(client, name, 3)
        ready(client, name, 3)
        assert eventually(lambda: initialised(alone, name), lambda count: count >= 3) == 3
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: invoke(client, name, 5 * TIME_FACTOR), range(4)))
        for answer, log in answers:
            assert ("Init Duration" in log) == (answer["type"] == "on-demand"), (answer, log)
        kinds = sorted(answer["type"] for answer, _ in answers)
        assert kinds == ["on-demand"] + ["provisioned-concurrency"] * 3
        assert len({answer["stream"] for answer, _ in answers}) == 4
        # Of those that are idle, what is provisioned comes first.
        answer, log = invoke(client, name)
        assert answer["type"] == "provisioned-concurrency" and "Init Duration" not in log, log
        # $LATEST has none of it.
        answer, log = invoke(client, name, qualifier="$LATEST")
        assert answer["type"] == "on-demand" and "Init Duration" in log, log


def test_it_is_set_read_listed_and_given_up(alone):
    client = alone.client()
    with function(client, code=package(app__py=WORK)) as name:
        arn = client.publish_version(FunctionName=name)["FunctionArn"]
        put(client, name, 2)
        found = ready(client, name, 2)
        listed = client.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
        assert listed == [{"FunctionArn": arn, **found}]
        limits = client.get_account_settings()["AccountLimit"]
        assert limits["UnreservedConcurrentExecutions"] == 998
        put(client, name, 1)
        ready(client, name, 1)
        answer, _ = invoke(client, name)
        assert answer["type"] == "provisioned-concurrency"
        answer = client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
        client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
        with pytest.raises(client.exceptions.ProvisionedConcurrencyConfigNotFoundException) as refused:
            get(client, name)
        assert refused.value.response["Error"]["Message"] == "No Provisioned Concurrency Config found for this function"
        assert client.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []
        assert client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 1000
        # They are given up: the next is made on demand.
        answer, log = invoke(client, name)
        assert answer["type"] == "on-demand" and "Init Duration" in log, log


def refused(call, code, message, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert (error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]) == (code, message)


def test_what_aws_refuses_is_refused_in_its_words(alone):
    client = alone.client()
    invalid = "InvalidParameterValueException"
    with function(client, code=package(app__py=WORK)) as name, \
            function(client, SnapStart={"ApplyOn": "PublishedVersions"}) as snap:
        client.publish_version(FunctionName=name)
        client.publish_version(FunctionName=snap)
        given = {"FunctionName": name, "Qualifier": "1", "ProvisionedConcurrentExecutions": 1}
        refused(client.put_provisioned_concurrency_config, invalid,
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
                **{**given, "Qualifier": "$LATEST"})
        refused(client.put_provisioned_concurrency_config, invalid,
                "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                "below its minimum value of [100].", **{**given, "ProvisionedConcurrentExecutions": 901})
        refused(client.put_provisioned_concurrency_config, invalid,
                "Provisioned Concurrency is not supported for SnapStart enabled function versions.",
                **{**given, "FunctionName": snap})
        for qualifier in ("2", "live"):
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                client.put_provisioned_concurrency_config(**{**given, "Qualifier": qualifier})
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
        refused(client.put_provisioned_concurrency_config, invalid,
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
                **{**given, "ProvisionedConcurrentExecutions": 3})
        put(client, name, 2)
        refused(client.put_function_concurrency, invalid,
                "ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2].",
                FunctionName=name, ReservedConcurrentExecutions=1)
        # All that is reserved is provisioned: nothing is left to $LATEST.
        with pytest.raises(client.exceptions.TooManyRequestsException):
            client.invoke(FunctionName=name)
        assert invoke(client, name)[0]["type"] in ("on-demand", "provisioned-concurrency")


def test_an_init_that_fails_is_told_and_a_version_that_is_deleted_takes_it_along(alone):
    client = alone.client()
    with function(client, code=package(app__py=BROKEN)) as name:
        client.publish_version(FunctionName=name)
        put(client, name, 1)
        found = eventually(lambda: get(client, name), lambda found: found["Status"] == "FAILED", 60)
        assert found["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"
        assert found["AllocatedProvisionedConcurrentExecutions"] == 0
        client.delete_function(FunctionName=name, Qualifier="1")
        assert client.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []
        assert client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 1000


def test_it_outlives_the_server(tmp_path):
    server = Server(tmp_path)
    try:
        client = server.client()
        client.create_function(FunctionName="kept", Runtime="python3.11", Role=ROLE, Handler="app.handler",
                               Code={"ZipFile": package(app__py=WORK)}, Publish=True)
        put(client, "kept", 2)
        before = ready(client, "kept", 2)
        assert server.stop() == 0
        server.start()
        client = server.client()
        assert ready(client, "kept", 2)["LastModified"] == before["LastModified"]
        answer, log = invoke(client, "kept")
        assert answer["type"] == "provisioned-concurrency" and "Init Duration" not in log, log
    finally:
        assert server.stop() == 0
