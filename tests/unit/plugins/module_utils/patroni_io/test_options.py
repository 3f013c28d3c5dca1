# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What modules are told of the cluster store is what is asked."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.options import folder_of, store_of


def test_the_store_is_asked_as_the_user_who_is_named(api):
    api.answers["/v3/auth/authenticate"] = (200, '{"token": "t"}')
    api.answers["/v3/kv/range"] = (200, "{}")
    params = {
        "store": [{"name": "db1", "address": "127.0.0.1", "port": api.port}],
        "store_user": "patroni",
        "store_password": "secret",
        "ca_file": api.ca_file,
    }
    assert store_of(params).under("/service/here/") == {}
    assert [request[1] for request in api.requests] == ["/v3/auth/authenticate", "/v3/kv/range"]


@pytest.mark.parametrize("namespace", ["/service/", "/service"])
def test_the_folder_has_the_clusters_name(namespace):
    assert folder_of({"namespace": namespace, "scope": "here"}) == "/service/here/"
