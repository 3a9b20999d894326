"""One module with a handler per behaviour; run under our client and under AWS's."""

import collections
import decimal
import json
import logging
import os
import sys

Point = collections.namedtuple("Point", "x y")


def echo(event, context):
    return event


def nothing(event, context):
    return None


def unicode(event, context):
    return {"text": "zażółć \u2028 🔥", "event": event}


def binary(event, context):
    return b"\x00\xff raw"


def decimals(event, context):
    return {"a": decimal.Decimal("1.10"), "b": [decimal.Decimal("1E+3"), decimal.Decimal("NaN")], "c": 1}


def oddities(event, context):
    return {"point": Point(1, 2), "bytes": b"as text", "tuple": (1, 2), 3: None, True: 1.5, None: float("inf")}


def unmarshalable(event, context):
    return {"set": {1}}


def circular(event, context):
    loop = {}
    loop["loop"] = loop
    return loop


class CustomError(Exception):
    pass


def raises(event, context):
    raise CustomError("first line\nsecond żółć")


def inner():
    return {}["missing"]


def chained(event, context):
    try:
        inner()
    except KeyError as e:
        raise CustomError("outer") from e


def no_message(event, context):
    raise ValueError()


def wrong_arity(event):
    return event


def exits(event, context):
    print("before the end")
    sys.exit(3)


def exits_hard(event, context):
    print("written", end="")
    os._exit(4)


def prints(event, context):
    print("to stdout")
    print("partly", end="")
    print("to stderr", file=sys.stderr)
    sys.stdout.write("two\nlines\n")
    return "TELEMETRY" if "_LAMBDA_TELEMETRY_LOG_FD" in os.environ else "hidden"


def logs(event, context):
    log = logging.getLogger("mine")
    log.debug("a debug line")
    log.info("an info line")
    log.warning("a %s line", "warning", extra={"order": 7})
    log.error("two\nlines")
    try:
        inner()
    except KeyError:
        log.exception("it failed")
    logging.critical({"as": "dict"})
    context.log("by the context\n")


def logs_all(event, context):
    logging.getLogger().setLevel(logging.DEBUG)
    return logs(event, context)


def context(event, context):
    remaining = context.get_remaining_time_in_millis()
    shown = {
        name: getattr(context, name)
        for name in (
            "aws_request_id log_group_name log_stream_name function_name function_version memory_limit_in_mb "
            "invoked_function_arn tenant_id"
        ).split()
    }
    client = context.client_context
    if client is not None:
        shown["client"] = [client.custom, client.env, client.client and client.client.app_title]
    shown["identity"] = [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id]
    shown["remaining"] = 0 < remaining <= 30000
    shown["memory"] = type(context.memory_limit_in_mb).__name__
    shown["trace"] = os.environ.get("_X_AMZN_TRACE_ID")
    shown["repr"] = repr(context)
    shown["w3c"] = context.w3c() if hasattr(context, "w3c") else {}
    return shown


def path(event, context):
    return [json.dumps(entry) for entry in sys.path[:1]]


def observed(event, context):
    """All that tells one start from another."""
    with open("/proc/self/environ", "rb") as environ:
        initial = sorted(entry.decode() for entry in environ.read().split(b"\0") if entry)
    return {
        "variables": dict(os.environ),
        "initial": initial,
        "modules": sorted(sys.modules),
        "path": sys.path,
        "folder": os.getcwd(),
        "arguments": sys.argv[1:],
        "descriptors": sorted(os.path.basename(os.path.realpath("/proc/self/fd/" + n)).split("[")[0].split(":")[0].lstrip("#0123456789") for n in os.listdir("/proc/self/fd")),
    }
