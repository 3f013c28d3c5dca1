# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hosts each drill is about, by a small region, and what a ledger says of a drill."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import Attempt
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.scenarios import SCENARIOS, drill, judge
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load

ROOT = Path(__file__).resolve().parents[5]


def host(name, zone, *services):
    return {"name": name, "zone": zone, "services": list(services), "role": ""}


#: db2 takes writes; the cache has one node in the zone c, and two in each of the others.
REGION = [
    host("edge1", "a", "load_balancer"),
    host("edge2", "b", "load_balancer"),
    host("api1", "a", "api"),
    host("api2", "b", "api"),
    host("web1", "b", "web"),
    host("web2", "a", "web"),
    host("db1", "a", "postgres", "etcd"),
    host("db2", "b", "postgres", "etcd"),
    host("db3", "c", "postgres", "etcd"),
    host("db4", "b", "postgres"),
    host("cache1", "a", "redis"),
    host("cache2", "b", "redis"),
    host("cache3", "c", "redis"),
    {**host("cache4", "a", "redis"), "role": "master"},
    host("cache5", "b", "redis"),
    host("backup1", "c", "backup"),
    host("mon1", "c", "prometheus"),
    host("mon2", "a", "prometheus", "grafana"),
    host("nat1", "a", "nat_gateway"),
    host("gate1", "a", "bastion"),
    host("gate2", "a", "vpn"),
]
EVERYTHING = [one["name"] for one in REGION]


@pytest.mark.parametrize(
    ("name", "row", "fault", "hosts", "seconds", "operator"),
    [
        ("primary_killed", "R62", "kill", ["db2"], 10, ""),
        ("primary_frozen", "R62", "freeze", ["db2"], 40, "database"),
        ("primary_lost", "R62", "power", ["db2"], 40, ""),
        ("primary_lost_operator", "R62", "power", ["db2"], 40, "database"),
        ("primary_cut_off", "R62", "cut", ["db2"], 60, ""),
        ("primary_cut_from_store", "R62", "cut_store", ["db2"], 60, ""),
        ("primary_mute", "R62", "cut_out", ["db2"], 60, ""),
        ("primary_deaf", "R62", "cut_in", ["db2"], 60, "database"),
        ("primary_disk_full", "R62", "fill", ["db2"], 60, "database"),
        ("standby_lost", "R61", "power", ["db1"], 15, ""),
        ("store_without_quorum", "R61", "stop_store", ["db1", "db3"], 60, ""),
        ("load_balancer_lost", "R61", "power", ["edge1"], 15, ""),
        ("api_lost", "R61", "power", ["api1"], 15, ""),
        ("web_lost", "R61", "power", ["web1"], 15, ""),
        ("cache_lost", "R61", "power", ["cache1"], 15, ""),
        ("cache_master_lost", "R61", "power", ["cache4"], 15, ""),
        ("cache_zone_lost", "R61", "power", ["cache3"], 30, ""),
        ("cache_zone_cut_off", "R61", "cut", ["cache3"], 30, ""),
        ("backup_lost", "R61", "power", ["backup1"], 15, ""),
        ("monitoring_lost", "R61", "power", ["mon1"], 15, ""),
        ("grafana_lost", "R61", "power", ["mon2"], 15, ""),
        ("nat_gateway_lost", "R61", "power", ["nat1"], 15, ""),
        ("bastion_lost", "R61", "power", ["gate1"], 15, ""),
        ("vpn_lost", "R61", "power", ["gate2"], 15, ""),
        ("bad_deploy", "R61", "deploy", ["api1"], 15, ""),
        ("zone_lost", "R61", "power", ["edge2", "api2", "web1", "db2", "db4", "cache2", "cache5"], 60, "database"),
        ("entrance_lost", "R61", "power", ["edge1", "edge2"], 120, "region"),
        ("region_handed_over", "R63", "none", ["db2"], 60, "region"),
        ("region_lost", "R63", "power", EVERYTHING, 120, "region"),
    ],
)
def test_each_drill_is_about_hosts_of_the_region(name, row, fault, hosts, seconds, operator):
    assert drill(name, REGION, "db2") == {
        "name": name,
        "title": SCENARIOS[name].title,
        "row": row,
        "fault": fault,
        "on_host": fault not in ("none", "power", "kill", "deploy"),
        "lasts": fault not in ("none", "kill", "freeze", "deploy"),
        "hosts": hosts,
        "seconds": seconds,
        "loses": 60 if name == "region_lost" else 0.0,
        "operator": operator,
        "gives_up": ["db4"] if name == "zone_lost" else [],
        "says": {
            "primary_deaf": ["old_primary=db2"],
            "primary_disk_full": ["old_primary=db2"],
            "zone_lost": ["without=db4"],
        }.get(name, []),
    }


