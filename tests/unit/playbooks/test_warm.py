# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The keys of a cache are carried to the region that leads, and nothing of them stays where they passed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
#: Stands in for the module that saves and loads keys: its file holds one.
STAND_IN = """#!/usr/bin/python
# WANT_JSON
import json, sys
asked = json.load(open(sys.argv[1]))
if asked["state"] == "saved":
    open(asked["path"], "w").write("a key")
print(json.dumps({"changed": True, "copied": 1, "found": open(asked["path"]).read()}))
"""
HOSTS = {
    "redis": ["west-cache2", "cache2", "cache1", "west-cache1"],
    "api": ["api1", "west-api1"],
    "backup": ["backup1"],
    "region_us_east_1": ["cache2", "cache1", "api1", "backup1", "db1"],
    "region_us_west_2": ["west-cache1", "west-api1", "west-cache2", "west-db1"],
    "region_eu_1": ["eu-db1"],
}


@pytest.fixture
def run(tmp_path, lost_connection):
    """Return what runs plays with groups of hosts, all of which are this machine, and what it printed."""

    def ansible(plays, groups):
        home = tmp_path / "ansible_collections/freeagentics/platform"
        (home / "plugins/modules").mkdir(parents=True)
        (home / "galaxy.yml").write_text("namespace: freeagentics\nname: platform\nversion: 99.0.0\n")
        (home / "plugins/modules/redis_cache_warm.py").write_text(STAND_IN)
        (tmp_path / "plugins").mkdir()
        (tmp_path / "plugins/lost.py").write_text(lost_connection)
        (tmp_path / "ansible.cfg").write_text(f"[defaults]\nconnection_plugins = {tmp_path}/plugins\n")
        variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        hosts = {name: {"hosts": dict.fromkeys(of)} for name, of in groups.items()}
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"vars": variables, "children": hosts}}))
        (tmp_path / "play.yml").write_text(yaml.safe_dump(plays))
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
            "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
            "ANSIBLE_INVENTORY_ENABLED": "yaml",
            "HOME": str(tmp_path / "home"),
        }
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        done = subprocess.run(
            [program, "-i", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml")],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return ansible


def planned_parts():
    """Return what the plan of a region's failover says of who does what."""
    plays = yaml.safe_load((PLAYBOOKS / "failover_region.yml").read_text())
    return next(task["vars"] for task in plays[0]["tasks"] if task["name"] == "Plan and guard")


def test_who_carries_is_the_same_in_every_run_and_tidies_up_in_each(run, tmp_path):
    """A region that is lost has nobody to ask, and one that leads already gets no keys."""
    carry, fill = [["cache1", "cache"]], [["api1", "fills"], ["backup1", "backup"]]
    back = {"kind": "planned", "to": "us-east-1", "others": ["us-west-2", "eu-1"], "leads": ["db1"]}
    cases = [
        (back, [*carry, ["cache1", "warm"], ["west-cache1", "warm"], *fill]),
        ({**back, "kind": "leads"}, [["cache1", "warm"], ["west-cache1", "warm"], *fill]),
        ({**back, "kind": "unplanned"}, [["cache1", "warm"], *fill]),
        (
            {"kind": "planned", "to": "eu-1", "others": ["us-east-1"], "leads": ["eu-db1"]},
            [["cache1", "warm"], ["eu-db1", "backup"]],
        ),
    ]
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {**planned_parts(), "__failover_plan": plan},
            "tasks": [
                {
                    "ansible.builtin.copy": {
                        "content": "{{ __failover_parts | to_json }}",
                        "dest": str(tmp_path / f"parts{number}"),
                    }
                }
            ],
        }
        for number, (plan, _parts) in enumerate(cases)
    ]
    run(plays, HOSTS)
    for number, (_plan, parts) in enumerate(cases):
        assert json.loads((tmp_path / f"parts{number}").read_text()) == parts


def play_of(name):
    """Return a play of the failover of a region, which runs its tasks on this machine."""
    plays = yaml.safe_load((PLAYBOOKS / "failover_region.yml").read_text())
    (play,) = [play for play in plays if play["name"] == name]
    (task,) = play["tasks"]
    play["tasks"] = [{"ansible.builtin.import_tasks": str(PLAYBOOKS / task["ansible.builtin.import_tasks"])}]
    return {**play, "become": False}


@pytest.fixture
def variables(tmp_path):
    """What the plays know; their file and folder are those of a test."""
    told = yaml.safe_load((PLAYBOOKS / "vars/failover_region.yml").read_text())
    (tmp_path / "redis").mkdir()
    return {
        **{name: told[name] for name in ("__source", "__failover_warm_folder")},
        "__failover_warm_file": str(tmp_path / "redis/warm"),
        "__cluster": {},
        "__here": {"nodes": []},
        "__there": {"nodes": []},
        "__plan": {"old": "us-east-1"},
        "platform_name": "lab",
    }


def test_keys_are_carried_and_nothing_stays(run, variables, tmp_path):
    warm, tidy = ({**play_of(name), "vars": variables, "vars_files": []} for name in ("Warm the cache", "Tidy up"))
    folder = tmp_path / "home/.ansible/warm-lab"
    tell = {"stat": {"path": str(folder)}, "register": "there"}
    found = {"debug": {"msg": "{{ __failover_loaded.found }}, in {{ there.stat.mode }}"}}
    warm["tasks"] += [tell, found]
    said = run(
        [warm, tidy],
        {**HOSTS, "failover_cache": ["west-cache1"], "failover_warm": ["west-cache1", "cache1"]},
    )
    assert "a key, in 0700" in said
    assert not folder.exists()
    assert list((tmp_path / "redis").iterdir()) == []


def test_what_a_dead_run_left_is_removed_where_a_host_can_be_reached(run, variables, tmp_path):
    tidy = {**play_of("Tidy up"), "vars": variables, "vars_files": []}
    folder = tmp_path / "home/.ansible/warm-lab"
    folder.mkdir(parents=True)
    for file in (folder / "warm", tmp_path / "redis/warm"):
        file.write_text("a key")
    lose = {"name": "cache1", "groups": ["failover_warm"], "ansible_connection": "lost"}
    first = {"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.add_host": lose}]}
    run([first, tidy], {**HOSTS, "failover_warm": ["cache1", "west-cache1"]})
    assert not folder.exists()
    assert list((tmp_path / "redis").iterdir()) == []
