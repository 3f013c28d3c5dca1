#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stop a PostgreSQL server that Patroni runs, with proof, or let it back into its cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_fence
short_description: Stop a PostgreSQL server that Patroni runs, with proof, or let it back into its cluster
version_added: 0.1.0
description:
  - O(state=stopped) stops Patroni, and PostgreSQL with it, and returns only when no process works in the data directory
    any more. A server that does not stop in time, because it hangs or is stopped by a signal, is killed; what was
    acknowledged is in its log. Nothing of the data is touched.
  - A mark says that it was stopped for a failover, and keeps systemd from starting the unit until it is released or the
    host is started anew. O(state=released) removes the mark and lets systemd start Patroni, if it ran before; a server
    that somebody stopped on purpose stays so. Without a mark it does nothing.
  - Needs the rights of root.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Tells what it would do.
  diff_mode:
    support: full
    description: Shows the state before and after.
options:
  state:
    description: What shall be.
    type: str
    choices: [stopped, released]
    required: true
  directory:
    description: The data directory.
    type: path
    required: true
  unit:
    description: Patroni's unit.
    type: str
    default: patroni.service
  runtime_directory:
    description: Where systemd reads units from that a restart of the host forgets.
    type: path
    default: /run/systemd/system
  patience:
    description: Seconds to wait for a shutdown before processes are killed. Those that hear no signal are at once.
    type: float
    default: 10
  wait:
    description: With O(state=released), how many seconds to wait until the unit is active. That it is not by then is no
      failure, as systemd goes on to try; RV(unit) tells.
    type: float
    default: 0
"""

EXAMPLES = r"""
- name: See to it that the old primary writes no more
  freeagentics.platform.postgres_fence:
    state: stopped
    directory: /var/lib/postgresql/15/main
  become: true

- name: Let it follow the new one
  freeagentics.platform.postgres_fence:
    state: released
    directory: /var/lib/postgresql/15/main
  become: true
"""

RETURN = r"""
proof:
  description: What was seen at the end.
  returned: always
  type: str
  sample: no process works in /var/lib/postgresql/15/main, patroni.service is inactive
unit:
  description: What systemd says of the unit at the end. C(activating) where it waits for something before it starts,
    such as room on its disk, or another region's word.
  returned: always
  type: str
  sample: inactive
killed:
  description: Whether processes had to be killed.
  returned: always
  type: bool
seconds:
  description: How long it took.
  returned: always
  type: float
"""

import os
import signal
import time
from contextlib import suppress
from typing import Callable, List

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import fence_mark, going_mark

#: What the mark says of a unit that was down before.
DOWN = "# It was down before, and stays so.\n"
#: Seconds until processes are gone that were killed.
KILLED_SECONDS = 10.0


def working_in(directory: str) -> List[int]:
    """Return the numbers of the processes whose working directory this is; every process of PostgreSQL's has it so."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                if os.readlink(f"/proc/{name}/cwd") == directory:
                    found.append(int(name))
            except OSError:
                # It has ended, or it is none of those that could be meant: root sees all others.
                continue
    return found


