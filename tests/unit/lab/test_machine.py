# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from lab import machine, state
from lab.errors import LabError


def test_a_user_who_is_not_root_is_told_to_use_sudo():
    with pytest.raises(LabError) as error:
        machine.check_root(1000)
    assert str(error.value) == (
        "the lab needs root\n"
        "  cause:  it makes network namespaces and boots system containers\n"
        "  remedy: run the same command with sudo"
    )


def test_too_little_memory_is_told_before_anything_is_built():
    with pytest.raises(LabError) as error:
        machine.check_size(hosts=44, memory=2000, disk=100_000)
    assert str(error.value) == (
        "44 hosts need 4984 MiB of memory\n"
        "  cause:  2000 MiB are available on this machine\n"
        "  remedy: end other programs or labs, take a larger machine, or build a smaller topology with --topology"
    )


def test_too_little_disk_is_told_before_anything_is_built():
    with pytest.raises(LabError) as error:
        machine.check_size(hosts=44, memory=8000, disk=5000)
    assert str(error.value) == (
        "44 hosts need 15248 MiB of disk\n"
        f"  cause:  5000 MiB are free under {state.STATE}\n"
        "  remedy: free some space, or clone the project onto a larger disk"
    )


def test_a_machine_that_is_large_enough_is_accepted():
    machine.check_size(hosts=44, memory=8000, disk=20_000)


def test_a_machine_without_apt_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(machine, "SYSTEM_PATH", str(tmp_path))
    with pytest.raises(LabError) as error:
        machine.install()
    packages = ", ".join(machine.missing_packages())
    assert "podman" in packages
    assert str(error.value) == (
        f"the machine lacks {packages}\n"
        "  cause:  it has no apt-get to install them with\n"
        "  remedy: install them by hand, or use Debian 12 or Ubuntu"
    )
