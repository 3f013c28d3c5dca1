# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to hold between the parts of a declaration."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Dict, Iterable, Iterator, List, Mapping, Tuple

from .model import HOST_SERVICE, OPERATORS, PLATFORM, Host, Port, Region, Service, Subnet, Topology
from .reading import Reader, suggestion

#: Services that keep data: never where the internet can reach.
DATA_SERVICES = ("postgres", "redis", "etcd", "backup")
#: Services that the internet reaches, or that reach it for others: only where it can.
EDGE_SERVICES = ("load_balancer", "nat_gateway")
RESERVED_NAMES = (PLATFORM, OPERATORS)
#: Where sshd listens: the role base leaves it there, and a firewall for another port would lock everybody out.
SSH_PORT = 22


def whole(reader: Reader, topology: Topology) -> None:
    """Note every mistake between the parts of a topology, in the order of the file.

    Where copies stand is looked at only once the hosts are right, because a host with a mistake is missing there.
    """
    _regions(reader, topology)
    for region in topology.regions:
        _region(reader, region)
    _names(reader, topology)
    _addresses(reader, topology)
    for host in topology.hosts:
        _host(reader, topology, host)
    if not any(error.path.startswith("regions") for error in reader.errors):
        _placements(reader, topology)
    _services(reader, topology)
    _flows(reader, topology)


def _regions(reader: Reader, topology: Topology) -> None:
    active = [region.name for region in topology.regions if region.state == "active"]
    if topology.regions and len(active) != 1:
        shown = ", ".join(active) or "none"
        reader.mistake("regions", f"exactly one region has the state active, here: {shown}; make the others standby")
    for one, other in combinations(topology.regions, 2):
        if one.cidr.overlaps(other.cidr):
            reader.mistake(
                f"regions.{other.name}.cidr",
                f"{other.cidr} overlaps {one.cidr} of {one.name}; give each region its own",
            )
    _zones(reader, topology)


def _zones(reader: Reader, topology: Topology) -> None:
    zones: Dict[str, str] = {}
    for region in topology.regions:
        for subnet in region.subnets:
            first = zones.setdefault(subnet.zone, region.name)
            if first != region.name:
                path = f"regions.{region.name}.subnets.{subnet.name}.zone"
                reader.mistake(path, f"the zone '{subnet.zone}' is in {first} already; a zone belongs to one region")


def _region(reader: Reader, region: Region) -> None:
    path = f"regions.{region.name}"
    for subnet in region.subnets:
        if not subnet.cidr.subnet_of(region.cidr):
            reader.mistake(
                f"{path}.subnets.{subnet.name}.cidr", f"{subnet.cidr} is outside of the region's {region.cidr}"
            )
    for one, other in combinations(region.subnets, 2):
        if one.cidr.overlaps(other.cidr):
            message = f"{other.cidr} overlaps {one.cidr} of {one.name}; give each subnet its own"
            reader.mistake(f"{path}.subnets.{other.name}.cidr", message)
    for network in region.vpn_clients:
        own = region.cidr if network.version == 4 else region.cidr6
        if own is not None and network.overlaps(own):
            reader.mistake(
                f"{path}.vpn_clients", f"{network} overlaps the region's {own}; VPN clients need a network of their own"
            )
    if region.hosts and not any("bastion" in host.services for host in region.hosts):
        reader.mistake(f"{path}.hosts", "no host has the service bastion; without one nobody can log in to the others")


def _names(reader: Reader, topology: Topology) -> None:
    groups = {*topology.services, PLATFORM, "outside", "all"}
    seen: Dict[str, str] = {}
    for path, name in _host_paths(topology):
        if name in seen:
            reader.mistake(path, f"the name '{name}' is taken by {seen[name]}; host names are unique over all regions")
        seen.setdefault(name, path)
        if name in groups:
            reader.mistake(path, f"'{name}' is the name of a group of hosts; call the host {name}1")
    subnets: Dict[str, str] = {}
    for region in topology.regions:
        for subnet in region.subnets:
            path = f"regions.{region.name}.subnets.{subnet.name}"
            if subnet.name in subnets:
                reader.mistake(
                    path,
                    f"the name '{subnet.name}' is taken by {subnets[subnet.name]}; "
                    "subnet names are unique over all regions",
                )
            subnets.setdefault(subnet.name, path)


