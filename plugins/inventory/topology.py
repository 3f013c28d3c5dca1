# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A declared datacentre as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: topology
short_description: The hosts and groups of a declared datacentre
version_added: 0.1.0
description:
  - Reads a C(topology.yml), checks it, and gives every host its address, region, zone, subnet, services and security
    groups.
  - Hosts are in the groups C(platform), C(region_x) with C(zone_x) with C(subnet_x) in it, C(security_group_x) and one
    for each service. Hosts of a lab that stand outside of the platform are in C(outside) and the groups of their
    services. Hyphens become underscores.
  - Every host has the declared ports in C(platform_ports), by the names of service and port, as in
    C(platform_ports.postgres.sql). Plays give them to the roles, so that a service listens where the firewall is open.
  - A mistake in the file stops the run before any host is touched; all mistakes are shown, each with its place and what
    to write instead.
author:
  - FreeAgentics (@freeagentics)
notes:
  - The file has to be called C(topology.yml), and the plugin has to be enabled; it has no options.
  - Enable no plugin beside it that reads YAML; it would take a file with mistakes for an inventory of its own.
options: {}
"""

EXAMPLES = r"""
# ansible.cfg
# [inventory]
# enable_plugins = freeagentics.platform.topology, ansible.builtin.host_list
# any_unparsed_is_failed = true
#
# inventories/prod/topology.yml: docs/topology.md explains every key
platform: freeagentics
"""

from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.plugins.loader import filter_loader

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import ports
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyErrors
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.query import index
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load

#: One filter of each collection whose filters roles and playbooks use; the loader reads all of a collection at once.
FILTERS = ("ansible.builtin.combine", "community.general.dict_kv", "freeagentics.platform.hosts_file")


class InventoryModule(BaseInventoryPlugin):
    """Turn a topology into groups, hosts and variables."""

    NAME = "freeagentics.platform.topology"

    def verify_file(self, path):
        """Return whether the file is a topology."""
        return super().verify_file(path) and Path(path).name == "topology.yml"

    def parse(self, inventory, loader, path, cache=True):
        """Read the file and fill the inventory."""
        super().parse(inventory, loader, path, cache)
        self._load_filters()
        try:
            topology = load(path)
        except TopologyErrors as errors:
            lines = "\n".join(f"  {error}" for error in errors.errors)
            raise AnsibleParserError(f"{path}: {len(errors.errors)} mistake(s), nothing was done:\n{lines}") from None
        self._variables_of_all(topology, path)
        self._groups(topology)
        for host in topology.hosts:
            self._platform_host(topology, host)
        for host in topology.outside.hosts if topology.outside else ():
            self._host(host, ("outside", *host.services))

    def _load_filters(self):
        """Load the filters here, before Ansible starts a process for each task of each host.

        Otherwise each of these processes loads them again, which takes longer than most tasks.
        """
        for name in FILTERS:
            try:
                filter_loader.get(name)
            except KeyError:
                self.display.debug(f"there is no {name} to load beforehand")

    def _variables_of_all(self, topology, path):
        values = {
            "topology_file": str(Path(path).resolve()),
            "platform_name": topology.platform,
            "platform_domain": topology.domain,
            "platform_internal_domain": topology.internal_domain,
            "platform_profile": topology.profile,
            "platform_ports": ports.numbers(topology),
        }
        for name, value in values.items():
            self.inventory.set_variable("all", name, value)

    def _groups(self, topology):
        """Make regions of zones of subnets, and a group for each service even where no host has it."""
        for name in ("platform", "outside", *(service for service in topology.services if service != "host")):
            self.inventory.add_group(_group(name))
        for region in topology.regions:
            for subnet in region.subnets:
                self._child("platform", f"region_{region.name}")
                self._child(f"region_{region.name}", f"zone_{subnet.zone}")
                self._child(f"zone_{subnet.zone}", f"subnet_{subnet.name}")

    def _child(self, parent, child):
        self.inventory.add_group(_group(parent))
        self.inventory.add_group(_group(child))
        self.inventory.add_child(_group(parent), _group(child))

    def _platform_host(self, topology, host):
        security_groups = [topology.services[service].security_group for service in host.services]
        groups = dict.fromkeys(group for group in security_groups if group)
        self._host(host, (f"subnet_{host.subnet}", *host.services, *(f"security_group_{group}" for group in groups)))
        values = {
            "platform_region": host.region,
            "platform_zone": host.zone,
            "platform_subnet": host.subnet,
            "platform_subnet_kind": index(topology).subnets[host.subnet].kind,
            "platform_security_groups": list(groups),
        }
        for name, value in values.items():
            self.inventory.set_variable(host.name, name, value)

    def _host(self, host, groups):
        for group in groups:
            self.inventory.add_group(_group(group))
            self.inventory.add_host(host.name, _group(group))
        values = {
            "ansible_host": str(host.address),
            "platform_address": str(host.address),
            "platform_address6": host.address6 and str(host.address6),
            "platform_public_address": host.public_address and str(host.public_address),
            "platform_services": list(host.services),
        }
        for name, value in values.items():
            if value is not None:
                self.inventory.set_variable(host.name, name, value)


def _group(name):
    """Return a name as Ansible wants it for a group."""
    return name.replace("-", "_")
