#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: iptables_ruleset
short_description: Loads and persists the whole iptables ruleset of a host, with a way back from a lock-out
description:
  - Compares the rules of the kernel and the files that C(netfilter-persistent) loads at boot with the wanted text,
    for IPv4 and IPv6. Where both agree, nothing is touched, so that counters and connections live on. Where they
    differ, each family is loaded in one transaction by C(iptables-restore).
  - The tables that the text names are managed as a whole. A rule or a chain in them that the text does not have is
    removed, whoever made it. Other tables are left alone.
  - Before new rules are loaded, the old ones are kept on the host and a systemd timer is armed that restores them.
    The action plugin then ends the task's connection and confirms through a new one, because established
    connections would pass almost any ruleset. Only that disarms the timer and writes the files. So a ruleset that
    locks SSH out, a run that is killed and a host that reboots in between all end with the old rules.
  - Rules are compared in the form in which C(iptables-save) prints them. Where a text is written differently (C(-p
    tcp --dport 22) for C(-p tcp -m tcp --dport 22)), the host brings it into that form by loading it in an empty
    network namespace.
  - Stops where ufw, firewalld or nftables manage the rules, and where rules of the legacy backend are loaded
    beside those of nf_tables.
version_added: 0.1.0
author: FreeAgentics (@freeagentics)
options:
  ipv4:
    description:
      - The IPv4 rules as text for C(iptables-restore). Required, except with O(phase=confirm) and
        O(phase=preflight).
    type: str
  ipv6:
    description:
      - The IPv6 rules as text for C(ip6tables-restore). Required like O(ipv4), because a family without rules is
        open.
    type: str
  rollback_seconds:
    description:
      - After this many seconds without a confirmation the host restores the old rules.
      - V(0) loads and persists without a way back, for hosts that are configured without SSH, such as images.
    type: int
    default: 60
  persist_directory:
    description: The folder of C(rules.v4) and C(rules.v6).
    type: path
    default: /etc/iptables
  boot_service:
    description:
      - The unit that loads the files at boot; it is enabled where it is not. The empty string leaves that to something
        else.
    type: str
    default: netfilter-persistent.service
  phase:
    description:
      - V(apply) makes the host have the wanted rules. V(preflight) only looks whether something else manages the
        rules.
      - V(confirm) is for the action plugin, which sets it with O(token).
    type: str
    choices: [apply, preflight, confirm]
    default: apply
  token:
    description: Names the change that O(phase=confirm) confirms.
    type: str
requirements:
  - iptables
  - netfilter-persistent and iptables-persistent (for O(boot_service))
  - systemd (with O(rollback_seconds) above 0)
attributes:
  check_mode:
    support: full
    description: Nothing is changed; the text is tested by C(iptables-restore --test).
  diff_mode:
    support: full
    description: Shows the rules of the kernel and of the files chain by chain, without counters.
"""

EXAMPLES = r"""
- name: Load the rules of this host
  freeagentics.platform.iptables_ruleset:
    ipv4: |
      *filter
      :INPUT DROP [0:0]
      :FORWARD DROP [0:0]
      :OUTPUT ACCEPT [0:0]
      -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      -A INPUT -i lo -j ACCEPT
      -A INPUT -s 10.0.0.10/32 -p tcp -m tcp --dport 22 -j ACCEPT
      COMMIT
    ipv6: |
      *filter
      :INPUT DROP [0:0]
      :FORWARD DROP [0:0]
      :OUTPUT DROP [0:0]
      COMMIT
    rollback_seconds: 60

- name: Stop before the installation where something else manages the rules
  freeagentics.platform.iptables_ruleset:
    phase: preflight
"""

RETURN = r"""
loaded:
  description: The families whose rules were loaded into the kernel (in check mode, would be).
  returned: with phase apply
  type: list
  elements: str
  sample: [IPv4, IPv6]
persisted:
  description: The files that differed.
  returned: with phase apply
  type: list
  elements: str
  sample: [/etc/iptables/rules.v4]
enabled:
  description: Whether O(boot_service) had to be enabled.
  returned: with phase apply
  type: bool
recovered:
  description: Whether an earlier change that nobody had confirmed was found and taken back first.
  returned: with phase apply
  type: bool
confirmed:
  description: Whether a new connection proved that the rules let SSH in.
  returned: when rules were loaded with a rollback timer
  type: bool
state:
  description: What the confirmation found (C(confirmed), C(rolled_back), C(old_connection), C(no_ssh) or C(unknown)).
  returned: with phase confirm
  type: str