def _host_paths(topology: Topology) -> Iterator[Tuple[str, str]]:
    for region in topology.regions:
        for host in region.hosts:
            yield f"regions.{region.name}.hosts.{host.name}", host.name
    for host in topology.outside.hosts if topology.outside else ():
        yield f"outside.hosts.{host.name}", host.name


def _path(host: Host) -> str:
    return f"regions.{host.region}.hosts.{host.name}" if host.region else f"outside.hosts.{host.name}"


def _addresses(reader: Reader, topology: Topology) -> None:
    seen: Dict[str, str] = {}
    for host in (*topology.hosts, *(topology.outside.hosts if topology.outside else ())):
        for key, address in (("address", host.address), ("public_address", host.public_address)):
            if address is None:
                continue
            if str(address) in seen:
                reader.mistake(f"{_path(host)}.{key}", f"{address} is the address of {seen[str(address)]} already")
            seen.setdefault(str(address), host.name)


def _host(reader: Reader, topology: Topology, host: Host) -> None:
    subnet = next(
        item
        for region in topology.regions
        if region.name == host.region
        for item in region.subnets
        if item.name == host.subnet
    )
    _reserved(reader, host, subnet)
    for service in host.services:
        if service in DATA_SERVICES and subnet.kind == "public":
            message = (
                f"{service} keeps data and must not stand in the public subnet {subnet.name}; "
                "take an address of a data subnet"
            )
            reader.mistake(f"{_path(host)}.services", message)
        if service in EDGE_SERVICES and subnet.kind != "public":
            message = f"{service} has to stand in a public subnet, and {subnet.name} is of the kind {subnet.kind}"
            reader.mistake(f"{_path(host)}.services", message)
    _port_clashes(reader, topology.services, host)


def _reserved(reader: Reader, host: Host, subnet: Subnet) -> None:
    reserved = {
        subnet.cidr.network_address: "the network's own address",
        subnet.gateway: "the router's address",
        subnet.cidr.broadcast_address: "the broadcast address",
    }
    if host.address in reserved:
        first, last = subnet.cidr.network_address + 2, subnet.cidr.broadcast_address - 1
        what = reserved[host.address]
        reader.mistake(
            f"{_path(host)}.address", f"{host.address} is {what} in {subnet.name}; take one from {first} to {last}"
        )


def _port_clashes(reader: Reader, services: Mapping[str, Service], host: Host) -> None:
    taken: Dict[Port, str] = {}
    for name in (HOST_SERVICE, *dict.fromkeys(host.services)):
        for port in services[name].ports.values() if name in services else ():
            if port in taken:
                reader.mistake(
                    f"{_path(host)}.services", f"{name} and {taken[port]} both listen on {port}; put them on two hosts"
                )
            taken.setdefault(port, name)


def _placements(reader: Reader, topology: Topology) -> None:
    regions = {region.name: region for region in topology.regions}
    for name, services in topology.placement.items():
        path = f"placement.{name}"
        if name not in regions:
            reader.mistake(path, f"'{name}' is no region; {suggestion(name, regions)}")
            continue
        for service, numbers in services.items():
            zones = Counter(host.zone for host in regions[name].hosts if service in host.services)
            if service == "redis" and len(numbers) == 2:
                _redis(reader, f"{path}.redis", zones, numbers["shards"], numbers["replicas"])
            elif service == "postgres" and numbers:
                _postgres(reader, f"{path}.postgres", zones, numbers["replicas"])
            elif service == "etcd" and numbers:
                _etcd(reader, f"{path}.etcd", zones, numbers["voters"])


def _redis(reader: Reader, path: str, zones: Counter[str], shards: int, replicas: int) -> None:
    hosts, needed = sum(zones.values()), shards * (1 + replicas)
    if hosts < needed:
        message = (
            f"{shards} shards with {replicas} replicas need {needed} redis hosts, one for each copy, "
            f"and there are {hosts}"
        )
        reader.mistake(path, message)
    elif replicas and hosts - max(zones.values()) < shards:
        zone, most = zones.most_common(1)[0]
        message = f"{most} of {hosts} redis hosts stand in {zone}, so that a shard would have all its copies there"
        reader.mistake(path, f"{message}; put at least {shards} into other zones")


