"""The least a Python function can be; the answers are those of noop-rust."""
import os
import time

count = 0


def lambda_handler(event, context):
    global count
    count += 1
    began = time.time_ns() // 1000
    if "sleep_ms" in event:
        time.sleep(event["sleep_ms"] / 1000)
    return {"n": count, "began_us": began, "environment": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]}
