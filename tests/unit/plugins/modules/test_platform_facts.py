# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One call tells what a run needs to know of this machine."""

from __future__ import annotations

import os
import platform


def test_the_machine_is_described(run_module):
    facts = run_module("platform_facts")["ansible_facts"]
    assert facts["freeagentics_hardware"]["vcpus"] == os.cpu_count()
    assert facts["freeagentics_hardware"]["memory_mb"] > 0
    assert "/" in [mount["path"] for mount in facts["freeagentics_hardware"]["mounts"]]
    assert facts["freeagentics_python"] == platform.python_version()
    assert facts["freeagentics_os"]["id"]


def test_packages_are_those_that_dpkg_knows(run_module):
    packages = run_module("platform_facts")["ansible_facts"]["freeagentics_packages"]
    assert {"dpkg", "libc6"} <= set(packages)
    assert packages == sorted(set(packages))


def test_looking_changes_nothing(run_module):
    assert run_module("platform_facts", check_mode=True).get("changed", False) is False


def test_a_peer_that_refuses_is_reachable(run_module):
    # A link-local address without its link leads nowhere, and sends nothing.
    peers = [
        {"name": "nothing", "address": "127.0.0.1", "port": 1},
        {"name": "nowhere", "address": "fe80::1", "port": 1},
    ]
    found = run_module("platform_facts", peers=peers, timeout=0.2)["ansible_facts"]["freeagentics_peers"]
    assert [(peer["name"], peer["reachable"]) for peer in found] == [("nothing", True), ("nowhere", False)]
