# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets one running node load what changed on its disk, or restarts it."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from typing import Callable, Optional, Sequence, TypeVar

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import Refusal, View
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.node import (
    back_in_place,
    copies_of,
    plan_restart,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import (
    LoginError,
    ServerError,
    as_text,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.cluster import Nodes, look

Answer = TypeVar("Answer")
#: Seconds between two looks while waiting.
PAUSE = 0.2
#: What OpenSSL calls an answer without TLS.
NO_TLS = "WRONG_VERSION_NUMBER"


def served_certificate(place: str, timeout: float, patience: float = 0) -> Optional[str]:
    """Return the certificate that a server shows, as PEM; None if nobody serves TLS there.

    :param place: address:port.
    :param timeout: seconds for each step of the connection.
    :param patience: seconds that somebody who is there may take until he finishes a handshake.
    :raises ServerError: he still does not. That may be a node that is busy, or one that has as many clients as it may
        have, so it may not be taken to be away.
    """
    return _patiently(place, lambda: _shown_certificate(place, timeout), patience)


def _patiently(place: str, question: Callable[[], Answer], patience: float) -> Answer:
    """Return what a node answers, once it does.

    :raises LoginError: it takes no password that we have.
    :raises ServerError: it is there, and nobody knows more about it.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return question()
        except LoginError:
            raise
        except ServerError as error:
            if time.monotonic() > deadline:
                remedy = "look at the log of its service, and end what keeps it from answering or restart it by hand"
                raise ServerError(f"{place} is there and says nothing of its state: {error}; {remedy}") from error
        time.sleep(PAUSE)


def _shown_certificate(place: str, timeout: float) -> Optional[str]:
    address, _colon, port = place.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # What is shown is compared with a file, whoever vouches for it.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((address, int(port)), timeout) as plain, context.wrap_socket(plain) as secure:
            shown = secure.getpeercert(binary_form=True)
    except OSError as error:
        if error.errno in (errno.ECONNREFUSED, errno.EADDRNOTAVAIL) or getattr(error, "reason", "") == NO_TLS:
            return None
        raise ServerError(f"{place}: no handshake over TLS: {error}") from error
    return ssl.DER_cert_to_PEM_cert(shown) if shown else None


def first_certificate(text: str) -> str:
    """Return the first certificate of a PEM file in the form of :func:`served_certificate`; empty if there is none."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    if begin not in text or end not in text:
        return ""
    return ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(text[text.index(begin) : text.index(end) + len(end)]))


def view_of(nodes: Nodes, place: str, patience: float) -> Optional[View]:
    """Return what this host's node says, once it does; None if nobody serves TLS there.

    :param patience: seconds that it may load its keys or be busy.
    :raises ServerError: it serves TLS and says nothing, or takes no password that we have.
    """

    def ask() -> Optional[View]:
        return None if _shown_certificate(place, nodes.access.timeout) is None else look(nodes.client(place))

    try:
        return _patiently(place, ask, patience)
    except LoginError as error:
        remedy = f"give the password that {nodes.access.user} has there as login_previous_password"
        raise ServerError(f"{place} is there and does not let {nodes.access.user} in: {error}; {remedy}") from error


def load_certificate(nodes: Nodes, place: str, certificate: str) -> None:
    """Let a node read its certificate, its key and the CA again; connections that are open stay.

    :raises ServerError: the node refuses.
    """
    nodes.client(place).ask("CONFIG", "SET", "tls-cert-file", certificate)


def replicates_with(nodes: Nodes, place: str) -> str:
    """Return the password with which a node logs in at its master.

    :raises ServerError: the node refuses.
    """
    _name, password = nodes.client(place).ask("CONFIG", "GET", "masterauth")
    return as_text(password)


def replicate_with(nodes: Nodes, place: str, password: str) -> None:
    """Let a node log in at its master with another password from its next connection on.

    :raises ServerError: the node refuses.
    """
    nodes.client(place).ask("CONFIG", "SET", "masterauth", password)


def stamp_of(users_file: str) -> str:
    """Return the path of the file whose time tells when the users were loaded last."""
    return f"{users_file}.loaded"


def load_users(nodes: Nodes, place: str, users_file: str) -> None:
    """Let a node load its users, and note that it did.

    :raises ServerError: the node refuses; then nothing is noted.
    """
    # The time before: what is written meanwhile may not be loaded.
    now = time.time()
    nodes.client(place).ask("ACL", "LOAD")
    # It closes the connections of all users that it loads.
    nodes.client(place).close()
    if users_file:
        stamp = stamp_of(users_file)
        with open(stamp, "ab") as file:
            os.fchmod(file.fileno(), 0o640)
        os.utime(stamp, (now, now))


def restart(nodes: Nodes, place: str, restart_unit: Callable[[], None], patience: float) -> str:
    """Restart a node, after a replica took over from it if it is a master with slots.

    :param restart_unit: restarts the service, and returns when it is up.
    :param patience: seconds for each wait: for the other copies, for the takeover, and for the node to be back.
    :returns: the place of the replica that took over, or nothing.
    :raises Refusal: another copy of the shard is away.
    :raises ServerError: the node says nothing, or it or its successor did not become what it should in time.
    """
    if view_of(nodes, place, patience) is None:
        # Nobody uses what serves no TLS: there is nothing to hand over.
        restart_unit()
        return ""
    successor = successor_of(nodes, place, patience)
    if successor:
        nodes.client(successor).ask("CLUSTER", "FAILOVER")
        until(lambda: [] if not look(nodes.client(place)).me.is_master else [f"{place} is still master"], patience)
    nodes.client(place).close()
    restart_unit()
    until(lambda: back_in_place(look(nodes.client(place)), successor), patience)
    return successor


def successor_of(nodes: Nodes, place: str, patience: float) -> str:
    """Return the place of the replica that takes over, or nothing, once all other copies of the shard are in sync.

    :raises Refusal: another copy of the shard is still away or behind.
    :raises ServerError: the node itself says nothing any more.
    """
    deadline = time.monotonic() + patience
    while True:
        observed = nodes.observe([place])
        late = time.monotonic() > deadline
        if place in observed.views:
            view = observed.views[place]
            others = copies_of(view)
            copies = {other: observed.views[other] for other in others if other in observed.views}
            silent = {other: observed.silent.get(other, "it failed") for other in others if other not in copies}
            try:
                return plan_restart(view, copies, silent).successor
            except Refusal:
                if late:
                    raise
        elif late:
            raise ServerError(f"{place} says nothing any more: {observed.silent[place]}")
        time.sleep(PAUSE)


def until(wrong: Callable[[], Sequence[str]], patience: float) -> None:
    """Wait until nothing is wrong any more.

    :raises ServerError: something still is.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            reasons = list(wrong())
        except ServerError as error:
            reasons = [str(error)]
        if not reasons:
            return
        if time.monotonic() > deadline:
            raise ServerError(f"after {patience:g} s: {'; '.join(reasons)}")
        time.sleep(PAUSE)
