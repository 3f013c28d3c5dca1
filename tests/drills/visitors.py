# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""People outside who know the site by its name alone, and keep what DNS said for as long as it said."""

from __future__ import annotations

import ssl
import time
from typing import List, Tuple

import dns.resolver

from tests.acceptance.ledger import Client


class Visitor(Client):
    """A client that goes where the site's name leads."""

    def __init__(self, namespace: str, address: str, site: str, name_server: str) -> None:
        """Keep what the visitor knows.

        :param address: where it sends from.
        :param site: the site's name.
        :param name_server: the address of who resolves it.
        """
        super().__init__(namespace, address, site, [site])
        self._names = dns.resolver.Resolver(configure=False)
        self._names.nameservers = [name_server]
        self._known: Tuple[float, List[str]] = (0.0, [])

    def _connection(self, balancer: str) -> ssl.SSLSocket:
        """Connect to the first address that answers; one that does not is asked last from then on."""
        addresses = self._addresses(balancer)
        for _ in range(len(addresses) - 1):
            try:
                return super()._connection(addresses[0])
            except OSError:
                addresses.append(addresses.pop(0))
        return super()._connection(addresses[0])

    def _addresses(self, name: str) -> List[str]:
        until, addresses = self._known
        if time.monotonic() < until:
            return addresses
        try:
            answer = self._names.resolve(name, "A", lifetime=5)
        except dns.exception.DNSException as error:
            raise OSError(f"{name} cannot be resolved: {error}") from error
        # A name without addresses is an error above.
        assert answer.rrset is not None
        addresses = sorted(item.address for item in answer)
        self._known = time.monotonic() + answer.rrset.ttl, addresses
        return addresses
