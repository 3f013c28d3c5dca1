"""Exactly what the declaration allows gets from host to host: TCP and UDP, IPv4 and IPv6, every pair.

Every host sends to every other one on each port of any flow, in both protocols, and on ports that
nothing declares. What passed the receiver's firewall is compared with a second, independent reading of topology.yml.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from typing import Callable, Iterator

import pytest

from tests.acceptance.matrix import probe
from tests.acceptance.matrix.declaration import Declaration, Node
from tests.acceptance.matrix.observe import Observer, Route, Sender

#: Services that often listen somewhere, and that no flow declares.
UNDECLARED = (21, 23, 25, 111, 445, 2049, 4444, 8080, 11211, 27017)
PROTOCOLS = ("tcp", "udp")
#: An operator without the VPN: the lab's console network leads to every address, so firewalls alone keep it out.
OPERATOR = Node("operator", None, frozenset(), "100.65.0.2", "fdff:64:0:4000::2", None)
CONSOLE = "internet"
#: Differences that a failure lists.
SHOWN = 400
Property = Callable[[str, object], None]


@dataclass(frozen=True)
class Matrix:
    """What should have got through, what did, and from which addresses."""

    expected: frozenset[Route]
    seen: frozenset[Route]
    addresses: dict[tuple[str, str, int], set[str]]
    sent: int


@pytest.fixture(scope="module")
def matrix(lab: str, declaration: Declaration) -> Matrix:
    """The whole matrix, sent once."""
    ports = sorted({port[0] for port in declaration.ports} | set(UNDECLARED))
    senders = [Sender(node.name, f"{lab}-{node.name}") for node in declaration.nodes]
    senders += [Sender(OPERATOR.name, f"{lab}-operator", CONSOLE)]
    senders += [
        Sender(_on_vpn(region), f"{lab}-operator", _tunnel(lab, declaration, region)) for region in declaration.regions
    ]
    expected = frozenset((*_expected(declaration, ports), *_expected_of_operators(declaration, ports)))
    observer = Observer(lab, senders, declaration.nodes, ports)
    seen = observer.run(expected)
    platform = {node.name for node in declaration.nodes if node.region}
    outside = {node.name for node in declaration.nodes if node.region is None}
    seen = frozenset(route for route in seen if route.target not in outside or route.source in platform)
    return Matrix(expected, seen, observer.addresses, observer.sent)


def test_nothing_undeclared_gets_through(matrix: Matrix) -> None:
    undeclared = sorted(matrix.seen - matrix.expected)
    _fail_with([f"{_text(route)}: got through, no flow declares it" for route in undeclared])


def test_every_declared_flow_gets_through(matrix: Matrix) -> None:
    missing = sorted(matrix.expected - matrix.seen)
    _fail_with([f"{_text(route)}: did not arrive, a flow declares it" for route in missing])


def test_hosts_of_the_platform_see_each_others_own_addresses(matrix: Matrix, declaration: Declaration) -> None:
    """Inside of the platform nothing is masqueraded: pg_hba and the logs see who calls."""
    nodes = {node.name: node for node in declaration.nodes if node.region}
    masked = [
        f"{source} -> {target}: arrives from {', '.join(sorted(addresses))}"
        for (source, target, family), addresses in sorted(matrix.addresses.items())
        if source in nodes and target in nodes and addresses != {_address(nodes[source], family)}
    ]
    _fail_with(masked)


def test_every_host_took_part(
    matrix: Matrix, declaration: Declaration, record_property: Callable[[str, object], None]
) -> None:
    """SSH from the bastion, names and time touch every host: a host that nothing reached or left was not tested."""
    platform = {node.name for node in declaration.nodes if node.region}
    record_property("hosts", len(platform))
    record_property("probes", matrix.sent)
    record_property("allowed", len(matrix.expected))
    assert platform - {route.source for route in matrix.seen} == set()
    assert platform - {route.target for route in matrix.seen} == set()


def _fail_with(lines: list[str]) -> None:
    """Fail with a line for each pair and port, readable as it is."""
    if lines:
        rest = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        pytest.fail("\n".join([f"{len(lines)} differences", *lines[:SHOWN], *rest]), pytrace=False)


def _expected(declaration: Declaration, ports: list[int]) -> Iterator[Route]:
    for source in declaration.nodes:
        for target in declaration.nodes:
            if source != target:
                yield from _expected_between(declaration, source, target, ports)


def _expected_between(declaration: Declaration, source: Node, target: Node, ports: list[int]) -> Iterator[Route]:
    for port in product(ports, PROTOCOLS):
        # From outside, hosts' own addresses lead nowhere: only public addresses are routed there.
        for family in (4, 6) if source.region else ():
            if declaration.allows(source, target, port, family):
                yield Route(source.name, target.name, *port, f"IPv{family}")
        if declaration.allows_public(source, target, port):
            yield Route(source.name, target.name, *port, "public")


def _expected_of_operators(declaration: Declaration, ports: list[int]) -> Iterator[Route]:
    """Without the VPN an operator is anyone on the internet, on it the region's bastion answers."""
    for target, port in product(declaration.nodes, product(ports, PROTOCOLS)):
        if target.region:
            for family in (4, 6):
                if declaration.allows(OPERATOR, target, port, family):
                    yield Route(OPERATOR.name, target.name, *port, f"IPv{family}")
                if declaration.allows_operators(target.region, target, port):
                    yield Route(_on_vpn(target.region), target.name, *port, f"IPv{family}")
        if declaration.allows_public(OPERATOR, target, port):
            yield Route(OPERATOR.name, target.name, *port, "public")


def _on_vpn(region: str) -> str:
    return f"operator-on-vpn-of-{region}"


def _tunnel(lab: str, declaration: Declaration, region: str) -> str:
    """Return the interface of the operator's tunnel into a region: the one that its addresses are routed by."""
    address = declaration.region(region)[0].ipv4
    route = json.loads(probe.in_namespace(f"{lab}-operator", ["ip", "-json", "route", "get", address]))[0]
    if route["dev"] == CONSOLE:
        pytest.fail(f"the operator's tunnel into {region} is down: {address} is routed by the console", pytrace=False)
    return str(route["dev"])


def _text(route: Route) -> str:
    return f"{route.source} -> {route.target} {route.port}/{route.protocol} {route.address}"


def _address(node: Node, family: int) -> str | None:
    return node.ipv6 if family == 6 else node.ipv4
