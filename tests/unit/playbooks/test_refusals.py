# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stops a failover, a switchover, a restore or a drill by a task of its own, each with its whole message.

The tasks themselves run, on this machine, each case in a play of its own; modules that would look at hosts have
stand-ins that answer by the case.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
PLAYBOOKS = REPOSITORY / "playbooks"
#: A module that keeps what it was asked, and answers by the case.
STAND_IN = """#!/usr/bin/python
# WANT_JSON
import json, os, sys
case = os.environ["CASE"]
with open({asked!r}, "a") as file:
    file.write(json.dumps([case, {name!r}, json.load(open(sys.argv[1]))]) + "\\n")
print(json.dumps(json.load(open({answers!r})).get(case, {{}}).get({name!r}, {{"changed": False}})))
"""
#: Notes each play, and its last failure.
CALLBACK = """
import json
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_NAME = 2.0, "told"

    def note(self, message):
        with open({told!r}, "a") as file:
            file.write(json.dumps([self.case, message]) + "\\n")

    def v2_playbook_on_play_start(self, play):
        self.case = play.get_name()
        self.note(None)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self.note(result._result["msg"])
"""


def tasks_in(entries):
    """Yield tasks or plays with those that are in them."""
    for entry in entries:
        yield entry
        for part in ("tasks", "block", "rescue", "always"):
            yield from tasks_in(entry.get(part) or ())


def task(file, name):
    """Return a task of a file by its name, in a list."""
    known = tasks_in(yaml.safe_load((PLAYBOOKS / file).read_text()))
    found = [one for one in known if one.get("name") == name and "hosts" not in one]
    assert len(found) == 1, (file, name)
    return found


def whole(file):
    """Return all tasks of a file."""
    return [{"ansible.builtin.import_tasks": str(PLAYBOOKS / file)}]


def recovery(database):
    """What a host that was looked at says of its server: None where it does not answer."""
    return {} if database is None else {"server": {"in_recovery": database}}


NUMBER = itertools.count(1)


class Case:
    """Tasks with what they know, and what they stop with; None where they go on."""

    def __init__(self, tasks, told, hosts=None, answers=None, environment=None, ignore_unreachable=False, **variables):
        self.tasks, self.told, self.variables = tasks, told, variables
        self.ignore_unreachable = ignore_unreachable
        #: Variables by host; each host is of one case only, as what it learns stays.
        self.hosts = hosts or {f"host{next(NUMBER)}": {}}
        self.answers, self.environment = answers or {}, environment or {}

    def play(self, name):
        """Return the play in which the tasks run."""
        return {
            "name": name,
            "hosts": ":".join(self.hosts),
            "gather_facts": False,
            "ignore_unreachable": self.ignore_unreachable,
            "vars": {
                "platform_name": "lab",
                "platform_domain": "example.com",
                "ansible_become": False,
                **self.variables,
            },
            "environment": {**self.environment, "CASE": name},
            # The cases after it run, too.
            "tasks": [{"block": self.tasks, "rescue": [{"ansible.builtin.debug": {}}]}],
        }


def telling(fact):
    """A task that tells what an earlier one noted."""
    return [{"ansible.builtin.fail": {"msg": "{{ " + fact + " }}"}}]


# Failovers


GUARD = task(
    "tasks/failover/plan.yml", "Stop where there is no plan, or the operator did not say which platform is meant"
)
AGAINST = task("tasks/failover/plan.yml", "Stop where something stands against it")
UNCONFIRMED = "nothing was done: this changes who leads lab; say -e confirm=lab if that is the platform that you mean"
POWER = whole("tasks/failover/power.yml")
OVERRULE = "-e unfenced=wait, which waits until its lease has run out"


def not_taken(host, said):
    return (
        f"the power of {host} was not taken: failover_fence_command says {said}. Mend the command, or see that the "
        f"host is off and overrule it with {OVERRULE}"
    )


def power(host, told, script, tasks=(), unproved=False, **variables):
    return Case(
        [*POWER, *tasks],
        told,
        {host: {}},
        failover_fence_command=["sh", "-c", script],
        __failover_unproved=unproved,
        __failover_overrule=OVERRULE,
        **variables,
    )


def compared(host, told, answer):
    return Case(
        whole("tasks/failover/compare.yml"),
        told,
        {host: {}},
        {"postgres_commits_info": answer},
        __failover_data="/data",
        __failover_version="15",
        __plan={"after": "0/3E8", "timeline": 3, "candidate": "db2"},
    )


