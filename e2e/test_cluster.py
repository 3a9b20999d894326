"""A platform of thirteen machines on one: faults while it is under load. Every test counts what every client was answered.

Deadlines are generous: how fast is for `cargo xtask bench --cluster`.
"""
import json
import os
import signal
import subprocess

import pytest
from cluster_world import Cluster, Load, Net, served_once, settled
from conftest import MICROVM
from functions import ROLE, package
from test_substrate import wait_for

SOURCE = '''
import os, time, uuid
ENVIRONMENT, number = str(uuid.uuid4()), 0
def lambda_handler(event, context):
    global number
    number += 1
    time.sleep(event.get("sleep", 0))
    return {"environment": ENVIRONMENT, "number": number, "request": context.aws_request_id, "generation": os.environ["GENERATION"]}
'''


def can_make_namespaces():
    try:
        net = Net()
        net.close()
        return True
    except (OSError, subprocess.CalledProcessError):
        return False


pytestmark = [
    pytest.mark.skipif(MICROVM, reason="how roles meet has nothing to do with the walls"),
    pytest.mark.skipif("CI" not in os.environ and not can_make_namespaces(), reason="needs network namespaces (root)"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def function(cluster):
    client = cluster.nodes["f1"].client()
    client.create_function(
        FunctionName="counted", Runtime="python3.13", Role=ROLE, Handler="lambda_function.lambda_handler", Timeout=60,
        Code={"ZipFile": package(**{"lambda_function.py": SOURCE})}, Environment={"Variables": {"GENERATION": "1"}},
    )
    wait_for(lambda: client.get_function(FunctionName="counted")["Configuration"]["State"] == "Active")
    return "counted"


@pytest.fixture
def load(cluster, function):
    """Two clients at each frontend, all warm."""
    load = Load([cluster.nodes["f1"], cluster.nodes["f2"]], function)
    load.more(40)
    yield load
    load.ending.set()


def back(node):
    """As it was before."""
    node.up()
    node.ready()


def test_what_one_frontend_is_told_the_other_knows_at_once(cluster, function):
    one, other = cluster.nodes["f1"].client(), cluster.nodes["f2"].client()
    for number in range(2, 8):
        one.update_function_configuration(FunctionName=function, Environment={"Variables": {"GENERATION": str(number)}})
        for client in (other, one):
            assert client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]["GENERATION"] == str(number)
            said = json.loads(client.invoke(FunctionName=function)["Payload"].read())
            assert said["generation"] == str(number), "no older one is served once the update has returned"
        one, other = other, one


def test_logs_come_from_every_frontend(cluster, function):
    said = json.loads(cluster.nodes["f1"].client().invoke(FunctionName=function)["Payload"].read())
    for name in ("f1", "f2"):
        logs = cluster.nodes[name].client("logs")
        def lines():
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern=f'"{said["request"]}"')
            return any("REPORT" in event["message"] for event in found["events"])
        wait_for(lines)


def test_the_leader_of_assignment_is_killed_and_nobody_who_is_warm_notices(cluster, load):
    leader = cluster.leader("partition 0")
    epoch = {lead["of"]: lead["epoch"] for lead in cluster.status()["leads"]}["partition 0"]
    leader.kill()
    load.more(200)
    load.end()
    back(leader)
    assert load.failures() == []
    served_once(load.results)
    settled(cluster)
    after = {lead["of"]: lead["epoch"] for lead in cluster.status()["leads"]}["partition 0"]
    assert after > epoch


def test_the_leader_of_placement_is_killed_and_what_is_new_is_placed_all_the_same(cluster, load, function):
    leader = cluster.leader("placement")
    leader.kill()
    load.more(50)
    # More at once than are warm: places are needed.
    wave = Load([cluster.nodes["f2"]], function, clients=10, payload=b'{"sleep": 0.3}')
    wave.more(30)
    wave.end()
    load.end()
    back(leader)
    assert load.failures() == [] and wave.failures() == []
    served_once(load.results + wave.results)
    settled(cluster)


def test_a_worker_is_killed_and_only_what_it_ran_fails(cluster, load, function):
    slow = Load([cluster.nodes["f1"], cluster.nodes["f2"]], function, clients=6, payload=b'{"sleep": 1}')
    slow.more(6)
    status = cluster.status()
    busiest = max(status["workers"], key=lambda it: sum(it["environments"].values()))["name"]
    worker = cluster.nodes[busiest]
    held = sum(1 for one in status["environments"] if one["worker"] == busiest)
    worker.kill()
    load.more(100)
    slow.more(12)
    load.end()
    slow.end()
    failures = load.failures() + slow.failures()
    assert len(failures) <= held, f"{len(failures)} failed of {held} environments: {failures[:3]}"
    assert all(kind in ("ServiceException", "function error") for _, _, kind, _ in failures), failures[:3]
    served_once(load.results + slow.results)
    back(worker)
    wait_for(lambda: any(one["name"] == busiest for one in cluster.status()["workers"]))
    settled(cluster)


def test_a_worker_that_is_stopped_for_longer_than_its_lease_serves_nobody_twice_when_it_goes_on(cluster, load, function):
    status = cluster.status()
    busiest = max(status["workers"], key=lambda it: sum(it["environments"].values()))["name"]
    worker = cluster.nodes[busiest]
    worker.kill(signal.SIGSTOP)
    wait_for(lambda: not any(one["worker"] == busiest for one in cluster.status().get("environments") or [{"worker": busiest}]), 120)
    load.more(100)
    worker.kill(signal.SIGCONT)
    wait_for(lambda: any(one["name"] == busiest for one in cluster.status()["workers"]), 60)
    load.more(100)
    load.end()
    served_once(load.results)
    settled(cluster)


