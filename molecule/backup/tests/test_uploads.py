"""Uploads get into S3 by themselves, and nothing that is there goes."""

from __future__ import annotations

import time

import scenario

testinfra_hosts = scenario.hosts("api")


def until_stored(host, path, content):
    """Tell whether a file is in S3 with a content within a minute and a half."""
    for _ in range(90):
        if host.run(f"backup-rclone cat store:files/{path}").stdout == content:
            return True
        time.sleep(1)
    return False


def test_what_is_uploaded_is_stored_and_stays(host):
    assert host.service("backup-uploads.timer").is_running
    host.check_output("mkdir -p /srv/uploads/a && printf one > /srv/uploads/a/file && printf two > /srv/uploads/other")
    host.check_output("touch -d '1 minute ago' /srv/uploads/a/file /srv/uploads/other")
    host.check_output("systemctl start backup-uploads")
    assert until_stored(host, "a/file", "one")
    host.check_output("rm /srv/uploads/other; printf three > /srv/uploads/a/file")
    host.check_output("touch -d '30 seconds ago' /srv/uploads/a/file; systemctl start backup-uploads")
    assert until_stored(host, "a/file", "three")
    assert host.check_output("backup-rclone cat store:files/other") == "two"
    replaced = max(host.check_output("backup-rclone lsf --recursive --include '/*/a/**' store:replaced").split())
    assert host.check_output(f"backup-rclone cat store:replaced/{replaced}") == "one"


def test_the_host_cannot_open_what_the_backup_host_keeps(host):
    assert "a passphrase of archives" not in host.file("/etc/backup/backup.json").content_string