def goes_on(host, why):
    return (
        f"{why}. {host} goes on as before. Bring the way between it and db2 back and run this again, or say -e "
        f"candidate=db2 -e unknown_loss=true, which loses what only {host} has"
    )


def proved(told, databases, config=None, leader=""):
    seen = {"store": {"leader": leader, "config": config or {}}}
    return Case(
        task("tasks/failover/prove.yml", "Stop where not exactly one server takes writes"),
        told,
        {name: {"__failover_seen": {**seen, **recovery(one)}} for name, one in databases.items()},
    )


RUN_AGAIN = (
    "writes. Run this again: it stops the one that does not hold the lease, and waits for an election where nobody does"
)


def proved_there(told, databases):
    return Case(
        task("tasks/failover/prove_region.yml", "Stop where not exactly one server takes writes, there"),
        told,
        {name: {"__failover_seen": recovery(one)} for name, one in databases.items()},
        __plan={"to": "west", "members": {"west": [name for name in databases if name.startswith("west")]}},
    )


SHOULD = "writes, and one in west should. Run this again: it looks at what is there"


def written(host, told, database, script):
    return Case(
        whole("tasks/failover/write.yml"),
        told,
        {host: {"__failover_seen": recovery(database)}},
        environment={"PSQL": script},
        platform_ports={"postgres": {"sql": 5432}},
    )


def not_written(host, said):
    return (
        f"{host} takes writes and did not commit one: {said}. A commit waits for a standby where one has to "
        "acknowledge: `patronictl list` there says which are away, and this can be run again"
    )


NUMBERS = ("revision", "lease_id", "forced", "lost_bytes", "ttl")


ALONE = {
    "failed": True,
    "msg": "the lease was not taken away: no standby was synchronous any more",
    "ends": {"db2": "0/3E8", "db3": "0/3E0"},
}


def led(host, told, stopped, refused=None, commits=None, old="l8", **known):
    """Somebody is to lead instead of who was stopped for it.

    refused: what the module answers that lets it lead. commits: what the log of the old primary is found to have.
    """
    # A play before it has said who that is.
    one = {"name": "{{ item }}", "groups": ["failover_stops"], "ansible_connection": "local"}
    stops = [{"ansible.builtin.add_host": one, "loop": stopped}]
    return Case(
        stops + task("failover_database.yml", "Let another member lead"),
        told,
        {host: known},
        {
            "postgres_failover": refused or {"failed": True, "msg": "db3 does not answer any more"},
            "postgres_commits_info": commits or {},
        },
        __failover_version="15",
        __failover_cluster={"scope": "lab", "etcd": []},
        __failover_members=[],
        __failover_ca="/ca",
        __failover_data="/data",
        __others=[],
        __unproved=False,
        __plan={
            "old": old,
            "candidate": "db2",
            "after": "",
            "timeline": 4,
            "named": True,
            **dict.fromkeys(NUMBERS, 0),
        },
        secret_etcd_patroni="secret",
    )


