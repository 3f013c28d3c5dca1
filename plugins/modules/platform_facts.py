#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: platform_facts
short_description: Gathers in one step what a run needs to know of a host
description:
  - Reads hardware, operating system, installed packages, time, resolver, listening ports and which of the kernel's
    settings can be set. Nothing is changed.
  - The facts are meant to be gathered once for each host and run. A later C(when) asks whether they are defined.
version_added: 0.1.0
author: FreeAgentics (@freeagentics)
options:
  peers:
    description: Sockets that the host should reach over TCP; each is tried once, all at the same time.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: How the peer is called in reports.
        type: str
        required: true
      address:
        description: Its address.
        type: str
        required: true
      port:
        description: Its TCP port.
        type: int
        required: true
  timeout:
    description: Seconds to wait for a name server's or a peer's answer.
    type: float
    default: 1.0
attributes:
  check_mode:
    support: full
    description: Facts are gathered as always.
  diff_mode:
    support: none
    description: Nothing changes.
"""

EXAMPLES = r"""
- name: Gather what a run needs to know of each host
  freeagentics.platform.platform_facts:
  when: ansible_facts['freeagentics_packages'] is not defined

- name: Try the database's port, too
  freeagentics.platform.platform_facts:
    peers:
      - {name: db1, address: 10.0.20.10, port: 5432}
"""

RETURN = r"""
ansible_facts:
  description: What was found.
  returned: always
  type: dict
  contains:
    freeagentics_packages:
      description: Names of the installed Debian packages.
      type: list
      elements: str
    freeagentics_os:
      description: The operating system's C(id), C(version_id) and C(codename).
      type: dict
      sample: {id: debian, version_id: "12", codename: bookworm}
    freeagentics_python:
      description: The version of the Python that runs modules on the host.
      type: str
      sample: 3.11.2
    freeagentics_hardware:
      description:
        - C(vcpus); C(mhz) of the fastest (0 is unknown); C(memory_mb) in MiB.
        - C(disks) with C(name), C(size_gb) and C(rotational).
        - C(mounts) with C(path), C(device), C(filesystem), C(size_gb) and C(free_gb).
        - C(network) with C(name) and C(mbps) (null where the kernel does not say). A gigabyte is 10^9 bytes.
      type: dict
    freeagentics_container:
      description: The kind of container that the host is, empty for a machine.
      type: str
    freeagentics_time:
      description: C(synchronised) is true, false or null (nobody knows); C(source) says who was asked.
      type: dict
      sample: {synchronised: true, source: chrony}
    freeagentics_resolver:
      description: C(name_servers) of C(/etc/resolv.conf); C(works) says whether one of them answered.
      type: dict
    freeagentics_listening:
      description: Sockets that listen, with C(protocol), C(address) and C(port).
      type: list
      elements: dict
    freeagentics_sysctl:
      description: For each tree of C(/proc/sys) whether its settings can be set here.
      type: dict
      sample: {fs: true, kernel: true, net: true, vm: true}
    freeagentics_peers:
      description:
        - The O(peers), each with C(reachable). One that refuses, because nothing listens there yet, is reachable.
      type: list
      elements: dict
"""

import os
import platform
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, Sequence

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.facts import parse

#: Runs a command; returns what it printed, an empty text where it failed or is not there.
Run = Callable[[List[str]], str]
#: One setting of each tree of /proc/sys, to see whether the tree can be written.
SYSCTL_EXAMPLES = {
    "fs": "fs/file-max",
    "kernel": "kernel/panic",
    "net": "net/ipv4/ip_forward",
    "vm": "vm/swappiness",
}
DISK_KINDS = ("loop", "ram", "zram", "sr", "fd", "dm-", "md")
THREADS = 16


def read(path: str) -> str:
    """Return a file's text; empty where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def entries(path: str) -> List[str]:
    """Return the names in a directory, sorted; none where it cannot be read."""
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def hardware() -> Dict[str, Any]:
    """Return what the kernel says of CPUs, memory, disks, mounts and network."""
    blocks = [name for name in entries("/sys/block") if not name.startswith(DISK_KINDS)]
    interfaces = [name for name in entries("/sys/class/net") if name != "lo"]
    return {
        "vcpus": os.cpu_count() or 0,
        "mhz": parse.cpu_mhz(read("/proc/cpuinfo"), read("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")),
        "memory_mb": parse.memory_mb(read("/proc/meminfo")),
        "disks": [
            parse.disk(name, read(f"/sys/block/{name}/size"), read(f"/sys/block/{name}/queue/rotational"))
            for name in blocks
        ],
        "mounts": [{**mount, **space(mount["path"])} for mount in parse.mounts(read("/proc/self/mounts"))],
        "network": [
            {"name": name, "mbps": parse.network_mbps(read(f"/sys/class/net/{name}/speed"))} for name in interfaces
        ],
    }


