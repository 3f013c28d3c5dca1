# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the running servers are set to where a promise rests on it."""

from __future__ import annotations

from tests.acceptance.data.cluster import Cluster


def test_the_log_goes_to_the_archive_once_a_minute_whoever_leads(cluster: Cluster) -> None:
    """So no more than about the last minute is lost with all hosts of the database and the backup host."""
    asked = "SELECT current_setting('archive_mode'), current_setting('archive_timeout')"
    assert {server: cluster.ask(server, asked) for server in cluster.servers} == {
        server: [["on", "1min"]] for server in cluster.servers
    }
