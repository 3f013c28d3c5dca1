# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module looks at data and members of a server that answers as etcd does, and changes the latter."""

from __future__ import annotations

import pytest

from tests.unit.plugins import etcd_server

LISTED = {"id": 10, "peerURLs": ["https://127.0.0.1:2380"], "name": "etcd1", "clientURLs": ["https://127.0.0.1:2379"]}
MINE = {"id": 255, "peerURLs": ["https://10.0.0.2:2380"], "name": "etcd2", "clientURLs": ["https://10.0.0.2:2379"]}


@pytest.fixture
def etcd(certificate):
    with etcd_server.running(certificate) as server:
        server.answers.update(
            {
                "/members": (200, [LISTED, MINE]),
                "/v3/auth/authenticate": etcd_server.accounts({"root": "top s3cret"}),
                "/v3/cluster/member/remove": (200, {}),
                "/v3/cluster/member/add": (200, {}),
            }
        )
        yield server


@pytest.fixture
def run(run_module, etcd, certificate, tmp_path):
    def run(check_mode=False, **changes):
        arguments = {
            "name": "etcd2",
            "members": [
                {"name": "etcd1", "address": "127.0.0.1", "client_port": etcd.port, "peer_port": etcd.port},
                {"name": "etcd2", "address": "10.0.0.2"},
            ],
            "data_directory": str(tmp_path / "data"),
            "tls_ca": str(certificate["crt"]),
            "tls_certificate": str(certificate["crt"]),
            "tls_key": str(certificate["key"]),
            "root_password": "top s3cret",
            "join_file": str(tmp_path / "join.env"),
        }
        return run_module("etcd_member", check_mode, **{**arguments, **changes})

    return run


def calls(etcd):
    return [(path, body) for path, body, _token in etcd.asked if "/member/" in path]


def data(tmp_path):
    log = tmp_path / "data" / "member" / "wal"
    log.mkdir(parents=True)
    (log / "0000000000000000-0000000000000000.wal").write_bytes(b"log")


def test_a_host_with_data_goes_on(run, etcd, tmp_path):
    data(tmp_path)
    done = run()
    assert (done["changed"], done["state"], done["actions"], done["undeclared"]) == (False, "run", [], [])
    assert calls(etcd) == []


def test_a_host_that_lost_its_data_is_replaced(run, etcd, tmp_path):
    actions = ["member etcd2 (ff): removed", "member etcd2: added", "member etcd2: join"]
    planned = run(check_mode=True)
    assert (planned["actions"], calls(etcd), (tmp_path / "join.env").exists()) == (actions, [], False)
    done = run()
    assert (done["changed"], done["state"], done["actions"]) == (True, "join", actions)
    assert done["diff"] == {"before": "", "after": "".join(f"{line}\n" for line in actions)}
    assert calls(etcd) == [
        ("/v3/cluster/member/remove", {"ID": "255"}),
        ("/v3/cluster/member/add", {"peerURLs": ["https://10.0.0.2:2380"]}),
    ]
    assert (tmp_path / "join.env").read_text(encoding="ascii") == (
        "ETCD_INITIAL_CLUSTER=etcd1=https://127.0.0.1:2380,etcd2=https://10.0.0.2:2380\n"
        "ETCD_INITIAL_CLUSTER_STATE=existing\n"
    )


def test_a_cluster_that_is_not_well_yet_is_waited_for_and_a_member_that_is_gone_is_as_wanted(run, etcd):
    answers = [(503, {"error": "etcdserver: unhealthy cluster"}), (200, {})]
    etcd.answers["/v3/cluster/member/add"] = lambda body: answers.pop(0)
    etcd.answers["/v3/cluster/member/remove"] = (404, {"error": "etcdserver: member not found"})
    assert run()["state"] == "join"
    assert answers == []


def test_a_refusal_is_told(run, etcd):
    etcd.answers["/v3/cluster/member/add"] = (400, {"error": "etcdserver: permission denied"})
    assert run()["msg"] == "etcd2: etcdserver: permission denied"


def test_a_new_cluster_takes_no_leftover_of_a_join(run, tmp_path):
    (tmp_path / "join.env").write_text("old", encoding="ascii")
    done = run(members=[{"name": "etcd2", "address": "10.0.0.2"}], states={"etcd2": "found"})
    assert (done["state"], done["actions"]) == ("found", ["member etcd2: found"])
    assert not (tmp_path / "join.env").exists()


def test_before_there_are_certificates_nobody_is_asked(run, etcd, tmp_path):
    assert run(check_mode=True, tls_key=str(tmp_path / "none"))["state"] == "found"
    assert etcd.asked == []


def test_a_new_cluster_beside_an_old_one_is_refused(run, tmp_path):
    done = run(tls_key=str(tmp_path / "none"), states={"etcd1": "run", "etcd2": "found"})
    assert done["msg"] == (
        "etcd2: it has no data and reaches no member, but others have data: start etcd or open the network there, "
        "and run again: etcd1"
    )


def test_what_is_not_etcds_is_refused(run, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes").touch()
    assert run(check_mode=True)["msg"] == (
        f"etcd2: {tmp_path}/data: here is notes, which is not etcd's; move it away, or choose another directory"
    )


def test_data_of_a_member_that_was_removed_is_refused(run, etcd, tmp_path):
    data(tmp_path)
    etcd.answers["/members"] = (200, [LISTED])
    assert run()["msg"] == (
        f"etcd2: {tmp_path}/data: the cluster has removed this member, so its data is of no use: "
        "delete it and run again"
    )


def test_a_member_that_nobody_declares_is_reported(run, etcd, tmp_path):
    data(tmp_path)
    etcd.answers["/members"] = (200, [LISTED, MINE, {"id": 9, "name": "etcd9", "peerURLs": ["https://10.0.0.9:2380"]}])
    done = run()
    assert (done["changed"], done["undeclared"]) == (False, ["etcd9"])
    assert "the cluster has a member that nobody declares: etcd9; name it in etcd_remove_members" in str(
        done["warnings"]
    )
