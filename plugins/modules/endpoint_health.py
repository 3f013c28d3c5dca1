#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask endpoints as a visitor does, many at once, and say which are healthy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_health
short_description: Ask endpoints as a visitor does, many at once, and say which are healthy
version_added: 0.1.0
description:
  - Makes one request to each endpoint, all at once. Tells the status, the time of each part of the request, and for how
    long the certificate is still valid, which must be for the name and be vouched for.
  - Opens a WebSocket where the URL begins with C(ws) or C(wss), and closes it.
  - Where O(seconds) is given, asks those that are not healthy again until all are, or until the time is over.
  - Fails where an endpoint is not healthy, unless O(tolerate) says otherwise. Reads only.
author:
  - FreeAgentics (@freeagentics)
extends_documentation_fragment:
  - freeagentics.platform.endpoints
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Changes nothing.
options:
  certificate_days:
    description: How many days certificates must still be valid for.
    type: float
    default: 0
  timeout:
    description: Seconds for each step of a request.
    type: float
    default: 5
  seconds:
    description: How long to ask again while an endpoint is not healthy.
    type: float
    default: 0
  tolerate:
    description: Whether to tell of endpoints that are not healthy without failing.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: See that the site answers through its public name
  freeagentics.platform.endpoint_health:
    endpoints:
      - {url: "https://app.example.com/health", contains: ok}
      - {url: "wss://app.example.com/api/v1/ws/echo"}
    certificate_days: 14
    seconds: 60

- name: See that a load balancer answers for the site before the name leads to it
  freeagentics.platform.endpoint_health:
    endpoints:
      - {url: "https://app.example.com/health", address: 203.0.113.11}
"""

RETURN = r"""
endpoints:
  description: What came of each, in the order of the parameter.
  returned: always
  type: list
  elements: dict
  contains:
    url:
      description: The URL.
      type: str
    healthy:
      description: Whether it is as it should be.
      type: bool
    status:
      description: The status, 0 without an answer.
      type: int
    error:
      description: Why it is not healthy, or empty.
      type: str
      sample: status 503, not 200
    seconds:
      description: When each part was over, C(connected), C(secured), C(answered) and C(done), from the beginning of the
        last request.
      type: dict
      sample: {connected: 0.012, secured: 0.031, answered: 0.044, done: 0.045}
    certificate_days:
      description: How many days the certificate is still valid for, or none.
      type: float
healthy:
  description: Whether all are.
  returned: always
  type: bool
waited:
  description: Seconds until all were healthy, or until the time was over.
  returned: always
  type: float
"""

import time
from dataclasses import asdict
from typing import List

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.options import ENDPOINTS, endpoints_of
from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.probe import Endpoint, Result, probe
from ansible_collections.freeagentics.platform.plugins.module_utils.observe.parallel import ask_all

#: Seconds between two rounds.
PAUSE = 0.5
#: How many steps of a request may each take their whole time.
STEPS = 4


def ask(wanted: List[Endpoint], timeout: float) -> List[Result]:
    """Return what came of one request to each."""
    questions = {("", str(number)): lambda e=endpoint: probe(e) for number, endpoint in enumerate(wanted)}
    answers = ask_all(questions, timeout * STEPS)
    return [
        answer.value if answer.value is not None else Result(endpoint.url, error=answer.error)
        for endpoint, answer in zip(wanted, answers.values())
    ]


def main() -> None:
    """Ask until all are healthy or the time is over."""
    module = AnsibleModule(
        argument_spec={
            **ENDPOINTS,
            "certificate_days": {"type": "float", "default": 0},
            "timeout": {"type": "float", "default": 5},
            "seconds": {"type": "float", "default": 0},
            "tolerate": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params, begun = module.params, time.monotonic()
    wanted = endpoints_of(params, params["certificate_days"])
    results = ask(wanted, params["timeout"])
    while not all(one.healthy for one in results) and time.monotonic() - begun + PAUSE < params["seconds"]:
        time.sleep(PAUSE)
        ill = [number for number, one in enumerate(results) if not one.healthy]
        for number, result in zip(ill, ask([wanted[number] for number in ill], params["timeout"])):
            results[number] = result
    healthy = all(one.healthy for one in results)
    found = {
        "endpoints": [asdict(one) for one in results],
        "healthy": healthy,
        "waited": round(time.monotonic() - begun, 3),
    }
    if not healthy and not params["tolerate"]:
        ill_ones = "; ".join(f"{one.url}: {one.error}" for one in results if not one.healthy)
        module.fail_json(msg=f"not healthy: {ill_ones}", **found)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
