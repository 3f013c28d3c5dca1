"""Package lists are read from the roles."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.plugin_utils.role_packages import (
    RolePackagesError,
    packages_of_role,
    packages_of_roles,
    roles_of_groups,
)


def write_role(roles: Path, name: str, defaults: str) -> None:
    (roles / name / "defaults").mkdir(parents=True)
    (roles / name / "defaults" / "main.yml").write_text(defaults, encoding="utf-8")


@pytest.fixture
def roles(tmp_path: Path) -> Path:
    write_role(tmp_path, "web", "---\nweb_packages: [nginx, curl]\nweb_extra_packages: [jq]\nweb_port: 80\n")
    write_role(tmp_path, "cache", "---\ncache_packages: [redis, curl]\n")
    (tmp_path / "bare" / "tasks").mkdir(parents=True)
    return tmp_path


def test_every_list_of_a_role_counts(roles: Path) -> None:
    assert packages_of_role(roles, "web") == ("nginx", "curl", "jq")


def test_a_role_without_defaults_has_none(roles: Path) -> None:
    assert packages_of_role(roles, "bare") == ()


def test_the_union_names_each_package_once(roles: Path) -> None:
    assert packages_of_roles(roles, ["web", "cache", "bare"]) == ("curl", "jq", "nginx", "redis")


def test_an_unknown_role_is_named_with_the_known_ones(roles: Path) -> None:
    with pytest.raises(RolePackagesError) as caught:
        packages_of_role(roles, "wbe")
    assert str(caught.value) == f"wbe: no such role in {roles}; the roles are: bare, cache, web"


def test_a_name_may_have_a_variable_in_it_and_what_is_given_counts(tmp_path: Path) -> None:
    write_role(
        tmp_path,
        "db",
        '---\ndb_packages: ["db-{{ db_version }}", "tool-{{ version | default(\'2\') }}"]\ndb_version: "15"\n',
    )
    assert packages_of_role(tmp_path, "db") == ("db-15", "tool-2")
    assert packages_of_role(tmp_path, "db", {"db_version": 16, "version": "3"}.get) == ("db-16", "tool-3")
    assert packages_of_roles(tmp_path, ["db"], {"db_packages": ["other", "db-{{ db_version }}"]}.get) == (
        "db-15",
        "other",
    )


@pytest.mark.parametrize("value", ["nginx", "[1]", '["{{ other }}"]', '["{{ web_packages[0] }}"]'])
def test_a_list_that_cannot_be_read_before_a_run_is_refused(tmp_path: Path, value: str) -> None:
    write_role(tmp_path, "web", f"---\nweb_packages: {value}\n")
    with pytest.raises(RolePackagesError) as caught:
        packages_of_role(tmp_path, "web")
    assert str(caught.value) == (
        f"{tmp_path}/web/defaults/main.yml: web_packages must be a list of plain package names, "
        "because packages are collected before a run"
    )


def test_roles_come_in_the_order_of_the_mapping_and_once() -> None:
    mapping = {"platform": ["base", "pki"], "web": ["app"], "api": ["app"]}
    assert roles_of_groups(mapping, ["api", "web", "platform", "zone_a"]) == ("base", "pki", "app")


def test_a_part_of_a_role_stands_for_one_of_its_lists(tmp_path: Path) -> None:
    write_role(tmp_path, "tools", "---\ntools_web_packages: [nginx]\ntools_db_packages: [psql]\n")
    assert packages_of_role(tmp_path, "tools.db") == ("psql",)
    assert packages_of_roles(tmp_path, ["tools.db", "tools.web"]) == ("nginx", "psql")
    with pytest.raises(RolePackagesError) as caught:
        packages_of_role(tmp_path, "tools.bd")
    assert str(caught.value) == (
        f"{tmp_path}/tools/defaults/main.yml: there is no tools_bd_packages; "
        "the lists are: tools_web_packages, tools_db_packages"
    )
