"""Who tries to get in, what is refused, and what protects the platform: certificates and clocks."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards.panels import (
    ANY_REGION,
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

DAY = 86400
ALERTS = "SecurityBreach|LoginFailuresHigh|RequestsBlocked|AddressesBanned|CertificateExpiring|ClockDrift"
CERTIFICATES = f'platform_certificate_expiry_timestamp_seconds{{job="node", {HOST}}}'


def dashboard() -> Dashboard:
    """Return the dashboard."""
    return board(
        "security",
        "Security",
        "Who tries to get in, what is refused, and what protects the platform: certificates and clocks.",
        _now(),
        _logins(),
        _requests(),
        _certificates(),
    )


def _now() -> Row:
    failed = f'platform_logins_failed_total{{job="node", {REGION}}}'
    return row(
        "Now",
        stat(
            "Security alerts that fire",
            "none",
            "Alerts about logins, refused requests, certificates and clocks that fire now.",
            "SecurityBreach",
            Query(
                f'count(ALERTS{{alertstate="firing", alertname=~"{ALERTS}", {ANY_REGION}}}) or vector(0)',
            ),
            limits=above(1),
        ),
        # R51: a burst of failed logins is a page.
        stat(
            "Failed logins, last 5 min",
            "none",
            "Failed logins by SSH on the host with the most, by region. More than 20 are taken as an attack (R51).",
            "SecurityBreach",
            Query(f"ceil(max by (region) (increase({failed}[5m])))", "{{region}}"),
            limits=above(5, 20),
        ),
        stat(
            "Requests refused",
            "reqps",
            "Requests that the load balancers refuse, by region: too many from one address (R22), or a path that is "
            "not for the outside (R31).",
            "RequestsBlocked",
            Query(_refused(), "{{region}}"),
            limits=above(1, 10),
        ),
        stat(
            "First certificate to expire",
            "s",
            "How long the certificate that expires first is still valid, by region. An alert fires at 14 days.",
            "CertificateExpiring",
            Query(f"min by (region) ({CERTIFICATES}) - time()", "{{region}}"),
            limits=below(7 * DAY, 14 * DAY),
        ),
    )


def _refused() -> str:
    """Return the rate of refused requests: HAProxy's own count, or what nginx's log has."""
    haproxy = f'haproxy_frontend_requests_denied_total{{job="load_balancer", proxy="https_front", {REGION}}}'
    nginx = f'nginx_refused_requests_total{{job="node", {REGION}}}'
    return " or ".join(f"sum by (region) (rate({counter}[$__rate_interval]))" for counter in (haproxy, nginx))


def _banned() -> str:
    """Return how many clients were refused for the rate limit: a HAProxy knows all of its region, an nginx its own."""
    haproxy = f'haproxy_sticktable_used{{job="load_balancer", name="platform/banned", {REGION}}}'
    return f'max by (region) ({haproxy}) or sum by (region) (nginx_refused_clients{{job="node", {REGION}}})'


def _of_api(statuses: str) -> str:
    """Return the rate of the API's answers with these statuses, which is 0 where it never gave one."""
    return (
        f'sum by (region) (region:api_requests:rate5m{{status=~"{statuses}", {REGION}}}) '
        f"or sum by (region) (region:api_requests:rate5m{{{REGION}}}) * 0"
    )


