#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look at a PostgreSQL cluster that Patroni runs, also when parts of it are down."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_cluster_info
short_description: Look at a PostgreSQL cluster that Patroni runs, also when parts of it are down
version_added: 0.1.0
description:
  - Asks every member three things of Patroni's REST API (C(/patroni), C(/cluster) and C(/history)) and, where a user is
    given, PostgreSQL itself. All questions are asked at once, each has a time limit of its own.
  - Puts the answers together; which ones are missing, and why, is in RV(missing). Never fails because of a member that
    is down.
  - Reads only. Positions are of moments some milliseconds apart, so the lag of a busy cluster is that precise.
  - Runs on any host that reaches the members. Patroni is asked with Python's standard library; PostgreSQL needs
    C(python3-psycopg2).
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
  members:
    description: The members that shall be there.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The member's name in Patroni.
        type: str
        required: true
      host:
        description: Its name or address, for which its certificates must be. The name of the member if it is not given.
        type: str
      port:
        description: PostgreSQL's port.
        type: int
        default: 5432
      rest_port:
        description: The port of Patroni's REST API.
        type: int
        default: 8008
  ca_file:
    description: The CA that vouches for the certificates of REST API and PostgreSQL, on the host where the module runs.
    type: path
    required: true
  login_user:
    description: A user of PostgreSQL with the rights of C(pg_monitor). Without one PostgreSQL is not asked.
    type: str
  login_password:
    description: The user's password.
    type: str
  login_db:
    description: The database to connect to.
    type: str
    default: postgres
  timeout:
    description: Seconds that each question may take.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: Look at the cluster
  freeagentics.platform.postgres_cluster_info:
    members:
      - {name: db1, host: 10.0.20.10}
      - {name: db2, host: 10.0.21.10}
      - {name: db3, host: 10.0.21.11}
    ca_file: /etc/freeagentics/tls/ca.crt
    login_user: monitor
    login_password: "{{ postgres_monitor_password }}"
  register: cluster

- name: Stop where a member did not answer
  ansible.builtin.assert:
    that: cluster.missing == []
    fail_msg: "{{ cluster.missing }}"
"""

RETURN = r"""
scope:
  description: Patroni's name of the cluster.
  returned: always
  type: str
  sample: us-east-1
leader:
  description: The name of the leader, empty if nobody knows one.
  returned: always
  type: str
  sample: db1
paused:
  description: Whether Patroni is in maintenance mode.
  returned: always
  type: bool
timeline:
  description: The leader's timeline, or none if it is not known.
  returned: always
  type: int
  sample: 3
history:
  description: The timelines that were left, the oldest first.
  returned: always
  type: list
  elements: dict
  contains:
    timeline:
      description: The timeline that was left.
      type: int
    end:
      description: The position at which it was left.
      type: str
      sample: 0/3000060
    reason:
      description: Why.
      type: str
      sample: no recovery target specified
    at:
      description: When, as Patroni noted it; empty if it did not.
      type: str
    leader:
      description: The leader from then on, as Patroni noted it; empty if it did not.
      type: str
system_identifiers:
  description: The identifiers of all members. More than one means that they belong to different clusters.
  returned: always
  type: list
  elements: str
lag_against:
  description: The member against which lags are measured; the leader, or if it does not answer the one that has most.
  returned: always
  type: str
members:
  description: The declared members in the order of the parameter, then those that only Patroni knows.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name in Patroni.
      type: str
    declared:
      description: Whether the parameter names it.
      type: bool
    known_to_patroni:
      description: Whether Patroni's store lists it, or none if nobody answered that.
      type: bool
    role:
      description: What Patroni says; C(leader), C(replica), C(quorum_standby), C(standby_leader), or C(unknown).
      type: str
    answered:
      description: Whether its Patroni or its PostgreSQL answered.
      type: bool
    state:
      description: What its own Patroni says of the server, or C(unknown).
      type: str
      sample: running
    replication:
      description: The state of its connection to the leader, empty if there is none.
      type: str
      sample: streaming
    sync_state:
      description: C(sync), C(quorum), C(potential), C(async), or empty if not known.
      type: str
    timeline:
      description: Its timeline, or none.
      type: int
    system_identifier:
      description: Its system identifier, or empty.
      type: str
    server_version:
      description: PostgreSQL's version as a number, or none.
      type: int
      sample: 150020
    data_checksums:
      description: Whether its pages have checksums, or none.
      type: bool
    patroni_version:
      description: Patroni's version, or empty.
      type: str
    pending_restart:
      description: Whether a changed setting waits for a restart.
      type: bool
    tags:
      description: Its tags in Patroni.
      type: dict
    written:
      description: The position up to which it wrote log itself, or none.
      type: str
    received:
      description: The position up to which it received log, or none.
      type: str
    replayed:
      description: The position up to which it replayed log, or none.
      type: str
    replay_paused:
      description: Whether its replay is paused, or none.
      type: bool
    lag_bytes:
      description: The bytes of log that it has not replayed yet, or none.
      type: int
    lag_seconds:
      description: How old its content is, or none if nothing tells.
      type: float
synchronous_standby_names:
  description: The leader's setting, or none if PostgreSQL was not asked there.
  returned: always
  type: str
slots:
  description: The replication slots of all members that PostgreSQL answered for.
  returned: always
  type: list
  elements: dict
  contains:
    member:
      description: Where the slot is.
      type: str
    name:
      description: Its name.
      type: str
    type:
      description: C(physical) or C(logical).
      type: str
    active:
      description: Whether anybody is connected to it.
      type: bool
    restart_lsn:
      description: The oldest position that it holds, or none.
      type: str
    wal_status:
      description: C(reserved), C(extended), C(unreserved), C(lost) or none.
      type: str
    retained_bytes:
      description: How much log it holds back, or none.
      type: int
