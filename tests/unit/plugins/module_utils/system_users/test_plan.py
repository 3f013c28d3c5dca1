# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Accounts are changed only where they differ."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.system_users.plan import Account, User, plan

ADA = Account("Ada", "/bin/bash", ("adm", "sudo"))


@pytest.mark.parametrize(
    ("user", "found", "command"),
    [
        (User("ada", "Ada", groups=("sudo", "adm")), {"ada": ADA}, None),
        (User("bob", present=False), {"ada": ADA}, None),
        (User("ada", present=False), {"ada": ADA}, "userdel ada"),
        (User("ada", "Ada", "/bin/sh", ("sudo", "adm")), {"ada": ADA}, "usermod --shell /bin/sh ada"),
        (User("ada", "Ada L.", groups=("adm",)), {"ada": ADA}, "usermod --comment Ada L. --groups adm ada"),
        (User("ada", "Ada"), {"ada": ADA}, "usermod --groups  ada"),
        (
            User("bob", "Bob", groups=("adm",)),
            {"ada": ADA},
            "useradd --create-home --user-group --password * --shell /bin/bash --comment Bob --groups adm bob",
        ),
    ],
)
def test_only_differences_are_changed(user, found, command):
    assert [" ".join(one) for one in plan([user], found)] == ([] if command is None else [command])
