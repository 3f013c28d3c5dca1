"""Repositories are mirrored, and what was deleted in them can be had from a bundle in S3."""

from __future__ import annotations

import subprocess

import scenario
from test_jobs import metric

testinfra_hosts = scenario.hosts("backup")

JOB = "backup-job --name git --timeout 5m --user backup -- backup-mirror"
FOLDER = "/var/lib/backup/git/application"


def bundles(host):
    """Return the bundles in S3."""
    return host.check_output("backup-rclone lsf --dirs-only store:git/application").split()


def test_a_branch_that_was_deleted_comes_back(host):
    assert host.run(JOB).rc == 0
    first = host.check_output(f"git -c safe.directory='*' -C {FOLDER}/mirror.git rev-parse main")
    count = len(bundles(host))
    assert count
    assert host.run(JOB).rc == 0
    assert len(bundles(host)) == count

    git = "runuser -u backup -- git -C /srv/git/application.git"
    host.check_output(f"{git} branch second {first} && {git} update-ref -d refs/heads/main")
    done = host.run(JOB)
    assert done.rc == 0, done.stderr
    assert metric(host, "git", "bundles_made") == 1
    assert host.run(f"git -c safe.directory='*' -C {FOLDER}/mirror.git rev-parse --verify --quiet main").rc == 1

    oldest = min(bundles(host))
    host.check_output(f"rm -rf /tmp/bundle /tmp/clone; backup-rclone copy store:git/application/{oldest} /tmp/bundle")
    host.check_output("git clone --quiet --branch main /tmp/bundle/repository.bundle /tmp/clone")
    assert host.check_output("git -C /tmp/clone rev-parse HEAD") == first
    host.check_output(f"{git} update-ref refs/heads/main {first} && {git} update-ref -d refs/heads/second")


def test_the_configuration_is_kept_and_opens_with_the_passphrase_alone(host, tmp_path):
    (name,) = host.check_output("backup-rclone lsf store:configuration").split()
    archive = host.file(f"/var/lib/backup/configuration/{name}")
    assert archive.content_string.startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert (archive.user, archive.mode) == ("backup", 0o600)
    (tmp_path / "archive").write_bytes(archive.content)
    (tmp_path / "passphrase").write_text("a passphrase of archives")
    opened = f"ansible-vault decrypt --output - --vault-password-file {tmp_path}/passphrase {tmp_path}/archive"
    listed = subprocess.run(
        ["sh", "-c", f"{opened} | base64 --decode | tar --list --gzip"], capture_output=True, text=True, check=True
    ).stdout
    assert "/molecule/backup/group_vars/all.yml\n" in listed
    assert "/pki/ca.key\n" in listed
