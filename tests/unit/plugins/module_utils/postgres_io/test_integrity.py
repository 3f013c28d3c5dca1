"""How jobs are shared among connections, and when no more are begun; molecule/postgres_integrity has the servers."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_integrity.plan import Job
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io import integrity
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io.integrity import Workers

JOBS = [Job("fingerprints", f"public.t{number}", f"SELECT {number}", (), 1) for number in range(5)]


class Session:
    """A connection that answers each statement with itself."""

    closed = False
    description = ("a column",)

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None

    def execute(self, statement, _arguments):
        self.statement = statement

    def fetchall(self):
        return [self.statement]

    def close(self):
        self.closed = True


def test_every_job_is_done_once():
    done = Workers(Session, JOBS, 3).run()
    assert sorted(entry.job.name for entry in done) == [job.name for job in JOBS]
    assert {entry.message for entry in done} == {""}


def test_no_job_is_begun_after_the_time_of_the_snapshot(monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(integrity.time, "monotonic", lambda: next(clock))
    done = Workers(Session, JOBS, 1, seconds=2).run()
    assert [entry.message for entry in done] == ["", "", *["the snapshot was given back after 2 s"] * 3]
    assert {entry.sqlstate for entry in done[2:]} == {integrity.TOOK_TOO_LONG}


@pytest.mark.parametrize(("wanted", "kept"), [((), {"app": 1, "postgres": 2}), (("app",), {"app": 1}), (("none",), {})])
def test_an_earlier_state_is_compared_for_the_databases_that_are_looked_at(wanted, kept):
    state = {"name": "db1", "databases": {"app": 1, "postgres": 2}}
    assert integrity.restricted(state, wanted) == {"name": "db1", "databases": kept}
