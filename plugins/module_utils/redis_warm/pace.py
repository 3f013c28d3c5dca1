# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Work that goes no faster than it may, and ends in time. The clock is passed in."""

from __future__ import annotations

from typing import Callable, Mapping


class Pace:
    """Keeps amounts of work below rates, and the whole below a time limit.

    Work that was done keeps the next piece waiting for as long as it takes at the highest rate; several rates hold at
    once. What was lost while the other side was slow is not caught up: no stretch of time sees more than the rate, but
    for the one piece at its beginning.
    """

    def __init__(
        self, rates: Mapping[str, float], seconds: float, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        """Start the time.

        :param rates: the most of each kind of amount in a second; one that is not named has no limit.
        :param seconds: what the whole may take.
        :param clock: returns seconds that only go forward.
        :param sleep: waits for some seconds.
        """
        self._rates = dict(rates)
        self._clock, self._sleep = clock, sleep
        self._start = self._free = clock()
        self._end = self._start + seconds

    def seconds(self) -> float:
        """Return how long it has been."""
        return self._clock() - self._start

    def over(self) -> bool:
        """Return whether the time is up."""
        return self._clock() >= self._end

    def half_over(self) -> bool:
        """Return whether half of the time is up."""
        return self._clock() >= (self._start + self._end) / 2

    def wait(self) -> bool:
        """Wait until the next piece of work may begin; return False, at once, if the time is up before."""
        if self._free >= self._end or self.over():
            return False
        pause = self._free - self._clock()
        if pause > 0:
            self._sleep(pause)
        return not self.over()

    def spent(self, **amounts: float) -> None:
        """Note the work that is about to be done, or that was done since :meth:`wait`."""
        needed = max((amounts[kind] / rate for kind, rate in self._rates.items() if kind in amounts), default=0.0)
        self._free = max(self._free, self._clock()) + needed
