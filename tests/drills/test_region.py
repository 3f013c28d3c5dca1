# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A region hands over, is lost, comes back and leads again, while people outside store records through its name."""

from __future__ import annotations

import calendar
import csv
import io
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import Attempt
from tests.acceptance.data.archive import BACKUP, Archive
from tests.acceptance.data.cluster import ASIDE, Cluster
from tests.acceptance.data.figures import Figures
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.ledger import RECORDS, lent_addresses, prove, writing
from tests.acceptance.matrix.declaration import Declaration, Node, read
from tests.acceptance.site_client import until
from tests.drills.visitors import Visitor

REPOSITORY = Path(__file__).resolve().parents[2]
#: Seconds that are borne from the command to a record that is stored through the public name, with the time that names
#: are kept; 60 s are wanted.
SERVICE = 120.0
#: Seconds that a command may take, the proof, the cache and the report included.
LIMIT = 600.0
#: Seconds for which a region writes that nobody else sees, before it is lost.
UNSEEN = 4.0
#: Seconds for which a region that came back must not write.
QUIET = 20.0
#: How many records are brought into the cache before it has to follow, and the seconds that each may take.
CACHED, CACHING = 3, 20.0
#: How far the moment up to which nothing is lost may be from the truth, in seconds.
EXACT = 1.0


@pytest.fixture
def visitors(
    request: pytest.FixtureRequest, lab: str, declaration: Declaration
) -> Iterator[Callable[[], list[Visitor]]]:
    """Return new visitors, each with an address of its own."""
    site = f"app.{read(REPOSITORY / str(request.config.getoption('--topology')))['domain']}"
    outside = next(node for node in declaration.nodes if "internet_client" in node.services)
    names = next(node for node in declaration.nodes if "dns_server" in node.services)
    namespace = f"{lab}-{outside.name}"
    # Clients of the same session have others.
    with lent_addresses(namespace, outside.ipv4, first=150) as addresses:
        yield lambda: [Visitor(namespace, address, site, names.ipv4) for address in addresses]


@pytest.fixture
def lead(play: Callable[..., str], platform_name: str) -> Callable[..., str]:
    """Return what lets a region lead as an operator does."""

    def run(region: str, *variables: str) -> str:
        return play("failover", "scope=region", f"to={region}", f"confirm={platform_name}", *variables, limit=LIMIT)

    return run


def cached(visitor: Visitor) -> list[str]:
    """Store records that nobody has asked for yet, read them until the cache has them, and return their paths."""

    def fill() -> list[str]:
        keys = [f"cached-{time.time_ns()}" for _ in range(CACHED)]
        paths = [f"{RECORDS}/{key}" for key in keys]
        for key, path in zip(keys, paths):
            assert visitor(key, "cached") == 201
            until(f"the cache has {key}", partial(_is_cached, visitor, path), CACHING)
        return paths

    # A visitor moves the thread in which it asks out of this machine's network.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(fill).result()


def _is_cached(visitor: Visitor, path: str) -> bool:
    return visitor.ask("GET", path).headers.get("x-cache") == "hit"


def report_of(said: str) -> dict[str, Any]:
    """Return the report that a command left, by what it printed."""
    folder = re.search(r"reports/\S+-region", said)
    assert folder, said
    report: dict[str, Any] = json.loads((REPOSITORY / folder.group() / "report.json").read_text())
    return report


def proved(report: dict[str, Any]) -> list[str]:
    """Return what a report says was proved."""
    return [line for part in report["sections"] if part["heading"] == "What was proved" for line in part["lines"]]


def carried(report: dict[str, Any], region: str) -> int:
    """Return how many keys of a region's cache were carried over, as a report tells it."""
    found = re.search(rf"^(\d+) keys of the cache of {region} were carried over$", "\n".join(proved(report)), re.M)
    return int(found[1]) if found else 0


def written_since(attempts: Callable[[], list[Attempt]], moment: float) -> bool:
    done = ledger_book.acknowledged(attempts())
    return bool(done) and (done[-1].ended or 0.0) > moment


def outage(attempts: Callable[[], list[Attempt]], begin: float) -> float:
    """Return how long no record was stored from a moment on, by the visitors' clock, once some are again."""
    until("visitors store records", lambda: written_since(attempts, time.time() - 1.0), SERVICE)
    return ledger_book.outage(attempts(), begin, time.time()).seconds


def test_a_region_hands_over_and_takes_back_without_a_loss(
    cluster: Cluster,
    declaration: Declaration,
    visitors: Callable[[], list[Visitor]],
    lead: Callable[..., str],
    prefix: str,
    tmp_path: Path,
    runs: int,
    figures: Figures,
) -> None:
    east, west = declaration.regions
    cluster.wait_until_whole()
    seconds = []
    with writing(tmp_path / "ledger.jsonl", prefix, visitors()) as attempts:
        for _ in range(runs):
            for old, region, servers in ((east, west, cluster.followers), (west, east, cluster.members)):
                time.sleep(3)
                cached(visitors()[0])
                begin = time.time()
                said = lead(region)
                print(said)
                assert cluster.primary() in servers
                seconds.append(outage(attempts, begin))
                # Those that nobody had asked for in the other region, at least.
                assert carried(report_of(said), old) >= CACHED, said
    figures.add("a region hands over, through the site's name", seconds)
    cluster.wait_until_whole()
    assert prove(attempts(), prefix, cluster.records("records")) == {}
    assert max(seconds) < SERVICE


