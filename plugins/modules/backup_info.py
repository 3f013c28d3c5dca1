#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_info
short_description: Tells which base backups of PostgreSQL there are, and which are missing
description:
  - Asks pgBackRest for the backups of all repositories, and compares them with a schedule.
  - Run it as the user that pgBackRest runs as, on the backup host or on a database host.
version_added: 0.1.0
author: FreeAgentics (@freeagentics)
options:
  stanza:
    description: The name of the cluster in the repositories.
    type: str
    required: true
  full_hours:
    description: How many hours old the newest full backup may be.
    type: float
    default: 26
  any_hours:
    description: How many hours old the newest backup of any kind may be.
    type: float
    default: 8
attributes:
  check_mode:
    support: full
    description: Reads only, so check mode is the same.
  diff_mode:
    support: none
    description: There is no difference.
"""

EXAMPLES = r"""
- name: Look at the backups
  freeagentics.platform.backup_info:
    stanza: freeagentics
  become: true
  become_user: postgres
  register: backups

- name: Stop where one is missing
  ansible.builtin.assert:
    that: backups.missing == []
    fail_msg: "{{ backups.missing | join('; ') }}"
"""

RETURN = r"""
running:
  description: Whether a backup is being taken.
  returned: always
  type: bool
system_identifiers:
  description: The identifiers of the clusters that the repositories are for; more than one if these differ.
  returned: always
  type: list
  elements: str
repositories:
  description: The repositories.
  returned: always
  type: list
  elements: dict
  contains:
    number:
      description: Its number.
      type: int
    cipher:
      description: How it is encrypted.
      type: str
      sample: aes-256-cbc
    code:
      description: 0 where all is well. 1 or 2 mean that there is no stanza or no backup, 99 that it cannot be read.
      type: int
    message:
      description: The code in words.
      type: str
      sample: ok
    stored:
      description: What all backups together take, in bytes.
      type: int
    newest:
      description: The labels of the newest C(full), C(diff) and C(incr) backups, empty where there is none.
      type: dict
    backups:
      description: The backups, the oldest first.
      type: list
      elements: dict
      contains:
        label:
          description: Its name.
          type: str
          sample: 20261126-020004F
        kind:
          description: C(full), C(diff) or C(incr).
          type: str
        repository:
          description: The repository's number.
          type: int
        database:
          description: pgBackRest's number of the cluster's version.
          type: int
        start:
          description: When it began, in seconds since 1970.
          type: int
        stop:
          description: When it ended, in seconds since 1970.
          type: int
        start_time:
          description: When it began.
          type: str
          sample: "2026-11-26 02:00:04+00"
        stop_time:
          description: When it ended.
          type: str
        seconds:
          description: How long it took.
          type: int
        age:
          description: Seconds since it ended.
          type: int
        start_lsn:
          description: The position at which it began.
          type: str
        stop_lsn:
          description: The position from which on it can be rolled forward.
          type: str
        first_segment:
          description: The first segment of log that it needs.
          type: str
        last_segment:
          description: The last segment of log that it needs.
          type: str
        content:
          description: The size of the database, in bytes.
          type: int
        changed:
          description: How much of it had changed since the backup that it builds upon, in bytes.
          type: int
        stored:
          description: What it takes in the repository, in bytes.
          type: int
        prior:
          description: The backup that it builds upon, empty for a full one.
          type: str
        damaged:
          description: Whether pages had wrong checksums, or none where they were not looked at.
          type: bool
        version:
          description: The version of PostgreSQL that it is of.
          type: str
          sample: "15"
missing:
  description: What lacks, one sentence each; empty where every backup is there that was due.
  returned: always
  type: list
  elements: str
  sample: ["repository 2: the last full backup is 50.2 h old, which must not be over 26.0 h"]
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest import report
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.info import (
    HOUR,
    InfoError,
    Schedule,
    missing,
    parse,
)


def main() -> None:
    """Ask, compare, report."""
    module = AnsibleModule(
        argument_spec={
            "stanza": {"type": "str", "required": True},
            "full_hours": {"type": "float", "default": 26},
            "any_hours": {"type": "float", "default": 8},
        },
        supports_check_mode=True,
    )
    params = module.params
    command = ["pgbackrest", f"--stanza={params['stanza']}", "--output=json", "info"]
    answer = module.run_command(command, check_rc=True)[1]
    try:
        info = parse(answer, params["stanza"])
    except InfoError as error:
        module.fail_json(msg=str(error))
    now = time.time()
    module.exit_json(
        changed=False,
        running=info.running,
        system_identifiers=list(info.systems),
        repositories=report.of_info(info, now),
        missing=list(missing(info, Schedule(params["full_hours"] * HOUR, params["any_hours"] * HOUR), now)),
    )


if __name__ == "__main__":
    main()
