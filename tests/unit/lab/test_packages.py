# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from lab import packages
from lab.errors import LabError


def role(roles, name, defaults):
    (roles / name / "defaults").mkdir(parents=True)
    (roles / name / "defaults" / "main.yml").write_text(f"---\n{defaults}\n", encoding="utf-8")


def test_packages_are_read_from_every_role_s_defaults(tmp_path):
    role(tmp_path, "haproxy", "haproxy_packages: [haproxy, socat]\nhaproxy_port: 80")
    role(tmp_path, "bastion", "bastion_ports: [22]")
    assert packages.wanted(tmp_path) == {"haproxy": ("haproxy", "socat")}


def test_a_list_that_needs_ansible_is_refused(tmp_path):
    role(tmp_path, "haproxy", 'haproxy_packages: ["{{ x }}"]')
    with pytest.raises(LabError) as error:
        packages.wanted(tmp_path)
    assert str(error.value).startswith("role haproxy: its packages cannot be read\n  cause:  ")
    assert str(error.value).endswith("\n  remedy: write a plain list of package names")


@pytest.mark.parametrize(
    "said",
    [
        "E: Unable to locate package knott",
        "E: Package 'knott' has no installation candidate",
        "E: Couldn't find any package by regex 'knott'",
    ],
)
def test_apt_s_ways_to_say_that_a_package_is_unknown(said):
    assert packages.unknown_packages(["knot", "knott"], said) == ["knott"]
