# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A region's database starts and goes on only while no other region leads by a later failover."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.role import EPOCH

PLACE = "10.1.20.10:8008"
LEADS, FOLLOWS = {"ttl": 20}, {"standby_cluster": {"host": "10.1.20.10"}}
TOOK_OVER = {PLACE: {"ttl": 20, "region_epoch": 1}}
REASON = f"the region of {PLACE} leads, by failover 1; here it is 0"
NEW = f"the region of {PLACE} leads, and this one would begin a database of its own"
AWAY = (None, False)


@pytest.fixture
def guard(program_of):
    return program_of("postgres/files/usr/local/sbin/region-guard")


class Over(Exception):
    """The test has seen enough."""


class Region:
    """Says at each look what it is told to: the own settings with whether the leader leads, and those of the others.

    The last answer counts from then on, or is the end. The clock goes on only while somebody sleeps.
    """

    def __init__(self, *answers, ends=False, writes=True):
        self._answers, self._ends, self._look, self.slept, self.asked = answers, ends, 0, [], 0
        self._writes, self.noted = writes, []

    def own(self):
        if self._ends and self._look == len(self._answers):
            raise Over
        self._look += 1
        return self._now[0]

    def others(self):
        self.asked += 1
        return self._now[1]

    def note(self, new):
        self.noted.append(new)
        return self._writes

    @property
    def _now(self):
        return self._answers[min(self._look, len(self._answers)) - 1]

    def clock(self):
        return 5000.0 + sum(self.slept)

    def sleep(self, seconds):
        self.slept.append(seconds)


@pytest.fixture
def admit(guard, capsys):
    """Return what the guard decides, after how many seconds, and what it says."""

    def run(*answers, patience=30):
        region = Region(*answers)
        status = guard.admit(region, patience, region.clock, region.sleep)
        return status, sum(region.slept), capsys.readouterr().out.splitlines()

    return run


# Who leads


def test_the_number_is_read_where_a_failover_writes_it(guard):
    """The program stands alone on its host, so it has the name of the setting for itself."""
    assert guard.epoch({EPOCH: 3}) == 3


@pytest.mark.parametrize(
    ("own", "others", "reason"),
    [
        (LEADS, TOOK_OVER, REASON),
        (
            {"region_epoch": 3},
            {PLACE: {"region_epoch": 5}},
            f"the region of {PLACE} leads, by failover 5; here it is 3",
        ),
        ({"standby_cluster": None}, TOOK_OVER, REASON),
        ({"ttl": 20, "region_epoch": None}, TOOK_OVER, REASON),
        # Whoever is named first is told of.
        (LEADS, {"10.2.0.1:8008": {"region_epoch": 2}, **TOOK_OVER}, REASON),
        (LEADS, {"10.0.0.1:8008": {"region_epoch": 0}, **TOOK_OVER}, REASON),
        (LEADS, {}, ""),
        (LEADS, {PLACE: {}}, ""),
        (LEADS, {PLACE: {"region_epoch": 0}}, ""),
        ({"region_epoch": 1}, TOOK_OVER, ""),
        ({"region_epoch": 2}, TOOK_OVER, ""),
        # Who follows does not lead, whatever its number is.
        (LEADS, {PLACE: {**FOLLOWS, "region_epoch": 7}}, ""),
        (FOLLOWS, TOOK_OVER, ""),
        # Beside somebody who leads nobody begins a database.
        ({}, TOOK_OVER, NEW),
        ({}, {PLACE: LEADS}, NEW),
        ({}, {PLACE: {}}, ""),
        ({}, {PLACE: FOLLOWS}, ""),
        (None, TOOK_OVER, ""),
    ],
)
def test_a_region_is_superseded_by_one_that_leads_by_a_later_failover(guard, own, others, reason):
    assert guard.superseded(own, others) == reason


# Before Patroni starts


@pytest.mark.parametrize(
    ("own", "others"),
    [
        # Another region answers, and does not lead by a later failover.
        ((LEADS, False), {PLACE: FOLLOWS}),
        (({"region_epoch": 1}, False), TOOK_OVER),
        # Nobody else answers, and the own leader leads already; or the own region follows, or is new.
        ((LEADS, True), {}),
        ((FOLLOWS, False), {}),
        ((FOLLOWS, False), TOOK_OVER),
        (({}, False), {}),
    ],
)
def test_who_may_start_starts_at_once(admit, own, others):
    assert admit((own, others)) == (0, 0, [])