FELL_SILENT = (
    "{} does not answer any more, and whether another member leads is not known. Run this again, it makes a new plan"
)
FAILOVERS = [
    Case(
        GUARD,
        "nothing was done: to is not set: use -e to=east or -e to=west",
        __failover_plan={"refusal": "to is not set: use -e to=east or -e to=west"},
        __failover_request={"confirm": "lab"},
    ),
    *(
        Case(GUARD, told, __failover_plan={"refusal": ""}, __failover_request={"confirm": confirm})
        for confirm, told in (("", UNCONFIRMED), ("prod", UNCONFIRMED), ("true", UNCONFIRMED), ("lab", None))
    ),
    Case(
        AGAINST,
        "nothing was done: the first. The second",
        __failover_plan={"objections": [{"reason": "the first", "overrule": "-e a"}, {"reason": "The second"}]},
    ),
    Case(AGAINST, None, __failover_plan={"objections": []}),
    power("p1", not_taken("p1", "no such host"), "echo who; echo no such host. >&2; exit 1"),
    power("p2", not_taken("p2", "nothing, and ended with status 3"), "exit 3"),
    power(
        "p3",
        not_taken("p3", "it took longer than failover_fence_seconds (1), and was ended"),
        "sleep 60",
        failover_fence_seconds=1,
    ),
    power("p4", None, "echo on its way >&2"),
    power(
        "p5",
        "its power was not taken: failover_fence_command says no",
        "echo no >&2; exit 1",
        telling("__fenced.proof"),
        unproved=True,
    ),
    compared(
        "c1",
        goes_on(
            "c1",
            "c1 committed 3 transactions behind 0/3E8, where the log of db2 ended, the first at 10:00 and the last at "
            "11:00",
        ),
        {"commits": 3, "first": "10:00", "last": "11:00"},
    ),
    compared("c2", goes_on("c2", "it cannot be seen"), {"failed": True, "msg": "it cannot be seen"}),
    compared("c3", None, {"commits": 0, "first": "", "last": ""}),
    proved(f"no server takes {RUN_AGAIN}", {"w1": True, "w2": None}),
    proved(f"w3 and w5 both take {RUN_AGAIN}", {"w3": False, "w4": True, "w5": False}),
    proved(None, {"w6": True, "w7": False}),
    # Of a region that follows nobody takes writes.
    proved(None, {"w8": True, "w9": True}, {"standby_cluster": {"host": "10.0.0.9"}}, "w8"),
    proved(f"no server takes {RUN_AGAIN}", {"w10": True}, {"standby_cluster": {"host": "10.0.0.9"}}),
    proved_there(f"no server takes {SHOULD}", {"east1": True, "west1": None}),
    proved_there(f"east2 and west2 both take {SHOULD}", {"east2": False, "west2": False}),
    proved_there(f"east3 takes {SHOULD}", {"east3": False, "west3": True}),
    proved_there(None, {"east4": True, "west4": False}),
    written("s1", not_written("s1", "no space left"), False, "echo no space left >&2; exit 2"),
    written("s2", None, False, "exit 0"),
    # A standby is not asked to.
    written("s3", None, True, "exit 2"),
    led("l1", "db3 does not answer any more", []),
    led("l2", FELL_SILENT.format("l2"), [], ansible_connection="lost"),
    led("l3", "db3 does not answer any more. l8, l9, which was stopped for this, was let back", ["l8", "l9"]),
    led(
        "l4",
        f"{FELL_SILENT.format('l4')}. l8, l9, which was stopped for this, was let back",
        ["l8", "l9"],
        ansible_connection="lost",
    ),
    # It went on alone at the end: nobody compares what was not stopped, or ends elsewhere.
    led("l5", f"{ALONE['msg']}. l8, l9, which was stopped for this, was let back", ["l8", "l9"], ALONE, old="l10"),
    led(
        "l6",
        f"{ALONE['msg']}. l8, l9, which was stopped for this, was let back",
        ["l8", "l9"],
        {**ALONE, "ends": {"db3": "0/3E0"}},
    ),
    led(
        "l7",
        "l8 went on without a standby, and committed 3 transactions behind 0/3E8, where the log of db2 ended, the "
        "first at 10:00 and the last at 11:00. Run this again, as it plans with who has most by now (db2 0/3E8, db3 "
        "0/3E0). Where that helps nothing, bring the way between the two back and run it once more, or say "
        "-e candidate=db2 -e unknown_loss=true, which loses what only l8 has. l8, l9, which was stopped for this, was "
        "let back",
        ["l8", "l9"],
        ALONE,
        {"commits": 3, "first": "10:00", "last": "11:00"},
    ),
    # It is asked once more, and says the same here.
    led(
        "l11",
        f"{ALONE['msg']}. l8, l9, which was stopped for this, was let back",
        ["l8", "l9"],
        ALONE,
        {"commits": 0, "first": "", "last": ""},
    ),
    Case(
        task("tasks/failover/report.yml", "Fail where visitors get no answer"),
        "db2 leads, but visitors get no answer. Look there",
        __failover_told={
            "good": False,
            "verdict": "db2 leads, but visitors get no answer",
            "next": ["Look there", "a"],
        },
    ),
    Case(
        task("tasks/failover/report.yml", "Fail where visitors get no answer"),
        None,
        __failover_told={"good": True, "verdict": "db2 leads", "next": []},
    ),
]


# Restores