@pytest.mark.parametrize("which", ["the stream's leader", "another"])
def test_one_nats_of_three_is_killed_and_nobody_is_deposed(cluster, load, which):
    before = {lead["of"]: lead["leader"] for lead in cluster.status()["leads"]}
    victim = cluster.nats[0] if which == "another" else stream_leader(cluster)
    victim.kill()
    load.more(200)
    load.end()
    assert load.failures() == []
    victim.up(cluster.nats)
    wait_for(lambda: "unanswered" in cluster.status() and not cluster.status()["unanswered"])
    after = {lead["of"]: lead["leader"] for lead in cluster.status()["leads"]}
    assert after == before, "nobody was deposed"
    settled(cluster)


def stream_leader(cluster):
    """Of the stream of `Kv`, where leaders have their entries."""
    import urllib.request
    for one in cluster.nats:
        with urllib.request.urlopen(f"http://{one.address}:8222/jsz?streams=true&leader-only=false", timeout=5) as answer:
            for account in json.load(answer).get("account_details", []):
                for stream in account.get("stream_detail", []):
                    if "kv" in stream["name"].lower():
                        name = stream["cluster"]["leader"]
                        return next(it for it in cluster.nats if it.name == name)
    raise AssertionError("no stream of a Kv")


def test_a_frontend_that_is_cut_off_from_assignments_leader_goes_on_when_it_is_back(cluster, load):
    frontend, leader = cluster.nodes["f1"], cluster.leader("partition 0")
    frontend.cut(leader)
    other = Load([cluster.nodes["f2"]], load.function, clients=2)
    other.more(100)
    frontend.heal(leader)
    load.more(100)
    load.end()
    other.end()
    assert other.failures() == [], "whoever is not cut off does not notice"
    served_once(load.results + other.results)
    settled(cluster)


def test_assignments_leader_that_is_cut_off_from_nats_is_succeeded_and_grants_nothing_twice(cluster, load):
    leader = cluster.leader("partition 0")
    for one in cluster.nats:
        leader.cut(one)
    wait_for(lambda: (cluster.leader("partition 0") or leader) is not leader)
    load.more(100)
    for one in cluster.nats:
        leader.heal(one)
    load.more(100)
    load.end()
    served_once(load.results)
    settled(cluster)


def test_a_worker_that_is_cut_off_from_everything_is_replaced_and_comes_back_empty(cluster, load):
    status = cluster.status()
    busiest = max(status["workers"], key=lambda it: sum(it["environments"].values()))["name"]
    worker = cluster.nodes[busiest]
    worker.unplug()
    wait_for(lambda: not any(one["worker"] == busiest for one in cluster.status().get("environments") or [{"worker": busiest}]), 120)
    load.more(100)
    worker.plug()
    wait_for(lambda: any(one["name"] == busiest for one in cluster.status()["workers"]), 60)
    load.more(50)
    load.end()
    served_once(load.results)
    settled(cluster)


def test_a_whole_zone_is_gone_and_the_others_carry_the_load(cluster, load):
    gone = [node for node in cluster.nodes.values() if node.zone == "z1"]
    gone_nats = cluster.nats[0]
    for machine in [*gone, gone_nats]:
        machine.kill()
    other = Load([cluster.nodes["f2"]], load.function, clients=2)
    other.more(200, seconds=120)
    load.end()
    other.end()
    late = [result for result in other.results if result[0] > other.results[-1][1] - 1.0]
    assert all(result[2] == "ok" for result in late), "at the end all is well again"
    served_once(load.results + other.results)
    gone_nats.up(cluster.nats)
    for node in gone:
        node.up()
    for node in gone:
        node.ready()
    wait_for(lambda: len(cluster.status()["workers"]) == 3)
    settled(cluster)


def test_every_node_is_started_anew_one_after_the_other_and_no_invocation_fails(cluster, load):
    for name, node in cluster.nodes.items():
        if "frontend" in node.roles:
            continue  # its own clients would be told that nobody listens: below
        node.kill(signal.SIGTERM)
        assert node.process.returncode == 0, f"{name}: {node.log.read_text()[-500:]}"
        back(node)
        load.more(50)
    load.end()
    assert load.failures() == []
    served_once(load.results)
    settled(cluster)


def test_a_frontend_that_is_told_to_end_answers_what_it_has_begun(cluster, function):
    frontend = cluster.nodes["f1"]
    slow = Load([frontend], function, clients=4, payload=b'{"sleep": 1}')
    slow.more(4)
    wait_for(lambda: sum(one["state"] == "busy" for one in cluster.status()["environments"]) >= 4)
    slow.ending.set()
    frontend.kill(signal.SIGTERM)
    assert frontend.process.returncode == 0
    slow.end()
    back(frontend)
    assert slow.failures() == []


def test_a_drained_worker_gets_nothing_new_and_fails_nothing(cluster, load):
    said = cluster.operator("drain", "w2")
    assert said.returncode == 0, said.stderr
    wait_for(lambda: not any(one["worker"] == "w2" for one in cluster.status()["environments"]))
    load.more(100)
    load.end()
    assert load.failures() == []
    assert not any(one["worker"] == "w2" for one in cluster.status()["environments"])
    worker = cluster.nodes["w2"]
    worker.kill(signal.SIGTERM)
    back(worker)
    wait_for(lambda: any(one["name"] == "w2" for one in cluster.status()["workers"]))
    settled(cluster)