"""

import fcntl
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.plan import (
    IPV4,
    IPV6,
    Family,
    Observed,
    Plan,
    Wanted,
    plan,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.proof import (
    Process,
    connection_began,
    parse_process,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.rollback import (
    STATE_DIRECTORY,
    UNIT,
    Pending,
    before_text,
    rollback_script,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.ruleset import (
    Ruleset,
    RulesetError,
    completed,
    normal_form,
    only_tables,
    parse,
    render,
    table_names,
)


class FirewallError(Exception):
    """Why the rules of the host cannot be managed, and the remedy."""


def read_text(path: str) -> Optional[str]:
    """The content of a file, or None where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None


class Host:
    """The host's iptables tools, files and services."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.directory: str = module.params["persist_directory"]

    def run(self, command: List[str], data: Optional[str] = None) -> str:
        """The output of a command; its complaint as an error where it fails."""
        code, out, err = self.module.run_command(command, data=data, binary_data=True)
        if code != 0:
            raise FirewallError(f"'{' '.join(command)}' failed: {(err or out).strip()}")
        return str(out)

    def tool(self, family: Family, verb: str) -> str:
        """The path of iptables-save, ip6tables-restore, ..."""
        path = self.module.get_bin_path(f"{family.tool}-{verb}", opt_dirs=["/usr/sbin", "/sbin"])
        if path is None:
            raise FirewallError(f"{family.tool}-{verb} is not installed: install the package iptables")
        return str(path)

    def families(self) -> Tuple[Family, ...]:
        """IPv4, and IPv6 where the kernel has it."""
        return (IPV4, IPV6) if os.path.exists("/proc/net/if_inet6") else (IPV4,)

    def is_without_tools(self) -> bool:
        """Whether this is a check of a host on which the tools are not installed yet."""
        return (
            bool(self.module.check_mode)
            and self.module.get_bin_path("iptables-save", opt_dirs=["/usr/sbin", "/sbin"]) is None
        )

    def saved(self, family: Family) -> Ruleset:
        """The rules of the kernel."""
        if self.is_without_tools():
            return ()
        return parse(self.run([self.tool(family, "save")]))

    def canonical(self, family: Family, ruleset: Ruleset) -> Ruleset:
        """The ruleset as iptables-save prints it, found in an empty network namespace; unchanged without permission."""
        if self.is_without_tools():
            return ruleset
        script = f"{self.tool(family, 'restore')} && {self.tool(family, 'save')}"
        code, out, _err = self.module.run_command(
            ["unshare", "--net", "sh", "-c", script], data=render(ruleset), binary_data=True
        )
        return only_tables(parse(out), table_names(ruleset)) if code == 0 else ruleset

    def test(self, family: Family, ruleset: Ruleset) -> None:
        """Lets iptables-restore read the rules without loading them."""
        if not self.is_without_tools():
            self.run([self.tool(family, "restore"), "--test"], data=render(ruleset))

    def load(self, family: Family, ruleset: Ruleset) -> None:
        """Loads the tables of the ruleset in one transaction; other tables stay."""
        self.run([self.tool(family, "restore"), "--wait", "10"], data=render(ruleset))

    def path(self, family: Family) -> str:
        """The file of the family that is loaded at boot."""
        return os.path.join(self.directory, family.file)

    def write(self, path: str, text: str, mode: int) -> None:
        """Writes a file in one step, so that a reader never sees half of it."""
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        descriptor = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fsync(file.fileno())
        os.replace(f"{path}.new", path)

    def wanted(self, family: Family, text: str) -> Wanted:
        """What the text says; brought into iptables-save's form only where it differs from the kernel as it stands."""
        try:
            ruleset = completed(parse(text))
        except RulesetError as error:
            raise FirewallError(f"the {family.name} rules, {error}") from None
        running = only_tables(self.saved(family), table_names(ruleset))
        same = normal_form(running) == normal_form(ruleset)
        return Wanted(text, ruleset, ruleset if same else self.canonical(family, ruleset))

    def observed(self, family: Family) -> Observed:
        """The rules of the kernel and of the file."""
        return Observed(self.saved(family), read_text(self.path(family)))

    def ancestors(self) -> Iterator[Process]:
        """This process and those above it."""
        pid = os.getpid()
        while pid > 0:
            stat, title = read_text(f"/proc/{pid}/stat"), read_text(f"/proc/{pid}/cmdline")
            if stat is None or title is None:
                return
            process = parse_process(pid, stat, title.replace("\0", " "), os.sysconf("SC_CLK_TCK"))
            yield process
            pid = process.parent

    def will_load_at_boot(self) -> bool:
        """Whether the files are loaded at the next boot, as far as this module is asked to see to it."""
        service = self.module.params["boot_service"]
        return not service or self.module.run_command(["systemctl", "is-enabled", "--quiet", service])[0] == 0

    def load_at_boot(self) -> None:
        """Has the files loaded at every boot."""
        self.run(["systemctl", "enable", self.module.params["boot_service"]])

    def check_conflicts(self) -> None:
        """Stops where something else manages the rules."""
        _code, out, _err = self.module.run_command(["systemctl", "is-active", "firewalld.service", "nftables.service"])
        states = dict(zip(("firewalld", "nftables"), out.split()))
        found = [name for name, state in states.items() if state == "active"]
        if "ENABLED=yes" in (read_text("/etc/ufw/ufw.conf") or "").splitlines():
            found.append("ufw")
        if found:
            raise FirewallError(
                f"{', '.join(found)} manages the rules of this host, and two managers undo each other's work: "
                "see which of its rules you need, declare them as flows, then end it ('ufw disable', "
                "'systemctl disable --now firewalld nftables') and run this again"
            )

    def check_backends(self, family: Family) -> None:
        """Stops where both backends of iptables hold rules: packets have to pass both, and only one is managed."""
        if self.is_without_tools():
            return
        names = "ip_tables_names" if family is IPV4 else "ip6_tables_names"
        if "nf_tables" not in self.run([self.tool(family, "save"), "--version"]) or not read_text(f"/proc/net/{names}"):
            return
        legacy = self.module.get_bin_path(f"{family.tool}-legacy-save", opt_dirs=["/usr/sbin", "/sbin"])
        if legacy and normal_form(parse(self.run([legacy]))):
            raise FirewallError(
                "rules of the legacy backend are loaded beside those of nf_tables: look at them with "
                f"'{family.tool}-legacy-save', then remove them ('{family.tool}-legacy -P INPUT ACCEPT', "
                f"'{family.tool}-legacy -F') and run this again"
            )


