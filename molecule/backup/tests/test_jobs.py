"""The program that runs the jobs of the backup host, and their schedule."""

from __future__ import annotations

import scenario

testinfra_hosts = scenario.hosts("backup")

METRICS = "/var/lib/prometheus/node-exporter"


def metric(host, job, name):
    """Return a metric of a job."""
    lines = host.file(f"{METRICS}/backup_{job}.prom").content_string.splitlines()
    (value,) = [line.split()[1] for line in lines if line.startswith(f'backup_job_{name}{{job="{job}"}}')]
    return float(value)


def start(host, name, command, timeout="1m"):
    """Run a command as a job."""
    return host.run(f"backup-job --name {name} --timeout {timeout} -- {command}")


def test_the_schedule(host):
    lines = [line for line in host.file("/etc/cron.d/backup").content_string.splitlines() if "backup-job" in line]
    job = "root backup-job --name"
    assert lines == [
        f"0 2 * * * {job} dump --timeout 6h --user backup -- backup-dump run",
        f"30 3 * * * {job} git --timeout 3h --user backup -- backup-mirror",
        f"0 4 * * * {job} configuration --timeout 1h --user backup --"
        " backup-rclone copy /var/lib/backup/configuration store:configuration",
        f"0 9 * * 0 {job} verify --timeout 12h --user postgres -- backup-verify run",
    ]
    assert host.check_output("date +%Z") == "UTC"
    assert host.service("cron").is_enabled


def test_secrets_are_for_those_who_need_them(host):
    settings, password = host.file("/etc/backup/backup.json"), host.file("/etc/backup/pgpass")
    other = host.file("/etc/backup/verify_pgpass")
    assert (settings.user, settings.group, settings.mode) == ("root", "backup", 0o640)
    assert (password.user, password.group, password.mode) == ("backup", "backup", 0o600)
    assert (other.user, other.group, other.mode) == ("postgres", "postgres", 0o600)
    assert "backup of the scenario" not in host.file("/etc/backup/verify.json").content_string


def test_a_job_that_fails(host):
    failed = start(host, "failing", "sh -c 'echo all is lost; exit 3'")
    assert failed.rc == 3
    assert failed.stderr == "failing: failed with status 3 after 0 s; its last lines:\nall is lost\n"
    assert metric(host, "failing", "last_exit_status") == 3
    assert "all is lost" in host.check_output("journalctl --identifier backup-failing --output cat")


def test_a_job_runs_once_at_a_time(host):
    host.run(f"rm -f {METRICS}/backup_long*.prom")
    host.run("systemd-run --quiet --collect --unit a-long-job backup-job --name long --timeout 1m -- sleep 50")
    host.run(f"for n in $(seq 50); do test -e {METRICS}/backup_long.prom && break; sleep 0.1; done")
    refused = start(host, "long", "true")
    host.check_output("systemctl stop a-long-job")
    assert refused.rc == 75
    assert refused.stderr == "long: not started, because it is running already\n"
    assert host.file(f"{METRICS}/backup_long_refused.prom").contains("last_refused_timestamp_seconds")
    assert metric(host, "long", "last_exit_status") == 128 + 15
    assert start(host, "long", "true").rc == 0


def test_a_job_is_ended_when_its_time_is_over(host):
    assert start(host, "slow", "sleep 50", timeout="1s").rc == 124
    assert metric(host, "slow", "last_exit_status") == 124
    assert host.run("pgrep --full '[s]leep 50'").rc == 1


def test_a_job_runs_as_another_user(host):
    assert host.run("backup-job --name user --timeout 1m --user backup -- sh -c 'test $(id -un) = backup'").rc == 0
