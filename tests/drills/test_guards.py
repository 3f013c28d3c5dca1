# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What failover.yml refuses, set up for real, and that a run which died half-way is finished by the next one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Callable, ContextManager, Iterator

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from tests.acceptance.data.cluster import ASIDE, Cluster
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.matrix.declaration import Declaration, Node
from tests.acceptance.site_client import until
from tests.drills.load import Load
from tests.drills.reports import report
from tests.drills.words import with_variables

REPOSITORY = Path(__file__).resolve().parents[2]
#: Seconds that a command may take.
LIMIT = 180.0
#: Seconds after which hosts that got their power back answer, and their cluster store.
BOOT = 20.0
#: The plays of failover.yml at whose beginning the operator's machine dies.
PHASES = (
    "Plan, and guard",
    "Take the power of the old primary",
    "Let another member lead",
    "Prove it",
    "Save what there is now",
)
#: The same where the old primary's host answers.
ALIVE_PHASES = ("Keep the old primary from writing", "Let another member lead", "Let the old primary follow")
#: How long after the beginning of a play it dies, in seconds: in the midst of what the play does.
AMIDST = (("Let another member lead", 0.8), ("Let another member lead", 1.6), ("Prove it", 1.5))
#: The same of switchover.yml, which waits for its moment in the play Switch, and acts then.
SWITCHOVER_PHASES = (
    ("Agree on a moment", 0.0),
    ("Let the pools hold their clients back in a moment", 2.0),
    ("Switch", 2.0),
    ("Switch", 8.0),
    ("Prove it", 0.0),
)
#: The same where it is the operator's network that dies, while the command runs on.
SILENT_PHASES = (
    ("Keep the old primary from writing", 0.0),
    ("Keep the old primary from writing", 2.0),
    ("Let another member lead", 0.0),
    ("Let another member lead", 1.6),
    ("Prove it", 1.0),
)
#: The same where another region shall lead, and both are alive.
REGION_PHASES = (
    "Let the region that leads stop writing",
    "Let the other region lead",
    "Lead the names of the site there",
    "Warm the cache",
    "Fill the cache",
    "Save what there is now",
)
#: And in the midst of what its plays do: settings of which only some are written, an election, keys on their way.
REGION_AMIDST = (
    ("Let the region that leads stop writing", 2.0),
    ("Let the other region lead", 1.5),
    ("Warm the cache", 3.0),
)
#: The same where a region is lost, one run after the other, and when it is back and shall follow.
LOST_PHASES = (
    "Take the power of database hosts that do not answer",
    "Let the other region lead",
    "Prove it",
    "See what visitors see",
)
RETURN_PHASES = (
    "Keep databases from writing that shall not lead",
    "Keep aside what only a region has that was superseded",
    "Write into the settings of a region that returns that it follows",
)

#: Notes in the cluster store that nobody is synchronous, as the leader's Patroni does.
ALONE = """
from patroni.config import Config
from patroni.dcs import get_dcs
store = get_dcs({{**Config("/etc/patroni/patroni.yml").copy(), "patronictl": True}})
assert store.set_sync_state_value({0!r})
"""
#: Seconds for which clients wait at most where a switchover dies: so long pools hold them back, and some more.
PAUSED = 30.0
#: Starts a server as it was started last, but for its archive, and makes it leave the timeline.
GO_ASTRAY = """
cd /var/lib/postgresql/*/main
pg_ctl() { /usr/lib/postgresql/*/bin/pg_ctl --pgdata=. --wait --silent "$@"; }
pg_ctl --log=/var/tmp/astray.log --options="$(cut -d ' ' -f 2- postmaster.opts) -c archive_mode=off" start
pg_ctl promote
psql -XAtqc "SELECT pg_logical_emit_message(true, 'astray', 'nobody has this')"
pg_ctl stop
"""


@pytest.fixture
def command(request: pytest.FixtureRequest) -> list[str]:
    """The command of the operator, without its confirmation."""
    inventory = Path(str(request.config.getoption("--topology"))).parent
    return ["ansible-playbook", "playbooks/failover.yml", "-i", str(inventory), "-e", "scope=database"]


@pytest.fixture
def refused(play: Callable[..., str], platform_name: str) -> Callable[..., str]:
    """Return what runs the command with variables, and what it says instead of acting."""

    def run(*variables: str, confirm: str = platform_name) -> str:
        return play("failover", "scope=database", *variables, f"confirm={confirm}", limit=LIMIT, refused=True)

    return run


