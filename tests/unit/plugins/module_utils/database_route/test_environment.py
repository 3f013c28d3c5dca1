# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The environment in which an application finds database and cache."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.database_route.environment import (
    application_environment,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyError
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load

ROOT = Path(__file__).resolve().parents[5]
PASSWORDS = {"database": "a/b@c:d%", "cache": "secret"}


@pytest.fixture(scope="module")
def prod():
    return load(str(ROOT / "inventories" / "prod" / "topology.yml"))


def test_a_host_uses_its_own_pool_and_the_caches_of_its_region(prod):
    assert application_environment(prod, "west-api1", PASSWORDS) == {
        "DATABASE_URL": "postgresql://app:a%2Fb%40c%3Ad%25@database.freeagentics.internal:6432/app?sslmode=disable",
        "DATABASE_READ_URL": (
            "postgresql://app:a%2Fb%40c%3Ad%25@database.freeagentics.internal:6432/app_read?sslmode=disable"
        ),
        "REDIS_NODES": "10.1.20.31:6379,10.1.20.32:6379,10.1.21.31:6379",
        "REDIS_USER": "app",
        "REDIS_PASSWORD": "secret",
        "REDIS_CA": "/etc/freeagentics/tls/ca.crt",
    }


def test_a_password_survives_the_url(prod):
    url = urlsplit(application_environment(prod, "api1", PASSWORDS)["DATABASE_URL"])
    assert (unquote(url.password), url.port) == (PASSWORDS["database"], 6432)


def test_a_platform_without_database_and_cache_needs_nothing():
    small = load(str(ROOT / "molecule" / "app" / "topology.yml"))
    assert application_environment(small, "api1", {}) == {}


@pytest.mark.parametrize("name", ["database", "cache"])
def test_a_missing_password_is_named(prod, name):
    with pytest.raises(TopologyError) as caught:
        application_environment(prod, "api1", {**PASSWORDS, name: ""})
    assert str(caught.value) == f"passwords.{name}: the password of the user app is missing: pass it as {name}"