NOBODY = task("tasks/restore/look.yml", "Stop where nobody is there")
ELSEWHERE = task("tasks/restore/look.yml", "Stop where another region leads")
LATER = task("tasks/restore/plan.yml", "Stop where the log went on along a later timeline than the earlier run began")
BY_NOW = task("tasks/restore/plan.yml", "Stop where another host leads by now with what the earlier run brought back")
UNCLEAR = task("tasks/restore/plan.yml", "Stop where what is led with may be what the earlier run brought back")
OTHER = task("tasks/restore/recovered.yml", "Stop where the leader has another database")
UNLED = task("tasks/restore/unled.yml", "Stop where a server that runs may have more than the backups")
ARCHIVED = task("restore.yml", "Stop where a repository has no segment of the new timeline")


def elsewhere(told, here, there=None, scope="in_place"):
    members = {"members": [{"name": name, "role": role} for name, role in here.items()]}
    others = {"members": [{"name": name, "role": role} for name, role in there.items()]} if there else {"skipped": True}
    request = {"scope": scope}
    return Case(ELSEWHERE, told, __restore_request=request, __restore_cluster=members, __restore_elsewhere=others)


def unled(told, here, there=None, left=False):
    here, there = ({"members": [{"name": a, "state": b} for a, b in one.items()]} for one in (here, there or {}))
    return Case(
        UNLED,
        told,
        {"west9": {"platform_region": "us-west-2"}} if "west9" in str(told) else None,
        __restore_request={"running_data_are_left": left},
        __restore_cluster=here,
        __restore_elsewhere=there,
    )


def has_more(who, scope):
    return (
        f"{who} still runs and may have more than the backups, and nobody leads: playbooks/failover.yml -e {scope} "
        "--check says what it takes to let it lead. To put its data aside and restore the backups in its place, "
        "use -e running_data_are_left=true"
    )


def second(who):
    return (
        f"{who}: a restore in the region that topology.yml calls active would make a second database that takes "
        "writes. Write `state: active` at the region that leads and `state: standby` at the other one, run "
        "playbooks/postgres.yml, and type this again"
    )


def repositories(*segments):
    return {"repositories": [{"last": {"segment": one}} if one else {"error": "no", "last": None} for one in segments]}


def later(told, *segments, **done):
    return Case(
        LATER,
        told,
        __restore_archive=repositories(*segments),
        __restore_done={"host": "db1", "leads": False, "timeline": 5, **done},
    )


def other(told, identifier, backups):
    return Case(
        OTHER,
        told,
        __restore_cluster={"leader": "db1", "members": [{"name": "db1", "system_identifier": identifier}]},
        __restore_backups={"system_identifiers": backups},
    )


def another(identifier, backups):
    return (
        f"db1 leads a database with the system identifier {identifier}, and the backups are of {backups}. To put the "
        "backups in its place: playbooks/restore.yml -e scope=in_place -e confirm=lab, which keeps what is there "
        "beside it"
    )


def archived(told, *segments):
    return Case(ARCHIVED, told, __cluster={"timeline": 6}, __archive=repositories(*segments))


def not_archived(newest):
    return (
        f"timeline 6 is not in every repository: their newest segments are of {newest}. The database serves; "
        "`pgbackrest check` on the backup host says what keeps them out, and the same command again does the rest"
    )


