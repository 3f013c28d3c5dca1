"""Which server is read for a comparison, and how; hosts read real ones."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup.source import Member, Source
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io import comparison
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.command import BackupError

MEMBERS = [{"name": name, "host": f"{name}.lab", "port": 5432, "rest_port": 8008} for name in ("db1", "db2", "db3")]
DATABASES = {"members": MEMBERS, "user": "backup", "passfile": "/pgpass", "ca": "/ca.crt"}
WANTED = {"database": "app", "settle_seconds": 60, "snapshot_seconds": 3600}
LEFT = [{"check": "fingerprints", "object": "public.a", "where": "db2/app", "reason": "it stood in the way"}]


def told(name, left=(), databases=("app",), fingerprint="ab"):
    tables = {"tables": {"public.a": {"rows": 5, "fingerprint": fingerprint}}}
    return {"state": {"name": name, "databases": dict.fromkeys(databases, tables)}, "not_checked": list(left)}


@pytest.fixture
def servers(monkeypatch):
    """A cluster of which db1 leads, and what each server shows; return the sides that were looked at, too."""
    answers, asked = {}, []
    cluster = [Source(Member(**entry), entry["name"] == "db1", 0) for entry in [*MEMBERS[1:], MEMBERS[0]]]

    def inspect(side, baseline=None):
        asked.append((side, baseline))
        answer = answers[side.name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(comparison, "ask_cluster", lambda members, ca: tuple(cluster))
    monkeypatch.setattr(comparison, "inspect", inspect)
    return answers, asked


def test_a_replica_is_read_as_a_dump_reads_it(servers):
    answers, asked = servers
    answers["db2"] = told("db2")
    assert comparison.look(DATABASES, WANTED, 2) == (told("db2"), "db2")
    ((side, _baseline),) = asked
    assert side.server.parameters() == {
        "host": "db2.lab",
        "port": 5432,
        "user": "backup",
        "passfile": "/pgpass",
        "sslmode": "verify-full",
        "sslrootcert": "/ca.crt",
    }
    options = side.options
    assert (options.databases, options.workers, options.settle) == (("app",), 2, 60)
    assert (options.job_timeout, options.snapshot_seconds) == (comparison.STATEMENT_SECONDS, 3600)


@pytest.mark.parametrize(
    "first",
    [
        comparison.sql.ERRORS[0]("no route"),
        told("db2", LEFT),
        told("db2", databases=()),
        # A page of it is damaged there, which is a finding.
        told("db2", fingerprint=None),
    ],
)
def test_the_next_replica_is_read_where_one_does_not_show_everything(servers, first):
    answers, _asked = servers
    answers.update(db2=first, db3=told("db3"))
    assert comparison.look(DATABASES, WANTED, 2)[1] == "db3"


def test_what_the_first_replica_shows_is_taken_where_none_shows_everything(servers):
    answers, _asked = servers
    answers.update(db2=told("db2", LEFT), db3=told("db3", LEFT * 2))
    assert comparison.look(DATABASES, WANTED, 2) == (told("db2", LEFT), "db2")


def test_the_leader_is_never_read(servers):
    answers, asked = servers
    answers.update(db2=comparison.sql.ERRORS[0]("no\n route"), db3=told("db3", databases=()))
    with pytest.raises(BackupError) as error:
        comparison.look(DATABASES, WANTED, 2)
    assert str(error.value) == (
        "no replica can be read, and the leader is not asked; db2 cannot be read: no route; db3 has no database app"
    )
    assert [side.name for side, _baseline in asked] == ["db2", "db3"]


def test_without_its_library_nothing_is_looked_at(monkeypatch):
    monkeypatch.setattr(comparison.sql, "PSYCOPG2_ERROR", "no module")
    with pytest.raises(BackupError) as error:
        comparison.look(DATABASES, WANTED, 2)
    assert str(error.value) == "no database can be looked at without python3-psycopg2"


def test_the_copy_is_compared_with_what_was_seen(servers):
    answers, asked = servers
    answers[comparison.COPY] = told(comparison.COPY)
    assert comparison.compare("/scratch", 55433, told("db2"), "app", 2) == told(comparison.COPY)
    ((side, baseline),) = asked
    assert baseline == told("db2")["state"]
    assert side.server.parameters() == {"host": "/scratch", "port": 55433, "user": "postgres"}
    assert side.options.snapshot_seconds == 0


def test_a_copy_that_cannot_be_read_is_told(servers):
    answers, _asked = servers
    answers[comparison.COPY] = comparison.sql.ERRORS[0]("it is\ngone")
    with pytest.raises(BackupError) as error:
        comparison.compare("/scratch", 55433, told("db2"), "app", 2)
    assert str(error.value) == "the restored backup cannot be read: it is gone"
