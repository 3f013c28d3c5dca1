#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look for damage in a PostgreSQL server, and for differences between two of them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_integrity
short_description: Look for damage in a PostgreSQL server, and for differences between two of them
version_added: 0.1.0
description:
  - Looks at tables, indexes, sequences and extensions of a server, with several connections at once. What is found is
    named with its place and what to do about it; what could not be looked at is named as well. A finding is no failure
    of the module, so that a playbook can write its report before it stops.
  - Compares the server with a copy, which may be a standby, or with a state that an earlier run told. Contents are
    compared by counts and fingerprints that are computed in the servers and do not depend on the order of rows.
  - The connections that read contents share one exported snapshot, so a database is seen as of one moment. RV(as_of)
    tells whether the copy was seen as of the same moment.
  - Reads only. B(docs/integrity.md) tells what the checks cost and how a copy is brought to the moment of a state.
  - Needs C(python3-psycopg2) on the host where it runs, PostgreSQL 14 or newer, and for O(checks=indexes) and
    O(checks=heaps) the extension C(amcheck) in each database, whose functions only superusers may call.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Changes nothing.
options:
  server:
    description: The server to look at.
    type: dict
    default: {}
    suboptions: &server
      name:
        description: What findings call it; its host and port if it is not given.
        type: str
      host:
        description: Its name or address, or the folder of its socket; empty for the usual socket.
        type: str
        default: ''
      port:
        description: Its port.
        type: int
        default: 5432
      user:
        description: The user to connect as.
        type: str
        default: postgres
      password:
        description: The user's password.
        type: str
      ca_file:
        description: The CA that vouches for its certificate.
        type: path
      sslmode:
        description: How a connection that is not by socket is protected.
        type: str
        choices: [disable, require, verify-ca, verify-full]
        default: verify-full
  copy:
    description: A second server that is looked at in the same way, and compared with the first.
    type: dict
    suboptions: *server
  baseline:
    description: RV(state) of an earlier run on the original. O(server) is the copy that is compared with it.
    type: dict
  databases:
    description: The databases to look at; all that can be connected to if it is empty.
    type: list
    elements: str
    default: []
  checks:
    description:
      - What is looked at. V(checksums), the counters of pages whose checksum was wrong; V(catalog), invalid indexes,
        changed collations and extensions; V(fingerprints), rows and content of every table; V(sequences); V(indexes),
        every B-tree and that it has an entry for each row; V(heaps), the structure of every table.
    type: list
    elements: str
    choices: [checksums, catalog, fingerprints, sequences, indexes, heaps]
    default: [checksums, catalog, fingerprints, sequences, indexes, heaps]
  workers:
    description: Connections that work at once on each server.
    type: int
    default: 2
  job_timeout:
    description: Seconds that one statement may take; a large table takes several.
    type: int
    default: 3600
  settle:
    description: Seconds to wait for a moment that both servers are in. A busy pair may have none.
    type: float
    default: 10
"""

EXAMPLES = r"""
- name: Look at the server of this host
  become: true
  become_user: postgres
  freeagentics.platform.postgres_integrity:
  register: integrity

- name: Compare the leader with a replica
  freeagentics.platform.postgres_integrity:
    server: {name: db1, host: 10.0.20.10, password: "{{ password }}", ca_file: /etc/freeagentics/tls/ca.crt}
    copy: {name: db2, host: 10.0.21.10, password: "{{ password }}", ca_file: /etc/freeagentics/tls/ca.crt}
    databases: [app]
  register: integrity

- name: Compare a restored server with what the leader told at that moment
  freeagentics.platform.postgres_integrity:
    server: {name: scratch, port: 5499}
    baseline: "{{ earlier.state }}"
  register: integrity

- name: Stop where anything is wrong or was not looked at
  ansible.builtin.assert:
    that: integrity.findings == [] and integrity.not_checked == []
    fail_msg: "{{ integrity.findings + integrity.not_checked }}"
"""

RETURN = r"""
healthy:
  description: Whether nothing was found and everything could be looked at.
  returned: always
  type: bool
