#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Enable and run many systemd units in one round trip."""

from __future__ import annotations

DOCUMENTATION = r"""
module: systemd_units
short_description: Enable and run many systemd units in one round trip
version_added: 0.1.0
description:
  - Reads the state of all units with one call of C(systemctl show) and changes only what differs.
  - A unit whose files changed on disk since systemd read them is read again first.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Returns the changes of a real run. A unit that is not installed yet counts as a change in check mode.
  diff_mode:
    support: full
    description: One line per unit that changes.
options:
  units:
    description: The units, in the order in which they are changed.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The unit with its suffix.
        type: str
        required: true
      enabled:
        description: Whether it starts at boot. Without it that is left as it is.
        type: bool
      state:
        description: Whether it runs now. Without it that is left as it is.
        type: str
        choices: [started, stopped]
      masked:
        description: Whether it cannot be started by anything. Without it that is left as it is.
        type: bool
      optional:
        description: Pass over a unit that the host does not have.
        type: bool
        default: false
"""

EXAMPLES = r"""
- name: Keep time, log and metrics running
  freeagentics.platform.systemd_units:
    units:
      - {name: chrony.service, enabled: true, state: started}
      - {name: rsyslog.service, enabled: true, state: started}
      - {name: ufw.service, enabled: false, state: stopped, optional: true}
"""

RETURN = r"""
actions:
  description: The C(systemctl) calls that were made, or would be made in check mode.
  returned: always
  type: list
  elements: str
  sample: [enable chrony.service, start chrony.service]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.systemd.plan import (
    MissingUnit,
    Unit,
    parse_show,
    plan,
)

PROPERTIES = "Id,Names,LoadState,UnitFileState,ActiveState,NeedDaemonReload"


def main() -> None:
    """Read, plan, apply."""
    unit = {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool"},
        "state": {"type": "str", "choices": ["started", "stopped"]},
        "masked": {"type": "bool"},
        "optional": {"type": "bool", "default": False},
    }
    module = AnsibleModule(
        argument_spec={"units": {"type": "list", "elements": "dict", "required": True, "options": unit}},
        supports_check_mode=True,
    )
    wanted = [Unit(**entry) for entry in module.params["units"]]
    names = [item.name for item in wanted]
    shown = module.run_command(["systemctl", "show", "--property", PROPERTIES, "--", *names], check_rc=True)[1]
    found = parse_show(shown, names)
    try:
        actions = plan(wanted, found, tolerate_missing=module.check_mode)
    except MissingUnit as error:
        module.fail_json(msg=str(error))
    if not module.check_mode:
        for action in actions:
            _run(module, action)
    lines = [" ".join(action) for action in actions]
    after = "".join(f"{line}\n" for line in lines)
    module.exit_json(changed=bool(actions), actions=lines, diff={"before": "", "after": after})


def _run(module: AnsibleModule, action) -> None:
    code, _out, err = module.run_command(["systemctl", *action])
    if code:
        unit = action[-1]
        log = module.run_command(["journalctl", "--no-pager", "--lines", "20", "--unit", unit])[1]
        message = f"systemctl {' '.join(action)} failed: {err.strip()}; the unit's last log lines follow"
        module.fail_json(msg=message, log=log.splitlines())


if __name__ == "__main__":
    main()
