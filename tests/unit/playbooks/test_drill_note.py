# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Of drills that begin at the same moment one does, and a note is changed only by who knows what it says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
SCRIPT = PLAYBOOKS / "files/drill/drill-note"
ONE, TWO = '{"hosts": ["db1"], "run": {"user": "it\'s $me"}}', '{"hosts": []}'


@pytest.fixture
def note(tmp_path):
    """Run the program, as the playbook does; ``file`` is what it changes."""

    def run(before, after):
        words = ["sh", "-c", SCRIPT.read_text(encoding="utf-8"), "drill-note", str(run.file), before, after]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    run.file = tmp_path / "drill" / "taken.json"
    return run


def test_a_note_is_made_changed_and_removed(note):
    assert note("", ONE) == (0, "", "")
    assert note.file.read_text(encoding="utf-8") == f"{ONE}\n"
    assert note(ONE, TWO) == (0, "", "")
    assert note.file.read_text(encoding="utf-8") == f"{TWO}\n"
    assert note(TWO, "") == (0, "", "")
    assert not note.file.exists()
    assert note("", "") == (0, "", "")


@pytest.mark.parametrize(("there", "before", "after"), [(ONE, "", TWO), (ONE, TWO, ""), ("", ONE, TWO), ("", ONE, "")])
def test_what_another_run_wrote_stays(note, there, before, after):
    note("", there)
    assert note(before, after) == (9, f"{there}\n", "")
    assert (note.file.read_text(encoding="utf-8") if note.file.exists() else "") == (f"{there}\n" if there else "")


def test_a_note_that_cannot_be_read_is_none_that_says_nothing(note):
    note.file.mkdir(parents=True)
    status, said, complaint = note("", ONE)
    assert status not in (0, 9)
    assert said == ""
    assert str(note.file) in complaint
    assert note.file.is_dir()


def test_one_of_many_is_the_first(note):
    words = ["sh", "-c", SCRIPT.read_text(encoding="utf-8"), "drill-note", str(note.file), ""]
    runs = [subprocess.Popen([*words, f"run {number}"], stdout=subprocess.PIPE, text=True) for number in range(8)]
    said = [run.communicate()[0] for run in runs]
    (first,) = [number for number, run in enumerate(runs) if run.returncode == 0]
    assert note.file.read_text(encoding="utf-8") == f"run {first}\n"
    assert [run.returncode for number, run in enumerate(runs) if number != first] == [9] * 7
    assert {text for number, text in enumerate(said) if number != first} == {f"run {first}\n"}


def tasks_of(name):
    return yaml.safe_load((PLAYBOOKS / f"tasks/drill/{name}.yml").read_text(encoding="utf-8"))


def test_a_second_drill_is_refused_before_it_gives_anything_back():
    names = [task["name"] for task in tasks_of("left")]
    assert names.index("Stop where another drill runs") < names.index("Take over from a run that died")
    assert names.index("Take over from a run that died") < names.index("Say who gets it back")


def test_a_drill_is_noted_before_it_stops_what_others_store():
    claim, block = tasks_of("begin")
    assert claim["ansible.builtin.include_tasks"] == "note.yml"
    assert "Stop what drills that died still store" in [task["name"] for task in block["block"]]
