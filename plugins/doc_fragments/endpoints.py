# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of modules that ask endpoints."""

from __future__ import annotations


class ModuleDocFragment:
    """What is asked, and who vouches for it."""

    DOCUMENTATION = r"""
options:
  endpoints:
    description: What is asked.
    type: list
    elements: dict
    required: true
    suboptions:
      url:
        description: The URL, with C(http), C(https), C(ws) or C(wss).
        type: str
        required: true
      address:
        description: Where to connect, instead of what the name leads to.
        type: str
        default: ""
      statuses:
        description: The statuses that are right.
        type: list
        elements: int
        default: [200]
      contains:
        description: What the answer has in it.
        type: str
        default: ""
  ca:
    description: The CA that vouches for the certificates, as PEM. Without it those that the host trusts do.
    type: str
"""