@pytest.mark.parametrize(("zone", "operator", "says"), [("a", "", []), ("b", "database", ["without=db4"])])
def test_where_the_zone_takes_the_bastion_with_it_no_operator_can_act(zone, operator, says):
    primary = next(one["name"] for one in REGION if one["zone"] == zone and "postgres" in one["services"])
    planned = drill("zone_lost", REGION, primary)
    assert (planned["operator"], planned["says"], planned["gives_up"]) == (operator, says, ["db4"] if says else [])


def test_a_bastion_that_is_left_lets_an_operator_act():
    assert drill("zone_lost", [*REGION, host("gate3", "b", "bastion")], "db1")["operator"] == "database"
    assert drill("primary_lost_operator", REGION, "db1")["operator"] == "database"


@pytest.mark.parametrize(
    ("scenario", "zones", "says"),
    [
        # Which other servers are lost with the primary; hosts that are none have no part in it.
        ("zone_lost", {"db1": "a", "db2": "b", "db3": "c"}, []),
        ("zone_lost", {"db1": "a", "db2": "a", "db3": "c"}, ["without=db2"]),
        ("zone_lost", {"db3": "a", "db2": "a", "db1": "a"}, ["without=db3,db2"]),
        ("primary_lost_operator", {"db1": "a", "db2": "a"}, []),
        ("primary_frozen", {"db1": "a", "db2": "a"}, []),
        # That serves, as far as it knows.
        ("primary_deaf", {"db1": "a", "db2": "a"}, ["old_primary=db1"]),
        ("primary_disk_full", {"db1": "a", "db2": "a"}, ["old_primary=db1"]),
        # Who deals with the region says where to, and the platform by itself says nothing.
        ("region_lost", {"db1": "a", "db2": "a"}, []),
        ("primary_lost", {"db1": "a", "db2": "a"}, []),
    ],
)
def test_an_operator_says_what_nobody_else_knows(scenario, zones, says):
    hosts = [host("etcd1", "a", "etcd"), *(host(name, zone, "postgres") for name, zone in zones.items())]
    planned = drill(scenario, hosts, "db1")
    assert planned["says"] == says
    if scenario == "zone_lost":
        assert planned["gives_up"] == [name for one in says for name in one.removeprefix("without=").split(",")]


