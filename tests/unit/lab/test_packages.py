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


def scenario(molecule, name, text):
    (molecule / name).mkdir()
    (molecule / name / "packages.yml").write_text(f"---\n{text}\n", encoding="utf-8")


def test_a_scenario_names_what_no_role_installs(tmp_path):
    scenario(tmp_path, "postgres_integrity", "postgres_integrity_packages: [postgresql-15]")
    (tmp_path / "vpn").mkdir()
    assert packages.of_scenarios(tmp_path) == {"molecule/postgres_integrity": ("postgresql-15",)}


def test_a_scenario_s_list_that_needs_ansible_is_refused(tmp_path):
    scenario(tmp_path, "vpn", 'vpn_packages: ["{{ x }}"]')
    with pytest.raises(LabError) as error:
        packages.of_scenarios(tmp_path)
    path = tmp_path / "vpn" / "packages.yml"
    assert str(error.value) == (
        "molecule/vpn: its packages cannot be read\n"
        f"  cause:  {path}: vpn_packages must be a list of plain package names, "
        "because packages are collected before a run\n"
        "  remedy: write a plain list of package names"
    )


@pytest.mark.parametrize(
    ("name", "owner", "path"),
    [
        ("haproxy", "role haproxy", "roles/haproxy/defaults/main.yml"),
        ("molecule/vpn", "molecule/vpn", "molecule/vpn/packages.yml"),
    ],
)
def test_a_wrong_list_is_named_with_its_file(name, owner, path):
    assert packages.owner_and_list(name) == (owner, path)


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
