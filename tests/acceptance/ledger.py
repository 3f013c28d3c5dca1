# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients outside of the platform that write records through the public address, with a ledger of every write.

A single address may send 100 requests in 10 s with HAProxy, and 100 in a minute with nginx (R22, R29). So the clients
are as many people are: each has an address of its own, which the outside network lends for the time of the test, and
stays below both limits.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import Attempt, Findings
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.write import Ledger, SendRecord, Writers
from lab.connect import enter

#: Writes of all clients in a second, and of one: 100 requests in a minute are 1.67.
RATE, RATE_OF_ONE = 20.0, 1.25
CLIENTS = int(RATE / RATE_OF_ONE)
#: The first lent address, counted from the network's.
FIRST_LENT = 100
#: Seconds after which a client gives an answer up.
PATIENCE = 27.0
RECORDS = "/api/v1/records"
FAILURES = (OSError, http.client.HTTPException)
#: Returns key, value and timeline of a member's records whose keys begin with a prefix.
Records = Callable[[str], Sequence[Sequence[str]]]


@contextmanager
def lent_addresses(namespace: str, own: str, count: int = CLIENTS, first: int = FIRST_LENT) -> Iterator[List[str]]:
    """Give a host outside of the platform further addresses for a while.

    :param own: the host's address.
    :param first: the first of the others, in the network of 256 of the host; nobody else must have lent them.
    """
    base = ip_address(int(ip_address(own)) & ~0xFF) + first
    addresses = [str(base + number) for number in range(count)]
    try:
        for address in addresses:
            _ip(namespace, "address", "replace", f"{address}/32", "dev", "eth0")
        yield addresses
    finally:
        for address in addresses:
            _ip(namespace, "address", "delete", f"{address}/32", "dev", "eth0")


def _ip(namespace: str, *words: str) -> None:
    subprocess.run(["ip", "-n", namespace, *words], check=True, capture_output=True, text=True)


class Client:
    """A person outside who stores records; belongs to one thread, which the first record moves into the namespace."""

    def __init__(self, namespace: str, address: str, site: str, balancers: Sequence[str]) -> None:
        """Keep what the client knows.

        :param address: where it sends from.
        :param site: the site's name.
        :param balancers: public addresses, the one to begin with first; one that does not serve is left.
        """
        self._namespace = namespace
        self._address = address
        self._site = site
        self._balancers = list(balancers)
        self._inside = False
        # Who signed the site's certificate is looked at elsewhere.
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    def __call__(self, key: str, value: str) -> int:
        """Store a record and return the answer's status; every request has a connection of its own, and is sent once.

        :raises OSError: no answer.
        :raises http.client.HTTPException: half an answer.
        """
        return self.ask("POST", RECORDS, json.dumps({"key": key, "value": value})).status

    def ask(self, method: str, path: str, body: str = "") -> Reply:
        """Send one request."""
        if not self._inside:
            enter(self._namespace)
            self._inside = True
        connection = http.client.HTTPConnection(self._site, timeout=PATIENCE)
        try:
            connection.sock = self._connection(self._balancers[0])
            connection.request(method, path, body or None, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        except FAILURES:
            self._balancers.append(self._balancers.pop(0))
            raise
        finally:
            connection.close()

    def _connection(self, balancer: str) -> ssl.SSLSocket:
        plain = socket.create_connection((balancer, 443), PATIENCE, (self._address, 0))
        try:
            return self._tls.wrap_socket(plain, server_hostname=self._site)
        except OSError:
            plain.close()
            raise


class Reply:
    """An answer of the site."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body


@contextmanager
def writing(
    path: Path, prefix: str, clients: Sequence[SendRecord], rate: float = RATE
) -> Iterator[Callable[[], List[Attempt]]]:
    """Write continuously while the context lasts; what it gives reads the ledger as it is."""
    ledger = Ledger(path)

    def attempts() -> List[Attempt]:
        with path.open(encoding="utf-8") as lines:
            return ledger_book.read(lines)

    try:
        with Writers(ledger, prefix, clients, rate, FAILURES):
            yield attempts
    finally:
        ledger.close()


def prove(attempts: Sequence[Attempt], prefix: str, members: Mapping[str, Records]) -> Dict[str, Findings]:
    """Return what is wrong with each member that was asked for the ledger's records; empty when all is well."""
    findings = {name: ledger_book.compare(attempts, records(f"{prefix}-")) for name, records in members.items()}
    return {name: finding for name, finding in findings.items() if finding}