THERE_ARE = """. There are:
  -e scenario=primary_killed          the database's primary is killed
  -e scenario=primary_frozen          the database's primary hangs, and an operator acts
  -e scenario=primary_lost            the host of the database's primary is lost
  -e scenario=primary_lost_operator   the host of the database's primary is lost, and an operator acts
  -e scenario=primary_cut_off         the database's primary is cut off from everything
  -e scenario=primary_cut_from_store  the primary is cut off from the cluster store only
  -e scenario=primary_mute            nothing leaves the primary's host, and it hears others
  -e scenario=primary_deaf            nothing reaches the primary, and it reaches others; an operator acts
  -e scenario=primary_disk_full       the disk of the database's primary is full, and an operator acts
  -e scenario=standby_lost            the host of a standby of the database is lost
  -e scenario=store_without_quorum    the cluster store has no quorum
  -e scenario=load_balancer_lost      a load balancer is lost
  -e scenario=api_lost                an API server is lost
  -e scenario=web_lost                a web server is lost
  -e scenario=cache_lost              a node of the cache is lost
  -e scenario=cache_master_lost       a master of the cache is lost
  -e scenario=cache_zone_lost         a zone of the cache is lost
  -e scenario=cache_zone_cut_off      a zone of the cache is cut off from everything
  -e scenario=backup_lost             the backup host is lost
  -e scenario=monitoring_lost         a monitoring server is lost
  -e scenario=grafana_lost            the server of the dashboards is lost
  -e scenario=nat_gateway_lost        a NAT gateway is lost
  -e scenario=bastion_lost            the bastion is lost, the only way in for operators
  -e scenario=vpn_lost                the VPN server is lost
  -e scenario=bad_deploy              a release is deployed that does not work
  -e scenario=zone_lost               the zone of the primary is lost, and an operator acts, unless the bastion is in it
  -e scenario=entrance_lost           all load balancers of the region are lost, and an operator acts
  -e scenario=region_handed_over      nothing is lost: an operator lets the other region lead, and takes the lead back
  -e scenario=region_lost             a region is lost, and an operator acts"""


@pytest.mark.parametrize(
    ("name", "begin"),
    [("", "scenario is 'not set'"), ("primary", "scenario is 'primary'"), ("R62", "scenario is 'R62'")],
)
def test_a_drill_that_is_none_is_answered_with_those_that_there_are(name, begin):
    with pytest.raises(ValueError, match="There are") as raised:
        drill(name, REGION, "db2")
    assert str(raised.value) == begin + THERE_ARE


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("store_without_quorum", "etcd"),
        ("load_balancer_lost", "load_balancer"),
        ("entrance_lost", "load_balancer"),
        ("api_lost", "api"),
        ("web_lost", "web"),
        ("cache_lost", "redis"),
        ("cache_master_lost", "redis"),
        ("cache_zone_lost", "redis"),
        ("backup_lost", "backup"),
        ("monitoring_lost", "prometheus"),
    ],
)
def test_a_region_without_a_host_for_it_has_no_such_drill(name, service):
    hosts = [one for one in REGION if service not in one["services"]]
    with pytest.raises(ValueError, match="no host") as raised:
        drill(name, hosts, "db2")
    assert str(raised.value) == (f"scenario {name}: the region that leads has no host for it. Name another scenario")


@pytest.mark.parametrize(
    ("voters", "primary", "stopped"),
    [
        (["db1"], "db1", ["db1"]),
        (["db1", "db2"], "db1", ["db2", "db1"]),
        (["db1", "db2", "db3"], "db1", ["db2", "db3"]),
        (["db1", "db2", "db3"], "db3", ["db1", "db2"]),
        (["db1", "db2", "db3", "etcd1", "etcd2"], "db2", ["db1", "db3", "etcd1"]),
        (["etcd1", "etcd2", "etcd3", "etcd4"], "db1", ["etcd1", "etcd2", "etcd3"]),
    ],
)
def test_without_quorum_the_store_has_no_majority_and_the_primary_keeps_its_member_as_long_as_it_can(
    voters, primary, stopped
):
    hosts = [host("db9", "a", "postgres"), *(host(name, "a", "etcd") for name in voters)]
    assert drill("store_without_quorum", hosts, primary)["hosts"] == stopped


@pytest.mark.parametrize(
    ("zones", "lost"),
    [
        ("aabbc", ["redis4"]),
        ("abb", ["redis0"]),
        ("abbb", ["redis0"]),
        ("bba", ["redis2"]),
        ("aaa", ["redis0", "redis1", "redis2"]),
    ],
)
def test_the_zone_of_the_cache_is_the_one_with_the_fewest_nodes(zones, lost):
    hosts = [host(f"redis{number}", zone, "redis") for number, zone in enumerate(zones)]
    assert drill("cache_zone_lost", [*hosts, host("web1", "z", "web")], "db1")["hosts"] == lost


