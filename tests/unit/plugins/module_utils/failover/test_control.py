# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The beginning of pg_control says whether a server was shut down."""

from __future__ import annotations

import struct

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.control import SIZE, Control, parse


def content(state, checkpoint):
    return struct.pack("=QIIi4xqQ", 77, 1300, 202209061, state, 1795687200, checkpoint) + bytes(100)


@pytest.mark.parametrize(("state", "shut_down"), [(0, False), (1, True), (2, False), (3, False), (6, False)])
def test_only_a_clean_shutdown_of_a_primary_counts(state, shut_down):
    found = parse(content(state, 0x3000028))
    assert found == Control(77, state, 0x3000028)
    assert found.shut_down is shut_down


def test_a_file_that_is_too_short_says_nothing():
    assert parse(content(1, 1)[: SIZE - 1]) is None
