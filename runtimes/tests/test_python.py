"""Our Python client against AWS's: the same handlers, the same posts, the same log."""

import json

import pytest
from conftest import HANDLERS, OURS_PYTHON
from fake_api import REQUEST_ID, Invocation, run_client

import ahead
import normal


def both(python, handler, invocations, **options):
    make = lambda: [Invocation(**i) if isinstance(i, dict) else Invocation(i) for i in invocations]
    ours = run_client([str(python), OURS_PYTHON], HANDLERS, handler, make(), **options)
    aws = run_client([str(python), "-m", "awslambdaric"], HANDLERS, handler, make(), **options)
    return ours, aws


def same(python, handler, invocations=(b'{"a":1}', b"[]"), **options):
    ours, aws = both(python, handler, invocations, **options)
    assert normal.posts(ours) == normal.posts(aws)
    assert normal.text(ours.stdout) == normal.text(aws.stdout)
    assert normal.text(ours.stderr) == normal.text(aws.stderr)
    frames = lambda run: [(kind, normal.text(text)) for kind, text in run.frames if "LAMBDA_WARNING" not in text]
    assert frames(ours) == frames(aws)
    assert ours.exit_code == aws.exit_code
    return ours


PLAIN = "echo nothing unicode binary decimals oddities unmarshalable circular raises chained no_message exits exits_hard prints"


@pytest.mark.parametrize("handler", PLAIN.split())
def test_an_outcome_is_posted_and_logged_as_aws_does(python, handler):
    ours = same(python, "py_basic." + handler)
    assert ours.connections == 1, "one connection is kept for everything"


@pytest.mark.parametrize("name", ["AWS_Lambda_python3.11", "AWS_Lambda_python3.12", "AWS_Lambda_python3.13"])
def test_answers_are_utf8_since_python_3_12_and_escaped_before(python, name):
    ours = same(python, "py_basic.unicode", env={"AWS_EXECUTION_ENV": name})
    assert ("\\u017c" in ours.posts[0].body.decode()) == name.endswith("3.11")


INIT = {
    "py_import_error.handler": "Runtime.ImportModuleError",
    "not_there.handler": "Runtime.ImportModuleError",
    "py_syntax_error.handler": "Runtime.UserCodeSyntaxError",
    "py_raises_at_import.handler": "RuntimeError",
    "py_exits_at_import.handler": None,
    "py_basic.not_there": "Runtime.HandlerNotFound",
    "nodothere": "Runtime.MalformedHandlerName",
    "sys.exit": "Runtime.BuiltInModuleConflict",
}


@pytest.mark.parametrize("handler", INIT)
def test_a_failed_start_is_reported_and_ends_the_process_as_aws_does(python, handler):
    ours = same(python, handler)
    assert [post.path for post in ours.posts] == (["init/error"] if INIT[handler] else [])
    assert ours.exit_code == (1 if INIT[handler] else 5)
    for post in ours.posts:
        assert post.headers["lambda-runtime-function-error-type"] == INIT[handler]


@pytest.mark.parametrize("handler", ["nested/deep/mod.handler", "nested.deep.mod.handler"])
def test_a_handler_may_lie_in_folders(python, handler):
    assert same(python, handler).posts[0].body == b'"nested"'


@pytest.mark.parametrize("telemetry", [False, True], ids=["stdout", "telemetry"])
@pytest.mark.parametrize("level", [None, "TRACE", "DEBUG", "WARN", "ERROR"])
@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_log_lines_have_the_same_form_and_level(python, log_format, level, telemetry):
    env = {"AWS_LAMBDA_LOG_FORMAT": log_format}
    if level:
        env["AWS_LAMBDA_LOG_LEVEL"] = level
    same(python, "py_basic.logs", [b"{}"], env=env, telemetry=telemetry)


