"""Repositories, with Git itself."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io import mirror
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.copies import check
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.storage import Storage, configuration

KEEP = {"keep_days": 7, "keep_days_stored": 30, "keep_months_stored": 12}


def git(directory, *arguments):
    command = ["git", "-C", str(directory), "-c", "user.name=a", "-c", "user.email=a@b.test", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Keep what this machine says of Git, and the file rights of the program, out of the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    umask = os.umask(0o022)
    yield
    os.umask(umask)


@pytest.fixture
def repository(tmp_path):
    path = tmp_path / "repository"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    git(path, "commit", "--quiet", "--allow-empty", "--message=first")
    return path


@pytest.fixture
def settings(tmp_path, repository):
    (tmp_path / "mirrors").mkdir()
    repositories = [{"name": "one", "url": f"file://{repository}"}]
    return {"git": {**KEEP, "directory": str(tmp_path / "mirrors"), "repositories": repositories}}


def bundles(tmp_path):
    return sorted((tmp_path / "mirrors" / "one" / "bundles").iterdir())


def test_the_mirror_follows_and_the_bundle_keeps(tmp_path, repository, settings):
    first = git(repository, "rev-parse", "main")
    assert mirror.run_job(settings, None)
    assert len(bundles(tmp_path)) == 1
    assert mirror.run_job(settings, None)
    assert len(bundles(tmp_path)) == 1
    bundles(tmp_path)[0].rename(tmp_path / "mirrors" / "one" / "bundles" / "2026-01-01T000000Z")

    git(repository, "commit", "--quiet", "--amend", "--allow-empty", "--message=rewritten")
    assert mirror.run_job(settings, None)
    path = tmp_path / "mirrors" / "one" / "mirror.git"
    assert git(path, "rev-parse", "main") == git(repository, "rev-parse", "main") != first
    assert len(bundles(tmp_path)) == 2
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--branch=main", str(bundles(tmp_path)[0] / "repository.bundle"), str(clone))
    assert git(clone, "rev-parse", "HEAD") == first


def test_one_that_cannot_be_read_does_not_stop_the_others(tmp_path, settings, capsys):
    missing = {"name": "missing", "url": f"file://{tmp_path}/nothing"}
    settings["git"]["repositories"].insert(0, missing)
    assert not mirror.run_job(settings, None)
    said = capsys.readouterr()
    assert said.err.startswith("missing: git ended with status 128: ")
    assert said.out.endswith("\none: mirrored, and a bundle was made\n")
    assert not (tmp_path / "mirrors" / "missing" / "mirror.git").exists()


def test_a_key_is_used_only_with_the_servers_that_are_known():
    assert mirror._access(KEEP) == {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes",
    }
    found = mirror._access({**KEEP, "ssh_key_file": "/key", "known_hosts_file": "/hosts"})
    assert found["GIT_SSH_COMMAND"].endswith(" -o IdentitiesOnly=yes -i /key -o UserKnownHostsFile=/hosts")


def test_what_was_deleted_is_gone_from_the_mirror_and_in_the_last_bundle(tmp_path, repository, settings):
    git(repository, "branch", "feature")
    git(repository, "tag", "v1")
    assert mirror.run_job(settings, None)
    (first,) = bundles(tmp_path)
    heads = git(tmp_path, "bundle", "list-heads", str(first / "repository.bundle"))
    assert [line.split()[1] for line in heads.splitlines()] == [
        "refs/heads/feature",
        "refs/heads/main",
        "refs/tags/v1",
        "HEAD",
    ]
    assert check(str(first)).about == {"url": f"file://{repository}", "references": 3}
    git(repository, "branch", "-D", "feature")
    first.rename(first.with_name("2026-01-01T000000Z"))
    assert mirror.run_job(settings, None)
    path = tmp_path / "mirrors" / "one" / "mirror.git"
    assert git(path, "for-each-ref", "--format=%(refname)").splitlines() == ["refs/heads/main", "refs/tags/v1"]


def test_a_repository_that_moved_is_followed(tmp_path, repository, settings):
    assert mirror.run_job(settings, None)
    moved = repository.rename(tmp_path / "moved")
    git(moved, "commit", "--quiet", "--allow-empty", "--message=second")
    settings["git"]["repositories"][0]["url"] = f"file://{moved}"
    bundles(tmp_path)[0].rename(bundles(tmp_path)[0].with_name("2026-01-01T000000Z"))
    assert mirror.run_job(settings, None)
    assert git(tmp_path / "mirrors" / "one" / "mirror.git", "rev-parse", "main") == git(moved, "rev-parse", "main")


def test_an_empty_repository_is_mirrored_without_a_bundle(tmp_path, settings, capsys):
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    settings["git"]["repositories"] = [{"name": "one", "url": f"file://{tmp_path}/empty.git"}]
    assert mirror.run_job(settings, None)
    assert bundles(tmp_path) == []
    assert capsys.readouterr().out.splitlines()[-1] == "one: mirrored"


def test_what_an_interrupted_clone_left_is_made_anew(tmp_path, settings):
    left = tmp_path / "mirrors" / "one" / ".partial-mirror.git"
    left.mkdir(parents=True)
    (left / "file").touch()
    assert mirror.run_job(settings, None)
    assert sorted(os.listdir(tmp_path / "mirrors" / "one")) == ["bundled", "bundles", "mirror.git"]


def test_a_mirror_that_is_damaged_is_told_and_no_bundle_is_made_of_it(tmp_path, repository, settings, capsys):
    assert mirror.run_job(settings, None)
    (pack,) = (tmp_path / "mirrors" / "one" / "mirror.git" / "objects" / "pack").glob("*.pack")
    pack.chmod(0o600)
    pack.write_bytes(pack.read_bytes()[:-30] + b"x" * 30)
    (tmp_path / "mirrors" / "one" / "bundled").unlink()
    assert not mirror.run_job(settings, None)
    assert capsys.readouterr().err.startswith("one: git ended with status ")
    assert len(bundles(tmp_path)) == 1


def test_bundles_are_sent_and_removed_in_both_places(tmp_path, settings, s3, store, capsys, monkeypatch):
    monkeypatch.setenv("BACKUP_JOB_REPORT", str(tmp_path / "report"))
    settings["git"].update(keep_days=1, keep_days_stored=1, keep_months_stored=2)
    assert mirror.run_job(settings, Storage(s3))
    (first,) = bundles(tmp_path)
    assert check(str(store / "git" / "one" / first.name)) == check(str(first))
    for folder in (first.parent, store / "git" / "one"):
        (folder / first.name).rename(folder / "2026-01-01T000000Z")
    (tmp_path / "mirrors" / "one" / "bundled").unlink()
    assert mirror.run_job(settings, Storage(s3))
    (second,) = bundles(tmp_path)
    assert second.name > "2026-01-01T000000Z"
    assert sorted(os.listdir(store / "git" / "one")) == ["2026-01-01T000000Z", second.name]
    assert (tmp_path / "report").read_text() == "repositories 1\nrepositories_failed 0\nbundles_made 1\n" * 2


def test_the_program(tmp_path, settings, configured, monkeypatch, capsys):
    path = configured({**settings, "s3": {}})
    monkeypatch.setattr(mirror, "configuration", lambda: configuration(path))
    assert mirror.main() == 0
    assert not [path for path in (tmp_path / "mirrors" / "one").rglob("*") if path.stat().st_mode & 0o077]
    settings["git"]["repositories"][0]["url"] = f"file://{tmp_path}/nothing"
    (tmp_path / "backup.json").write_text(json.dumps({**settings, "s3": {}}))
    assert mirror.main() == 1
    (tmp_path / "backup.json").unlink()
    capsys.readouterr()
    assert mirror.main() == 1
    assert capsys.readouterr().err == f"{path} cannot be read: [Errno 2] No such file or directory: '{path}'\n"
