"""A platform of two partitions: each with a leader, a journal and workers of its own. What becomes of one the other does
not notice.

Bounds are generous: a machine that is busy otherwise is slow, too.
"""
import json
import subprocess

import pytest
from cluster_world import Cluster, Load, Machine, served_once
from conftest import BINARY, MICROVM
from functions import ROLE, package
from test_cluster import SOURCE, back, can_make_namespaces
from test_substrate import wait_for

# An access key of twelve digits is its own account. In which partition an account is, of two, is for good
# (crates/types/src/partition.rs).
KEYS = [("111111111111", "secret-of-the-first"), ("222222222222", "secret-of-the-second")]
# Of an invocation that has nothing to wait for, seconds.
SLOW = 5

pytestmark = [
    pytest.mark.skipif(MICROVM, reason="how roles meet has nothing to do with the walls"),
    pytest.mark.skipif(not MICROVM and not can_make_namespaces(), reason="this host gives no network namespaces and bridges"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("partitions"), flags=["--partitions", "2"], keys=KEYS)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def function(cluster):
    """The same in both accounts."""
    for number, keys in enumerate(KEYS):
        client = cluster.nodes["f1"].client(keys=keys)
        client.create_function(
            FunctionName="counted", Runtime="python3.13", Role=ROLE, Handler="lambda_function.lambda_handler", Timeout=60,
            Code={"ZipFile": package(**{"lambda_function.py": SOURCE})}, Environment={"Variables": {"GENERATION": str(number)}},
        )
        wait_for(lambda: client.get_function(FunctionName="counted")["Configuration"]["State"] == "Active")
    return "counted"


@pytest.fixture
def loads(cluster, function):
    """Two clients of each account, all warm."""
    frontends = [cluster.nodes["f1"], cluster.nodes["f2"]]
    loads = [Load(frontends, function, clients=2, keys=keys) for keys in KEYS]
    for load in loads:
        load.more(20)
    yield loads
    for load in loads:
        load.ending.set()


def partitions(cluster):
    """By their numbers."""
    found = {one["partition"]: one for one in cluster.status().get("partitions") or []}
    assert sorted(found) in ([], [0, 1])
    return found


def is_led_by_two(cluster):
    leaders = {one["leader"] for one in partitions(cluster).values()}
    return len(leaders) == 2 and None not in leaders


def test_each_account_has_a_leader_a_journal_and_workers_of_its_own(cluster, loads):
    for number, load in enumerate(loads):
        load.end()
        assert load.failures() == []
        assert {said["generation"] for _, _, _, said in load.results} == {str(number)}, "each its own function"
        served_once(load.results)
    status = cluster.status()
    assert status["unanswered"] == []
    homes = {one["account"]: one["partition"] for one in status["environments"]}
    assert homes == {"111111111111": 0, "222222222222": 1}
    leased = {one["name"]: one["partition"] for one in status["workers"]}
    for environment in status["environments"]:
        assert leased[environment["worker"]] == environment["partition"]
    found = partitions(cluster)
    assert found[0]["workers"] and found[1]["workers"] and not set(found[0]["workers"]) & set(found[1]["workers"])
    for number, (account, _) in enumerate(KEYS):
        lines = cluster.operator("journal", "tail", "--partition", number).stdout.splitlines()
        facts = [json.loads(line)["fact"] for line in lines]
        assert {fact["created"]["key"]["account"] for fact in facts if "created" in fact} == {account}
    assert "there is no partition 2: they are 0 to 1" in cluster.operator("journal", "tail", "--partition", 2).stderr


def test_a_node_that_wants_another_number_of_partitions_is_refused(cluster):
    machine = Machine(cluster.net, "other")
    try:
        tried = machine.start(
            BINARY, "serve", "--name", "op", "--roles", "frontend", "--join", cluster.join, "--certs", cluster.certs,
            "--fabric", f"{machine.address}:9956", "--data", cluster.folder / "other", "--blobs", cluster.blobs,
            "--partitions", "3", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        _, said = tried.communicate(timeout=60)
    finally:
        machine.close()
    assert tried.returncode != 0
    assert "this platform was begun with --partitions 2, not 3" in said and "leave --partitions out" in said


def test_one_leader_is_killed_and_the_other_partition_does_not_notice(cluster, loads):
    wait_for(lambda: is_led_by_two(cluster), 120)
    before = partitions(cluster)
    victim = cluster.nodes[before[0]["leader"]]
    counted = [load.count() for load in loads]
    victim.kill()
    for load in loads:
        load.more(100)
    # Warm traffic goes on in the other one while nobody leads the first, and is not slower for it.
    after = partitions(cluster)
    assert after[1]["epoch"] == before[1]["epoch"] and after[1]["leader"] == before[1]["leader"]
    assert after[0]["epoch"] > before[0]["epoch"] and after[0]["leader"] == before[1]["leader"]
    back(victim)
    # It gets its share again: one of the two is handed over, and nobody is failed by that either.
    wait_for(lambda: is_led_by_two(cluster), 180)
    for load in loads:
        load.more(20)
        load.end()
        assert load.failures() == []
        served_once(load.results)
    during = loads[1].results[counted[1]:]
    slowest = max(end - begun for begun, end, *_ in during)
    assert slowest < SLOW, f"one took {slowest:.1f} s in the partition to which nothing happened"
    assert all(loads[number].count() > counted[number] + 100 for number in (0, 1))
