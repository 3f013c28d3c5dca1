#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask endpoints again and again, as a visitor does, and say for how long they were away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_watch
short_description: Ask endpoints again and again, as a visitor does, and say how long they were away
version_added: 0.1.0
description:
  - Makes a request to each endpoint every O(interval) seconds, each with a connection of its own, and tells for how
    long there was no answer that is right.
  - Is meant to run beside other tasks, with C(async) and C(poll=0). It makes the file O(until) when it begins, and ends
    soon after that is removed, or after O(seconds).
  - An endpoint that is away is what it is there to tell of, and no failure. Changes nothing but that file.
author:
  - FreeAgentics (@freeagentics)
extends_documentation_fragment:
  - freeagentics.platform.endpoints
attributes:
  check_mode:
    support: full
    description: Makes one round of requests, and no file.
  diff_mode:
    support: none
    description: Changes nothing that would be shown.
options:
  until:
    description: A file that is made, must not be there before, and ends the watch when it is removed.
    type: path
    required: true
  interval:
    description: Seconds from the beginning of one request to that of the next one; one that takes longer is waited for.
    type: float
    default: 0.5
  timeout:
    description: Seconds for each step of a request.
    type: float
    default: 2
  seconds:
    description: How long to watch at most.
    type: float
    default: 1800
"""

EXAMPLES = r"""
- name: Watch the site from now on
  freeagentics.platform.endpoint_watch:
    endpoints:
      - {url: "https://app.example.com/health"}
    until: /tmp/.site-is-watched
  async: 1800
  poll: 0
  register: watch

- name: Change something
  ansible.builtin.command: /usr/local/bin/change-it

- name: End the watch
  ansible.builtin.file:
    path: /tmp/.site-is-watched
    state: absent

- name: Hear of it
  ansible.builtin.async_status:
    jid: "{{ watch.ansible_job_id }}"
  register: watched
  until: watched is finished
  delay: 1
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
    asked:
      description: How many requests were made.
      type: int
    failed:
      description: How many of them had no answer that is right.
      type: int
    away:
      description: The longest time from one answer to the next with failed requests in it, in seconds; 0 without any.
      type: float
      sample: 3.2
    back:
      description: When the first answer came after the last failed request, in seconds from the beginning; none where
        none did.
      type: float
      sample: 7.4
    error:
      description: Why the last one failed that did, or empty.
      type: str
      sample: timed out
watched:
  description: How long it was watched, in seconds.
  returned: always
  type: float
"""

import os
import threading
import time
from typing import Any, Callable, Dict, List

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.options import ENDPOINTS, endpoints_of
from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.probe import Endpoint, probe
from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.watch import Request, told

#: Seconds between two looks whether the watch is over.
PAUSE = 0.1


class Watch:
    """The requests to one endpoint."""

    def __init__(self, endpoint: Endpoint, begun: float) -> None:
        self._endpoint, self._begun = endpoint, begun
        self._requests: List[Request] = []
        self._error = ""

    def run(self, interval: float, over: Callable[[], bool]) -> None:
        """Ask until it is over, and once at least."""
        while True:
            begun = time.monotonic()
            result = probe(self._endpoint)
            self._requests.append(Request(begun - self._begun, time.monotonic() - self._begun, result.healthy))
            self._error = self._error if result.healthy else result.error
            while not over() and time.monotonic() < begun + interval:
                time.sleep(PAUSE)
            if over():
                return

    def record(self) -> Dict[str, Any]:
        """Return what came of it."""
        return {"url": self._endpoint.url, **told(self._requests), "error": self._error}


def main() -> None:
    """Watch until the file is gone."""
    module = AnsibleModule(
        argument_spec={
            **ENDPOINTS,
            "until": {"type": "path", "required": True},
            "interval": {"type": "float", "default": 0.5},
            "timeout": {"type": "float", "default": 2},
            "seconds": {"type": "float", "default": 1800},
        },
        supports_check_mode=True,
    )
    params, begun = module.params, time.monotonic()
    until = params["until"]
    if not module.check_mode:
        try:
            os.close(os.open(until, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        except OSError as error:
            module.fail_json(msg=f"{until} cannot be made: {error.strerror}. It has to be a new file of this watch")

    def over() -> bool:
        return module.check_mode or time.monotonic() - begun > params["seconds"] or not os.path.lexists(until)

    watches = [Watch(endpoint, begun) for endpoint in endpoints_of(params)]
    threads = [threading.Thread(target=watch.run, args=(params["interval"], over), daemon=True) for watch in watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if os.path.lexists(until) and not module.check_mode:
        os.unlink(until)
    module.exit_json(
        changed=False,
        endpoints=[watch.record() for watch in watches],
        watched=round(time.monotonic() - begun, 2),
    )


if __name__ == "__main__":
    main()
