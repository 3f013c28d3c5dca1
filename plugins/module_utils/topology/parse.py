# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a declaration, as YAML gives it, to a checked topology, or to all of its mistakes at once."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, cast

from . import check
from .model import (
    HOST_SERVICE,
    OPERATORS,
    PLATFORM,
    External,
    Flow,
    Host,
    Outside,
    Port,
    Region,
    SecurityGroup,
    Service,
    Subnet,
    Topology,
    TopologyErrors,
)
from .reading import GROUP, LABEL, Reader, suggestion

PROFILES = ("minimum", "recommended", "lab")
STATES = ("active", "standby")
SUBNET_KINDS = ("public", "app", "data", "management")
REQUIRED = (
    "platform",
    "domain",
    "internal_domain",
    "profile",
    "regions",
    "services",
    "security_groups",
    "externals",
    "flows",
)


def parse(document: object) -> Topology:
    """Return the topology that a declaration describes.

    :param document: the content of ``topology.yml``, with ``extends`` already resolved.
    :raises TopologyErrors: with every mistake, each with its path and what to write instead.
    """
    reader = Reader()
    top = reader.mapping(document, "", REQUIRED, ("placement", "outside"))
    platform = _label(reader, top, "platform")
    domain, internal_domain = _text(reader, top, "domain"), _text(reader, top, "internal_domain")
    profile = reader.choice(top["profile"], "profile", PROFILES) if "profile" in top else ""
    services = _services(reader, top.get("services", {}))
    groups = _security_groups(reader, top.get("security_groups", {}))
    externals = _externals(reader, top.get("externals", {}))
    topology = Topology(
        platform=platform,
        domain=domain,
        internal_domain=internal_domain,
        profile=profile,
        regions=_regions(reader, top.get("regions", {}), services),
        services=services,
        security_groups=groups,
        externals=externals,
        flows=_flows(reader, top.get("flows", {}), services, groups, externals),
        placement=_placement(reader, top.get("placement", {})),
        outside=_outside(reader, top["outside"]) if top.get("outside") is not None else None,
    )
    check.whole(reader, topology)
    if reader.errors:
        raise TopologyErrors(tuple(dict.fromkeys(reader.errors)))
    return topology


def _text(reader: Reader, top: Mapping[str, object], key: str) -> str:
    return reader.text(top[key], key) if key in top else ""


def _label(reader: Reader, top: Mapping[str, object], key: str) -> str:
    text = _text(reader, top, key)
    if text:
        reader.name(text, key, LABEL)
    return text


def _services(reader: Reader, value: object) -> Dict[str, Service]:
    services = {}
    for name, entry in reader.entries(value, "services"):
        path = f"services.{name}"
        reader.name(name, path, GROUP)
        fields = reader.mapping(entry, path, (), ("security_group", "ports"))
        group = reader.text(fields["security_group"], f"{path}.security_group") if "security_group" in fields else None
        if group is None and name != HOST_SERVICE:
            reader.mistake(path, "the key 'security_group' is missing; every service belongs to one")
        services[name] = Service(name, group, _ports(reader, fields.get("ports", {}), f"{path}.ports"))
    if value and HOST_SERVICE not in services:
        reader.mistake(
            "services", f"the service '{HOST_SERVICE}' is missing; it names the ports of every host, such as ssh"
        )
    return services


def _ports(reader: Reader, value: object, path: str) -> Dict[str, Port]:
    ports = {}
    for name, entry in reader.entries(value, path):
        port = reader.port(entry, f"{path}.{name}")
        if port:
            ports[name] = port
    return ports


def _security_groups(reader: Reader, value: object) -> Dict[str, SecurityGroup]:
    groups = {}
    for name, entry in reader.entries(value, "security_groups"):
        path = f"security_groups.{name}"
        reader.name(name, path, GROUP)
        fields = reader.mapping(entry, path, ("description",))
        groups[name] = SecurityGroup(name, reader.text(fields.get("description", "-"), f"{path}.description"))
    return groups