def test_of_zones_with_as_many_nodes_of_the_cache_one_is_lost():
    hosts = [host(f"redis{number}", zone, "redis") for number, zone in enumerate("abcabc")]
    lost = drill("cache_zone_lost", hosts, "db1")["hosts"]
    assert lost in (["redis0", "redis3"], ["redis1", "redis4"], ["redis2", "redis5"])


# What came of it


def stored(*moments):
    """Records that were acknowledged, one for each moment, named after it."""
    return [Attempt(f"k{moment:g}", "v", moment - 0.1, moment, 201) for moment in moments]


def failed(*moments, status=503):
    return [Attempt(f"f{moment:g}", "v", moment, moment + 0.1, status) for moment in moments]


def rows(*moments):
    return [(f"k{moment:g}", "v") for moment in moments]


#: The fault came at 10, and at 30 all was whole again.
STEADY = (8, 9, 10, 11, 29, 30, 31)
GOOD = {"acknowledged": 7, "failed": 0, "away": 18.0, "lost": 0, "loss": 0.0, "findings": {}, "good": True}


@pytest.mark.parametrize(
    ("attempts", "records", "changes"),
    [
        (stored(*STEADY), {"db1": rows(*STEADY), "db2": rows(*STEADY)}, {}),
        # The limit is one that may be reached.
        (stored(8, 28, 31), {"db1": rows(8, 28, 31)}, {"acknowledged": 3, "away": 20.0}),
        (stored(8, 28.01, 31), {"db1": rows(8, 28.01, 31)}, {"acknowledged": 3, "away": 20.01, "good": False}),
        # Fewer than the figure says is more than the limit.
        (stored(8, 28.002, 31), {"db1": rows(8, 28.002, 31)}, {"acknowledged": 3, "away": 20.0, "good": False}),
        # Of several times the longest one counts, from the last acknowledgement before the fault on.
        (stored(8, 9, 15, 29, 31), {"db1": rows(8, 9, 15, 29, 31)}, {"acknowledged": 5, "away": 14.0}),
        (stored(5, 20, 29, 31), {"db1": rows(5, 20, 29, 31)}, {"acknowledged": 4, "away": 15.0}),
        # What was away before the fault or after the end is no part of it.
        (stored(-60, 8, 11, 29, 30, 31, 90), {"db1": rows(-60, 8, 11, 29, 30, 31, 90)}, {}),
        # A server that lacks one, has one twice, with another value, or one that was refused.
        (
            stored(*STEADY),
            {"db1": rows(*STEADY), "db2": rows(*STEADY[:-2])},
            {"lost": 2, "findings": {"db2": "2 lost (k30, k31)"}, "good": False},
        ),
        (
            stored(*STEADY),
            {"db1": [*rows(*STEADY), *rows(8)], "db2": [*rows(*STEADY[1:]), ("k8", "x")]},
            {"findings": {"db1": "1 doubled (k8)", "db2": "1 wrong (k8)"}, "good": False},
        ),
        (
            [*stored(*STEADY), *failed(12, status=422)],
            {"db1": [*rows(*STEADY), ("f12", "v")]},
            {"failed": 1, "findings": {"db1": "1 unexpected (f12)"}, "good": False},
        ),
        (
            stored(*STEADY),
            {"db1": []},
            {"lost": 7, "loss": 3.0, "findings": {"db1": "7 lost (k8, k9, k10, ...)"}, "good": False},
        ),
        # What failed may be there or not; it counts from the fault to the end, whenever it ended.
        (
            [*stored(*STEADY), *failed(9.9, 10, 20, 30, 30.1)],
            {"db1": [*rows(*STEADY), ("f20", "v")], "db2": rows(*STEADY)},
            {"failed": 3},
        ),
        (
            [*stored(*STEADY), Attempt("k20", "v", 20, 28, None, "TimeoutError: timed out"), Attempt("k21", "v", 21)],
            {"db1": rows(*STEADY)},
            {"failed": 2},
        ),
        # Two things at once.
        (
            stored(8, 31),
            {"db1": rows(8)},
            {"acknowledged": 2, "away": 22.0, "lost": 1, "findings": {"db1": "1 lost (k31)"}, "good": False},
        ),
    ],
)
def test_a_platform_passes_that_lost_nothing_and_was_away_no_longer_than_it_may(attempts, records, changes):
    assert judge(attempts, records, 10, 30, 20) == {**GOOD, **changes}