def test_the_wrong_platform_is_refused(cluster: Cluster, refused: Callable[..., str], platform_name: str) -> None:
    before = cluster.reign()
    said = refused(confirm="another")
    assert f"nothing was done: this changes who leads {platform_name}; say -e confirm={platform_name}" in said
    assert cluster.reign() == before


def test_a_silent_member_that_may_hold_more_is_refused(
    cluster: Cluster, hosts: Hosts, refused: Callable[..., str], play: Callable[..., str], platform_name: str
) -> None:
    """Once it is back, the same command is carried out."""
    cluster.wait_until_whole()
    primary = cluster.primary()
    first, second = (name for name in cluster.members if name != primary)
    with hosts.without_power(primary):
        with hosts.without_power(second):
            said = refused()
            assert f"{second} does not answer and may hold acknowledged writes that {first} lacks" in said
            assert f"-e without={second}, which loses those writes for good" in said
        until(f"{second} answers", lambda: cluster.answers(second), 60)
        play("failover", "scope=database", f"confirm={platform_name}", limit=LIMIT)
        assert cluster.primary() in (first, second)
    cluster.wait_until_whole()


def test_an_unfenced_primary_is_refused(cluster: Cluster, hosts: Hosts, refused: Callable[..., str]) -> None:
    """Its cable is pulled: it runs, and nothing takes its power."""
    cluster.wait_until_whole()
    primary = cluster.primary()
    with hosts.unplugged(primary):
        said = refused('{"failover_fence_command": []}', "unfenced=refuse")
    assert f"nothing proves that {primary} cannot write: its host does not answer" in said
    assert "-e unfenced=wait, which waits until its lease has run out" in said
    cluster.wait_until_whole()


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ('{"failover_fence_command": ["sh", "-c", "echo the BMC is away >&2; exit 3"]}', "the BMC is away"),
        (
            '{"failover_fence_command": ["sleep", "60"], "failover_fence_seconds": 2}',
            "it took longer than failover_fence_seconds (2), and was ended",
        ),
    ],
    ids=["fails", "hangs"],
)
def test_a_command_that_takes_no_power_is_no_proof(
    does: str,
    says: str,
    cluster: Cluster,
    hosts: Hosts,
    refused: Callable[..., str],
    play: Callable[..., str],
    platform_name: str,
) -> None:
    """The lease is waited for then, where the operator does not refuse that."""
    cluster.wait_until_whole()
    primary = cluster.primary()
    with hosts.without_power(primary):
        # Both come before the lease has run out by itself.
        said = refused(does, "unfenced=refuse")
        assert f"the power of {primary} was not taken: failover_fence_command says {says}" in said
        assert "overrule it with -e unfenced=wait, which waits until its lease has run out" in said
        said = play("failover", "scope=database", f"confirm={platform_name}", does, limit=LIMIT)
        found = re.search(r"report: (\S+)/report.html", said)
        assert found, said
        report_of_it = (Path(found.group(1)) / "report.md").read_text()
        assert f"{primary}: its power was not taken: failover_fence_command says {says}" in report_of_it
        assert "stopped in the phase" not in report_of_it
        assert cluster.primary() != primary
    cluster.wait_until_whole()


def test_where_the_candidate_falls_silent_meanwhile_the_old_primary_goes_on(
    cluster: Cluster, hosts: Hosts, command: list[str], platform_name: str
) -> None:
    """Its Patroni hangs from when the old primary is stopped."""
    cluster.wait_until_whole()
    primary = cluster.primary()
    candidate = next(name for name in cluster.members if name != primary)
    words = (f"old_primary={primary}", f"candidate={candidate}", f"confirm={platform_name}")
    run = with_variables(command, *words)
    signalled = ("systemctl", "kill", "--kill-whom=main", "patroni.service")
    try:
        said = _stopped_by(lambda: hosts.on(candidate, *signalled, "--signal=STOP"), run)
        assert f"the lease was not taken away: {candidate} does not answer any more" in said
        assert f"{primary}, which was stopped for this, was let back" in said
        until("somebody takes writes", lambda: len(cluster.writers()) == 1, 60)
    finally:
        hosts.on(candidate, *signalled, "--signal=CONT")
    cluster.wait_until_whole()


