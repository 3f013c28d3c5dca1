#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take the lease from a primary that cannot write any more, and wait until another member leads."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_failover
short_description: Take the lease from a primary that cannot write any more, and wait until another member leads
version_added: 0.1.0
description:
  - Removes the leader's key from the cluster store, if it is still the one that was looked at, in one transaction.
    Patroni's members notice at once and elect. Nothing is promoted beside Patroni.
  - Before it, on the same condition, the member which held it is taken out of the list of members and of the failsafe
    list. Patroni asks everybody there for a vote, and waits two seconds for one that is dead (C(is_healthiest_node) and
    C(fetch_node_status) in its ha.py). A member that comes back enters itself again.
  - The caller has to have proved before that the old primary cannot write, with M(freeagentics.platform.postgres_fence)
    or by taking its power. Without O(revision) nothing is removed, and the module waits until the lease has run out.
  - Can be run again at any time; where another member leads already, it changes nothing.
author:
  - FreeAgentics (@freeagentics)
extends_documentation_fragment:
  - freeagentics.platform.cluster_store
  - freeagentics.platform.cluster_store.members
attributes:
  check_mode:
    support: full
    description: Tells whether the key would be removed, and does not wait.
  diff_mode:
    support: full
    description: Shows who leads before and after.
options:
  old:
    description: The member that shall lead no more; empty where nobody held the lease.
    type: str
    default: ""
  revision:
    description: The revision of its key, of M(freeagentics.platform.postgres_failover_info). With 0 nothing is removed.
    type: int
    default: 0
  lease_id:
    description: The lease that the key hangs on, of the same module.
    type: int
    default: 0
  candidate:
    description: The member that shall lead. Without one Patroni elects the member that has most. It is named in the
      same transaction, after another look at who has how much; the module fails where another member leads in the end.
    type: str
    default: ""
  forced:
    description: Whether the candidate shall lead although others may have more, because the operator accepted a loss of
      which nobody can tell how much it is. Nothing is compared then.
    type: bool
    default: false
  lost_bytes:
    description: How much less log than another member the candidate may have, because the operator accepted that.
    type: int
    default: 0
  compared:
    description: Whether M(freeagentics.platform.postgres_commits_info) found that the old primary, which is stopped,
      committed nothing that the candidate lacks. The candidate leads then although no standby was synchronous.
    type: bool
    default: false
  timeout:
    description: Seconds until another member must lead.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Let another member lead
  freeagentics.platform.postgres_failover:
    scope: us-east-1
    members: [{name: db1, host: 10.0.20.10}, {name: db2, host: 10.0.21.10}, {name: db3, host: 10.0.21.11}]
    store: [{address: 10.0.20.10, port: 2379}, {address: 10.0.21.10, port: 2379}]
    store_user: patroni
    store_password: "{{ secret_etcd_patroni }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    old: db1
    revision: "{{ seen.store.revision }}"
    lease_id: "{{ seen.store.lease_id }}"
"""

RETURN = r"""
leader:
  description: Who leads.
  returned: always
  type: str
  sample: db2
released:
  description: Whether the key was removed by this run.
  returned: always
  type: bool
seconds:
  description: How long it took until the member led, from the start of the module.
  returned: always
  type: float
ends:
  description: Where the log ends that each other member has which answers. Behind it the old primary's own log tells
    what it acknowledged, with M(freeagentics.platform.postgres_commits_info); where that is nothing, O(compared) can be
    said.
  returned: when no standby was synchronous any more
  type: dict
  sample: {db2: 0/390057A0, db3: 0/390057A0}
