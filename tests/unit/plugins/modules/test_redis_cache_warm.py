# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests are replayed, and what cannot be done is refused; molecule/redis_tools has clusters."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def nobody():
    """A cluster whose only node is down."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        nodes = [{"name": "redis1", "address": "127.0.0.1", "port": port}]
        yield {"nodes": nodes, "login_password": "top secret"}


@pytest.fixture
def replay(run_module, api):
    """Replay paths against an application that knows two."""
    api.answers.update({"/a": (200, "12345"), "/b": (200, "1")})

    def run(check_mode=False, **changes):
        arguments = {"state": "replayed", "url": f"https://127.0.0.1:{api.port}", "urls": ["/a", "/b", "/none"]}
        arguments.update(url_ca_file=api.ca_file, **changes)
        given = {name: value for name, value in arguments.items() if value is not None}
        return run_module("redis_cache_warm", check_mode, **given)

    return run


def test_requests_are_replayed(replay):
    done = replay()
    assert {name: done[name] for name in ("changed", "seen", "copied", "errors", "left", "bytes", "stopped")} == {
        "changed": True,
        "seen": 3,
        "copied": 2,
        "errors": 1,
        "left": 0,
        "bytes": 6,
        "stopped": "",
    }
    assert done["problems"] == [
        {"reason": "HTTP status 404", "count": 1, "example": "/none", "remedy": "look at the server's log"}
    ]


def test_in_check_mode_requests_are_only_counted(replay):
    done = replay(check_mode=True, url="http://192.0.2.1")
    assert (done["changed"], done["seen"], done["copied"], done["bytes"]) == (True, 3, 3, 0)


def test_the_time_ends_the_requests(replay):
    done = replay(requests_per_second=1, seconds=1.5)
    assert (done["left"], done["stopped"]) == (1, "the time was up")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"urls": None}, "state is replayed but all of the following are missing: urls"),
        ({"seconds": 0}, "seconds: 0 is no limit that lets anything through; write a number above 0"),
        (
            {"url": "api.example.com"},
            "url: api.example.com is neither http nor https; write it as in https://api.example.com",
        ),
    ],
)
def test_bad_parameters_are_refused(replay, changes, message):
    assert replay(**changes)["msg"] == message


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_cluster_that_is_down_is_named(run_module, nobody, tmp_path, check_mode):
    done = run_module("redis_cache_warm", check_mode, state="saved", source=nobody, path=str(tmp_path / "warm"))
    port = nobody["nodes"][0]["port"]
    refused = f"127.0.0.1:{port}: Error 111 connecting to 127.0.0.1:{port}. Connection refused."
    assert done["msg"] == f"source: {refused}"
    assert list(tmp_path.glob("warm*")) == []
    assert "top secret" not in str(done)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "[Errno 2] No such file or directory: '{path}'"),
        ("{}", "it is no file that a run with state=saved wrote; write it again"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_refused_before_a_node_is_asked(run_module, nobody, tmp_path, content, message):
    path = tmp_path / "warm"
    if content:
        path.write_text(content)
    done = run_module("redis_cache_warm", state="loaded", target=nobody, path=str(path))
    assert done["msg"] == f"{path}: {message.format(path=path)}"
