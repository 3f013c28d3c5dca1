# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The public site as an internet client sees it (R19-R32); the same for HAProxy and nginx."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, Iterator

import pytest

from tests.acceptance.matrix.declaration import Declaration, Node, read
from tests.acceptance.site_client import FAILURES, Answer, Load, Site, WebSocket, exchange, until

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIRED_HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
FORGED = "203.0.113.66"
FORGED_HEADERS = {
    "X-Forwarded-For": FORGED,
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": FORGED,
    "X-Real-IP": FORGED,
    "Forwarded": f"for={FORGED};proto=http",
    "CF-Connecting-IP": FORGED,
    "X_Forwarded_For": FORGED,
}
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
HIDDEN_PATHS = (
    "/metrics",
    "/metrics/",
    "/metrics?a=b",
    "/metrics;a=b",
    "//metrics",
    "/%6detrics",
    "/METRICS",
    "/%2Fmetrics",
    "/./metrics",
    "/x/../metrics",
    "/api/%2e%2e/metrics",
    "/x/%2e%2e%2fmetrics",
    "/metrics%00",
    "/docs",
    "/docs/oauth2-redirect",
    "/redoc",
    "/openapi.json",
    "/admin",
    "/admin/users",
    "/api/v1/admin/users",
    "/api//v1/metrics",
)


@dataclass(frozen=True)
class Limit:
    """How many of many requests sent at once get through, and when the next one does."""

    path: str
    least: int
    most: int
    recovery: float
    shared: bool


#: R22 and R29. HAProxy counts a client's requests whatever they ask for. nginx lets through its burst, one request
#: more, and what its rate gives back meanwhile.
LIMITS = {
    "haproxy": (Limit("/api/v1/server", 95, 105, 25, True),),
    "nginx": (Limit("/api/v1/server", 21, 36, 5, False), Limit("/api/v1/auth/none", 6, 11, 8, False)),
}


class Platform:
    """What a person with power over the lab's hosts does to them."""

    def __init__(self, lab: str) -> None:
        self._lab = lab

    def run(self, *words: str) -> str:
        """Run a command of the lab and return what it prints.

        :raises AssertionError: it failed.
        """
        command, host, *rest = words
        line = [sys.executable, "-m", "lab", command, "--name", self._lab, host, *rest]
        done = subprocess.run(line, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{' '.join(line)}: {done.stdout}{done.stderr}"
        return done.stdout

    def on(self, host: str, *command: str) -> str:
        """Run a command as root on a host."""
        return self.run("console", host, "--", *command)

    def states(self, balancer: str) -> dict[str, str]:
        """Return what a load balancer says of its servers."""
        return {line.split()[0]: line.split()[1] for line in self.on(balancer, "lb-status").splitlines()}


@pytest.fixture(scope="module")
def platform(lab: str) -> Platform:
    return Platform(lab)


@pytest.fixture(scope="module")
def balancers(declaration: Declaration) -> list[Node]:
    """The load balancers of the first region, the active one."""
    nodes = [node for node in declaration.nodes if "load_balancer" in node.services]
    return [node for node in nodes if node.region == nodes[0].region]


@pytest.fixture(scope="module")
def client(declaration: Declaration) -> Node:
    return next(node for node in declaration.nodes if "internet_client" in node.services)


@pytest.fixture(scope="module")
def apis(declaration: Declaration, balancers: list[Node]) -> list[str]:
    """The names of the API servers behind the load balancers."""
    return [node.name for node in declaration.nodes if "api" in node.services and node.region == balancers[0].region]


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, lab: str, client: Node, balancers: list[Node]) -> Site:
    domain = read(REPOSITORY / str(request.config.getoption("--topology")))["domain"]
    addresses = {node.name: node.public for node in balancers if node.public}
    assert len(addresses) == 2, "two load balancers with public addresses are wanted"
    return Site(f"{lab}-{client.name}", f"app.{domain}", addresses)


