# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive.postgres import (
    HbaRecord,
    Member,
    StoreMember,
    StoreServer,
    cluster,
    hba,
    store,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Port, TopologyError
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load
from tests.unit.plugins.module_utils.topology.derive import small

PROD = Path(__file__).resolve().parents[6] / "inventories" / "prod" / "topology.yml"
EAST = (
    Member("db1", "10.0.20.10", 5432, 8008, "us-east-1a"),
    Member("db2", "10.0.21.10", 5432, 8008, "us-east-1b"),
    Member("db3", "10.0.21.11", 5432, 8008, "us-east-1b"),
)
WEST = (Member("west-db1", "10.1.20.10", 5432, 8008, "us-west-2a"),)


@pytest.fixture(scope="module")
def prod():
    return load(str(PROD))


def services(**changes):
    """The services of the small platform with PostgreSQL's and etcd's ports, and what a test changes."""
    ports = {"postgres": {"sql": 5432, "patroni": 8008}, "etcd": {"client": 2379, "peer": 2380}, **changes}
    known = dict(small.SERVICES)
    for name, numbers in ports.items():
        group = {"postgres": "database", "etcd": "cluster_store"}.get(name, name)
        known[name] = small.service(name, group, **{port: Port(number, "tcp") for port, number in numbers.items()})
    return known


def topology(hosts, flows=(), known=None):
    """A platform of one region with these services on its hosts."""
    found = [small.host("east", name, f"10.1.20.{at}", *of) for at, (name, of) in enumerate(hosts.items(), 10)]
    return small.topology(regions=[small.region("east", 1, found)], flows=flows, services=known or services())


def sql_flow(source, across=False):
    return replace(small.flow("queries", source, "postgres", small.SQL, across=across), port_names=("sql",))


def who(declared, host="db1", **arguments):
    """Who logs in over the network and from elsewhere, by the host part of the IPv4 address."""
    own = ("127.0.0.1/32", "10.1.20.10/32")
    return [
        (record.user, record.database, record.address[len("10.1.20.") : -len("/32")])
        for record in hba(declared, host, **arguments)
        if record.address.endswith("/32") and record.address not in own
    ]


# The cluster and its store


def test_every_host_of_the_active_region_sees_its_cluster(prod):
    for name in ("db1", "db3", "api1", "backup1"):
        found = cluster(prod, name)
        assert (found.scope, found.region, found.standby) == ("freeagentics-us-east-1", "us-east-1", False)
        assert (found.members, found.source) == (EAST, ())


def test_the_other_regions_cluster_follows_the_active_regions(prod):
    found = cluster(prod, "west-db1")
    assert (found.scope, found.region, found.standby) == ("freeagentics-us-west-2", "us-west-2", True)
    assert (found.members, found.source) == (WEST, EAST)


def test_when_the_regions_change_their_states_the_clusters_change_their_parts(prod):
    states = {"us-east-1": "standby", "us-west-2": "active"}
    changed = replace(prod, regions=tuple(replace(one, state=states[one.name]) for one in prod.regions))
    assert (cluster(changed, "db1").standby, cluster(changed, "db1").source) == (True, WEST)
    assert (cluster(changed, "west-db1").standby, cluster(changed, "west-db1").source) == (False, ())


def test_the_members_of_all_other_regions_are_rivals_whoever_leads(prod):
    states = {"us-east-1": "standby", "us-west-2": "active"}
    changed = replace(prod, regions=tuple(replace(one, state=states[one.name]) for one in prod.regions))
    for declared in (prod, changed):
        assert (cluster(declared, "db1").rivals, cluster(declared, "api1").rivals) == (WEST, WEST)
        assert cluster(declared, "west-db1").rivals == EAST


def test_a_region_without_a_database_is_nobodys_rival():
    def hosts(name, second, *of):
        return small.region(name, second, [small.host(name, f"{name}-1", f"10.{second}.20.10", *of)])

    both = ("postgres", "etcd")
    regions = [hosts("east", 1, *both), hosts("west", 2, *both), hosts("north", 3), hosts("south", 4, *both)]
    declared = small.topology(regions=regions, services=services())
    assert [member.name for member in cluster(declared, "east-1").rivals] == ["west-1", "south-1"]
    assert cluster(topology({"db1": both}), "db1").rivals == ()


