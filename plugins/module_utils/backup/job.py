# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of a scheduled job, and how it is told to Prometheus.

Nothing says that a job is running: a program that is killed could not take that back. Instead there are the times of
its last start and of its last end. A job whose start is the later one is running, or was killed before it could tell
its end; once its time limit has passed since the start, it is the latter.

Times are seconds since 1970, durations are seconds.

This file is also read on the hosts, where the program backup-job uses it: standard library only.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import Dict, Mapping, Optional, Tuple

#: The job was not started, because it is running already (EX_TEMPFAIL of sysexits.h).
REFUSED = 75
#: The job took longer than its time limit (as timeout(1) has it).
TIMED_OUT = 124
#: The job's program cannot be run, or is not there (as shells have it).
NOT_RUNNABLE, NOT_FOUND = 126, 127
#: Added to the number of the signal that ended the job (as shells have it).
SIGNALLED = 128

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
REPORTED = re.compile(r"[a-z][a-z0-9_]*")
SAMPLE = re.compile(r"backup_job_(?P<metric>[a-z0-9_]+)\{job=\"[^\"]*\"\} (?P<value>\S+)")

#: What each metric means. What a job reports of its own comes on top.
HELP = {
    "time_limit_seconds": "How long the job may take.",
    "last_start_timestamp_seconds": "When the job was last started.",
    "last_end_timestamp_seconds": "When the job last ended; before its last start if it runs, or was killed.",
    "last_success_timestamp_seconds": "When the job last ended with status 0.",
    "last_duration_seconds": "How long the job took when it last ended.",
    "last_exit_status": "The status with which the job last ended: 124 is its time limit, 128 and above a signal.",
    "last_refused_timestamp_seconds": "When a start was last refused, because the job was running.",
}
OF_THE_JOB = "As the job reported it."


class JobError(Exception):
    """What a caller or a job said cannot be used; the message says what to write instead."""


@dataclass(frozen=True)
class Record:
    """A job as its metrics tell it; None for what has not happened yet."""

    time_limit_seconds: Optional[float] = None
    last_start_timestamp_seconds: Optional[float] = None
    last_end_timestamp_seconds: Optional[float] = None
    last_success_timestamp_seconds: Optional[float] = None
    last_duration_seconds: Optional[float] = None
    last_exit_status: Optional[float] = None
    reported: Mapping[str, float] = field(default_factory=dict)

    def started(self, now: float, limit: float) -> Record:
        """Return the record of the same job once it has been started."""
        return replace(self, time_limit_seconds=limit, last_start_timestamp_seconds=now)

    def ended(self, now: float, status: int, reported: Mapping[str, float]) -> Record:
        """Return the record of the same job once it has ended; what it did not report again stays as it was."""
        started = self.last_start_timestamp_seconds
        return replace(
            self,
            last_end_timestamp_seconds=now,
            last_success_timestamp_seconds=self.last_success_timestamp_seconds if status else now,
            last_duration_seconds=None if started is None else now - started,
            last_exit_status=status,
            reported={**self.reported, **reported},
        )


def checked_name(name: str) -> str:
    """Return the name of a job, which is part of file names.

    :raises JobError: it is none.
    """
    if not NAME.fullmatch(name):
        raise JobError(f"{name!r} is no name of a job: use lower-case letters, digits and single hyphens between them")
    return name


def duration(text: str) -> float:
    """Return the seconds of a time such as 90s, 15m, 6h or 1d.

    :raises JobError: it is none, or zero.
    """
    number, unit = text[:-1], text[-1:]
    if not (number.isdecimal() and unit in UNITS and int(number) > 0):
        raise JobError(f"{text!r} is no time limit: write a number and s, m, h or d, as in 90s, 15m, 6h or 1d")
    return float(int(number) * UNITS[unit])


def report(text: str) -> Dict[str, float]:
    """Read what a job left in its report: lines of a name and a number.

    :raises JobError: a line is none; the names of the other metrics cannot be used.
    """
    found: Dict[str, float] = {}
    for line in text.splitlines():
        name, _blank, value = line.partition(" ")
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not REPORTED.fullmatch(name) or name in HELP or math.isnan(number):
            raise JobError(
                f"the job's report has the line {line!r}: write a name of its own and a number, as in 'bytes 1024'"
            )
        found[name] = number
    return found


def render(name: str, record: Record) -> str:
    """Return the metrics of a job in Prometheus' text format."""
    own = {metric: getattr(record, metric) for metric in HELP if hasattr(record, metric)}
    known = [(metric, HELP[metric], value) for metric, value in own.items() if value is not None]
    known += [(metric, OF_THE_JOB, value) for metric, value in sorted(record.reported.items())]
    return "".join(_metric(name, *entry) for entry in known)


def render_refusal(name: str, now: float) -> str:
    """Return the metric of a refused start, for a file of its own: the other one is the running job's."""
    metric = "last_refused_timestamp_seconds"
    return _metric(name, metric, HELP[metric], now)


def _metric(job: str, metric: str, meaning: str, value: float) -> str:
    full = f"backup_job_{metric}"
    return f'# HELP {full} {meaning}\n# TYPE {full} gauge\n{full}{{job="{job}"}} {value:.15g}\n'


def parse(text: str) -> Record:
    """Read metrics that were rendered before; lines of others are passed over."""
    matches = (SAMPLE.fullmatch(line) for line in text.splitlines())
    found = [(match["metric"], _number(match["value"])) for match in matches if match]
    own = {metric: value for metric, value in found if value is not None and metric in HELP and hasattr(Record, metric)}
    reported = {metric: value for metric, value in found if value is not None and metric not in HELP}
    return Record(reported=reported, **own)


def _number(text: str) -> Optional[float]:
    try:
        return float(text)
    except ValueError:
        return None


def exit_status(returncode: int) -> int:
    """Return the status of a shell for that of :mod:`subprocess`, which tells signals by negative numbers."""
    return SIGNALLED - returncode if returncode < 0 else returncode


def verdict(name: str, status: int, seconds: float, limit: float, last: Tuple[str, ...]) -> str:
    """Return how a job ended, in words; with its last lines where it failed."""
    took = f"after {seconds:.0f} s"
    if status == 0:
        return f"{name}: done {took}"
    if status == TIMED_OUT:
        how = f"stopped {took}, because its time limit is {limit:.0f} s"
    elif status > SIGNALLED:
        how = f"ended by signal {status - SIGNALLED} {took}"
    else:
        how = f"failed with status {status} {took}"
    return "\n".join([f"{name}: {how}" + ("; its last lines:" if last else ", and said nothing"), *last])