def test_where_the_candidates_host_is_lost_meanwhile_the_old_primary_goes_on(
    cluster: Cluster, hosts: Hosts, command: list[str], play: Callable[..., str], platform_name: str
) -> None:
    """Its power is taken from when the old primary is stopped. The next run finds one that serves."""
    cluster.wait_until_whole()
    primary = cluster.primary()
    candidate = next(name for name in cluster.members if name != primary)
    words = (f"old_primary={primary}", f"candidate={candidate}", f"confirm={platform_name}")
    run = with_variables(command, *words)
    try:
        said = _stopped_by(lambda: hosts.kill(candidate), run)
        assert f"{candidate} does not answer any more, and whether another member leads is not known" in said
        assert f"{primary}, which was stopped for this, was let back" in said
        until("somebody takes writes", lambda: len(cluster.writers()) == 1, 60)
        again = play("failover", "scope=database", f"confirm={platform_name}", limit=LIMIT)
        assert f"nothing is to be done: {cluster.primary()} leads and takes writes" in again
    finally:
        hosts.start(candidate)
    cluster.wait_until_whole()


def test_a_primary_that_a_dead_run_stopped_is_let_back_where_the_candidate_is_lost_then(
    cluster: Cluster, hosts: Hosts, command: list[str], play: Callable[..., str], platform_name: str
) -> None:
    """Who is left may lack what the other two had: the next run names no loss, and needs none to be named."""
    cluster.wait_until_whole()
    primary = cluster.primary()
    candidate, other = (name for name in cluster.members if name != primary)
    words = (f"old_primary={primary}", f"candidate={candidate}", f"confirm={platform_name}")
    _die_at("Let another member lead", with_variables(command, *words))
    with hosts.without_power(candidate):
        assert not cluster.writers()
        said = play("failover", "scope=database", *words, limit=LIMIT)
        assert f"{primary}, or who Patroni elects once it is there: an earlier run stopped it" in said
        assert f"{primary} was let back, and nothing else was done: the same command makes a new plan" in said
        assert cluster.primary() in (primary, other)
    cluster.wait_until_whole()


def test_a_host_that_is_slow_to_answer_is_no_reason_to_stop(
    cluster: Cluster, hosts: Hosts, command: list[str], platform_name: str, tmp_path: Path
) -> None:
    """Its sshd hangs until the run has given the host up; others hear its Patroni all the time."""
    cluster.wait_until_whole()
    primary = cluster.primary()
    # No connection that an earlier run left is used.
    words = [*command, "--check", "-e", f"confirm={platform_name}", "-e", f"ansible_control_path_dir={tmp_path}"]
    process = subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    hosts.on(primary, "systemctl", "kill", "--kill-whom=main", "--signal=STOP", "ssh")
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if f"[{primary}]: UNREACHABLE!" in line:
                hosts.on(primary, "systemctl", "kill", "--kill-whom=main", "--signal=CONT", "ssh")
        assert process.wait(LIMIT) == 0, "".join(said)
    finally:
        hosts.on(primary, "systemctl", "kill", "--kill-whom=main", "--signal=CONT", "ssh")
    assert f"[{primary}]: UNREACHABLE!" in "".join(said)
    assert f"nothing is to be done: {primary} leads and takes writes" in "".join(said)


def test_a_candidate_that_lags_is_refused(
    load: Callable[[], ContextManager[Load]],
    cluster: Cluster,
    hosts: Hosts,
    refused: Callable[..., str],
    play: Callable[..., str],
    platform_name: str,
) -> None:
    """It was cut off while others acknowledged writes; who has them leads in the end."""
    with load():
        cluster.wait_until_whole()
        primary = cluster.primary()
        behind, ahead = (name for name in cluster.members if name != primary)
        with hosts.unplugged(behind):
            time.sleep(5)
            hosts.kill(primary)
        try:
            said = refused(f"candidate={behind}")
            assert re.search(rf"{behind} lacks \d+ bytes of log that {ahead} has: they would be lost", said), said
            play("failover", "scope=database", f"confirm={platform_name}", limit=LIMIT)
            assert cluster.primary() == ahead
        finally:
            hosts.start(primary)
        cluster.wait_until_whole()


