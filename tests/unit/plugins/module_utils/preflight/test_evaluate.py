# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every shortfall of every host is in one message."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.preflight.evaluate import (
    Host,
    PreflightError,
    message,
    shortfalls,
)

RULES = {
    "profile": "recommended",
    "profiles": {
        "recommended": {
            "checks": ["os", "python", "time", "dns", "free_disk", "peers"],
            "groups": {
                "api": {
                    "hosts": 2,
                    "vcpus": 4,
                    "mhz": 2400,
                    "memory_gb": 8,
                    "disk_gb": 100,
                    "network_mbps": 1000,
                    "ssd": True,
                },
                "postgres": {"vcpus": 4, "iops": 10000, "one_host": {"vcpus": 8, "memory_gb": 64}},
            },
        }
    },
    "supported_os": {"debian": ["12"], "ubuntu": ["22.04", "24.04"]},
    "python": "3.9",
    "free_percent": 10,
}


def facts(vcpus=4, memory_mb=16000, mhz=2500, size_gb=100, free_gb=50, rotational=False, mbps=1000, **others):
    return {
        "freeagentics_os": {"id": "debian", "version_id": "12", "codename": "bookworm"},
        "freeagentics_python": "3.11.2",
        "freeagentics_time": {"synchronised": True, "source": "chrony"},
        "freeagentics_resolver": {"name_servers": ["192.0.2.53"], "works": True},
        "freeagentics_peers": [],
        "freeagentics_hardware": {
            "vcpus": vcpus,
            "mhz": mhz,
            "memory_mb": memory_mb,
            "disks": [{"name": "vda", "size_gb": size_gb, "rotational": rotational}],
            "mounts": [
                {"path": "/", "device": "/dev/vda1", "filesystem": "ext4", "size_gb": size_gb, "free_gb": free_gb},
                {"path": "/srv", "device": "/dev/vda1", "filesystem": "ext4", "size_gb": size_gb, "free_gb": free_gb},
            ],
            "network": [{"name": "eth0", "mbps": mbps}],
        },
        **others,
    }


def api(name="api1", declared=None, **others):
    return Host(name, ("api", "platform"), facts(**others), declared or {})


def said(*hosts, sizes=None):
    return message("recommended", shortfalls(hosts, sizes or {"api": 2}, RULES))


def test_hosts_that_meet_the_profile_give_no_message():
    assert said(api("api1"), api("api2"), Host("mon1", ("monitoring",), facts(vcpus=1), {})) == ""


def test_every_shortfall_of_every_host_is_in_one_message():
    weak = api(
        "api1",
        vcpus=2,
        mhz=2000,
        memory_mb=4096,
        size_gb=40,
        free_gb=2,
        rotational=True,
        mbps=100,
        freeagentics_os={"id": "debian", "version_id": "11", "codename": "bullseye"},
        freeagentics_python="3.8.10",
        freeagentics_time={"synchronised": False, "source": "chrony"},
        freeagentics_resolver={"name_servers": ["192.0.2.53"], "works": False},
        freeagentics_peers=[
            {"name": "db1", "address": "10.0.20.10", "port": 5432, "reachable": False},
            {"name": "db2", "address": "10.0.21.10", "port": 5432, "reachable": True},
        ],
    )
    silent = api(
        "api2",
        freeagentics_os={},
        freeagentics_python="",
        freeagentics_time={"synchronised": None, "source": ""},
        freeagentics_resolver={"name_servers": [], "works": False},
    )
    database = Host("db1", ("postgres",), facts(vcpus=4), {"iops": 3000})
    unknown = Host("db2", ("postgres",), {}, {})
    assert said(weak, silent, database, unknown, sizes={"api": 1, "postgres": 2}) == (
        "The hosts do not meet the profile recommended: 20 shortfalls. Nothing was changed.\n"
        "host            what                      wanted                                 found\n"
        "api1            operating system          debian 12, ubuntu 22.04, ubuntu 24.04  debian 11\n"
        "api1            Python                    3.9 or newer                           3.8.10\n"
        "api1            clock                     synchronised                           not synchronised\n"
        "api1            DNS                       an answer                              no answer from 192.0.2.53\n"
        "api1            free space on /           10 %                                   5 %\n"
        "api1            db1 (10.0.20.10:5432)     reachable                              no answer\n"
        "api1            vCPUs                     4                                      2\n"
        "api1            CPU clock                 2400 MHz                               2000 MHz\n"
        "api1            memory                    8 GB                                   4 GB\n"
        "api1            disk                      100 GB                                 40 GB\n"
        "api1            network                   1000 Mbit/s                            100 Mbit/s\n"
        "api1            disk                      SSD                                    rotating: vda\n"
        "api2            operating system          debian 12, ubuntu 22.04, ubuntu 24.04  unknown\n"
        "api2            Python                    3.9 or newer                           unknown\n"
        "api2            clock                     synchronised                           unknown\n"
        "api2            DNS                       an answer                              no name server\n"
        "db1             disk operations a second  10000                                  3000\n"
        "db2             facts                     gathered                               none\n"
        "group api       hosts                     2                                      1\n"
        "group postgres  one host                  8 vCPUs, 64 GB memory                  none\n"
        "Give the hosts what is wanted, or name the profile that is meant in the inventory's topology.yml.\n"
    )


def test_one_shortfall_is_told_as_one():
    assert said(api("api1", vcpus=2)) == (
        "The hosts do not meet the profile recommended: 1 shortfall. Nothing was changed.\n"
        "host  what   wanted  found\n"
        "api1  vCPUs  4       2\n"
        "Give the hosts what is wanted, or name the profile that is meant in the inventory's topology.yml.\n"
    )


@pytest.mark.parametrize("weak", [{"mbps": None}, {"mhz": 0}, {"rotational": None}])
def test_what_nobody_knows_is_passed_over(weak):
    assert said(api(**weak)) == ""


@pytest.mark.parametrize(
    ("weak", "declared"),
    [({"mbps": 100}, {"network_mbps": 10000}), ({"rotational": True}, {"ssd": True}), ({"mhz": 2000}, {"mhz": 3000})],
)
def test_what_the_provider_promises_counts(weak, declared):
    assert said(api(**weak)) != ""
    assert said(api(declared=declared, **weak)) == ""


def test_one_strong_host_is_enough_where_one_is_wanted():
    strong = Host("db1", ("postgres",), facts(vcpus=8, memory_mb=64000), {})
    weak = Host("db2", ("postgres",), facts(vcpus=4), {})
    assert shortfalls([strong, weak], {}, RULES) == ()


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            {**RULES, "profile": "huge"},
            "preflight_profile: there is no profile huge; choose one of recommended",
        ),
        (
            {**RULES, "profiles": {"recommended": {"checks": ["moon"]}}},
            "preflight_profiles: there is no check moon; choose from os, python, time, dns, free_disk, peers",
        ),
    ],
)
def test_wrong_rules_are_named(rules, expected):
    with pytest.raises(PreflightError) as caught:
        shortfalls([api()], {}, rules)
    assert str(caught.value) == expected
