# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fault is ended by a timer that is there before it, and its end removes what the fault brought and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "playbooks/files/drill/drill-fault"
#: A packet filter as far as the program uses it: rules by chain, each with its comment. What it is asked is noted.
#: What begins like something that is broken fails.
FILTER = """#!{python}
import json, os, sys
name, wait, words = os.path.basename(sys.argv[0]), sys.argv[1:3], sys.argv[3:]
asked = " ".join([name, *wait, *words])
with open("{folder}/asked", "a", encoding="utf-8") as file:
    file.write(asked + "\\n")
assert wait == ["-w", "10"], wait
if asked.startswith(tuple(json.load(open("{folder}/broken", encoding="utf-8")))):
    sys.exit(4)
path = "{folder}/" + name + ".rules"
rules = json.load(open(path, encoding="utf-8"))
if words[0] == "-I":
    rules[words[1]].insert(int(words[2]) - 1, words[3:])
elif words[0] == "-D":
    del rules[words[1]][int(words[2]) - 1]
else:
    assert words == ["-n", "-L", words[2], "--line-numbers"], words
    print("Chain " + words[2] + " (policy ACCEPT)")
    print("num  target     prot opt source               destination")
    for number, rule in enumerate(rules[words[2]], 1):
        comment = " /* " + rule[rule.index("--comment") + 1] + " */" if "--comment" in rule else ""
        print(f"{{number:<4}} {{rule[-1]:10}} all  --  0.0.0.0/0            0.0.0.0/0           " + comment)
json.dump(rules, open(path, "w", encoding="utf-8"))
"""
#: What notes its arguments alone.
NOTED = '#!/bin/sh\necho "${{0##*/}}" "$@" >>{folder}/asked\nexit $(cat {folder}/status)\n'
#: Rules that somebody else made.
OTHERS = {
    "INPUT": [
        ["-i", "lo", "-j", "ACCEPT"],
        ["-m", "comment", "--comment", "drills", "-j", "ACCEPT"],
        ["-m", "comment", "--comment", "no drill", "-j", "DROP"],
    ],
    "OUTPUT": [["-j", "ACCEPT"]],
}
MINE = ["-m", "comment", "--comment", "drill"]
FILTERS = ("iptables", "ip6tables")
STOP_TIMER = "systemctl stop drill-end.timer"
GO_ON = "systemctl kill --kill-who=all --signal=CONT patroni.service"
LOOKS = [f"{name} -w 10 -n -L {chain} --line-numbers" for name in FILTERS for chain in ("INPUT", "OUTPUT")]


@pytest.fixture
def host(tmp_path):
    """A host with stand-ins; ``fault`` runs the program, ``asked`` is what they were asked since the last time."""
    (tmp_path / "bin").mkdir()
    # What would fill a disk is never the machine's own: where a guard fails, the test does, and the machine goes on.
    noted = ("systemctl", "systemd-run", "fallocate", "head")
    programs = dict.fromkeys(FILTERS, FILTER) | dict.fromkeys(noted, NOTED)
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(text.format(python=sys.executable, folder=tmp_path), encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "data").mkdir()
    text = SCRIPT.read_text(encoding="utf-8").replace("data=/var/lib/postgresql\n", f"data={tmp_path}/data\n")
    text = text.replace("stopped=/run/", f"stopped={tmp_path}/")
    (tmp_path / "drill-fault").write_text(text, encoding="utf-8")
    (tmp_path / "drill-fault").chmod(0o755)
    state = SimpleNamespace(program=str(tmp_path / "drill-fault"))

    def put(rules, status=0, broken=()):
        for name in FILTERS:
            (tmp_path / f"{name}.rules").write_text(json.dumps(rules), encoding="utf-8")
        (tmp_path / "status").write_text(str(status))
        (tmp_path / "broken").write_text(json.dumps(broken))

    def run(*words):
        (tmp_path / "asked").write_text("")
        environment = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
        return done.returncode, done.stdout + done.stderr

    def stand_in(name, text):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)

    state.stand_in, state.data = stand_in, tmp_path / "data"
    state.put, state.run, state.fault = put, run, lambda *words: run(state.program, *words)
    state.repair = lambda: (tmp_path / "broken").write_text("[]")
    state.asked = lambda: (tmp_path / "asked").read_text().splitlines()
    state.rules = lambda: {name: json.loads((tmp_path / f"{name}.rules").read_text()) for name in FILTERS}
    put(OTHERS)
    return state


def timer(host, seconds):
    """What sets the timer, whatever was set before."""
    again = "--property=Restart=on-failure --property=RestartSec=2 --property=StartLimitIntervalSec=0"
    return [
        STOP_TIMER,
        f"systemd-run --quiet --unit=drill-end --on-active={seconds} {again} --collect /bin/sh {host.program} end",
    ]


def rule(text):
    """A rule as the program makes it."""
    *words, jump, target = text.split()
    return [*words, *MINE, jump, target]