def test_a_member_that_went_another_way_is_refused(cluster: Cluster, hosts: Hosts, refused: Callable[..., str]) -> None:
    """It was promoted past Patroni: its timeline has the number of the cluster's next one, and is another.

    Patroni compares the numbers alone, and takes it for a standby. It is cut off from the archive, from which a server
    fetches the cluster's history and then does not start.
    """
    cluster.wait_until_whole()
    scope = cluster.states()[0]["Cluster"]
    strayed, other = (name for name in cluster.members if name != cluster.primary())
    hosts.on(strayed, "systemctl", "stop", "patroni.service")
    hosts.on(strayed, "mount", "--bind", "/bin/false", "/usr/bin/pgbackrest")
    try:
        hosts.on(strayed, "runuser", "-u", "postgres", "--", "sh", "-euc", GO_ASTRAY, timeout=120)
        cluster.switch_over(other)
        hosts.on(strayed, "systemctl", "start", "patroni.service")
        until(f"{strayed} answers", lambda: cluster.answers(strayed), 60)
        said = refused(f"old_primary={other}")
        assert re.search(rf"{strayed} went another way than the cluster \(timeline \d+ was left at \S+ by one", said), (
            said
        )
        assert "might elect it" in said
        said = refused(f"old_primary={other}", f"candidate={strayed}")
        assert f"{strayed} cannot lead: it went another way than the cluster" in said
        assert cluster.primary() == other
    finally:
        hosts.on(strayed, "umount", "/usr/bin/pgbackrest")
        hosts.on(strayed, "systemctl", "start", "patroni.service")
        hosts.on(strayed, "patronictl", "reinit", "--force", "--wait", scope, strayed, timeout=LIMIT)
    cluster.wait_until_whole()


@contextmanager
def _alone(cluster: Cluster, hosts: Hosts) -> Iterator[str]:
    """Let nothing reach the primary until no standby is synchronous any more; tell which one it is."""
    cluster.wait_until_whole()
    primary = cluster.primary()
    fault = "/run/drill-fault"
    hosts.on(primary, "tee", fault, stdin=(REPOSITORY / "playbooks/files/drill/drill-fault").read_bytes())
    hosts.on(primary, "sh", fault, "cut_in", "150")
    try:
        alone = "SELECT current_setting('synchronous_standby_names') = ''"
        until("no standby is synchronous", lambda: cluster.ask(primary, alone) == [["t"]], 60)
        yield primary
    finally:
        hosts.on(primary, "sh", fault, "end")
    cluster.wait_until_whole()


@pytest.mark.parametrize("stopped", [False, True], ids=["serves", "stopped by a run that died"])
def test_a_primary_that_alone_has_a_commit_goes_on(
    cluster: Cluster, hosts: Hosts, command: list[str], refused: Callable[..., str], stopped: bool
) -> None:
    with _alone(cluster, hosts) as primary:
        cluster.ask(primary, "SELECT pg_logical_emit_message(true, 'alone', 'nobody else has this')")
        if stopped:
            directory = cluster.ask(primary, "SHOW data_directory")[0][0]
            # Killed, as failover.yml does: a clean shutdown sends the rest of the log to the archive, for the others.
            said = f"state=stopped patience=0 directory={directory}"
            fence = ["--become", "-m", "freeagentics.platform.postgres_fence", "-a", said]
            subprocess.run(["ansible", primary, *command[2:4], *fence], cwd=REPOSITORY, check=True)
            assert not cluster.answers(primary)
        said = refused(f"old_primary={primary}")
        assert re.search(rf"{primary} committed \d+ transactions behind", said), said
        assert f"{primary} goes on as before" in said
        assert f"unknown_loss=true, which loses what only {primary} has" in said
        until(f"{primary} takes writes", lambda: primary in cluster.writers(), 60)
        assert cluster.primary() == primary


def test_a_primary_that_alone_has_statistics_is_followed_by_another(
    cluster: Cluster, hosts: Hosts, play: Callable[..., str], platform_name: str
) -> None:
    """Autovacuum stores them by itself, as this does, and no client was told of anything."""
    with _alone(cluster, hosts) as primary:
        cluster.ask(primary, "ANALYZE")
        said = play("failover", "scope=database", f"old_primary={primary}", f"confirm={platform_name}", limit=LIMIT)
        assert f"nothing is done unless {primary} committed nothing that" in said
        assert cluster.primary() != primary


