# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Thin stand-in until the documented plugin lands."""
from __future__ import annotations
DOCUMENTATION = r"""
name: topology
short_description: Hosts and groups of a declared datacentre
description: [Reads a topology file.]
author: [FreeAgentics (@freeagentics)]
options:
  plugin: {description: unused, type: str}
"""
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load

class InventoryModule(BaseInventoryPlugin):
    NAME = "freeagentics.platform.topology"
    def verify_file(self, path):
        return super().verify_file(path) and path.endswith("topology.yml")
    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        t = load(path)
        for k, v in dict(topology_file=path, platform_name=t.platform, platform_domain=t.domain, platform_internal_domain=t.internal_domain, platform_profile=t.profile).items():
            inventory.set_variable("all", k, v)
        inventory.add_group("platform")
        inventory.add_group("outside")
        for h in t.hosts + (t.outside.hosts if t.outside else ()):
            inside = bool(h.region)
            inventory.add_host(h.name, "platform" if inside else "outside")
            groups = list(h.services)
            sgs = [t.services[s].security_group for s in h.services if inside and t.services[s].security_group]
            if inside:
                groups += ["region_" + h.region, "zone_" + h.zone, "subnet_" + h.subnet] + ["security_group_" + g for g in sgs]
            for g in groups:
                g = g.replace("-", "_")
                inventory.add_group(g)
                inventory.add_host(h.name, g)
            hv = dict(ansible_host=str(h.address), platform_address=str(h.address), platform_region=h.region, platform_zone=h.zone, platform_subnet=h.subnet, platform_services=list(h.services), platform_security_groups=sgs)
            if h.address6: hv["platform_address6"] = str(h.address6)
            if h.public_address: hv["platform_public_address"] = str(h.public_address)
            if inside:
                hv["platform_subnet_kind"] = next(s.kind for r in t.regions for s in r.subnets if s.name == h.subnet)
            for k, v in hv.items():
                inventory.set_variable(h.name, k, v)