"""

import json
import time
from typing import Any, Dict, Mapping, Optional, Sequence, Set, Tuple

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import leads
from ansible_collections.freeagentics.platform.plugins.module_utils.observe.parallel import ask_all
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.options import (
    MEMBERS,
    STORE,
    folder_of,
    store_of,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint, RestError, read
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.store import Entry, StoreError
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import show_lsn

#: Seconds between two looks.
PAUSE = 0.1
#: Seconds for each answer.
ANSWER = 2.0
#: Seconds in which Patroni looks at the store once it has been woken: 0.05 to 0.1 in the lab.
LOOP = 0.25


class Refused(Exception):
    """The candidate must not lead; the text says why."""


class Alone(Refused):
    """Nobody may lead, as the old primary wrote alone at the end. Its log tells whether it committed anything then."""


class Cluster:
    """A cluster as its store and its members tell of it."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = params
        self._store = store_of(params, ANSWER)
        self._folder = folder_of(params)

    def holder(self) -> str:
        """Return who holds the lease, empty if nobody does."""
        entry = self._store.under(self._folder).get("leader")
        return entry.value if entry else ""

    def release(self) -> bool:
        """Remove the key of the old leader, if it is still the one that was looked at, and name the candidate with it.

        Where the key has gone meanwhile, the candidate is named alone. Return whether anything was changed.

        :raises Refused: the candidate has less than others, and no loss was accepted; or there is none, and Patroni can
            elect nobody.
        """
        entries = self._store.under(self._folder)
        leader, candidate = entries.get("leader"), self._params["candidate"]
        seen = (self._params["old"], self._params["revision"], self._params["lease_id"])
        if leader is not None and (
            not self._params["revision"] or (leader.value, leader.revision, leader.lease) != seen
        ):
            return False
        put = {}
        if candidate:
            if not self._params["forced"]:
                self._compare(candidate, entries)
            put[f"{self._folder}failover"] = json.dumps({"member": candidate})
        if leader is None:
            if not candidate:
                self._check_vote(entries)
            return bool(put) and self._store.change_if_still(f"{self._folder}leader", None, put=put)
        if not self._forget_member(leader, entries):
            return False
        return self._store.change_if_still(f"{self._folder}leader", leader, [f"{self._folder}leader"], put)

    def _forget_member(self, leader: Entry, entries: Mapping[str, Entry]) -> bool:
        """Take the leader out of the members, and let the others see that.

        They look at once where the status changes (C(_process_event) in Patroni's dcs/etcd3.py), were it by a blank.
        Where they do not, the election takes as long as it would have taken.
        """
        put = {}
        known = json.loads(entries["failsafe"].value) if "failsafe" in entries else None
        if isinstance(known, dict):
            put[f"{self._folder}failsafe"] = json.dumps({one: known[one] for one in known if one != leader.value})
        if "status" in entries:
            status = entries["status"].value
            put[f"{self._folder}status"] = status.rstrip() if status != status.rstrip() else f"{status} "
        member = f"{self._folder}members/{leader.value}"
        if not self._store.change_if_still(f"{self._folder}leader", leader, [member], put):
            return False
        time.sleep(LOOP)
        return True

    def _check_vote(self, entries: Mapping[str, Entry]) -> None:
        """See that Patroni can elect somebody, where nobody holds the lease and no candidate is named.

        A primary that nothing reaches loses its standbys while it is stopped, and writes that none is synchronous.

        :raises Refused: only the old primary was synchronous at the end, so Patroni takes nobody else.
        """
        sync, standbys = self._sync(entries)
        alone = not standbys and self._params["old"] and sync.get("leader") == self._params["old"]
        if alone and _is_synchronous(entries):
            raise self._nobody(sync)

    def _sync(self, entries: Mapping[str, Entry]) -> Tuple[Dict[str, Any], Set[str]]:
        """Return what the store says of who was synchronous at the end, and the standbys among them."""
        sync = json.loads(entries["sync"].value) if "sync" in entries else {}
        return sync, {name for name in str(sync.get("sync_standby") or "").split(",") if name} - {self._params["old"]}

    def _nobody(self, sync: Mapping[str, Any]) -> Refused:
        old = self._params["old"] or "the old primary"
        kind = Alone if self._params["old"] and sync.get("leader") == self._params["old"] else Refused
        return kind(f"no standby was synchronous any more: {old} may have acknowledged what nobody else has")

    def _compare(self, candidate: str, entries: Mapping[str, Entry]) -> None:
        """Look again at who has how much, now that the old primary writes no more: Patroni takes whoever is named."""
        sync, standbys = self._sync(entries)
        if not standbys and _is_synchronous(entries) and not self._params["compared"]:
            raise self._nobody(sync)
        voters = (standbys | {str(sync.get("leader") or "")}) - {"", self._params["old"]}
        if not _is_synchronous(entries):
            # No commit waited for anybody, so whoever has most may have what was acknowledged.
            voters = {str(one["name"]) for one in self._params["members"]} - {self._params["old"]}
        has = self._positions(sorted({candidate, *voters}))
        if candidate not in has:
            raise Refused(f"{candidate} does not answer any more")
        lacks = {name: position - has[candidate] for name, position in has.items() if position > has[candidate]}
        if max(lacks.values(), default=0) > self._params["lost_bytes"]:
            bytes_of = ", ".join(f"{lacks[name]} bytes less than {name}" for name in sorted(lacks))
            raise Refused(f"{candidate} has {bytes_of} by now")
        # A commit waited for all of the standbys but so many; one that was no standby knows nothing by itself.
        others = [name for name in standbys if name in has and name != candidate]
        if standbys and len(others) < int(sync.get("quorum") or 0) + (candidate not in standbys):
            raise Refused(f"too few of {', '.join(sorted(voters))} answer to know what was acknowledged")

    def _positions(self, names: Sequence[str]) -> Dict[str, int]:
        """Return how much log members have, those that answer."""
        asked = {one["name"]: one for one in self._params["members"] if one["name"] in names}
        answers = ask_all({(name, ""): lambda m=member: self._patroni(m) for name, member in asked.items()}, ANSWER)
        found = {}
        for (name, _nothing), answer in answers.items():
            log = (answer.value or {}).get("xlog") or {}
            position = log.get("received_location") or log.get("location")
            if position:
                found[name] = max(int(position), int(log.get("replayed_location") or 0))
        return found

    def ends(self) -> Dict[str, str]:
        """Return where the log ends that the members have, of those that answer, but for the old primary."""
        names = [one["name"] for one in self._params["members"] if one["name"] != self._params["old"]]
        return {name: show_lsn(position) for name, position in self._positions(names).items()}

    def _patroni(self, member: Mapping[str, Any]) -> Any:
        return read(Endpoint(member["host"], member["rest_port"], self._params["ca_file"], timeout=ANSWER), "/patroni")

    def leads(self, name: str) -> bool:
        """Return whether a member's own Patroni says that it leads and that its server runs."""
        member = next((one for one in self._params["members"] if one["name"] == name), None)
        if member is None:
            return False
        try:
            said = self._patroni(member)
        except RestError:
            return False
        return leads(said)


