# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults in a lab's network: zones and hosts that are cut off, as rules of the routers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Host, Region, Topology
from lab.network import bridge, interface_name


@dataclass(frozen=True)
class Cut:
    """A fault: a zone cut off from everything, a host from everything, or one host from another."""

    zone: str = ""
    host: str = ""
    source: str = ""
    one_way: bool = False

    def __str__(self) -> str:
        if self.zone:
            return f"zone {self.zone} from everything else"
        if not self.source:
            return f"host {self.host} from everything"
        return f"host {self.host} {'from hearing' if self.one_way else 'from'} {self.source}"


def rulesets(topology: Topology, cuts: Sequence[Cut]) -> Tuple[Tuple[str, str], ...]:
    """Return for each region its name and the rules that its router needs for the cuts."""
    hosts = {host.name: host for host in topology.hosts}
    return tuple((region.name, _ruleset(region, hosts, cuts)) for region in topology.regions)


def _ruleset(region: Region, hosts: dict[str, Host], cuts: Sequence[Cut]) -> str:
    routed: List[str] = []
    bridged: List[str] = []
    for cut in cuts:
        if cut.zone:
            routed += _zone_rules(region, cut.zone)
        elif not cut.source:
            bridged += _port_rules(region, hosts.get(cut.host))
        else:
            pair = _pair_rules(hosts[cut.source], hosts[cut.host], cut.one_way)
            routed += pair
            bridged += pair
    return _table("inet", ["forward"], routed) + _table("bridge", ["forward", "input", "output"], bridged)


def _table(family: str, hooks: Sequence[str], rules: Sequence[str]) -> str:
    """Return a table that replaces the one of before."""
    lines = [f"table {family} cuts", f"delete table {family} cuts"]
    if rules:
        lines.append(f"table {family} cuts {{")
        for hook in hooks:
            lines += [
                f"  chain {hook} {{",
                f"    type filter hook {hook} priority -300;",
                *(f"    {rule}" for rule in rules),
                "  }",
            ]
        lines.append("}")
    return "\n".join([*lines, ""])


def _zone_rules(region: Region, zone: str) -> List[str]:
    bridges = ", ".join(f'"{bridge(subnet)}"' for subnet in region.subnets if subnet.zone == zone)
    if not bridges:
        return []
    return [
        f"iifname {{ {bridges} }} oifname != {{ {bridges} }} drop",
        f"iifname != {{ {bridges} }} oifname {{ {bridges} }} drop",
    ]


def _port_rules(region: Region, host: Optional[Host]) -> List[str]:
    if host is None or host.region != region.name:
        return []
    port = interface_name("p", host.name)
    return [f'iifname "{port}" drop', f'oifname "{port}" drop']


def _pair_rules(source: Host, target: Host, one_way: bool) -> List[str]:
    directions = [(source, target)] if one_way else [(source, target), (target, source)]
    rules = []
    for sender, receiver in directions:
        rules.append(f"ip saddr {sender.address} ip daddr {receiver.address} drop")
        if sender.address6 and receiver.address6:
            rules.append(f"ip6 saddr {sender.address6} ip6 daddr {receiver.address6} drop")
    return rules
