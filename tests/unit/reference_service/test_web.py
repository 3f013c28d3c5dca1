# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a browser gets of the web server."""

from __future__ import annotations

import re
import socket

import pytest


@pytest.fixture(scope="module")
def web(start):
    return start("web")


def test_the_page_names_its_server(web):
    status, headers, body = web.ask("GET", "/")
    assert (status, headers["content-type"], headers["cache-control"]) == (200, "text/html; charset=utf-8", "no-cache")
    assert f"<dd>{socket.gethostname()}</dd>" in body.decode()


def test_everything_that_the_page_names_is_there_to_stay(web):
    named = re.findall(r'(?:href|src)="([^"]+)"', web.ask("GET", "/")[2].decode())
    assert named == ["/static/page.css?7", "/static/page.js?7"]
    for path in named:
        status, headers, _body = web.ask("GET", path)
        assert (status, headers["cache-control"]) == (200, "public, max-age=31536000, immutable")


@pytest.mark.parametrize("path", ["/static/page.js", "/static/page.js?6"])
def test_a_file_for_the_page_of_another_release_is_not_kept(web, path):
    status, headers, _body = web.ask("GET", path)
    assert (status, headers["cache-control"]) == (200, "no-cache")


def test_head_has_no_body(web):
    status, headers, body = web.ask("HEAD", "/static/page.js?7")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0


@pytest.mark.parametrize("path", ["/static/../web.py", "/static/%2e%2e/web.py", "/static/", "/static/none.js?7", "/x"])
def test_nothing_else_is_served(web, path):
    status, headers, _body = web.ask("GET", path)
    assert (status, headers["cache-control"]) == (404, "no-cache")


def test_other_methods_are_refused(web):
    assert web.ask("POST", "/", b"")[0] == 405
