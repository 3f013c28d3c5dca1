# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets one running node load what changed on its disk, or restarts it."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Callable, Optional, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.node import (
    back_in_place,
    copies_of,
    plan_restart,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import ServerError
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.cluster import Nodes, look

#: Seconds between two looks while waiting.
PAUSE = 0.2


def served_certificate(address: str, port: int, timeout: float) -> Optional[str]:
    """Return the certificate that a server shows, as PEM; None if nobody answers there with TLS.

    :param timeout: seconds for each step of the connection.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # What is shown is compared with a file, whoever vouches for it.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((address, port), timeout=timeout) as plain, context.wrap_socket(plain) as secure:
            shown = secure.getpeercert(binary_form=True)
    except OSError:
        return None
    return ssl.DER_cert_to_PEM_cert(shown) if shown else None


def first_certificate(text: str) -> str:
    """Return the first certificate of a PEM file in the form of :func:`served_certificate`; empty if there is none."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    if begin not in text or end not in text:
        return ""
    return ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(text[text.index(begin) : text.index(end) + len(end)]))


def load_certificate(nodes: Nodes, place: str, certificate: str) -> None:
    """Let a node read its certificate and key again; connections that are open stay.

    :raises ServerError: the node refuses.
    """
    nodes.client(place).ask("CONFIG", "SET", "tls-cert-file", certificate)


def is_member(nodes: Nodes, place: str) -> bool:
    """Tell whether a node answers and is in a cluster with others."""
    view = nodes.observe([place]).views.get(place)
    return view is not None and bool(view.known)


def restart(nodes: Nodes, place: str, restart_unit: Callable[[], None], patience: float) -> str:
    """Restart a node, after a replica took over from it if it is a master with slots.

    :param restart_unit: restarts the service, and returns when it is up.
    :param patience: seconds for each wait.
    :returns: the place of the replica that took over, or nothing.
    :raises Refusal: another copy of the shard is away.
    :raises ServerError: the node or its successor did not become what it should in time.
    """
    observed = nodes.observe([place])
    if place not in observed.views:
        # It does not run, or not as a node that lets us in: there is nothing to hand over.
        restart_unit()
        return ""
    view = observed.views[place]
    others = copies_of(view)
    copies = {other: observed.views[other] for other in others if other in observed.views}
    silent = {other: observed.silent.get(other, "it failed") for other in others if other not in copies}
    successor = plan_restart(view, copies, silent).successor
    if successor:
        nodes.client(successor).ask("CLUSTER", "FAILOVER")
        until(lambda: [] if not look(nodes.client(place)).me.is_master else [f"{place} is still master"], patience)
    nodes.client(place).close()
    restart_unit()
    until(lambda: back_in_place(look(nodes.client(place)), successor), patience)
    return successor


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
