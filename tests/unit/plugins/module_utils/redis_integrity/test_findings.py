"""A finding tells what to do, with the names of what it was found in."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.findings import KINDS, Finding


def test_a_finding_is_told_with_severity_and_remedy():
    assert Finding("node_failing", "redis4", "cluster", "it failed, as redis1 see it").record() == {
        "kind": "node_failing",
        "object": "redis4",
        "where": "cluster",
        "detail": "it failed, as redis1 see it",
        "severity": "damage",
        "remedy": "start the node or its host, or let the others reach it over the bus",
    }


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_remedy(kind):
    record = Finding(kind, "redis4", "redis1", "").record()
    assert record["severity"] in ("damage", "difference", "warning")
    assert record["remedy"]
    assert "{" not in record["remedy"]


def test_a_replica_that_differs_keeps_its_identity():
    assert Finding("keys_differ", "keys", "redis4", "").record()["remedy"] == (
        "find out who wrote to the replica; then stop it, remove dump.rdb and appendonlydir from its data directory, "
        "not nodes.conf, and start it: it copies its master anew"
    )
