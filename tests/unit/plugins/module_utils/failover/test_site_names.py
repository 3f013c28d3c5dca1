# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What keeps the names of the site from being led to another region, with its whole text; settings are never told."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.site_names import objections

BY_HAND = "-e dns_provider=none, which leaves it to you to lead the names there"
PROVIDERS = ["none", "cloudflare", "rfc2136", "route53"]
DNSPYTHON = {"collection": "community.general", "library": "dnspython"}
BOTO3 = {"collection": "amazon.aws", "library": "boto3"}


def told(provider, needs=None, silent="", rc=0, installed=("community.general", "amazon.aws"), **given):
    names = {
        "provider": provider,
        "providers": PROVIDERS,
        "host": "dns1",
        "needs": {**needs, "given": given} if needs else {},
        "seen": {} if silent else {"rc": rc},
    }
    found = list(objections(names, silent, installed.__contains__))
    assert {one.overrule for one in found} <= {BY_HAND}
    return [one.reason for one in found]


@pytest.mark.parametrize(
    ("provider", "needs", "given"),
    [
        ("none", None, {}),
        ("rfc2136", DNSPYTHON, {"dns_zone": True, "dns_server": True, "secret_dns_update": True}),
        ("route53", BOTO3, {"dns_zone": True}),
    ],
)
def test_where_all_is_there_nothing_stands_against_it(provider, needs, given):
    assert told(provider, needs, **given) == []


def test_where_the_names_are_led_by_hand_nobody_has_to_answer():
    assert told("none", silent="Connection timed out", installed=()) == []


@pytest.mark.parametrize("provider", ["rout53", "", None, "None"])
def test_a_provider_that_is_none_is_told_with_those_that_there_are(provider):
    reason = (
        f"dns_provider is '{provider}': use cloudflare, none, rfc2136 or route53, in group_vars/all of the inventory"
    )
    assert told(provider, silent="it was not asked") == [reason]


def test_what_is_empty_is_named_with_where_it_is_set():
    assert told("rfc2136", DNSPYTHON, dns_zone=False, dns_server=False, secret_dns_update=False) == [
        "dns_zone is empty, and rfc2136 changes no names without it: set it in group_vars/all of the inventory",
        "dns_server is empty, and rfc2136 changes no names without it: set it in group_vars/all of the inventory",
        "secret_dns_update is empty, and rfc2136 changes no names without it: write vault_dns_update into "
        "group_vars/all/vault.yml of the inventory",
    ]
    assert told("cloudflare", DNSPYTHON, dns_zone=True, secret_cloudflare_token=False) == [
        "secret_cloudflare_token is empty, and cloudflare changes no names without it: write vault_cloudflare_token "
        "into group_vars/all/vault.yml of the inventory"
    ]


def test_a_collection_that_is_not_installed_is_told():
    assert told("route53", BOTO3, installed=("community.general",), dns_zone=True) == [
        "the collection amazon.aws is not installed on the control host, and route53 changes no names without it: "
        "`ansible-galaxy collection install amazon.aws`"
    ]


def test_a_library_that_the_host_lacks_is_told():
    assert told("route53", BOTO3, rc=1, dns_zone=True) == [
        "the Python of dns1, which changes the names, has no boto3, and route53 changes no names without it: install "
        "it there"
    ]


def test_a_host_that_does_not_answer_is_told():
    assert told("rfc2136", DNSPYTHON, silent="Connection timed out", dns_zone=True) == [
        "dns1, which changes the names, does not answer (Connection timed out): bring it back, or name another host "
        "with -e failover_dns_host"
    ]
