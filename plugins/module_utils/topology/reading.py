# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Typed reading of a declaration: each mistake is noted with its path, and reading goes on."""

from __future__ import annotations

import re
from difflib import get_close_matches
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from .model import Network, Port, TopologyError

#: Host, subnet and flow names: labels of RFC 1123, section 2.1, in lower case.
LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
#: Names that become Ansible groups.
GROUP = re.compile(r"^[a-z][a-z0-9_]*$")
PROTOCOLS = ("tcp", "udp")

_KINDS = ((bool, "true or false"), (str, "a text"), (int, "a number"), (float, "a number"), (list, "a list"))


def kind_of(value: object) -> str:
    """Return what a value of YAML is, in words."""
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a mapping"
    return next((words for kind, words in _KINDS if isinstance(value, kind)), f"a {type(value).__name__}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` where a known name comes near, and the known names."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}Known are: {', '.join(names) or 'none'}"


class Reader:
    """Reads values and notes mistakes."""

    def __init__(self) -> None:
        self.errors: List[TopologyError] = []

    def mistake(self, path: str, message: str) -> None:
        """Note a mistake."""
        self.errors.append(TopologyError(path, message))

    def mapping(
        self, value: object, path: str, required: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> Mapping[str, object]:
        """Return a mapping with known keys; what is unknown or missing is noted."""
        entries = dict(self.entries(value, path))
        known = (*required, *optional)
        for key in entries:
            if key not in known:
                self.mistake(_join(path, key), f"unknown key; {suggestion(key, known)}")
        for key in required:
            if key not in entries:
                self.mistake(path or key, f"the key '{key}' is missing")
        return {key: entry for key, entry in entries.items() if key in known}

    def entries(self, value: object, path: str) -> Iterator[Tuple[str, object]]:
        """Yield the entries of a mapping whose keys are names."""
        if not isinstance(value, Mapping):
            self.mistake(path or "the file", f"this is {kind_of(value)}; write a mapping, 'key: value'")
            return
        for key, entry in value.items():
            if isinstance(key, str):
                yield key, entry
            else:
                self.mistake(_join(path, str(key)), "the key is no text; put it into quotes")

    def items(self, value: object, path: str) -> List[object]:
        """Return a list."""
        if isinstance(value, list):
            return value
        self.mistake(path, f"this is {kind_of(value)}; write a list, [a, b]")
        return []

    def text(self, value: object, path: str) -> str:
        """Return a text that is not blank, else the empty text."""
        if isinstance(value, str) and value.strip():
            return value
        self.mistake(path, f"this is {'blank' if isinstance(value, str) else kind_of(value)}; write a text")
        return ""

    def texts(self, value: object, path: str) -> Tuple[str, ...]:
        """Return a list of texts."""
        return tuple(self.text(item, f"{path}[{number}]") for number, item in enumerate(self.items(value, path)))

    def choice(self, value: object, path: str, choices: Sequence[str]) -> str:
        """Return one of the choices, or the empty text where it is none of them."""
        if value in choices:
            return str(value)
        self.mistake(path, f"'{value}' is not possible; write one of: {', '.join(choices)}")
        return ""

    def name(self, name: str, path: str, pattern: re.Pattern[str]) -> None:
        """Note a name that its use does not allow."""
        if not pattern.match(name):
            rule = (
                "lower-case letters, digits and hyphens, at most 63, no hyphen at an end"
                if pattern is LABEL
                else "lower-case letters, digits and underscores, a letter first"
            )
            self.mistake(path, f"'{name}' is no good name; use {rule}")

    def network(self, value: object, path: str, version: Optional[int] = None) -> Optional[Network]:
        """Return a network, of one IP version where that is given."""
        try:
            network = ip_network(str(value), strict=False)
        except ValueError:
            self.mistake(path, f"'{value}' is no network; write an address and a prefix length, such as 10.0.1.0/24")
            return None
        if version and network.version != version:
            self.mistake(path, f"'{value}' is IPv{network.version}; an IPv{version} network is wanted here")
            return None
        if "/" in str(value) and str(ip_address(str(value).split("/", maxsplit=1)[0])) != str(network.network_address):
            self.mistake(path, f"'{value}' is an address within a network; write {network}")
            return None
        return network

    def networks(self, value: object, path: str) -> Tuple[Network, ...]:
        """Return a list of networks."""
        found = (self.network(item, f"{path}[{number}]") for number, item in enumerate(self.items(value, path)))
        return tuple(network for network in found if network is not None)

    def address(self, value: object, path: str) -> Optional[IPv4Address]:
        """Return an IPv4 address."""
        try:
            return IPv4Address(str(value))
        except ValueError:
            self.mistake(path, f"'{value}' is no IPv4 address; write one such as 10.0.1.10")
            return None

    def port(self, value: object, path: str) -> Optional[Port]:
        """Return a port such as ``443/tcp``."""
        number, slash, protocol = str(value).partition("/")
        if not (slash and number.isdigit() and 1 <= int(number) <= 65535):
            self.mistake(
                path, f"'{value}' is no port; write a number from 1 to 65535 and the protocol, such as 443/tcp"
            )
            return None
        if protocol not in PROTOCOLS:
            self.mistake(path, f"'{protocol}' is no protocol of ports; write {number}/tcp or {number}/udp")
            return None
        return Port(int(number), protocol)

    def count(self, value: object, path: str, least: int) -> int:
        """Return a whole number."""
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.mistake(path, f"'{value}' is not possible; write a whole number from {least} on")
        return least


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
