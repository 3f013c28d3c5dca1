# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the kernel and Debian's tools print becomes plain values."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.facts import parse

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
TRACKING = "A29FC87B,192.0.2.53,{stratum},1700000000.1,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,64.2,{leap}\n"
TCP = """  sl  local_address rem_address   st tx_queue rx_queue
   0: 0A00000A:0016 00000000:0000 0A 00000000:00000000
   1: 0100007F:0019 00000000:0000 0A 00000000:00000000
   2: 0100007F:0019 0100007F:1234 01 00000000:00000000
"""
TCP6 = """  sl  local_address rem_address   st
   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A
   1: 000010FD200010000000000010000000:0016 00000000000000000000000000000000:0000 0A
"""
UDP = "  sl  local_address rem_address   st\n  9: 0100007F:0202 00000000:0000 07\n  9: 0100007F:0203 0100007F:0202 01\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DEBIAN, {"id": "debian", "version_id": "12", "codename": "bookworm"}),
        ("# nothing\nID='alpine'\n", {"id": "alpine", "version_id": "", "codename": ""}),
        ("", {"id": "", "version_id": "", "codename": ""}),
    ],
)
def test_os_release(text, expected):
    assert parse.os_release(text) == expected


@pytest.mark.parametrize(
    ("cpuinfo", "maximum", "expected"),
    [
        ("cpu MHz\t\t: 2399.998\ncpu MHz\t\t: 2600.5\n", "", 2600),
        ("cpu MHz\t\t: 800.0\n", "3500000\n", 3500),
        ("BogoMIPS: 50\n", "", 0),
    ],
)
def test_cpu_mhz(cpuinfo, maximum, expected):
    assert parse.cpu_mhz(cpuinfo, maximum) == expected


@pytest.mark.parametrize(("text", "expected"), [("MemTotal:       16384000 kB\nMemFree: 1 kB\n", 16000), ("", 0)])
def test_memory(text, expected):
    assert parse.memory_mb(text) == expected


def test_mounts_are_those_that_hold_data():
    text = (
        "proc /proc proc rw 0 0\n/dev/vda1 / ext4 rw 0 0\n/dev/vdc /var/my\\040data ext4 rw 0 0\n"
        "/dev/vdb /var xfs rw 0 0\n/dev/vdd / btrfs rw 0 0\ntmpfs /run tmpfs rw 0 0\nbroken\n"
    )
    assert parse.mounts(text) == [
        {"path": "/", "device": "/dev/vdd", "filesystem": "btrfs"},
        {"path": "/var", "device": "/dev/vdb", "filesystem": "xfs"},
        {"path": "/var/my data", "device": "/dev/vdc", "filesystem": "ext4"},
    ]


@pytest.mark.parametrize(
    ("sectors", "rotational", "expected"),
    [
        ("195312500\n", "0\n", {"name": "vda", "size_gb": 100, "rotational": False}),
        ("195312500\n", "1\n", {"name": "vda", "size_gb": 100, "rotational": True}),
        ("", "", {"name": "vda", "size_gb": 0, "rotational": None}),
    ],
)
def test_disk(sectors, rotational, expected):
    assert parse.disk("vda", sectors, rotational) == expected


@pytest.mark.parametrize(("text", "expected"), [("10000\n", 10000), ("-1\n", None), ("", None), ("0", None)])
def test_network_speed(text, expected):
    assert parse.network_mbps(text) == expected


def test_only_installed_packages_count():
    text = "vim installed\nnano config-files\nlibc6 installed\nlibc6 installed\nhalf half-installed\nodd\n"
    assert parse.packages(text) == ["libc6", "vim"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TRACKING.format(stratum=3, leap="Normal"), True),
        (TRACKING.format(stratum=0, leap="Not synchronised"), False),
        (TRACKING.format(stratum=0, leap="Normal"), False),
        ("", None),
    ],
)
def test_chrony(text, expected):
    assert parse.chrony_synchronised(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("NTPSynchronized=yes\n", True), ("NTPSynchronized=no\n", False), ("", None)]
)
def test_timedatectl(text, expected):
    assert parse.timedatectl_synchronised(text) is expected


def test_name_servers():
    text = "# made by hand\nsearch a.test\nnameserver 192.0.2.53\nnameserver fd00::53\nnameserver\n"
    assert parse.name_servers(text) == ["192.0.2.53", "fd00::53"]


@pytest.mark.parametrize(
    ("protocol", "text", "expected"),
    [
        ("tcp", TCP, [("10.0.0.10", 22), ("127.0.0.1", 25)]),
        ("tcp", TCP6, [("::1", 80), ("fd10:0:10:20::10", 22)]),
        ("udp", UDP, [("127.0.0.1", 514)]),
    ],
)
def test_listening(protocol, text, expected):
    assert parse.listening(protocol, text) == [
        {"protocol": protocol, "address": address, "port": port} for address, port in expected
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x12\x34\x81\x80" + b"\x00" * 8, True),
        (b"\x12\x35\x81\x80" + b"\x00" * 8, False),
        (b"\x12\x34\x01\x00" + b"\x00" * 8, False),
        (b"\x12\x34\x81", False),
    ],
)
def test_dns_answer(data, expected):
    assert parse.is_dns_answer(0x1234, data) is expected


def test_dns_query_asks_for_the_root():
    assert parse.dns_query(0x1234) == b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01"
