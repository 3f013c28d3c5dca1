"""The report of a job."""

from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.backup import job
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.reported import report

MOMENT = 1790000000.123456


def test_what_is_reported_is_what_the_runner_reads(tmp_path, monkeypatch):
    path = tmp_path / "report"
    monkeypatch.setenv("BACKUP_JOB_REPORT", str(path))
    report(bytes=1 << 40, from_leader=True)
    report(seconds=0.25, moment=MOMENT)
    assert path.read_text() == "bytes 1099511627776\nfrom_leader 1\nseconds 0.25\nmoment 1790000000.12346\n"
    assert job.report(path.read_text()) == {
        "bytes": 1 << 40,
        "from_leader": 1,
        "seconds": 0.25,
        "moment": 1790000000.12346,
    }


def test_where_nobody_asks_nothing_is_reported(tmp_path, monkeypatch):
    monkeypatch.delenv("BACKUP_JOB_REPORT", raising=False)
    monkeypatch.chdir(tmp_path)
    report(bytes=1)
    assert list(tmp_path.iterdir()) == []
