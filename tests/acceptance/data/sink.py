# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What arrived at the lab's pager, Slack, mailbox and dead man's switch."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Optional

from tests.acceptance.data.hosts import Hosts

FILE = "/var/lib/alert-sink/messages.jsonl"


@dataclass(frozen=True)
class Message:
    """One message: when it arrived, in seconds since 1970, by which way, and what it says."""

    at: float
    way: str
    title: str
    resolved: bool
    text: str


class Sink:
    """The messages that the sink of a lab keeps."""

    def __init__(self, hosts: Hosts, host: str) -> None:
        self._hosts = hosts
        self._host = host

    def since(self, moment: float) -> list[Message]:
        """Return what arrived after a moment, but for the dead man's messages."""
        return [one for one in self._all() if one.at > moment and one.way != "watchdog"]

    def watchdog(self) -> Optional[float]:
        """Return when the dead man's switch was last told that all is well."""
        return max((one.at for one in self._all() if one.way == "watchdog"), default=None)

    def wait(
        self, alert: str, moment: float, seconds: float, resolved: bool = False, way: str = ""
    ) -> dict[str, float]:
        """Wait until an alert has arrived, and return after how many seconds it did by each way.

        :param way: by which it has to arrive; any will do where none is named.
        :raises AssertionError: it did not arrive in time; the message has what did.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [one for one in self.since(moment) if names(one, alert) and one.resolved == resolved]
            if any(way in ("", one.way) for one in found):
                return {one.way: one.at - moment for one in reversed(found)}
            time.sleep(1)
        others = [(round(one.at - moment), one.way, one.title) for one in self.since(moment)]
        raise AssertionError(f"{alert} did not arrive within {seconds:.0f} s; what did: {others}")

    def _all(self) -> list[Message]:
        text = self._hosts.on(self._host, "sh", "-c", f"tail -n 400 {FILE} 2>/dev/null || true")
        return [_message(json.loads(line)) for line in text.splitlines()]


def names(message: Message, alert: str) -> bool:
    """Return whether a message is of an alert, which its link to the runbook names."""
    return f"/{alert}.md" in message.text


def _message(entry: dict[str, object]) -> Message:
    return Message(
        float(str(entry["at"])),
        str(entry["way"]),
        str(entry["title"]),
        bool(entry["resolved"]),
        json.dumps(entry["content"]),
    )
