# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A secret is found wherever Prometheus takes one, and a file's name is none."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.filter.remote_write import FilterModule

remote_write_secrets = FilterModule().filters()["remote_write_secrets"]
#: Where Prometheus takes a secret, with one.
SECRETS = {
    "[0].basic_auth.password": {"basic_auth": {"username": "u", "password": "s"}},
    "[0].authorization.credentials": {"authorization": {"type": "Bearer", "credentials": "s"}},
    "[0].bearer_token": {"bearer_token": "s"},
    "[0].oauth2.client_secret": {"oauth2": {"client_id": "u", "client_secret": "s"}},
    "[0].oauth2.client_certificate_key": {"oauth2": {"client_certificate_key": "s"}},
    "[0].oauth2.endpoint_params.password": {"oauth2": {"endpoint_params": {"grant_type": "password", "password": "s"}}},
    "[0].oauth2.tls_config.key": {"oauth2": {"tls_config": {"key": "s"}}},
    "[0].oauth2.token_url": {"oauth2": {"token_url": "https://u:s@example.com/token"}},
    "[0].tls_config.key": {"tls_config": {"cert_file": "/f", "key": "s"}},
    "[0].sigv4.secret_key": {"sigv4": {"access_key": "u", "secret_key": "s"}},
    "[0].azuread.oauth.client_secret": {"azuread": {"oauth": {"client_id": "u", "client_secret": "s"}}},
    "[0].headers.Authorization": {"headers": {"Authorization": "Bearer s"}},
    "[0].headers.cookie": {"headers": {"cookie": "s"}},
    "[0].headers.X-API-Key": {"headers": {"X-API-Key": "s"}},
    "[0].http_headers.authorization": {"http_headers": {"authorization": {"values": ["Bearer s"]}}},
    "[0].http_headers.X-Any": {"http_headers": {"X-Any": {"secrets": ["s"]}}},
    "[0].proxy_connect_header.Proxy-Authorization": {"proxy_connect_header": {"Proxy-Authorization": ["s"]}},
    "[0].url": {"url": "https://u:s@example.com/push"},
    "[0].proxy_url": {"proxy_url": "HTTP://s@proxy.example.com"},
}
#: What is no secret.
HARMLESS = [
    {},
    {"url": "https://example.com/push?by=u@example.com", "name": "u@example.com", "headers": None, "proxy_url": None},
    {"basic_auth": {"username": "u", "password_file": "/f"}, "bearer_token_file": "/f"},
    {"basic_auth": {"password": ""}, "authorization": {"type": "Bearer", "credentials_file": "/f"}},
    {"oauth2": {"client_secret_file": "/f", "scopes": ["key"], "endpoint_params": {"grant_type": "password"}}},
    {"tls_config": {"ca": "-----BEGIN CERTIFICATE-----", "cert_file": "/f", "key_file": "/f"}},
    {"sigv4": {"region": "r", "access_key": "u", "profile": "p"}, "azuread": {"managed_identity": {"client_id": "u"}}},
    {"headers": {"X-Scope-OrgID": "t", "THANOS-TENANT": "t", "Authorization": ""}},
    {"http_headers": {"Authorization": {"files": ["/f"]}, "X-Scope-OrgID": {"values": ["t"], "secrets": []}}},
    {"write_relabel_configs": [{"source_labels": ["key", "password"], "action": "keep", "regex": "secret"}]},
]


@pytest.mark.parametrize(("place", "store"), SECRETS.items())
def test_a_secret_is_told_by_its_place(place, store):
    assert remote_write_secrets([store]) == [place]


@pytest.mark.parametrize("store", HARMLESS)
def test_what_is_no_secret_is_passed(store):
    assert remote_write_secrets([store]) == []


def test_every_secret_of_every_store_is_told():
    stores = [{"url": "https://example.com"}, {"bearer_token": "s", "url": "https://u:s@example.com"}]
    assert remote_write_secrets(stores) == ["[1].bearer_token", "[1].url"]
    assert remote_write_secrets([]) == []
