"""CloudWatch Logs through boto3. Every line that is not true ends it."""

import os
import time

import boto3
from botocore.exceptions import ClientError

logs = boto3.client("logs", endpoint_url=os.environ["LOGS_ENDPOINT"])
GROUP = "/aws/lambda/hello"
STREAM = "2026/01/31/[$LATEST]0123"


def refused(name, message, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        said = error.response["Error"]
        assert said["Code"] == name, said
        assert message in said["Message"], said
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert error.response["ResponseMetadata"]["RequestId"], error.response
        return
    raise AssertionError(f"{call} was not refused")


MISSING, EXISTS, INVALID = "ResourceNotFoundException", "ResourceAlreadyExistsException", "InvalidParameterException"
refused(MISSING, "The specified log group does not exist.", logs.describe_log_streams, logGroupName=GROUP)
logs.create_log_group(logGroupName=GROUP, tags={"team": "blue"})
refused(EXISTS, "The specified log group already exists", logs.create_log_group, logGroupName=GROUP)
refused(INVALID, "failed to satisfy constraint", logs.create_log_group, logGroupName="a b")
refused(MISSING, "The specified log stream does not exist.", logs.get_log_events, logGroupName=GROUP, logStreamName="x")
logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
refused(EXISTS, "log stream already exists", logs.create_log_stream, logGroupName=GROUP, logStreamName=STREAM)

now = int(time.time() * 1000)
lines = [{"timestamp": now - 100 + at, "message": f"line {at} größe {'ERROR' if at % 10 == 0 else 'ok'}"} for at in range(25)]
put = logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=lines)
assert "rejectedLogEventsInfo" not in put, put
old = [{"timestamp": now - 15 * 86400000, "message": "old"}]
put = logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=old)
assert put["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] == 1, put
refused(MISSING, "log stream", logs.put_log_events, logGroupName=GROUP, logStreamName="x", logEvents=lines)

group = logs.describe_log_groups(logGroupNamePrefix="/aws/")["logGroups"][0]
assert group["arn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}:*", group
assert group["storedBytes"] == sum(len(line["message"].encode()) + 26 for line in lines), group
assert "retentionInDays" not in group
stream = logs.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True)["logStreams"][0]
assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (now - 100, now - 76), stream

# Pages of a stream, forward, until the token repeats.
token, found = {}, []
while True:
    page = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, startFromHead=True, limit=10, **token)
    found += [event["message"] for event in page["events"]]
    if token.get("nextToken") == page["nextForwardToken"]:
        break
    token = {"nextToken": page["nextForwardToken"]}
assert found == [line["message"] for line in lines], found
last = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, limit=3)
assert [event["message"] for event in last["events"]] == found[-3:]
refused(INVALID, "nextToken", logs.get_log_events, logGroupName=GROUP, logStreamName=STREAM, nextToken="f/1")

# A search by boto3's own paginator.
pages = logs.get_paginator("filter_log_events").paginate(
    logGroupName=GROUP, filterPattern="ERROR", PaginationConfig={"PageSize": 2})
events = [event for page in pages for event in page["events"]]
assert [event["timestamp"] for event in events] == [now - 100, now - 90, now - 80], events
assert len({event["eventId"] for event in events}) == 3
by_prefix = logs.filter_log_events(logGroupIdentifier=group["logGroupArn"], logStreamNamePrefix="2026/", limit=1)
assert len(by_prefix["events"]) == 1 and by_prefix["searchedLogStreams"] == [] and by_prefix["nextToken"]
refused(INVALID, "Invalid character(s) in term 'a-b'", logs.filter_log_events, logGroupName=GROUP, filterPattern="a-b")

arn = group["logGroupArn"]
logs.tag_resource(resourceArn=arn, tags={"stage": "test"})
logs.untag_resource(resourceArn=arn, tagKeys=["team"])
assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "test"}
assert logs.list_tags_log_group(logGroupName=GROUP)["tags"] == {"stage": "test"}
logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
assert logs.describe_log_groups(logGroupNamePattern="hello")["logGroups"][0]["retentionInDays"] == 7
refused(INVALID, "retentionInDays", logs.put_retention_policy, logGroupName=GROUP, retentionInDays=8)
logs.delete_retention_policy(logGroupName=GROUP)
assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]

logs.delete_log_stream(logGroupName=GROUP, logStreamName=STREAM)
assert logs.filter_log_events(logGroupName=GROUP)["events"] == []
logs.delete_log_group(logGroupName=GROUP)
refused(MISSING, "log group", logs.delete_log_group, logGroupName=GROUP)
assert logs.describe_log_groups()["logGroups"] == []
print("all of it held")
