"""Executables on the path that note how they are called, and one of them that keeps files as rclone does."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass

import pytest

#: rclone with a folder as its storage, in the words in which backups use it.
RCLONE = r"""
import shutil
from pathlib import Path

VALUED = ("--exclude", "--include", "--max-age", "--min-age", "--backup-dir", "--suffix", "--compare-dest")
words, options = [], {}
rest = iter(arguments)
for word in rest:
    if word.startswith("-") and word != "-":
        options[word] = next(rest) if word in VALUED else ""
    else:
        words.append(word)
command, places = words[0], [Path(word.replace("store:", FOLDER + "/store/")) for word in words[1:]]


def chosen(folder):
    for path in sorted(folder.rglob("*")):
        name = "/" + str(path.relative_to(folder))
        if path.is_file() and name != options.get("--exclude") and name == options.get("--include", name):
            yield path.relative_to(folder)


def names(paths):
    print("".join(f"{path}\n" for path in sorted(paths)), end="")


if command == "obscure":
    print("obscured")
elif not places[0].exists():
    print("directory not found", file=sys.stderr)
    sys.exit(3)
elif command == "lsf" and "--dirs-only" in options:
    names(f"{path.name}/" for path in places[0].iterdir() if path.is_dir())
elif command == "lsf":
    names(path.relative_to(places[0]) for path in places[0].glob(options["--include"][1:]))
elif command in ("sync", "copy"):
    for name in chosen(places[1]) if command == "sync" else ():
        if not (places[0] / name).exists():
            (places[1] / name).unlink()
    for name in chosen(places[0]):
        (places[1] / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(places[0] / name, places[1] / name)
        if "DAMAGE" in os.environ:
            (places[1] / name).write_text("damaged")
elif command == "check":
    here, there = ({name: (place / name).read_bytes() for name in chosen(place)} for place in places)
    if here != there:
        sys.exit("1 differences found")
elif command == "deletefile":
    places[0].unlink()
elif command == "purge":
    shutil.rmtree(places[0])
else:
    sys.exit(f"unknown: {command}")
"""

S3 = {
    "endpoint": "s3.lab",
    "bucket": "backups",
    "region": "us-east-1",
    "path": "/here",
    "uri_style": "path",
    "ca": "/ca.crt",
    "access_key": "the account",
    "secret_key": "the secret key",
    "passphrase": "the passphrase",
}
SECRETS = ("the secret key", "the passphrase", "obscured", "the password")


@dataclass(frozen=True)
class Call:
    """How a program was called: its own name first, its environment, and what it read."""

    words: list
    environment: dict
    text: str


class Programs:
    """Executables in a folder that is the first one of the path."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "bin").mkdir(parents=True)

    def add(self, name, text=""):
        """Make an executable, which notes its call and goes on with a text in Python."""
        head = f"#!{sys.executable} -IS\nimport json, os, sys\nFOLDER, arguments = {str(self.folder)!r}, sys.argv[1:]\n"
        note = f"[[{name!r}, *arguments], dict(os.environ), sys.stdin.read()]"
        noted = f"with open(FOLDER + '/calls', 'a') as calls:\n    calls.write(json.dumps({note}) + '\\n')\n"
        path = self.folder / "bin" / name
        path.write_text(head + noted + text)
        path.chmod(0o755)

    @property
    def calls(self):
        """What was called so far."""
        notes = self.folder / "calls"
        return [Call(*json.loads(line)) for line in notes.read_text().splitlines()] if notes.exists() else []

    def lines(self, *names):
        """Return the command lines of some programs, or of all."""
        return [" ".join(call.words) for call in self.calls if not names or call.words[0] in names]

    def forget(self):
        """Forget what was called so far."""
        (self.folder / "calls").unlink(missing_ok=True)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Executables of the test; no secret must have been on the command line of one of them."""
    made = Programs(tmp_path / "programs")
    monkeypatch.setenv("PATH", f"{made.folder}/bin:{os.environ['PATH']}")
    yield made
    told = [(secret, line) for secret in SECRETS for line in made.lines() if secret in line]
    assert told == []


@pytest.fixture
def s3(programs):
    """What is to know of a storage, and rclone."""
    programs.add("rclone", RCLONE)
    return dict(S3)


@pytest.fixture
def store(programs, s3):
    """The folder that the storage is."""
    return programs.folder / "store"


@pytest.fixture
def configured(tmp_path):
    """Write the configuration of a host's jobs; return where it is."""

    def write(settings):
        path = tmp_path / "backup.json"
        path.write_text(json.dumps(settings))
        return str(path)

    return write