FIFTH, SIXTH = "000000050000000000000009", "000000060000000000000001"
RESTORES = [
    Case(
        NOBODY,
        "neither a database host nor the backup host can be reached: bring one back, or make new ones with "
        "playbooks/recover.yml",
        __restore_there=[],
    ),
    Case(NOBODY, None, __restore_there=["backup1"]),
    elsewhere(second("db8 leads, db9 leads"), {"db1": "standby_leader"}, {"db8": "primary", "db9": "master"}),
    elsewhere(second("db1 follows another region, which leads"), {"db1": "standby_leader", "db2": "replica"}),
    elsewhere(None, {"db1": "primary", "db2": "replica"}, {"db9": "standby_leader"}),
    elsewhere(None, {"db1": "standby_leader"}, {"db9": "primary"}, scope="scratch"),
    later(
        "an earlier run of this restore brought back timeline 5 on db1, and the log went on along timeline 6 since. To "
        "restore again, use -e restore_again=true",
        FIFTH,
        SIXTH,
    ),
    Case(
        BY_NOW,
        "db2 leads with what an earlier run of this restore brought back on db1, on timeline 7 by now: what was "
        "written since would be missing. playbooks/postgres.yml does the rest, with pgbackrest-job full on the backup "
        "host. To restore again, use -e restore_again=true",
        __restore_done={"host": "db1", "elsewhere": "db2"},
        __restore_cluster={"timeline": 7},
    ),
    Case(BY_NOW, None, __restore_done={"host": "db1", "elsewhere": ""}, __restore_cluster={"timeline": 7}),
    Case(
        UNCLEAR,
        "it may be that. Do this. To restore again, which puts aside what was written since, use -e restore_again=true",
        __restore_done={"unclear": "it may be that. Do this"},
    ),
    Case(UNCLEAR, None, __restore_done={"unclear": ""}),
    later(None, FIFTH, ""),
    later(None, ""),
    later(None, SIXTH, leads=True),
    later(None, SIXTH, host=""),
    Case(
        task("tasks/restore/plan.yml", "Stop where no backup leads to the target"),
        "target=time needs target_time",
        __restore_plan={"refusal": "target=time needs target_time"},
    ),
    Case(
        task("tasks/restore/plan.yml", "Stop where something stands against it"),
        "the first. The second",
        __restore_plan={"objections": ["the first", "The second"]},
    ),
    Case(
        task("tasks/restore/plan.yml", "Stop where something stands against it"),
        None,
        __restore_plan={"objections": []},
    ),
    unled(
        has_more("west9", "scope=region -e to=us-west-2"),
        {"db1": "unknown", "db2": "stopped"},
        {"west9": "running", "west8": "stopped"},
    ),
    unled(has_more("db1, db2", "scope=database"), {"db1": "running", "db2": "starting", "db3": "creating replica"}),
    unled(None, {"db1": "running"}, {"west9": "running"}, left=True),
    unled(None, {"db1": "stopped"}, {"west9": "creating replica", "west8": "unknown"}),
    other(another("7", "8, 9"), "7", ["8", "9"]),
    other(another("unknown", "none"), "", []),
    other(None, "7", ["7", "8"]),
    archived(not_archived("5"), FIFTH, FIFTH),
    archived(not_archived("6, 5"), SIXTH, FIFTH),
    archived(not_archived("6, 0"), SIXTH, ""),
    archived(None, SIXTH, SIXTH),
    *(
        Case(
            task("tasks/restore/integrity.yml", "Stop where the database is not whole"),
            told,
            {host: {}},
            __integrity={"healthy": healthy, "findings": [1, 2], "not_checked": [1]},
        )
        for host, healthy, told in (
            (
                "i1",
                False,
                "the database serves on i1, and the report above names 2 findings and 1 checks that could not be made, "
                "each with what to do; docs/integrity.md explains them",
            ),
            ("i2", True, None),
        )
    ),
]


# Drills


STORING = task("tasks/drill/begin.yml", "Stop where the site does not store records before anything happens")
GIVEN_BACK = task("tasks/drill/given_back.yml", "Stop where a host did not get back what was taken")


def storing(host, told, stored, **variables):
    return Case(STORING, told, {host: {}}, __drill_stored=stored, __drill_file="/var/tmp/drill/drill-1", **variables)


def not_storing(host, url):
    return (
        f"the site stores no records at {url}: nothing was done. What it answers is in /var/tmp/drill/drill-1.jsonl on "
        f"{host}"
    )


def given_back(told, **hosts):
    return Case(GIVEN_BACK, told, hosts, __drill_takers=list(hosts))


def kept(who, why):
    return f"{who} did not get back what the drill took ({why}). The same command again tries that first"


def answering(host, told, tasks, ended, **variables):
    return Case(tasks, told, {host: ended}, **variables)


MEETS = task("drill.yml", "Let it happen, or note why not") + telling("__drill_trouble | default('it met it')")
GIVES = whole("tasks/drill/give_back.yml") + telling("__drill_kept | default('it ended')")
NOTHING = {"on_host": False, "fault": "none"}
SILENT = {"unreachable": True, "msg": "Connection timed out"}
WAS = {"bad": "bad1", "current": "good2", "previous": "good1"}


def released(host, answer, told="it ended", known=(), **given):
    """A drill that deployed a release is ended where this one is found."""
    return Case(
        GIVES,
        told,
        {host: {"app_name": "api", **dict(known)}},
        {"app_release": answer},
        ignore_unreachable=True,
        __drill_given={"on_host": False, "fault": "deploy", **given},
        ansible_inventory_sources=["lab"],
    )


