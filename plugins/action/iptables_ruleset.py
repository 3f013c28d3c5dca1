# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loads a host's rules and confirms them through a new connection; the module's documentation tells the rest."""

from __future__ import annotations

import time
from typing import Any, Dict, Optional

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

MODULE = "freeagentics.platform.iptables_ruleset"
#: Seconds that a host may take to answer after its timer should have restored the old rules.
GRACE_SECONDS = 40
#: Seconds between two attempts to connect.
PAUSE_SECONDS = 2

LOCKED_OUT = (
    "{host}: the new firewall rules were not confirmed through a new SSH connection within {seconds} s, so the "
    "host restored the old rules by itself; they are in force again and at the next boot. Most likely the new "
    "rules do not let SSH in from where this run connects: look at the flow to port 22 with --check --diff. If "
    "the host was only slow, raise rollback_seconds. See docs/firewall.md."
)
NO_NEW_CONNECTION = (
    "{host}: the new firewall rules could not be confirmed, because every connection that this run got had begun "
    "before the change (another program holds it open). The host has restored the old rules after {seconds} s. "
    "End the ssh master of this host ('ssh -O exit') and run this again. See docs/firewall.md."
)
SILENT = (
    "{host}: the host does not answer since its new firewall rules were loaded. It should have restored the old "
    "rules by itself after {seconds} s. Look at its console: 'systemctl status iptables-ruleset-rollback', and "
    "run 'sh /run/iptables-ruleset/rollback' there to restore them by hand. See docs/firewall.md."
)
NO_SSH = (
    "{host}: the new firewall rules are loaded, but this connection is not SSH and cannot prove that SSH still "
    "gets in. The host restores the old rules after {seconds} s. Connect through SSH, or set rollback_seconds to "
    "0 where no way back is needed."
)
TAKEN_OVER = (
    "{host}: another run changed the firewall before this one could confirm its rules. The other run decides "
    "which rules stay; let it end, then run this again."
)

MESSAGES = {
    "rolled_back": LOCKED_OUT,
    "old_connection": NO_NEW_CONNECTION,
    "unreachable": SILENT,
    "no_ssh": NO_SSH,
    "unknown": TAKEN_OVER,
}


def verdict(host: str, seconds: int, state: str, before: Optional[str]) -> Dict[str, Any]:
    """The result of a confirmation that ended in ``state``, after ``before`` in the attempt before."""
    if state == "confirmed":
        return {"confirmed": True}
    cause = "old_connection" if state == "rolled_back" and before == "old_connection" else state
    return {"failed": True, "confirmed": False, "msg": MESSAGES[cause].format(host=host, seconds=seconds)}


class ActionModule(ActionBase):
    """Runs the module, and after a change runs it again through a new connection."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        """The module's result, with the outcome of the confirmation where rules were loaded."""
        variables = task_vars or {}
        result: Dict[str, Any] = super().run(tmp, variables)
        result.update(self._execute_module(module_name=MODULE, module_args=dict(self._task.args), task_vars=variables))
        pending = result.pop("pending", None)
        if pending is not None and not result.get("failed"):
            result.update(self._confirm(pending["token"], int(pending["seconds"]), variables))
        return result

    def _confirm(self, token: str, seconds: int, variables: Dict[str, Any]) -> Dict[str, Any]:
        """Tries through new connections until the host says how the change ended."""
        deadline = time.monotonic() + seconds + GRACE_SECONDS
        before, state = None, None
        while state in (None, "unreachable", "old_connection"):
            if state is not None:
                if time.monotonic() > deadline:
                    break
                time.sleep(PAUSE_SECONDS)
            before = state
            self._connection.reset()
            answer = self._ask(token, variables)
            if answer.get("failed"):
                return {"failed": True, "confirmed": False, "msg": answer.get("msg", "")}
            state = answer["state"]
        return verdict(variables["inventory_hostname"], seconds, str(state), before)

    def _ask(self, token: str, variables: Dict[str, Any]) -> Dict[str, Any]:
        try:
            answer: Dict[str, Any] = self._execute_module(
                module_name=MODULE, module_args=self._arguments_of_confirm(token), task_vars=variables
            )
        except AnsibleConnectionFailure:
            return {"state": "unreachable"}
        return answer

    def _arguments_of_confirm(self, token: str) -> Dict[str, Any]:
        """Only what names the change and where the files are: the host has kept the rest."""
        kept = {name: value for name, value in self._task.args.items() if name == "persist_directory"}
        return {**kept, "phase": "confirm", "token": token}
