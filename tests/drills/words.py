# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The words of an operator's command."""

from __future__ import annotations

from typing import List, Sequence


def with_variables(command: Sequence[str], *variables: str) -> List[str]:
    """Return a command of Ansible with variables, each as ``name=value`` or JSON."""
    return [*command, *(word for variable in variables for word in ("-e", variable))]
