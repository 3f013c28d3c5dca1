"""Whether the platform keeps what it promises: its objectives, its copies, its certificates, and its own monitoring."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards.panels import (
    ANY_REGION,
    HOST,
    OR_NEVER,
    REGION,
    UP_OR_DOWN,
    YES_OR_NO,
    Column,
    Query,
    Row,
    above,
    below,
    board,
    gauge,
    row,
    series,
    stat,
    table,
)

HOUR = 3600
DAY = 24 * HOUR
#: Alertmanager and Prometheus have no host variable: both servers are always shown.
PROMETHEUS = '{job="prometheus"}'
ALERTMANAGER = '{job="alertmanager"}'


def dashboard() -> Dashboard:
    """Return the dashboard."""
    return board(
        "platform-health",
        "Platform Health",
        "Whether the platform keeps what it promises: objectives, copies, certificates, and its own monitoring.",
        _objectives(),
        _alerts(),
        _backups(),
        _replication(),
        _ahead(),
        _monitoring(),
    )


def _objectives() -> Row:
    objective = "scalar(max(slo:availability:objective))"
    burn = f"slo:availability:error_ratio_rate%s{{{REGION}}} / (1 - {objective})"
    windows = (("5m", "5 min"), ("1h", "1 h"), ("6h", "6 h"), ("3d", "3 d"))
    return row(
        "Objectives",
        stat(
            "Objective",
            "percentunit",
            "The share of requests that is to be answered without a server error, over 30 days.",
            "SloBurnFast",
            Query("max(slo:availability:objective)"),
            decimals=2,
            width=4,
        ),
        stat(
            "Availability, 3 days",
            "percentunit",
            "The share of the last 3 days' requests that were answered without a server error, by region.",
            "SloBurnFast",
            Query(f"1 - slo:availability:error_ratio_rate3d{{{REGION}}}", "{{region}}"),
            limits=below(0.99, 0.999),
            decimals=3,
            width=8,
        ),
        gauge(
            "Error budget that is left",
            "percentunit",
            "What is left of the errors that the objective allows in 30 days. At 0 nothing risky is changed any more.",
            "SloBurnFast",
            # It is recorded every 5 min, which is as long as Prometheus looks back.
            Query(f"last_over_time(slo:availability:budget_left:ratio30d{{{REGION}}}[15m])", "{{region}}"),
            below(0.01, 0.25),
            width=12,
        ),
        # The workbook of Google's SRE: 14.4 pages, 6 and 1 are tickets.
        series(
            "How fast the budget goes",
            "none",
            "Errors as a multiple of what the objective allows: at 1 the budget lasts for exactly 30 days, at 14.4 for "
            "2 days, which is a page.",
            "SloBurnFast",
            *(Query(burn % window, f"{{{{region}}}} {words}") for window, words in windows),
            limits=above(1, 6, 14.4),
            width=12,
        ),
        series(
            "Response time of the API, p99",
            "s",
            "The time within which the API answers 99 % of its requests; the target is 500 ms (R43).",
            "ResponseSlow",
            Query(f"region:api_duration_seconds:p99_5m{{{REGION}}}", "{{region}}"),
            limits=above(0.5),
            width=12,
        ),
    )


def _alerts() -> Row:
    since = f'(time() - ALERTS_FOR_STATE{{{ANY_REGION}}}) and ignoring (alertstate) ALERTS{{alertstate="firing"}}'
    return row(
        "Alerts and targets",
        stat(
            "Targets that are down",
            "none",
            "Scrape targets that do not answer, by job (R49).",
            "TargetMissing",
            Query(f"sum by (job) (1 - up{{{ANY_REGION}}})", "{{job}}"),
            limits=above(1),
            width=24,
        ),
        table(
            "Alerts that fire",
            "Alerts that fire now. The watchdog always does: its silence is what the outside listens for.",
            "AlertsNotDelivered",
            {"alertname": "Alert", "severity": "Severity", "region": "Region", "host": "Host"},
            Column("For", "s", f"max by (alertname, severity, region, host) ({since})"),
            width=12,
            sort="For",
        ),
        table(
            "Targets, those that are down first",
            "The 20 scrape targets that answer least: those that are down, then those that were down within the hour.",
            "TargetMissing",
            {"job": "Job", "instance": "Target", "region": "Region"},
            Column(
                "Answers, last hour",
                "percentunit",
                f"bottomk(20, min by (job, instance, region) (avg_over_time(up{{{ANY_REGION}}}[1h])))",
                below(0.9, 0.999),
            ),
            width=12,
            sort="Answers, last hour",
        ),
    )


def _backups() -> Row:
    of_job = 'max by (exported_job, host) (%sbackup_job_last_%s{job="node"})'
    newest = 'max by (repository, type) (%spgbackrest_%s{job="node"})'
    return row(
        "Backups",
        # R55: every 6 h.
        stat(
            "Newest physical backup",
            "s",
            "How old the newest physical backup of each repository is; one is made every 6 h (R55).",
            "BackupTooOld",
            Query(
                'time() - max by (repository) (pgbackrest_backup_completed_timestamp_seconds{job="node"})',
                "repository {{repository}}",
            ),
            limits=above(7 * HOUR, 12 * HOUR),
        ),
        # R56: 5 min.
        stat(
            "Newest moment to restore to",
            "s",
            "How long ago the last segment of WAL was archived: the end of what can be restored. 5 min are allowed "
            "(R56).",
            "WalArchiveFailing",
            Query(
                'min(pg_stat_archiver_last_archive_age{job="postgres"} and on (instance) pg_replica_in_recovery == 0)',
            ),
            limits=above(120, 300),
        ),
        # R57: restored on a schedule, which is every week.
        stat(
            "Last restore for a check",
            "s",
            "How long ago a backup was last restored and found whole. A backup that was not restored does not count as "
            "one (R57); it is done every week.",
            "BackupUnverified",
            Query('time() - max(backup_job_verified_timestamp_seconds{job="node"}) or vector(-1)'),
            limits=above(8 * DAY),
            words=OR_NEVER,
        ),
        # R54: every day.
        stat(
            "Last dump",
            "s",
            "How long ago the last logical dump was made; one is made every day (R54).",
            "BackupTooOld",
            Query(
                'time() - max(backup_job_last_success_timestamp_seconds{job="node", exported_job="dump"}) '
                "or vector(-1)",
            ),
            limits=above(26 * HOUR, 30 * HOUR),
            words=OR_NEVER,
        ),
        # R56: any moment of the last 7 days.
        stat(
            "Restore window",
            "s",
            "How far back the database can be restored to, in each repository. 7 days are wanted (R56), which a new "
            "platform has after as many days.",
            "RestoreWindowShrinking",
            Query(
                'max by (repository) (time() - pgbackrest_restorable_since_timestamp_seconds{job="node"}) '
                'or label_replace(vector(-1), "repository", "of any kind", "", "") '
                "unless on () pgbackrest_restorable_since_timestamp_seconds",
                "repository {{repository}}",
            ),
            limits=((None, "orange"), (7 * DAY, "green")),
            words={"-1": ("not known", "orange")},
            width=6,
        ),
        stat(
            "Damaged backups",
            "none",
            "Backups with pages whose checksum is wrong, by repository.",
            "BackupDamaged",
            Query('max by (repository) (pgbackrest_backups_damaged{job="node"})', "repository {{repository}}"),
            limits=above(1),
            width=6,
        ),
        stat(
            "State of the repositories",
            "none",
            "Whether each repository of backups is well, as pgBackRest says.",
            "BackupRepositoryFailing",
            Query('max by (repository) (pgbackrest_repository_status{job="node"})', "repository {{repository}}"),
            limits=above(1),
            words={"0": ("well", "green")},
            width=6,
        ),
        # Looked at every hour, so that a new platform has no figure at first.
        stat(
            "Segments that lack",
            "none",
            "Segments that lack between others in the archive of the log, by repository. Moments behind them cannot be "
            "restored from a backup before them (R56).",
            "WalArchiveGap",
            Query(
                'sum by (repository) (pgbackrest_archive_missing_segments{job="node"}) '
                'or label_replace(vector(-1), "repository", "of any kind", "", "") '
                "unless on () pgbackrest_archive_missing_segments",
                "repository {{repository}}",
            ),
            limits=above(1),
            words={"-1": ("not looked at yet", "orange")},
            width=6,
        ),
        # R56: 7 days.
        table(
            "Backups that are kept",
            "What each repository holds; with it and the WAL the database can be restored to any moment of 7 days "
            "(R56).",
            "BackupUnverified",
            {"repository": "Repository", "type": "Kind"},
            Column("Backups", "none", newest % ("", "backups")),
            Column("Newest", "s", newest % ("time() - ", "backup_completed_timestamp_seconds"), above(2 * DAY)),
            Column("Took", "s", newest % ("", "backup_duration_seconds"), above(6 * HOUR)),
            Column("Size", "bytes", newest % ("", "backup_content_bytes"), above(500e9)),
            Column("Stored", "bytes", newest % ("", "backup_stored_bytes")),
            width=12,
            height=8,
            sort="Repository",
        ),
        table(
            "Backup jobs",
            "Every job of the backups with its last run. A status of 124 means that it took too long.",
            "BackupFailed",
            {"exported_job": "Job", "host": "Host"},
            Column("Last success", "s", of_job % ("time() - ", "success_timestamp_seconds"), above(30 * HOUR, 8 * DAY)),
            Column("Last status", "none", of_job % ("", "exit_status"), above(1), {"0": ("done", "green")}),
            Column("Took", "s", of_job % ("", "duration_seconds")),
            width=12,
            height=8,
            sort="Job",
        ),
    )


def _replication() -> Row:
    patroni = f'job="patroni", {REGION}'
    etcd = f'job="etcd", {REGION}'
    return row(
        "Replication and failover",
        # R45: below 1 s.
        series(
            "Replication lag",
            "s",
            "How far the replica that is furthest behind is, by region; the target is below 1 s (R45).",
            "ReplicationLagHigh",
            Query(f"region:postgres_lag_seconds:max{{{REGION}}}", "{{region}}", "30s"),
            limits=above(1),
        ),
        series(
            "Not yet replayed elsewhere",
            "bytes",
            "What the member that is furthest behind has still to replay; 1 min of writes may be lost with a region "
            "(R46).",
            "ReplicationLagHigh",
            Query(
                f'max by (region) (pg_replication_client_lag_bytes{{job="postgres", {REGION}}})',
                "from {{region}}",
                "30s",
            ),
            limits=above(16 * 2**20, 2**30),
        ),
        series(
            "How long etcd takes to write",
            "s",
            "The time within which 99 % of etcd's writes were on disk. Elections need it: an alert fires at 500 ms.",
            "EtcdSlow",
            Query(
                "histogram_quantile(0.99, sum by (le, host) "
                f"(rate(etcd_disk_wal_fsync_duration_seconds_bucket{{{etcd}}}[$__rate_interval])))",
                "{{host}}",
                "30s",
            ),
            limits=above(0.1, 0.5),
        ),
        stat(
            "Automatic failover is paused",
            "none",
            "Whether Patroni is paused in a region: then nobody takes over from a primary that is lost.",
            "PatroniPaused",
            Query(f"max by (region) (patroni_is_paused{{{patroni}}})", "{{region}}"),
            limits=above(1),
            words=YES_OR_NO,
        ),
        stat(
            "Members that do not run",
            "none",
            "Members of the database clusters whose PostgreSQL does not run, by region.",
            "PatroniMemberDown",
            Query(f"sum by (region) (1 - patroni_postgres_running{{{patroni}}})", "{{region}}"),
            limits=above(1),
        ),
        stat(
            "etcd without a leader",
            "none",
            "Members of etcd that see no leader, by region: without one, no failover happens.",
            "EtcdNoLeader",
            Query(f"sum by (region) (1 - etcd_server_has_leader{{{etcd}}})", "{{region}}"),
            limits=above(1),
        ),
        stat(
            "Last drill",
            "s",
            "How long ago each scenario of loss was last drilled with success.",
            "RegionDown",
            Query(
                "max by (scenario) (time() - platform_drill_last_success_timestamp_seconds) "
                'or label_replace(vector(-1), "scenario", "none yet", "", "") '
                "unless on () platform_drill_last_success_timestamp_seconds",
                "{{scenario}}",
            ),
            limits=above(92 * DAY, 184 * DAY),
            words=OR_NEVER,
        ),
    )


def _ahead() -> Row:
    certificates = f'platform_certificate_expiry_timestamp_seconds{{job="node", {HOST}}}'
    return row(
        "What runs out",
        table(
            "Certificates that expire next",
            "The 10 certificates that expire first. An alert fires at 14 days.",
            "CertificateExpiring",
            {"host": "Host", "file": "File"},
            Column(
                "Valid for",
                "s",
                f"bottomk(10, min by (host, file) ({certificates} - time()))",
                below(7 * DAY, 14 * DAY),
            ),
            width=12,
            sort="Valid for",
        ),
        # R7: a forecast says when each volume fills.
        table(
            "Disks that fill next",
            "The 10 file systems that would be full first if they went on as in the last 6 h (R7).",
            "DiskFullSoon",
            {"host": "Host", "mountpoint": "File system"},
            Column(
                "Full in",
                "s",
                f"bottomk(10, min by (host, mountpoint) (host:disk_full:seconds{{{HOST}}}))",
                below(DAY, 7 * DAY),
            ),
            width=12,
            sort="Full in",
        ),
    )


def _monitoring() -> Row:
    def failed(kind: str) -> str:
        return f"sum by (host) (rate({kind}[$__rate_interval]))"

    return row(
        "Monitoring",
        stat(
            "Monitoring servers",
            "none",
            "Whether both servers of Prometheus and Alertmanager, and Grafana where it is installed, answer.",
            "PrometheusDown",
            Query('min by (job, host) (up{job=~"prometheus|alertmanager|grafana"})', "{{job}} on {{host}}"),
            limits=below(1),
            words=UP_OR_DOWN,
            width=24,
        ),
        series(
            "Messages that were not delivered",
            "cps",
            "Messages that Alertmanager could not deliver, and alerts that Prometheus could not hand over.",
            "AlertsNotDelivered",
            Query(failed(f"alertmanager_notifications_failed_total{ALERTMANAGER}"), "{{host}} to receivers"),
            Query(failed(f"prometheus_notifications_dropped_total{PROMETHEUS}"), "{{host}} to Alertmanager"),
            limits=above(0.001),
        ),
        series(
            "Messages by receiver",
            "cps",
            "Messages that Alertmanager tried to send, by the kind of receiver.",
            "AlertsNotDelivered",
            Query(
                f"sum by (integration) (rate(alertmanager_notifications_total{ALERTMANAGER}[$__rate_interval]))",
                "{{integration}}",
            ),
        ),
        series(
            "Samples",
            "cps",
            "Samples that each Prometheus takes in every second.",
            "PrometheusDown",
            Query(failed(f"prometheus_tsdb_head_samples_appended_total{PROMETHEUS}"), "{{host}}"),
        ),
        # R48: 500 GB and 200 GB.
        series(
            "Disk of Prometheus",
            "bytes",
            "What the samples take: 500 GB are planned for 30 days, 200 GB for the 7 days of the other region (R48).",
            "DiskFullSoon",
            Query(f"max by (host) (prometheus_tsdb_storage_blocks_bytes{PROMETHEUS})", "{{host}}"),
            limits=above(200e9, 500e9),
        ),
        series(
            "Time of a scrape",
            "s",
            "The slowest scrape of each job. A scrape has 10 s.",
            "PrometheusDown",
            Query("max by (job) (scrape_duration_seconds)", "{{job}}"),
            limits=above(5, 10),
        ),
        series(
            "Time of the rules",
            "s",
            "How long the slowest group of rules takes to evaluate; they are evaluated every 10 s.",
            "PrometheusDown",
            Query(f"max by (host) (prometheus_rule_group_last_duration_seconds{PROMETHEUS})", "{{host}}"),
            limits=above(5, 10),
        ),
    )