#: What each fault puts in front of the rules that are there, by chain.
FAULTS = {
    "cut": {
        "INPUT": [rule("-p tcp --dport 22 -j ACCEPT"), rule("! -i lo -j DROP")],
        "OUTPUT": [rule("-p tcp --sport 22 -j ACCEPT"), rule("! -o lo -j DROP")],
    },
    "cut_in": {
        "INPUT": [
            rule("-p tcp --dport 22 -j ACCEPT"),
            rule("-m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT"),
            rule("! -i lo -j DROP"),
        ],
        "OUTPUT": [],
    },
    "cut_out": {"INPUT": [], "OUTPUT": [rule("-p tcp --sport 22 -j ACCEPT"), rule("! -o lo -j DROP")]},
    "cut_store": {
        "INPUT": [["-p", "tcp", "--dport", "2379", "!", "-i", "lo", *MINE, "-j", "DROP"]],
        "OUTPUT": [rule("-p tcp --dport 2379 -j DROP")],
    },
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_cut_is_so_in_front_of_all_other_rules_for_both_families(host, name):
    assert host.fault(name, "180", "2379") == (0, "")
    wanted = {chain: [*FAULTS[name][chain], *others] for chain, others in OTHERS.items()}
    assert host.rules() == dict.fromkeys(FILTERS, wanted)


@pytest.mark.parametrize("name", FAULTS)
def test_what_ends_a_cut_is_there_before_its_first_rule(host, name):
    host.fault(name, "180", "2379")
    begin, rest = host.asked()[:2], host.asked()[2:]
    assert begin == timer(host, 180)
    assert {line.split()[0] for line in rest} == set(FILTERS)
    assert {tuple(line.split()[1:4]) for line in rest} == {("-w", "10", "-I")}


def test_what_ends_a_freeze_is_there_before_it(host):
    assert host.fault("freeze", "90") == (0, "")
    assert host.asked() == [
        *timer(host, 90),
        "systemctl kill --kill-who=all --signal=STOP patroni.service",
    ]
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)


def test_what_ends_a_stop_of_the_store_is_there_before_it(host):
    assert host.fault("stop_store", "90") == (0, "")
    assert host.asked() == [*timer(host, 90), "systemctl stop etcd.service"]
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)
    assert host.fault("end") == (0, "")
    assert host.asked() == [GO_ON, "systemctl start etcd.service", *LOOKS, STOP_TIMER]
    # It is started once: whoever stops it later has a reason.
    assert host.fault("end") == (0, "")
    assert host.asked() == [GO_ON, *LOOKS, STOP_TIMER]


def test_where_the_store_does_not_start_it_is_tried_again(host):
    host.fault("stop_store", "90")
    host.put(OTHERS, status=1)
    assert host.fault("end") == (1, "")
    assert STOP_TIMER not in host.asked()
    host.put(OTHERS)
    assert host.fault("end") == (0, "")
    assert host.asked() == [GO_ON, "systemctl start etcd.service", *LOOKS, STOP_TIMER]


@pytest.mark.parametrize("name", ["freeze", "stop_store", *FAULTS])
def test_without_what_ends_it_there_is_no_fault(host, name):
    """systemd sets no timer: it is out of memory, or the unit of another drill is still on its way."""
    host.put(OTHERS, status=1)
    assert host.fault(name, "180", "2379")[0] == 1
    assert host.asked() == timer(host, 180)
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)


def test_a_fault_that_came_in_part_ends_by_the_same_timer(host):
    """The host has no packet filter for one of the families."""
    host.put(OTHERS, broken=["ip6tables"])
    assert host.fault("cut", "180")[0] == 4
    assert host.asked() == [
        *timer(host, 180),
        *(f"{name} -w 10 -I INPUT 1 ! -i lo -m comment --comment drill -j DROP" for name in FILTERS),
    ]
    assert host.fault("end") == (1, "")
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)


# The end


@pytest.mark.parametrize("name", ["freeze", *FAULTS])
def test_after_the_end_everything_is_as_before(host, name):
    host.fault(name, "180", "2379")
    assert host.fault("end") == (0, "")
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)
    assert (host.asked()[0], host.asked()[-1]) == (GO_ON, STOP_TIMER)


def test_rules_are_removed_from_the_last_one(host):
    """The numbers of those behind a rule change with it, and ten comes after nine."""
    rules = {
        "INPUT": [rule("! -i lo -j DROP"), *OTHERS["INPUT"], *[rule("-j DROP")] * 7],
        "OUTPUT": [*OTHERS["OUTPUT"], rule("! -o lo -j DROP")],
    }
    host.put(rules)
    assert host.fault("end") == (0, "")
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)
    numbers = {"INPUT": (11, 10, 9, 8, 7, 6, 5, 1), "OUTPUT": (2,)}
    assert host.asked() == [
        GO_ON,
        *(
            line
            for name in FILTERS
            for chain, found in numbers.items()
            for line in (
                f"{name} -w 10 -n -L {chain} --line-numbers",
                *(f"{name} -w 10 -D {chain} {number}" for number in found),
            )
        ),
        STOP_TIMER,
    ]