def hangs(process: int) -> bool:
    """Return whether a process is stopped by a signal, so that it hears no other; proc(5)."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] in ("T", "t")
    except OSError:
        return False


def wait(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so; return whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Server:
    """A server and the unit that runs it."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._unit = module.params["unit"]
        self._directory = os.path.realpath(module.params["directory"])
        self.mark = fence_mark(self._unit, module.params["runtime_directory"])
        self.going = going_mark(self.mark)

    @property
    def unit_state(self) -> str:
        """What systemd says of the unit."""
        return str(self._module.run_command(["systemctl", "is-active", self._unit])[1].strip())

    @property
    def marked(self) -> bool:
        """Whether nobody can start it."""
        return os.path.exists(self.mark)

    def stopped(self) -> bool:
        """Return whether nothing runs that could write."""
        return not working_in(self._directory) and self.unit_state in ("inactive", "failed")

    def idle(self) -> bool:
        """Return whether nothing runs, and systemd is not about to start it: while a host boots, units wait."""
        job = self._module.run_command(["systemctl", "show", "--property=Job", "--value", self._unit])[1].strip()
        return self.stopped() and job in ("", "0")

    def proof(self) -> str:
        """Return what is to be seen."""
        processes = working_in(self._directory)
        works = f"processes {', '.join(map(str, processes))} work" if processes else "no process works"
        return f"{works} in {self._directory}, {self._unit} is {self.unit_state}"

    def stop(self, patience: float) -> bool:
        """Stop it, and let nobody start it; return whether it had to be killed.

        What a run that died has left is taken up: its mark, which systemd may not know, and its way back.
        """
        if os.path.exists(self.going):
            os.replace(self.going, self.mark)
        idle = self.idle()
        if not self.marked:
            self._keep_from_starting(DOWN if idle else "")
        self._reload()
        if idle:
            if self.stopped():
                return False
            # Somebody has started it before systemd knew that nobody may.
            self._keep_from_starting("")
        self._systemctl("stop", "--no-block")
        if not any(map(hangs, working_in(self._directory))) and wait(self.stopped, patience):
            return False
        self._systemctl("kill", "--kill-who=all", "--signal=SIGKILL")
        if not wait(self._killed, KILLED_SECONDS):
            self._module.fail_json(msg=f"it could not be stopped: {self.proof()}. Take the power of its host")
        return True

    def _killed(self) -> bool:
        """Kill what works in the directory; return whether nothing is left."""
        for process in working_in(self._directory):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return self.stopped()

    def _keep_from_starting(self, note: str) -> None:
        """Let nobody start the unit until it is released, or the host was; systemd.unit(5), AssertPathExists."""
        os.makedirs(os.path.dirname(self.mark), exist_ok=True)
        with open(f"{self.mark}.new", "w", encoding="ascii") as file:
            file.write(f"# Stopped for a failover, which lets it back.\n{note}[Unit]\nAssertPathExists=!{self.mark}\n")
        os.replace(f"{self.mark}.new", self.mark)

    def _reload(self) -> None:
        self._module.run_command(["systemctl", "daemon-reload"], check_rc=True)

    def release(self, seconds: float) -> None:
        """Let it back into its cluster, and wait some seconds until it is there.

        One that was down before stays so, and one that somebody started goes on.

        The mark has another name until systemd has taken it on, so that the next run finishes one which dies here.
        """
        if self.marked:
            os.replace(self.mark, self.going)
        self._reload()
        with open(self.going, encoding="ascii") as file:
            down = DOWN in file.read()
        if not down:
            # Patroni waits for another region's word, and for room on its disk; systemd tries it again until it starts.
            self._systemctl("start", "--no-block")
        os.unlink(self.going)
        if not down:
            wait(lambda: self.unit_state == "active", seconds)

    def _systemctl(self, *words: str) -> None:
        self._module.run_command(["systemctl", *words, self._unit], check_rc=words[0] != "kill")


def main() -> None:
    """Look, act, look again."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["stopped", "released"], "required": True},
            "directory": {"type": "path", "required": True},
            "unit": {"type": "str", "default": "patroni.service"},
            "runtime_directory": {"type": "path", "default": "/run/systemd/system"},
            "patience": {"type": "float", "default": 10},
            "wait": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    server, began, before, killed = Server(module), time.monotonic(), "", False
    before = server.proof()
    if module.params["state"] == "stopped":
        changed = not (server.idle() and server.marked)
        if not module.check_mode:
            killed = server.stop(module.params["patience"])
    else:
        changed = server.marked or os.path.exists(server.going)
        if changed and not module.check_mode:
            server.release(module.params["wait"])
    after = server.proof() if not module.check_mode else before
    diff = {"before": f"{before}\n", "after": f"{after}\n"}
    seconds = round(time.monotonic() - began, 3)
    module.exit_json(changed=changed, proof=after, unit=server.unit_state, killed=killed, seconds=seconds, diff=diff)


if __name__ == "__main__":
    main()
