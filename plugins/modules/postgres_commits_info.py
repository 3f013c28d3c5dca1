#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell what a server committed behind a position of its log, up to which another one has it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_commits_info
short_description: Tell what a server committed behind a position of its log, up to which another one has it
version_added: 0.1.0
description:
  - Reads the log of a server on its host, whether it runs or not, from the segment of a position on, and counts the
    transactions whose commit is not whole before that position. Where there is none, whoever has the log up to there
    has everything that this server acknowledged.
  - Statistics that the server stored by itself (autovacuum) do not count, as no client was told of them.
  - Fails where a part of the log is not there, or it ends before the position, as nobody can tell then what was in it.
    Changes nothing.
  - Run it as the user of PostgreSQL.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Changes nothing.
  diff_mode:
    support: none
    description: Changes nothing.
options:
  directory:
    description: The data directory.
    type: path
    required: true
  bin_directory:
    description: Where PostgreSQL's programs are.
    type: path
    required: true
  after:
    description: The position, on O(timeline).
    type: str
    required: true
  timeline:
    description: The timeline that the server is on, of M(freeagentics.platform.postgres_failover_info).
    type: int
    required: true
"""

EXAMPLES = r"""
- name: See what only the old primary has
  freeagentics.platform.postgres_commits_info:
    directory: /var/lib/postgresql/15/main
    bin_directory: /usr/lib/postgresql/15/bin
    after: 0/1E46F800
    timeline: 14
  become: true
  become_user: postgres
"""

RETURN = r"""
commits:
  description: How many transactions it committed behind the position. No more than 1000 are counted.
  returned: always
  type: int
  sample: 0
first:
  description: When the first of them was committed; empty if there is none.
  returned: always
  type: str
  sample: 2026-11-26 23:11:05.183402 UTC
last:
  description: When the last of them was committed; empty if there is none.
  returned: always
  type: str
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.divergence import (
    Stretch,
    is_end,
    segment_name,
    segments_of,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import parse_control
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.unreplicated import committed
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io.waldump import ENVIRONMENT, read_log
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import parse_lsn, show_lsn
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History

#: How many commits are counted.
MOST = 1000


def main() -> None:
    """Read the log, and count."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "bin_directory": {"type": "path", "required": True},
            "after": {"type": "str", "required": True},
            "timeline": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    directory, timeline = module.params["directory"], module.params["timeline"]
    log, programs = os.path.join(directory, "pg_wal"), module.params["bin_directory"]
    unseen = f"what was committed from {module.params['after']} on cannot be seen"
    try:
        after = parse_lsn(module.params["after"])
        names = os.listdir(log)
    except (ValueError, OSError) as error:
        module.fail_json(msg=f"{unseen}: {error}")
    command = [os.path.join(programs, "pg_controldata"), "-D", directory]
    code, out, error = module.run_command(command, environ_update=ENVIRONMENT)
    control = parse_control(out)
    if code or not {"timeline", "segment", "checkpoint"} <= set(control):
        module.fail_json(msg=f"{unseen}: pg_controldata failed: {(error or out).strip()}")
    size = control["segment"]
    if control["timeline"] > timeline:
        module.fail_json(msg=f"{unseen}: the server is on timeline {control['timeline']}, and not on {timeline}")
    # Records of its transactions are before the position, so it reads from the beginning of the segment on.
    start = (after - 1) // size * size
    segments = segments_of(Stretch(timeline, start), History(timeline), names, size)
    if segment_name(timeline, start // size, size) not in segments:
        module.fail_json(msg=f"{unseen}: its segment is not in {log} any more")
    words = ["--path", log, "--timeline", str(timeline), "--start", show_lsn(start)]
    try:
        found, code, complaint = read_log(
            [os.path.join(programs, "pg_waldump"), *words], lambda lines: committed(lines, after, size, MOST)
        )
    except OSError as error:
        module.fail_json(msg=f"{unseen}: {error}")
    if code and not is_end(complaint, segments):
        module.fail_json(msg=f"{unseen}: {complaint}")
    # What cannot be read in the middle looks like an end, and a disk may have lost what was at the end.
    least = max(after, parse_lsn(control["checkpoint"]) + 1)
    if not found.commits and found.end < least:
        module.fail_json(msg=f"{unseen}: the log ends at {show_lsn(found.end)}, before {show_lsn(least)}: {complaint}")
    moments = [one.moment for one in found.commits] or [""]
    module.exit_json(changed=False, commits=len(found.commits), first=moments[0], last=moments[-1])


if __name__ == "__main__":
    main()
