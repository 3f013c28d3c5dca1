"""How the database does: who leads, how far the others are behind, what is asked, and how much room is left."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards.panels import (
    HOST,
    REGION,
    UP_OR_DOWN,
    YES_OR_NO,
    Column,
    Query,
    Row,
    above,
    below,
    board,
    on_hosts_of,
    row,
    series,
    stat,
    table,
)

#: Its targets are scraped every 30 s (R49).
SLOW = "30s"
POSTGRES = f'job="postgres", {HOST}'
PATRONI = f'job="patroni", {HOST}'
ON_MEMBERS = on_hosts_of("postgres")


def dashboard() -> Dashboard:
    """Return the dashboard."""
    return board(
        "database-performance",
        "Database Performance",
        "Who leads, how far the others are behind, what is asked, and how much room is left.",
        _now(),
        _statements(),
        _connections(),
        _replication(),
        _hosts(),
        _room(),
        _members(),
    )


def _now() -> Row:
    of_region = f'{{job="patroni", {REGION}}}'
    leads = f"(patroni_primary{of_region} == 1) or (patroni_standby_leader{of_region} == 1)"
    return row(
        "Now",
        stat(
            "Who leads",
            "none",
            "The member that leads in each region: the primary, or the one that follows the other region's.",
            "DatabaseDown",
            Query(f"max by (region, host) ({leads})", "{{region}} {{host}}"),
            limits=below(1),
            words={"1": ("leads", "green")},
            width=8,
        ),
        # R45: below 1 s.
        stat(
            "Replication lag",
            "s",
            "How far the replica that is furthest behind is, by region; the target is below 1 s (R45).",
            "ReplicationLagHigh",
            Query(f"region:postgres_lag_seconds:max{{{REGION}}}", "{{region}}"),
            limits=above(1),
            width=8,
        ),
        # R62: nothing is lost where a synchronous standby is set.
        stat(
            "Synchronous standbys",
            "none",
            "Standbys that have every commit before the client hears of it, where the primary is. With none, the loss "
            "of the primary can lose commits (R62).",
            "NoSynchronousStandby",
            Query(
                f"sum by (region) (patroni_sync_standby{of_region} + patroni_quorum_standby{of_region}) "
                f"and on (region) max by (region) (patroni_primary{of_region}) == 1",
                "{{region}}",
            ),
            limits=below(1),
            width=8,
        ),
        # R40: 80 %.
        stat(
            "Connections in use",
            "percentunit",
            "The member with the largest share of its max_connections in use; above 80 % a replica is added (R40).",
            "ConnectionsHigh",
            Query(f"max by (region) ({_connections_used()})", "{{region}}"),
            limits=above(0.7, 0.8),
            width=8,
        ),
        # R55: a segment at least every 60 s; R56: at most 5 min are lost.
        stat(
            "Last archived WAL",
            "s",
            "How long ago the primary archived its last segment of WAL. It is at most about 60 s where anything is "
            "written (R55); at 5 min the objective of recovery is lost (R56).",
            "WalArchiveFailing",
            Query(
                f'max by (region) (pg_stat_archiver_last_archive_age{{job="postgres", {REGION}}} '
                "and on (instance) pg_replica_in_recovery == 0)",
                "{{region}}",
            ),
            limits=above(120, 300),
            width=8,
        ),
        # R60: page checksums.
        stat(
            "Damaged pages",
            "none",
            "Pages whose checksum was wrong when they were read (R60). A single one is too many.",
            "ChecksumFailure",
            Query(f'sum by (region) (pg_checksums_failures_total{{job="postgres", {REGION}}})', "{{region}}"),
            limits=above(1),
            width=8,
        ),
    )


def _connections_used() -> str:
    used = f"sum by (region, host) (pg_stat_activity_count{{{POSTGRES}}})"
    return f"{used} / max by (region, host) (pg_limits_max_connections{{{POSTGRES}}})"


def _statements() -> Row:
    calls = f"sum by (host) (rate(pg_statements_calls_total{{{POSTGRES}}}[$__rate_interval]))"
    seconds = f"sum by (host) (rate(pg_statements_seconds_total{{{POSTGRES}}}[$__rate_interval]))"
    counter = f"sum by (%s) (rate(pg_stat_database_%s{{{POSTGRES}}}[$__rate_interval]))"
    return row(
        "Statements",
        series(
            "Statements by member",
            "ops",
            "Statements that each member ran, as pg_stat_statements counts them.",
            "ResponseSlow",
            Query(calls, "{{host}}", SLOW),
        ),
        # R43: an API request takes 100 ms at the median, so a statement has to take far less.
        series(
            "Mean time of a statement",
            "s",
            "How long a statement takes on each member. A request to the API has 100 ms (R43), so a statement should "
            "take a tenth of it.",
            "ResponseSlow",
            Query(f"{seconds} / ({calls} > 0) or {calls} * 0", "{{host}}", SLOW),
            limits=above(0.01, 0.1),
        ),
        series(
            "Transactions",
            "ops",
            "Transactions by how they ended, on all members.",
            "ErrorRateHigh",
            Query(counter % ("region", "xact_commit"), "{{region}} committed", SLOW),
            Query(counter % ("region", "xact_rollback"), "{{region}} rolled back", SLOW),
        ),
        series(
            "Rows",
            "ops",
            "Rows that were read, added, changed and removed, on all members.",
            "ResponseSlow",
            Query(f"sum({counter % ('region', 'tup_fetched')})", "read", SLOW),
            Query(f"sum({counter % ('region', 'tup_inserted')})", "added", SLOW),
            Query(f"sum({counter % ('region', 'tup_updated')})", "changed", SLOW),
            Query(f"sum({counter % ('region', 'tup_deleted')})", "removed", SLOW),
        ),
        series(
            "Reads that memory answered",
            "percentunit",
            "The share of page reads that PostgreSQL's own cache answered. Well below 90 % for long, the data that is "
            "used does not fit any more (R42: the next class of server).",
            "MemoryHigh",
            Query(
                f"{counter % ('host', 'blks_hit')} / "
                f"({counter % ('host', 'blks_hit')} + {counter % ('host', 'blks_read')} > 0)",
                "{{host}}",
                SLOW,
            ),
            limits=below(0.8, 0.9),
            maximum=1,
        ),
        series(
            "Deadlocks and cancelled statements",
            "ops",
            "Deadlocks, and statements that a standby cancelled because they were in the way of replication.",
            "ErrorRateHigh",
            Query(counter % ("region", "deadlocks"), "{{region}} deadlocks", SLOW),
            Query(counter % ("region", "conflicts"), "{{region}} cancelled", SLOW),
            limits=above(0.1),
        ),
    )


def _connections() -> Row:
    return row(
        "Connections",
        # R40: 80 %.
        series(
            "Connections in use",
            "percentunit",
            "The share of max_connections that is in use on each member; above 80 % a replica is added (R40).",
            "ConnectionsHigh",
            Query(_connections_used(), "{{host}}", SLOW),
            limits=above(0.7, 0.8),
            maximum=1,
        ),
        series(
            "Connections by state",
            "short",
            "What the connections of all members do. Many that are idle in a transaction keep rows from being cleaned "
            "up, and point at the application.",
            "ConnectionsHigh",
            Query(f"sum by (state) (pg_stat_activity_count{{{POSTGRES}}})", "{{state}}", SLOW),
            stacked=True,
        ),
        series(
            "Longest transaction",
            "s",
            "How long the oldest transaction of each member has been open.",
            "ConnectionsHigh",
            Query(f"max by (host) (pg_stat_activity_max_tx_duration{{{POSTGRES}}})", "{{host}}", SLOW),
            limits=above(300, 3600),
        ),
    )


def _replication() -> Row:
    return row(
        "Replication",
        # R45: below 1 s.
        series(
            "Lag of each member",
            "s",
            "How old the newest commit is that each member has replayed; 0 on the primary. An alert fires above 1 s "
            "(R45).",
            "ReplicationLagHigh",
            Query(f"max by (host) (pg_replica_lag_seconds{{{POSTGRES}}})", "{{host}}", SLOW),
            limits=above(1),
        ),
        series(
            "Not yet replayed",
            "bytes",
            "What each member that follows has still to replay, as the one that it follows sees it.",
            "ReplicationLagHigh",
            Query(
                f"max by (application_name, sync_state) (pg_replication_client_lag_bytes{{{POSTGRES}}})",
                "{{application_name}} ({{sync_state}})",
                SLOW,
            ),
            limits=above(16 * 2**20, 2**30),
        ),
        # R7: WAL and logs have 100 GB, of which slots may keep 32.
        series(
            "WAL that is kept for members",
            "bytes",
            "WAL that replication slots keep for members that have not read it. WAL and logs have 100 GB (R7); at 32 "
            "GB a slot is given up.",
            "SlotRetainsWal",
            Query(
                f"max by (host, slot_name) (pg_slots_retained_bytes{{{POSTGRES}}})", "{{slot_name}} on {{host}}", SLOW
            ),
            limits=above(8 * 2**30, 32 * 2**30),
        ),
    )


def _hosts() -> Row:
    of_members = f"{{{HOST}}} {ON_MEMBERS}"
    operations = f'sum by (host) (rate(node_disk_%s_completed_total{{job="node", {HOST}}}[$__rate_interval]))'
    return row(
        "Database hosts",
        # R42: 80 %.
        series(
            "CPU in use",
            "percentunit",
            "The share of each member's cores that is busy; above 80 % the next class of server is due (R42).",
            "CpuHigh",
            Query(f"host:cpu_used:ratio_rate5m{of_members}", "{{host}}"),
            limits=above(0.7, 0.8),
            maximum=1,
        ),
        # R51: 85 %; R42: 90 %.
        series(
            "Memory in use",
            "percentunit",
            "The share of each member's memory that is in use; above 85 % an alert fires (R51), above 90 % the next "
            "class of server is due (R42).",
            "MemoryHigh",
            Query(f"host:memory_used:ratio{of_members}", "{{host}}"),
            limits=above(0.85, 0.9),
            maximum=1,
        ),
        # R2: 3000; R42: 80 % of what is provisioned.
        series(
            "Disk operations",
            "iops",
            "Reads and writes of each member's disks. At least 3000 a second are provisioned (R2); above 80 % of that, "
            "more are due (R42).",
            "ResponseSlow",
            Query(f"({operations % 'reads'} + {operations % 'writes'}) {ON_MEMBERS}", "{{host}}"),
            limits=above(2400, 3000),
        ),
    )


def _room() -> Row:
    of_members = f"{{{HOST}}} {ON_MEMBERS}"
    return row(
        "Room",
        # R7: 500 GB of data with 50 % headroom.
        series(
            "Size of the databases",
            "bytes",
            "The size of each database, where it is largest. 500 GB are planned, with half of it left free (R7).",
            "DiskFullSoon",
            Query(f"max by (datname) (pg_database_size_bytes{{{POSTGRES}}})", "{{datname}}", SLOW),
            limits=above(250e9, 500e9),
        ),
        series(
            "Fullest disk of each member",
            "percentunit",
            "How full the fullest file system of each member is. An alert fires above 90 % (R51).",
            "DiskAlmostFull",
            Query(f"max by (host) (host:disk_used:ratio{of_members})", "{{host}}"),
            limits=above(0.8, 0.9),
            maximum=1,
        ),
        series(
            "Age of the oldest transaction id",
            "short",
            "How many transactions ago the oldest row was written that is not frozen. Freezing starts at 200 million; "
            "at 2 billion the database stops to accept writes.",
            "WraparoundNear",
            Query(f"max by (datname) (pg_wraparound_age{{{POSTGRES}}})", "{{datname}}", SLOW),
            limits=above(500e6, 1e9),
        ),
    )


def _members() -> Row:
    of_each = "max by (region, host) (%s)"
    return row(
        "Each member",
        table(
            "Members",
            "Every member of both regions' clusters with its part and its state.",
            "PatroniMemberDown",
            {"region": "Region", "host": "Host"},
            Column(
                "Part",
                "none",
                # 3 primary, 2 leads a region that follows, 1 synchronous standby, 0 replica.
                of_each
                % (
                    f"3 * patroni_primary{{{PATRONI}}} > 0 or 2 * patroni_standby_leader{{{PATRONI}}} > 0 "
                    f"or patroni_sync_standby{{{PATRONI}}} + patroni_quorum_standby{{{PATRONI}}} > 0 "
                    f"or 0 * patroni_postgres_running{{{PATRONI}}}"
                ),
                words={
                    "3": ("primary", "green"),
                    "2": ("standby leader", "green"),
                    "1": ("synchronous standby", "green"),
                    "0": ("replica", "blue"),
                },
            ),
            Column("PostgreSQL", "none", of_each % f"patroni_postgres_running{{{PATRONI}}}", below(1), UP_OR_DOWN),
            Column("Timeline", "none", of_each % f"patroni_postgres_timeline{{{PATRONI}}}"),
            Column("Lag", "s", of_each % f"pg_replica_lag_seconds{{{POSTGRES}}}", above(1)),
            Column("Connections", "none", f"sum by (region, host) (pg_stat_activity_count{{{POSTGRES}}})"),
            Column("Restart pending", "none", of_each % f"patroni_pending_restart{{{PATRONI}}}", words=YES_OR_NO),
            height=8,
            sort="Host",
        ),
    )
