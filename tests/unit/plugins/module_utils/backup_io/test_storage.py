"""Object storage as rclone is told of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io import storage
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.command import BackupError, CommandError
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.storage import (
    Storage,
    configuration,
    environment,
)

PROGRAM = (
    "import sys; from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io import storage;"
    "read = storage.configuration; storage.configuration = lambda: read({path!r}); sys.exit(storage.main())"
)

TOLD = {
    "RCLONE_CONFIG": "",
    "RCLONE_CA_CERT": "/ca.crt",
    "RCLONE_CONFIG_PLAIN_TYPE": "s3",
    "RCLONE_CONFIG_PLAIN_PROVIDER": "Other",
    "RCLONE_CONFIG_PLAIN_ENDPOINT": "https://s3.lab",
    "RCLONE_CONFIG_PLAIN_REGION": "us-east-1",
    "RCLONE_CONFIG_PLAIN_FORCE_PATH_STYLE": "true",
    "RCLONE_CONFIG_PLAIN_ACCESS_KEY_ID": "the account",
    "RCLONE_CONFIG_PLAIN_SECRET_ACCESS_KEY": "the secret key",
    "RCLONE_CONFIG_PLAIN_NO_CHECK_BUCKET": "true",
    "RCLONE_CONFIG_STORE_TYPE": "crypt",
    "RCLONE_CONFIG_STORE_REMOTE": "plain:backups/here",
    "RCLONE_CONFIG_STORE_PASSWORD": "obscured",
}


def told(call):
    return {name: value for name, value in call.environment.items() if name.startswith(("RCLONE_", "AWS_"))}


def as_program(path, *arguments):
    """Run the program backup-rclone with the configuration of a path."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(path=path), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_what_rclone_is_told(s3):
    assert environment(s3, "obscured") == TOLD


def test_what_rclone_is_told_of_a_public_service(s3):
    del s3["ca"]
    found = environment({**s3, "uri_style": "host"}, "obscured")
    assert found["RCLONE_CONFIG_PLAIN_FORCE_PATH_STYLE"] == "false"
    assert "RCLONE_CA_CERT" not in found


def test_secrets_are_in_the_environment_alone(programs, s3, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of somebody else")
    monkeypatch.setenv("RCLONE_CONFIG_STORE_PASSWORD2", "of somebody else")
    assert Storage(s3).names("dumps", "--dirs-only") == []
    obscure, lsf = programs.calls
    assert (obscure.words, obscure.text) == (["rclone", "obscure", "-"], "the passphrase")
    assert lsf.words == ["rclone", "lsf", "--dirs-only", "store:dumps"]
    assert told(lsf) == TOLD


def test_the_names_of_a_folder(s3, store):
    (store / "dumps" / "one").mkdir(parents=True)
    (store / "dumps" / "two").mkdir()
    assert Storage(s3).names("dumps", "--dirs-only") == ["one/", "two/"]


def test_a_storage_that_does_not_answer_is_no_empty_one(programs, s3):
    found = Storage(s3)
    programs.add("rclone", "sys.exit('no route to host')")
    with pytest.raises(CommandError) as error:
        found.names("dumps")
    assert str(error.value) == "rclone ended with status 1: no route to host"


def test_the_configuration_of_a_host(configured, tmp_path):
    path = configured({"s3": {}})
    assert configuration(path) == {"s3": {}}
    (tmp_path / "backup.json").write_text("{")
    with pytest.raises(BackupError) as error:
        configuration(path)
    assert str(error.value) == (
        f"{path} cannot be read: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    )
    with pytest.raises(BackupError) as error:
        configuration("/nowhere")
    assert str(error.value) == "/nowhere cannot be read: [Errno 2] No such file or directory: '/nowhere'"


def test_the_program_is_rclone_with_the_storage(programs, s3, store, configured):
    (store / "configuration").mkdir(parents=True)
    done = as_program(configured({"s3": s3}), "lsf", "--dirs-only", "store:")
    assert (done.returncode, done.stdout, done.stderr) == (0, "configuration/\n", "")
    assert programs.calls[-1].words == ["rclone", "lsf", "--dirs-only", "store:"]
    assert told(programs.calls[-1]) == TOLD
    assert as_program(configured({"s3": s3}), "lsf", "--dirs-only", "store:none").returncode == storage.NO_FOLDER


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (None, "{path} cannot be read: [Errno 2] No such file or directory: '{path}'\n"),
        ({"s3": {}}, "this host has no object storage\n"),
    ],
)
def test_the_program_without_a_storage(programs, tmp_path, configured, settings, message):
    path = configured(settings) if settings else str(tmp_path / "none.json")
    done = as_program(path, "lsf", "store:")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message.format(path=path))
    assert programs.calls == []