def _is_synchronous(entries: Mapping[str, Entry]) -> bool:
    """Return whether the cluster's settings let commits wait for a standby."""
    config = json.loads(entries["config"].value) if "config" in entries else {}
    return config.get("synchronous_mode") not in (None, False, "off", "false")


def wait_for_leader(cluster: Cluster, old: str, seconds: float) -> Optional[str]:
    """Return who leads instead of the old one, None if nobody did in time.

    :raises Refused: the lease has run out, and the candidate must not lead.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            holder = cluster.holder()
            if not holder:
                # Its lease has run out meanwhile: a candidate can be named now.
                cluster.release()
        except StoreError:
            holder = ""
        if holder and holder != old and cluster.leads(holder):
            return holder
        if time.monotonic() > deadline:
            return None
        time.sleep(PAUSE)


def main() -> None:
    """Release, wait, tell."""
    module = AnsibleModule(
        argument_spec={
            **STORE,
            **MEMBERS,
            "old": {"type": "str", "default": ""},
            "revision": {"type": "int", "default": 0},
            "lease_id": {"type": "int", "default": 0},
            "candidate": {"type": "str", "default": ""},
            "forced": {"type": "bool", "default": False},
            "lost_bytes": {"type": "int", "default": 0},
            "compared": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    params, cluster, began, released = module.params, Cluster(module.params), time.monotonic(), False
    try:
        before = cluster.holder()
        if module.check_mode:
            changed = bool(params["revision"]) and before == params["old"]
            module.exit_json(changed=changed, leader=before, released=False, seconds=0.0)
        released = cluster.release()
        leader = wait_for_leader(cluster, params["old"], params["timeout"])
    except StoreError as error:
        module.fail_json(msg=f"the cluster store does not answer: {error}. Run this again, it looks at what is there")
    except Refused as error:
        so_far = "the lease was taken away" if released else "the lease was not taken away"
        ends = cluster.ends() if isinstance(error, Alone) else {}
        module.fail_json(msg=f"{so_far}: {error}. Run this again, it makes a new plan", released=released, ends=ends)
    seconds = round(time.monotonic() - began, 3)
    if leader is None:
        how = "taken away" if released else "to run out"
        module.fail_json(
            msg=f"no member leads {params['timeout']:g} s after the lease was {how}. `patronictl list` and "
            "`journalctl -u patroni` on the database hosts say why, and this can be run again",
            released=released,
        )
    if params["candidate"] and leader != params["candidate"]:
        module.fail_json(
            msg=f"{leader} leads, and not {params['candidate']}: playbooks/switchover.yml moves the lead",
            leader=leader,
            released=released,
        )
    diff = {"before": f"{before} leads\n", "after": f"{leader} leads\n"}
    module.exit_json(changed=leader != before, leader=leader, released=released, seconds=seconds, diff=diff)


if __name__ == "__main__":
    main()
