# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What modules are told of endpoints is what is asked."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.options import endpoints_of
from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.probe import Endpoint

ASKED = {"url": "https://a.b/", "address": "10.0.0.1", "statuses": [200, 204], "contains": "ok"}


@pytest.mark.parametrize(("ca", "days", "kept"), [("PEM", 14.0, ("PEM", 14.0)), (None, 0.0, ("", 0.0))])
def test_an_endpoint_is_what_was_named(ca, days, kept):
    (endpoint,) = endpoints_of({"endpoints": [ASKED], "ca": ca, "timeout": 2.0}, days)
    assert endpoint == Endpoint("https://a.b/", "10.0.0.1", (200, 204), "ok", *kept, 2.0)
