# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of YAML are read by their kind, and mistakes are noted without an end to reading."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Port
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.reading import Reader, kind_of, suggestion


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "empty"),
        ({}, "a mapping"),
        ([], "a list"),
        (True, "true or false"),
        (1, "a number"),
        (1.5, "a number"),
        ("a", "a text"),
        (b"a", "a bytes"),
    ],
)
def test_values_are_named_in_words(value, words):
    assert kind_of(value) == words


def test_a_near_name_is_suggested():
    assert suggestion("postgers", ["postgres", "redis"]) == "did you mean 'postgres'? Known are: postgres, redis"
    assert suggestion("x", []) == "Known are: none"


def test_reading_goes_on_after_a_mistake():
    reader = Reader()
    assert reader.networks(["10.0.0.0/24", "ten", "10.0.1.0/24"], "cidrs") == (
        IPv4Network("10.0.0.0/24"),
        IPv4Network("10.0.1.0/24"),
    )
    assert [error.path for error in reader.errors] == ["cidrs[1]"]


@pytest.mark.parametrize(
    ("text", "port"), [("53/udp", Port(53, "udp")), ("65535/tcp", Port(65535, "tcp")), ("0/tcp", None)]
)
def test_ports_are_a_number_and_a_protocol(text, port):
    assert Reader().port(text, "ports") == port


@pytest.mark.parametrize(("value", "count"), [(3, 3), (0, 1), (True, 1), ("3", 1)])
def test_counts_are_whole_numbers(value, count):
    assert Reader().count(value, "replicas", 1) == count
