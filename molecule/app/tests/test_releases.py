"""What a second release, a way back, a broken release and a run that died do, with the playbooks that operators use."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
import scenario

testinfra_hosts = scenario.hosts("api")

PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
REFERENCE = PROJECT / ".lab/artifacts/reference.tar.gz"
SETTINGS = (SCENARIO / "vars.yml", SCENARIO / "api.yml", PROJECT / "lab/reference_service/packages.yml")
BROKEN = {"reference_service/api.py": 'raise SystemExit("no such setting")\n'}


def release(folder, **files):
    """Pack the reference service with some files changed, and return the archive."""
    with tarfile.open(REFERENCE) as archive:
        archive.extractall(folder / "content", filter="data")
    for name, text in files.items():
        (folder / "content" / name).write_text(text, encoding="utf-8")
    packed = folder / "release.tar"
    with tarfile.open(packed, "w") as archive:
        archive.add(folder / "content", arcname=".")
    return packed


def play(playbook, **variables):
    """Run a playbook as an operator does, on the API's hosts."""
    settings = [f"--extra-vars=@{path}" for path in SETTINGS]
    variables = json.dumps({"app_health_seconds": 3, **{name: str(value) for name, value in variables.items()}})
    command = [
        "ansible-playbook",
        f"--inventory={SCENARIO}/topology.yml",
        "--limit=api",
        *settings,
        f"--extra-vars={variables}",
    ]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    return subprocess.run(
        [*command, str(PROJECT / "playbooks" / playbook)], capture_output=True, text=True, check=False, env=environment
    )


def running(host):
    """Return the version that answers requests."""
    return json.loads(host.check_output("curl --silent --show-error --fail http://10.9.10.10:8000/api/v1/server"))[
        "version"
    ]


def links(host, name="api"):
    """Return where the links of an application lead: `current` and `previous`, empty without one."""
    return [
        host.run(f"readlink /opt/{name}/{link}").stdout.strip().rpartition("/")[2] for link in ("current", "previous")
    ]


@pytest.fixture
def first(host):
    """The release of the scenario, which runs before and after each test."""
    version = running(host)
    assert links(host)[0] == version
    yield version
    if running(host) != version:
        assert play("deploy.yml").returncode == 0


def test_a_second_release_and_the_way_back(host, first, tmp_path):
    done = play("deploy.yml", app_archive=release(tmp_path, VERSION="2\n"))
    assert done.returncode == 0, done.stdout
    second = running(host)
    assert second != first
    assert links(host) == [second, first]

    done = play("rollback.yml")
    assert done.returncode == 0, done.stdout
    assert f"api1 runs release {first} of api; {second} stays beside it" in done.stdout
    assert running(host) == first
    assert links(host) == [first, second]

    done = play("rollback.yml", app_rollback_version=first)
    assert "changed=0" in done.stdout, done.stdout
    assert links(host) == [first, second]


def test_a_broken_release_is_taken_back(host, first, tmp_path):
    before = links(host)
    done = play("deploy.yml", app_archive=release(tmp_path, **BROKEN))
    assert done.returncode != 0
    assert "of api did not answer 200 on http://10.9.10.10:8000/health within 3 attempts." in done.stdout
    assert f"Release {first} runs again here; hosts after this one were not touched. Its last words: " in done.stdout
    assert "no such setting" in done.stdout
    assert running(host) == first
    assert links(host) == before


def test_a_broken_first_release_is_stopped(host, tmp_path):
    done = play("deploy.yml", app_name="other", app_archive=release(tmp_path, **BROKEN), app_port=8001)
    assert done.returncode != 0
    assert (
        "There was no release before it, so other is stopped here; hosts after this one were not touched."
        in done.stdout
    )
    assert not host.service("other").is_running
    assert links(host, "other") == ["", ""]


def test_a_release_that_is_not_there_is_refused(host, first):
    done = play("rollback.yml", app_rollback_version="1.0")
    assert done.returncode != 0
    assert (
        "api1: release 1.0 of api is not on this host; deploy the release that you want instead. These are: "
        in done.stdout
    )
    assert running(host) == first


@pytest.mark.parametrize(
    "died", ["ln -sfn $(readlink /opt/api/current) /opt/api/current", "touch /opt/api/.unfinished"]
)
def test_a_run_that_died_is_finished_by_the_next_one(host, first, died):
    pid = host.check_output("systemctl show --property MainPID --value api")
    host.check_output(died)
    done = play("deploy.yml")
    assert done.returncode == 0, done.stdout
    assert host.check_output("systemctl show --property MainPID --value api") != pid
    assert not host.file("/opt/api/.unfinished").exists
    assert running(host) == first
