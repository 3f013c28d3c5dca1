"""What passes is waited for, what stays is told."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.findings import NotChecked
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.inspect import Counted, Wanted
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.settle import settle


@pytest.fixture
def run(nodes):
    """Look until a change, which a test makes at a number of a look; return what is told and how many looks it took."""

    def start(change=lambda look: None, seconds=2):
        times = []

        def look():
            change(len(times))
            times.append(len(times) * 0.25)
            return nodes.cluster()

        done = settle(look, Wanted(None, 100), seconds, lambda: len(times) * 0.25, lambda pause: None)
        return done, len(times)

    return start


def test_a_sound_cluster_is_looked_at_once(run):
    done, looks = run()
    assert (done.findings, done.counts, done.not_checked, looks) == ([], [Counted("r4", "r1", 7, 7)], [], 1)


def test_a_replica_that_catches_up_is_waited_for(run, nodes):
    nodes.info["r4"]["slave_repl_offset"] = "9"

    def catch_up(look):
        if look == 3:
            nodes.info["r4"]["slave_repl_offset"] = "500"

    done, looks = run(catch_up)
    assert (done.findings, done.not_checked, looks) == ([], [], 4)


def test_a_replica_that_stays_behind_is_told_and_its_keys_are_not_counted(run, nodes):
    nodes.info["r4"]["slave_repl_offset"] = "9"
    done, _looks = run()
    assert [finding.kind for finding in done.findings] == ["replica_behind"]
    reason = "it and its master were never seen at one offset: look again at a quieter time, or raise settle"
    assert (done.counts, done.not_checked) == ([], [NotChecked("key counts", "keys", "r4", reason)])


def test_what_does_not_pass_is_not_waited_for(run, nodes):
    nodes.everywhere("r2", slots="5463-10922")
    done, looks = run()
    assert ([finding.kind for finding in done.findings], looks) == (["slots_uncovered"], 1)


def test_one_moment_of_equal_offsets_is_enough(run, nodes):
    nodes.info["r4"].update(master_link_status="up")

    def go_on(look):
        nodes.info["r1"]["master_repl_offset"] = str(500 + look)
        if look == 0:
            nodes.everywhere("r2", flags="master,fail?")
        if look == 2:
            nodes.everywhere("r2", flags="master")

    done, looks = run(go_on)
    assert (done.findings, done.counts, done.not_checked, looks) == ([], [Counted("r4", "r1", 7, 7)], [], 3)
