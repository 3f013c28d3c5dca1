"""What the store is on its own host."""

from __future__ import annotations

testinfra_hosts = ["ssh://s3"]


def test_it_starts_with_the_host_and_runs_under_a_user_of_its_own(host):
    for name in ("object-store-volumes", "object-store"):
        unit = host.service(name)
        assert unit.is_enabled
        assert unit.is_running
    assert [process.user for process in host.process.filter(comm="weed")] == ["object-store", "object-store"]


def test_the_account_is_for_the_server_alone(host):
    accounts = host.file("/etc/object-store/accounts.json")
    assert (accounts.user, accounts.group, accounts.mode) == ("root", "object-store", 0o640)
    assert "a key of this scenario" not in host.check_output("ps -eo args")


def test_its_inner_ports_are_closed_to_others(host):
    for port in (8080, 8888, 9333):
        assert host.socket(f"tcp://127.0.0.1:{port}").is_listening
        assert not host.socket(f"tcp://192.0.2.50:{port}").is_listening


def test_objects_and_buckets_outlive_a_restart(host):
    host.check_output("systemctl restart object-store")
    assert sorted(line.split()[0] for line in buckets(host)) == ["first", "second"]


def buckets(host):
    """Return the lines of the server's own list."""
    return host.check_output("echo s3.bucket.list | weed shell -master=127.0.0.1:9333").splitlines()
