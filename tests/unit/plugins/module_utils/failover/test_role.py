# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changes in the settings of a cluster that shall lead or follow, and that nothing does where it is so already."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.role import to_follow, to_lead
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.dynamic import apply

SOURCE = {"host": "10.1.20.10", "port": 5432, "primary_slot_name": "us_east_1"}
FOLLOWING = {**SOURCE, "create_replica_methods": ["basebackup"]}
PHYSICAL = {"type": "physical"}


@pytest.mark.parametrize(
    ("config", "patch"),
    [
        ({}, {"standby_cluster": FOLLOWING}),
        ({"ttl": 20}, {"standby_cluster": FOLLOWING}),
        ({"standby_cluster": None}, {"standby_cluster": FOLLOWING}),
        ({"standby_cluster": FOLLOWING}, {}),
        # What somebody else wrote there stays.
        ({"standby_cluster": {**SOURCE, "restore_command": "/usr/local/sbin/pgbackrest-get"}}, {}),
        ({"standby_cluster": {**FOLLOWING, "host": "10.9.9.9"}}, {"standby_cluster": {"host": "10.1.20.10"}}),
        (
            {"standby_cluster": {"host": "10.1.20.10"}},
            {"standby_cluster": {"port": 5432, "primary_slot_name": "us_east_1"}},
        ),
        # The slots of those that followed it are given up, and those alone.
        (
            {"slots": {"us_west_2": PHYSICAL, "debezium": {"type": "logical"}}},
            {"standby_cluster": FOLLOWING, "slots": {"us_west_2": None}},
        ),
        ({"standby_cluster": FOLLOWING, "slots": {"us_west_2": PHYSICAL}}, {"slots": {"us_west_2": None}}),
        ({"standby_cluster": FOLLOWING, "slots": {"debezium": {"type": "logical"}}}, {}),
        ({"standby_cluster": FOLLOWING, "slots": None}, {}),
    ],
)
def test_a_cluster_that_shall_follow(config, patch):
    assert to_follow(config, SOURCE, ["us_west_2", "eu_west_1"], 0) == patch
    assert to_follow(apply(config, patch), SOURCE, ["us_west_2", "eu_west_1"], 0) == {}


@pytest.mark.parametrize(
    ("config", "patch"),
    [
        ({}, {"standby_cluster": FOLLOWING, "region_epoch": 2}),
        ({"standby_cluster": FOLLOWING}, {"region_epoch": 2}),
        ({"standby_cluster": FOLLOWING, "region_epoch": None}, {"region_epoch": 2}),
        ({"standby_cluster": FOLLOWING, "region_epoch": 1}, {"region_epoch": 2}),
        ({"standby_cluster": FOLLOWING, "region_epoch": 2}, {}),
        # It is never counted down.
        ({"standby_cluster": FOLLOWING, "region_epoch": 3}, {}),
    ],
)
def test_a_cluster_that_follows_knows_by_which_failover_the_other_one_leads(config, patch):
    assert to_follow(config, SOURCE, [], 2) == patch
    assert to_follow(apply(config, patch), SOURCE, [], 2) == {}


@pytest.mark.parametrize(
    ("config", "patch"),
    [
        ({}, {"region_epoch": 2, "slots": {"us_west_2": PHYSICAL}}),
        (
            {"standby_cluster": FOLLOWING, "region_epoch": 1},
            {"standby_cluster": None, "region_epoch": 2, "slots": {"us_west_2": PHYSICAL}},
        ),
        ({"standby_cluster": None, "region_epoch": 2, "slots": {"us_west_2": PHYSICAL}}, {}),
        # It is never counted down.
        ({"region_epoch": 7, "slots": {"us_west_2": PHYSICAL}}, {}),
        ({"region_epoch": None, "slots": {"us_west_2": PHYSICAL}}, {"region_epoch": 2}),
        ({"region_epoch": "1", "slots": {"us_west_2": PHYSICAL}}, {"region_epoch": 2}),
        # A slot that is there stays as it is.
        ({"region_epoch": 2, "slots": {"us_west_2": {**PHYSICAL, "cluster_type": "primary"}}}, {}),
        ({"region_epoch": 2, "slots": {"debezium": {"type": "logical"}}}, {"slots": {"us_west_2": PHYSICAL}}),
        ({"region_epoch": 2, "slots": None}, {"slots": {"us_west_2": PHYSICAL}}),
    ],
)
def test_a_cluster_that_shall_lead(config, patch):
    assert to_lead(config, 2, ["us_west_2"]) == patch
    assert to_lead(apply(config, patch), 2, ["us_west_2"]) == {}


def test_a_cluster_that_nobody_follows_keeps_no_slot():
    assert to_lead({}, 0, []) == {}
    assert to_lead({"standby_cluster": FOLLOWING}, 1, []) == {"standby_cluster": None, "region_epoch": 1}


def test_there_and_back_again_nothing_of_the_standby_cluster_is_left():
    config = {"ttl": 20, "region_epoch": 1, "slots": {"us_west_2": PHYSICAL}}
    following = apply(config, to_follow(config, SOURCE, ["us_west_2"], 2))
    assert following == {"ttl": 20, "region_epoch": 2, "slots": {}, "standby_cluster": FOLLOWING}
    leading = apply(following, to_lead(following, 3, ["us_west_2"]))
    assert leading == {"ttl": 20, "region_epoch": 3, "slots": {"us_west_2": PHYSICAL}}
