# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import astuple

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import names
from tests.unit.plugins.module_utils.topology.derive import small


def test_every_platform_host_has_a_line_with_its_whole_name_first():
    entries = [astuple(entry) for entry in names.hosts_file(small.with_outside())]
    assert entries[0] == ("10.1.0.10", ("bastion1.example.internal", "bastion1"))
    assert [address for address, _names in entries] == [str(host.address) for host in small.topology().hosts]