def test_where_no_other_region_answers_a_start_waits_and_begins_then(admit):
    """Both regions may have been away, and one of them has to be the first."""
    assert admit(((LEADS, False), {})) == (0, 30, ["Patroni waits: no other region answers"])


def test_another_region_that_answers_late_ends_the_wait(admit):
    silent = ((LEADS, False), {})
    assert admit(silent, silent, silent, ((LEADS, False), {PLACE: FOLLOWS})) == (
        0,
        3,
        ["Patroni waits: no other region answers"],
    )


@pytest.mark.parametrize("own", [(LEADS, False), (LEADS, True)])
@pytest.mark.parametrize("patience", [1, 30, 300])
def test_where_another_region_leads_a_start_fails_after_a_while(admit, guard, own, patience):
    assert admit((own, TOOK_OVER), patience=patience) == (1, guard.HELD, [f"Patroni waits: {REASON}"])


def test_a_region_that_is_let_to_follow_meanwhile_starts(admit):
    superseded = ((LEADS, False), TOOK_OVER)
    assert admit(superseded, superseded, ((FOLLOWS, False), TOOK_OVER)) == (0, 2, [f"Patroni waits: {REASON}"])


def test_without_the_cluster_store_a_start_fails_after_a_while(admit):
    """Nobody knows whether the own region leads, and Patroni would go on as soon as the store answers."""
    assert admit((AWAY, TOOK_OVER)) == (1, 30, ["Patroni waits: the cluster store does not answer"])
    assert admit((AWAY, {})) == (1, 30, ["Patroni waits: the cluster store does not answer"])


def test_each_reason_to_wait_is_said_once(admit):
    assert admit((AWAY, {}), (AWAY, {}), ((LEADS, False), {}), ((LEADS, False), TOOK_OVER))[2] == [
        "Patroni waits: the cluster store does not answer",
        "Patroni waits: no other region answers",
        f"Patroni waits: {REASON}",
    ]


# While it runs


@pytest.fixture
def watch(guard, monkeypatch, capsys):
    """Return what the guard changed, how long it slept each time, and what it says, for some looks.

    ``looked`` is how often it asked other regions, and whether Patroni runs.
    """

    def run(*answers, active=True, writes=True):
        region, ran = Region(*answers, ends=True, writes=writes), []

        def systemctl(words, check):
            ran.append(" ".join(words))
            return SimpleNamespace(returncode=0 if active else 3)

        monkeypatch.setattr(guard, "time", SimpleNamespace(sleep=region.sleep))
        monkeypatch.setattr(guard, "subprocess", SimpleNamespace(run=systemctl))
        with pytest.raises(Over):
            guard.watch(region, 5.0)
        changed = [words for words in ran if words != RUNS]
        run.looked, run.noted = (region.asked, len(ran) - len(changed)), region.noted
        return changed, region.slept, capsys.readouterr().out.splitlines()

    return run


RESTART = "systemctl restart --no-block patroni.service"
RUNS = "systemctl is-active --quiet patroni.service"
#: It leads, and has noted what the other one tells.
KNOWS = {**LEADS, "region_heard": 1}
STOPPED = f"Patroni is stopped: {REASON}. playbooks/failover.yml lets this region follow"


def test_patroni_is_restarted_once_another_region_leads(watch):
    leads = ((KNOWS, True), {PLACE: FOLLOWS})
    assert watch(leads, ((KNOWS, True), TOOK_OVER), leads) == ([RESTART], [5.0, 5.0, 20, 5.0, 5.0], [STOPPED])


def test_a_restart_that_did_not_help_is_made_again(watch):
    superseded = ((KNOWS, True), TOOK_OVER)
    assert watch(superseded, superseded) == ([RESTART, RESTART], [5.0, 20, 5.0, 20, 5.0], [STOPPED, STOPPED])


