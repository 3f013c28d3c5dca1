"""The values themselves."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from ipaddress import IPv4Address, IPv6Address

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import (
    Port,
    TopologyError,
    TopologyErrors,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.parse import parse

from .test_parse import declaration


def test_values_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        parse(declaration()).platform = "other"


def test_equal_declarations_give_equal_topologies():
    assert parse(declaration()) == parse(declaration())


def test_ports_are_written_as_people_write_them_and_sort_by_number():
    assert str(Port(443, "tcp")) == "443/tcp"
    assert sorted([Port(443, "tcp"), Port(53, "udp"), Port(53, "tcp")]) == [
        Port(53, "tcp"),
        Port(53, "udp"),
        Port(443, "tcp"),
    ]


def test_the_router_has_the_first_address():
    subnet = parse(declaration()).regions[0].subnets[1]
    assert (subnet.gateway, subnet.gateway6) == (IPv4Address("10.0.20.1"), IPv6Address("fd00:10:0:20::1"))


def test_mistakes_are_shown_line_by_line():
    errors = TopologyErrors((TopologyError("a", "wrong"), TopologyError("b", "wrong, too")))
    assert str(errors) == "a: wrong\nb: wrong, too"
