# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records are stored until somebody stops it, and each of them is in the ledger before it is sent."""

from __future__ import annotations

import http.server
import json
import re
import socket
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

PATH = "/api/v1/records"


@pytest.fixture
def drill(run_module, tmp_path):
    """Run the module at a high rate; what does not end it by itself ends after a moment."""
    folder = tmp_path / "drill"
    state = SimpleNamespace(ledger=folder / "1.jsonl", stop=folder / "1.stop")

    def run(url, check_mode=False, **changes):
        arguments = {
            "url": url,
            "ledger": str(state.ledger),
            "stop": str(state.stop),
            "prefix": "drill-1",
            "rate": 40,
            "writers": 2,
            "seconds": 0.6,
            **changes,
        }
        given = {name: value for name, value in arguments.items() if value is not None}
        done = run_module("drill_writes", check_mode=check_mode, **given)
        # Ansible adds what it was called with.
        return {key: value for key, value in done.items() if key in ("changed", "ledger", "failed", "msg")}

    state.run = run
    state.lines = lambda: [json.loads(line) for line in state.ledger.read_text(encoding="utf-8").splitlines()]
    state.done = {"changed": True, "ledger": str(state.ledger)}
    return state


@pytest.fixture
def site(api):
    """The site behind TLS, which stores everything."""
    api.answers[f"POST {PATH}"] = (201, "{}")
    return SimpleNamespace(api=api, url=f"https://127.0.0.1:{api.port}{PATH}")


