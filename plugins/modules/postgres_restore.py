#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# The server that it starts outlives it.
# pylint: disable=ansible-bad-function
from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_restore
short_description: Restores a base backup, rolls it forward to a target and proves that the target was reached
description:
  - Restores with pgBackRest into a directory, and lets a server recover there that nobody can reach but over a socket
    in a folder of its own. It counts as done only if the server's log says that the target was reached.
  - What is in the directory is never removed. It is moved to O(aside), unless it is what an earlier run of this module
    left half-way, which the next one finishes. Where that one had reached the same target, and the directory goes into
    service, it is not restored again, as the log may lead along the new timeline by then, and no more to the target.
  - A mark in O(workspace), C(restored.json), tells what such a run restored. It names the directory by its device and
    inode. A mark of another directory at the same path, such as the old content that was renamed back, counts for
    nothing, and so does one of a directory in which another server was started since. The module warns of both.
  - Where the directory went into service, the mark stays and says that the target was reached. Remove it when whatever
    the restore is part of is done. Until then it tells that the restore itself is.
  - Run it as the user that PostgreSQL runs as. Whatever else starts a server there, such as Patroni, has to be stopped
    before.
version_added: 0.1.0
author: FreeAgentics (@freeagentics)
options:
  state:
    description:
      - V(restored) restores and recovers. V(absent) stops the server of a copy and removes the copy.
      - Nothing is removed that this module did not restore as a copy.
    type: str
    choices: [restored, absent]
    default: restored
  stanza:
    description: The name of the cluster in the repositories.
    type: str
  repository:
    description: The number of the repository. Nothing is read from any other.
    type: int
  backup:
    description: The label of the backup to begin with.
    type: str
  target:
    description: The kind of the target.
    type: str
    choices: [latest, time, xid, name, lsn]
    default: latest
  target_value:
    description: The moment with its offset from UTC, the transaction, the name of the restore point, or the position.
    type: str
    default: ''
  timeline:
    description: The timeline to recover along. Without it, the newest one.
    type: int
  directory:
    description: The data directory.
    type: path
    required: true
  workspace:
    description: A folder for the log, the configuration and the socket of the server that recovers.
    type: path
    required: true
  aside:
    description: Where the content of the data directory is moved to. Without it, content is refused.
    type: path
  bin_directory:
    description: The folder of PostgreSQL's programs.
    type: path
    default: /usr/lib/postgresql/15/bin
  port:
    description: The port in the name of the socket. No network is opened.
    type: int
    default: 55432
  at_least:
    description:
      - The position that O(target=latest) has to get to, which is where the last segment of the archive begins. To
        PostgreSQL an archive that cannot be read any more is one that ended. Other targets do not look at it.
    type: str
    default: ''
  archive_command:
    description:
      - The command that archives the log of the recovered server. Where the server goes into service it is needed,
        because the history of its timeline has to get into the archive. A copy must have none.
      - It is not called before the target was reached, so a timeline that lacks something leads no later restore.
    type: str
    default: ''
  again:
    description: Whether it is restored again where an earlier run had reached the same target, and died before its end.
    type: bool
    default: false
  keep_running:
    description: Whether the server goes on running afterwards. Otherwise it is stopped, so that Patroni can start it.
    type: bool
    default: false
  settings:
    description: Settings of the server that recovers, beside those of the backup.
    type: dict
    default: {}
  process_max:
    description: How many processes transfer and decompress at once.
    type: int
    default: 2
  timeout:
    description: Seconds that the recovery may take after the restore.
    type: int
    default: 14400
attributes:
  check_mode:
    support: full
    description: Looks and refuses as a real run does, and changes nothing.
  diff_mode:
    support: none
    description: The content of databases is not compared.
"""

EXAMPLES = r"""
- name: Look at the database as it was before the accident
  freeagentics.platform.postgres_restore:
    stanza: freeagentics
    repository: 1
    backup: 20261126-020004F
    target: time
    target_value: 2026-11-26 09:59:00+00
    directory: /var/lib/postgresql/scratch/accident/data
    workspace: /var/lib/postgresql/scratch/accident
    keep_running: true
  become: true
  become_user: postgres

