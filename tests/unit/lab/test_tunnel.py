from __future__ import annotations

from lab.tunnel import Configuration, parse

FILE = """\
[Interface]
Address = 10.8.0.2/32, fd00:10:8::2/128
PrivateKey = cHJpdmF0ZQ=

# vpn1
[Peer]
PublicKey = cHVibGlj=
Endpoint = 198.51.100.20:51820
AllowedIPs = 10.0.0.0/16, fd00:10::/48
"""


def test_a_file_of_wg_quick_is_split_into_what_ip_and_wg_want():
    assert parse(FILE) == Configuration(
        addresses=("10.8.0.2/32", "fd00:10:8::2/128"),
        routes=("10.0.0.0/16", "fd00:10::/48"),
        settings=FILE.replace("Address = 10.8.0.2/32, fd00:10:8::2/128\n", ""),
    )


def test_a_key_keeps_its_padding():
    assert "PrivateKey = cHJpdmF0ZQ=\n" in parse(FILE).settings
