"""Answers are read, and those that cannot be read are missing."""

from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.ask import (
    INFO,
    NODES,
    STATE,
    Declared,
    Told,
    silent,
    understand,
)


def test_answers_are_read(nodes):
    told = understand(nodes.answers("r4"))
    assert (told.info["role"], told.state["cluster_state"], len(told.view)) == ("slave", "ok", 4)
    assert (told.myself.id, told.missing, told.answered) == ("id-r4", {}, True)


def test_errors_and_answers_that_make_no_sense_are_missing(nodes):
    answers = nodes.answers("r1")
    answers.update({INFO: PermissionError("NOPERM  no INFO\nfor you"), NODES: b"id 10.0.0.1:1@2 master"})
    told = understand(answers)
    assert told.missing == {
        INFO: "NOPERM no INFO for you",
        NODES: "no line of CLUSTER NODES: 'id 10.0.0.1:1@2 master'",
    }
    assert (told.info, told.view, told.myself, told.answered) == ({}, (), None, True)


def test_a_view_in_which_the_node_is_not_itself_is_missing(nodes):
    answers = nodes.answers("r1")
    answers[NODES] = answers[NODES].replace(b"myself,", b"")
    assert understand(answers).missing == {NODES: "no line of CLUSTER NODES is marked as the node itself"}


def test_a_node_that_says_nothing_has_one_reason_for_all():
    told = silent("no answer within 5 s")
    assert (told.answered, set(told.missing), set(told.missing.values())) == (
        False,
        {INFO, NODES, STATE},
        {"no answer within 5 s"},
    )
    assert Told().answered


def test_a_declared_node_has_a_place():
    assert Declared("r1", "10.0.0.1", 6379).place == "10.0.0.1:6379"
