# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the plan of a restore asks before anything is changed, what it shows, and what stops it.

The tasks themselves run, on this machine, with the filter that plans; programs and modules that would look at
repositories have stand-ins.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.freeagentics.platform.plugins.module_utils.restore.mark import NOTHING

REPOSITORY = Path(__file__).resolve().parents[3]
PLAYBOOKS = REPOSITORY / "playbooks"
TEN = 1795687200
BACKUP = {"label": "20261126-100000F", "stop": TEN, "stop_lsn": "0/3000050", "content": 1048576, "version": "15"}
REPOSITORIES = [{"number": number, "backups": [BACKUP]} for number in (1, 2)]
MODULE = """#!/usr/bin/python
# WANT_JSON
print({answer!r})
"""
#: A program that notes that it was called, and says what its case has for it.
PROGRAM = """#!/bin/sh
echo "{name} $*" >> {called}
printf %s "${name}_says"
exit "${name}_ends"
"""


def archive(number, segment):
    """Return an archive that ends with a segment of the first timeline."""
    window = {
        "start": TEN,
        "end": TEN + 3600,
        "start_time": "10:00",
        "end_time": "11:00",
        "start_lsn": "0/3000050",
        "end_lsn": f"0/{segment + 1:X}000000",
        "backups": [BACKUP["label"]],
    }
    last = {"segment": f"0000000100000000{segment:08X}"}
    return {"number": number, "error": "", "timeline": 1, "last": last, "gaps": [], "windows": [window]}


EVEN, UNEVEN = (9, 9), (9, 99)


