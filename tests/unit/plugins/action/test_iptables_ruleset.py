# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.action.iptables_ruleset import verdict

LOCKED_OUT = (
    "db1: the new firewall rules were not confirmed through a new SSH connection within 60 s, so the host "
    "restored the old rules by itself; they are in force again and at the next boot. Most likely the new rules do"
    " not let SSH in from where this run connects: look at the flow to port 22 with --check --diff. If the host "
    "was only slow, raise rollback_seconds. See docs/firewall.md."
)
NO_NEW_CONNECTION = (
    "db1: the new firewall rules could not be confirmed, because every connection that this run got had begun "
    "before the change (another program holds it open). The host has restored the old rules after 60 s. End the "
    "ssh master of this host ('ssh -O exit') and run this again. See docs/firewall.md."
)
SILENT = (
    "db1: the host does not answer since its new firewall rules were loaded. It should have restored the old "
    "rules by itself after 60 s. Look at its console: 'systemctl status iptables-ruleset-rollback', and run 'sh "
    "/run/iptables-ruleset/rollback' there to restore them by hand. See docs/firewall.md."
)
NO_SSH = (
    "db1: the new firewall rules are loaded, but this connection is not SSH and cannot prove that SSH still gets "
    "in. The host restores the old rules after 60 s. Connect through SSH, or set rollback_seconds to 0 where no "
    "way back is needed."
)
TAKEN_OVER = (
    "db1: another run changed the firewall before this one could confirm its rules. The other run decides which "
    "rules stay; let it end, then run this again."
)


def test_a_confirmed_change():
    assert verdict("db1", 60, "confirmed", None) == {"confirmed": True}


@pytest.mark.parametrize(
    ("state", "before", "message"),
    [
        ("rolled_back", "unreachable", LOCKED_OUT),
        ("rolled_back", None, LOCKED_OUT),
        ("rolled_back", "old_connection", NO_NEW_CONNECTION),
        ("old_connection", "old_connection", NO_NEW_CONNECTION),
        ("unreachable", "unreachable", SILENT),
        ("no_ssh", None, NO_SSH),
        ("unknown", None, TAKEN_OVER),
    ],
)
def test_a_change_that_was_not_confirmed(state, before, message):
    assert verdict("db1", 60, state, before) == {"failed": True, "confirmed": False, "msg": message}
