# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every host of both regions is gone, with its disk; what is in S3 is enough (R59, R64)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from tests.acceptance.data.archive import Archive
from tests.acceptance.data.cluster import ASIDE, Cluster
from tests.acceptance.data.figures import Figures
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.ledger import Client, prove, writing
from tests.acceptance.matrix.declaration import Declaration, Node
from tests.acceptance.site_client import until
from tests.drills.reports import report

#: Seconds of writing before everything is lost; until the archive has it; and that a recovery may take, or a refusal.
WRITING, ARCHIVED, RECOVERED, REFUSED = 5.0, 150.0, 3600.0, 300.0


#: Where the API servers keep what visitors uploaded.
UPLOADS = "/var/lib/api/uploads"


@pytest.fixture
def uploaded(hosts: Hosts, serving: Callable[[str], list[Node]], prefix: str) -> Iterator[dict[str, str]]:
    """A file that was uploaded to each API server of the region that leads, and is in the object store."""
    files = {node.name: f"{prefix} on {node.name}" for node in serving("api")}
    for host, content in files.items():
        write = f"install -d -o api -g api {UPLOADS} && printf %s '{content}' > {UPLOADS}/kept"
        hosts.on(host, "sh", "-c", f"{write} && touch -d '1 minute ago' {UPLOADS}/kept")
        hosts.on(host, "systemctl", "start", "backup-uploads", timeout=120)
    yield files
    for host in files:
        hosts.on(host, "sh", "-c", f"rm -rf {UPLOADS} /var/lib/backup/uploads.json")
        hosts.on(host, "backup-rclone", "purge", "store:files", timeout=120)


def test_a_platform_comes_back_from_the_object_store_alone(
    play: Callable[..., str],
    declaration: Declaration,
    archive: Archive,
    cluster: Cluster,
    hosts: Hosts,
    uploaded: dict[str, str],
    clients: Callable[[], list[Client]],
    prefix: str,
    tmp_path: Path,
    ask: Callable[[str], list[dict[str, Any]]],
    figures: Figures,
) -> None:
    """What was archived or uploaded is there afterwards, once; new records are taken, and all is watched."""
    cluster.wait_until_whole()
    with writing(tmp_path / "before.jsonl", prefix, clients()) as before:
        time.sleep(WRITING)
    last = archive.finish_segment()
    until("the archive has everything", lambda: archive.holds([last]), ARCHIVED)
    lost = [node.name for node in declaration.nodes if node.region]
    struck = time.time()
    hosts.kill(*lost)
    for host in lost:
        hosts.replace(host)
    hosts.leave_vpn()
    begun = time.time()
    play("recover", f"confirm={archive.stanza}", limit=RECOVERED)
    figures.add("everything lost: until the platform serves from the object store", [time.time() - begun])
    with writing(tmp_path / "after.jsonl", f"{prefix}-after", clients()) as after:
        time.sleep(WRITING)
    judged = report("everything_lost", cluster, prefix, [*before(), *after()], struck, time.time())
    assert judged["good"], judged
    for host, content in uploaded.items():
        assert hosts.on(host, "cat", f"{UPLOADS}/kept") == content
    fresh = archive.finish_segment()
    until("archiving works", lambda: archive.holds([fresh]), ARCHIVED)
    until("everything is watched again", lambda: not ask('up{host!=""} == 0'), ARCHIVED)


def test_what_is_left_of_a_cluster_is_kept_beside_what_is_restored(
    play: Callable[..., str],
    archive: Archive,
    cluster: Cluster,
    hosts: Hosts,
    clients: Callable[[], list[Client]],
    prefix: str,
    tmp_path: Path,
) -> None:
    """Nobody leads any more, and every host has data. While one still runs, which may have more, it stops."""
    cluster.wait_until_whole()
    settings = region_epoch(hosts, cluster.members[0])
    with writing(tmp_path / "before.jsonl", prefix, clients()) as before:
        time.sleep(WRITING)
    try:
        for host in cluster.members:
            hosts.on(host, "systemctl", "stop", "patroni")
        said = play("recover_database", f"confirm={archive.stanza}", limit=REFUSED, refused=True)
        assert f"{', '.join(cluster.followers)} still runs and may have more than the backups" in said
        for host in cluster.followers:
            hosts.on(host, "systemctl", "stop", "patroni")
        play("recover", f"confirm={archive.stanza}", limit=RECOVERED)
        for host in cluster.servers:
            assert hosts.on(host, "sh", "-c", f"ls -d {ASIDE}/base"), host
        assert region_epoch(hosts, cluster.members[0]) > settings
        cluster.wait_until_whole()
        assert prove(before(), prefix, cluster.records("records")) == {}
    finally:
        for host in cluster.servers:
            # Where the others do not run yet, a start waits for them.
            hosts.on(host, "systemctl", "start", "--no-block", "patroni")
            hosts.on(host, "sh", "-c", f"rm -rf {ASIDE}")


def region_epoch(hosts: Hosts, member: str) -> int:
    """Return the number by which a cluster's settings tell the last failover of a region, 0 if there was none."""
    said = hosts.on(member, "patronictl", "show-config").splitlines()
    return max((int(line.partition(":")[2]) for line in said if line.startswith("region_epoch:")), default=0)