@pytest.fixture(scope="module", params=[0, 1], ids=["first", "second"])
def balancer(request: pytest.FixtureRequest, balancers: list[Node]) -> str:
    """Each of the two load balancers."""
    node: Node = balancers[request.param]
    return node.name


@dataclass(frozen=True)
class Idle:
    """Sockets to each load balancer on which nothing is sent, and since when."""

    sockets: dict[str, WebSocket]
    since: float


@pytest.fixture(scope="module", autouse=True)
def idle(site: Site, balancers: list[Node]) -> Iterator[Idle]:
    """Open the sockets before the first test, so that nobody waits for them, and after the site is in service."""
    for node in balancers:
        until(f"{node.name} leads to the application", partial(_serves, site, node.name))
    with ExitStack() as stack:
        sockets = {node.name: stack.enter_context(site.websocket(node.name, "/api/v1/ws/echo")) for node in balancers}
        yield Idle(sockets, time.monotonic())


def _serves(site: Site, balancer: str) -> bool:
    try:
        return site.ask(balancer, "/health").status == 200
    except FAILURES:
        return False


def received(answer: Answer) -> dict[str, list[str]]:
    """Return the headers that the application says it got: every value by name."""
    headers: dict[str, list[str]] = {}
    for name, value in answer.json["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    return headers


def server_of(site: Site, balancer: str, cookie: str = "") -> str:
    """Ask which API server answers."""
    headers = {"Cookie": cookie} if cookie else {}
    answer = site.ask_politely(balancer, "/api/v1/server", headers)
    assert answer.status == 200, answer
    return str(answer.json["server"])


@pytest.mark.parametrize("path", ["/", "/api/v1/server?a=b", "/metrics"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_port_80_only_redirects(site: Site, balancer: str, path: str, method: str) -> None:
    answer = site.ask(balancer, path, method=method, secure=False)
    assert (answer.status, answer.all("Location")) == (301, [f"https://{site.name}{path}"])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_tls_is_spoken(site: Site, balancer: str, version: ssl.TLSVersion) -> None:
    with site.secure(balancer, site.tls(version)) as connection:
        assert connection.version() == version.name.replace("v1_", "v1.")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused_by_the_server(site: Site, balancer: str, version: ssl.TLSVersion) -> None:
    with pytest.raises(ssl.SSLError) as error:
        site.secure(balancer, site.tls(version)).close()
    assert error.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"


def test_http_2_is_offered(site: Site, balancer: str) -> None:
    with site.secure(balancer, site.tls(protocols=("h2", "http/1.1"))) as connection:
        assert connection.selected_alpn_protocol() == "h2"


def test_testssl_finds_nothing_worse_than_low(site: Site, tmp_path: Path) -> None:
    """Protocols, ciphers, vulnerabilities and headers, once, as both load balancers have the same configuration."""
    report = tmp_path / "testssl.json"
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n", encoding="utf-8")
    address = next(iter(site.addresses.values()))
    # testssl asks for names that do not exist; with a name server that refuses at once it need not wait for each.
    command = ["nsenter", f"--net=/run/netns/{site.namespace}", "unshare", "--mount", "sh", "-c"]
    command += ['mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', "sh", str(resolver)]
    command += ["testssl", "--quiet", "--color", "0", "--nodns", "min", "--ip", address, "--jsonfile", str(report)]
    command += ["-p", "-s", "-f", "-P", "-U", "-h", f"{site.name}:443"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=540, check=False)
    assert report.is_file(), done.stdout[-2000:] + done.stderr[-2000:]
    findings = json.loads(report.read_text(encoding="utf-8"))
    worse = [
        f"{finding['id']}: {finding['severity']}: {finding['finding']}"
        for finding in findings
        if finding["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")
    ]
    assert worse == []
    assert len(findings) > 50


@pytest.mark.parametrize("path", ["/", "/api/v1/echo", "/no/such/page", "/metrics"])
def test_security_headers_are_there_once(site: Site, balancer: str, path: str) -> None:
    answer = site.ask_politely(balancer, path)
    assert {name: answer.all(name) for name in REQUIRED_HEADERS} == {
        name: [value] for name, value in REQUIRED_HEADERS.items()
    }
    assert len(answer.all("Content-Security-Policy")) == 1
    assert answer.all("X-XSS-Protection") == []


def test_the_clients_address_cannot_be_forged(site: Site, balancer: str, client: Node) -> None:
    answer = site.ask_politely(balancer, "/api/v1/echo", FORGED_HEADERS)
    headers = received(answer)
    assert headers["x-forwarded-for"] == [client.ipv4]
    assert headers["x-forwarded-proto"] == ["https"]
    assert headers["x-forwarded-host"] == [site.name]
    assert [name for name, values in headers.items() if FORGED in str(values)] == []


def test_requests_are_routed_by_path(site: Site, balancer: str, apis: list[str]) -> None:
    assert server_of(site, balancer) in apis
    assert site.ask(balancer, "/health").status == 200
    page = site.ask(balancer, "/")
    assert (page.status, page.all("Content-Type")[0].split(";")[0]) == (200, "text/html")


def test_requests_are_spread_over_the_servers(site: Site, balancer: str, apis: list[str]) -> None:
    assert {server_of(site, balancer) for _ in range(3 * len(apis))} == set(apis)


def test_a_session_sticks_to_its_server(site: Site, balancer: str) -> None:
    first = site.ask_politely(balancer, "/api/v1/server")
    cookies = first.all("Set-Cookie")
    assert len(cookies) == 1
    value, *attributes = [part.strip().lower() for part in cookies[0].split(";")]
    assert value.startswith("serverid=")
    assert {"httponly", "secure"} <= set(attributes)
    cookie = cookies[0].split(";")[0]
    assert {server_of(site, balancer, f"other=1; {cookie}") for _ in range(6)} == {first.json["server"]}


def test_the_application_does_not_see_the_sessions_cookie(site: Site, balancer: str, apis: list[str]) -> None:
    answer = site.ask_politely(balancer, "/api/v1/echo", {"Cookie": f"a=1; SERVERID={apis[0]}; b=2"})
    assert "; ".join(received(answer)["cookie"]).replace(" ", "") == "a=1;b=2"


@pytest.mark.parametrize("path", HIDDEN_PATHS)
def test_inner_paths_are_refused(site: Site, balancer: str, path: str) -> None:
    assert site.ask_politely(balancer, path).status in (400, 404)


def test_inner_paths_are_refused_to_websockets(site: Site, balancer: str) -> None:
    assert site.ask_politely(balancer, "/metrics", UPGRADE).status == 404


def test_no_other_upgrade_reaches_the_application(site: Site, balancer: str) -> None:
    """A tunnel in another protocol would pass by every check of a path.

    The header never arrives; a server that sees that an upgrade was meant may refuse the request.
    """
    answer = site.ask_politely(balancer, "/api/v1/echo", {**UPGRADE, "Upgrade": "h2c"})
    assert answer.status == 400 or "upgrade" not in received(answer)


def test_too_many_requests_get_429_and_recovery(site: Site, balancers: list[Node], engine: str) -> None:
    first, second = (node.name for node in balancers)
    # By then what earlier tests asked for is forgotten.
    time.sleep(15 if engine == "nginx" else 21)
    for limit in LIMITS[engine]:
        connection = site.session(first)
        statuses = [exchange(connection, limit.path).status for _ in range(120)]
        other = site.ask(second, limit.path).status
        health = exchange(connection, "/health").status
        connection.close()
        passed = len(statuses) - statuses.count(429)
        assert limit.least <= passed <= limit.most, limit
        assert (other == 429) == limit.shared, limit
        assert health == 200, limit
    for limit in LIMITS[engine]:
        lifted = time.monotonic() + limit.recovery
        while site.ask(first, limit.path).status == 429:
            assert time.monotonic() < lifted, f"still limited after {limit.recovery} s: {limit}"
            time.sleep(1)


@pytest.fixture
def reload(platform: Platform, engine: str) -> Callable[[str], None]:
    """Reload a load balancer's configuration."""
    return lambda name: print(platform.on(name, "systemctl", "reload", engine))


def test_reloads_under_load_lose_nothing(
    site: Site, balancers: list[Node], reload: Callable[[str], None], record_property: Callable[[str, object], None]
) -> None:
    """Each request over a connection of its own, sent once: a refused or cut connection counts as lost."""
    names = [node.name for node in balancers]
    with Load(lambda number: site.ask(names[number % 2], "/health"), per_second=30) as load:
        for _ in range(5):
            for name in names:
                reload(name)
            time.sleep(1)
    record_property("requests", load.sent)
    assert load.lost == []
    assert load.sent >= 100


def test_an_idle_websocket_lives_on_over_reloads(idle: Idle, reload: Callable[[str], None]) -> None:
    """Nothing at all is sent for 90 s, no ping of the application either, while the tests before this one reload."""
    for name in idle.sockets:
        reload(name)
    time.sleep(max(0.0, idle.since + 90 - time.monotonic()))
    for name, connection in idle.sockets.items():
        assert f"hello {name}" in connection.exchange(f"hello {name}", timeout=10)


def test_a_drained_server_gets_no_request(
    site: Site, balancers: list[Node], platform: Platform, apis: list[str]
) -> None:
    """Not even from sessions that stick to it, and a reload does not bring it back."""
    balancer = balancers[0].name
    platform.on(balancer, "lb-drain", apis[0])
    try:
        assert platform.states(balancer)[apis[0]] == "drained"
        assert apis[0] not in {server_of(site, balancer, f"SERVERID={apis[0]}") for _ in range(3)}
        assert apis[0] not in {server_of(site, balancer) for _ in range(2 * len(apis))}
    finally:
        platform.on(balancer, "lb-ready", apis[0])
    until(f"{apis[0]} is ready", lambda: platform.states(balancer)[apis[0]] == "ready", 30)
    assert server_of(site, balancer, f"SERVERID={apis[0]}") == apis[0]


@pytest.fixture
def power(platform: Platform, balancers: list[Node]) -> Iterator[Callable[[str], None]]:
    """Take hosts' power away; afterwards every one is back and all load balancers see all servers."""
    killed: list[str] = []

    def take(name: str) -> None:
        killed.append(name)
        platform.run("kill", name)

    yield take
    for name in killed:
        platform.run("start", name)
    for node in balancers:
        until(f"{node.name} sees every server", partial(_all_ready, platform, node.name))


def _all_ready(platform: Platform, balancer: str) -> bool:
    try:
        states = platform.states(balancer)
    except AssertionError:
        return False
    return bool(states) and set(states.values()) == {"ready"}


def test_an_api_server_killed_under_load_loses_no_request(
    site: Site,
    balancers: list[Node],
    apis: list[str],
    power: Callable[[str], None],
    record_property: Callable[[str, object], None],
) -> None:
    """The client sends each request once: it is the load balancer that asks another server."""
    names = [node.name for node in balancers]
    with Load(lambda number: site.ask(names[number % 2], "/health"), per_second=20) as load:
        time.sleep(3)
        power(apis[0])
        time.sleep(20)
    record_property("requests", load.sent)
    assert load.lost == []
    assert load.sent >= 300


def test_a_lost_load_balancer_loses_no_request(
    site: Site, balancers: list[Node], power: Callable[[str], None], record_property: Callable[[str, object], None]
) -> None:
    """R32: the client goes on with the other address, as browsers and the edge do."""
    with Load(lambda number: site.ask_any("/health", number % 2), per_second=10) as load:
        time.sleep(3)
        power(balancers[0].name)
        time.sleep(10)
    record_property("requests", load.sent)
    assert load.lost == []
    assert load.sent >= 100
    with pytest.raises(FAILURES):
        site.ask(balancers[0].name, "/health")
