#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep Patroni's dynamic configuration as it is declared."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_config
short_description: Keep Patroni's dynamic configuration as it is declared
version_added: 0.1.0
description:
  - Reads the configuration that all members share and changes only what differs, in one step. Parameters of
    PostgreSQL that are not declared are removed; other keys that are not declared stay.
  - Whether the cluster follows another one is decided by failovers, so C(standby_cluster) is changed where it is
    there, and it never comes or goes.
  - Waits for the cluster to be initialised, and after a change until every member has taken it over.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Returns the changes of a real run. Does not wait then; a cluster that is not there has nothing to
      change.
  diff_mode:
    support: full
    description: Shows the whole configuration before and after.
options:
  config:
    description: The configuration, as Patroni documents it.
    type: dict
    required: true
  address:
    description: The address of a REST API of the cluster, for which its certificate must be.
    type: str
    required: true
  port:
    description: Its port.
    type: int
    default: 8008
  ca_file:
    description: The CA that vouches for the certificates of the REST API, on the host.
    type: path
    required: true
  username:
    description: The user of the REST API.
    type: str
    default: ""
  password:
    description: The password of the user.
    type: str
    default: ""
  timeout:
    description: Seconds to wait for the cluster, and for the members after a change.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Let a failover be decided after 20 seconds
  freeagentics.platform.patroni_config:
    address: 10.0.20.10
    ca_file: /etc/freeagentics/tls/ca.crt
    username: patroni
    password: "{{ secret_patroni_rest }}"
    config:
      ttl: 20
      loop_wait: 2
      retry_timeout: 3
"""

RETURN = r"""
patch:
  description: What was changed, as Patroni takes it; none stands for a removed key.
  returned: always
  type: dict
  sample: {ttl: 20}
follows:
  description: Whether the cluster follows another one.
  returned: always
  type: bool
"""

import json
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.dynamic import apply, follows, patch
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint, RestError, call


class NotReady(Exception):
    """There is no cluster yet, or a member has not taken the change over; the text says who."""


def wait(seconds, question):
    """Return the first answer to a question that is asked until it has one.

    :raises NotReady: there was none in time; the text is the last reason.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return question()
        except (NotReady, RestError) as error:
            if time.monotonic() >= deadline:
                raise NotReady(str(error)) from error
        time.sleep(0.5)


def current(endpoint):
    """Return the configuration of the cluster."""
    status, answer = call(endpoint, "GET", "/config")
    if status != 200:
        raise NotReady(f"{endpoint.place}/config: HTTP status {status}: the cluster is not initialised")
    return answer


def members_of(endpoint):
    """Return where every member of the cluster is asked, by its name."""
    found = {}
    for member in call(endpoint, "GET", "/cluster")[1].get("members", []):
        address, port = member["api_url"].split("//")[1].split("/")[0].rsplit(":", 1)
        found[member["name"]] = Endpoint(address.strip("[]"), int(port), endpoint.ca_file)
    return found


def loops(members):
    """Return when every member that runs last read the store, by the member's clock, as it tells itself."""
    found = {}
    for name, member in members.items():
        try:
            found[name] = call(member, "GET", "/patroni")[1]["dcs_last_seen"]
        except (RestError, TypeError, KeyError):
            continue
    return found


def taken_over(members, before):
    """Check that all members read the store after the change.

    :raises NotReady: one did not.
    """
    now = loops(members)
    late = sorted(name for name, seen in before.items() if now.get(name, seen) <= seen)
    if late:
        raise NotReady(f"{', '.join(late)} did not read the cluster store since the configuration changed")


def change(module, endpoint, difference):
    """Change the configuration and wait until all members have it; twice, since a read may have been under way.

    Who is asked for the cluster reads the store for that, and not to take anything over: it is asked once, before.
    """
    members = members_of(endpoint)
    status, answer = call(endpoint, "PATCH", "/config", difference)
    if status != 200:
        module.fail_json(msg=f"{endpoint.place}/config: HTTP status {status}: {answer}")
    for _time in range(2):
        before = loops(members)
        wait(module.params["timeout"], lambda seen=before: taken_over(members, seen))


def main() -> None:
    """Read, plan, apply."""
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "dict", "required": True},
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "default": 8008},
            "ca_file": {"type": "path", "required": True},
            "username": {"type": "str", "default": ""},
            "password": {"type": "str", "default": "", "no_log": True},
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    params = module.params
    endpoint = Endpoint(*(params[key] for key in ("address", "port", "ca_file", "username", "password")))
    try:
        found = wait(0 if module.check_mode else params["timeout"], lambda: current(endpoint))
        difference = patch(found, params["config"])
        if difference and not module.check_mode:
            change(module, endpoint, difference)
    except (NotReady, RestError) as error:
        if not module.check_mode:
            module.fail_json(msg=str(error))
        found, difference = {}, {}
    before, after = (json.dumps(one, indent=2, sort_keys=True) + "\n" for one in (found, apply(found, difference)))
    result = {"patch": difference, "follows": follows(found)}
    module.exit_json(changed=bool(difference), diff={"before": before, "after": after}, **result)


if __name__ == "__main__":
    main()
