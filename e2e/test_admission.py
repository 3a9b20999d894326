"""A server that is asked for twice what it holds: everyone is answered in bounded time, by 200 or 429, and rightly.

SDK retries are off (conftest): a 429 that is retried away would hide what is tested.
"""
import collections
import concurrent.futures
import contextlib
import json
import threading
import time

import pytest
from botocore.exceptions import ClientError

from conftest import Server
from functions import PYTHON, eventually, function, package

# Four environments of the smallest size.
SLOTS = 4
MB = 128
# Nobody waits longer for room (frontend's `acquire_wait_max`, 5 s) and for a turn to start (10 s), under a machine
# that may be busy with other things.
BOUND = 60
WORK = '''
import time
def handler(event, context):
    time.sleep(event["seconds"])
    return {"square": event["n"] ** 2, "name": context.function_name}
'''


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server with room for SLOTS environments."""
    server = Server(tmp_path_factory.mktemp("small"), "--memory", str(SLOTS * MB))
    yield server.client()
    assert server.stop() == 0


def invoke(client, name, n, seconds=0.05):
    """Status and time; a 200 is checked to be the right answer."""
    begun = time.monotonic()
    try:
        answer = client.invoke(FunctionName=name, Payload=json.dumps({"n": n, "seconds": seconds}))
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert status == 429, error
        assert error.response["Error"]["Code"] == "TooManyRequestsException", error
        assert error.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
        return 429, time.monotonic() - begun
    payload = json.loads(answer["Payload"].read())
    assert answer.get("FunctionError") is None, payload
    assert payload == {"square": n * n, "name": name}
    return 200, time.monotonic() - begun


def load(callers, rounds, call):
    """`call(caller, round)` from as many threads: how often which status, and the longest time."""
    statuses, longest = collections.Counter(), 0.0
    with concurrent.futures.ThreadPoolExecutor(callers) as pool:
        def work(caller):
            return [call(caller, turn) for turn in range(rounds)]
        for answers in pool.map(work, range(callers)):
            for status, took in answers:
                statuses[status] += 1
                longest = max(longest, took)
    return statuses, longest


def test_twice_the_capacity_of_one_function_is_answered_by_200_or_429(small):
    with function(small, code=package(app__py=WORK), MemorySize=MB, Timeout=30) as name:
        statuses, longest = load(2 * SLOTS, 10, lambda caller, turn: invoke(small, name, caller * 100 + turn))
        assert sum(statuses.values()) == 2 * SLOTS * 10
        assert longest < BOUND
        # They wait for one another for hundredths of a second: nobody needs to be refused.
        assert statuses[200] > 0, statuses
        # And the server is whole: the next is served.
        assert invoke(small, name, 7)[0] == 200


def test_twice_as_many_functions_as_there_is_room_for_give_way_to_each_other(small):
    with contextlib.ExitStack() as stack:
        names = [stack.enter_context(function(small, code=package(app__py=WORK), MemorySize=MB, Timeout=30))
                 for _ in range(2 * SLOTS)]
        statuses, longest = load(2 * SLOTS, 5, lambda caller, turn: invoke(small, names[caller], turn))
        assert sum(statuses.values()) == 2 * SLOTS * 5
        assert longest < BOUND
        assert statuses[200] > 0, statuses
        # At rest each of them gets in: an idle one gives way at once.
        assert [invoke(small, name, 3)[0] for name in names] == [200] * len(names)


def test_a_host_that_stays_full_answers_429_and_not_503(small):
    with function(small, code=package(app__py=WORK), MemorySize=MB, Timeout=60) as name, \
            function(small, code=package(app__py=WORK), MemorySize=2 * MB, Timeout=60) as other:
        with concurrent.futures.ThreadPoolExecutor(SLOTS) as pool:
            busy = [pool.submit(invoke, small, name, n, seconds=20) for n in range(SLOTS)]
            # Answered until all of them run; from then on there is no room for anything until they end.
            status, took = eventually(lambda: invoke(small, name, 1), lambda answer: answer[0] != 200)
            assert status == 429 and took < BOUND
            assert invoke(small, other, 1)[0] == 429
            assert [future.result()[0] for future in busy] == [200] * SLOTS, "who was accepted is not harmed"
        assert invoke(small, other, 5)[0] == 200, "room for two came free together"


def test_a_function_larger_than_any_worker_is_told_so(small):
    with function(small, code=package(app__py=PYTHON), MemorySize=SLOTS * MB + 1) as name:
        with pytest.raises(ClientError) as refused:
            small.invoke(FunctionName=name, Payload="{}")
        assert "No worker is large enough" in str(refused.value)


def test_an_update_under_cold_invocations_is_no_failure_and_old_code_never_runs_after_it(client):
    """Every update retires every environment, so that those who call meanwhile are always about to start one."""
    def code(version):
        return package(app__py=f"def handler(event, context): return {version}")
    with function(client, code=code(0), MemorySize=MB, Timeout=30) as name:
        updated, stop = 0, threading.Event()

        def hammer():
            calls = 0
            while not stop.is_set():
                least = updated
                answer = client.invoke(FunctionName=name, Payload="{}")
                said = json.loads(answer["Payload"].read())
                assert answer.get("FunctionError") is None, said
                assert said >= least, f"{said} answered after the update to {least} was"
                calls += 1
            return calls

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            callers = [pool.submit(hammer) for _ in range(6)]
            try:
                for version in range(1, 26):
                    client.update_function_code(FunctionName=name, ZipFile=code(version))
                    updated = version
                    # Between at once and after a whole cold start.
                    time.sleep((version % 5) * 0.05)
            finally:
                stop.set()
            assert all(caller.result() > 0 for caller in callers)
