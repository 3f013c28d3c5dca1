"""How fast the API answers, how much it does, and how its servers bear it."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards.panels import (
    HOST,
    REGION,
    Column,
    Query,
    Row,
    above,
    below,
    board,
    gauge,
    on_hosts_of,
    row,
    series,
    stat,
    table,
)

#: The load balancers ask /health every second, which would hide all others.
REQUESTS = f'job="api", endpoint!="/health", {HOST}'


def dashboard() -> Dashboard:
    """Return the dashboard."""
    return board(
        "api-performance",
        "API Performance",
        "How fast the API answers, how much it does, and how its servers bear it.",
        _service_levels(),
        _latency(),
        _requests(),
        _load_balancers(),
        _servers(),
    )


def _service_levels() -> Row:
    # R43: p50 < 100 ms, p95 < 300 ms, p99 < 500 ms.
    targets = (("p50", "half", 0.1), ("p95", "95 %", 0.3), ("p99", "99 %", 0.5))
    latencies = [
        stat(
            f"Response time, {name}",
            "s",
            f"The time within which the API answers {share} of its requests, by region; {limit * 1000:.0f} ms are the "
            "target (R43).",
            "ResponseSlow",
            Query(f"region:api_duration_seconds:{name}_5m{{{REGION}}}", "{{region}}"),
            limits=above(limit),
        )
        for name, share, limit in targets
    ]
    return row(
        "Service levels",
        *latencies,
        # R43: 1000, 5000 and 10000 requests a second.
        stat(
            "Requests a second",
            "reqps",
            "Requests that the API answers, by region. It is built for 1000, 5000 and 10000 a second (R43).",
            "ResponseSlow",
            Query(f"sum by (region) (region:api_requests:rate5m{{{REGION}}})", "{{region}}"),
            limits=above(1000, 10000),
        ),
    )


def _latency() -> Row:
    level = f"region:api_duration_seconds:%s_5m{{{REGION}}}"
    proxies = 'job="load_balancer", proxy=~"api_back|web_back|websocket_back"'
    return row(
        "Response time",
        series(
            "Response time of the API",
            "s",
            "As the API itself measures it. The target of p99 is 500 ms (R43).",
            "ResponseSlow",
            Query(level % "p50", "{{region}} p50"),
            Query(level % "p95", "{{region}} p95"),
            Query(level % "p99", "{{region}} p99"),
            limits=above(0.5),
        ),
        # R39: 500 ms; R51: 1 s.
        series(
            "Response time at the load balancers",
            "s",
            "The mean of the last answers, by backend where the load balancer tells it. Above 500 ms servers are added "
            "(R39), above 1 s an alert fires (R51).",
            "ResponseSlow",
            Query(f"region:http_response_seconds:avg{{{REGION}}}", "{{region}} all"),
            Query(
                f"max by (region, proxy) (haproxy_backend_response_time_average_seconds{{{proxies}, {REGION}}}) "
                f"or label_replace(region:http_response_seconds:avg{{{REGION}}}, "
                '"proxy", "api", "", "") unless on (region) haproxy_process_start_time_seconds',
                "{{region}} {{proxy}}",
            ),
            limits=above(0.5, 1),
        ),
        table(
            "Endpoints",
            "Each endpoint with its requests and how long they took, over the time that the page shows.",
            "ResponseSlow",
            {"method": "Method", "endpoint": "Endpoint"},
            Column("Mean", "s", _mean("method, endpoint", "$__range"), limits=above(0.1, 0.5)),
            Column(
                "p95",
                "s",
                "histogram_quantile(0.95, sum by (le, method, endpoint) "
                f'(rate(http_request_duration_seconds_bucket{{job="api", {HOST}}}[$__range])))',
                limits=above(0.3, 0.5),
            ),
            Column(
                "Requests",
                "reqps",
                f'sum by (method, endpoint) (rate(http_request_duration_seconds_count{{job="api", {HOST}}}[$__range]))',
            ),
            width=8,
            height=8,
            sort="Mean",
            descending=True,
        ),
    )


def _mean(labels: str, over: str) -> str:
    part = f'sum by ({labels}) (rate(http_request_duration_seconds_%s{{job="api", {HOST}}}[{over}]))'
    return f"{part % 'sum'} / {part % 'count'}"


def _requests() -> Row:
    return row(
        "Requests",
        series(
            "Requests by status",
            "reqps",
            "Answers of the API by their status. Above 1000 a second, API servers are added (R39).",
            "ErrorRateHigh",
            Query(f"sum by (status) (region:api_requests:rate5m{{{REGION}}})", "{{status}}"),
            limits=above(1000),
            stacked=True,
        ),
        series(
            "Requests by server",
            "reqps",
            "Answers of each API server: the load balancers give all servers of a region the same share.",
            "ApiDown",
            Query(f"sum by (host) (rate(http_requests_total{{{REQUESTS}}}[$__rate_interval]))", "{{host}}"),
            limits=above(1000),
            stacked=True,
        ),
        series(
            "Server errors",
            "percentunit",
            "The share of the load balancers' answers that are server errors (5xx). An alert fires above 5 % (R51).",
            "ErrorRateHigh",
            Query(f"region:http_errors:ratio_rate5m{{{REGION}}}", "{{region}}"),
            limits=above(0.05),
        ),
    )


def _load_balancers() -> Row:
    haproxy = f'job="load_balancer", {HOST}'
    attempts = f"sum by (region) (rate(haproxy_backend_%s_warnings_total{{{haproxy}}}[$__rate_interval]))"
    return row(
        "Load balancers",
        # R43: 1000, 5000 and 10000 users.
        series(
            "Open connections",
            "short",
            "Connections of clients that are open, by load balancer. The platform is built for 1000, 5000 and 10000 "
            "users (R43).",
            "ResponseSlow",
            Query(
                f'sum by (host) (haproxy_frontend_current_sessions{{proxy="https_front", {haproxy}}}) '
                f"or sum by (host) (nginx_connections_active{{{haproxy}}})",
                "{{host}}",
            ),
            limits=above(5000, 10000),
        ),
        # R1: at least 2 servers.
        series(
            "Servers in rotation",
            "none",
            "Servers of each backend that get requests, as the load balancer sees them that has the fewest. At least "
            "two API servers are wanted (R1).",
            "ApiDown",
            Query(
                f'min by (region, proxy) (haproxy_backend_active_servers{{proxy=~".+_back", {haproxy}}}) '
                f'or label_replace(region:api_servers:up{{{REGION}}}, "proxy", "api", "", "") '
                "unless on (region) haproxy_process_start_time_seconds",
                "{{region}} {{proxy}}",
            ),
            limits=below(1, 2),
        ),
        # R32: losing a load balancer or a server loses no idempotent request.
        series(
            "Requests that were tried again",
            "reqps",
            "Requests that a server did not answer and that were sent again, to the same server or to another one. "
            "None is normal; clients do not notice them (R32). nginx does not tell.",
            "ApiDown",
            Query(attempts % "retry", "{{region}} again"),
            Query(attempts % "redispatch", "{{region}} elsewhere"),
            limits=above(1),
        ),
    )


def _servers() -> Row:
    of_api = f"{{{HOST}}} {on_hosts_of('api')}"
    return row(
        "API servers",
        # R39: 70 % for 5 min.
        series(
            "CPU in use",
            "percentunit",
            "The share of each API server's cores that is busy. Above 70 % for 5 min two servers are added (R39), "
            "above 80 % an alert fires (R51).",
            "CpuHigh",
            Query(f"host:cpu_used:ratio_rate5m{of_api}", "{{host}}"),
            limits=above(0.7, 0.8),
            maximum=1,
        ),
        series(
            "Memory in use",
            "percentunit",
            "The share of each API server's memory that is in use. An alert fires above 85 % (R51).",
            "MemoryHigh",
            Query(f"host:memory_used:ratio{of_api}", "{{host}}"),
            limits=above(0.85),
            maximum=1,
        ),
        series(
            "Clients of the connection pools",
            "short",
            "Clients of PgBouncer on each API server: those that have a connection to the database, and those of the "
            "region that wait for one. Waiting for long means that the pool is full.",
            "PoolsFull",
            Query(
                f"sum by (host) (pgbouncer_active_clients{{{HOST}}})",
                "{{host}} served",
                every="30s",
            ),
            Query(f"region:pool_clients_waiting:sum{{{REGION}}}", "{{region}} waiting"),
        ),
        # R39: the thresholds of scaling, on the figures that it looks at.
        gauge(
            "API CPU over 5 min",
            "percentunit",
            "What scaling looks at: the mean CPU of the API servers over 5 min; above 70 % two are added (R39).",
            "CpuHigh",
            Query(f"avg by (region) (scaling:api_cpu:ratio_avg5m{{{REGION}}})", "{{region}}"),
            above(0.7, 0.8),
            width=12,
        ),
        gauge(
            "API response time over 5 min",
            "s",
            "What scaling looks at: the mean response time over 5 min; above 500 ms two servers are added (R39).",
            "ResponseSlow",
            Query(f"max by (region) (scaling:http_response_seconds:avg5m{{{REGION}}})", "{{region}}"),
            above(0.5, 1),
            maximum=2,
            width=12,
        ),
    )