#: What is done there: the release that is brought back, and the links that are led where they led.
BACK, LINKS = ["--limit={}", "--extra-vars=app_rollback_version=good2"], ("restored", "good2", "good1")
RELEASED = {
    # The run died while the release became healthy or not, or it became so.
    "v1": (released("v1", {"current": "bad1", "stale": True}, releases=WAS), BACK, LINKS),
    "v2": (released("v2", {"current": "bad1", "stale": False}, known={"__drill_releases": WAS}), BACK, LINKS),
    # It died before that, or while the release was taken back.
    "v3": (released("v3", {"current": "good2", "stale": True}, releases=WAS), BACK, None),
    # It was taken back, somebody has deployed another one meanwhile, or nobody noted what was there.
    "v4": (released("v4", {"current": "good2", "stale": False}, releases=WAS), None, None),
    "v5": (released("v5", {"current": "good3", "stale": True}, releases=WAS), None, None),
    "v6": (released("v6", {"current": "bad1", "stale": True}), None, None),
    # It was there before already.
    "v7": (
        released("v7", {"current": "bad1", "stale": False}, releases={**WAS, "current": "bad1"}),
        [BACK[0], "--extra-vars=app_rollback_version=bad1"],
        None,
    ),
    "v8": (released("v8", {"failed": True, "msg": "no such host"}, "no such host", releases=WAS), None, None),
    "v9": (
        released("v9", {}, "Task failed: Connection timed out", {"ansible_connection": "lost"}, releases=WAS),
        None,
        None,
    ),
}
BEGIN, SEEN = "Stop where another drill runs", {"refusal": "a drill runs: primary_lost, by ann on ops1"}
QUICKER = "another drill was noted meanwhile ({}): the same command again tells more of it"


def noted(told, **answer):
    return Case(task("tasks/drill/note.yml", "Stop where another run was quicker"), told, __drill_note=answer)


def readable(told, status, operator="database", fault="power"):
    """The inventory is read with success or not, as of its program's exit status."""
    (looks,) = task("tasks/drill/plan.yml", "Look whether playbooks that it runs can read the inventory")
    return Case(
        [{**looks, **whole("tasks/drill/readable.yml")[0]}],
        told,
        __drill_planned={"operator": operator, "fault": fault},
        environment={"READ": str(status)},
        __drill_inventory=["--inventory=lab", "--inventory=more"],
    )


