# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was restored is ahead of every region that comes back, whichever run of a restore gets there.

The tasks themselves run, on this machine; the store has a stand-in that notes the number it was given.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOKS = ROOT / "playbooks"
#: What the tasks get as it is.
OWN = ("plugins/module_utils", "plugins/filter/restore.py", "plugins/filter/restore_epoch.yml")
MODULE = """#!/usr/bin/python
# WANT_JSON
import json, sys
with open({asked!r}, "a") as file:
    file.write(json.dumps(json.load(open(sys.argv[1]))["epoch"]) + "\\n")
print(json.dumps({{"changed": False}}))
"""
FILTER = """
class FilterModule:
    def filters(self):
        return {"postgres_cluster": lambda file, host: {"scope": "lab", "etcd": [], "standby": False}}
"""
#: Where the tasks write as another user than the one of this machine.
OWNED = ("owner", "group")


@pytest.fixture
def count(tmp_path):
    """Run the tasks beside some settings; return the settings afterwards, and the numbers that the store was given."""
    home = tmp_path / "ansible_collections" / "freeagentics" / "platform"
    for folder in ("modules", "filter"):
        (home / "plugins" / folder).mkdir(parents=True)
    (home / "galaxy.yml").write_text("namespace: freeagentics\nname: platform\nversion: 99.0.0\n")
    asked, data = tmp_path / "asked", tmp_path / "main"
    (home / "plugins" / "modules" / "patroni_forget.py").write_text(MODULE.format(asked=str(asked)))
    (home / "plugins" / "filter" / "postgres.py").write_text(FILTER)
    for path in OWN:
        (home / path).symlink_to(ROOT / path)
    data.mkdir()
    settings = data / "patroni.dynamic.json"
    tasks = yaml.safe_load((PLAYBOOKS / "tasks/restore/count.yml").read_text())
    for one in tasks:
        copied = one.get("ansible.builtin.copy", {})
        for name in OWNED:
            copied.pop(name, None)
        if "ansible.builtin.include_tasks" in one:
            one["ansible.builtin.include_tasks"] = str(PLAYBOOKS / "tasks/restore/forget.yml")
    timeline = yaml.safe_load((PLAYBOOKS / "vars/restore.yml").read_text())["__restore_timeline"]
    (tmp_path / "ansible.cfg").touch()

    def run(there, done=0, restored=None):
        if there is not None:
            settings.write_text(json.dumps(there))
        variables = {
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "topology_file": "topology.yml",
            "secret_etcd_patroni": "secret",
            "__restore_ca": "/ca",
            "__restore_data": str(data),
            "__restore_timeline": timeline,
            **({} if restored is None else {"__restored": {"timeline": restored}}),
        }
        # As the play before it left it.
        noted = {"ansible.builtin.set_fact": {"__restore_done": {"timeline": done}}}
        play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [noted, *tasks]}
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": f"{tmp_path}:{os.environ.get('ANSIBLE_COLLECTIONS_PATH', '')}",
            "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
        }
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        done = subprocess.run(
            [program, "-i", "localhost,", "-c", "local", str(tmp_path / "play.yml")],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(settings.read_text()) if settings.exists() else None, asked.read_text().split()

    return run


@pytest.mark.parametrize(
    ("there", "done", "restored", "expected", "epoch"),
    [
        # A region that took over from timeline 7 got 21; what was restored from the same archive began timeline 8.
        ({"region_epoch": 2, "ttl": 20}, 0, 8, {"region_epoch": 23, "ttl": 20}, "23"),
        ({"ttl": 20, "standby_cluster": {"host": "10.0.0.1"}}, 0, 2, {"region_epoch": 5, "ttl": 20}, "5"),
        # Somebody wrote it by hand.
        ({"region_epoch": 40}, 0, 8, {"region_epoch": 40}, "23"),
        # Another region told of a later failover; the settings of the store have that, too.
        ({"region_epoch": 2, "region_heard": 30}, 0, 8, {"region_epoch": 31, "region_heard": 30}, "23"),
        ({"region_epoch": 2, "region_heard": 9}, 0, 8, {"region_epoch": 23, "region_heard": 9}, "23"),
        # An earlier run restored it, and may have counted or not.
        ({"region_epoch": 2, "standby_cluster": {"host": "10.0.0.1"}}, 8, None, {"region_epoch": 23}, "23"),
        ({"region_epoch": 23}, 8, None, {"region_epoch": 23}, "23"),
        # The mark of an earlier run did not count any more.
        ({"region_epoch": 2}, 8, 9, {"region_epoch": 26}, "26"),
        (None, 0, 8, None, "23"),
    ],
)
def test_the_number_is_above_that_of_every_timeline_in_the_archive(count, there, done, restored, expected, epoch):
    assert count(there, done, restored) == (expected, [epoch])


@pytest.mark.parametrize("name", ["restore.yml", "recover_database.yml"])
def test_it_is_counted_behind_the_restore_and_before_patroni_starts_also_by_a_later_run(name):
    plays = yaml.safe_load((PLAYBOOKS / name).read_text())
    tasks = [task for play in plays for task in play.get("tasks", ())]
    files = [Path(str(task.get("ansible.builtin.include_tasks", ""))).name for task in tasks]
    assert "when" not in tasks[files.index("count.yml")]
    restored = files.index("in_place.yml")
    assert "when" in tasks[restored]
    assert restored < files.index("count.yml") < files.index("start.yml")
