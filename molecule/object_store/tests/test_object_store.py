"""The store as a client outside sees it, which has a program of its own kind: rclone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

testinfra_hosts = ["ssh://client"]

CA = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "pki" / "ca.crt"


@pytest.fixture(scope="module", autouse=True)
def trusted_ca(host):
    """The client knows the platform's CA."""
    host.run(f"cat > /tmp/ca.crt <<'PEM'\n{CA.read_text()}PEM")


def command(*arguments, secret="a key of this scenario", trust="--ca-cert /tmp/ca.crt"):
    """Return the command that runs rclone against the store."""
    account = f"RCLONE_S3_ACCESS_KEY_ID=molecule RCLONE_S3_SECRET_ACCESS_KEY='{secret}'"
    server = "RCLONE_S3_PROVIDER=Other RCLONE_S3_ENDPOINT=https://s3.molecule.test RCLONE_S3_NO_CHECK_BUCKET=true"
    return f"{account} {server} rclone --retries 1 --low-level-retries 1 {trust} {' '.join(arguments)}"


def rclone(host, *arguments, **access):
    """Run rclone against the store."""
    return host.run(command(*arguments, **access))


def done(result):
    """Return what a command printed, once it has succeeded."""
    assert result.rc == 0, result.stderr
    return result.stdout


def test_the_buckets_are_there(host):
    assert done(rclone(host, "lsf :s3:")).split() == ["first/", "second/"]


def test_an_object_comes_back_as_it_went(host):
    host.check_output("head -c 100000 /dev/urandom > /tmp/small")
    done(rclone(host, "copyto /tmp/small :s3:first/folder/small"))
    done(rclone(host, "copyto :s3:first/folder/small /tmp/small.back"))
    host.check_output("cmp /tmp/small /tmp/small.back")


def test_a_large_object_goes_in_parts_and_comes_back_whole(host):
    host.check_output("head -c 30000000 /dev/urandom > /tmp/large")
    said = rclone(host, "copyto -vv --s3-upload-cutoff 5M --s3-chunk-size 5M /tmp/large :s3:first/large")
    assert said.rc == 0, said.stderr
    assert "multipart upload" in said.stderr
    done(rclone(host, "copyto :s3:first/large /tmp/large.back"))
    host.check_output("cmp /tmp/large /tmp/large.back")


def test_objects_are_listed_with_their_sizes_and_are_gone_after_removal(host):
    for name in ("a", "b"):
        done(rclone(host, f"copyto /etc/hostname :s3:second/listed/{name}"))
    size = host.check_output("stat -c %s /etc/hostname")
    assert done(rclone(host, "lsf --format ps :s3:second/listed")).split() == [f"a;{size}", f"b;{size}"]
    done(rclone(host, "delete :s3:second/listed"))
    assert done(rclone(host, "lsf -R :s3:second")) == ""


def test_a_wrong_key_is_refused(host):
    refused = rclone(host, "lsf :s3:first", secret="another key of nobody")
    assert refused.rc != 0
    assert "SignatureDoesNotMatch" in refused.stderr


def test_who_does_not_know_the_ca_does_not_trust_the_store(host):
    refused = rclone(host, "lsf :s3:first", trust="")
    assert refused.rc != 0
    assert "certificate signed by unknown authority" in refused.stderr


def test_a_bucket_that_nobody_declared_is_not_made_by_an_upload(host):
    refused = rclone(host, "copyto /etc/hostname :s3:third/a")
    assert refused.rc != 0
    assert "status code: 403" in refused.stderr


def test_an_object_is_whole_right_after_a_restart_during_which_somebody_asked_for_it(host):
    host.check_output("head -c 300 /dev/urandom > /tmp/asked")
    done(rclone(host, "copyto /tmp/asked :s3:first/asked"))
    store = type(host).get_host("ssh://s3", ssh_config=host.backend.ssh_config, sudo=True)
    store.check_output("systemctl stop object-store-volumes")
    ask = command("--timeout 2s --contimeout 2s cat :s3:first/asked")
    host.check_output(f"cat > /tmp/ask <<'SH'\nwhile sleep 0.2; do {ask}; done\nSH")
    host.check_output("timeout 60 sh /tmp/ask > /dev/null 2>&1 < /dev/null &")
    store.check_output("systemctl start object-store")
    done(rclone(host, "copyto :s3:first/asked /tmp/asked.back"))
    host.check_output("cmp /tmp/asked /tmp/asked.back")
