"""Hello from Python: `tinderbox deploy examples/hello-python`."""


def lambda_handler(event, context):
    print("handling", context.aws_request_id)  # what a function prints is in its log
    name = event.get("name", "world")
    return {
        "message": f"Hello, {name}!",
        "function": context.function_name,
        "remaining_ms": context.get_remaining_time_in_millis(),
    }
