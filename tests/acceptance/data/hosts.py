# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hosts of a running lab, as who stands beside them sees them: consoles, power and cables."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import Dict, Iterator, List, Optional, Sequence

from lab import declaration, hosts, netns, operations, state, tunnel

#: Loses what an operator's machine sends and hears; connections that exist are not told.
SILENCE = """
table inet silence {
  chain input { type filter hook input priority -300; policy drop; }
  chain output { type filter hook output priority -300; policy drop; }
}
"""


class Hosts:
    """What can be done to the hosts of a lab."""

    def __init__(self, lab: str) -> None:
        self._lab = state.existing_lab(lab)
        self._topology = declaration.load(self._lab.topology_file)
        self._consoles: Dict[str, List[str]] = {}

    def command(self, host: str, *words: str) -> List[str]:
        """Return the command line of this machine that runs a command as root on a host.

        :raises LabError: the host is dead.
        """
        if host not in self._consoles:
            console = hosts.console(self._lab, declaration.host(self._topology, host), ["command"])
            self._consoles[host] = console[:-1]
        return [*self._consoles[host], *words]

    def on(
        self,
        host: str,
        *words: str,
        stdin: Optional[bytes] = None,
        environment: Optional[Dict[str, str]] = None,
        timeout: float = 60,
    ) -> str:
        """Run a command as root on a host and return what it prints.

        :raises AssertionError: it failed; the message has what it said.
        """
        command = self.command(host, *words)
        done = subprocess.run(command, input=stdin or b"", env=environment, capture_output=True, timeout=timeout)
        said = done.stdout.decode()
        assert done.returncode == 0, f"{host}: {' '.join(words)}: {said}{done.stderr.decode()}"
        return said

    @contextmanager
    def running(self, host: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command as root on a host beside other things; it is waited for at the end."""
        pipe = subprocess.PIPE
        command = self.command(host, *words)
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT) as process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise

    def kill(self, *names: str) -> None:
        """Take the power of some hosts away."""
        self._forget(names)
        operations.kill(self._lab, names)

    def start(self, *names: str) -> None:
        """Give some hosts their power back."""
        self._forget(names)
        operations.start(self._lab, names)

    def start_all(self) -> List[str]:
        """Give every host its power that has none, and return their names."""
        running = hosts.process_ids(self._lab)
        dead = [host.name for host in declaration.hosts(self._topology) if host.name not in running]
        if dead:
            self.start(*dead)
        return dead

    def _forget(self, names: Sequence[str]) -> None:
        for name in names:
            self._consoles.pop(name, None)

    def replace(self, host: str) -> None:
        """Put a new host, which has nothing, in the place of one; its disk is gone."""
        self._forget([host])
        operations.rebuild(self._lab, host)

    def leave_vpn(self) -> None:
        """Close the operator's tunnels, as who knows that their gateways are gone does."""
        tunnel.stop(self._lab)

    @contextmanager
    def without_power(self, *names: str) -> Iterator[None]:
        """Take the power of some hosts away for a while."""
        try:
            self.kill(*names)
            yield
        finally:
            self.start(*names)

    @contextmanager
    def unplugged(self, host: str) -> Iterator[None]:
        """Pull a host's cable for a while; the host itself runs on."""
        router, port = declaration.router_and_port(self._topology, declaration.host(self._topology, host))
        link = ["ip", "-n", self._lab.namespace(router), "link", "set", port]
        subprocess.run([*link, "down"], check=True)
        try:
            yield
        finally:
            subprocess.run([*link, "up"], check=True)

    @contextmanager
    def operator_cut_off(self) -> Iterator[None]:
        """Lose the network of who runs playbooks for a while."""
        netns.add_rules(self._lab, "operator", SILENCE)
        try:
            yield
        finally:
            netns.add_rules(self._lab, "operator", "delete table inet silence")
