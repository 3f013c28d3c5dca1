# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Prometheus scrapes (R49): every port of metrics that the topology declares, and the site's public names.

A port named ``metrics`` belongs to the job of its service, one named ``x_metrics`` to the job ``x``. Daemons that tell
their metrics on the port that they serve on are in :data:`SERVING`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Mapping, Tuple

from ..model import HOST_SERVICE, Host, Port, Topology, TopologyError
from ..query import index, peers_region
from .dns import site_names

#: The service that scrapes.
SCRAPER = "prometheus"
#: Jobs by service and name of the port, where metrics come from the port that the daemon serves on.
SERVING: Mapping[Tuple[str, str], str] = {
    ("postgres", "patroni"): "patroni",
    ("etcd", "client"): "etcd",
    (SCRAPER, "prometheus"): SCRAPER,
    ("alertmanager", "alertmanager"): "alertmanager",
    ("grafana", "grafana"): "grafana",
}
OWN_PORT, OF_ANOTHER = "metrics", "_metrics"
#: The region of a name that leads to whichever region serves.
ANY_REGION = "any"
#: What is asked of each of the site's names, by its label below the domain: a page, or what needs the database.
PATHS: Mapping[str, str] = {"": "/", "app": "/", "api": "/api/v1/health"}
#: What a region answers that follows as well, whose database takes no writes.
REGION_PATH = "/health"


@dataclass(frozen=True)
class Target:
    """A socket to scrape, and the labels that say where it is."""

    job: str
    address: str
    port: int
    host: str
    region: str
    zone: str


@dataclass(frozen=True)
class Probe:
    """A public address of the site to ask: ``region`` is the one that it leads to, or ``any``."""

    url: str
    name: str
    path: str
    region: str


def targets(topology: Topology) -> Tuple[Target, ...]:
    """Return what is scraped, in the order of jobs and of the hosts of the declaration.

    :raises TopologyError: no flow lets Prometheus in to a port of metrics.
    """
    found = [target for job, service, port in _ports(topology) for target in _targets(topology, job, service, port)]
    return tuple(sorted(found, key=lambda target: target.job))


def probes(topology: Topology) -> Tuple[Probe, ...]:
    """Return the public addresses that are asked: those of the site, and each region's own."""
    labels = [(name, name[: -len(topology.domain)].rstrip(".")) for name in site_names(topology)]
    of_site = [_probe(name, PATHS.get(label, "/"), ANY_REGION) for name, label in labels]
    entrances = {host.region for host in topology.hosts if "load_balancer" in host.services and host.public_address}
    of_regions = [
        _probe(f"{region.name}.{topology.domain}", REGION_PATH, region.name)
        for region in topology.regions
        if region.name in entrances
    ]
    return tuple(of_site + of_regions)


def _probe(name: str, path: str, region: str) -> Probe:
    return Probe(f"https://{name}{path}", name, path, region)


def _ports(topology: Topology) -> Iterator[Tuple[str, str, str]]:
    """Yield job, service and name of every port of metrics."""
    for service in topology.services.values():
        for name in service.ports:
            if name == OWN_PORT:
                yield service.name, service.name, name
            elif name.endswith(OF_ANOTHER):
                yield name[: -len(OF_ANOTHER)], service.name, name
            elif (service.name, name) in SERVING:
                yield SERVING[service.name, name], service.name, name


def _targets(topology: Topology, job: str, service: str, port: str) -> Iterator[Target]:
    number = topology.services[service].ports[port]
    known = index(topology)
    hosts = topology.hosts if service == HOST_SERVICE else known.members(service)
    scrapers = known.members(SCRAPER)
    for host in hosts:
        closed = next((one for one in scrapers if one != host and not _reaches(topology, one, host, number)), None)
        if closed:
            message = (
                f"no flow lets {closed.name} scrape {number} ({port}) of {host.name}: write one from {SCRAPER} or its"
                " security group, across: regions"
            )
            raise TopologyError("flows", message)
        yield Target(job, str(host.address), number.number, host.name, host.region, host.zone)


def _reaches(topology: Topology, scraper: Host, host: Host, port: Port) -> bool:
    known = index(topology)
    ends, own = known.endpoints(host), known.endpoints(scraper)
    return any(
        flow.source in own
        and flow.target in ends
        and port in flow.ports
        and peers_region(flow, scraper.region) in (None, host.region)
        for flow in topology.flows
    )
