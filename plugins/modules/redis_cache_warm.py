#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fill a cache with the keys that another one has in use, or by the requests that fill it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_cache_warm
short_description: Fill a Redis Cluster with the keys that another one has in use, or by the requests that fill it
version_added: 0.1.0
description:
  - Carries the most valuable keys of one cluster to another with their times of expiry, at a bounded rate and for a
    bounded time, so that a region that takes over does not begin with an empty cache.
  - O(state=copied) goes from O(source) to O(target), where one host reaches both. O(state=saved) goes from O(source) to
    a file and O(state=loaded) from the file to O(target), where none does, as with regions whose clusters are closed to
    each other; the file goes over the control host. O(state=replayed) asks no cluster, the application gets requests
    that fill its cache.
  - Most valuable are, under an eviction policy that counts uses (C(*-lfu)), the keys with the highest C(OBJECT FREQ),
    else those with the lowest C(OBJECT IDLETIME); of equal ones the smallest. The use goes along, so that a target that
    becomes full evicts the least valuable first. Reading a key for the copy counts as one use in the source.
  - Keys are looked at with C(SCAN) for half of O(seconds) at most. RV(scanned) tells whether these were all.
  - A key that the target has is newer there and is kept, unless O(replace) is set. Times of expiry are moments, so they
    are right however long the way takes, as far as the hosts' clocks agree.
  - Keys go over as C(DUMP) gives them, which a Redis older than the source cannot read; that is told once and ends the
    work. With O(state=replayed) versions do not matter.
  - Needs C(python3-redis) where clusters are asked, Redis 7, and users with C(cluster|slots), C(info), C(scan),
    C(object), C(memory|usage), C(dump) and C(pexpiretime) in the source, C(cluster|slots), C(restore) and C(exists) in
    the target, for all keys.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Counts what would be copied, kept and skipped, and carries nothing.
  diff_mode:
    support: none
    description: Keys are not shown.
options:
  state:
    description: What is done; see the description.
    type: str
    choices: [copied, saved, loaded, replayed]
    required: true
  source:
    description: The cluster whose keys are carried. Needed for V(copied) and V(saved).
    type: dict
    suboptions: &cluster
      nodes:
        description: Some nodes of the cluster, or all; the others are learnt from the first that answers.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: The node's name, for the reader.
            type: str
            required: true
          address:
            description: Its IP address, for which its certificate must be.
            type: str
            required: true
          port:
            description: Its port for clients.
            type: int
            default: 6379
          bus_port:
            description: Its port for the other nodes, which is not asked.
            type: int
            default: 16379
          zone:
            description: The zone that it fails with, which is not looked at.
            type: str
            default: ''
      login_user:
        description: The user to log in as.
        type: str
        default: default
      login_password:
        description: The user's password.
        type: str
      ca_file:
        description: The CA that vouches for the nodes' certificates. Without it, no TLS.
        type: path
  target:
    description: The cluster that gets the keys. Needed for V(copied) and V(loaded).
    type: dict
    suboptions: *cluster
  path:
    description: The file on the host where the module runs, written with mode 0600. Needed for V(saved) and V(loaded).
    type: path
  max_file_bytes:
    description: The file becomes no larger.
    type: int
    default: 1073741824
  url:
    description: The application that gets the requests, without a path. Needed for V(replayed).
    type: str
  urls:
    description: The paths that are asked for with GET, in this order. Needed for V(replayed).
    type: list
    elements: str
  headers:
    description: Headers of each request, such as C(Host).
    type: dict
    default: {}
  url_ca_file:
    description: The CA that vouches for the application's certificate; the system's if it is not given.
    type: path
  workers:
    description: How many requests are under way at once.
    type: int
    default: 4
  requests_per_second:
    description: How many requests are sent in a second at most.
    type: float
    default: 50
  seconds:
    description: When this time is up, no further key is carried and no further request sent.
    type: float
    default: 300
  keys_per_second:
    description: How many keys are carried in a second at most.
    type: float
    default: 2000
  bytes_per_second:
    description: How many bytes of keys are carried in a second at most.
    type: float
    default: 20971520
  max_key_bytes:
    description: Keys that take more memory are skipped; in a file, those whose payload is larger.
    type: int
    default: 1048576
  max_keys:
    description: Among how many of the most valuable keys, held in memory, the work chooses.
    type: int
    default: 500000
  replace:
    description: Whether keys that the target has are overwritten, though they may be newer there.
    type: bool
    default: false
  timeout:
    description: Seconds that a node or the application may take to answer.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: Save the hot keys of the region that is left
  freeagentics.platform.redis_cache_warm:
    state: saved
    source: {nodes: "{{ here.nodes }}", login_user: admin, login_password: "{{ admin }}", ca_file: "{{ ca }}"}
    path: /var/lib/redis/warm
    max_file_bytes: 268435456
    seconds: 60

