# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole iptables rulesets as values: read, brought into a normal form, compared, printed.

The text is that of ``iptables-save`` and ``iptables-restore`` (iptables-restore(8)). In the normal form
counters, comment lines, spacing and the order of tables and chains do not count; the order of the rules
of a chain does.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

#: The chains that the kernel itself has in each table (iptables(8), "TABLES").
BUILTIN_CHAINS = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
#: What iptables-save prints instead of a policy for a chain that is not built in.
NO_POLICY = "-"

_TABLE = re.compile(r"^\*(\S+)$")
_CHAIN = re.compile(r"^:(\S+)\s+(\S+)(?:\s+\[\d+:\d+\])?$")
_RULE = re.compile(r"^(?:\[\d+:\d+\]\s+)?(?:-A|--append)\s+(\S+)\s*(.*)$")


class RulesetError(ValueError):
    """A text that is no whole ruleset: the line, what is wrong and what to write instead."""


@dataclass(frozen=True)
class Chain:
    """A chain: its policy (``ACCEPT``, ``DROP``, or ``-`` where it is not built in) and its rules in order."""

    name: str
    policy: str
    rules: Tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table and its chains."""

    name: str
    chains: Tuple[Chain, ...]


#: The tables of one address family.
Ruleset = Tuple[Table, ...]


class _Reader:
    """Collects tables line by line."""

    def __init__(self) -> None:
        self.tables: Dict[str, Dict[str, Chain]] = {}
        self.chains: Optional[Dict[str, Chain]] = None

    def table(self, name: str) -> None:
        if self.chains is not None:
            raise RulesetError(f"the table {name} begins before COMMIT of the one above: write COMMIT first")
        if name not in BUILTIN_CHAINS:
            raise RulesetError(f"there is no table {name}: use one of {', '.join(BUILTIN_CHAINS)}")
        if name in self.tables:
            raise RulesetError(f"the table {name} is there twice: put its rules together")
        self.chains = self.tables[name] = {}

    def chain(self, name: str, policy: str) -> None:
        chains = self._open(f"the chain {name}")
        chains[name] = Chain(name, policy, ())

    def rule(self, chain: str, text: str) -> None:
        chains = self._open("a rule")
        if chain not in chains:
            raise RulesetError(
                f"the rule is for the chain {chain}, which is not declared: write ':{chain} - [0:0]' above"
            )
        known = chains[chain]
        chains[chain] = Chain(known.name, known.policy, (*known.rules, text))

    def commit(self) -> None:
        self._open("COMMIT")
        self.chains = None

    def _open(self, what: str) -> Dict[str, Chain]:
        if self.chains is None:
            raise RulesetError(f"{what} stands outside of a table: write '*filter' above")
        return self.chains


def parse(text: str) -> Ruleset:
    """The ruleset that a text of iptables-save or for iptables-restore describes.

    :raises RulesetError: with the number of the line that is no part of a whole ruleset.
    """
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            _read_line(reader, line.strip())
        except RulesetError as error:
            raise RulesetError(f"line {number}: {error}") from None
    if reader.chains is not None:
        raise RulesetError("the end: the last table has no COMMIT: write COMMIT in a line of its own")
    return tuple(Table(name, tuple(chains.values())) for name, chains in reader.tables.items())


def _read_line(reader: _Reader, line: str) -> None:
    if not line or line.startswith("#"):
        return
    table, chain, rule = _TABLE.match(line), _CHAIN.match(line), _RULE.match(line)
    if line == "COMMIT":
        reader.commit()
    elif table:
        reader.table(table.group(1))
    elif chain:
        reader.chain(chain.group(1), chain.group(2))
    elif rule:
        reader.rule(rule.group(1), rule.group(2))
    else:
        raise RulesetError(
            f"'{line}' is no line of a whole ruleset: write '-A <chain> ...', ':<chain> <policy>', '*<table>' or COMMIT"
        )


def completed(ruleset: Ruleset) -> Ruleset:
    """The ruleset with every built-in chain of its tables; those that were not named accept."""
    return tuple(Table(table.name, (*table.chains, *_missing(table))) for table in ruleset)


def _missing(table: Table) -> Tuple[Chain, ...]:
    named = {chain.name for chain in table.chains}
    return tuple(Chain(name, "ACCEPT", ()) for name in BUILTIN_CHAINS[table.name] if name not in named)


def table_names(ruleset: Ruleset) -> Tuple[str, ...]:
    """The names of the tables, in their order."""
    return tuple(table.name for table in ruleset)


def only_tables(ruleset: Ruleset, names: Tuple[str, ...]) -> Ruleset:
    """The named tables in that order; one that the ruleset lacks comes empty, as in a kernel that has not loaded it."""
    tables = {table.name: table for table in ruleset}
    return tuple(tables.get(name, Table(name, ())) for name in names)


def normal_form(ruleset: Ruleset) -> Ruleset:
    """The ruleset as it compares: equal normal forms treat every packet alike."""
    tables = (
        Table(table.name, tuple(_normal_chain(chain) for chain in _sorted_chains(table) if not _is_idle(table, chain)))
        for table in sorted(ruleset, key=lambda table: table.name)
    )
    return tuple(table for table in tables if table.chains)


def _sorted_chains(table: Table) -> List[Chain]:
    """The built-in chains in the kernel's order, then the others by name."""
    order = {name: number for number, name in enumerate(BUILTIN_CHAINS[table.name])}
    return sorted(table.chains, key=lambda chain: (order.get(chain.name, len(order)), chain.name))


def _is_idle(table: Table, chain: Chain) -> bool:
    """Whether the chain is as in a kernel that nobody configured."""
    return chain.name in BUILTIN_CHAINS[table.name] and chain.policy == "ACCEPT" and not chain.rules


def _normal_chain(chain: Chain) -> Chain:
    return Chain(chain.name, chain.policy, tuple(_normal_rule(rule) for rule in chain.rules))


def _normal_rule(rule: str) -> str:
    return " ".join(_quoted(word) for word in shlex.split(rule))


def _quoted(word: str) -> str:
    return word if re.match(r"^[^\s\"'\\]+$", word) else '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def render(ruleset: Ruleset) -> str:
    """The text for iptables-restore. The empty ruleset gives the empty text."""
    lines: List[str] = []
    for table in ruleset:
        lines.append(f"*{table.name}")
        lines.extend(f":{chain.name} {chain.policy} [0:0]" for chain in table.chains)
        lines.extend(f"-A {chain.name} {rule}".rstrip() for chain in table.chains for rule in chain.rules)
        lines.append("COMMIT")
    return "".join(f"{line}\n" for line in lines)


def readable(ruleset: Ruleset) -> str:
    """The normal form chain by chain, for people: no counters, each chain's policy above its rules."""
    lines: List[str] = []
    for table in normal_form(ruleset):
        lines.append(f"*{table.name}")
        for chain in table.chains:
            lines.append(f":{chain.name} {chain.policy}")
            lines.extend(f"-A {chain.name} {rule}".rstrip() for rule in chain.rules)
    return "".join(f"{line}\n" for line in lines)
