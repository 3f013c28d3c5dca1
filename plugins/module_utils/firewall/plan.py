# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to be done so that a host has the wanted rules: a pure function of what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.ruleset import (
    Ruleset,
    RulesetError,
    normal_form,
    only_tables,
    parse,
    readable,
    table_names,
)


@dataclass(frozen=True)
class Family:
    """An address family: the start of its tools' names and its file for netfilter-persistent."""

    name: str
    tool: str
    file: str


IPV4 = Family("IPv4", "iptables", "rules.v4")
IPV6 = Family("IPv6", "ip6tables", "rules.v6")


@dataclass(frozen=True)
class Wanted:
    """The wanted rules of one family.

    ``text`` as it was given; ``ruleset`` what it says; ``canonical`` the same as iptables-save would print it.
    """

    text: str
    ruleset: Ruleset
    canonical: Ruleset


@dataclass(frozen=True)
class Observed:
    """The rules of one family on a host: in the kernel, and the text of the file that is loaded at boot."""

    running: Ruleset
    persisted: Optional[str]


@dataclass(frozen=True)
class Plan:
    """``load``: the kernel's rules differ. ``persist``: the file differs. ``diff``: as Ansible prints it."""

    family: Family
    load: bool
    persist: bool
    diff: Tuple[Dict[str, str], ...]

    @property
    def changed(self) -> bool:
        """Whether anything has to be done."""
        return self.load or self.persist


def plan(family: Family, wanted: Wanted, observed: Observed, path: str) -> Plan:
    """Compares the managed tables, those that the wanted text names, with the kernel and with the file ``path``."""
    running = only_tables(observed.running, table_names(wanted.ruleset))
    accepted = (normal_form(wanted.ruleset), normal_form(wanted.canonical))
    load = normal_form(running) not in accepted
    persisted = _persisted(observed.persisted)
    persist = observed.persisted is None or persisted is None or normal_form(persisted) not in accepted
    diff = []
    if load:
        diff.append(_difference(f"{family.name} rules of the kernel", readable(running), readable(wanted.canonical)))
    if persist:
        before = (observed.persisted or "") if persisted is None else readable(persisted)
        diff.append(_difference(path, before, readable(wanted.ruleset)))
    return Plan(family, load, persist, tuple(diff))


def _persisted(text: Optional[str]) -> Optional[Ruleset]:
    """What the file says; nothing where it is absent or no ruleset, because then it has to be written anew."""
    try:
        return parse(text or "")
    except (RulesetError, ValueError):
        return None


def _difference(title: str, before: str, after: str) -> Dict[str, str]:
    return {"before_header": title, "after_header": title, "before": before, "after": after}