- name: Bring the file to the control host
  ansible.builtin.fetch:
    src: /var/lib/redis/warm
    dest: "{{ folder }}/warm"
    flat: true

- name: Load them in the region that takes over, after the file was copied there
  freeagentics.platform.redis_cache_warm:
    state: loaded
    target: {nodes: "{{ there.nodes }}", login_user: admin, login_password: "{{ admin }}", ca_file: "{{ ca }}"}
    path: /var/lib/redis/warm
    keys_per_second: 5000
    seconds: 60
  register: warm

- name: Let the application fill its cache
  freeagentics.platform.redis_cache_warm:
    state: replayed
    url: http://127.0.0.1:8000
    urls: [/api/products, /api/products/1]
    headers: {Host: api.example.com}
    requests_per_second: 20
    seconds: 60
"""

RETURN = r"""
seen:
  description: Keys that were looked at, or paths that were given.
  returned: always
  type: int
copied:
  description: Keys that were carried, in check mode would be; or requests that were answered.
  returned: always
  type: int
kept:
  description: Keys that the target has and that were left as they are.
  returned: always
  type: int
too_large:
  description: Keys that were skipped, since they are larger than O(max_key_bytes).
  returned: always
  type: int
gone:
  description: Keys that expired or were deleted meanwhile.
  returned: always
  type: int
errors:
  description: Keys or requests that failed; RV(problems) says why.
  returned: always
  type: int
left:
  description: Keys or requests for which there was no time, no room in the file, or no place among O(max_keys).
  returned: always
  type: int
scanned:
  description: Whether all keys of the source were looked at.
  returned: always
  type: bool
stopped:
  description: Why it ended before everything was done; empty if it did not.
  returned: always
  type: str
  sample: the time was up
bytes:
  description: Bytes of the payloads that were carried, or of the answers.
  returned: always
  type: int
seconds:
  description: How long it took.
  returned: always
  type: float
per_second:
  description: Keys or requests per second, over the whole time.
  returned: always
  type: float
problems:
  description: What failed, once for each reason, the most frequent first.
  returned: always
  type: list
  elements: dict
  contains:
    reason:
      description: What the server said.
      type: str
    count:
      description: How often.
      type: int
    example:
      description: The first key or path.
      type: str
    remedy:
      description: What to do.
      type: str
