"""How the Redis Cluster does: whether it is whole, how well it hits, and how much room its nodes have."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards.panels import (
    HOST,
    REGION,
    UP_OR_DOWN,
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

REDIS = f'job="redis", {HOST}'
#: The nodes that lead a shard.
LEADERS = 'redis_instance_info{role="master"}'
ALL_SLOTS = 16384


def dashboard() -> Dashboard:
    """Return the dashboard."""
    return board(
        "redis-performance",
        "Redis Performance",
        "Whether the Redis Cluster of each region is whole, how well it hits, and how much room its nodes have.",
        _now(),
        _commands(),
        _memory(),
        _nodes(),
        _each_node(),
    )


def _now() -> Row:
    of_region = f'{{job="redis", {REGION}}}'
    return row(
        "Now",
        # R60: slot coverage.
        stat(
            "Slots that are served",
            "none",
            "Hash slots that a node serves, as the node sees it that sees the most: all 16384 are wanted (R60).",
            "RedisSlotsUncovered",
            Query(f"max by (region) (redis_cluster_slots_ok{of_region})", "{{region}}"),
            limits=below(ALL_SLOTS),
        ),
        stat(
            "Nodes that are down",
            "none",
            "Nodes that do not answer their exporter, or whose exporter does not answer.",
            "RedisNodeDown",
            Query(
                f"sum by (region) (1 - (redis_up{of_region} or up{of_region} * 0))",
                "{{region}}",
            ),
            limits=above(1),
        ),
        # R47: 2 replicas of each shard.
        stat(
            "Replicas of the weakest shard",
            "none",
            "Replicas of the shard that has the fewest, in regions that have replicas at all: 2 are wanted (R47).",
            "RedisShardWithoutReplica",
            Query(
                f"min by (region) (redis_connected_slaves{of_region} and on (instance) {LEADERS}) "
                f"and on (region) max by (region) (redis_connected_slaves{of_region}) > 0",
                "{{region}}",
            ),
            limits=below(1, 2),
        ),
        # R41: 10000 connections.
        stat(
            "Clients",
            "none",
            "Connections of clients to all nodes; above 10000, replicas are added (R41).",
            "RedisMemoryHigh",
            Query(f"sum by (region) (redis_connected_clients{of_region})", "{{region}}"),
            limits=above(8000, 10000),
        ),
        # R41: 75 %.
        gauge(
            "Memory of the fullest node",
            "percentunit",
            "The share of its limit that the fullest node of each region uses; above 75 % a shard is added (R41).",
            "RedisMemoryHigh",
            Query(f"region:redis_memory_used:ratio{{{REGION}}}", "{{region}}"),
            above(0.65, 0.75),
            width=12,
        ),
        gauge(
            "Hits",
            "percentunit",
            "The share of reads that found their key: over 5 min, or since the nodes started where nobody reads. After "
            "a region switch it is low until the caches are warm (R46).",
            "ResponseSlow",
            Query(_hits(), "{{region}}"),
            below(0.5, 0.8),
            width=12,
        ),
    )


def _hits() -> str:
    """Return the share of reads that hit; a region that stands by is not read from for hours."""
    counter = f'sum by (region) (redis_keyspace_%s_total{{job="redis", {REGION}}})'
    ever = f"{counter % 'hits'} / ({counter % 'hits'} + {counter % 'misses'})"
    return f"region:redis_hits:ratio_rate5m{{{REGION}}} or {ever}"


def _commands() -> Row:
    counter = f"sum by (%s) (rate(redis_%s_total{{{REDIS}}}[$__rate_interval]))"
    calls, seconds = counter % ("cmd", "commands"), counter % ("cmd", "commands_duration_seconds")
    return row(
        "Commands",
        series(
            "Commands by node",
            "ops",
            "Commands that each node ran, those of replication and of the monitoring included.",
            "ResponseSlow",
            Query(counter % ("host", "commands_processed"), "{{host}}"),
        ),
        series(
            "Commands by kind",
            "ops",
            "The ten commands that were run most.",
            "ResponseSlow",
            Query(f"topk(10, {calls})", "{{cmd}}"),
        ),
        series(
            "Mean time of a command",
            "s",
            "The ten commands that took longest on average. A node runs one command at a time: 1 ms is much.",
            "ResponseSlow",
            Query(f"topk(10, {seconds} / ({calls} > 0))", "{{cmd}}"),
            limits=above(0.001, 0.01),
        ),
        series(
            "Reads that hit and that missed",
            "ops",
            "Reads of keys by whether there was such a key.",
            "ResponseSlow",
            Query(counter % ("region", "keyspace_hits"), "{{region}} hit"),
            Query(counter % ("region", "keyspace_misses"), "{{region}} missed"),
        ),
        series(
            "Share of reads that hit",
            "percentunit",
            "The share of reads that found their key: over 5 min, or since the nodes started where nobody reads.",
            "ResponseSlow",
            Query(_hits(), "{{region}}"),
            limits=below(0.5, 0.8),
            maximum=1,
        ),
        series(
            "Keys that went",
            "ops",
            "Keys that came to the end of their life, and keys that had to go because memory was full. The latter "
            "should be none.",
            "RedisMemoryHigh",
            Query(counter % ("region", "expired_keys"), "{{region}} expired"),
            Query(counter % ("region", "evicted_keys"), "{{region}} evicted"),
        ),
    )


def _memory() -> Row:
    return row(
        "Memory",
        # R5: 32 GB; R41: 75 %.
        series(
            "Memory of each node",
            "bytes",
            "What each node uses. The recommended servers have 32 GB (R5); above 75 % of the limit a shard is added "
            "(R41).",
            "RedisMemoryHigh",
            Query(f"max by (host) (redis_memory_used_bytes{{{REDIS}}})", "{{host}}"),
            limits=above(24e9, 32e9),
        ),
        series(
            "Fullest node",
            "percentunit",
            "The share of its limit that the fullest node of each region uses; above 75 % a shard is added (R41).",
            "RedisMemoryHigh",
            Query(f"region:redis_memory_used:ratio{{{REGION}}}", "{{region}}"),
            limits=above(0.75),
            maximum=1,
        ),
        series(
            "Keys",
            "short",
            "Keys of each node; those of a shard are on its replicas as well.",
            "RedisMemoryHigh",
            Query(f"sum by (host) (redis_db_keys{{{REDIS}}})", "{{host}}"),
        ),
    )


def _nodes() -> Row:
    used = f"sum by (host) (rate(redis_%s{{{REDIS}}}[$__rate_interval]))"
    return row(
        "Nodes",
        # R41: 70 %.
        series(
            "CPU of each node",
            "percentunit",
            "The share of one core that each Redis uses; it can use one. Above 70 % it wants replicas (R41).",
            "CpuHigh",
            Query(f"{used % 'cpu_user_seconds_total'} + {used % 'cpu_sys_seconds_total'}", "{{host}}"),
            limits=above(0.7),
            maximum=1,
        ),
        # R3: 10 Gbps; R41: 80 % of it.
        series(
            "Network of each node",
            "bps",
            "What each node reads and writes. The servers have 10 Gbit/s (R3); above 80 % it wants a shard (R41).",
            "ResponseSlow",
            Query(f"8 * ({used % 'net_input_bytes_total'} + {used % 'net_output_bytes_total'})", "{{host}}"),
            limits=above(8e9),
        ),
        # R41: 10000 connections.
        series(
            "Clients of each node",
            "short",
            "Connections of clients to each node; above 10000, replicas are added (R41).",
            "RedisMemoryHigh",
            Query(f"sum by (host) (redis_connected_clients{{{REDIS}}})", "{{host}}"),
            limits=above(10000),
        ),
        series(
            "Replicas of each shard",
            "none",
            "Replicas that each node which leads a shard has: 2 in the active region (R47); a standby region may have "
            "none.",
            "RedisShardWithoutReplica",
            Query(
                f"max by (host) (redis_connected_slaves{{{REDIS}}} and on (instance) {LEADERS})",
                "{{host}}",
            ),
        ),
        series(
            "Silence of replicas",
            "s",
            "How long ago the slowest replica of each leader last said how far it is; replicas do so every second.",
            "RedisShardWithoutReplica",
            Query(f"max by (host) (redis_connected_slave_lag_seconds{{{REDIS}}})", "{{host}}"),
            limits=above(2, 10),
        ),
        series(
            "Slow commands",
            "short",
            "Entries of each node's log of slow commands; it is cleared when the node starts.",
            "ResponseSlow",
            Query(f"max by (host) (redis_slowlog_length{{{REDIS}}})", "{{host}}"),
            limits=above(64, 128),
        ),
    )


def _each_node() -> Row:
    of_each = f"max by (region, host, instance) (redis_%s{{{REDIS}}})"
    return row(
        "Each node",
        table(
            "Nodes",
            "Every node of both regions' clusters with its part and its state.",
            "RedisNodeDown",
            {"region": "Region", "host": "Host", "instance": "Exporter"},
            Column("Redis", "none", of_each % "up", below(1), UP_OR_DOWN),
            Column(
                "Part",
                "none",
                f'max by (region, host, instance) (redis_instance_info{{role="master", {REDIS}}} or '
                f'redis_instance_info{{role="slave", {REDIS}}} * 0)',
                words={"1": ("leads a shard", "green"), "0": ("replica", "blue")},
            ),
            Column("Slots served", "none", of_each % "cluster_slots_ok", below(ALL_SLOTS)),
            Column("Memory", "bytes", of_each % "memory_used_bytes"),
            Column("Clients", "none", of_each % "connected_clients", above(10000)),
            Column("Up for", "s", of_each % "uptime_in_seconds"),
            height=12,
            sort="Host",
        ),
    )
