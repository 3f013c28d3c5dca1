# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is recovered from nothing is all that site.yml builds: a host that was lost with its disk has nothing left.

Nor is a recovery good where what visitors uploaded is missing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
IMPORT = "ansible.builtin.import_playbook"


def plays(name):
    """The plays of a playbook."""
    return yaml.safe_load((PLAYBOOKS / name).read_text())


def leaves(name):
    """Return the playbooks with plays of their own that one imports, itself included where it has any."""
    all_of_it = plays(name)
    found = set() if all(IMPORT in play for play in all_of_it) else {name}
    return found.union(*(leaves(play[IMPORT]) for play in all_of_it if IMPORT in play))


def test_a_recovery_builds_everything():
    built = leaves("site.yml")
    assert {"etcd.yml", "app.yml", "database_route.yml", "monitoring.yml"} <= built
    assert built <= leaves("recover.yml")


def test_missing_uploads_are_noted_before_the_application_is_there():
    """A server that survived balances as soon as one API server answers; a file of a visitor hides what is missing."""
    serve = plays("serve.yml")
    notes = [place for place, play in enumerate(serve) if "backup-uploads" in str(play)]
    assert len(notes) == 1
    assert notes[0] < next(place for place, play in enumerate(serve) if play.get(IMPORT) == "app.yml")


#: What backup-uploads says on a server to expect and to back, each with its status; None where the server is lost.
SERVERS = {
    "noted": (("waits for its files", 0), ("2 files were brought back to /u, which had 1", 0)),
    "survived": (("/u has 3 files, and waits for none", 0), ("/u has 3 files: nothing is brought back", 0)),
    "late": (("No space left on device", 1), ("2 files were brought back to /u, which had 0", 0)),
    "hidden": (("No space left on device", 1), ("/u has 1 files: nothing is brought back", 0)),
    "failed": (("waits for its files", 0), ("no route to host", 1)),
    "lost": None,
}
PROGRAM = """#!{python}
import os, sys
said, status = {servers!r}[os.environ["HOST"]][sys.argv[1] == "back"]
print(said)
sys.exit(status)
"""


def written(path, text):
    """Write a program or a plugin."""
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(scope="module", name="ended")
def plays_of_uploads_that_ran(tmp_path_factory, lost_connection):
    """The plays of a recovery that are about uploads, run on this machine, with stand-ins for servers."""
    tmp_path = tmp_path_factory.mktemp("recovery")
    written(tmp_path / "bin/backup-uploads", PROGRAM.format(python=sys.executable, servers=SERVERS))
    written(tmp_path / "connection_plugins/lost.py", lost_connection)
    recover = plays("recover.yml")
    back = next(play for play in recover if play.get(IMPORT) == "restore_uploads.yml")
    notes = [play for play in plays("serve.yml") if "backup-uploads" in str(play)]
    brings = [{**play, "vars": {**play["vars"], **back["vars"]}} for play in plays("restore_uploads.yml")]
    stops = [task for task in recover[-1]["tasks"] if task["name"] == "Stop where uploads are missing"]
    environment = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOST": "{{ inventory_hostname }}"}
    run = [{**play, "environment": environment} for play in notes + brings]
    run.append({"name": "Stop", "hosts": "localhost", "gather_facts": False, "tasks": stops})
    (tmp_path / "play.yml").write_text(yaml.safe_dump(run))
    hosts = [f"{name} ansible_connection={'local' if said else 'lost'}" for name, said in SERVERS.items()]
    (tmp_path / "hosts").write_text("localhost ansible_connection=local\n[api]\n" + "\n".join(hosts) + "\n")
    variables = {"uploads_come_back": True, "ansible_become": False, "ansible_python_interpreter": sys.executable}
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory", f"{tmp_path}/hosts"]
    command += ["--extra-vars", json.dumps(variables), f"{tmp_path}/play.yml"]
    return subprocess.run(
        command,
        env={**os.environ, "ANSIBLE_INVENTORY_ENABLED": "ini", "ANSIBLE_FORKS": "6"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_recovery_ends_with_the_servers_whose_uploads_may_be_missing(ended):
    """Also with one that was lost before anything could be noted, and one that a visitor's file hides."""
    told = (
        "the database is whole, and uploads are missing, or may be, on hidden, failed, lost: see what was said of these"
        " servers above, then playbooks/restore_uploads.yml, with -e uploads_everything=true where it says that"
        " nothing is brought back"
    )
    assert told in ended.stdout, ended.stdout + ended.stderr
    assert ended.returncode != 0


def test_where_uploads_could_not_be_brought_back_nothing_is_said_of_a_check(ended):
    assert "Report" in ended.stdout
    assert "check mode" not in ended.stdout
