# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter hands over to the comparison, and tells what a record lacks."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.postgres_users import FilterModule

differing = FilterModule().filters()["postgres_users_differing"]


def test_a_user_that_is_missing_differs():
    user = {"name": "app", "password": "secret", "attributes": ["LOGIN"]}
    assert differing([user], []) == [user]


def test_a_record_without_a_name_is_refused():
    with pytest.raises(AnsibleFilterError) as error:
        differing([{"password": "secret"}], [])
    assert str(error.value) == (
        "postgres_users_differing: 'name' is missing: records have name, password and attributes"
    )
