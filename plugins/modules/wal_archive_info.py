#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: wal_archive_info
short_description: Tells what is in the WAL archive of PostgreSQL, what lacks, and which moments can be restored
description:
  - Lists the archive of each of pgBackRest's repositories, reads the histories of its timelines, and follows the log
    from each base backup.
  - Run it as the user that pgBackRest runs as, on the backup host or on a database host.
version_added: 0.1.0
author: FreeAgentics (@freeagentics)
options:
  stanza:
    description: The name of the cluster in the repositories.
    type: str
    required: true
  repositories:
    description: The numbers of the repositories to look at. Without it, all.
    type: list
    elements: int
  timeline:
    description: The timeline to restore along. Without it, the newest one.
    type: int
  segment_size:
    description: The size of a segment in bytes, as the cluster was made with.
    type: int
    default: 16777216
attributes:
  check_mode:
    support: full
    description: Reads only, so check mode is the same.
  diff_mode:
    support: none
    description: There is no difference.
"""

EXAMPLES = r"""
- name: Look at the archive
  freeagentics.platform.wal_archive_info:
    stanza: freeagentics
  become: true
  become_user: postgres
  register: wal

- name: Say what can be restored
  ansible.builtin.debug:
    msg: "repository {{ item.number }}: {{ item.windows }}"
  loop: "{{ wal.repositories }}"
"""

RETURN = r"""
healthy:
  description: Whether every repository can be read and has no gap.
  returned: always
  type: bool
repositories:
  description: The repositories.
  returned: always
  type: list
  elements: dict
  contains:
    number:
      description: Its number.
      type: int
    error:
      description: Why it cannot be read; empty where it can, and only then the other values are there.
      type: str
    archive:
      description: pgBackRest's name for the log of the cluster's version.
      type: str
      sample: 15-1
    timelines:
      description: The timelines.
      type: list
      elements: dict
      contains:
        timeline:
          description: Its number.
          type: int
        segments:
          description: How many segments of it there are.
          type: int
        first:
          description: Its first segment.
          type: str
          sample: "000000010000000000000001"
        last:
          description: Its last segment.
          type: str
        history:
          description: Whether its history file is there. The first timeline has none.
          type: bool
        left:
          description: The timeline that was left for it, or none.
          type: int
        left_at:
          description: The position at which that one was left.
          type: str
        reason:
          description: Why, as its history file says.
          type: str
    timeline:
      description: The timeline along which the windows lead.
      type: int
    gaps:
      description:
        - Segments that lack, from the first one on that the oldest backup needs. Where another timeline left the one
          that they are of, they lack up to there, also where nothing of it is there.
      type: list
      elements: dict
      contains:
        first:
          description: The first one that lacks.
          type: str
        last:
          description: The last one that lacks.
          type: str
        segments:
          description: How many they are.
          type: int
        followed:
          description: Whether the log that leads to the end of the timeline of the windows goes through them.
          type: bool
    last:
      description: The newest segment, or none.
      type: dict
      contains:
        segment:
          description: Its name.
          type: str
        time:
          description: When it was archived.
          type: str
        age:
          description: Seconds since then.
          type: int
    size:
      description: What all segments take, in bytes.
      type: int
    windows:
      description: From when to when every moment can be restored. Without gaps that is one window.
      type: list
      elements: dict
      contains:
        start:
          description: Its beginning, in seconds since 1970.
          type: int
        end:
          description: Its end, in seconds since 1970.
          type: int
        start_time:
          description: Its beginning.
          type: str
          sample: "2026-11-19 02:00:31+00"
        end_time:
          description: Its end, which is when the last segment was archived.
          type: str
        start_lsn:
          description: The position at its beginning.
          type: str
        end_lsn:
          description: The position at its end.
          type: str
        backups:
          description: The backups in it, the oldest first.
          type: list
          elements: str
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest import report
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.archive import ArchiveError
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.info import InfoError, parse
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.listing import Unreadable, read_archive


def look(run, params, info, number, now):
    """Return what is in one repository.

    :param run: runs pgBackRest with arguments, and returns its exit code, its output and its errors.
    """
    archive, histories = read_archive(run, info.stanza, number, params["segment_size"])
    return report.of_archive(
        archive,
        histories,
        info.of(number),
        params["timeline"],
        now,
        params["segment_size"],
    )


def main() -> None:
    """Ask, put together, report."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "repositories": {"type": "list", "elements": "int"},
            "timeline": {"type": "int"},
            "segment_size": {"type": "int", "default": 16777216},
        },
        supports_check_mode=True,
    )
    params, now = module.params, time.time()

    def run(*arguments):
        return module.run_command(["pgbackrest", f"--stanza={params['stanza']}", *arguments])

    try:
        code, out, err = run("--output=json", "info")
        if code:
            raise InfoError(" ".join((err or out).split()))
        info = parse(out, params["stanza"])
    except InfoError as error:
        module.fail_json(msg=str(error))
    found = []
    for number in params["repositories"] or [one.number for one in info.repositories]:
        try:
            found.append({"number": number, "error": "", **look(run, params, info, number, now)})
        except (Unreadable, ArchiveError, ValueError) as error:
            found.append({"number": number, "error": str(error), "gaps": [], "windows": []})
    healthy = not any(one["error"] or one["gaps"] for one in found)
    module.exit_json(changed=False, healthy=healthy, repositories=found)


if __name__ == "__main__":
    main()