def test_backups_go_on_while_the_other_region_leads(
    cluster: Cluster,
    hosts: Hosts,
    declaration: Declaration,
    archive: Archive,
    lead: Callable[..., str],
) -> None:
    """The host that keeps them stays where it is, and takes what it can from the standbys beside it."""
    east, west = declaration.regions
    cluster.wait_until_whole()
    (follower,) = cluster.followers
    archive.wait_until_nothing_is_saved(follower)
    begin = time.time()
    lead(west)
    archive.wait_until_saved_since(begin)
    archive.wait_until_nothing_is_saved(follower)
    said = hosts.on(archive.backup, "pgbackrest-job", "incr", timeout=BACKUP)
    assert said.count("backup command end: completed successfully") == 2, said
    assert "no standby is up" not in said
    lead(east)
    cluster.wait_until_whole()


@pytest.mark.parametrize("anew", [False, True], ids=["rewound", "copied"])
def test_a_region_is_lost_and_comes_back(
    anew: bool,
    cluster: Cluster,
    hosts: Hosts,
    active: tuple[Node, ...],
    declaration: Declaration,
    visitors: Callable[[], list[Visitor]],
    lead: Callable[..., str],
    prefix: str,
    tmp_path: Path,
    figures: Figures,
) -> None:
    east, west = declaration.regions
    cluster.wait_until_whole()
    with writing(tmp_path / "ledger.jsonl", prefix, visitors()) as attempts:
        time.sleep(3)
        paths = cached(visitors()[0])
        with ExitStack() as faults:
            # What is acknowledged while the other region is cut off is in this one alone.
            with hosts.unplugged(cluster.followers[0]):
                time.sleep(UNSEEN)
                faults.enter_context(hosts.without_power(*(node.name for node in active)))
            begin = time.time()
            grow = ["touch", str(tmp_path / "{{ platform_region }} is to grow")]
            said = lead(west, json.dumps({"failover_scale_command": grow, "failover_warm_urls": paths}))
            how = "copied anew then" if anew else "rewound then"
            name = f"a region is lost, {how}: from the command, through the site's name"
            figures.add(name, [outage(attempts, begin)])
            assert cluster.primary() in cluster.followers
            assert (tmp_path / f"{west} is to grow").exists()
            for name in (node.name for node in declaration.region(west) if "api" in node.services):
                filled = f"{name}: {len(paths)} of {len(paths)} requests that fill the cache were answered"
                assert filled in proved(report_of(said)), said
            stored = {row[0] for row in cluster._records(cluster.primary(), "records", prefix)}
        # Its hosts run again; its database must not write beside the one that leads now.
        deadline = time.monotonic() + QUIET
        while time.monotonic() < deadline:
            assert cluster.primary() in cluster.followers
            time.sleep(1)
        # Copied anew, it follows already when that is asked for.
        for variables in ([], [f"fresh_copy={east}"]) if anew else ([],):
            print(lead(west, *variables))
        for name in cluster.members if anew else ():
            # What it had before is there still; only this test takes it away.
            assert hosts.on(name, "sh", "-c", f"ls {ASIDE}/PG_VERSION && rm -r {ASIDE}")
        lost = missing(attempts(), stored, begin)
        assert lost
        assert_told_right(said, attempts(), stored, begin)
        assert lost <= kept(hosts, cluster.members, prefix)
        print(f"{len(lost)} acknowledged records were lost, and are kept aside")
        print(lead(east))
        assert cluster.primary() in cluster.members
        until("visitors store records", lambda: written_since(attempts, time.time() - 1.0), SERVICE)
    cluster.wait_until_whole()
    for server, findings in prove(attempts(), prefix, cluster.records("records")).items():
        assert (server, set(findings.lost), findings.doubled, findings.wrong) == (server, lost, (), ())


def missing(attempts: list[Attempt], stored: set[str], begin: float) -> set[str]:
    """Return the records that were acknowledged before a moment, and are not stored."""
    return {one.key for one in ledger_book.acknowledged(attempts) if (one.ended or 0.0) < begin} - stored


def assert_told_right(said: str, attempts: list[Attempt], stored: set[str], begin: float) -> None:
    """Compare the moment up to which nothing is lost, as the report tells it, with the ledger and the server."""
    told = next(one["measured"] for one in report_of(said)["figures"] if one["name"] == "writes lost")
    moment = re.search(r"after (\d+)-(\d+)-(\d+) (\d+):(\d+):([\d.]+)Z", told)
    assert moment, told
    *whole, seconds = moment.groups()
    at = calendar.timegm((*map(int, whole), 0)) + float(seconds)
    before = [one.ended or 0.0 for one in ledger_book.acknowledged(attempts) if (one.ended or 0.0) < begin]
    there = [
        one.ended or 0.0
        for one in ledger_book.acknowledged(attempts)
        if (one.ended or 0.0) < begin and one.key in stored
    ]
    print(f"told: nothing is lost up to {at:.3f}; the last record that is there was acknowledged at {max(there):.3f}")
    assert abs(at - max(there)) < EXACT
    assert not [one for one in before if one < at - EXACT and one > max(there)]


def kept(hosts: Hosts, members: tuple[str, ...], prefix: str) -> set[str]:
    """Return the keys of the records that the members kept aside."""
    found: set[str] = set()
    for member in members:
        text = hosts.on(member, "sh", "-c", "cat /var/lib/postgresql/kept/*/app.public.records.csv 2>/dev/null || true")
        found |= {cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.startswith(prefix)}
    return found