"""

import os
import tempfile
import time
from typing import Any, Dict, List, Optional, Sequence

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info import options
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import (
    REDIS_ERROR,
    Client,
    ServerError,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm import archive, carry
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.cluster import (
    Address,
    Cluster,
    ClusterError,
    Failure,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.pace import Pace
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.plan import Problems
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.replay import Site, replay


def now_ms() -> int:
    """Return the milliseconds since 1970."""
    return int(time.time() * 1000)


class Servers:
    """The connections to the nodes of a cluster, each made when it is first needed."""

    def __init__(self, cluster: Dict[str, Any], timeout: float) -> None:
        self.login, self.timeout = cluster, timeout
        self.clients: Dict[Address, Client] = {}

    def ask(self, node: Address, commands: Sequence[Any]) -> List[Any]:
        """Send commands to a node; what it refuses, or all if it cannot be reached, is answered by a Failure."""
        if node not in self.clients:
            self.clients[node] = options.client(*node, self.login, self.timeout)
        try:
            answers = self.clients[node].ask_all(commands)
        except ServerError as error:
            return [Failure(str(error)) for _command in commands]
        return [Failure(answer.said) if isinstance(answer, ServerError) else answer for answer in answers]


def opened(params: Dict[str, Any], name: str) -> Cluster:
    """Return a cluster of the parameters, as its first node that answers knows it."""
    seeds = [(node["address"], node["port"]) for node in params[name]["nodes"]]
    try:
        return Cluster(seeds, Servers(params[name], params["timeout"]).ask)
    except ClusterError as error:
        raise ClusterError(f"{name}: {error}") from error


class Work:
    """What a state does, with the limits of the parameters."""

    def __init__(self, params: Dict[str, Any], check_mode: bool) -> None:
        self.params, self.check_mode = params, check_mode
        rates = {"keys": "keys_per_second", "bytes": "bytes_per_second", "requests": "requests_per_second"}
        self.pace = Pace(
            {kind: params[name] for kind, name in rates.items()}, params["seconds"], time.monotonic, time.sleep
        )
        names = ("keys_per_second", "bytes_per_second", "max_key_bytes", "max_keys")
        self.limits = carry.Limits(*(params[name] for name in names))
        self.replace: bool = params["replace"]

    def copied(self) -> carry.Tally:
        """Carry keys from cluster to cluster."""
        source, target = opened(self.params, "source"), opened(self.params, "target")
        if self.check_mode:
            return carry.foresee(source, target, self.limits, self.pace, self.replace)
        return carry.copy(source, target, self.limits, self.pace, self.replace, now_ms)

    def saved(self) -> carry.Tally:
        """Carry keys to a file, which takes its name when it is whole."""
        source = opened(self.params, "source")
        if self.check_mode:
            return carry.foresee(source, None, self.limits, self.pace, self.replace)
        path = self.params["path"]
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path) or ".", prefix=".warm-", delete=False) as file:
            try:
                writer = archive.Writer(file, {"saved_at": now_ms()}, self.params["max_file_bytes"])
                tally = carry.save(source, writer.add, self.limits, self.pace)
                writer.close()
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
        return tally

    def loaded(self) -> carry.Tally:
        """Carry keys from a file."""
        with open(self.params["path"], "rb") as file:
            _about, end = archive.check(file)
            target = opened(self.params, "target")
            records = archive.read(file, end)
            if self.check_mode:
                return carry.foresee_load(records, target, self.limits, self.pace, self.replace)
            return carry.load(records, target, self.limits, self.pace, self.replace, now_ms)

    def replayed(self) -> carry.Tally:
        """Send requests to the application."""
        params, paths = self.params, self.params["urls"]
        if self.check_mode:
            return carry.Tally(seen=len(paths), copied=len(paths))
        problems = Problems()
        headers = {name: str(value) for name, value in params["headers"].items()}

        def new_request() -> Site:
            return Site(params["url"], headers, params["url_ca_file"], params["timeout"])

        done = replay(paths, new_request, self.pace, params["workers"], problems)
        return carry.Tally(
            seen=len(paths),
            copied=done.answered,
            errors=done.failed,
            left=done.left,
            payload_bytes=done.bytes,
            stopped=carry.OUT_OF_TIME if done.left else "",
            problems=problems,
        )

    def result(self) -> Dict[str, Any]:
        """Do it and return what the module tells."""
        tally = getattr(self, self.params["state"])()
        seconds = self.pace.seconds()
        names = ("seen", "copied", "kept", "too_large", "gone", "errors", "left", "scanned", "stopped")
        return {
            **{name: getattr(tally, name) for name in names},
            "changed": tally.copied > 0,
            "bytes": tally.payload_bytes,
            "seconds": round(seconds, 3),
            "per_second": round(tally.copied / seconds, 1) if seconds else 0.0,
            "problems": tally.problems.records(),
        }


def refusal(params: Dict[str, Any]) -> Optional[str]:
    """Return what is wrong with the limits, or None."""
    names = ("seconds", "keys_per_second", "bytes_per_second", "requests_per_second", "timeout", "workers", "max_keys")
    for name in names:
        if params[name] <= 0:
            return f"{name}: {params[name]:g} is no limit that lets anything through; write a number above 0"
    if params["url"] and not params["url"].startswith(("http://", "https://")):
        return f"url: {params['url']} is neither http nor https; write it as in https://api.example.com"
    return None


def main() -> None:
    """Carry keys or send requests, and tell how far it came."""
    cluster = {"type": "dict", "options": {"nodes": options.NODES_SPEC, **options.LOGIN_SPEC}}
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["copied", "saved", "loaded", "replayed"], "required": True},
            "source": cluster,
            "target": cluster,
            "path": {"type": "path"},
            "max_file_bytes": {"type": "int", "default": 1073741824},
            "url": {"type": "str"},
            "urls": {"type": "list", "elements": "str"},
            "headers": {"type": "dict", "default": {}, "no_log": True},
            "url_ca_file": {"type": "path"},
            "workers": {"type": "int", "default": 4},
            "requests_per_second": {"type": "float", "default": 50},
            "seconds": {"type": "float", "default": 300},
            "keys_per_second": {"type": "float", "default": 2000, "no_log": False},
            "bytes_per_second": {"type": "float", "default": 20971520},
            "max_key_bytes": {"type": "int", "default": 1048576, "no_log": False},
            "max_keys": {"type": "int", "default": 500000, "no_log": False},
            "replace": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 5},
        },
        required_if=[
            ("state", "copied", ("source", "target")),
            ("state", "saved", ("source", "path")),
            ("state", "loaded", ("target", "path")),
            ("state", "replayed", ("url", "urls")),
        ],
        supports_check_mode=True,
    )
    if REDIS_ERROR and module.params["state"] != "replayed":
        module.fail_json(msg=missing_required_lib("redis (python3-redis)"), exception=REDIS_ERROR)
    message = refusal(module.params)
    if message:
        module.fail_json(msg=message)
    try:
        result = Work(module.params, module.check_mode).result()
    except ClusterError as error:
        module.fail_json(msg=str(error))
    except (archive.ArchiveError, OSError) as error:
        module.fail_json(msg=f"{module.params['path']}: {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
