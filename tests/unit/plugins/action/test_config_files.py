# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each entry names where its content comes from."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.freeagentics.platform.plugins.action.config_files import source_of


@pytest.mark.parametrize(
    ("entry", "source"),
    [
        ({"path": "/f", "template": "f"}, "template"),
        ({"path": "/f", "content": ""}, "content"),
        ({"path": "/f", "state": "absent"}, None),
    ],
)
def test_where_the_content_comes_from(entry, source):
    assert source_of(1, entry) == source


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("/f", "files: entry 3 must be a mapping with a path"),
        ({"content": "x"}, "files: entry 3 must be a mapping with a path"),
        ({"path": "/f"}, "/f: give either template or content"),
        ({"path": "/f", "template": "f", "content": "x"}, "/f: give either template or content"),
        ({"path": "/f", "state": "directory", "content": "x"}, "/f: a path with state directory takes no content"),
    ],
)
def test_wrong_entries_are_refused(entry, message):
    with pytest.raises(AnsibleActionFail) as caught:
        source_of(3, entry)
    assert str(caught.value) == message
