"""A second reading of ``topology.yml``, for the packet matrix alone.

It shares no code with the library that derives the firewall's rules, so that a mistake there is
not repeated here. It trusts the file to be well-formed: the library checks that.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Iterator, Optional

import yaml

PortKey = tuple[int, str]


@dataclass(frozen=True)
class Node:
    """A host: of the platform when it has a region, outside of it when it has none."""

    name: str
    region: Optional[str]
    services: frozenset[str]
    ipv4: str
    ipv6: Optional[str]
    public: Optional[str]


@dataclass(frozen=True)
class Flow:
    """One allowed flow with its ports as numbers."""

    name: str
    source: str
    target: str
    ports: frozenset[PortKey]
    across: bool


def read(path: Path) -> dict[str, Any]:
    """Return the document of a topology file with the files that it extends merged below it."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    parent = document.pop("extends", None)
    return _merged(read(path.parent / parent), document) if parent else document


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return {key: value for key, value in result.items() if value is not None}


class Declaration:
    """What a topology file allows."""

    def __init__(self, path: Path) -> None:
        self._document = read(path)
        self.nodes = tuple(self._read_nodes())
        self.flows = tuple(self._read_flows())

    @property
    def ports(self) -> tuple[PortKey, ...]:
        """Every port of every flow."""
        return tuple(sorted({port for flow in self.flows for port in flow.ports}))

    def region(self, name: str) -> tuple[Node, ...]:
        """Every host of a region."""
        return tuple(node for node in self.nodes if node.region == name)

    @property
    def regions(self) -> tuple[str, ...]:
        """The names of the regions."""
        return tuple(self._document["regions"])

    def allows(self, source: Node, target: Node, port: PortKey, family: int) -> bool:
        """Tell whether one flow, read alone, lets a host reach the address of another one."""
        return any(
            port in flow.ports
            and self._is_end(flow.source, source, family)
            and self._is_end(flow.target, target, family)
            and self._within_reach(flow, source, target)
            for flow in self.flows
        )

    def allows_operators(self, region: str, target: Node, port: PortKey) -> bool:
        """Tell whether the operators on a region's VPN reach a host."""
        return target.region == region and any(
            flow.source == "operators" and port in flow.ports and self._is_end(flow.target, target, 4)
            for flow in self.flows
        )

    def allows_public(self, source: Node, target: Node, port: PortKey) -> bool:
        """Tell whether a host reaches another one's public address: out to the internet, and in from there.

        A host with a public address comes from it, a host of a private subnet from a NAT gateway's.
        """
        if target.public is None:
            return False
        leaves = source.region is None or self._goes_out_to(source, target.public, port)
        origins = [source.public or source.ipv4] if source.region is None or source.public else self._gateways(source)
        return leaves and any(self._comes_in_from(origin, target, port) for origin in origins)

    def _goes_out_to(self, source: Node, address: str, port: PortKey) -> bool:
        return any(
            port in flow.ports and self._is_end(flow.source, source, 4) and self._external_holds(flow.target, address)
            for flow in self.flows
        )

    def _comes_in_from(self, address: str, target: Node, port: PortKey) -> bool:
        return any(
            port in flow.ports and self._external_holds(flow.source, address) and self._is_end(flow.target, target, 4)
            for flow in self.flows
        )

    def _gateways(self, source: Node) -> list[str]:
        return [
            node.public
            for node in self.nodes
            if node.region == source.region and "nat_gateway" in node.services and node.public
        ]

    @staticmethod
    def _within_reach(flow: Flow, source: Node, target: Node) -> bool:
        outside = source.region is None or target.region is None
        return outside or flow.across or source.region == target.region

    def _is_end(self, end: str, node: Node, family: int) -> bool:
        """Tell whether a node is meant by the source or the target of a flow."""
        if end in self._document["externals"]:
            address = node.ipv6 if family == 6 else node.ipv4
            return node.region is None and address is not None and self._external_holds(end, address)
        if node.region is None:
            return False
        if end == "platform":
            return True
        groups = {self._document["services"][service].get("security_group") for service in node.services}
        return end in node.services or end in groups

    def _external_holds(self, end: str, address: str) -> bool:
        external = self._document["externals"].get(end)
        return external is not None and any(ip_address(address) in ip_network(cidr) for cidr in external["cidrs"])

    def _read_nodes(self) -> Iterator[Node]:
        for region_name, region in self._document["regions"].items():
            for name, host in region["hosts"].items():
                ipv6 = _address6(region.get("cidr6"), host["address"])
                yield Node(
                    name, region_name, frozenset(host["services"]), host["address"], ipv6, host.get("public_address")
                )
        outside = self._document.get("outside") or {"hosts": {}}
        for name, host in outside["hosts"].items():
            ipv6 = _outside_address6(outside.get("cidr6"), host["address"])
            yield Node(name, None, frozenset(host["services"]), host["address"], ipv6, None)

    def _read_flows(self) -> Iterator[Flow]:
        for name, flow in self._document["flows"].items():
            ports = frozenset(self._port(str(port), flow["to"]) for port in flow["ports"])
            yield Flow(name, flow["from"], flow["to"], ports, flow.get("across") == "regions")

    def _port(self, name: str, target: str) -> PortKey:
        if "/" not in name:
            services = self._document["services"]
            known = {**services["host"]["ports"], **services.get(target, {}).get("ports", {})}
            name = known[name]
        number, protocol = name.split("/")
        return int(number), protocol


def _address6(region_cidr: Optional[str], address: str) -> Optional[str]:
    """Follow the rule of the declaration: 10.0.20.10 in fd00:10:0::/48 is fd00:10:0:20::10, digit for digit."""
    if region_cidr is None:
        return None
    subnet, host = address.split(".")[2:]
    prefix = region_cidr.split("::")[0]
    return str(ip_address(f"{prefix}:{subnet}::{host}"))


def _outside_address6(cidr: Optional[str], address: str) -> Optional[str]:
    """Outside there is one subnet: 192.0.2.10 in fd00:192:2::/64 is fd00:192:2::10."""
    if cidr is None:
        return None
    return str(ip_address(f"{cidr.split('::')[0]}::{address.split('.')[3]}"))