def test_the_lease_is_kept_in_the_regions_own_store(prod):
    assert cluster(prod, "db2").etcd == (
        StoreServer("db1", "10.0.20.10", 2379),
        StoreServer("db2", "10.0.21.10", 2379),
        StoreServer("backup1", "10.0.22.10", 2379),
    )
    assert cluster(prod, "west-db1").etcd == (StoreServer("west-db1", "10.1.20.10", 2379),)


def test_the_store_is_told_its_token_and_members(prod):
    found = store(prod, "backup1")
    assert found.name == "freeagentics-us-east-1"
    assert found.members[2] == StoreMember("backup1", "10.0.22.10", 2379, 2380)
    assert [member.name for member in found.members] == ["db1", "db2", "backup1"]
    assert store(prod, "west-api1").members == (StoreMember("west-db1", "10.1.20.10", 2379, 2380),)


@pytest.mark.parametrize(
    ("derive", "declared", "host", "message"),
    [
        (cluster, topology({"db1": ["postgres"]}), "db9", "db9: no host of the topology has this name"),
        (
            cluster,
            topology({"db1": ["postgres"]}),
            "db1",
            "regions.east.hosts: no host of the region has the service etcd: give it to some",
        ),
        (
            cluster,
            topology({"etcd1": ["etcd"]}),
            "etcd1",
            "regions.east.hosts: no host of the region has the service postgres: give it to some",
        ),
        (
            store,
            topology({"db1": ["postgres"]}),
            "db1",
            "regions.east.hosts: no host of the region has the service etcd: give it to some",
        ),
        (
            store,
            small.topology(),
            "db1",
            "services.etcd: the service is not declared: declare it with its ports",
        ),
        (
            store,
            topology({"db1": ["etcd"]}, known=services(etcd={"client": 2379})),
            "db1",
            "services.etcd.ports: the port 'peer' is missing: add it, such as peer: 2380/tcp",
        ),
        (
            cluster,
            topology({"db1": ["postgres", "etcd"]}, known=services(postgres={"sql": 5432})),
            "db1",
            "services.postgres.ports: the port 'patroni' is missing: add it, such as patroni: 8008/tcp",
        ),
    ],
)
def test_what_is_not_declared_is_named(derive, declared, host, message):
    with pytest.raises(TopologyError) as raised:
        derive(declared, host)
    assert str(raised.value) == message


# Who may log in


def test_the_superuser_comes_from_the_host_itself_and_nothing_comes_without_tls_and_password(prod):
    for host in ("db1", "db2", "db3", "west-db1"):
        first, *others = hba(prod, host)
        assert first == HbaRecord("local", "all", "postgres", "", "peer")
        assert {(record.type, record.method) for record in others} == {("hostssl", "scram-sha-256")}
        assert "postgres" not in {record.user for record in others}


def test_a_host_looks_at_its_own_server_and_saves_it_over_every_address_of_its_own(prod):
    own = ("127.0.0.1/32", "::1/128", "10.0.20.10/32", "fd00:10:0:20::10/128")
    assert hba(prod, "db1")[1:9] == tuple(
        HbaRecord("hostssl", "all", user, address, "scram-sha-256") for address in own for user in ("monitor", "backup")
    )


def test_who_comes_to_a_database_host_of_prod(prod):
    found = {}
    for record in hba(prod, "db1")[9:]:
        found.setdefault(record.address, []).append(f"{record.user} {record.database}")
    app, save = ["app app"], ["backup all", "replicator replication"]
    peer = ["replicator replication", "rewind postgres", "monitor all"]
    wanted = [
        *((address, app) for address in ("0:10::10", "0:10::11", "0:11::10", "0:10::20", "0:10::21", "0:11::20")),
        *((address, peer) for address in ("0:21::10", "0:21::11")),
        ("0:22::10", save),
        ("1:20::10", peer),
    ]
    networks = {}
    for address, users in wanted:
        region, subnet, host = address.replace("::", ":").split(":")
        networks[f"10.{region}.{subnet}.{host}/32"] = users
        networks[f"fd00:10:{address}/128"] = users
    assert found == networks
    assert list(found) == list(networks)


def test_applications_stay_in_their_region_and_replication_crosses(prod):
    users = {}
    for record in hba(prod, "west-db1"):
        users.setdefault(record.user, set()).add(record.address)
    assert {address for address in users["app"] if "." in address} == {
        "10.1.10.10/32",
        "10.1.11.10/32",
        "10.1.10.20/32",
    }
    assert {address for address in users["replicator"] if "." in address} == {
        "10.0.20.10/32",
        "10.0.21.10/32",
        "10.0.21.11/32",
    }


