# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.plan import (
    IPV4,
    Observed,
    Wanted,
    plan,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.ruleset import parse

PATH = "/etc/iptables/rules.v4"
WRITTEN = "# SSH from the bastion\n*filter\n:INPUT DROP\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n"
PRINTED = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n"
BY_HAND = PRINTED.replace("COMMIT", "-A INPUT -j ACCEPT\nCOMMIT")
READABLE = "*filter\n:INPUT DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n"
WANTED = Wanted(WRITTEN, parse(WRITTEN), parse(PRINTED))


def planned(running, persisted):
    return plan(IPV4, WANTED, Observed(parse(running), persisted), PATH)


def test_nothing_to_do():
    result = planned(PRINTED, WRITTEN)
    assert (result.load, result.persist, result.changed, result.diff) == (False, False, False, ())


def test_a_file_that_netfilter_persistent_saved_is_as_good():
    assert not planned(PRINTED, PRINTED).changed


def test_a_rule_added_by_hand_is_removed_and_shown():
    result = planned(BY_HAND, WRITTEN)
    assert (result.load, result.persist) == (True, False)
    title = "IPv4 rules of the kernel"
    before = READABLE + "-A INPUT -j ACCEPT\n"
    assert result.diff == ({"before_header": title, "after_header": title, "before": before, "after": READABLE},)


def test_a_rule_in_the_file_only_is_removed_without_loading():
    result = planned(PRINTED, BY_HAND)
    assert (result.load, result.persist) == (False, True)
    assert [difference["before_header"] for difference in result.diff] == [PATH]


def test_a_host_without_rules_and_file():
    result = planned("", None)
    assert (result.load, result.persist) == (True, True)
    assert [difference["before"] for difference in result.diff] == ["", ""]


def test_a_file_that_is_no_ruleset_is_shown_and_replaced():
    result = planned(PRINTED, "hello\n")
    assert (result.load, result.persist) == (False, True)
    assert result.diff[0]["before"] == "hello\n"


def test_an_empty_file_is_no_ruleset_of_this_host():
    assert planned(PRINTED, "").persist


def test_tables_that_the_text_does_not_name_are_left_alone():
    assert not planned(PRINTED + "*mangle\n:INPUT DROP\nCOMMIT\n", WRITTEN).changed
