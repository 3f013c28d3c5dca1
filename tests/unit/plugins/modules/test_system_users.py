# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Accounts are compared with the machine's own; check mode says what a run would do."""

from __future__ import annotations


def test_a_missing_account_would_be_made(run_module):
    done = run_module("system_users", check_mode=True, users=[{"name": "nobody-yet", "comment": "A person"}])
    assert done["changed"] is True
    assert "nobody-yet" in done["diff"]["after"]


def test_an_account_that_is_away_stays_away(run_module):
    done = run_module("system_users", users=[{"name": "nobody-yet", "state": "absent"}])
    assert done["changed"] is False


def test_a_group_that_does_not_exist_is_refused(run_module):
    users = [{"name": "nobody-yet", "groups": ["no-such-group"]}]
    done = run_module("system_users", users=users)
    assert done["failed"] is True
    assert "no-such-group" in done["msg"]
