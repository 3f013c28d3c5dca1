# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is refused before a rule is touched; real rules are loaded by the scenario of the role firewall."""

from __future__ import annotations


def test_a_text_that_is_no_ruleset_is_refused_with_its_line(run_module, tmp_path):
    done = run_module(
        "iptables_ruleset",
        check_mode=True,
        ipv4="*filter\nnonsense\nCOMMIT\n",
        ipv6="",
        persist_directory=str(tmp_path),
    )
    assert done["failed"] is True
    assert "line 2: 'nonsense' is no line of a whole ruleset" in done["msg"]
    assert list(tmp_path.glob("rules.*")) == []


def test_both_families_are_wanted(run_module):
    done = run_module("iptables_ruleset", ipv4="*filter\nCOMMIT\n")
    assert done["failed"] is True
    assert "ipv6" in done["msg"]


def test_a_confirmation_needs_the_change_that_it_confirms(run_module):
    done = run_module("iptables_ruleset", phase="confirm")
    assert done["failed"] is True
    assert "token" in done["msg"]
