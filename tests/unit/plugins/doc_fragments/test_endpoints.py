# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that modules share are documented as they are."""

from __future__ import annotations

import yaml

from ansible_collections.freeagentics.platform.plugins.doc_fragments.endpoints import ModuleDocFragment
from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.options import ENDPOINTS


def assert_documented(documented, options):
    """Compare what is documented of options with what they are."""
    assert set(documented) == set(options)
    for name, option in options.items():
        shown = documented[name]
        assert (shown["type"], shown.get("required", False)) == (option["type"], option.get("required", False))
        assert shown.get("default") == option.get("default")


def test_every_option_is_documented_as_it_is():
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert_documented(documented, ENDPOINTS)
    assert_documented(documented["endpoints"]["suboptions"], ENDPOINTS["endpoints"]["options"])
