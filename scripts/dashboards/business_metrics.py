"""What the platform does for those who use it."""

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
    row,
    series,
    stat,
    table,
)

API = f'job="api", {HOST}'
#: The load balancers ask /health every second, which would hide all others.
REQUESTS = f'{API}, endpoint!="/health"'


def dashboard() -> Dashboard:
    """Return the dashboard."""
    return board(
        "business-metrics",
        "Business Metrics",
        "What the platform does for those who use it: agents, inferences, requests, and how well it answers.",
        _shown(),
        _application(),
        _use(),
        _experience(),
    )


def _shown() -> Row:
    within = f"sum(increase(%s{{{API}}}[$__range]))"
    return row(
        "In the time that the page shows",
        stat(
            "Agents that run now",
            "none",
            "Agents that run on all API servers.",
            "ApiDown",
            Query(f"sum(freeagentics_system_active_agents_total{{{API}}})"),
            limits=below(1),
            decimals=0,
        ),
        stat(
            "Agents started",
            "short",
            "Agents that were started in the time that the page shows.",
            "ApiDown",
            Query(within % "agent_spawn_total"),
            decimals=0,
        ),
        stat(
            "Inferences",
            "short",
            "Inferences that were made in the time that the page shows.",
            "ApiDown",
            Query(within % "freeagentics_business_inference_operations_total"),
            decimals=0,
        ),
        # The objective of the service level; R51 alerts on 5 % errors.
        stat(
            "Requests that succeeded",
            "percentunit",
            "The share of the last hour's requests that got no server error; the objective is 99.9 %.",
            "ErrorRateHigh",
            Query(f"1 - max(slo:availability:error_ratio_rate1h{{{REGION}}})"),
            limits=below(0.99, 0.999),
            decimals=3,
        ),
    )


def _application() -> Row:
    rate = f"sum by (region) (rate(%s{{{API}}}[$__rate_interval]))"
    return row(
        "The application",
        series(
            "Agents that run",
            "short",
            "Agents that run, by region.",
            "ApiDown",
            Query(f"sum by (region) (freeagentics_system_active_agents_total{{{API}}})", "{{region}}"),
            stacked=True,
        ),
        series(
            "Agents started",
            "cps",
            "Agents that are started each second, by region.",
            "ApiDown",
            Query(rate % "agent_spawn_total", "{{region}}"),
        ),
        series(
            "Inferences",
            "ops",
            "Inferences that are made each second, by region.",
            "ApiDown",
            Query(rate % "freeagentics_business_inference_operations_total", "{{region}}"),
        ),
    )


def _use() -> Row:
    responses = (
        f'sum by (proxy) (rate(haproxy_backend_http_responses_total{{job="load_balancer", proxy=~".+_back", {HOST}}}'
    )
    requests = f"sum by (endpoint) (rate(http_requests_total{{{REQUESTS}}}[$__rate_interval]))"
    balancers = f'job="load_balancer", {HOST}'
    return row(
        "Use",
        # R43: 1000, 5000 and 10000 requests a second.
        series(
            "Requests by part of the site",
            "reqps",
            "What the load balancers answer for the API, the web servers and WebSockets. The platform is built for "
            "1000, 5000 and 10000 requests a second (R43).",
            "ResponseSlow",
            Query(
                f"{responses}[$__rate_interval])) or "
                f'sum by (proxy) (label_replace(region:http_requests:rate5m{{{REGION}}}, "proxy", "all", "", "")) '
                "unless on () haproxy_process_start_time_seconds",
                "{{proxy}}",
            ),
            limits=above(1000, 10000),
            stacked=True,
        ),
        series(
            "Requests by endpoint",
            "reqps",
            "The ten endpoints of the API that are asked most.",
            "ResponseSlow",
            Query(f"topk(10, {requests})", "{{endpoint}}"),
            many=True,
        ),
        # R43: 1000, 5000 and 10000 users.
        series(
            "Users at the same time",
            "short",
            "Open connections of clients and, of those, WebSockets. The platform is built for 1000, 5000 and 10000 "
            "users (R43). nginx does not tell of WebSockets.",
            "ResponseSlow",
            Query(
                f'sum(haproxy_frontend_current_sessions{{proxy="https_front", {balancers}}}) '
                f"or sum(nginx_connections_active{{{balancers}}})",
                "connections",
            ),
            Query(f'sum(haproxy_backend_current_sessions{{proxy="websocket_back", {balancers}}})', "WebSockets"),
            limits=above(5000, 10000),
        ),
    )


def _experience() -> Row:
    return row(
        "What users see",
        # R51: 1 s.
        series(
            "Time to answer, from outside",
            "s",
            "How long a request from a monitoring server to each public name takes, with its name look-up and TLS.",
            "ResponseSlow",
            Query('max by (name) (probe_duration_seconds{job="site"})', "{{name}}"),
            limits=above(0.5, 1),
        ),
        series(
            "Availability of the public names",
            "percentunit",
            "The share of requests from the monitoring servers that each public name answered, over 5 min.",
            "SiteDown",
            Query('avg by (name) (avg_over_time(probe_success{job="site"}[5m]))', "{{name}}"),
            limits=below(0.99, 0.999),
            maximum=1,
        ),
        table(
            "Use of the API",
            "Requests to each endpoint and the share that failed, in the time that the page shows.",
            "ErrorRateHigh",
            {"endpoint": "Endpoint"},
            Column("Requests", "short", f"sum by (endpoint) (increase(http_requests_total{{{REQUESTS}}}[$__range]))"),
            Column(
                "Failed",
                "percentunit",
                f'(sum by (endpoint) (increase(http_requests_total{{status=~"5..", {REQUESTS}}}[$__range])) or '
                f"sum by (endpoint) (http_requests_total{{{REQUESTS}}}) * 0) / "
                f"(sum by (endpoint) (increase(http_requests_total{{{REQUESTS}}}[$__range])) > 0)",
                above(0.001, 0.05),
            ),
            width=8,
            height=8,
            sort="Requests",
            descending=True,
        ),
    )
