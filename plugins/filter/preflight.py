# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What hosts lack of their profile, and when their volumes fill."""

from __future__ import annotations

from dataclasses import asdict

from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.module_utils.preflight.evaluate import (
    Host,
    PreflightError,
    message,
    shortfalls,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.preflight.forecast import ForecastError, forecasts


def preflight_message(hosts, groups, rules):
    """Return one message with every shortfall of every host; empty where there is none."""
    values = [
        Host(
            str(host["inventory_hostname"]),
            tuple(host["group_names"]),
            dict(host["ansible_facts"]),
            dict(host.get("preflight_declared") or {}),
        )
        for host in hosts
    ]
    sizes = {name: len(members) for name, members in groups.items()}
    try:
        return message(str(rules["profile"]), shortfalls(values, sizes, rules))
    except PreflightError as error:
        raise AnsibleFilterError(str(error)) from error


def storage_forecast(volumes):
    """Return when each volume of a storage plan is full."""
    try:
        return [asdict(one) for one in forecasts(volumes)]
    except ForecastError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"preflight_message": preflight_message, "storage_forecast": storage_forecast}