NOT_READ = (
    "the drill runs playbooks of its own, and they cannot read the inventory: what was typed for --ask-vault-pass is "
    "known to this run alone. Write the password of the vault into a file, name it with ANSIBLE_VAULT_PASSWORD_FILE or "
    "with vault_password_file in ansible.cfg, and type the same command again. `ansible-inventory --list` says what "
    "else it is"
)
UNREADABLE = readable(NOT_READ, 4)
DRILLS = [
    UNREADABLE,
    readable(NOT_READ, 4, operator="", fault="deploy"),
    readable(None, 0),
    # It runs none.
    readable(None, 4, operator=""),
    Case(task("tasks/drill/left.yml", BEGIN), f"nothing was done: {SEEN['refusal']}", __drill_seen=SEEN),
    Case(task("tasks/drill/left.yml", BEGIN), None, __drill_seen={"refusal": ""}),
    noted(QUICKER.format('{"run": 1}'), rc=9, stdout='{"run": 1}'),
    noted(QUICKER.format("and has ended"), rc=9, stdout=""),
    noted(None, rc=0, stdout=""),
    Case(task("tasks/drill/begin.yml", "Stop"), "the site is away", ansible_failed_result={"msg": "the site is away"}),
    Case(task("tasks/drill/begin.yml", "Stop"), "records cannot be stored", ansible_failed_result={}),
    Case(
        task(
            "tasks/drill/plan.yml",
            "Stop where there is no such drill, or the platform must not be drilled, or is not whole",
        ),
        "nothing was done: there is no other region",
        __drill_planned={"refusal": "there is no other region"},
    ),
    Case(
        task(
            "tasks/drill/plan.yml",
            "Stop where there is no such drill, or the platform must not be drilled, or is not whole",
        ),
        None,
        __drill_planned={"refusal": ""},
    ),
    storing("d1", not_storing("d1", "https://app.example.com/api/v1/records"), {"stdout": "19"}),
    storing("d2", not_storing("d2", "https://a.b/c"), {"stdout": ""}, drill_url="https://a.b/c"),
    storing("d3", not_storing("d3", "https://app.example.com/api/v1/records"), {"failed": True}),
    storing("d4", None, {"stdout": "20"}),
    given_back(
        kept("g1, g3", "it did not end"),
        g1={},
        g2={"__drill_given_back": True},
        g3={"__drill_given_back": False, "__drill_kept": "it did not end"},
    ),
    given_back(kept("g4", "it does not answer"), g4={}),
    given_back(None, g5={"__drill_given_back": True}),
    answering("m1", "m1 did not meet the fault: Connection timed out", MEETS, {"__drill_met": SILENT}, __drill=NOTHING),
    answering(
        "m2",
        "m2 did not meet the fault: it does not answer",
        MEETS,
        {"__drill_met": {"unreachable": True}},
        __drill=NOTHING,
    ),
    answering("m3", "it met it", MEETS, {"__drill_met": {"rc": 0}}, __drill=NOTHING),
    answering("e1", "Connection timed out", GIVES, {"__drill_end": SILENT}, __drill_given=NOTHING),
    answering("e2", "it does not answer", GIVES, {"__drill_end": {"unreachable": True}}, __drill_given=NOTHING),
    answering("e3", "it ended", GIVES, {"__drill_end": {"rc": 0}}, __drill_given=NOTHING),
    *(case for case, _back, _links in RELEASED.values()),
    Case(
        task("tasks/drill/report.yml", "Fail where the platform did not pass"),
        "the platform did not pass: a web server is lost: did not pass; away 16 s",
        __drill_judged={"good": False, "report": {"verdict": "a web server is lost: did not pass; away 16 s"}},
    ),
    Case(
        task("tasks/drill/report.yml", "Fail where the platform did not pass"),
        None,
        __drill_judged={"good": True, "report": {"verdict": ""}},
    ),
]
CASES = {f"case {number}": case for number, case in enumerate([*FAILOVERS, *RESTORES, *DRILLS], 1)}


@pytest.fixture(scope="module", name="run")
def run_all(tmp_path_factory, lost_connection):
    """Run all cases at once; return what each stopped with, and what its modules were asked."""
    folder = tmp_path_factory.mktemp("refusals")
    home = folder / "ansible_collections" / "freeagentics" / "platform"
    (home / "plugins" / "modules").mkdir(parents=True)
    (home / "galaxy.yml").write_text("namespace: freeagentics\nname: platform\nversion: 99.0.0\n")
    for name in ("app_release", "postgres_commits_info", "postgres_failover", "postgres_fence"):
        text = STAND_IN.format(asked=str(folder / "asked"), answers=str(folder / "answers.json"), name=name)
        (home / "plugins" / "modules" / f"{name}.py").write_text(text)
    (folder / "answers.json").write_text(json.dumps({name: case.answers for name, case in CASES.items()}))
    (folder / "connections").mkdir()
    (folder / "connections" / "lost.py").write_text(lost_connection)
    (folder / "callbacks").mkdir()
    (folder / "callbacks" / "told.py").write_text(CALLBACK.format(told=str(folder / "told")))
    (folder / "bin").mkdir()
    (folder / "bin" / "psql").write_text('#!/bin/sh\neval "$PSQL"\n')
    for name in ("ansible-playbook", "ansible-inventory"):
        text = f'#!/bin/sh\necho "$CASE: $*" >> {folder}/played\nexit ${{READ:-0}}\n'
        (folder / "bin" / name).write_text(text)
    for name in ("psql", "ansible-playbook", "ansible-inventory"):
        (folder / "bin" / name).chmod(0o755)
    for name in ("tasks", "files"):
        (folder / name).symlink_to(PLAYBOOKS / name)
    hosts = {host: known for case in CASES.values() for host, known in case.hosts.items()}
    assert len(hosts) == sum(len(case.hosts) for case in CASES.values())
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"all": {"hosts": {"localhost": {}, **hosts}, "vars": local}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    plays = [case.play(name) for name, case in CASES.items()]
    (folder / "play.yml").write_text(yaml.safe_dump(plays))
    (folder / "ansible.cfg").touch()
    for name in ("told", "asked", "played"):
        (folder / name).touch()
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": str(folder / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "told",
        "ANSIBLE_CONNECTION_PLUGINS": str(folder / "connections"),
        "ANSIBLE_INVENTORY_ENABLED": "yaml",
    }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [program, "-i", str(folder / "hosts.yml"), str(folder / "play.yml")]
    # Plays that were rescued leave a status of their own.
    subprocess.run(command, env=environment, capture_output=True, check=False)
    told = dict(json.loads(line) for line in (folder / "told").read_text().splitlines())
    asked = [json.loads(line) for line in (folder / "asked").read_text().splitlines()]
    played = [line.split(": ", 1) for line in (folder / "played").read_text().splitlines()]
    return told, [*asked, *([case, "ansible-playbook", words.split()] for case, words in played)]


