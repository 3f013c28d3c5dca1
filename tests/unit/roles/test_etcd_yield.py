# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The host of the database's leader hands the lead of the cluster store over, and to one that can take it."""

from __future__ import annotations

import io
import urllib.error

import pytest

OWN, SECOND, THIRD = "https://10.0.20.10:2379", "https://10.0.21.10:2379", "https://10.0.22.10:2379"


@pytest.fixture
def program(program_of):
    return program_of("postgres/files/usr/local/sbin/etcd-yield")


class Hosts:
    """Three voters, of which the first is asked, and leads; ``changes`` are what others say, or raise."""

    def __init__(self, leads=True, refuses=None, learner=False, **changes):
        self._leads, self._refuses, self.moved = leads, refuses, []
        self._says = {
            OWN: {"header": {"member_id": "1"}, "leader": "1", "raftIndex": "140"},
            SECOND: {"header": {"member_id": "2"}, "leader": "1", "raftIndex": "99"},
            THIRD: {"header": {"member_id": "3"}, "leader": "1", "raftIndex": "140"},
        }
        self._says.update({{"own": OWN, "second": SECOND, "third": THIRD}[key]: said for key, said in changes.items()})
        third = {"ID": "3", "name": "backup1", "clientURLs": [THIRD], **({"isLearner": True} if learner else {})}
        second = {"ID": "2", "name": "db2", "clientURLs": [SECOND]}
        self._members = [{"ID": "1", "name": "db1", "clientURLs": [OWN]}, second, third]

    def leads(self, patroni):
        assert patroni == "10.0.20.10:8008"
        return self._leads

    def etcd(self, url, path, **body):
        if path == "cluster/member/list":
            return {"members": self._members}
        if path == "maintenance/status":
            if isinstance(self._says[url], Exception):
                raise self._says[url]
            return self._says[url]
        assert (url, path) == (OWN, "maintenance/transfer-leadership")
        if self._refuses:
            raise self._refuses
        self.moved.append(body["targetID"])
        return {}


def run(program, hosts):
    return program.main("ca.crt", "10.0.20.10:8008", "10.0.20.10:2379", hosts)


def test_the_voter_with_most_of_the_log_leads_then(program, capsys):
    hosts = Hosts()
    assert (run(program, hosts), hosts.moved) == (0, ["3"])
    assert capsys.readouterr().out == "backup1 leads the cluster store, as this host leads the database\n"


@pytest.mark.parametrize(
    ("hosts", "moved"),
    [
        (Hosts(third=TimeoutError("timed out")), ["2"]),
        (Hosts(learner=True), ["2"]),
        # It follows another leader, or none.
        (Hosts(third={"leader": "2", "raftIndex": "900"}), ["2"]),
        (Hosts(third={"raftIndex": "900"}), ["2"]),
        (Hosts(second=TimeoutError("timed out"), third=TimeoutError("timed out")), []),
        (Hosts(leads=False), []),
        (Hosts(own={"header": {"member_id": "1"}, "leader": "2"}), []),
        # Without a leader etcd leaves the field away.
        (Hosts(own={"header": {"member_id": "1"}}), []),
    ],
)
def test_only_one_that_can_take_it_is_given_the_lead(program, hosts, moved):
    assert (run(program, hosts), hosts.moved) == (0, moved)


def test_a_store_that_does_not_answer_or_refuses_keeps_the_lead_and_says_so(program, capsys):
    refused = urllib.error.HTTPError(OWN, 403, "Forbidden", {}, io.BytesIO(b'{"error":"permission denied"}\n'))
    assert run(program, Hosts(refuses=refused)) == 0
    assert run(program, Hosts(own=TimeoutError("timed out"))) == 0
    assert capsys.readouterr().out == (
        'etcd keeps the lead: HTTP status 403: {"error":"permission denied"}\netcd keeps the lead: timed out\n'
    )