- name: Bring back everything that is in the archive
  freeagentics.platform.postgres_restore:
    stanza: freeagentics
    repository: 1
    backup: 20261126-020004F
    at_least: 0/E000000
    directory: /var/lib/postgresql/15/main
    workspace: /var/lib/postgresql/restore
    aside: /var/lib/postgresql/15/main.before
    archive_command: pgbackrest --stanza=freeagentics archive-push %p
  become: true
  become_user: postgres

- name: Remove the copy
  freeagentics.platform.postgres_restore:
    state: absent
    directory: /var/lib/postgresql/scratch/accident/data
    workspace: /var/lib/postgresql/scratch/accident
  become: true
  become_user: postgres
"""

RETURN = r"""
moved:
  description: Where the old content is, empty where there was none.
  returned: always
  type: str
  sample: /var/lib/postgresql/15/main.before-20261126T101500Z
beginning:
  description: How the recovery began, by the server's log.
  returned: when recovered
  type: str
  sample: point-in-time recovery to 2026-11-26 09:59:00+00
stopping:
  description: Where it stopped, by the server's log; empty where it went to the end of the log.
  returned: when recovered
  type: str
  sample: stopping before commit of transaction 741, time 2026-11-26 10:00:03.417652+00
last_transaction:
  description: The time of the last transaction that is there, by the server's log; empty if none was replayed.
  returned: when recovered
  type: str
redo_done:
  description: Where the last record begins that was replayed.
  returned: when recovered
  type: str
timeline:
  description: The timeline that the server began.
  returned: when recovered
  type: int
content:
  description: The size of what was restored, in bytes. 0 where an earlier run had reached the target.
  returned: when recovered
  type: int
seconds:
  description: How long the C(restore) and the C(recovery) took.
  returned: when recovered
  type: dict
socket:
  description: The folder of the server's socket.
  returned: when recovered
  type: str