@pytest.mark.parametrize("rules", [OTHERS, {"INPUT": [], "OUTPUT": []}])
def test_where_nothing_is_to_be_ended_no_rule_is_removed(host, rules):
    host.put(rules)
    for number in (1, 2):
        assert (number, host.fault("end")) == (number, (0, ""))
        assert host.asked() == [GO_ON, *LOOKS, STOP_TIMER]
    assert host.rules() == dict.fromkeys(FILTERS, rules)


def test_a_host_without_patroni_or_the_timer_is_ended_all_the_same(host):
    host.fault("cut", "180")
    host.put({chain: [*FAULTS["cut"][chain], *others] for chain, others in OTHERS.items()}, status=5)
    assert host.fault("end") == (0, "")
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)


@pytest.mark.parametrize(
    ("broken", "left"),
    [
        # Somebody else holds the lock for longer than it is waited for, or made the rules anew meanwhile.
        ("iptables -w 10 -D INPUT 2", {"iptables": {**OTHERS, "INPUT": [FAULTS["cut"]["INPUT"][1], *OTHERS["INPUT"]]}}),
        (
            "ip6tables -w 10 -D",
            {"ip6tables": {chain: [*FAULTS["cut"][chain], *others] for chain, others in OTHERS.items()}},
        ),
        # Its rules cannot be listed.
        (
            "iptables -w 10 -n -L OUTPUT",
            {"iptables": {**OTHERS, "OUTPUT": [*FAULTS["cut"]["OUTPUT"], *OTHERS["OUTPUT"]]}},
        ),
    ],
)
def test_where_a_rule_cannot_be_removed_the_rest_is_and_it_is_tried_again(host, broken, left):
    """What started it sees that it failed, and the timer stays."""
    rules = {chain: [*FAULTS["cut"][chain], *others] for chain, others in OTHERS.items()}
    host.put(rules, broken=[broken])
    assert host.fault("end") == (1, "")
    assert host.rules() == {**dict.fromkeys(FILTERS, OTHERS), **left}
    assert (host.asked()[0], STOP_TIMER in host.asked()) == (GO_ON, False)
    assert [line for line in host.asked() if " -L " in line] == LOOKS
    host.repair()
    assert host.fault("end") == (0, "")
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)
    assert host.asked()[-1] == STOP_TIMER


def test_what_the_timer_starts_ends_it_although_nobody_may_execute_the_file(host):
    """It lies in /run, where some hosts let nothing be executed."""
    host.fault("cut", "180")
    command = host.asked()[1].partition("--collect ")[2].split()
    Path(host.program).chmod(0o600)
    assert host.run(*command) == (0, "")
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)


def test_a_fault_that_comes_again_is_ended_at_once(host):
    """Its timer is set anew, and all of its rules have the mark."""
    host.fault("cut", "180")
    host.fault("cut_store", "60", "2379")
    assert host.asked()[:2] == timer(host, 60)
    assert host.fault("end") == (0, "")
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)


# What is refused


@pytest.mark.parametrize("name", ["power", "Cut", "cut off", "", "cut*"])
def test_a_fault_that_there_is_not_is_refused(host, name):
    assert host.fault(name, "180", "2379") == (2, f"drill-fault: there is no fault '{name}'\n")
    assert host.asked() == []
    assert host.rules() == dict.fromkeys(FILTERS, OTHERS)


def test_a_fault_has_to_be_named(host):
    assert host.fault()[0] != 0
    assert (host.asked(), host.rules()) == ([], dict.fromkeys(FILTERS, OTHERS))


# A full disk


@pytest.mark.parametrize("words", [("can", "fill"), ("fill", "180")])
@pytest.mark.parametrize("mounted", ["echo /", "echo /var", "exit 1"])
def test_a_disk_that_is_not_the_databases_alone_is_not_filled(host, words, mounted):
    host.stand_in("findmnt", mounted)
    status, said = host.fault(*words)
    assert status == 3
    assert said.startswith(f"drill-fault: {host.data} of ")
    assert said.endswith(" is no disk of its own, so it is not filled: mount one there\n")
    assert host.asked() == []
    assert list(host.data.iterdir()) == []


@pytest.mark.parametrize("name", ["fill", *FAULTS, "freeze", "stop_store"])
def test_what_a_host_can_meet_does_not_happen_when_it_is_asked(host, name):
    host.stand_in("findmnt", f"echo {host.data}")
    assert host.fault("can", name) == (0, "")
    assert host.asked() == []


def test_a_disk_is_filled_and_freed_again(host):
    host.stand_in("findmnt", f"echo {host.data}")
    host.stand_in("df", "printf ' Avail\\n 4096\\n'")
    host.stand_in("fallocate", 'test "$1 $2" = "--length 4096" && printf all >"$3"')
    host.stand_in("head", "printf rest; exit 1")
    assert host.fault("fill", "180") == (0, "")
    (file,) = host.data.iterdir()
    assert file.read_text() == "allrest"
    assert host.asked() == timer(host, 180)
    assert host.fault("end") == (0, "")
    assert list(host.data.iterdir()) == []
