"""Thin stand-in until the checked parser lands."""
from __future__ import annotations
from ipaddress import ip_address, ip_network
from .model import (External, Flow, Host, Outside, Port, Region, SecurityGroup, Service, Subnet, Topology)

def _port(text):
    number, protocol = str(text).split("/")
    return Port(int(number), protocol)

def _subnet(region, name, data, cidr6):
    net = ip_network(data["cidr"])
    octet = str(net.network_address).split(".")[2]
    prefix = str(cidr6.network_address).rstrip(":") if cidr6 else None
    six = ip_network(f"{_groups(cidr6)}:{octet}::/64") if cidr6 else None
    return Subnet(name, region, data["zone"], data["kind"], net, six)

def _groups(cidr6):
    return ":".join(cidr6.network_address.exploded.split(":")[:3])

def _host(name, region, subnets, data):
    address = ip_address(data["address"])
    subnet = next(s for s in subnets if address in s.cidr)
    last = str(address).split(".")[3]
    six = ip_address(f"{_net6(subnet.cidr6)}::{last}") if subnet.cidr6 else None
    public = ip_address(data["public_address"]) if data.get("public_address") else None
    return Host(name, region, subnet.zone, subnet.name, address, six, public, tuple(data.get("services", ())))

def _net6(cidr6):
    return ":".join(cidr6.network_address.exploded.split(":")[:4])

def _region(name, data):
    cidr6 = ip_network(data["cidr6"]) if data.get("cidr6") else None
    subnets = tuple(_subnet(name, n, d, cidr6) for n, d in data["subnets"].items())
    hosts = tuple(_host(n, name, subnets, d) for n, d in data["hosts"].items())
    return Region(name, data["state"], ip_network(data["cidr"]), cidr6, tuple(ip_network(c) for c in data.get("vpn_clients", ())), subnets, hosts)

def _flow(name, data, services):
    target = data["to"]
    ports = []
    for p in data["ports"]:
        if "/" in str(p):
            ports.append(_port(p))
        else:
            own = services["host"].ports if target == "platform" else {**services["host"].ports, **services[target].ports}
            ports.append(own[p])
    return Flow(name, data["from"], target, tuple(map(str, data["ports"])), tuple(ports), data.get("across") == "regions", data["reason"])

def _outside(data):
    if not data:
        return None
    net = ip_network(data["cidr"]); six = ip_network(data["cidr6"]) if data.get("cidr6") else None
    hosts = []
    for n, d in data["hosts"].items():
        a = ip_address(d["address"])
        a6 = ip_address(f"{_net6(six)}::{str(a).split('.')[3]}") if six else None
        hosts.append(Host(n, "", "", "outside", a, a6, None, tuple(d.get("services", ()))))
    return Outside(net, six, tuple(hosts))

def parse(document):
    d = document
    services = {n: Service(n, s.get("security_group"), {k: _port(v) for k, v in s.get("ports", {}).items()}) for n, s in d["services"].items()}
    return Topology(d["platform"], d["domain"], d["internal_domain"], d["profile"],
        tuple(_region(n, r) for n, r in d["regions"].items()), services,
        {n: SecurityGroup(n, g.get("description", "")) for n, g in d["security_groups"].items()},
        {n: External(n, tuple(ip_network(c) for c in e["cidrs"]), e.get("description", "")) for n, e in d["externals"].items()},
        tuple(_flow(n, f, services) for n, f in d["flows"].items()), d.get("placement", {}), _outside(d.get("outside")))