def test_a_primary_that_went_on_alone_behind_the_plan_is_followed_where_it_committed_nothing(
    cluster: Cluster, hosts: Hosts, command: list[str], platform_name: str
) -> None:
    """As one does that nothing reaches: Patroni drops its standbys ten seconds after, in whichever play that is."""
    cluster.wait_until_whole()
    primary = cluster.primary()
    candidate, other = (name for name in cluster.members if name != primary)

    def alone() -> None:
        hosts.on(other, "/opt/patroni/bin/python", "-c", ALONE.format(json.dumps({"leader": primary, "quorum": 0})))

    words = (f"old_primary={primary}", f"candidate={candidate}", f"confirm={platform_name}")
    dying = with_variables(command, *words)
    status, said = _meanwhile("Let another member lead", alone, dying)
    assert status == 0, said
    assert "no standby was synchronous any more" in said
    assert cluster.primary() == candidate
    cluster.wait_until_whole()


def test_a_region_that_is_alive_is_not_given_up(
    cluster: Cluster,
    hosts: Hosts,
    declaration: Declaration,
    serving: Callable[[str], list[Node]],
    refused: Callable[..., str],
) -> None:
    """Only the operator's way to it is cut: the other region still sees who leads there."""
    cluster.wait_until_whole()
    east, west = declaration.regions
    primary = cluster.primary()
    with hosts.without_power(serving("bastion")[0].name):
        said = refused("scope=region", f"to={west}")
        assert f"{east} is alive: {cluster.followers[0]} sees that {primary} leads there" in said
        assert f"-e region_is_gone={east}, which gives up everything that it acknowledges from now on" in said
    assert cluster.primary() == primary


@pytest.mark.parametrize(
    ("phase", "after"), [*(pytest.param(one, 0.0, id=one) for one in REGION_PHASES), *REGION_AMIDST]
)
def test_what_a_dead_run_left_of_a_region_is_finished_by_the_next(
    cluster: Cluster,
    declaration: Declaration,
    command: list[str],
    play: Callable[..., str],
    platform_name: str,
    phase: str,
    after: float,
) -> None:
    cluster.wait_until_whole()
    east, west = declaration.regions
    there, back = (["scope=region", f"to={name}", f"confirm={platform_name}"] for name in (west, east))
    _die_at(phase, with_variables(command, *there), after)
    play("failover", *there, limit=LIMIT)
    assert cluster.primary() in cluster.followers
    play("failover", *back, limit=LIMIT)
    assert cluster.primary() in cluster.members
    cluster.wait_until_whole()


@pytest.mark.parametrize(("phase", "after"), [*(pytest.param(one, 0.0, id=one) for one in PHASES), *AMIDST])
def test_what_a_dead_run_left_is_finished_by_the_next(
    load: Callable[[], ContextManager[Load]],
    hosts: Hosts,
    cluster: Cluster,
    command: list[str],
    play: Callable[..., str],
    platform_name: str,
    prefix: str,
    phase: str,
    after: float,
) -> None:
    with load() as writers:
        cluster.wait_until_whole()
        primary = cluster.primary()
        begin = time.time()
        with hosts.without_power(primary):
            _die_at(phase, [*command, "-e", f"confirm={platform_name}"], after)
            play("failover", "scope=database", f"confirm={platform_name}", limit=LIMIT)
            assert cluster.primary() != primary
        cluster.wait_until_whole()
        end = time.time()
    judged = report("operator_dies", cluster, prefix, writers.public(), begin, end)
    assert not judged["findings"], judged


@pytest.mark.parametrize("phase", ALIVE_PHASES)
def test_what_a_dead_run_left_of_a_primary_that_serves_is_finished_by_the_next(
    cluster: Cluster, command: list[str], play: Callable[..., str], platform_name: str, phase: str
) -> None:
    cluster.wait_until_whole()
    primary = cluster.primary()
    words = ("scope=database", f"old_primary={primary}", f"confirm={platform_name}")
    _die_at(phase, with_variables(command, *words))
    play("failover", *words, limit=LIMIT)
    assert cluster.primary() != primary
    cluster.wait_until_whole()


@pytest.mark.parametrize(("phase", "after"), SILENT_PHASES)
def test_what_is_left_where_the_operators_network_dies_is_finished_by_the_next(
    load: Callable[[], ContextManager[Load]],
    hosts: Hosts,
    cluster: Cluster,
    command: list[str],
    play: Callable[..., str],
    platform_name: str,
    phase: str,
    after: float,
) -> None:
    """The command goes on, gives the hosts up, and ends; what it has begun on a host runs on there."""
    with load():
        cluster.wait_until_whole()
        primary = cluster.primary()
        words = ("scope=database", f"old_primary={primary}", f"confirm={platform_name}")
        run = with_variables(command, *words)
        with ExitStack() as network:

            def die() -> None:
                time.sleep(after)
                network.enter_context(hosts.operator_cut_off())

            status, said = _meanwhile(phase, die, run)
            assert status != 0, said
            assert "UNREACHABLE" in said, said
        play("failover", *words, limit=LIMIT)
        assert cluster.primary() != primary
        cluster.wait_until_whole()