@pytest.mark.parametrize(
    ("kept", "loses", "changes"),
    [
        # The site was away from 11 to 29.
        ({"db1": (8, 9, 10, 29, 30, 31), "db2": (8, 9, 10, 29, 30, 31)}, 60, {"lost": 1}),
        ({"db1": (8, 9, 29, 30, 31), "db2": (8, 9, 29, 30, 31)}, 1.5, {"lost": 2, "loss": 1.0}),
        ({"db1": (8, 29, 30, 31), "db2": (8, 29, 30, 31)}, 2, {"lost": 3, "loss": 2.0}),
        ({"db1": (29, 30, 31), "db2": (29, 30, 31)}, 2.9, {"lost": 4, "loss": 3.0, "findings": "4 lost"}),
        # Where nothing may be lost, the last one counts, too.
        ({"db1": (8, 9, 10, 29, 30, 31), "db2": (8, 9, 10, 29, 30, 31)}, 0, {"lost": 1, "findings": "1 lost"}),
        # One of the servers has it, so it was not lost with another one.
        ({"db1": STEADY, "db2": (8, 9, 10, 29, 30, 31)}, 60, {"lost": 1, "findings": "1 lost"}),
        # It was acknowledged by who led then.
        ({"db1": (8, 9, 10, 11, 29, 30), "db2": (8, 9, 10, 11, 29, 30)}, 60, {"lost": 1, "findings": "1 lost"}),
        ({"db1": (8, 9, 10, 30, 31), "db2": (8, 9, 10, 30, 31)}, 60, {"lost": 2, "findings": "2 lost"}),
    ],
)
def test_only_what_was_acknowledged_last_before_the_site_was_away_may_be_lost(kept, loses, changes):
    records = {server: rows(*moments) for server, moments in kept.items()}
    judged = judge(stored(*STEADY), records, 10, 30, 20, loses)
    begins = changes.pop("findings", "")
    assert {text.partition(" (")[0] for text in judged.pop("findings").values()} == ({begins} if begins else set())
    assert judged == {**{key: GOOD[key] for key in judged}, **changes, "good": not begins}


@pytest.mark.parametrize(
    ("moments", "away"),
    [
        ((8, 9), 21.0),
        ((8, 10), 20.0),
        ((8, 9, 9.5, 12), 18.0),
        # What is acknowledged at the end or later does not tell how long it was away until then.
        ((8, 9, 30), 21.0),
        ((8, 9, 31), 21.0),
        # It stored nothing before the fault, or nothing at all.
        ((15, 16), 14.0),
        ((31,), 20.0),
        ((), 20.0),
    ],
)
def test_a_site_that_stores_nothing_any_more_is_away_until_the_end(moments, away):
    judged = judge(stored(*moments), {"db1": rows(*moments)}, 10, 30, 19)
    assert judged == {**GOOD, "acknowledged": len(moments), "away": away, "good": away <= 19}


@pytest.mark.parametrize("inventory", ["prod", "lab"])
@pytest.mark.parametrize("name", list(SCENARIOS))
def test_every_drill_finds_its_hosts_in_the_inventories(name, inventory):
    """A service that is called otherwise in the declaration would leave its drill without a host."""
    topology = load(str(ROOT / "inventories" / inventory / "topology.yml"))
    active = next(region for region in topology.regions if region.state == "active")
    # Who is a master is learnt from the running cache.
    hosts = [{**host(one.name, one.zone, *one.services), "role": "master"} for one in active.hosts]
    primary = next(one["name"] for one in hosts if "postgres" in one["services"])
    assert drill(name, hosts, primary)["hosts"]