"""

import os
import re
import shutil
import subprocess
import time
from dataclasses import replace

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import parse_lsn
from ansible_collections.freeagentics.platform.plugins.module_utils.restore.mark import (
    BEGUN,
    COPY,
    IN_SERVICE,
    REACHED,
    RECOVERED,
    Mark,
    parse_mark,
    show_request,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.restore.server_log import parse_log, shortfall
from ansible_collections.freeagentics.platform.plugins.module_utils.restore.settings import (
    RECOVERY_SETTINGS,
    parse_control,
    settings,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.restore.target import (
    KINDS,
    RestoreError,
    parse_target,
)

#: How often the log is read, in seconds.
PAUSE = 0.2
#: What says that a data directory is this module's own: for a copy for ever, else until the target was reached.
MARK = "restored.json"
#: What says that the target was reached, so that the new timeline may get into the archive.
PROVEN = "proven"
#: Where a server notes the command that started it.
STARTED_WITH = "postmaster.opts"


class Place:
    """A data directory and the folder beside which its server recovers."""

    def __init__(self, module):
        self._module = module
        params = module.params
        self.directory, self.workspace = params["directory"], params["workspace"]
        self.bin = params["bin_directory"]
        self.log = f"{self.workspace}/server.log"
        self.proven = f"{self.workspace}/{PROVEN}"
        self.configuration = f"{self.workspace}/postgresql.conf"
        self.environment = {"LC_ALL": "C", "PGPASSFILE": "/dev/null"}

    def content(self):
        """Return whether there is anything in the data directory."""
        return os.path.isdir(self.directory) and bool(os.listdir(self.directory))

    def mark(self):
        """Return the mark of the directory, or None where no run of this module restored it."""
        try:
            with open(f"{self.workspace}/{MARK}", encoding="utf-8") as file:
                mark = parse_mark(file.read())
        except (FileNotFoundError, NotADirectoryError):
            return None
        if mark is None or not mark.is_of(self.directory, *self.identity()):
            self._module.warn(
                f"{self.workspace}/{MARK} is not of what is in {self.directory} now: it counts for nothing"
            )
            return None
        if mark.purpose == IN_SERVICE and self.served_otherwise():
            self._module.warn(f"{self.directory} was restored, and another server used it since: it counts as data")
            return None
        return mark

    def identity(self):
        """Return the directory's device and inode, each 0 where there is none."""
        try:
            found = os.stat(self.directory)
        except (FileNotFoundError, NotADirectoryError):
            return 0, 0
        return found.st_dev, found.st_ino

    def served_otherwise(self):
        """Return whether the last server that was started in the directory was not one of this module's."""
        try:
            with open(f"{self.directory}/{STARTED_WITH}", encoding="utf-8", errors="replace") as file:
                return self.configuration not in file.read()
        except (FileNotFoundError, NotADirectoryError):
            return False

    def set_mark(self, purpose, request, phase=BEGUN, timeline=0):
        """Note that the directory is restored, and for what; before anything is, and again when it was."""
        for folder in (self.workspace, self.directory):
            os.makedirs(folder, mode=0o700, exist_ok=True)
        os.chmod(self.directory, 0o700)
        self.write(MARK, Mark(self.directory, *self.identity(), purpose, request, phase, timeline).show())

    def write(self, name, text):
        """Write a file of the workspace, wholly or not at all."""
        path = f"{self.workspace}/{name}"
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{path}.new", path)

    def process(self):
        """Return the number of the process of a server that runs in the directory, or 0."""
        try:
            with open(f"{self.directory}/postmaster.pid", encoding="ascii") as file:
                number = int(file.readline())
            os.kill(number, 0)
        except (FileNotFoundError, NotADirectoryError, ValueError, ProcessLookupError):
            return 0
        except PermissionError:
            return number
        return number

    def run(self, *command):
        """Run a program; return what it printed.

        :raises RestoreError: it failed.
        """
        code, out, err = self._module.run_command(list(command), environ_update=self.environment, cwd="/")
        if code:
            said = " ".join(f"{out} {err}".split())
            raise RestoreError(f"{os.path.basename(command[0])} ended with {code}: {said[-2000:]}")
        return out

    def control(self):
        """Return what the cluster's control file says."""
        return parse_control(self.run(f"{self.bin}/pg_controldata", self.directory))

    def start(self, values):
        """Start a server that outlives this module, and return its process."""
        if os.path.lexists(self.proven):
            os.unlink(self.proven)
        for name, text in (("postgresql.conf", ""), ("pg_hba.conf", "local all all peer\n"), ("pg_ident.conf", "")):
            self.write(name, text)
        options = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
        with open(self.log, "wb") as log:
            return subprocess.Popen(
                [f"{self.bin}/postgres", "-D", self.directory, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def said(self):
        """Return what the server's log says."""
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return parse_log(file.read())
        except FileNotFoundError:
            return parse_log("")

    def stop(self):
        """Stop the server in order."""
        self.run(f"{self.bin}/pg_ctl", "stop", "-D", self.directory, "-m", "fast", "-w", "-t", "600")


def prepare(place, params, check_mode):
    """Make room in the directory; return where the old content was moved to.

    :raises RestoreError: something is there that must not be touched.
    """
    mark, process = place.mark(), place.process()
    own = mark is not None and (mark.purpose, mark.phase) != (IN_SERVICE, RECOVERED)
    if process and not own:
        raise RestoreError(f"a server runs in {place.directory} (process {process}): stop it first, and what starts it")
    aside = "" if own or not place.content() else params["aside"]
    if aside is None:
        raise RestoreError(f"{place.directory} is not empty: name with aside where its content is moved to")
    if aside and os.path.lexists(aside):
        raise RestoreError(f"{aside} is there already: name another place for the content of {place.directory}")
    if check_mode:
        return aside
    if process:
        place.stop()
    if aside:
        os.rename(place.directory, aside)
    place.set_mark(*noted(params))
    return aside


def noted(params):
    """Return what the mark notes: what the directory is restored for, and what was asked for."""
    request = show_request(params["target"], params["target_value"], params["timeline"])
    return IN_SERVICE if params["archive_command"] else COPY, request


def restore(place, params, target):
    """Bring the backup into the directory."""
    common = [
        f"--stanza={params['stanza']}",
        f"--repo={params['repository']}",
        "--reset-pg1-host",
        f"--pg1-path={place.directory}",
    ]
    # Spool and locks of its own: those of the host's own archiving are for another log.
    apart = [f"--spool-path={place.workspace}", f"--lock-path={place.workspace}"]
    get = " ".join(["pgbackrest", *common, *apart, 'archive-get %f "%p"'])
    # 1 says that the archive has no such segment. Anything else may be over the next time, such as a lock that one of
    # its own processes has not given back yet, and would be the end of the log to PostgreSQL.
    get = f"{get}; said=$?; [ $said -gt 1 ] || exit $said; {get}"
    # Only what an earlier run of this module restored can be there; it is completed.
    options = ["--delta", f"--set={params['backup']}", f"--process-max={params['process_max']}", *target.options()]
    options.append(f"--recovery-option=restore_command={get}")
    if params["timeline"]:
        options.append(f"--target-timeline={params['timeline']}")
    if not params["archive_command"]:
        options.append(f"--tablespace-map-all={place.workspace}/tablespaces")
    out = place.run(
        "pgbackrest", *common, f"--lock-path={place.workspace}", "--log-level-console=info", *options, "restore"
    )
    size = re.search(r"restore size = ([0-9.]+)(B|KB|MB|GB|TB)", out)
    return round(float(size[1]) * 1024 ** ("B", "KB", "MB", "GB", "TB").index(size[2])) if size else 0


def serve(place, params):
    """Start a server on the directory and wait until it serves or has ended; return its log, and whether it ended.

    :raises RestoreError: it takes too long. Then it is stopped.
    """
    # The history of a timeline that lacks what was wanted would lead every later restore along it.
    archive = params["archive_command"] and f"test -e {place.proven} && {params['archive_command']}"
    values = settings(place.control(), place.workspace, params["port"], archive, params["settings"])
    process = place.start(values)
    end = time.monotonic() + params["timeout"]
    while True:
        time.sleep(PAUSE)
        ended = process.poll() is not None
        outcome = place.said()
        if ended or outcome.ready:
            return outcome, ended
        if time.monotonic() > end:
            place.stop()
            raise RestoreError(f"the recovery took more than {params['timeout']} s; {place.log} tells how far it got")


def recover(place, params, target, at_least):
    """Let a server recover on the directory, and see that it got to the target.

    :raises RestoreError: its log does not say that the target was reached. Then it is stopped.
    """
    outcome, ended = serve(place, params)
    lacks = shortfall(target, outcome, at_least)
    if lacks:
        if not ended:
            place.stop()
        raise RestoreError(f"{lacks}. See {place.log}")
    # First, as no restore leads to the target any more once the new timeline is in the archive.
    place.set_mark(*noted(params), REACHED, outcome.timeline)
    place.write(PROVEN, "")
    return outcome


def reached(place, params):
    """Return the mark of an earlier run that reached the same target, and did not come to the rest, or None."""
    mark = None if params["again"] else place.mark()
    if mark is None or (mark.purpose, mark.request, mark.phase) != (*noted(params), REACHED):
        return None
    return mark if mark.purpose == IN_SERVICE else None


def go_on(place, params, mark):
    """Finish what an earlier run began that reached the target; return what its server said.

    :raises RestoreError: the server does not start.
    """
    outcome = replace(place.said(), timeline=mark.timeline)
    if not place.process():
        found, _ended = serve(place, params)
        if not found.ready:
            raise RestoreError(
                "the target was reached by an earlier run, and its server ended: "
                f"{found.failure or 'it does not say why'}. See {place.log}. To restore again, use -e "
                "restore_again=true -e target_timeline=<number>, as what was wanted may not be along timeline "
                f"{mark.timeline}, which that run began"
            )
    place.write(PROVEN, "")
    settle(place, params, outcome)
    return outcome


def settle(place, params, outcome):
    """Take out of the directory what only the recovery needed, and leave the server as it is wanted."""
    statements = [f"ALTER SYSTEM RESET {name}" for name in RECOVERY_SETTINGS]
    arguments = [part for statement in statements for part in ("-c", statement)]
    place.run(f"{place.bin}/psql", "-X", "-q", "-h", place.workspace, "-p", str(params["port"]), *arguments, "postgres")
    if not params["keep_running"]:
        place.stop()
    place.set_mark(*noted(params), RECOVERED, outcome.timeline)


def remove(place, check_mode):
    """Stop and remove a copy; return whether there was one.

    :raises RestoreError: it is no copy.
    """
    if not os.path.lexists(place.directory) and not os.path.lexists(place.workspace):
        return False
    mark = place.mark()
    if mark is None or mark.purpose != COPY:
        raise RestoreError(f"{place.directory} is no copy that this module restored, so it is not removed")
    if check_mode:
        return True
    if place.process():
        place.stop()
    for folder in (place.directory, place.workspace):
        shutil.rmtree(folder, ignore_errors=not os.path.lexists(folder))
    return True


ARGUMENTS = {
    "state": {"type": "str", "choices": ["restored", "absent"], "default": "restored"},
    "stanza": {"type": "str"},
    "repository": {"type": "int"},
    "backup": {"type": "str"},
    "target": {"type": "str", "choices": list(KINDS), "default": "latest"},
    "target_value": {"type": "str", "default": ""},
    "timeline": {"type": "int"},
    "directory": {"type": "path", "required": True},
    "workspace": {"type": "path", "required": True},
    "aside": {"type": "path"},
    "bin_directory": {"type": "path", "default": "/usr/lib/postgresql/15/bin"},
    "port": {"type": "int", "default": 55432},
    "at_least": {"type": "str", "default": ""},
    "archive_command": {"type": "str", "default": ""},
    "again": {"type": "bool", "default": False},
    "keep_running": {"type": "bool", "default": False},
    "settings": {"type": "dict", "default": {}},
    "process_max": {"type": "int", "default": 2},
    "timeout": {"type": "int", "default": 14400},
}


def carry_out(module, place):
    """Return the result of restoring.

    :raises RestoreError: it did not succeed.
    """
    params = module.params
    target = parse_target(params["target"], params["target_value"])
    try:
        at_least = parse_lsn(params["at_least"]) if params["at_least"] else None
    except ValueError as error:
        raise RestoreError(f"at_least: {error}") from None
    earlier = reached(place, params)
    moved = "" if earlier else prepare(place, params, module.check_mode)
    if module.check_mode:
        return {"changed": True, "moved": moved}
    try:
        begun = time.monotonic()
        content = 0 if earlier else restore(place, params, target)
        restored = time.monotonic()
        if earlier:
            outcome = go_on(place, params, earlier)
        else:
            outcome = recover(place, params, target, at_least)
            settle(place, params, outcome)
    except RestoreError as error:
        way_back = f". The old content is in {moved}" if moved else ""
        raise RestoreError(f"{error}{way_back}") from None
    seconds = {"restore": round(restored - begun, 1), "recovery": round(time.monotonic() - restored, 1)}
    told = {
        name: getattr(outcome, name) for name in ("beginning", "stopping", "last_transaction", "redo_done", "timeline")
    }
    return {"changed": True, "moved": moved, "content": content, "seconds": seconds, "socket": place.workspace, **told}


def main() -> None:
    """Restore and recover, or remove a copy."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "restored", ("stanza", "repository", "backup"))],
        supports_check_mode=True,
    )
    place = Place(module)
    try:
        if module.params["state"] == "absent":
            result = {"changed": remove(place, module.check_mode), "moved": ""}
        else:
            result = carry_out(module, place)
    except (RestoreError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
