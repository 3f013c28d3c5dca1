"""The newest base backup is restored and read, and nothing is left of it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import scenario
from test_jobs import metric

testinfra_hosts = scenario.hosts("backup")

JOB = "backup-job --name verify --timeout 10m --user postgres -- backup-verify run"


def test_the_newest_backup_is_restored_and_read(host):
    done = host.run(JOB)
    assert done.rc == 0, done.stderr
    assert metric(host, "verify", "verified_rows") >= 5000
    assert metric(host, "verify", "verified_tables") >= 1
    assert metric(host, "verify", "verified_timestamp_seconds") > metric(
        host, "verify", "verified_backup_timestamp_seconds"
    )
    assert not host.file("/var/lib/postgresql/verify").exists
    assert host.run("pgrep --full [/]var/lib/postgresql/verify").rc == 1


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
