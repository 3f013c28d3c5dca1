# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what the kernel and Debian's tools print about a host; pure, from text to plain values."""

from __future__ import annotations

import re
import struct
from ipaddress import ip_address
from typing import Any, Dict, List, Optional, Tuple

#: File systems that hold data; anything else that is mounted is the kernel's own.
DATA_FILE_SYSTEMS = ("btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "xfs", "zfs")
MOUNT_ESCAPE = re.compile(r"\\([0-7]{3})")
#: States of sockets in /proc/net: a listening TCP socket, and a UDP socket that is bound and not connected.
LISTENING = {"tcp": "0A", "udp": "07"}
SECTOR_BYTES = 512
GIGABYTE = 1000**3


def os_release(text: str) -> Dict[str, str]:
    """Return ``id``, ``version_id`` and ``codename`` of ``/etc/os-release``; empty where it says nothing."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    values = {name.strip(): value.strip().strip("\"'") for name, value in pairs}
    names = {"id": "ID", "version_id": "VERSION_ID", "codename": "VERSION_CODENAME"}
    return {name: values.get(key, "") for name, key in names.items()}


def cpu_mhz(cpuinfo: str, maximum_khz: str) -> int:
    """Return the clock of the fastest CPU in MHz, by its stated maximum where the kernel has one; 0 is unknown.

    :param cpuinfo: ``/proc/cpuinfo``.
    :param maximum_khz: ``cpuinfo_max_freq`` of a CPU, or an empty text.
    """
    if maximum_khz.strip().isdigit():
        return int(maximum_khz) // 1000
    clocks = re.findall(r"^cpu MHz\s*:\s*([0-9.]+)", cpuinfo, re.MULTILINE)
    return int(max((float(clock) for clock in clocks), default=0.0))


def memory_mb(meminfo: str) -> int:
    """Return the memory of ``/proc/meminfo`` in MiB; 0 is unknown."""
    match = re.search(r"^MemTotal:\s+(\d+) kB", meminfo, re.MULTILINE)
    return int(match.group(1)) // 1024 if match else 0


def mounts(text: str) -> List[Dict[str, str]]:
    """Return ``path``, ``device`` and ``filesystem`` of each mounted file system that holds data, by path.

    :param text: ``/proc/self/mounts``. The last mount on a path is the one that is seen.
    """
    found: Dict[str, Dict[str, str]] = {}
    for line in text.splitlines():
        fields = [MOUNT_ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), field) for field in line.split()]
        if len(fields) > 2 and fields[2] in DATA_FILE_SYSTEMS:
            found[fields[1]] = {"path": fields[1], "device": fields[0], "filesystem": fields[2]}
    return [found[path] for path in sorted(found)]


def disk(name: str, sectors: str, rotational: str) -> Dict[str, Any]:
    """Return a disk of ``/sys/block``: ``name``, ``size_gb`` (10^9 bytes) and ``rotational`` (null is unknown)."""
    kinds = {"0": False, "1": True}
    size = int(sectors) * SECTOR_BYTES // GIGABYTE if sectors.strip().isdigit() else 0
    return {"name": name, "size_gb": size, "rotational": kinds.get(rotational.strip())}


def network_mbps(speed: str) -> Optional[int]:
    """Return an interface's speed in Mbit/s; None where the kernel does not say (virtual ones, no link)."""
    text = speed.strip()
    return int(text) if text.isdigit() and int(text) > 0 else None


def packages(text: str) -> List[str]:
    """Return the names of installed packages from lines of ``name status``, as dpkg-query prints them."""
    fields = (line.split() for line in text.splitlines())
    return sorted({field[0] for field in fields if len(field) == 2 and field[1] == "installed"})


def chrony_synchronised(tracking: str) -> Optional[bool]:
    """Return whether chrony follows a source, from ``chronyc -c tracking``; None where it said nothing."""
    fields = tracking.strip().split(",")
    if len(fields) < 3:
        return None
    return fields[-1] != "Not synchronised" and fields[2] not in ("", "0")


def timedatectl_synchronised(text: str) -> Optional[bool]:
    """Return the kernel's opinion from ``timedatectl show -p NTPSynchronized``; None where it said nothing."""
    return {"NTPSynchronized=yes": True, "NTPSynchronized=no": False}.get(text.strip())


def name_servers(resolv_conf: str) -> List[str]:
    """Return the name servers of ``/etc/resolv.conf`` in its order."""
    fields = (line.split() for line in resolv_conf.splitlines())
    return [field[1] for field in fields if len(field) > 1 and field[0] == "nameserver"]


def listening(protocol: str, text: str) -> List[Dict[str, Any]]:
    """Return the listening sockets of ``/proc/net/tcp`` and its kind.

    :param protocol: tcp or udp.
    :returns: ``protocol``, ``address`` and ``port``, in the order of address and port.
    """
    found = set()
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 3 and fields[3] == LISTENING[protocol]:
            found.add(_socket_address(fields[1]))
    return [{"protocol": protocol, "address": address, "port": port} for address, port in sorted(found)]


def _socket_address(text: str) -> Tuple[str, int]:
    """The kernel writes addresses as 32-bit words in the byte order of the machine (little-endian)."""
    words, port = text.split(":")
    raw = bytes.fromhex(words)
    count = len(raw) // 4
    address = struct.pack(f">{count}I", *struct.unpack(f"<{count}I", raw))
    return str(ip_address(address)), int(port, 16)


def dns_query(identifier: int) -> bytes:
    """Return a DNS question for the name servers of the root, which any resolver answers."""
    header = struct.pack(">6H", identifier, 0x0100, 1, 0, 0, 0)
    return header + b"\x00" + struct.pack(">2H", 2, 1)


def is_dns_answer(identifier: int, data: bytes) -> bool:
    """Return whether a datagram answers the question with this identifier."""
    return len(data) >= 12 and struct.unpack(">H", data[:2])[0] == identifier and bool(data[2] & 0x80)
