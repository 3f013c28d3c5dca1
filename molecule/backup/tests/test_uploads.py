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


def test_a_server_that_was_made_anew_gets_them_back(host):
    host.check_output("printf lost > /srv/uploads/lost && touch -d '1 minute ago' /srv/uploads/lost")
    host.check_output("systemctl start backup-uploads")
    host.check_output("rm -r /srv/uploads; install -d -o games -g games -m 0750 /srv/uploads")
    assert "were brought back to /srv/uploads, which had 0" in host.check_output("backup-uploads back")
    file = host.file("/srv/uploads/lost")
    assert (file.content_string, file.user, file.group, file.mode) == ("lost", "games", "games", 0o640)
    host.check_output("rm /srv/uploads/lost")
    assert "nothing is brought back" in host.check_output("backup-uploads back")
    host.check_output("backup-uploads back all")
    assert host.file("/srv/uploads/lost").exists
    # Noted before the folder is there, and a visitor is first.
    host.check_output("rm -r /srv/uploads; backup-uploads expect; install -d -o games -g games -m 0750 /srv/uploads")
    host.check_output("printf new > /srv/uploads/new")
    assert "were brought back to /srv/uploads, which had 1" in host.check_output("backup-uploads back")
    assert host.file("/srv/uploads/lost").content_string == "lost"
    assert host.file("/srv/uploads/new").content_string == "new"


def test_the_host_cannot_open_what_the_backup_host_keeps(host):
    assert "a passphrase of archives" not in host.file("/etc/backup/backup.json").content_string
