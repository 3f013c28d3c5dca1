# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release is named after its content."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.release import FilterModule

file_digest = FilterModule().filters()["file_digest"]


def test_the_digest_is_that_of_the_content(tmp_path):
    path = tmp_path / "release.tar"
    path.write_bytes(b"abc")
    # The digest of "abc" (FIPS 180-2, appendix B.1).
    assert file_digest(str(path)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AnsibleFilterError) as caught:
        file_digest(f"{tmp_path}/release.tar")
    assert str(caught.value) == (
        f"{tmp_path}/release.tar: No such file or directory; name an archive that is on the control host"
    )