def _externals(reader: Reader, value: object) -> Dict[str, External]:
    externals = {}
    for name, entry in reader.entries(value, "externals"):
        path = f"externals.{name}"
        reader.name(name, path, GROUP)
        fields = reader.mapping(entry, path, ("cidrs",), ("description",))
        cidrs = reader.networks(fields.get("cidrs", []), f"{path}.cidrs")
        if not cidrs and fields.get("cidrs") == []:
            reader.mistake(f"{path}.cidrs", "the list is empty; name at least one network, such as 0.0.0.0/0")
        externals[name] = External(name, cidrs, str(fields.get("description", "")))
    return externals


def _regions(reader: Reader, value: object, services: Mapping[str, Service]) -> Tuple[Region, ...]:
    regions = [_region(reader, name, entry, services) for name, entry in reader.entries(value, "regions")]
    return tuple(region for region in regions if region)


def _region(reader: Reader, name: str, entry: object, services: Mapping[str, Service]) -> Optional[Region]:
    path = f"regions.{name}"
    reader.name(name, path, LABEL)
    fields = reader.mapping(entry, path, ("state", "cidr", "subnets", "hosts"), ("cidr6", "vpn_clients"))
    cidr = reader.network(fields["cidr"], f"{path}.cidr", 4) if "cidr" in fields else None
    cidr6 = _cidr6(reader, fields["cidr6"], f"{path}.cidr6") if "cidr6" in fields else None
    if cidr is None:
        return None
    entries = list(reader.entries(fields.get("subnets", {}), f"{path}.subnets"))
    subnets = [_subnet(reader, f"{path}.subnets.{key}", name, key, item, cidr6) for key, item in entries]
    found = tuple(subnet for subnet in subnets if subnet)
    complete = len(found) == len(entries)
    hosts = [
        _host(reader, f"{path}.hosts.{key}", name, key, item, found, complete, services)
        for key, item in reader.entries(fields.get("hosts", {}), f"{path}.hosts")
    ]
    return Region(
        name=name,
        state=reader.choice(fields["state"], f"{path}.state", STATES) if "state" in fields else STATES[1],
        cidr=cast(IPv4Network, cidr),
        cidr6=cidr6,
        vpn_clients=reader.networks(fields.get("vpn_clients", []), f"{path}.vpn_clients"),
        subnets=found,
        hosts=tuple(host for host in hosts if host),
    )


def _cidr6(reader: Reader, value: object, path: str) -> Optional[IPv6Network]:
    network = reader.network(value, path, 6)
    if network is not None and network.prefixlen != 48:
        reader.mistake(
            path, f"'{value}' has the prefix length {network.prefixlen}; write a /48, each subnet gets a /64 of it"
        )
        return None
    return cast(Optional[IPv6Network], network)


def _subnet(
    reader: Reader, path: str, region: str, name: str, entry: object, cidr6: Optional[IPv6Network]
) -> Optional[Subnet]:
    reader.name(name, path, LABEL)
    fields = reader.mapping(entry, path, ("zone", "kind", "cidr"))
    zone = reader.text(fields["zone"], f"{path}.zone") if "zone" in fields else ""
    kind = reader.choice(fields["kind"], f"{path}.kind", SUBNET_KINDS) if "kind" in fields else ""
    cidr = reader.network(fields["cidr"], f"{path}.cidr", 4) if "cidr" in fields else None
    if cidr is None or not zone or not kind:
        return None
    if cidr6 is not None and cidr.prefixlen != 24:
        reader.mistake(
            f"{path}.cidr", f"'{cidr}' is no /24; the region has IPv6, whose subnets take the third number of a /24"
        )
        return None
    return Subnet(name, region, zone, kind, cast(IPv4Network, cidr), _subnet6(cast(IPv4Network, cidr), cidr6))