class Rollback:
    """The change that waits for a confirmation, with all that brings the host back."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def path(self, name: str) -> str:
        return os.path.join(STATE_DIRECTORY, name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps the timer and other runs away."""
        os.makedirs(STATE_DIRECTORY, mode=0o700, exist_ok=True)
        with open(self.path("lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read(self, name: str) -> Optional[Pending]:
        text = read_text(self.path(name))
        return Pending.from_json(text) if text is not None else None

    def pending(self) -> Optional[Pending]:
        """The change that nobody has confirmed and the timer has not taken back."""
        return self.read("pending.json")

    def rolled_back(self) -> Optional[Pending]:
        """The last change that was taken back."""
        return self.read("rolled-back.json")

    def arm(self, plans: Tuple[Plan, ...], wanted: Dict[Family, Wanted], seconds: int) -> Pending:
        """Keeps the old rules and starts the timer. Nothing of the host's rules changes yet."""
        pending = Pending(secrets.token_hex(8), seconds, None)
        families = tuple(each.family for each in plans)
        for family in families:
            names = table_names(wanted[family].ruleset)
            self.host.write(self.path(f"before.{family.file}"), before_text(self.host.saved(family), names), 0o600)
            self.host.write(self.path(f"wanted.{family.file}"), wanted[family].text, 0o600)
            self._keep_persisted(family)
        tools = tuple(self.host.tool(family, "restore") for family in families)
        self.host.write(self.path("rollback"), rollback_script(families, tools, self.host.directory), 0o700)
        self.note(pending)
        self._start_timer(seconds)
        return pending

    def _keep_persisted(self, family: Family) -> None:
        kept = self.path(f"persisted.{family.file}")
        if os.path.exists(self.host.path(family)):
            shutil.copy2(self.host.path(family), kept)
        elif os.path.exists(kept):
            os.unlink(kept)

    def _start_timer(self, seconds: int) -> None:
        timer = ["--quiet", "--collect", f"--unit={UNIT}", f"--on-active={seconds}"]
        restore = f"test ! -e {self.path('pending.json')} || exec /bin/sh {self.path('rollback')}"
        command = ["flock", self.path("lock"), "/bin/sh", "-c", restore]
        try:
            self.host.run(["systemd-run", "--timer-property=AccuracySec=100ms", *timer, *command])
        except FirewallError:
            os.unlink(self.path("pending.json"))
            raise

    def note(self, pending: Pending) -> None:
        """Remembers how far the change is."""
        self.host.write(self.path("pending.json"), pending.to_json(), 0o600)

    def run_now(self) -> None:
        """Takes the change back at once."""
        self.host.run(["/bin/sh", self.path("rollback")])
        self._stop_timer()

    def disarm(self) -> None:
        """Forgets the old rules."""
        os.unlink(self.path("pending.json"))
        self._stop_timer()

    def _stop_timer(self) -> None:
        self.host.module.run_command(["systemctl", "stop", f"{UNIT}.timer"])

    def wanted_text(self, family: Family) -> Optional[str]:
        """The text that becomes the family's file once the change is confirmed."""
        return read_text(self.path(f"wanted.{family.file}"))


class Apply:
    """Phase apply: observe, plan, arm, load."""

    def __init__(self, host: Host, rollback: Rollback) -> None:
        self.host = host
        self.rollback = rollback
        self.params = host.module.params
        self.check_mode: bool = host.module.check_mode

    def run(self) -> Dict[str, Any]:
        """Gives the host the wanted rules; the result of the module."""
        self.host.check_conflicts()
        with self.rollback.locked():
            recovered = self.rollback.pending() is not None
            if recovered and not self.check_mode:
                self.rollback.run_now()
            result = self._run()
            return {**result, "changed": result["changed"] or recovered, "recovered": recovered}

    def _run(self) -> Dict[str, Any]:
        families = self.host.families()
        wanted = {family: self.host.wanted(family, self.params[family.name.lower()]) for family in families}
        plans = tuple(
            plan(family, wanted[family], self.host.observed(family), self.host.path(family)) for family in families
        )
        enabled = not self.host.will_load_at_boot()
        result: Dict[str, Any] = {
            "changed": enabled or any(each.changed for each in plans),
            "enabled": enabled,
            "diff": [difference for each in plans for difference in each.diff],
            "loaded": [each.family.name for each in plans if each.load],
            "persisted": [self.host.path(each.family) for each in plans if each.persist],
        }
        for each in plans:
            self.host.check_backends(each.family)
            if each.load:
                self.host.test(each.family, wanted[each.family].ruleset)
        if self.check_mode or not result["changed"]:
            return result
        if enabled:
            self.host.load_at_boot()
        if result["loaded"] and self.params["rollback_seconds"]:
            result["pending"] = self._load_with_timer(plans, wanted)
        else:
            self._load(plans, wanted)
            self._persist(plans, wanted)
        return result

    def _load_with_timer(self, plans: Tuple[Plan, ...], wanted: Dict[Family, Wanted]) -> Dict[str, Any]:
        pending = self.rollback.arm(plans, wanted, self.params["rollback_seconds"])
        try:
            self._load(plans, wanted)
        except FirewallError:
            self.rollback.run_now()
            raise
        self.rollback.note(Pending(pending.token, pending.seconds, time.clock_gettime(time.CLOCK_BOOTTIME)))
        return {"token": pending.token, "seconds": pending.seconds}

    def _load(self, plans: Tuple[Plan, ...], wanted: Dict[Family, Wanted]) -> None:
        for each in plans:
            if each.load:
                self.host.load(each.family, wanted[each.family].ruleset)
                self._check_loaded(each.family, wanted[each.family])

    def _check_loaded(self, family: Family, wanted: Wanted) -> None:
        running = only_tables(self.host.saved(family), table_names(wanted.ruleset))
        if normal_form(running) not in (normal_form(wanted.ruleset), normal_form(wanted.canonical)):
            self.host.module.warn(
                f"iptables-save prints the {family.name} rules in another form than they are written, and this host "
                "may not make a network namespace to find that form: every run will load them again. Write them as "
                "iptables-save prints them."
            )

    def _persist(self, plans: Tuple[Plan, ...], wanted: Dict[Family, Wanted]) -> None:
        for each in plans:
            if each.persist:
                self.host.write(self.host.path(each.family), wanted[each.family].text, 0o640)


def confirm(host: Host, rollback: Rollback, token: str) -> Dict[str, Any]:
    """Phase confirm: persists the rules and disarms the timer, if this connection began after the change."""
    with rollback.locked():
        pending, gone = rollback.pending(), rollback.rolled_back()
        if pending is None or pending.token != token:
            return {"state": "rolled_back" if gone is not None and gone.token == token else "unknown"}
        began = connection_began(host.ancestors())
        if began is None:
            return {"state": "no_ssh"}
        if pending.changed_at is None or began <= pending.changed_at:
            return {"state": "old_connection"}
        for family in host.families():
            text = rollback.wanted_text(family)
            if text is not None:
                host.write(host.path(family), text, 0o640)
        rollback.disarm()
    return {"state": "confirmed"}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "ipv4": {"type": "str"},
            "ipv6": {"type": "str"},
            "rollback_seconds": {"type": "int", "default": 60},
            "persist_directory": {"type": "path", "default": "/etc/iptables"},
            "boot_service": {"type": "str", "default": "netfilter-persistent.service"},
            "phase": {"type": "str", "choices": ["apply", "preflight", "confirm"], "default": "apply"},
            "token": {"type": "str", "no_log": False},
        },
        required_if=[("phase", "apply", ("ipv4", "ipv6")), ("phase", "confirm", ("token",))],
        supports_check_mode=True,
    )
    host = Host(module)
    rollback = Rollback(host)
    try:
        if module.params["phase"] == "confirm":
            module.exit_json(changed=False, **confirm(host, rollback, module.params["token"]))
        if module.params["phase"] == "preflight":
            host.check_conflicts()
            module.exit_json(changed=False)
        module.exit_json(**Apply(host, rollback).run())
    except (FirewallError, RulesetError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
