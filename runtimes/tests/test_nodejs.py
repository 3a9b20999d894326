"""Our Node.js client against AWS's: the same handlers, the same posts, the same console."""

import json

import pytest
from conftest import HANDLERS, OURS_NODE
from fake_api import Invocation, run_client

import ahead
import normal

EVENTS = (b'{"a":1}', b"[]")


def ours_of(node, handler, invocations=EVENTS, **options):
    made = [Invocation(**i) if isinstance(i, dict) else Invocation(i) for i in invocations]
    return run_client([str(node), OURS_NODE], HANDLERS, handler, made, **options)


def same(node, aws_node, handler, invocations=EVENTS, **options):
    ours = ours_of(node, handler, invocations, **options)
    made = [Invocation(**i) if isinstance(i, dict) else Invocation(i) for i in invocations]
    # AWS's native part is built for the system's Node.js; ours runs on each.
    aws = run_client(["node", aws_node], HANDLERS, handler, made, **options)
    assert normal.posts(ours) == normal.posts(aws)
    assert normal.lines(ours.stdout) == normal.lines(aws.stdout)
    assert normal.lines(ours.stderr) == normal.lines(aws.stderr)
    frames = lambda run: [(kind, normal.lines(text)) for kind, text in run.frames]
    assert frames(ours) == frames(aws)
    assert ours.exit_code == aws.exit_code
    return ours


PLAIN = """echo nothing unicode callback callbackLater callbackNow callbackError callbackString succeed fail failNothing
done twice never throws rejects rejectsString rejectsUndefined bigint exits nested.deep.handler"""


@pytest.mark.parametrize("handler", PLAIN.split())
def test_an_outcome_is_posted_and_logged_as_aws_does(node, aws_node, handler):
    ours = same(node, aws_node, "js_basic." + handler)
    assert ours.connections == 1, "one connection is kept for everything"


@pytest.mark.parametrize("handler, code", [("uncaught", 129), ("unhandled", 128)])
def test_what_nobody_catches_is_reported_and_ends_the_process(node, aws_node, handler, code):
    assert same(node, aws_node, "js_basic." + handler).exit_code == code


INIT = {
    "js_import_error.handler": "Runtime.ImportModuleError",
    "js_esm_import_error.handler": "Error",
    "not_there.handler": "Runtime.ImportModuleError",
    "js_syntax_error.handler": "Runtime.UserCodeSyntaxError",
    "js_throws_at_import.handler": "Error",
    "js_basic.not_there": "Runtime.HandlerNotFound",
    "js_basic.notAFunction": "Runtime.HandlerNotFound",
    "nodothere": "Runtime.MalformedHandlerName",
    "../up.handler": "Runtime.MalformedHandlerName",
}


@pytest.mark.parametrize("handler", INIT)
def test_a_failed_start_is_reported_and_ends_the_process_as_aws_does(node, aws_node, handler):
    ours = same(node, aws_node, handler)
    assert [post.path for post in ours.posts] == ["init/error"]
    assert ours.posts[0].headers["lambda-runtime-function-error-type"] == INIT[handler]
    assert ours.exit_code == 129


MODULES = {
    "js_module.handler": b'"es module js_module.mjs"',
    "js_common.handler": b'"cjs"',
    "typed/index.handler": b'"type module"',
    "nested/deep/index.handler": b'"nested path"',
}


@pytest.mark.parametrize("handler", MODULES)
def test_every_kind_of_module_is_loaded(node, aws_node, handler):
    assert same(node, aws_node, handler).posts[0].body == MODULES[handler]


@pytest.mark.parametrize("telemetry", [False, True], ids=["stdout", "telemetry"])
@pytest.mark.parametrize("level", [None, "DEBUG", "WARN", "FATAL"])
@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_console_lines_have_the_same_form_and_level(node, aws_node, log_format, level, telemetry):
    env = {"AWS_LAMBDA_LOG_FORMAT": log_format}
    if level:
        env["AWS_LAMBDA_LOG_LEVEL"] = level
    ours = same(node, aws_node, "js_basic.logs", [b"{}"], env=env, telemetry=telemetry)
    assert ours.posts[0].body == b'"hidden"'


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
@pytest.mark.parametrize("handler", ["js_basic.rejects", "js_import_error.handler"])
def test_an_error_is_one_event_of_the_telemetry_descriptor(node, aws_node, handler, log_format):
    ours = same(node, aws_node, handler, [b"{}"], telemetry=True, env={"AWS_LAMBDA_LOG_FORMAT": log_format})
    assert len(ours.frames) == 1


CONTEXT = {
    "plain": {},
    "no trace": {"drop": ["Lambda-Runtime-Trace-Id"]},
    "tenant": {"headers": {"Lambda-Runtime-Aws-Tenant-Id": "blue"}},
    "identity and client": {
        "headers": {
            "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId":"i"}',
            "Lambda-Runtime-Client-Context": '{"custom":{"k":"v"}}',
        }
    },
    "client is not json": {"headers": {"Lambda-Runtime-Client-Context": "nonsense"}},
}


@pytest.mark.parametrize("case", CONTEXT)
def test_the_context_says_what_aws_says(node, aws_node, case):
    same(node, aws_node, "js_basic.context", [CONTEXT[case], CONTEXT[case]])


STREAMS = "stream streamHttp streamMidError streamEarlyError streamLateType streamSync streamValue streamPipe"


@pytest.mark.parametrize("handler", STREAMS.split())
def test_streams_carry_the_same_bytes_and_trailers(node, aws_node, handler):
    same(node, aws_node, "js_basic." + handler)


def test_a_prelude_is_json_eight_zeros_and_the_body(node):
    post = ours_of(node, "js_basic.streamHttp").posts[0]
    prelude, body = post.body.split(b"\0" * 8)
    assert json.loads(prelude) == {"statusCode": 201, "headers": {"a": "b"}, "cookies": ["c=d"]}
    assert body == b"body"
    assert post.headers["content-type"] == "application/vnd.awslambda.http-integration-response"


def test_large_events_and_answers_arrive_whole(node):
    event = json.dumps({"text": "x" * 5_000_000}).encode()
    assert json.loads(ours_of(node, "js_basic.echo", [event]).posts[0].body) == json.loads(event)


def test_the_clients_own_objects_are_not_the_functions_this(node):
    assert ours_of(node, "js_basic.showThis").posts[0].body == b'"undefined"'


def test_an_empty_folder_of_packages_costs_no_thread(node, tmp_path):
    """The mount point of the SDK is there also where no SDK is: a hook for it was most of a cold start."""
    empty = tmp_path / "node_modules"
    empty.mkdir()
    threads = lambda **options: ours_of(node, "js_threads.handler", **options).posts[0].body
    assert threads(env={"NODE_PATH": str(empty)}) == threads()


def test_a_process_started_ahead_of_its_function_is_as_one_started_for_it(node):
    ahead.is_as_fresh([str(node), OURS_NODE], "js_basic.observed")


def test_a_process_whose_function_never_comes_ends_silently(node):
    ahead.ends_silently([str(node), OURS_NODE])
