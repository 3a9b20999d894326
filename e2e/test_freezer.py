"""Between invocations an environment stands still, and goes on where it stood."""
import json
import time

import pytest

from functions import eventually, function, package, traced

CODE = """
import threading, time

ticks = [time.monotonic()]

def tick():
    while True:
        ticks.append(time.monotonic())
        del ticks[:-100000]
        time.sleep(0.002)

threading.Thread(target=tick, daemon=True).start()

def handler(event, context):
    # The longest time in which the thread did nothing, before this invocation.
    seen = list(ticks)
    return max(b - a for a, b in zip(seen, seen[1:] + [time.monotonic()]))
"""


def call(server, client, name):
    """The answer and the rooms of an invocation."""
    error, answer, rooms = traced(server, client, name)
    assert error is None
    return answer, rooms


def test_between_invocations_nothing_goes_on(server):
    client = server.client(region="us-east-1")
    with function(client, code=package(app__py=CODE)) as name:
        call(server, client, name)
        # The gap grows with the time between two calls: half a second of stillness is no chance of scheduling.
        pause = iter([0.2, 0.5, 1, 2, 4])

        def after_a_pause():
            time.sleep(next(pause))  # time that passes is what is tested, nothing is waited for
            return call(server, client, name)

        gap, rooms = eventually(after_a_pause, lambda found: found[0] > 0.5)
        assert "thaw" in rooms and "init" not in rooms, rooms


def test_calls_that_follow_at_once_are_not_frozen_between(server):
    client = server.client(region="us-east-1")
    with function(client, code=package(app__py=CODE)) as name:
        call(server, client, name)
        # Of many, most come sooner than 50 ms after the one before, also on a busy machine.
        thaws = sum("thaw" in call(server, client, name)[1] for _ in range(20))
        assert thaws < 20


@pytest.mark.machines
def test_time_goes_on_while_an_environment_stands_still(client):
    """A machine's clock stands with it, and has been running only since its boot."""
    code = "import time\ndef handler(event, context): return [time.time(), context.get_remaining_time_in_millis()]"
    with function(client, code=package(app__py=code), Timeout=60, exactly=True) as name:
        for pause in (0, 2):
            time.sleep(pause)  # time that passes is what is tested, nothing is waited for
            before = time.time()
            inside, left = json.loads(client.invoke(FunctionName=name)["Payload"].read())
            # What is said of the time is on its way for a while on a busy machine, never ahead of it.
            assert before - 0.5 < inside <= time.time() + 0.01, (before, inside)
            assert left <= 60_500


@pytest.mark.machines
def test_a_call_that_comes_while_it_is_being_frozen_is_served(client):
    """Calls after as long a pause as leads to freezing: some come amid it, and the freeze is given up."""
    with function(client, code=package(app__py="def handler(event, context): return 1"), Timeout=30, exactly=True) as name:
        for number in range(100):
            time.sleep(0.045 + number % 20 * 0.001)  # about `--freeze-after`: time that passes is what is tested
            answer = client.invoke(FunctionName=name)
            assert (answer.get("FunctionError"), answer["Payload"].read()) == (None, b"1"), number
