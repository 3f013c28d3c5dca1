# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts are gone when a lab is, however long their processes take to die."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lab import hosts, podman


@pytest.fixture
def removed(monkeypatch):
    """Have three containers, the first two of which outlive one removal; return what was asked to be removed."""
    there, asked = ["lab-db1", "lab-db2", "lab-db3"], []

    def remove(*arguments, check=True):
        names = arguments[len(hosts.REMOVE) :]
        asked.append((names, check))
        there[:] = [name for name in there if name not in names or (not check and name != "lab-db3")]
        return ""

    monkeypatch.setattr(podman, "podman", remove)
    monkeypatch.setattr(podman, "containers", lambda _lab: [(name, "running", 1) for name in there])
    monkeypatch.setattr(podman, "storage_left", lambda _names: [])
    monkeypatch.setattr(hosts, "recorded", lambda _lab: [])
    return asked


def test_what_outlives_its_removal_is_removed_again(removed):
    assert hosts.remove_all(SimpleNamespace(name="lab")) == 3
    assert removed == [(("lab-db1", "lab-db2", "lab-db3"), False), (("lab-db1", "lab-db2"), True)]


def test_what_is_kept_is_not_touched(removed):
    assert hosts.remove_all(SimpleNamespace(name="lab"), keep=["lab-db1", "lab-db2"]) == 1
    assert removed == [(("lab-db3",), False)]
