"""What further runs do where something ends, is lost or is asked for."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import scenario

testinfra_hosts = scenario.hosts("api")

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
DIRECTORY = "/etc/freeagentics/tls"


def play(**variables):
    """Run the role on the host, as an operator does."""
    command = ["ansible-playbook", f"--inventory={SCENARIO}/topology.yml", "--limit=api1"]
    command += [f"--extra-vars={json.dumps(variables)}", str(SCENARIO / "converge.yml")]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def serial(host):
    """Return the number of the certificate that is in place."""
    return host.check_output(f"openssl x509 -in {DIRECTORY}/host.crt -noout -serial")


@pytest.fixture
def whole(host):
    """A run after each test puts everything in order."""
    yield
    done = play()
    assert done.returncode == 0, done.stdout


def test_a_certificate_that_ends_soon_is_renewed_with_its_key(host, whole):
    host.check_output(f"rm {DIRECTORY}/host.crt")
    done = play(pki_certificate_valid_days=20, pki_renew_before_days=10)
    assert done.returncode == 0, done.stdout
    short, key = serial(host), host.file(f"{DIRECTORY}/host.key").sha256sum
    assert host.run(f"openssl x509 -in {DIRECTORY}/host.crt -noout -checkend $((21 * 86400))").rc == 1

    done = play()
    assert done.returncode == 0, done.stdout
    assert ", within 30 days" in done.stdout
    assert serial(host) != short
    assert host.run(f"openssl x509 -in {DIRECTORY}/host.crt -noout -checkend $((396 * 86400))").rc == 0
    assert host.file(f"{DIRECTORY}/host.key").sha256sum == key
    assert "changed=0" in play().stdout


@pytest.mark.parametrize("lost", ["host.crt site.pem", "host.key ca.crt"])
def test_what_was_lost_is_healed(host, whole, lost):
    host.check_output(f"cd {DIRECTORY} && rm {lost}")
    done = play()
    assert done.returncode == 0, done.stdout
    for name in ("host", "site"):
        host.check_output(f"openssl verify -CAfile {DIRECTORY}/ca.crt {DIRECTORY}/{name}.crt")
        of_certificate = host.check_output(f"openssl x509 -in {DIRECTORY}/{name}.crt -noout -pubkey")
        assert of_certificate == host.check_output(f"openssl pkey -in {DIRECTORY}/{name}.key -pubout")


def test_a_wrong_passphrase_stops_the_run_and_says_so(host, whole):
    ca = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "pki"
    before = (ca / "ca.key").read_bytes(), (ca / "ca.crt").read_bytes()
    host.check_output(f"rm {DIRECTORY}/host.crt")
    done = play(pki_ca_passphrase="not the passphrase of it")
    assert done.returncode != 0
    assert (
        f"api1: {ca}/ca.key cannot sign. pki_ca_passphrase does not open it: put back the passphrase that the CA was "
        "made with, or replace the CA (docs/pki.md)" in done.stdout
    )
    assert "not the passphrase of it" not in done.stdout + done.stderr
    assert ((ca / "ca.key").read_bytes(), (ca / "ca.crt").read_bytes()) == before


def test_a_control_host_without_the_ca_makes_no_other_one(host, whole):
    ca = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "pki"
    ca.rename(ca.with_name("pki.away"))
    before = serial(host)
    try:
        done = play()
    finally:
        made = ca.exists()
        ca.with_name("pki.away").rename(ca)
    assert done.returncode != 0
    assert f"{ca} has no CA, and there is one on api1: put the folder back from a backup" in done.stdout
    assert (made, serial(host)) == (False, before)


def test_the_system_trusts_the_ca_while_it_shall(host, whole):
    verify = f"openssl verify {DIRECTORY}/host.crt"
    assert host.run(verify).rc != 0
    done = play(pki_system_trust=True)
    assert done.returncode == 0, done.stdout
    assert host.check_output(verify) == f"{DIRECTORY}/host.crt: OK"
    assert "changed=0" in play(pki_system_trust=True).stdout
    assert play().returncode == 0
    assert host.run(verify).rc != 0
