#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Store records through the site's name for a while, with a ledger of every write."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_writes
short_description: Store records through the site's name for a while, with a ledger of every write
version_added: 0.1.0
description:
  - Sends records at a steady rate, as visitors do, and notes each of them on disk before it is sent and when it is
    answered or given up. So it can be proved afterwards that each one that was acknowledged is there once.
  - A record is a POST of C({"key", "value"}) as JSON, answered with the status 201; docs/app-contract.md has it.
  - The name is resolved for each write, as far as the host's resolver asks for it.
  - Ends when the file O(stop) is there, or after O(seconds). Run it with C(async) and C(poll=0).
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Sends nothing.
  diff_mode:
    support: none
    description: Changes records of the application only.
options:
  url:
    description: Where to records are sent.
    type: str
    required: true
  ledger:
    description: The file of the ledger, which must not be there yet.
    type: path
    required: true
  stop:
    description: The file whose appearance ends it.
    type: path
    required: true
  prefix:
    description: What the keys of all records begin with; of no other ledger.
    type: str
    required: true
  rate:
    description: Writes in a second. A load balancer admits a single address with 100 requests in 10 s at most.
    type: float
    default: 5
  writers:
    description: Writers that take turns.
    type: int
    default: 8
  seconds:
    description: How long it goes on at most.
    type: float
    default: 900
  timeout:
    description: Seconds after which an answer is given up.
    type: float
    default: 8
  ca_file:
    description: The CA that vouches for the site's certificate; what the host trusts if it is not given.
    type: path
"""

EXAMPLES = r"""
- name: Store records while something happens
  freeagentics.platform.drill_writes:
    url: https://app.example.com/api/v1/records
    ledger: /var/tmp/drill/1.jsonl
    stop: /var/tmp/drill/1.stop
    prefix: drill-1
  async: 900
  poll: 0
"""

RETURN = r"""
ledger:
  description: The file of the ledger.
  returned: always
  type: str
"""

import http.client
import json
import os
import ssl
import time
from pathlib import Path
from typing import Any, Mapping
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.write import Ledger, Writers

FAILURES = (OSError, http.client.HTTPException)


class Visitor:
    """Somebody who stores records; every one has a connection of its own, and is sent once."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._url = urlsplit(params["url"])
        self._timeout = params["timeout"]
        self._tls = ssl.create_default_context(cafile=params["ca_file"])

    def __call__(self, key: str, value: str) -> int:
        """Store a record and return the status of the answer.

        :raises OSError: no answer.
        :raises http.client.HTTPException: half an answer.
        """
        host, port = str(self._url.hostname), self._url.port
        if self._url.scheme == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=self._timeout, context=self._tls
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        try:
            body = json.dumps({"key": key, "value": value})
            connection.request("POST", self._url.path or "/", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()


def main() -> None:
    """Write until somebody stops it, or the time is up."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "ledger": {"type": "path", "required": True},
            "stop": {"type": "path", "required": True},
            "prefix": {"type": "str", "required": True},
            "rate": {"type": "float", "default": 5},
            "writers": {"type": "int", "default": 8},
            "seconds": {"type": "float", "default": 900},
            "timeout": {"type": "float", "default": 8},
            "ca_file": {"type": "path"},
        },
        supports_check_mode=True,
    )
    params = module.params
    if urlsplit(params["url"]).scheme not in ("http", "https"):
        module.fail_json(msg=f"url is {params['url']!r}: write one that begins with https:// or http://")
    if params["rate"] <= 0 or params["writers"] < 1:
        module.fail_json(msg="rate must be more than 0, and writers 1 or more: nothing would be stored")
    if os.path.exists(params["ledger"]):
        module.fail_json(msg=f"{params['ledger']} is there already: each drill has a ledger of its own")
    if module.check_mode:
        module.exit_json(changed=True, ledger=params["ledger"])
    try:
        visitors = [Visitor(params)] * params["writers"]
        os.makedirs(os.path.dirname(params["ledger"]), mode=0o700, exist_ok=True)
        ledger, deadline = Ledger(Path(params["ledger"])), time.monotonic() + params["seconds"]
    except OSError as error:
        module.fail_json(msg=f"nothing can be stored: {error}")
    try:
        with Writers(ledger, params["prefix"], visitors, params["rate"], FAILURES):
            while not os.path.exists(params["stop"]) and time.monotonic() < deadline:
                time.sleep(0.2)
    finally:
        ledger.close()
    module.exit_json(changed=True, ledger=params["ledger"])


if __name__ == "__main__":
    main()