def test_a_region_without_a_leader_is_stopped_all_the_same(watch):
    """It may be about to have one, or its leader does not answer."""
    assert watch(((KNOWS, False), TOOK_OVER)) == ([RESTART], [5.0, 20, 5.0], [STOPPED])


def test_a_patroni_that_waits_to_be_admitted_or_is_stopped_is_left_alone(watch):
    superseded = ((KNOWS, False), TOOK_OVER)
    assert watch(superseded, superseded, active=False) == ([], [5.0, 5.0, 5.0], [])
    assert watch.looked == (2, 2)


@pytest.mark.parametrize(("status", "runs"), [(0, True), (3, False), (4, False)])
def test_patroni_runs_by_the_word_of_systemd(guard, monkeypatch, status, runs):
    """A unit that is activating, as one that waits to be admitted, is not active; neither is one that is not there."""
    asked = []

    def systemctl(words, check):
        asked.append((words, check))
        return SimpleNamespace(returncode=status)

    monkeypatch.setattr(guard, "subprocess", SimpleNamespace(run=systemctl))
    assert guard.runs() is runs
    assert asked == [(RUNS.split(), False)]


@pytest.mark.parametrize(
    ("answer", "asks"),
    [
        (((LEADS, True), {PLACE: FOLLOWS}), 2),
        (((LEADS, False), {PLACE: FOLLOWS}), 2),
        (((LEADS, True), {}), 2),
        ((({"region_epoch": 1}, True), TOOK_OVER), 2),
        (((FOLLOWS, True), {PLACE: LEADS}), 2),
        # Who has no settings asks nobody.
        ((({}, True), TOOK_OVER), 0),
        ((AWAY, TOOK_OVER), 0),
    ],
)
def test_patroni_is_left_alone_where_nobody_has_to_stop(watch, answer, asks):
    assert watch(answer, answer) == ([], [5.0, 5.0, 5.0], [])
    assert (watch.looked, watch.noted) == ((asks, 0), [])


#: What the program says of a number that it writes down.
NOTED = "another region knows of a later failover, which is noted here: {}"


@pytest.mark.parametrize(
    ("own", "others", "new"),
    [
        (FOLLOWS, TOOK_OVER, {"region_epoch": 1}),
        (
            {**FOLLOWS, "region_epoch": 6},
            {PLACE: {"region_epoch": 7}, "10.2.0.1:8008": {"region_epoch": 9}},
            {"region_epoch": 9},
        ),
        # One that follows may have heard of it from one that is lost by now.
        (FOLLOWS, {PLACE: {**FOLLOWS, "region_epoch": 3}, "10.2.0.1:8008": LEADS}, {"region_epoch": 3}),
        # The number of who leads, or led, is that of its own failover.
        ({"region_epoch": 2}, {PLACE: {**FOLLOWS, "region_epoch": 3}}, {"region_heard": 3}),
        ({"region_epoch": 2, "region_heard": 3}, {PLACE: {**FOLLOWS, "region_epoch": 4}}, {"region_heard": 4}),
    ],
)
def test_what_others_know_of_a_later_failover_is_noted(watch, own, others, new):
    answer = ((own, True), others)
    assert watch(answer) == ([], [5.0, 5.0], [NOTED.format(new)])
    assert watch.noted == [new]


def test_who_is_superseded_notes_by_what_and_stops(watch):
    _started, _slept, said = watch(((LEADS, True), TOOK_OVER))
    assert said[0] == NOTED.format({"region_heard": 1})
    assert "Patroni is stopped" in said[1]


def test_what_could_not_be_written_is_tried_again(watch):
    answer = ((FOLLOWS, True), TOOK_OVER)
    assert watch(answer, answer, writes=False) == ([], [5.0, 5.0, 5.0], [])
    assert watch.noted == [{"region_epoch": 1}] * 2


@pytest.mark.parametrize(
    ("own", "others"),
    [
        ({**FOLLOWS, "region_epoch": 1}, TOOK_OVER),
        ({**FOLLOWS, "region_epoch": 2}, TOOK_OVER),
        ({**FOLLOWS, "region_heard": 1}, TOOK_OVER),
        ({"region_epoch": 2, "region_heard": 4}, {PLACE: {**FOLLOWS, "region_epoch": 4}}),
        (FOLLOWS, {}),
    ],
)
def test_nothing_is_noted_that_is_known(watch, own, others):
    answer = ((own, True), others)
    assert watch(answer) == ([], [5.0, 5.0], [])
    assert watch.noted == []