def test_a_region_without_ipv6_is_admitted_by_ipv4_alone():
    found = [record.address for record in hba(small.topology(flows=[sql_flow("postgres", across=True)]), "west-db1")]
    own = ("127.0.0.1/32", "::1/128", "10.2.20.10/32")
    other = ("10.1.20.10/32", "fd00:10:1:20::10/128")
    assert list(dict.fromkeys(found)) == ["", *own, *other]


REPLICATION = [("replicator", "replication"), ("rewind", "postgres"), ("monitor", "all")]


@pytest.mark.parametrize(
    ("hosts", "source", "wanted"),
    [
        ({"db1": ["postgres"], "db2": ["postgres"]}, "postgres", [(*pair, "11") for pair in REPLICATION]),
        ({"db1": ["postgres"], "db2": ["postgres"]}, "database", [(*pair, "11") for pair in REPLICATION]),
        ({"db1": ["postgres"], "db2": ["postgres"]}, "app", []),
        ({"db1": ["postgres"], "one": ["api"]}, "api", [("app", "app", "11")]),
        ({"db1": ["postgres"], "one": ["web"]}, "app", [("app", "app", "11")]),
        ({"db1": ["postgres"], "one": ["web"]}, "api", []),
        (
            {"db1": ["postgres"], "one": ["backup"]},
            "backup",
            [("backup", "all", "11"), ("replicator", "replication", "11")],
        ),
        ({"db1": ["postgres"], "one": ["prometheus"]}, "prometheus", [("monitor", "all", "11")]),
        # A host of several services gets what those need that may call.
        ({"db1": ["postgres"], "one": ["api", "backup"]}, "api", [("app", "app", "11")]),
        (
            {"db1": ["postgres"], "one": ["api", "backup"]},
            "platform",
            [("app", "app", "11"), ("backup", "all", "11"), ("replicator", "replication", "11")],
        ),
        ({"db1": ["postgres"], "one": ["api"]}, "operators", []),
        ({"db1": ["postgres"], "one": ["api"]}, "internet", []),
    ],
)
def test_a_flow_admits_what_the_calling_service_needs(hosts, source, wanted):
    known = services(backup={}, prometheus={})
    assert who(topology(hosts, [sql_flow(source)], known)) == wanted


def test_a_flow_to_another_port_admits_nobody():
    patroni = replace(small.flow("leader", "api", "postgres", Port(8008, "tcp")), port_names=("patroni",))
    assert who(topology({"db1": ["postgres"], "one": ["api"]}, [patroni])) == []


def test_an_application_beside_the_database_logs_in_over_the_hosts_own_addresses():
    declared = topology({"db1": ["postgres", "api"]}, [sql_flow("app"), sql_flow("postgres")])
    found = [
        (record.user, record.address) for record in hba(declared, "db1") if record.user not in ("monitor", "backup")
    ]
    assert found == [("postgres", ""), ("app", "10.1.20.10/32"), ("app", "fd00:10:1:20::10/128")]


def test_users_and_the_database_can_be_others():
    declared = topology(
        {"db1": ["postgres"], "one": ["api"], "db2": ["postgres"]}, [sql_flow("api"), sql_flow("postgres")]
    )
    users = {"app": ["shop", "reporting"], "monitor": [], "rewind": []}
    assert who(declared, users=users, database="sales") == [
        ("shop", "sales", "11"),
        ("reporting", "sales", "11"),
        ("replicator", "replication", "12"),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"users": {"apps": ["app"], "ap": []}},
            "users: there is no ap, apps: use replication, rewind, monitor, backup, app",
        ),
        (
            {"users": {"app": ["app", "all"]}},
            "users.app: 'all' cannot stand in pg_hba.conf: use a-z, 0-9 and _, and none of "
            "all, replication, sameuser, samerole, samegroup",
        ),
        (
            {"database": "+app"},
            "database: '+app' cannot stand in pg_hba.conf: use a-z, 0-9 and _, and none of "
            "all, replication, sameuser, samerole, samegroup",
        ),
    ],
)
def test_a_name_that_would_mean_something_else_is_refused(arguments, message):
    with pytest.raises(TopologyError) as raised:
        hba(topology({"db1": ["postgres"]}), "db1", **arguments)
    assert str(raised.value) == message


def test_nobody_logs_in_where_no_server_is(prod):
    with pytest.raises(TopologyError) as raised:
        hba(prod, "api1")
    assert str(raised.value) == "api1: the host does not have the service postgres, so nobody logs in there"