def _postgres(reader: Reader, path: str, zones: Counter[str], replicas: int) -> None:
    hosts = sum(zones.values())
    if hosts < 1 + replicas:
        reader.mistake(
            path, f"a primary and {replicas} replicas need {1 + replicas} postgres hosts, and there are {hosts}"
        )
    elif replicas and len(zones) < 2:
        zone = next(iter(zones))
        reader.mistake(
            path, f"all postgres hosts stand in {zone}; put a replica into another zone, or none outlives the zone"
        )


def _etcd(reader: Reader, path: str, zones: Counter[str], voters: int) -> None:
    hosts = sum(zones.values())
    if hosts != voters:
        reader.mistake(
            path, f"{voters} voters are wanted and {hosts} hosts have the service etcd; make the numbers equal"
        )
    elif voters % 2 == 0:
        reader.mistake(path, f"{voters} voters outlive no more losses than {voters - 1}; take an odd number")
    elif voters >= 3 and voters - max(zones.values()) <= voters // 2:
        zone, most = zones.most_common(1)[0]
        reader.mistake(
            path,
            f"{most} of {voters} voters stand in {zone}, whose loss would end the majority; "
            "spread them over three zones",
        )


def _services(reader: Reader, topology: Topology) -> None:
    used = {service.security_group for service in topology.services.values()}
    everywhere = topology.services[HOST_SERVICE].ports if HOST_SERVICE in topology.services else {}
    for name, service in topology.services.items():
        group = service.security_group
        if group and group not in topology.security_groups:
            message = f"'{group}' is no security group; {suggestion(group, topology.security_groups)}"
            reader.mistake(f"services.{name}.security_group", message)
        for port in service.ports if name != HOST_SERVICE else ():
            if port in everywhere:
                reader.mistake(
                    f"services.{name}.ports.{port}", f"every host has a port '{port}' already; give it another name"
                )
    for name in topology.security_groups:
        if name not in used:
            reader.mistake(f"security_groups.{name}", "no service belongs to it; remove it, or name it under services")
    ssh = everywhere.get("ssh")
    if ssh and ssh.number != SSH_PORT:
        reader.mistake(f"services.{HOST_SERVICE}.ports.ssh", f"sshd listens on {SSH_PORT}; write {SSH_PORT}/tcp")
    _shared_names(reader, topology)


def _shared_names(reader: Reader, topology: Topology) -> None:
    """A name that flows use has to mean one set of hosts."""
    for name in topology.security_groups:
        members = [service.name for service in topology.services.values() if service.security_group == name]
        if name in topology.services and members != [name]:
            others = ", ".join(member for member in members if member != name) or "nothing"
            message = (
                f"the service {name} and this group have one name and other hosts (the group also has: {others}); "
                "rename one"
            )
            reader.mistake(f"security_groups.{name}", message)
    sections: Tuple[Tuple[str, Iterable[str]], ...] = (
        ("services", topology.services),
        ("security_groups", topology.security_groups),
        ("externals", topology.externals),
    )
    for section, names in sections:
        for name in names:
            if name in RESERVED_NAMES:
                reader.mistake(f"{section}.{name}", f"'{name}' has a meaning of its own in flows; choose another name")
    for name in topology.externals:
        if name in topology.services or name in topology.security_groups:
            reader.mistake(f"externals.{name}", "a service or security group has this name, too; choose another name")


def _flows(reader: Reader, topology: Topology) -> None:
    seen: Dict[Tuple[str, str, Port], str] = {}
    for flow in topology.flows:
        doubled: List[str] = []
        for port in flow.ports:
            key = (flow.source, flow.target, port)
            if key in seen:
                doubled.append(f"{port} by {seen[key]}")
            seen.setdefault(key, flow.name)
        if doubled:
            message = (
                f"from {flow.source} to {flow.target} this is allowed already: {', '.join(doubled)}; remove one of them"
            )
            reader.mistake(f"flows.{flow.name}", message)
