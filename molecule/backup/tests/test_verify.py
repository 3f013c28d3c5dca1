"""The newest base backup is restored, compared and read, and nothing is left of it but a report."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import scenario
from test_jobs import metric

testinfra_hosts = scenario.hosts("backup")

REPORTS = "/var/lib/postgresql/verify-reports"
JOB = "backup-job --name verify --timeout 10m --user postgres -- backup-verify run"


def newest_report(host):
    """Return the newest report of the job, for programs and for people."""
    folder = f"{REPORTS}/{host.check_output(f'ls {REPORTS} | tail -1')}"
    assert host.check_output(f"ls {folder}").split() == ["report.html", "report.json", "report.md"]
    read = [host.file(f"{folder}/{name}").content_string for name in ("report.json", "report.md")]
    return json.loads(read[0]), read[1]


def nothing_is_left(host):
    """Tell whether neither files nor processes of the restored server are there."""
    gone = not host.file("/var/lib/postgresql/verify").exists
    return gone and host.run("pgrep --full '[/]var/lib/postgresql/verify/'").rc == 1


def test_the_newest_backup_is_restored_compared_and_read(host):
    done = host.run(JOB)
    assert done.rc == 0, done.stderr
    assert metric(host, "verify", "verified_rows") >= 5000
    assert metric(host, "verify", "verified_tables") >= 1
    assert metric(host, "verify", "verified_timestamp_seconds") > metric(
        host, "verify", "verified_backup_timestamp_seconds"
    )
    assert metric(host, "verify", "findings") == metric(host, "verify", "not_checked") == 0
    assert metric(host, "verify", "compared_rows") == 5000
    assert metric(host, "verify", "compared_timestamp_seconds") > metric(
        host, "verify", "verified_backup_timestamp_seconds"
    )
    assert nothing_is_left(host)


def test_the_report_tells_of_which_moment_of_which_replica(host):
    record, page = newest_report(host)
    assert (record["verified"], record["findings"], record["not_checked"]) == (True, [], [])
    assert record["moment"]["in_recovery"] is True
    assert record["same_moment"]["app"]["exact"] is True
    assert [figure["rows"] for figure in record["figures"]] == [5000, 5000]
    assert record["recovered_to"].startswith(record["moment"]["lsn"])
    assert page.startswith("# The newest backup, restored and compared\n\nVerified. Begun ")
    assert f"database app as of {record['moment']['lsn']}, timeline " in page
    folder = host.file(REPORTS)
    assert (folder.user, folder.mode) == ("postgres", 0o750)


def test_a_backup_that_cannot_be_compared_is_read_and_does_not_count(host):
    before = metric(host, "verify", "verified_timestamp_seconds")
    host.check_output("mv /etc/backup/verify_pgpass /etc/backup/verify_pgpass.away")
    failed = host.run(JOB)
    host.check_output("mv /etc/backup/verify_pgpass.away /etc/backup/verify_pgpass")
    assert failed.rc == 1
    reason = "not compared with the database: no replica can be read, and the leader is not asked; db"
    assert f"everything was restored and read, and nothing is damaged, but it was {reason}" in failed.stderr
    assert metric(host, "verify", "verified_timestamp_seconds") == before
    record, page = newest_report(host)
    assert record["verified"] is False
    assert record["read"]["rows"] >= 5000
    assert "\n\nNot verified: everything was restored and read, " in page
    assert nothing_is_left(host)


def test_a_folder_of_others_is_not_touched(host):
    host.check_output(
        "runuser -u postgres -- sh -c 'mkdir /var/lib/postgresql/verify && touch /var/lib/postgresql/verify/mine'"
    )
    refused = host.run(JOB)
    assert refused.rc == 1
    assert (
        "/var/lib/postgresql/verify has files that are not of backup-verify: name another folder for it"
        in refused.stderr
    )
    host.check_output("rm /var/lib/postgresql/verify/mine && rmdir /var/lib/postgresql/verify")


def test_the_backup_is_what_the_database_was_at_one_moment(tmp_path):
    topology = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "topology.yml"
    playbook = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / "playbooks" / "verify.yml"
    command = [
        "ansible-playbook",
        f"--inventory={topology}",
        str(playbook),
        f"--extra-vars=reports_directory={tmp_path}",
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    (folder,) = tmp_path.iterdir()
    report = json.loads((folder / "report.json").read_text())
    assert report["verified"] is True
    assert report["same_moment"]["app"]["exact"] is True
    assert [figure["rows"] for figure in report["figures"]] == [5000, 5000]
    assert report["findings"] == []
    assert (
        (folder / "report.md").read_text().startswith("# The newest backup, restored and compared\n\nVerified: backup ")
    )
