"""What hosts have after the role: certificates that chain to one CA, and keys that nobody else can read."""

from __future__ import annotations

import pytest
import scenario

testinfra_hosts = scenario.hosts()

DIRECTORY = "/etc/freeagentics/tls"


@pytest.mark.parametrize("name", ["host", "site"])
def test_the_certificate_chains_to_the_ca(host, name):
    result = host.run(f"openssl verify -CAfile {DIRECTORY}/ca.crt {DIRECTORY}/{name}.crt")
    assert result.stdout.strip() == f"{DIRECTORY}/{name}.crt: OK"


@pytest.mark.parametrize("name", ["host", "site"])
def test_the_certificate_belongs_to_its_key(host, name):
    of_certificate = host.check_output(f"openssl x509 -in {DIRECTORY}/{name}.crt -noout -pubkey")
    assert of_certificate == host.check_output(f"openssl pkey -in {DIRECTORY}/{name}.key -pubout")


@pytest.mark.parametrize("file", ["host.key", "site.key", "site.pem"])
def test_nobody_but_root_reads_a_key(host, file):
    secret = host.file(f"{DIRECTORY}/{file}")
    assert (secret.user, secret.group, secret.mode) == ("root", "root", 0o600)


def test_the_bundle_holds_certificate_ca_and_key(host):
    bundle = host.file(f"{DIRECTORY}/site.pem").content_string
    assert [line for line in bundle.splitlines() if line.startswith("-----BEGIN")] == [
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY-----",
    ]


def test_the_certificate_is_for_the_names_and_addresses_of_the_host(host):
    name = host.check_output("hostname")
    shown = host.check_output(f"openssl x509 -in {DIRECTORY}/host.crt -noout -ext subjectAltName")
    assert f"DNS:{name}.test.internal, DNS:{name}, IP Address:10.9." in shown
    assert "IP Address:FD00:10:9:" in shown


def test_every_host_trusts_the_same_ca(host):
    assert host.file(f"{DIRECTORY}/ca.crt").mode == 0o644
    assert "CA:TRUE, pathlen:0" in host.check_output(
        f"openssl x509 -in {DIRECTORY}/ca.crt -noout -ext basicConstraints"
    )