@pytest.fixture
def plain():
    """A site without TLS: ``act`` is what it does with a request before it answers, and returns the status."""
    state = SimpleNamespace(act=lambda handler, body: 201, requests=[])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append((self.path, dict(self.headers), body))
            status = state.act(self, body)
            if status:
                self.send_response(status)
                self.end_headers()

        def log_message(self, format, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda request, address: None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def pairs(lines):
    """Return the two lines of each record, by its key, in the order in which they are in the ledger."""
    found = {}
    for line in lines:
        found.setdefault(line["key"], []).append(line)
    return found


# While it goes on


def test_records_are_stored_and_noted(drill, site):
    assert drill.run(site.url, ca_file=site.api.ca_file) == drill.done
    sent = [(request[:2], json.loads(request[3])) for request in site.api.requests]
    found = pairs(drill.lines())
    assert {where for where, _body in sent} == {("POST", PATH)}
    assert {request[2]["Content-Type"] for request in site.api.requests} == {"application/json"}
    assert sorted(body["key"] for _where, body in sent) == sorted(found)
    assert {body["key"]: body["value"] for _where, body in sent} == {
        key: before["value"] for key, (before, _after) in found.items()
    }
    assert {after["status"] for _before, after in found.values()} == {201}


def test_each_record_has_a_line_before_it_is_sent_and_one_after_it(drill, plain):
    seen = []

    def act(_handler, body):
        lines = [line for line in drill.lines() if line["key"] == body["key"]]
        seen.append([{"key": line["key"], "value": line.get("value")} for line in lines] == [body])
        return 201

    plain.act = act
    began = time.time()
    assert drill.run(plain.url) == drill.done
    found = pairs(drill.lines())
    assert seen == [True] * len(found)
    for key, (before, after) in found.items():
        assert (sorted(before), sorted(after)) == (["at", "key", "value"], ["at", "key", "status"])
        assert (before["key"], after["key"], after["status"]) == (key, key, 201)
        assert began <= before["at"] <= after["at"] <= time.time()


def test_keys_begin_with_the_prefix_and_are_those_of_one_writer_each(drill, plain):
    drill.run(plain.url, prefix="drill-2", writers=3)
    keys = [body["key"] for _path, _headers, body in plain.requests]
    assert len(set(keys)) == len(keys)
    for writer in range(3):
        mine = [key for key in keys if key.startswith(f"drill-2-{writer}-")]
        assert mine == [f"drill-2-{writer}-{number}" for number in range(1, len(mine) + 1)]
        assert mine


def test_it_goes_on_until_the_file_appears(drill, plain):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(drill.run, plain.url, seconds=60)
        try:
            for count in (5, 10):
                wait_for(lambda count=count: len(plain.requests) >= count)
                assert not running.done()
        finally:
            drill.stop.parent.mkdir(exist_ok=True)
            drill.stop.touch()
        began = time.monotonic()
        assert running.result(20) == drill.done
        assert time.monotonic() - began < 10
    assert {len(lines) for lines in pairs(drill.lines()).values()} == {2}
    count = len(plain.requests)
    time.sleep(0.2)
    assert len(plain.requests) == count


def wait_for(happened):
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_file_that_is_there_already_ends_it_at_once(drill, plain):
    drill.stop.parent.mkdir()
    drill.stop.touch()
    began = time.monotonic()
    assert drill.run(plain.url, seconds=60, rate=1) == drill.done
    assert time.monotonic() - began < 20
    assert len(plain.requests) <= 1


def test_it_ends_by_itself(drill, plain):
    began = time.monotonic()
    assert drill.run(plain.url, seconds=0.3) == drill.done
    assert 0.3 <= time.monotonic() - began < 20
    assert {len(lines) for lines in pairs(drill.lines()).values()} == {2}


def test_no_more_is_sent_than_the_rate_says(drill, plain):
    drill.run(plain.url, rate=10, writers=4, seconds=1)
    assert 1 <= len(plain.requests) <= 13


def test_nobody_else_reads_the_ledger(drill, plain):
    drill.run(plain.url)
    assert stat.S_IMODE(drill.ledger.stat().st_mode) == 0o600
    assert stat.S_IMODE(drill.ledger.parent.stat().st_mode) == 0o700


def test_each_record_has_a_connection_of_its_own(drill, plain):
    """So the name is resolved again, and a connection that hangs takes no other record with it."""
    addresses = []
    plain.act = lambda handler, body: addresses.append(handler.client_address) or 201
    drill.run(plain.url)
    assert len(set(addresses)) == len(addresses) == len(plain.requests)


# Where no record is stored


@pytest.mark.parametrize("status", [200, 302, 422, 429, 503])
def test_any_answer_is_noted_and_nothing_is_sent_again(drill, plain, status):
    plain.act = lambda handler, body: status
    assert drill.run(plain.url) == drill.done
    found = pairs(drill.lines())
    assert {after["status"] for _before, after in found.values()} == {status}
    assert sorted(body["key"] for _path, _headers, body in plain.requests) == sorted(found)


def errors(drill):
    found = pairs(drill.lines())
    assert {len(lines) for lines in found.values()} == {2}
    assert {tuple(sorted(after)) for _before, after in found.values()} == {("at", "error", "key")}
    return {after["error"] for _before, after in found.values()}


def test_a_connection_that_breaks_is_noted_and_it_goes_on(drill, plain):
    plain.act = lambda handler, body: None
    assert drill.run(plain.url) == drill.done
    assert errors(drill) == {"RemoteDisconnected: Remote end closed connection without response"}
    assert len(plain.requests) > 2


def test_half_an_answer_is_no_answer(drill, plain):
    def act(handler, _body):
        handler.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n{}")

    plain.act = act
    assert drill.run(plain.url) == drill.done
    assert errors(drill) == {"IncompleteRead: IncompleteRead(2 bytes read, 8 more expected)"}


def test_an_answer_that_is_late_is_given_up(drill, plain):
    over = threading.Event()
    plain.act = lambda handler, body: over.wait(30) and None
    try:
        assert drill.run(plain.url, timeout=0.2, seconds=0.3) == drill.done
    finally:
        over.set()
    assert errors(drill) == {"TimeoutError: timed out"}
    assert {after["at"] - before["at"] < 5 for before, after in pairs(drill.lines()).values()} == {True}


def test_where_nobody_listens_that_is_noted(drill):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert drill.run(f"http://127.0.0.1:{unused.getsockname()[1]}{PATH}") == drill.done
    assert errors(drill) == {"ConnectionRefusedError: [Errno 111] Connection refused"}


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(drill, site):
    assert drill.run(site.url) == drill.done
    (error,) = errors(drill)
    assert error.startswith("SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    assert site.api.requests == []


def test_a_certificate_of_another_name_is_not_trusted(drill, site):
    url = f"https://localhost:{site.api.port}{PATH}"
    assert drill.run(url, ca_file=site.api.ca_file) == drill.done
    (error,) = errors(drill)
    assert "Hostname mismatch, certificate is not valid for 'localhost'" in error
    assert site.api.requests == []


# What is refused


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("text", ["", '{"at": 7.0, "key": "a-0-1", "value": "f2"}\n'])
def test_a_ledger_that_is_there_is_left_alone(drill, plain, text, check_mode):
    drill.ledger.parent.mkdir()
    drill.ledger.write_text(text)
    assert drill.run(plain.url, check_mode=check_mode) == {
        "failed": True,
        "msg": f"{drill.ledger} is there already: each drill has a ledger of its own",
    }
    assert (drill.ledger.read_text(), plain.requests) == (text, [])


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("url", ["app.example.com/api/v1/records", "ftp://app.example.com/records", "//a.b/c", ""])
def test_a_url_that_is_none_of_the_web_is_told(drill, url, check_mode):
    assert drill.run(url, check_mode=check_mode) == {
        "failed": True,
        "msg": f"url is {url!r}: write one that begins with https:// or http://",
    }
    assert not drill.ledger.parent.exists()


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("changes", [{"rate": 0}, {"rate": -1}, {"writers": 0}, {"writers": -2}])
def test_that_nothing_would_be_stored_is_told(drill, plain, changes, check_mode):
    assert drill.run(plain.url, check_mode=check_mode, **changes) == {
        "failed": True,
        "msg": "rate must be more than 0, and writers 1 or more: nothing would be stored",
    }
    assert (plain.requests, drill.ledger.parent.exists()) == ([], False)


def test_a_ca_that_is_not_there_is_told(drill, site, tmp_path):
    assert drill.run(site.url, ca_file=str(tmp_path / "ca.crt")) == {
        "failed": True,
        "msg": "nothing can be stored: [Errno 2] No such file or directory",
    }
    assert (site.api.requests, drill.ledger.parent.exists()) == ([], False)


def test_a_file_that_has_no_ca_is_told(drill, site, tmp_path):
    (tmp_path / "ca.crt").write_text("nobody\n")
    done = drill.run(site.url, ca_file=str(tmp_path / "ca.crt"))
    # OpenSSL says which of its lines found that out.
    said = re.sub(r"\.c:\d+", ".c", done["msg"])
    assert (done["failed"], said) == (
        True,
        "nothing can be stored: [X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found (_ssl.c)",
    )
    assert (site.api.requests, drill.ledger.parent.exists()) == ([], False)


def test_a_ledger_that_cannot_be_written_is_told(drill, plain):
    drill.ledger.parent.write_text("a file\n")
    assert drill.run(plain.url) == {
        "failed": True,
        "msg": f"nothing can be stored: [Errno 17] File exists: '{drill.ledger.parent}'",
    }
    assert plain.requests == []


@pytest.mark.parametrize("name", ["url", "ledger", "stop", "prefix"])
def test_what_is_needed_is_told(drill, plain, name):
    assert drill.run(**{"url": plain.url, name: None}) == {
        "failed": True,
        "msg": f"missing required arguments: {name}",
    }
    assert plain.requests == []


def test_check_mode_sends_nothing(drill, plain):
    assert drill.run(plain.url, check_mode=True) == drill.done
    assert (plain.requests, drill.ledger.parent.exists()) == ([], False)