findings:
  description: What is wrong.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: What it is; B(docs/integrity.md) has all kinds.
      type: str
      sample: damaged_index
    severity:
      description: C(damage), C(difference) or C(warning).
      type: str
    object:
      description: The table, index, sequence, extension or database.
      type: str
      sample: public.orders_pkey
    where:
      description: The server, and if it is in one its database.
      type: str
      sample: db2/app
    detail:
      description: What was seen.
      type: str
      sample: item order invariant violated for index "orders_pkey"
    remedy:
      description: What to do.
      type: str
not_checked:
  description: What could not be looked at.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: Which check.
      type: str
    object:
      description: Of what; where several have the same reason, the first and how many more.
      type: str
    where:
      description: The server and its database.
      type: str
    reason:
      description: Why, and what to do.
      type: str
as_of:
  description: For each database of both servers whether both were seen as of the same moment.
  returned: when two servers or a server and a state are compared
  type: dict
  contains:
    exact:
      description: Whether the same transactions were visible on both. If not, differences may be younger changes.
      type: bool
    reason:
      description: Why that is known, or not.
      type: str
state:
  description: What was seen of O(server), for a comparison later.
  returned: always
  type: dict
  contains:
    name:
      description: The server's name.
      type: str
    databases:
      description: For each database C(as_of) (with the C(lsn) to recover a copy to), tables, sequences, extensions.
      type: dict
figures:
  description: The rows that were read for fingerprints, and the seconds it took.
  returned: always
  type: list
  elements: dict
  contains:
    where:
      description: The server and its database.
      type: str
    rows:
      description: How many rows.
      type: int
    seconds:
      description: How long it took.
      type: float
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_integrity import plan
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_integrity.compare import StateError
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io import sql
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io.integrity import Options, Side, inspect


def side_of(server: Dict[str, Any], options: Options) -> Side:
    """Return a server as the library takes it."""
    reached = sql.Server(
        host=server["host"],
        port=server["port"],
        user=server["user"],
        password=server["password"] or "",
        ca_file=server["ca_file"] or "",
        sslmode=server["sslmode"],
    )
    return Side(server["name"] or reached.place, reached, options)


def look(params: Dict[str, Any]) -> Dict[str, Any]:
    """Make all checks, compare, and return what the module tells."""
    options = Options(
        databases=tuple(params["databases"]),
        checks=tuple(params["checks"]),
        workers=params["workers"],
        job_timeout=params["job_timeout"],
        settle=params["settle"],
    )
    copy = side_of(params["copy"], options) if params["copy"] else None
    return inspect(side_of(params["server"], options), copy, params["baseline"])


def main() -> None:
    """Look, compare and tell."""
    server = {
        "name": {"type": "str"},
        "host": {"type": "str", "default": ""},
        "port": {"type": "int", "default": 5432},
        "user": {"type": "str", "default": "postgres"},
        "password": {"type": "str", "no_log": True},
        "ca_file": {"type": "path"},
        "sslmode": {
            "type": "str",
            "choices": ["disable", "require", "verify-ca", "verify-full"],
            "default": "verify-full",
        },
    }
    module = AnsibleModule(
        argument_spec={
            "server": {"type": "dict", "options": server, "default": {}, "apply_defaults": True},
            "copy": {"type": "dict", "options": server},
            "baseline": {"type": "dict"},
            "databases": {"type": "list", "elements": "str", "default": []},
            "checks": {"type": "list", "elements": "str", "choices": list(plan.CHECKS), "default": list(plan.CHECKS)},
            "workers": {"type": "int", "default": 2},
            "job_timeout": {"type": "int", "default": 3600},
            "settle": {"type": "float", "default": 10},
        },
        mutually_exclusive=[("copy", "baseline")],
        supports_check_mode=True,
    )
    if sql.PSYCOPG2_ERROR:
        module.fail_json(msg=missing_required_lib("psycopg2 (python3-psycopg2)"), exception=sql.PSYCOPG2_ERROR)
    try:
        result = look(module.params)
    except StateError as error:
        module.fail_json(msg=f"baseline: {error}; pass what it returned as `state`")
    except sql.ERRORS as error:
        module.fail_json(msg=f"the server could not be looked at: {' '.join(str(error).split())}")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
