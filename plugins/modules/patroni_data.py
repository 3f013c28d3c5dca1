#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look at whether Patroni may start with what is in the data directory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_data
short_description: Look at whether Patroni may start with what is in the data directory
version_added: 0.1.0
description:
  - An empty directory may be filled. The caller then puts a mark beside it, a file with the scope, which tells that a
    first start began; M(freeagentics.platform.patroni_ready) takes it away.
  - Content is the cluster's own if its system identifier is the one that the cluster store has, and Patroni is
    configured for it. Patroni that runs has looked at that itself.
  - What a first start left that died half-way is moved aside, to a name beside the directory; nothing is ever removed.
  - Anything else is refused, with the way out; so is another directory than the one in which the member has its data.
author:
  - FreeAgentics (@freeagentics)
extends_documentation_fragment:
  - freeagentics.platform.cluster_store
attributes:
  check_mode:
    support: full
    description: Looks and refuses as a real run does, and changes nothing.
  diff_mode:
    support: full
    description: Shows what is moved aside.
options:
  directory:
    description: The data directory.
    type: path
    required: true
  config_file:
    description: Patroni's configuration.
    type: path
    default: /etc/patroni/patroni.yml
  unit:
    description: Patroni's unit.
    type: str
    default: patroni.service
  adopt:
    description: A system identifier that the operator lets be this cluster's.
    type: str
    default: ""
  release:
    description:
      - Whether to remove the store's note that the cluster is being initialised. For when nobody does so any more,
        because the first start died; the caller has to know that Patroni runs nowhere.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Refuse to start over foreign data
  freeagentics.platform.patroni_data:
    directory: /var/lib/postgresql/15/main
    scope: freeagentics-us-east-1
    store: [{address: 10.0.20.10, port: 2379}]
    store_user: patroni
    store_password: "{{ secret_etcd_patroni }}"
    ca_file: /etc/freeagentics/tls/ca.crt
"""

RETURN = r"""
mark:
  description: Where the mark of a first start is put.
  returned: always
  type: str
verdict:
  description: What may be done; C(ready), C(first_start), or C(leftover) if something was moved aside.
  returned: always
  type: str
active:
  description: Whether Patroni runs.
  returned: always
  type: bool
initialising:
  description: Whether the store says that the cluster is being initialised.
  returned: always
  type: bool
moved_to:
  description: Where the leftover is, empty if there was none.
  returned: always
  type: str
"""

import os
from typing import Optional

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.data import (
    LEFTOVER,
    DataError,
    Found,
    judge,
    system_identifier,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.options import (
    STORE,
    folder_of,
    store_of,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.store import StoreError


def mark_of(directory: str) -> str:
    """Return the path of the mark that a first start began."""
    return f"{directory}.first-start"


def look(module: AnsibleModule) -> Found:
    """Return what is on the host."""
    directory, scope = module.params["directory"], module.params["scope"]
    entries = tuple(sorted(os.listdir(directory))) if os.path.isdir(directory) else None
    try:
        with open(os.path.join(directory, "global", "pg_control"), "rb") as file:
            identifier = system_identifier(file.read(8))
    except OSError:
        identifier = ""
    active = module.run_command(["systemctl", "is-active", "--quiet", module.params["unit"]])[0] == 0
    mark = read(mark_of(directory))
    config = read(module.params["config_file"]).splitlines()
    ours = f"scope: {scope}" in config
    told = [line.partition(": ")[2] for line in config if ours and line.startswith("  data_dir: ")]
    elsewhere = [path for path in told if path != directory and os.path.exists(os.path.join(path, "PG_VERSION"))]
    return Found(entries, identifier, mark.strip() == scope, directory in told, active, "".join(elsewhere[:1]))


def read(path: str) -> str:
    """Return a file's text, none if it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def aside(directory: str) -> str:
    """Return a free name beside a directory."""
    number = 1
    while os.path.lexists(f"{directory}.leftover-{number}"):
        number += 1
    return f"{directory}.leftover-{number}"


ARGUMENTS = {
    **STORE,
    "directory": {"type": "path", "required": True},
    "config_file": {"type": "path", "default": "/etc/patroni/patroni.yml"},
    "unit": {"type": "str", "default": "patroni.service"},
    "adopt": {"type": "str", "default": ""},
    "release": {"type": "bool", "default": False},
}


def main() -> None:
    """Look, judge, apply."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    directory, scope = module.params["directory"], module.params["scope"]
    found = look(module)
    key = f"{folder_of(module.params)}initialize"
    stored: Optional[str] = None
    try:
        # A host without anything is not asked for a store that does not stand yet.
        if not found.active and (found.entries or found.marked):
            stored = store_of(module.params).get(key)
        verdict = judge(directory, scope, found, stored, module.params["adopt"])
        released = module.params["release"] and stored == ""
        if released and not module.check_mode:
            store_of(module.params).remove_if_empty(key)
    except (DataError, StoreError) as error:
        module.fail_json(msg=str(error))
    moved_to = aside(directory) if verdict == LEFTOVER else ""
    if moved_to and not module.check_mode:
        os.rename(directory, moved_to)
    changed = bool(moved_to or released)
    diff = {"before": f"{directory}\n" if moved_to else "", "after": f"{moved_to}\n" if moved_to else ""}
    result = {"verdict": verdict, "active": found.active, "initialising": stored == "" and not released}
    module.exit_json(changed=changed, mark=mark_of(directory), moved_to=moved_to, diff=diff, **result)


if __name__ == "__main__":
    main()
