"""Answers are read over TLS from a server whose certificate is right; all else is an error with its place."""

from __future__ import annotations

import json
import socket

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io.rest import RestError, get_json


def failure(*arguments):
    with pytest.raises(RestError) as error:
        get_json(*arguments)
    return str(error.value)


def test_an_answer_is_read(api):
    api.answers["/cluster"] = (200, json.dumps({"members": []}))
    assert get_json("127.0.0.1", api.port, "/cluster", api.ca_file, 5) == {"members": []}


def test_another_status_is_an_error(api):
    api.answers["/cluster"] = (503, "{}")
    said = failure("127.0.0.1", api.port, "/cluster", api.ca_file, 5)
    assert said == f"https://127.0.0.1:{api.port}/cluster: HTTP status 503, not 200"


def test_what_is_no_json_is_an_error(api):
    api.answers["/cluster"] = (200, "<html>")
    said = failure("127.0.0.1", api.port, "/cluster", api.ca_file, 5)
    place = f"https://127.0.0.1:{api.port}/cluster"
    assert said == f"{place}: the answer is no JSON: Expecting value: line 1 column 1 (char 0)"


def test_a_certificate_for_another_name_is_refused(api):
    said = failure("localhost", api.port, "/cluster", api.ca_file, 5)
    assert "certificate verify failed: Hostname mismatch" in said


def test_a_certificate_that_the_ca_does_not_know_is_refused(api):
    said = failure("127.0.0.1", api.port, "/cluster", "/etc/ssl/certs/ca-certificates.crt", 5)
    assert "certificate verify failed" in said


def test_a_missing_ca_file_and_a_refused_connection_name_the_place(api):
    said = failure("127.0.0.1", api.port, "/cluster", "/nowhere", 5)
    assert said == f"https://127.0.0.1:{api.port}/cluster: [Errno 2] No such file or directory"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        said = failure("127.0.0.1", port, "/cluster", api.ca_file, 5)
    assert said == f"https://127.0.0.1:{port}/cluster: [Errno 111] Connection refused"
