# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests that run plays on this machine share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def lost_connection():
    """The text of a connection plugin, ``lost``: a way to a host that is no longer there."""
    return """
DOCUMENTATION = "name: lost"
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local

class Connection(Local):
    transport = "lost"

    def exec_command(self, *words, **named):
        raise AnsibleConnectionFailure("Connection timed out")
"""
