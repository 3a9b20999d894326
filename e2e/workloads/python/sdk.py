"""Imports what AWS's image carries and a package does not."""
import json

import boto3


def handler(event, context):
    answer = boto3.client("lambda").invoke(FunctionName=event["other"], Payload=json.dumps({"from": "boto3"}))
    return {"status": answer["StatusCode"], "payload": json.loads(answer["Payload"].read()), "boto3": boto3.__version__}