def test_a_level_that_the_function_sets_counts(python):
    assert b"a debug line" in same(python, "py_basic.logs_all").stdout


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
@pytest.mark.parametrize("handler", ["py_basic.raises", "py_basic.chained", "py_import_error.handler", "py_basic.prints"])
def test_a_traceback_is_one_event_of_the_telemetry_descriptor(python, handler, log_format):
    ours = same(python, handler, [b"{}"], telemetry=True, env={"AWS_LAMBDA_LOG_FORMAT": log_format})
    if handler != "py_basic.prints":
        assert len(ours.frames) == 1
        assert ours.stdout == b""
    else:
        assert ours.posts[0].body == b'"hidden"', "the variable is not for the function"


CONTEXT = {
    "plain": {},
    "no trace": {"drop": ["Lambda-Runtime-Trace-Id"]},
    "tenant": {"headers": {"Lambda-Runtime-Aws-Tenant-Id": "blue"}},
    "identity": {
        "headers": {"Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}'}
    },
    "client": {
        "headers": {
            "Lambda-Runtime-Client-Context": json.dumps(
                {"custom": {"k": "v"}, "env": {"e": 1}, "client": {"app_title": "t"}, "other": 2}
            )
        }
    },
    "client is not json": {"headers": {"Lambda-Runtime-Client-Context": "{nonsense"}},
}


@pytest.mark.parametrize("case", CONTEXT)
def test_the_context_says_what_aws_says(python, case):
    same(python, "py_basic.context", [CONTEXT[case], CONTEXT[case]])


def test_an_event_that_is_not_json_is_an_unmarshal_error(python):
    ours, aws = both(python, "py_basic.echo", [b"{nonsense"])
    assert [post.path for post in ours.posts] == [post.path for post in aws.posts]
    told = [json.loads(run.posts[0].body) for run in (ours, aws)]
    assert told[0]["errorType"] == told[1]["errorType"] == "Runtime.UnmarshalError"


def test_a_wrong_number_of_parameters_is_a_type_error(python):
    ours, aws = both(python, "py_basic.wrong_arity", [b"{}"])
    told = [json.loads(run.posts[0].body) for run in (ours, aws)]
    assert told[0]["errorMessage"] == told[1]["errorMessage"]
    assert told[0]["errorType"] == "TypeError"


def test_an_answer_refused_as_too_large_does_not_end_the_process(python):
    run = run_client([str(python), OURS_PYTHON], HANDLERS, "py_basic.echo", [Invocation(), Invocation()], answer_status=413)
    assert (run.exit_code, len(run.posts)) == (None, 2)


def test_any_other_refusal_of_an_outcome_is_fatal(python):
    run = run_client([str(python), OURS_PYTHON], HANDLERS, "py_basic.echo", [Invocation(), Invocation()], answer_status=403)
    assert (run.exit_code, len(run.posts)) == (1, 1)
    assert REQUEST_ID.encode() in run.stderr


def test_large_events_and_answers_arrive_whole(python):
    event = json.dumps({"text": "x" * 5_000_000}).encode()
    ours = run_client([str(python), OURS_PYTHON], HANDLERS, "py_basic.echo", [Invocation(event)])
    assert json.loads(ours.posts[0].body) == json.loads(event)


def test_a_process_started_ahead_of_its_function_is_as_one_started_for_it(python):
    ahead.is_as_fresh([str(python), OURS_PYTHON], "py_basic.observed")


def test_a_process_whose_function_never_comes_ends_silently(python):
    ahead.ends_silently([str(python), OURS_PYTHON])


SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}


def test_hooks_of_snap_start_run_in_awss_order_around_the_restore(python):
    ours = same(python, "py_hooks.handler", env=SNAP_START)
    assert ours.restores == 1 and b"after, registered second" in ours.posts[0].body
    plain = same(python, "py_hooks.handler")
    assert plain.restores == 0 and plain.posts[0].body == b"[]"


@pytest.mark.parametrize("mode, code", [("before-raise", 64), ("before-exit", 64), ("after-raise", 65), ("after-exit", 65)])
def test_a_hook_that_fails_is_told_and_ends_the_process_as_aws_does(python, mode, code):
    ours = same(python, "py_hooks.handler", env={**SNAP_START, "MODE": mode})
    assert ours.exit_code == code
    [post] = ours.posts
    assert post.path == ("init/error" if code == 64 else "restore/error")