@pytest.mark.parametrize("mode", ["admit", "watch"])
def test_the_program_does_what_its_first_argument_says(guard, monkeypatch, mode):
    did = []
    monkeypatch.setattr(guard, "Region", lambda path, places: (path, places))
    monkeypatch.setattr(guard, "admit", lambda region, seconds: did.append(("admit", region, seconds)) or 1)

    def watch(region, seconds):
        did.append(("watch", region, seconds))
        raise Over

    monkeypatch.setattr(guard, "watch", watch)
    arguments = [mode, "/etc/patroni/patroni.yml", "30", PLACE, "10.2.0.1:8008"]
    if mode == "watch":
        with pytest.raises(Over):
            guard.main(arguments)
    else:
        assert guard.main(arguments) == 1
    assert did == [(mode, ("/etc/patroni/patroni.yml", [PLACE, "10.2.0.1:8008"]), 30.0)]


# What is asked


@pytest.fixture
def asking(guard, stand_in_patroni, tmp_path):
    """A region with a stand-in for Patroni: ``cluster`` is what the store has, ``answers`` are by URL."""
    state = SimpleNamespace(cluster=None, answers={}, asked=[], data=tmp_path, bootstrap={}, written=[], refuses=False)

    class Request:
        def __init__(self, config):
            pass

        def request(self, method, url, timeout, retries):
            state.asked.append((method, url, timeout, retries))
            status, text = state.answers.get(url) or (599, "")
            if status == 0:
                raise OSError("timed out")
            return SimpleNamespace(status=status, data=text.encode())

    class Store:
        def set_config_value(self, value, version):
            if state.refuses:
                raise OSError("timed out")
            state.written.append((json.loads(value), version))
            return True

        def get_cluster(self):
            if state.cluster is None:
                raise OSError("timed out")
            return state.cluster

    here = {"scope": "here", "postgresql": {"data_dir": str(tmp_path)}, "bootstrap": {"dcs": state.bootstrap}}
    config = SimpleNamespace(copy=lambda: here)
    stand_in_patroni(
        config={"Config": lambda path: config},
        request={"PatroniRequest": Request},
        dcs={"get_dcs": lambda found: Store()},
    )
    state.region = guard.Region("/etc/patroni/patroni.yml", [PLACE, "10.2.0.1:8008"])
    return state


URL = "https://10.0.20.10:8008/patroni"


def cluster(config="leads", url=URL):
    config = LEADS if config == "leads" else config
    leader = SimpleNamespace(member=SimpleNamespace(api_url=url)) if url else None
    settings = SimpleNamespace(data=config, version=7) if config is not None else None
    return SimpleNamespace(config=settings, leader=leader)


@pytest.mark.parametrize(
    ("said", "leads"),
    [
        ((200, {"role": "primary", "state": "running"}), True),
        ((200, {"role": "master", "state": "running"}), True),
        ((503, {"role": "standby_leader", "state": "running"}), True),
        ((200, {"role": "replica", "state": "running"}), False),
        ((503, {"role": "primary", "state": "starting"}), False),
        ((0, {}), False),
    ],
)
def test_the_own_region_leads_by_the_word_of_its_leader(asking, said, leads):
    asking.cluster, asking.answers = cluster(), {URL: (said[0], json.dumps(said[1]))}
    assert asking.region.own() == (LEADS, leads)
    assert asking.asked == [("GET", URL, 2, False)]


@pytest.mark.parametrize(
    ("found", "own"),
    [
        (cluster(url=""), (LEADS, False)),
        (cluster(config=None, url=""), ({}, False)),
        (cluster(config={}, url=""), ({}, False)),
        (None, (None, False)),
    ],
)
def test_without_a_leader_nobody_is_asked(asking, found, own):
    asking.cluster = found
    assert (asking.region.own(), asking.asked) == (own, [])


