# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters translate between Ansible and the pure code."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.preflight import FilterModule

FILTERS = FilterModule().filters()


def test_the_filters_are_there():
    assert sorted(FILTERS) == ["preflight_message", "storage_forecast"]


def test_an_unknown_profile_is_an_error_of_ansible():
    with pytest.raises(AnsibleFilterError):
        FILTERS["preflight_message"]([], {}, {"profile": "huge", "profiles": {}})


def test_a_plan_that_is_no_plan_is_an_error_of_ansible():
    with pytest.raises(AnsibleFilterError):
        FILTERS["storage_forecast"]([{"volume": "data", "size_gb": 0}])