@pytest.mark.parametrize("name", CASES)
def test_what_stops_a_run_is_told(run, name):
    told, _asked = run
    assert told[name] == CASES[name].told


def test_who_was_stopped_is_let_back_where_it_goes_on(run):
    """Not where nothing that it committed is lost, or nobody was stopped."""
    _told, asked = run
    let_back = [(case, given["directory"]) for case, module, given in asked if module == "postgres_fence"]
    named = {name: next(iter(case.hosts)) for name, case in CASES.items()}
    assert [(named[case], directory) for case, directory in let_back] == [
        ("c1", "/data"),
        ("c2", "/data"),
        ("l3", "/data"),
        ("l3", "/data"),
        ("l4", "/data"),
        ("l4", "/data"),
        *((host, "/data") for host in ("l5", "l6", "l7", "l11") for _stopped in ("l8", "l9")),
    ]


def test_where_nothing_was_committed_alone_the_candidate_is_let_lead_by_name(run):
    _told, asked = run
    name = next(key for key, one in CASES.items() if next(iter(one.hosts)) == "l11")
    compared = [given for key, module, given in asked if (key, module) == (name, "postgres_commits_info")]
    assert [(given["after"], given["timeline"]) for given in compared] == [("0/3E8", 4)]
    lets = [given for key, module, given in asked if (key, module) == (name, "postgres_failover")]
    assert [(given["compared"], given["candidate"]) for given in lets] == [(False, "db2"), (True, "db2")]


@pytest.mark.parametrize("host", RELEASED)
def test_a_release_that_a_drill_deployed_is_taken_back_where_it_is_still_there(run, host):
    _told, asked = run
    case, back, links = RELEASED[host]
    name = next(key for key, one in CASES.items() if one is case)
    played = [words[2:] for key, module, words in asked if key == name and module == "ansible-playbook"]
    assert played == ([[word.format(host) for word in back]] if back else [])
    led = [given for key, module, given in asked if key == name and module == "app_release"]
    led = [(one["state"], one["current"], one["previous"]) for one in led if one["state"] == "restored"]
    assert led == ([links] if links else [])


def test_the_inventory_is_read_as_the_playbooks_of_a_drill_read_it(run):
    _told, asked = run
    name = next(key for key, one in CASES.items() if one is UNREADABLE)
    assert [words for key, _program, words in asked if key == name] == [
        ["--list", "--inventory=lab", "--inventory=more"]
    ]


def test_every_task_that_stops_a_run_is_among_these():
    """Also one that somebody adds."""
    files = [PLAYBOOKS / f"{name}.yml" for name in ("failover", "switchover", "restore", "drill")]
    files += [*PLAYBOOKS.glob("failover_*.yml"), *PLAYBOOKS.glob("tasks/failover/*.yml")]
    files += [*PLAYBOOKS.glob("tasks/restore/*.yml"), *PLAYBOOKS.glob("tasks/drill/*.yml")]
    known, stops = set(), ("ansible.builtin.assert", "ansible.builtin.fail")
    for case in CASES.values():
        words = "ansible.builtin.import_tasks"
        imported = [PLAYBOOKS / one[words] for one in tasks_in(case.tasks) if words in one]
        tasks = [*case.tasks, *(one for file in imported for one in yaml.safe_load(file.read_text()))]
        known |= {
            one[stop].get("fail_msg", one[stop].get("msg")) for one in tasks_in(tasks) for stop in stops if stop in one
        }
    for file in files:
        for one in tasks_in(yaml.safe_load(file.read_text())):
            for stop in stops:
                if stop in one:
                    assert one[stop].get("fail_msg", one[stop].get("msg")) in known, (file, one["name"])