def test_a_store_that_was_away_is_asked_again(asking):
    assert asking.region.own() == (None, False)
    asking.cluster = cluster(url="")
    assert asking.region.own() == (LEADS, False)


@pytest.mark.parametrize(
    ("config", "new", "written"),
    [
        (FOLLOWS, {"region_epoch": 4}, [({**FOLLOWS, "region_epoch": 4}, 7)]),
        ({**FOLLOWS, "region_epoch": 3}, {"region_epoch": 4}, [({**FOLLOWS, "region_epoch": 4}, 7)]),
        (LEADS, {"region_heard": 4}, [({**LEADS, "region_heard": 4}, 7)]),
        # Meanwhile another member has written it, or the region leads, or follows.
        ({**FOLLOWS, "region_epoch": 4}, {"region_epoch": 4}, []),
        ({**FOLLOWS, "region_epoch": 5}, {"region_epoch": 4}, []),
        ({**LEADS, "region_heard": 4}, {"region_heard": 4}, []),
        (LEADS, {"region_epoch": 4}, []),
        (FOLLOWS, {"region_heard": 4}, []),
        ({}, {"region_epoch": 4}, []),
        (None, {"region_epoch": 4}, []),
    ],
)
def test_the_number_is_written_into_the_settings_as_they_are_then(asking, config, new, written):
    asking.cluster = cluster(url="")
    asking.region.own()
    asking.cluster = cluster(config=config, url="")
    assert asking.region.note(new) is bool(written)
    assert asking.written == written


def test_a_store_that_refuses_the_number_is_left_alone(asking):
    asking.cluster, asking.refuses = cluster(config=FOLLOWS, url=""), True
    asking.region.own()
    assert asking.region.note({"region_epoch": 4}) is False


@pytest.mark.parametrize(
    ("status", "text", "found"),
    [
        (200, '{"region_epoch": 1}', {PLACE: {"region_epoch": 1}}),
        (200, "{}", {PLACE: {}}),
        (200, "[]", {}),
        (502, "", {}),
        (200, "not ready", {}),
        (0, "", {}),
    ],
)
def test_of_the_other_regions_those_count_that_answer_with_settings(asking, status, text, found):
    asking.answers = {f"https://{PLACE}/config": (status, text)}
    assert asking.region.others() == found
    assert sorted(url for _method, url, _timeout, _retries in asking.asked) == [
        f"https://{PLACE}/config",
        "https://10.2.0.1:8008/config",
    ]


def test_a_store_without_settings_gets_those_beside_the_data(asking):
    """It was lost, and the region comes back as it was: its number is the one of then."""
    asking.cluster = cluster(config=None, url="")
    asking.bootstrap.update(FOLLOWS)
    (asking.data / "patroni.dynamic.json").write_text('{"region_epoch": 1}')
    assert asking.region.own() == ({"region_epoch": 1}, False)


def test_without_data_the_declaration_counts_where_it_says_that_the_region_follows(asking):
    asking.cluster = cluster(config=None, url="")
    asking.bootstrap.update(LEADS)
    assert asking.region.own() == ({}, False)
    asking.bootstrap.update(FOLLOWS)
    assert asking.region.own() == ({**LEADS, **FOLLOWS}, False)


def test_data_without_their_settings_begin_no_database(asking):
    asking.cluster = cluster(config=None, url="")
    asking.bootstrap.update(LEADS)
    (asking.data / "PG_VERSION").write_text("15\n")
    assert asking.region.own() == (LEADS, False)


@pytest.mark.parametrize("serves", [True, False])
def test_a_server_that_runs_all_the_time_counts_as_one_that_leads(asking, monkeypatch, serves):
    """Patroni has ended under it: a start that waits for other regions would cost the lease.

    A process that has its number by now, after the host was off, works elsewhere.
    """
    asking.cluster = cluster(url="")
    (asking.data / "postmaster.pid").write_text(f"{os.getpid()}\n{asking.data}\n")
    monkeypatch.chdir(asking.data if serves else "/")
    assert asking.region.own() == (LEADS, serves)
    (asking.data / "postmaster.pid").write_text(f"{2**22 + 1}\n")
    assert asking.region.own() == (LEADS, False)
