# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declared ports as services listen on them: numbers by the names of service and port."""

from __future__ import annotations

from typing import Dict

from ..model import Topology


def numbers(topology: Topology) -> Dict[str, Dict[str, int]]:
    """Return the number of every declared port: ``numbers(topology)["postgres"]["sql"]``.

    Every declared service is there; one without ports has an empty mapping.
    """
    return {
        service.name: {name: port.number for name, port in service.ports.items()}
        for service in topology.services.values()
    }