def _logins() -> Row:
    failed = f'platform_logins_failed_total{{job="node", {HOST}}}'
    made = f'platform_logins_total{{job="node", {HOST}}}'
    return row(
        "Logins",
        # R51: more than 20 in 5 min.
        series(
            "Failed logins in 5 min",
            "short",
            "Failed logins by SSH on each host. More than 20 in 5 min are taken as an attack (R51).",
            "SecurityBreach",
            Query(f"sum by (host) (increase({failed}[5m]))", "{{host}}"),
            limits=above(20),
            many=True,
        ),
        series(
            "Logins in 5 min",
            "short",
            "Logins by SSH as each user, on all hosts. A name that is not an operator's is worth a look.",
            "LoginFailuresHigh",
            Query(f"sum by (user) (increase({made}[5m]))", "{{user}}"),
        ),
        table(
            "Logins since each host started",
            "Logins and failed logins by SSH on each host since it was started.",
            "LoginFailuresHigh",
            {"region": "Region", "host": "Host"},
            Column("Logins", "none", f"sum by (region, host) ({made}) or sum by (region, host) ({failed}) * 0"),
            Column("Failed", "none", f"sum by (region, host) ({failed})", above(20, 100)),
            width=8,
            height=8,
            sort="Failed",
            descending=True,
        ),
    )


def _requests() -> Row:
    code = "haproxy_frontend_http_responses_total"
    refused = f'job="load_balancer", proxy="https_front", code="4xx", {HOST}'
    by_status = f'sum by (status) (region:api_requests:rate5m{{status=~"4..", {REGION}}})'
    none = f'label_replace(sum(region:api_requests:rate5m{{{REGION}}}) * 0, "status", "any 4xx", "", "")'
    none += ' unless on () region:api_requests:rate5m{status=~"4.."}'
    return row(
        "Requests",
        series(
            "Requests refused at the load balancers",
            "reqps",
            "Requests that were refused before they reached a server: too many from one address (R22), or a path that "
            "is not for the outside (R31).",
            "RequestsBlocked",
            Query(_refused(), "{{region}}"),
            limits=above(1, 10),
        ),
        series(
            "Clients that were refused",
            "short",
            "Clients that the load balancers refused within 5 min because they asked too much (R22); lb-banned on a "
            "load balancer names them. With nginx a client that both of a region refused counts twice.",
            "AddressesBanned",
            Query(_banned(), "{{region}}"),
            limits=above(20),
        ),
        series(
            "Answers of client errors",
            "reqps",
            "Answers with a status of 4xx at the load balancers: who looks for ways in makes many of them. Where nginx "
            "balances, which does not tell, those of the API.",
            "RequestsBlocked",
            Query(f"sum by (region) (rate({code}{{{refused}}}[$__rate_interval])) or {_of_api('4..')}", "{{region}}"),
            limits=above(1, 10),
        ),
        series(
            "Client errors of the API",
            "reqps",
            "Answers of the API with a status of 4xx: 401 and 403 are credentials that were not accepted.",
            "RequestsBlocked",
            Query(f"{by_status} or {none}", "{{status}}"),
            limits=above(1, 10),
        ),
    )


def _certificates() -> Row:
    clock = f'node_time_seconds{{job="node", {HOST}}}'
    left = f"min by (region, host, file) ({CERTIFICATES} - time())"
    return row(
        "Certificates and clocks",
        table(
            "Certificates that expire next",
            "The 20 certificates on the hosts that expire first. An alert fires at 14 days.",
            "CertificateExpiring",
            {"region": "Region", "host": "Host", "file": "File"},
            Column("Valid for", "s", f"bottomk(20, {left})", below(7 * DAY, 14 * DAY)),
            width=12,
            sort="Valid for",
        ),
        stat(
            "Certificates of the public names",
            "s",
            "How long the certificate is still valid that each public name shows to clients.",
            "CertificateExpiring",
            Query('min by (name) (probe_ssl_earliest_cert_expiry{job="site"}) - time()', "{{name}}"),
            limits=below(7 * DAY, 14 * DAY),
            width=12,
        ),
        series(
            "Clocks",
            "s",
            "How far each host's clock is from that of the Prometheus server, either way. Certificates, logs and "
            "leases depend on it; an alert fires above 500 ms.",
            "ClockDrift",
            Query(f"max by (host) (abs({clock} - timestamp({clock})))", "{{host}}"),
            limits=above(0.5),
            width=12,
            many=True,
        ),
    )
