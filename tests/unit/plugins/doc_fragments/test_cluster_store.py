# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that modules share are documented as they are."""

from __future__ import annotations

import yaml

from ansible_collections.freeagentics.platform.plugins.doc_fragments.cluster_store import ModuleDocFragment
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.options import MEMBERS, STORE


def test_every_option_is_documented_as_it_is():
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert set(documented) == set(STORE)
    for name, option in STORE.items():
        shown = documented[name]
        assert (shown["type"], shown.get("required", False)) == (option["type"], option.get("required", False))
        assert shown.get("default") == option.get("default")
    assert set(documented["store"]["suboptions"]) == set(STORE["store"]["options"])


def test_the_members_are_documented_as_they_are():
    shown = yaml.safe_load(ModuleDocFragment.MEMBERS)["options"]["members"]["suboptions"]
    assert set(shown) == set(MEMBERS["members"]["options"])
    for name, option in MEMBERS["members"]["options"].items():
        assert (shown[name].get("required", False), shown[name].get("default")) == (
            option.get("required", False),
            option.get("default"),
        )
