# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive.pgbackrest import Server, peers
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyError
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load

PROD = Path(__file__).resolve().parents[6] / "inventories" / "prod" / "topology.yml"
BACKUP = Server("backup1", "backup1.freeagentics.internal", 8432)


def of(host):
    return peers(load(str(PROD)), host)


@pytest.mark.parametrize("host", ["db1", "db2", "db3"])
def test_a_database_host_brings_backups_to_the_backup_host_which_alone_may_call_it(host):
    found = of(host)
    assert found.repository == BACKUP
    assert found.databases == ()
    assert found.clients == ("backup1.freeagentics.internal",)


def test_a_database_host_of_a_region_without_backup_host_brings_them_to_the_other_region():
    found = of("west-db1")
    assert found.repository == BACKUP
    assert found.clients == ("backup1.freeagentics.internal",)


def test_the_backup_host_saves_the_databases_of_all_regions_its_own_first():
    found = of("backup1")
    assert found.repository is None
    assert found.databases == tuple(
        Server(name, f"{name}.freeagentics.internal", 8432) for name in ("db1", "db2", "db3", "west-db1")
    )
    assert found.clients == tuple(f"{name}.freeagentics.internal" for name in ("db1", "db2", "db3", "west-db1"))


def test_other_hosts_have_no_peers():
    found = of("api1")
    assert (found.repository, found.databases, found.clients) == (None, (), ())


def test_an_unknown_host_is_named():
    with pytest.raises(TopologyError) as raised:
        of("db9")
    assert str(raised.value) == "db9: no host of the topology has this name"
