# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All endpoints are asked, those that are not healthy again, and the run fails with each of them named."""

from __future__ import annotations

from pathlib import Path

import pytest


def ca(api):
    """Return the CA of the server."""
    return Path(api.ca_file).read_text(encoding="ascii")


@pytest.fixture
def ask(run_module, api):
    """Run the module on two pages."""

    def run(**changes):
        base = f"https://127.0.0.1:{api.port}"
        arguments = {
            "endpoints": [{"url": f"{base}/a"}, {"url": f"{base}/b", "contains": "ok"}],
            "ca": ca(api),
        }
        return run_module("endpoint_health", **{**arguments, **changes})

    return run


def test_what_is_healthy_is_told(ask, api):
    api.answers.update({"/a": (200, ""), "/b": (200, "ok")})
    done = ask()
    assert (done["changed"], done["healthy"]) == (False, True)
    assert [one["status"] for one in done["endpoints"]] == [200, 200]


def test_what_is_not_is_named(ask, api):
    api.answers.update({"/a": (503, ""), "/b": (200, "no")})
    done = ask()
    assert done["failed"]
    base = f"https://127.0.0.1:{api.port}"
    assert done["msg"] == (
        f"not healthy: {base}/a: status 503, not 200; {base}/b: the answer has no 'ok' in its first 65536 bytes"
    )
    assert not ask(tolerate=True).get("failed")


def test_what_is_not_healthy_yet_is_asked_again_alone(ask, api):
    api.answers.update({"/a": [(503, ""), (503, ""), (200, "")], "/b": (200, "ok")})
    done = ask(seconds=20)
    assert done["healthy"]
    assert [request[1] for request in api.requests].count("/b") == 1
    assert 1 <= done["waited"] < 10


def test_the_time_ends(ask, api):
    api.answers.update({"/a": (503, ""), "/b": (200, "ok")})
    assert ask(seconds=1.2)["failed"]
