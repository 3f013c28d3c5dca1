# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import socket
import subprocess

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.etcd_io.gateway import (
    EtcdError,
    Gateway,
    Unreachable,
    listed_members,
)
from tests.unit.plugins import etcd_server


@pytest.fixture
def etcd(certificate):
    with etcd_server.running(certificate) as server:
        yield server


@pytest.fixture
def nobody():
    """A port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


@pytest.fixture
def ca(certificate):
    return str(certificate["crt"])


@pytest.fixture
def gateway(etcd, ca):
    return Gateway([("127.0.0.1", etcd.port)], ca, 5)


@pytest.mark.parametrize(
    ("version", "prefix"), [("3.3.25", "/v3beta"), ("3.4.23", "/v3"), ("3.5.1", "/v3"), ("4.0.0-rc", "/v3")]
)
def test_the_gateway_of_each_version_is_found_once(etcd, gateway, version, prefix):
    etcd.answers["/version"] = (200, {"etcdserver": version})
    etcd.answers[f"{prefix}/auth/user/list"] = (200, {"users": ["root"]})
    for _again in range(2):
        assert gateway.call("auth/user/list", {}) == {"users": ["root"]}
    assert [path for path, _body, _token in etcd.asked] == ["/version", *([f"{prefix}/auth/user/list"] * 2)]


def test_who_logged_in_calls_with_the_token(etcd, gateway):
    etcd.answers["/v3/auth/authenticate"] = etcd_server.accounts({"root": "s3cret"})
    etcd.answers["/v3/auth/user/list"] = (200, {})
    assert gateway.log_in("root", "s3cret") is True
    gateway.call("auth/user/list", {})
    assert [token for _path, _body, token in etcd.asked] == [None, None, "root.7"]


def test_nobody_logs_in_where_that_is_not_enabled(etcd, gateway):
    etcd.answers["/v3/auth/authenticate"] = etcd_server.NOT_ENABLED
    assert gateway.log_in("root", "s3cret") is False
    assert gateway.log_in_as_root("s3cret") == (False, True)


@pytest.mark.parametrize(
    ("has", "previous", "wanted"),
    [("new", "", (True, True)), ("new", "old", (True, True)), ("old", "old", (True, False))],
)
def test_root_logs_in_with_the_password_that_it_has(etcd, gateway, has, previous, wanted):
    etcd.answers["/v3/auth/authenticate"] = etcd_server.accounts({"root": has})
    assert gateway.log_in_as_root("new", previous) == wanted


@pytest.mark.parametrize("previous", ["", "older"])
def test_root_with_a_password_that_nobody_named_is_told(etcd, gateway, previous):
    etcd.answers["/v3/auth/authenticate"] = etcd_server.accounts({"root": "lost"})
    with pytest.raises(EtcdError) as raised:
        gateway.log_in_as_root("new", previous)
    assert str(raised.value) == (
        "the user root has another password: give the one that it has as the previous one, to change it"
    )


def test_another_refusal_is_told_as_it_is(etcd, gateway):
    etcd.answers["/v3/auth/authenticate"] = (503, {"error": "etcdserver: no leader"})
    with pytest.raises(EtcdError, match=r"^etcdserver: no leader$"):
        gateway.log_in_as_root("new", "old")


def test_an_answer_without_a_reason_is_told_whole(etcd, gateway):
    etcd.answers["/v3/auth/user/list"] = (400, b"CommonName of client\n")
    with pytest.raises(EtcdError, match=r"^HTTP status 400: CommonName of client$"):
        gateway.call("auth/user/list", {})


def test_the_next_server_is_asked_where_one_is_silent_and_first_from_then_on(etcd, ca, nobody):
    gateway = Gateway([("127.0.0.1", nobody), ("127.0.0.1", etcd.port)], ca, 5)
    etcd.answers["/v3/auth/user/list"] = (200, {})
    gateway.call("auth/user/list", {})
    assert gateway._servers[0] == ("127.0.0.1", etcd.port)


def test_silence_of_all_is_told(ca, nobody):
    with pytest.raises(Unreachable) as raised:
        Gateway([("127.0.0.1", nobody), ("127.0.0.1", nobody)], ca, 5).call("auth/user/list", {})
    one = f"127.0.0.1:{nobody}: [Errno 111] Connection refused"
    assert str(raised.value) == f"{one}; {one}"


def test_a_ca_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Unreachable) as raised:
        Gateway([("127.0.0.1", 1)], str(tmp_path / "ca.crt"), 5)
    assert str(raised.value) == f"{tmp_path}/ca.crt: [Errno 2] No such file or directory"


def test_a_server_of_another_ca_is_not_believed(etcd, tmp_path):
    other = tmp_path / "other.crt"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", tmp_path / "other.key", "-out", other, "-subj", "/CN=other"]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        Gateway([("127.0.0.1", etcd.port)], str(other), 5).call("auth/user/list", {})


def test_members_are_listed_to_who_shows_a_certificate(etcd, certificate, nobody):
    files = [str(certificate[key]) for key in ("crt", "crt", "key")]
    etcd.answers["/members"] = (200, [{"id": 1}])
    assert listed_members(("127.0.0.1", etcd.port), *files, 5) == [{"id": 1}]
    etcd.answers["/members"] = (503, {})
    with pytest.raises(EtcdError, match=rf"^https://127.0.0.1:{etcd.port}/members: HTTP status 503$"):
        listed_members(("127.0.0.1", etcd.port), *files, 5)
    with pytest.raises(Unreachable) as raised:
        listed_members(("127.0.0.1", nobody), *files, 5)
    assert str(raised.value) == f"https://127.0.0.1:{nobody}/members: [Errno 111] Connection refused"
