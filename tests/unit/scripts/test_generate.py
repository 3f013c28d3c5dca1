# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from scripts.generate import DECLARATION, GOLDEN, ROOT, differences, load, outputs, write


def test_everything_that_is_rendered_for_prod_is_as_committed():
    found = list(differences(ROOT, outputs(load(str(ROOT / DECLARATION)))))
    if found:
        pytest.fail("\n".join([*found, "run `make docs` and look at the change"]), pytrace=False)


def test_a_change_a_new_file_and_a_file_that_is_no_longer_generated_are_shown(tmp_path):
    write(tmp_path, {f"{GOLDEN}/hosts": "one\ntwo\n", f"{GOLDEN}/old": "gone\n"})
    assert list(differences(tmp_path, {f"{GOLDEN}/hosts": "one\n2\n", f"{GOLDEN}/new": "new\n"})) == [
        f"--- {GOLDEN}/hosts",
        f"+++ {GOLDEN}/hosts (generated)",
        "@@ -1,2 +1,2 @@",
        " one",
        "-two",
        "+2",
        f"--- {GOLDEN}/new",
        f"+++ {GOLDEN}/new (generated)",
        "@@ -0,0 +1 @@",
        "+new",
        f"--- {GOLDEN}/old",
        f"+++ {GOLDEN}/old (generated)",
        "@@ -1 +0,0 @@",
        "-gone",
    ]


def test_writing_again_removes_what_is_no_longer_generated(tmp_path):
    write(tmp_path, {f"{GOLDEN}/old": "gone\n"})
    files = {f"{GOLDEN}/firewall/db1.v4": "*filter\n"}
    write(tmp_path, files)
    assert list(differences(tmp_path, files)) == []
    assert not (tmp_path / GOLDEN / "old").exists()