archive:
  description: The leader's archive, or none if PostgreSQL was not asked there.
  returned: always
  type: dict
  contains:
    state:
      description: C(off), C(working), C(failing) or, before the first segment, C(waiting).
      type: str
    mode:
      description: The setting C(archive_mode).
      type: str
    archived_count:
      description: Segments archived since the statistics began.
      type: int
    last_archived_wal:
      description: The newest segment in the archive, or none.
      type: str
    since_archived:
      description: Its age in seconds, or none.
      type: float
    failed_count:
      description: Failures since the statistics began.
      type: int
    last_failed_wal:
      description: The segment of the newest failure, or none.
      type: str
    since_failed:
      description: Seconds since the newest failure, or none.
      type: float
missing:
  description: The questions without an answer.
  returned: always
  type: list
  elements: dict
  contains:
    member:
      description: Who was asked.
      type: str
    question:
      description: C(patroni), C(cluster), C(history) or C(sql).
      type: str
    reason:
      description: What happened instead.
      type: str
      sample: no answer within 5 s
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.parallel import ask_all
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint, read
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io import sql
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.cluster import (
    CLUSTER,
    HISTORY,
    PATRONI,
    SQL,
    Answer,
    describe,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import STANDBY_SQL

#: One statement, so that all values are of one moment. https://www.postgresql.org/docs/15/monitoring-stats.html
STATE = f"""
WITH me AS (SELECT pg_is_in_recovery() AS standby)
SELECT json_build_object(
  'in_recovery', standby,
  'server_version', current_setting('server_version_num')::int,
  'system_identifier', (SELECT system_identifier::text FROM pg_control_system()),
  'data_checksums', current_setting('data_checksums')::bool,
  'archive_mode', current_setting('archive_mode'),
  'synchronous_standby_names', current_setting('synchronous_standby_names'),
  'timeline', CASE WHEN standby
    THEN {STANDBY_SQL}
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
  'written', CASE WHEN NOT standby THEN pg_current_wal_lsn() END,
  'received', CASE WHEN standby THEN pg_last_wal_receive_lsn() END,
  'replayed', CASE WHEN standby THEN pg_last_wal_replay_lsn() END,
  'replay_paused', CASE WHEN standby THEN pg_is_wal_replay_paused() END,
  'since_replay', CASE WHEN standby THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END,
  'replication', (SELECT json_agg(json_build_object('application_name', application_name, 'state', state,
    'sync_state', sync_state, 'replay_lag', extract(epoch FROM replay_lag)) ORDER BY application_name)
    FROM pg_stat_replication),
  'slots', (SELECT json_agg(json_build_object('name', slot_name, 'type', slot_type, 'active', active,
    'restart_lsn', restart_lsn, 'wal_status', wal_status) ORDER BY slot_name)
    FROM pg_replication_slots),
  'archiver', (SELECT json_build_object('archived_count', archived_count, 'last_archived_wal', last_archived_wal,
    'since_archived', extract(epoch FROM clock_timestamp() - last_archived_time), 'failed_count', failed_count,
    'last_failed_wal', last_failed_wal,
    'since_failed', extract(epoch FROM clock_timestamp() - last_failed_time)) FROM pg_stat_archiver)
) FROM me
"""


def ask_server(params: dict, member: dict) -> dict:
    """Return what PostgreSQL says of itself."""
    server = sql.Server(
        host=member["host"] or member["name"],
        port=member["port"],
        user=params["login_user"],
        password=params["login_password"] or "",
        ca_file=params["ca_file"],
    )
    limit = {"statement_timeout": f"{params['timeout']:g}s"}
    connection = sql.connect(server, params["login_db"], params["timeout"], "postgres_cluster_info", limit)
    try:
        with connection.cursor() as cursor:
            cursor.execute(STATE)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def questions(params: dict) -> dict:
    """Return all questions to all members, by member and question."""
    found = {}
    for member in params["members"]:
        host = member["host"] or member["name"]
        endpoint = Endpoint(host, member["rest_port"], params["ca_file"], timeout=params["timeout"])
        for question in (PATRONI, CLUSTER, HISTORY):
            found[member["name"], question] = lambda e=endpoint, q=question: read(e, f"/{q}")
        if params["login_user"]:
            found[member["name"], SQL] = lambda m=member: ask_server(params, m)
    return found


def main() -> None:
    """Ask everybody everything and put the answers together."""
    member = {
        "name": {"type": "str", "required": True},
        "host": {"type": "str"},
        "port": {"type": "int", "default": 5432},
        "rest_port": {"type": "int", "default": 8008},
    }
    module = AnsibleModule(
        argument_spec={
            "members": {"type": "list", "elements": "dict", "required": True, "options": member},
            "ca_file": {"type": "path", "required": True},
            "login_user": {"type": "str"},
            "login_password": {"type": "str", "no_log": True},
            "login_db": {"type": "str", "default": "postgres"},
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    if module.params["login_user"] and sql.PSYCOPG2_ERROR:
        message = missing_required_lib("psycopg2 (python3-psycopg2)", reason="to ask PostgreSQL")
        module.fail_json(msg=message, exception=sql.PSYCOPG2_ERROR)
    outcomes = ask_all(questions(module.params), module.params["timeout"])
    answers = [Answer(name, question, *outcome) for (name, question), outcome in outcomes.items()]
    module.exit_json(changed=False, **describe([entry["name"] for entry in module.params["members"]], answers))


if __name__ == "__main__":
    main()
