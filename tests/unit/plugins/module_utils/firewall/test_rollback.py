# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import subprocess

from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.plan import IPV4, IPV6
from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.rollback import (
    STATE_DIRECTORY,
    Pending,
    before_text,
    rollback_script,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.ruleset import parse


def test_a_pending_change_survives_its_file():
    for pending in (Pending("00ff", 60, None), Pending("00ff", 60, 12.5)):
        assert Pending.from_json(pending.to_json()) == pending


def test_tables_that_were_empty_are_emptied_again():
    saved = parse("*filter\n:INPUT ACCEPT [7:9]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n")
    assert before_text(saved, ("filter", "raw")) == (
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n"
        "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
    )


def run_script(tmp_path, restore):
    """Runs the script with folders of its own in place of those of a host."""
    state, etc = tmp_path / "state", tmp_path / "etc"
    script = rollback_script((IPV4, IPV6), (restore, restore), str(etc)).replace(STATE_DIRECTORY, str(state))
    (state / "rollback").write_text(script, encoding="utf-8")
    return subprocess.run(["/bin/sh", str(state / "rollback")], capture_output=True, text=True, check=False)


def prepare(tmp_path):
    for name, text in {
        "state/before.rules.v4": "old v4",
        "state/before.rules.v6": "old v6",
        "state/pending.json": "{}",
        "state/persisted.rules.v4": "file before",
        "etc/rules.v4": "file after",
        "etc/rules.v6": "was not there",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_the_script_restores_kernel_and_files(tmp_path):
    prepare(tmp_path)
    restore = tmp_path / "restore"
    restore.write_text(f"#!/bin/sh\ncat >> {tmp_path}/loaded\n", encoding="utf-8")
    restore.chmod(0o755)
    done = run_script(tmp_path, str(restore))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the change of the firewall was not confirmed: the old rules are back (status 0)\n"
    assert (tmp_path / "loaded").read_text(encoding="utf-8") == "old v4old v6"
    assert (tmp_path / "etc/rules.v4").read_text(encoding="utf-8") == "file before"
    assert sorted(path.name for path in (tmp_path / "etc").iterdir()) == ["rules.v4"]
    assert not (tmp_path / "state/pending.json").exists()
    assert (tmp_path / "state/rolled-back.json").exists()


def test_one_family_that_fails_does_not_keep_the_other_from_healing(tmp_path):
    prepare(tmp_path)
    restore = tmp_path / "restore"
    restore.write_text(f"#!/bin/sh\ngrep v6 >> {tmp_path}/loaded\n", encoding="utf-8")
    restore.chmod(0o755)
    assert run_script(tmp_path, str(restore)).returncode == 1
    assert (tmp_path / "loaded").read_text(encoding="utf-8") == "old v6\n"