@pytest.fixture
def plan(tmp_path):
    """Run the tasks; return whether they went on, what was shown, and which programs were called."""
    home = tmp_path / "ansible_collections" / "freeagentics" / "platform"
    (home / "plugins" / "modules").mkdir(parents=True)
    for name in ("filter", "module_utils"):
        (home / "plugins" / name).symlink_to(REPOSITORY / "plugins" / name)
    (home / "galaxy.yml").write_text("namespace: freeagentics\nname: platform\nversion: 99.0.0\n")
    programs, called = tmp_path / "bin", tmp_path / "called"
    programs.mkdir()
    called.touch()
    for name in ("pgbackrest", "psql"):
        (programs / name).write_text(PROGRAM.format(name=name, called=called))
        (programs / name).chmod(0o755)
    (tmp_path / "ansible.cfg").touch()
    hosts = {"db1": {}, "west1": {}}
    for known in hosts.values():
        known["__restore_room"] = {"stdout_lines": ["Avail", "1099511627776"]}
        known["__restore_seen"] = {"version": "15"}
    inventory = {
        "all": {
            "hosts": {"localhost": {}},
            "vars": {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "ansible_become": False,
                "platform_name": "lab",
                "platform_ports": {"postgres": {"sql": 5432, "patroni": 8008}},
            },
            "children": {
                "postgres": {"hosts": hosts},
                "postgres_active": {"hosts": {"db1": {}}},
                "postgres_standby": {"hosts": {"west1": {}}},
            },
        }
    }
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))

    def run(*options, ends=EVEN, programs_say=None, leader="db1", done=None, room=None, **variables):
        answers = {
            "backup_info": {"repositories": REPOSITORIES, "system_identifiers": ["7"]},
            "wal_archive_info": {"repositories": [archive(number, end) for number, end in zip((1, 2), ends)]},
        }
        for name, answer in answers.items():
            text = MODULE.format(answer=json.dumps({"changed": False, **answer}))
            (home / "plugins" / "modules" / f"{name}.py").write_text(text)
        if room is not None:
            inventory["all"]["children"]["postgres"]["hosts"]["west1"]["__restore_room"]["stdout_lines"][-1] = room
            (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
        noted = {
            "__restore_there": ["db1", "west1"],
            "__restore_cluster": {"leader": leader, "timeline": 1},
            "__restore_marks": {
                "begun": [],
                "done": {**NOTHING, **(done or {})},
                "nothing": NOTHING,
            },
        }
        tasks = [
            {"ansible.builtin.set_fact": noted},
            {"ansible.builtin.import_tasks": str(PLAYBOOKS / "tasks/restore/plan.yml")},
        ]
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": [str(PLAYBOOKS / "vars/restore.yml")],
            "vars": {"scope": "in_place", "confirm": "lab", **variables},
            "tasks": tasks,
        }
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
        says = {
            "pgbackrest_says": "",
            "pgbackrest_ends": "0",
            "psql_says": "",
            "psql_ends": "0",
            **(programs_say or {}),
        }
        environment = {
            **os.environ,
            **says,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": f"{tmp_path}:{os.environ.get('ANSIBLE_COLLECTIONS_PATH', '')}",
            "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
            "ANSIBLE_NOCOLOR": "1",
        }
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        command = [program, "-i", str(tmp_path / "hosts.yml"), *options, str(tmp_path / "play.yml")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout + done.stderr, called.read_text().splitlines()

    return run


CHECKED = ["pgbackrest --stanza=lab check"]
NOT_TRIED = (
    "whether the newest log of db1 gets into the archive was asked, and not tried: without --check it is brought"
)
FAILS = "PostgreSQL fails to archive 000000010000000000000009"
UNARCHIVED = (
    "the newest log of db1 cannot be brought into the archive, and would be missing in what is restored: {}. Mend the "
    "archive, or leave that log in the old data, which stay beside the new, with -e unarchived_log_is_left=true"
)
LATER = (
    "repository 2 has log up to 0/64000000 on timeline 1, and repository 1 has log up to 0/A000000 on timeline 1: what "
    "was written in between would be missing in what is restored. Use -e repository=2, or leave that log there, with "
    "-e later_log_is_left=true"
)


def test_a_plan_without_an_objection_goes_on(plan):
    went_on, said, called = plan()
    assert went_on, said
    assert called == CHECKED
    assert f"from backup {BACKUP['label']} of repository 1: the youngest one that ended before the target" in said
    assert NOT_TRIED not in said


def test_log_that_cannot_be_archived_stops_it(plan):
    went_on, said, called = plan(programs_say={"pgbackrest_says": "ERROR: [082]", "pgbackrest_ends": "82"})
    assert not went_on
    assert called == CHECKED
    assert UNARCHIVED.format("ERROR: [082]") in said


@pytest.mark.parametrize(
    ("programs_say", "why"),
    [
        ({}, ""),
        ({"psql_says": FAILS}, FAILS),
        ({"psql_says": "psql: error: no server", "psql_ends": "2"}, "psql: error: no server"),
    ],
)
def test_check_mode_writes_no_log_and_tells_what_can_be_seen(plan, programs_say, why):
    went_on, said, called = plan("--check", programs_say=programs_say)
    assert went_on, said
    assert [one.partition(" ")[0] for one in called] == ["psql"]
    assert NOT_TRIED in said
    assert (UNARCHIVED.format(why) in said) is bool(why)
    assert ("cannot be brought into the archive" in said) is bool(why)


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_where_nobody_leads_nobody_is_asked(plan, options):
    went_on, said, called = plan(*options, leader="")
    assert (went_on, called) == (True, []), said
    assert NOT_TRIED not in said


def test_the_repository_with_most_of_the_log_is_restored_from(plan):
    went_on, said, _called = plan(ends=UNEVEN, leader="")
    assert went_on, said
    assert f"from backup {BACKUP['label']} of repository 2" in said
    assert (
        "repository 1 has log up to 0/A000000 on timeline 1, repository 2 has log up to 0/64000000 on timeline 1"
    ) in said


@pytest.mark.parametrize(
    ("variables", "leader", "done", "objected"),
    [
        ({}, "", None, True),
        ({"later_log_is_left": True}, "", None, False),
        # The leader has just brought the newest log into both.
        ({}, "db1", None, False),
        # It is not restored again.
        ({}, "", {"host": "db1", "timeline": 5}, False),
    ],
)
def test_a_named_repository_that_has_less_stops_it(plan, variables, leader, done, objected):
    went_on, said, _called = plan(ends=UNEVEN, repository="1", leader=leader, done=done, **variables)
    assert went_on is not objected, said
    assert (LATER in said) is objected


def test_a_backup_of_another_version_than_the_host_s_stops_it(plan, monkeypatch):
    monkeypatch.setitem(BACKUP, "version", "14")
    went_on, said, _called = plan("--check")
    assert not went_on
    assert f"backup {BACKUP['label']} of repository 1 is of PostgreSQL 14, and postgres_version is 15, whose" in said


@pytest.mark.parametrize(("whole", "objected"), [([], True), (["db1"], True), (["db1", "west1"], False)])
def test_a_region_that_has_what_was_restored_needs_no_room(plan, whole, objected):
    done = {"host": "db1", "leads": True, "timeline": 1, "whole": whole}
    went_on, said, _called = plan(done=done, room="1024")
    assert went_on is not objected, said
    assert ("west1 has 0 MiB free and the copy of its region, which follows, needs" in said) is objected


#: Behind the window of what both repositories have.
LATER_MOMENT = {"target": "time", "target_time": "2026-11-26 11:30:00+00"}


@pytest.mark.parametrize(
    ("done", "variables", "said_why"),
    [
        (None, {}, "the state at 2026-11-26 11:30:00+00 cannot be restored"),
        # The segment in which the timeline was left that an earlier run went along is read on the new one only.
        ({"host": "db1", "timeline": 1}, {}, ""),
        ({"host": "db1", "timeline": 1, "leads": True, "finished": True}, {}, ""),
        ({"host": "db1", "timeline": 1}, {"confirm": "another"}, "confirm it with -e confirm=lab"),
    ],
)
def test_what_an_earlier_run_restored_needs_no_backup_that_leads_there(plan, done, variables, said_why):
    went_on, said, _called = plan(leader="db1", done=done, **LATER_MOMENT, **variables)
    assert went_on is not bool(said_why), said
    assert said_why in said


def test_where_another_host_leads_with_it_by_now_nothing_is_restored_again(plan):
    done = {"host": "db1", "finished": True, "timeline": 3, "elsewhere": "west1"}
    went_on, said, _called = plan(leader="db1", done=done)
    assert not went_on
    assert "west1 leads with what an earlier run of this restore brought back on db1, on timeline 1 by now" in said
    assert plan(leader="db1", done=done, restore_again=True)[0]


def test_the_module_goes_on_only_with_what_the_plan_goes_on_with():
    (task,) = yaml.safe_load((PLAYBOOKS / "tasks/restore/in_place.yml").read_text(encoding="utf-8"))
    assert task["freeagentics.platform.postgres_restore"]["again"] == (
        "{{ hostvars['localhost'].__restore_done.host | length == 0 }}"
    )


def test_what_may_be_what_was_restored_is_not_restored_over(plan):
    done = {"host": "db1", "timeline": 3, "unclear": "db1 leads with it. Keep it"}
    went_on, said, _called = plan(leader="db1", done=done)
    assert not went_on
    assert "db1 leads with it. Keep it. To restore again, which puts aside what was written since, use -e" in said
    assert plan(leader="db1", done=done, restore_again=True)[0]


def test_the_mark_is_forgotten_only_when_all_was_read():
    """Where the reading is interrupted, or finds something, the same command restores nothing again."""
    plays = yaml.safe_load((PLAYBOOKS / "restore.yml").read_text(encoding="utf-8"))
    *before, read, last = plays[-1]["tasks"]
    assert [task["ansible.builtin.include_tasks"] for task in (read, last)] == [
        "tasks/restore/integrity.yml",
        "tasks/restore/unmark.yml",
    ]
    assert "unmark" not in yaml.safe_dump([plays[:-1], before])