def _subnet6(cidr: IPv4Network, cidr6: Optional[IPv6Network]) -> Optional[IPv6Network]:
    """The /64 whose fourth group repeats the digits of the subnet's third number: 10.0.20.0 gives ...:20::/64."""
    if cidr6 is None:
        return None
    group = int(str(cidr.network_address).split(".")[2], 16)
    return IPv6Network((int(cidr6.network_address) + (group << 64), 64))


def _address6(address: object, cidr6: Optional[IPv6Network]) -> Optional[IPv6Address]:
    """The address whose last group repeats the digits of the IPv4 address's last number: 10.0.20.53 gives ...::53."""
    if cidr6 is None:
        return None
    return IPv6Address(int(cidr6.network_address) + int(str(address).rsplit(".", 1)[1], 16))


def _host(
    reader: Reader,
    path: str,
    region: str,
    name: str,
    entry: object,
    subnets: Sequence[Subnet],
    complete: bool,
    services: Mapping[str, Service],
) -> Optional[Host]:
    reader.name(name, path, LABEL)
    fields = reader.mapping(entry, path, ("address", "services"), ("public_address",))
    names = reader.texts(fields.get("services", []), f"{path}.services")
    for service in names:
        if service and (service not in services or service == HOST_SERVICE):
            known = [other for other in services if other != HOST_SERVICE]
            reader.mistake(f"{path}.services", f"'{service}' is no service; {suggestion(service, known)}")
    public = fields.get("public_address")
    public_address = None if public is None else reader.address(public, f"{path}.public_address")
    address = reader.address(fields["address"], f"{path}.address") if "address" in fields else None
    if address is None:
        return None
    subnet = next((candidate for candidate in subnets if address in candidate.cidr), None)
    if subnet is None:
        if complete:
            known_subnets = ", ".join(f"{known.name} {known.cidr}" for known in subnets) or "none"
            reader.mistake(
                f"{path}.address", f"{address} is in no subnet of {region}; the subnets are: {known_subnets}"
            )
        return None
    address6 = _address6(address, subnet.cidr6)
    return Host(name, region, subnet.zone, subnet.name, address, address6, public_address, names)


def _flows(
    reader: Reader,
    value: object,
    services: Mapping[str, Service],
    groups: Mapping[str, SecurityGroup],
    externals: Mapping[str, External],
) -> Tuple[Flow, ...]:
    flows: List[Flow] = []
    sources = (*services, *groups, PLATFORM, OPERATORS, *externals)
    targets = (*services, PLATFORM, *externals)
    for name, entry in reader.entries(value, "flows"):
        path = f"flows.{name}"
        reader.name(name, path, LABEL)
        fields = reader.mapping(entry, path, ("from", "to", "ports", "reason"), ("across",))
        source = _endpoint(reader, fields, path, "from", sources)
        target = _endpoint(reader, fields, path, "to", targets)
        reason = reader.text(fields["reason"], f"{path}.reason") if "reason" in fields else ""
        across = "across" in fields and reader.choice(fields["across"], f"{path}.across", ("regions",)) == "regions"
        if not (source and target and "ports" in fields):
            continue
        names = reader.texts(fields["ports"], f"{path}.ports")
        if fields["ports"] == []:
            reader.mistake(f"{path}.ports", "the list is empty; name at least one port")
        ports = _flow_ports(reader, f"{path}.ports", names, target, services, externals)
        flows.append(Flow(name, source, target, names, ports, across, reason))
    return tuple(flows)


def _endpoint(reader: Reader, fields: Mapping[str, object], path: str, key: str, known: Sequence[str]) -> str:
    if key not in fields:
        return ""
    name = reader.text(fields[key], f"{path}.{key}")
    if not name or name in known:
        return name
    if name == OPERATORS:
        reader.mistake(f"{path}.{key}", "nothing calls the operators' machines; turn the flow round or remove it")
    else:
        what = "services" if key == "to" else "services and security groups"
        rest = f"'{PLATFORM}' and externals" if key == "to" else f"'{PLATFORM}', '{OPERATORS}' and externals"
        names = dict.fromkeys(known)
        reader.mistake(
            f"{path}.{key}", f"'{name}' is unknown; {what}, {rest} can stand here; {suggestion(name, names)}"
        )
    return ""


