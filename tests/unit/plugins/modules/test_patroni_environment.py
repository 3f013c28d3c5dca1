# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module tells environments apart, and builds none without packages."""

from __future__ import annotations

import platform

import pytest

DIGEST = "0123456789abcdef"


@pytest.fixture
def wanted(tmp_path):
    version = ".".join(platform.python_version_tuple()[:2])
    return tmp_path / f"patroni-0123456789ab-py{version}-{platform.machine()}"


def test_what_is_missing_is_told_and_nothing_is_touched(run_module, tmp_path, wanted):
    done = run_module("patroni_environment", path=str(tmp_path / "patroni"), digest=DIGEST)
    assert (done["changed"], done["missing"]) == (True, True)
    assert wanted.name == f"patroni-{done['stamp']}"
    assert not (tmp_path / "patroni").is_symlink()


def test_the_link_is_switched_to_what_is_there_and_the_one_before_stays(run_module, tmp_path, wanted):
    link, before, oldest = (tmp_path / name for name in ("patroni", "patroni-before", "patroni-oldest"))
    for folder in (wanted, before, oldest):
        folder.mkdir()
        (folder / ".complete").touch()
    link.symlink_to(before)
    looked = run_module("patroni_environment", check_mode=True, path=str(link), digest=DIGEST)
    assert looked["diff"] == {"before": f"{link} -> {before}\n", "after": f"{link} -> {wanted}\n"}
    assert link.resolve() == before
    done = run_module("patroni_environment", path=str(link), digest=DIGEST)
    assert (done["changed"], done["missing"], link.resolve()) == (True, False, wanted)
    assert (before.is_dir(), oldest.exists()) == (True, False)
    assert run_module("patroni_environment", path=str(link), digest=DIGEST)["changed"] is False
