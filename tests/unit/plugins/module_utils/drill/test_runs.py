# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a drill took is another's to give back only where the run that noted it is dead."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.runs import lives, named, read, refusal

HERE = {"host": "ops1", "machine": "3d12 pid:[1]", "boot": "6c34"}
RUN = {
    **HERE,
    "scenario": "primary_lost",
    "user": "ann",
    "pid": 4711,
    "start": "900",
    "since": "2026-11-29 04:00:00 UTC",
}
OTHER = {**RUN, "host": "ops2"}
#: What this control host sees of that process.
LIVES, ENDED, ANOTHER, HIDDEN = "900", "", "901", None
WHO = "primary_lost, by ann on ops1 (process 4711) since 2026-11-29 04:00:00 UTC"
RUNS = (
    f"a drill runs: {WHO}. Wait until it has ended. Where it hangs, kill 4711 ends it, and the same command again "
    "gives back what it took"
)


def may_run(host="ops1"):
    return (
        f"a drill may still run: {WHO.replace('ops1', host)}. {host} can tell: ps -p 4711. Wait until it has ended. "
        f"Where it is dead, say -e dead_run={host}:4711, and what it took is given back first"
    )


@pytest.mark.parametrize(
    ("run", "start", "expected"),
    [
        (RUN, LIVES, True),
        (RUN, ENDED, False),
        # Another process has got its number.
        (RUN, ANOTHER, False),
        (RUN, HIDDEN, None),
        # The control host was booted since.
        ({**RUN, "boot": "1111"}, LIVES, False),
        # It is not this control host's, whatever has that number here.
        (OTHER, LIVES, None),
        (OTHER, ENDED, None),
        ({**RUN, "machine": "3d12 pid:[2]"}, ENDED, None),
        ({**RUN, "machine": "ffff pid:[1]", "boot": "1111"}, ENDED, None),
        # It could not see its own beginning.
        ({**RUN, "start": ""}, ENDED, None),
    ],
)
def test_a_run_is_dead_where_its_own_control_host_does_not_see_it(run, start, expected):
    assert lives(run, HERE, {4711: start}.__getitem__) is expected


@pytest.mark.parametrize(
    ("run", "start", "dead", "expected"),
    [
        (RUN, LIVES, "", RUNS),
        # Nobody's word stands against what is seen.
        (RUN, LIVES, "ops1:4711", RUNS),
        (RUN, ENDED, "", ""),
        (RUN, HIDDEN, "", may_run()),
        (OTHER, ENDED, "", may_run("ops2")),
        (OTHER, ENDED, "ops2:4711", ""),
        # That is said of another run.
        (OTHER, ENDED, "ops2:4712", may_run("ops2")),
        (OTHER, ENDED, "ops1:4711", may_run("ops2")),
        (OTHER, ENDED, "ops2", may_run("ops2")),
    ],
)
def test_a_drill_is_refused_where_another_one_lives_or_may(run, start, dead, expected):
    note = {"hosts": ["db1"], "run": run}
    assert refusal(note, HERE, {4711: start}.__getitem__, dead) == expected


@pytest.mark.parametrize("note", [{}, {"hosts": ["db1"], "operator": "database"}])
def test_nothing_is_refused_where_no_run_is_noted(note):
    assert refusal(note, HERE, {}.__getitem__, "") == ""


def test_an_operator_names_a_run_by_its_control_host_and_its_process():
    assert named(RUN) == "ops1:4711"


@pytest.mark.parametrize(("text", "note"), [("", {}), ("{}", {}), ('{"hosts": ["db1"]}', {"hosts": ["db1"]})])
def test_a_note_is_read(text, note):
    assert read(text) == note


@pytest.mark.parametrize("text", ["{", "[]", "db1"])
def test_what_is_no_note_is_told(text):
    with pytest.raises(ValueError, match=r"Expecting|mapping"):
        read(text)