@pytest.mark.parametrize(("phase", "after"), SWITCHOVER_PHASES)
def test_what_a_dead_switchover_left_is_finished_by_the_next(
    load: Callable[[], ContextManager[Load]],
    cluster: Cluster,
    command: list[str],
    play: Callable[..., str],
    platform_name: str,
    phase: str,
    after: float,
) -> None:
    """The pools let their clients go on by themselves, whatever became of who told them to wait."""
    with load() as writers:
        cluster.wait_until_whole()
        candidate = next(name for name in cluster.members if name != cluster.primary())
        words = (f"candidate={candidate}", f"confirm={platform_name}")
        switchover = [word.replace("failover.yml", "switchover.yml") for word in command]
        begin = time.time()
        _die_at(phase, with_variables(switchover, *words), after)
        play("switchover", *words, limit=LIMIT)
        assert cluster.primary() == candidate
        cluster.wait_until_whole()
        end = time.time()
    assert ledger_book.failed(writers.public()) == []
    assert ledger_book.outage(writers.public(), begin, end).seconds < PAUSED


@pytest.mark.parametrize(
    ("last", "after", "anew"),
    [
        ("Let the databases follow", 0.0, False),
        ("Wait until a region that returns follows", 0.0, False),
        # Some hosts' data are put aside then, and the cluster store may have forgotten whose they are.
        ("Let the databases follow", 3.0, True),
    ],
)
def test_what_dead_runs_left_of_a_lost_region_is_finished_by_the_next(
    cluster: Cluster,
    hosts: Hosts,
    declaration: Declaration,
    command: list[str],
    play: Callable[..., str],
    platform_name: str,
    last: str,
    after: float,
    anew: bool,
) -> None:
    """Each run dies later than the one before; the last one of them when the region is back, and maybe copied anew."""
    cluster.wait_until_whole()
    east, west = declaration.regions
    there, back = (["scope=region", f"to={name}", f"confirm={platform_name}"] for name in (west, east))
    dying = with_variables(command, *there)
    with hosts.without_power(*cluster.members):
        for phase in LOST_PHASES:
            _die_at(phase, dying)
        play("failover", *there, limit=LIMIT)
        assert cluster.primary() in cluster.followers
    deadline = time.monotonic() + BOOT
    while time.monotonic() < deadline:
        assert cluster.primary() in cluster.followers
        time.sleep(1)
    returns = [*there, *([f"fresh_copy={east}"] if anew else [])]
    try:
        for phase, seconds in (*((one, 0.0) for one in RETURN_PHASES), (last, after)):
            _die_at(phase, with_variables(command, *returns), seconds)
            assert set(cluster.writers()) <= set(cluster.followers)
        play("failover", *returns, limit=LIMIT)
        assert cluster.primary() in cluster.followers
        play("failover", *back, limit=LIMIT)
        assert cluster.primary() in cluster.members
        cluster.wait_until_whole()
    finally:
        for host in cluster.members:
            hosts.on(host, "sh", "-c", f"rm -rf {ASIDE}")


def _stopped_by(fault: Callable[[], object], command: list[str]) -> str:
    """Run a failover, let something happen as it stops the old primary, and return what it said when it failed."""
    status, said = _meanwhile("Keep the old primary from writing", fault, command)
    assert status == 2
    return said


def _meanwhile(phase: str, fault: Callable[[], object], command: list[str]) -> tuple[int, str]:
    """Run a failover, let something happen as a play of it begins, and return its status and what it said."""
    said = []
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        for line in process.stdout:
            said.append(line)
            if f"PLAY [{phase}]" in line:
                fault()
        return process.wait(LIMIT), "".join(said)


def _die_at(phase: str, command: list[str], after: float = 0.0) -> None:
    """Run a command until it says that a play begins, and kill it after some seconds, with all that it started."""
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if f"PLAY [{phase}]" in line:
                break
        else:
            pytest.fail(f"no play {phase}: {''.join(said)}")
        time.sleep(after)
        os.killpg(process.pid, signal.SIGKILL)
