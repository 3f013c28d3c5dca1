# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What keeps the names of the site from being led to another region, which is done once that region leads. Pure."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Mapping

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import Objection

#: What goes on without a change of the names.
BY_HAND = "-e dns_provider=none, which leaves it to you to lead the names there"


def objections(names: Mapping[str, Any], silent: str, is_installed: Callable[[str], bool]) -> Iterator[Objection]:
    """Tell why the names cannot be led.

    :param names: ``provider`` has them, one of ``providers``; ``host`` is who changes them. ``needs`` is what that
        takes, empty for nothing: a ``collection`` of Ansible, a ``library`` of Python, and the variables of ``given``,
        with whether they are set. ``seen`` is what became of an import of the library on that host.
    :param silent: why that host did not answer; empty where it did.
    :param is_installed: whether this control host has a collection.
    """
    provider, host, needs = str(names["provider"]), names["host"], names["needs"]
    if provider not in names["providers"]:
        *first, last = sorted(names["providers"])
        yield Objection(
            f"dns_provider is {provider!r}: use {', '.join(first)} or {last}, in group_vars/all of the inventory",
            BY_HAND,
        )
    if not needs:
        return
    for variable in (name for name, there in needs["given"].items() if not there):
        yield Objection(f"{variable} is empty, and {provider} changes no names without it: {_set(variable)}", BY_HAND)
    if not is_installed(needs["collection"]):
        yield Objection(
            f"the collection {needs['collection']} is not installed on the control host, and {provider} changes no "
            f"names without it: `ansible-galaxy collection install {needs['collection']}`",
            BY_HAND,
        )
    if silent:
        yield Objection(
            f"{host}, which changes the names, does not answer ({silent}): bring it back, or name another host with "
            "-e failover_dns_host",
            BY_HAND,
        )
    elif names["seen"]["rc"]:
        yield Objection(
            f"the Python of {host}, which changes the names, has no {needs['library']}, and {provider} changes no "
            "names without it: install it there",
            BY_HAND,
        )


def _set(variable: str) -> str:
    """Return where a variable is set."""
    if variable.startswith("secret_"):
        return f"write {variable.replace('secret_', 'vault_', 1)} into group_vars/all/vault.yml of the inventory"
    return "set it in group_vars/all of the inventory"