def _flow_ports(
    reader: Reader,
    path: str,
    names: Sequence[str],
    target: str,
    services: Mapping[str, Service],
    externals: Mapping[str, External],
) -> Tuple[Port, ...]:
    if target in externals:
        found = (_literal_port(reader, path, name) for name in names if name)
    else:
        known = _known_ports(services, target)
        found = (_named_port(reader, path, name, target, known) for name in names if name)
    return tuple(port for port in found if port)


def _known_ports(services: Mapping[str, Service], target: str) -> Dict[str, Port]:
    everywhere = services[HOST_SERVICE].ports if HOST_SERVICE in services else {}
    own = {} if target == PLATFORM else services[target].ports
    return {**everywhere, **own}


def _literal_port(reader: Reader, path: str, name: str) -> Optional[Port]:
    if "/" not in name:
        reader.mistake(
            path,
            f"'{name}' is a name, and externals have no named ports; write a number and the protocol, such as 443/tcp",
        )
        return None
    return reader.port(name, path)


def _named_port(reader: Reader, path: str, name: str, target: str, known: Mapping[str, Port]) -> Optional[Port]:
    if name in known:
        return known[name]
    if "/" in name:
        reader.mistake(path, f"'{name}' is a number; name it under services.{target}.ports and write its name here")
    else:
        reader.mistake(path, f"'{target}' has no port '{name}'; {suggestion(name, known)}")
    return None


PLACEMENTS: Mapping[str, Tuple[Tuple[str, int], ...]] = {
    "redis": (("shards", 1), ("replicas", 0)),
    "postgres": (("replicas", 0),),
    "etcd": (("voters", 1),),
}


def _placement(reader: Reader, value: object) -> Dict[str, Dict[str, Dict[str, int]]]:
    placement: Dict[str, Dict[str, Dict[str, int]]] = {}
    for region, entry in reader.entries(value, "placement"):
        path = f"placement.{region}"
        services = reader.mapping(entry, path, (), tuple(PLACEMENTS))
        placement[region] = {}
        for service, numbers in services.items():
            wanted = PLACEMENTS[service]
            fields = reader.mapping(numbers, f"{path}.{service}", tuple(key for key, least in wanted))
            placement[region][service] = {
                key: reader.count(fields[key], f"{path}.{service}.{key}", least)
                for key, least in wanted
                if key in fields
            }
    return placement


def _outside(reader: Reader, value: object) -> Optional[Outside]:
    fields = reader.mapping(value, "outside", ("cidr", "hosts"), ("cidr6",))
    cidr = reader.network(fields["cidr"], "outside.cidr", 4) if "cidr" in fields else None
    cidr6 = reader.network(fields["cidr6"], "outside.cidr6", 6) if "cidr6" in fields else None
    if cidr is None:
        return None
    network, network6 = cast(IPv4Network, cidr), cast(Optional[IPv6Network], cidr6)
    hosts = [
        _outside_host(reader, f"outside.hosts.{name}", name, entry, network, network6)
        for name, entry in reader.entries(fields.get("hosts", {}), "outside.hosts")
    ]
    return Outside(network, network6, tuple(host for host in hosts if host))


def _outside_host(
    reader: Reader, path: str, name: str, entry: object, cidr: IPv4Network, cidr6: Optional[IPv6Network]
) -> Optional[Host]:
    reader.name(name, path, LABEL)
    fields = reader.mapping(entry, path, ("address", "services"))
    services = reader.texts(fields.get("services", []), f"{path}.services")
    address = reader.address(fields["address"], f"{path}.address") if "address" in fields else None
    if address is None:
        return None
    if address not in cidr:
        reader.mistake(f"{path}.address", f"{address} is not in outside.cidr, {cidr}")
        return None
    return Host(name, "", "", "outside", address, _address6(address, cidr6), None, services)