def space(path: str) -> Dict[str, int]:
    """Return size and free space of a mounted file system in gigabytes."""
    try:
        status = os.statvfs(path)
    except OSError:
        return {"size_gb": 0, "free_gb": 0}
    size, free = status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize
    return {"size_gb": size // parse.GIGABYTE, "free_gb": free // parse.GIGABYTE}


def container() -> str:
    """Return the kind of container that this host is; empty for a machine."""
    named = read("/run/systemd/container").strip()
    if named:
        return named
    variables = read("/proc/1/environ").split("\0")
    return next((text.split("=", 1)[1] for text in variables if text.startswith("container=")), "")


def time_state(run: Run) -> Dict[str, Any]:
    """Return whether the clock follows a source, by chrony where it runs, else by the kernel."""
    synchronised = parse.chrony_synchronised(run(["chronyc", "-c", "tracking"]))
    if synchronised is not None:
        return {"synchronised": synchronised, "source": "chrony"}
    synchronised = parse.timedatectl_synchronised(run(["timedatectl", "show", "-p", "NTPSynchronized"]))
    return {"synchronised": synchronised, "source": "" if synchronised is None else "timedatectl"}


def answers(name_server: str, timeout: float) -> bool:
    """Return whether a name server answers a question over UDP."""
    identifier = int.from_bytes(os.urandom(2), "big")
    family = socket.AF_INET6 if ":" in name_server else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.settimeout(timeout)
            channel.connect((name_server, 53))
            channel.send(parse.dns_query(identifier))
            return parse.is_dns_answer(identifier, channel.recv(4096))
    except OSError:
        return False


def reaches(address: str, port: int, timeout: float) -> bool:
    """Return whether a TCP connection can be made, or is refused by the peer: then the way there is open."""
    try:
        with socket.create_connection((address, port), timeout):
            return True
    except ConnectionRefusedError:
        return True
    except OSError:
        return False


def resolver(timeout: float) -> Dict[str, Any]:
    """Return the configured name servers and whether one answers."""
    servers = parse.name_servers(read("/etc/resolv.conf"))
    with ThreadPoolExecutor(THREADS) as pool:
        works = any(pool.map(lambda server: answers(server, timeout), servers))
    return {"name_servers": servers, "works": works}


def tried(peers: Sequence[Dict[str, Any]], timeout: float) -> List[Dict[str, Any]]:
    """Return the peers, each with whether it can be reached."""
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda peer: reaches(peer["address"], peer["port"], timeout), peers))
    return [{**peer, "reachable": reachable} for peer, reachable in zip(peers, found)]


def gather(run: Run, peers: Sequence[Dict[str, Any]], timeout: float) -> Dict[str, Any]:
    """Return all facts."""
    sockets = [
        one for name in ("tcp", "tcp6", "udp", "udp6") for one in parse.listening(name[:3], read(f"/proc/net/{name}"))
    ]
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\\n"]
    return {
        "freeagentics_packages": parse.packages(run(query)),
        "freeagentics_os": parse.os_release(read("/etc/os-release")),
        "freeagentics_python": platform.python_version(),
        "freeagentics_hardware": hardware(),
        "freeagentics_container": container(),
        "freeagentics_time": time_state(run),
        "freeagentics_resolver": resolver(timeout),
        "freeagentics_listening": sockets,
        "freeagentics_sysctl": {
            tree: os.access(f"/proc/sys/{example}", os.W_OK) for tree, example in sorted(SYSCTL_EXAMPLES.items())
        },
        "freeagentics_peers": tried(peers, timeout),
    }


def main() -> None:
    """Gather and print."""
    peer = {
        "name": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "peers": {"type": "list", "elements": "dict", "default": [], "options": peer},
            "timeout": {"type": "float", "default": 1.0},
        },
        supports_check_mode=True,
    )

    def run(command: List[str]) -> str:
        try:
            code, out, _dummy = module.run_command(command, handle_exceptions=False)
        except OSError:
            return ""
        return str(out) if code == 0 else ""

    module.exit_json(ansible_facts=gather(run, module.params["peers"], module.params["timeout"]))


if __name__ == "__main__":
    main()
