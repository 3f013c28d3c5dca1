# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the declaration implies, for playbooks: each filter takes the path of a topology file."""

from __future__ import annotations

from dataclasses import asdict, fields

from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import (
    dns,
    firewall,
    flows,
    load_balancer,
    names,
    nat,
    pki,
    prometheus,
    ssh,
    vpn,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyError, TopologyErrors
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load


def firewall_ruleset(topology, host):
    """Return the texts for iptables-restore and ip6tables-restore of a host."""
    rules = firewall.ruleset(topology, host)
    return {"ipv4": firewall.render(rules, firewall.IPV4), "ipv6": firewall.render(rules, firewall.IPV6)}


def load_balancer_backends(topology, host):
    """Return the backends of a load balancer."""
    return [asdict(backend) for backend in load_balancer.backends(topology, host)]


def load_balancer_peers(topology, host):
    """Return the load balancers of a load balancer's region."""
    return [asdict(peer) for peer in load_balancer.peers(topology, host)]


def hosts_file(topology, host):
    """Return the lines of a host's /etc/hosts."""
    return [asdict(entry) for entry in names.hosts_file(topology, host)]


def certificates(topology, host):
    """Return the certificates that a host needs."""
    return [asdict(certificate) for certificate in pki.certificates(topology, host)]


def vpn_network(topology, host):
    """Return the tunnel's network of a VPN host."""
    return asdict(vpn.vpn_network(topology, host))


def nat_sources(topology, host):
    """Return the private networks behind a NAT gateway."""
    return asdict(nat.nat_sources(topology, host))


def nat_gateway(topology, host):
    """Return the NAT gateway through which a host gets out."""
    return nat.nat_gateway(topology, host)


def ssh_config(topology, options=None):
    """Return the text for ssh -F."""
    known = {field.name for field in fields(ssh.SshOptions)}
    unknown = sorted(set(options or {}) - known)
    if unknown:
        raise TopologyError("options", f"there is no {', '.join(unknown)}: use {', '.join(sorted(known))}")
    return ssh.ssh_config(topology, ssh.SshOptions(**{name: str(value) for name, value in (options or {}).items()}))


def public_names(topology):
    """Return the names that lead to the site."""
    return list(dns.site_names(topology)) + [f"{region.name}.{topology.domain}" for region in topology.regions]


def public_records(topology):
    """Return the records of the public zone."""
    return [asdict(record) for record in dns.public_records(topology)]


def site_records(topology, region):
    """Return the records that lead the names of the site to a region."""
    return [asdict(record) for record in dns.site_records(topology, region)]


def declared_peers(topology, host):
    """Return the TCP sockets of the platform that a host may call."""
    return [asdict(peer) for peer in flows.tcp_peers(topology, host)]


def platform_networks(topology):
    """Return the networks of all regions and of what leaves them by NAT, as text."""
    hosts = [str(host.public_address) for host in topology.hosts if host.public_address]
    networks = [str(network) for region in topology.regions for network in (region.cidr, region.cidr6) if network]
    return networks + hosts


def prometheus_targets(topology):
    """Return what Prometheus scrapes."""
    return [asdict(target) for target in prometheus.targets(topology)]


def prometheus_probes(topology):
    """Return the public addresses that Prometheus asks."""
    return [asdict(probe) for probe in prometheus.probes(topology)]


FILTERS = (
    firewall_ruleset,
    load_balancer_backends,
    load_balancer_peers,
    hosts_file,
    certificates,
    vpn_network,
    nat_sources,
    nat_gateway,
    ssh_config,
    public_names,
    public_records,
    site_records,
    declared_peers,
    platform_networks,
    prometheus_targets,
    prometheus_probes,
)


def of_file(function):
    """Let a function of a topology take the path of its file, and report mistakes as Ansible wants them."""

    def read_and_call(path, *arguments):
        try:
            return _plain(function(load(str(path)), *arguments))
        except (TopologyError, TopologyErrors) as error:
            raise AnsibleFilterError(f"{path}: {error}") from error

    return read_and_call


def _plain(value):
    """Return lists for tuples, all the way down, as YAML would have them."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {function.__name__: of_file(function) for function in FILTERS}
