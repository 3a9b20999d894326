"""A function whose init is what real ones spend theirs on: imports. The answers are those of noop-rust."""
import os
import time

import numpy
import pandas

# Some of what they load only when it is used first.
FRAME = pandas.DataFrame({"a": numpy.arange(1000), "b": numpy.random.default_rng(1).random(1000)})
MEANS = FRAME.groupby(FRAME.a % 7).mean()
TEXT = MEANS.to_csv()

count = 0


def lambda_handler(event, context):
    global count
    count += 1
    began = time.time_ns() // 1000
    if "sleep_ms" in event:
        time.sleep(event["sleep_ms"] / 1000)
    return {"n": count, "began_us": began, "environment": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]}
