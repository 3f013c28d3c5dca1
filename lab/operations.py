# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person does with a lab; each function is one command of the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from dataclasses import asdict
from typing import List, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Topology
from lab import (
    cuts,
    declaration,
    disks,
    hosts,
    image,
    machine,
    netns,
    network,
    packages,
    podman,
    publishing,
    report,
    state,
    tunnel,
)
from lab import (
    ssh as ssh_files,
)
from lab.errors import LabError, unknown_name
from lab.reference_service import pack
from lab.run import say, step
from lab.state import Lab


def up(lab: Lab) -> None:
    """Build the lab, or what is missing of it; the same call repairs, resumes and follows changes of the topology."""
    begun = time.monotonic()
    topology = declaration.load(lab.topology_file)
    wanted = declaration.hosts(topology)
    with state.lock(lab.name, "up"):
        machine.install()
        if not lab.directory.is_dir():
            machine.check_size(len(wanted), *machine.available())
        machine.prepare_kernel()
        _announce(lab)
        reference = image.ensure()
        index = packages.ensure()
        pack.write()
        pack.write_broken()
        ssh_files.make_keys(lab, topology)
        _remove_surplus(lab, topology)
        with step(f"network: {len(topology.regions)} regions, {len(wanted)} hosts"):
            _save_cuts(lab, [])
            running = hosts.process_ids(lab)
            netns.forget(lab, [host.name for host in wanted if host.name not in running])
            netns.build(lab, network.plan(topology))
        with step(f"start {len(wanted)} hosts"):
            hosts.start_all(lab, wanted, reference)
            hosts.wait_for_ssh(lab, wanted)
        _refresh_index(lab, index)
        ssh_files.write_configuration(lab, topology)
        _restore_tunnels(lab)
    say(
        f"lab {lab.name} is up: {len(wanted)} hosts in {time.monotonic() - begun:.1f} s; ssh -F {lab.ssh_config} <host>"
    )


def _announce(lab: Lab) -> None:
    """Write down that the lab exists before anything of it does, so that `down` finds what is half-built."""
    with state.shared_lock("labs"):
        lab.save()
        podman.configure()


def _restore_tunnels(lab: Lab) -> None:
    """Bring the operator's tunnels up again that ended with the machine; before the first run there are none."""
    try:
        for line in tunnel.up(lab):
            say(line)
    except LabError as error:
        say(f"warning: {error}")


def _remove_surplus(lab: Lab, topology: Topology) -> None:
    """Remove what the topology no longer declares."""
    plan = network.plan(topology)
    hosts.remove_all(lab, keep=[lab.container(host.name) for host in declaration.hosts(topology)])
    netns.remove(lab, keep=[lab.namespace(namespace.name) for namespace in plan.namespaces])


def _refresh_index(lab: Lab, index: str) -> None:
    """Make hosts that run already see packages that were added since."""
    seen = lab.directory / "index"
    if seen.is_file() and seen.read_text(encoding="utf-8") != index:
        hosts.refresh_index(lab)
    state.replace(seen, index)


def down(name: str) -> None:
    """Remove every trace of a lab; safe to repeat."""
    if not (state.STATE / name / "lab.json").is_file():
        say(f"lab {name}: nothing to remove")
        return
    lab = state.existing_lab(name)
    with state.lock(name, "down"), step(f"remove lab {name}"):
        publishing.stop(lab)
        tunnel.stop(lab)
        ssh_files.close_connections(lab)
        hosts.remove_all(lab)
        disks.discard(lab)
        netns.remove(lab)
        beside = ssh_files.beside(lab)
        if beside is not None:
            beside.unlink(missing_ok=True)
        shutil.rmtree(lab.directory)
    with state.shared_lock("labs"):
        if not state.existing_labs():
            shutil.rmtree(podman.RUNTIME_DIRECTORY, ignore_errors=True)
    say(f"lab {name} is gone; the image and the packages stay in {state.CACHE} for the next one")


def status(lab: Lab) -> None:
    """Print a line for every host."""
    topology = declaration.load(lab.topology_file)
    print(report.status(lab, topology, _cuts(lab)))


def summary(lab: Lab) -> None:
    """Print what a newcomer wants to know once the lab is built."""
    print(report.summary(lab, declaration.load(lab.topology_file)))


def kill(lab: Lab, names: Sequence[str]) -> None:
    """Take the power of some hosts away, as if their plugs were pulled, all at the same moment."""
    topology = declaration.load(lab.topology_file)
    dying = [declaration.host(topology, name) for name in names]
    with state.lock(lab.name, f"kill {' '.join(names)}", names):
        for host in dying:
            ssh_files.close_connection(lab, host.name)
            netns.unplug(lab, *declaration.router_and_port(topology, host))
        hosts.kill(lab, dying)
        netns.forget(lab, names)
    for name in names:
        say(f"{name} is dead: no process, no network; `make lab-start HOST={name}` brings it back")


def start(lab: Lab, names: Sequence[str]) -> None:
    """Give some hosts their power back and wait until they are up."""
    topology = declaration.load(lab.topology_file)
    starting = [declaration.host(topology, name) for name in names]
    with state.lock(lab.name, f"start {' '.join(names)}", names):
        _plug_in(lab, topology, names)
        hosts.start_all(lab, starting)
        hosts.wait_for_ssh(lab, starting)
    say(f"up: {', '.join(names)}")


def _plug_in(lab: Lab, topology: Topology, names: Sequence[str]) -> None:
    """Give hosts that are off a new network, without rules or addresses of before; one that runs keeps what it has."""
    running = hosts.process_ids(lab)
    off = [name for name in names if name not in running]
    netns.forget(lab, off)
    for name in off:
        netns.build(lab, network.part(network.plan(topology), name))


def rebuild(lab: Lab, name: str) -> None:
    """Replace a host by a new one from the image, with the same name, addresses and keys."""
    topology = declaration.load(lab.topology_file)
    host = declaration.host(topology, name)
    with state.lock(lab.name, f"rebuild {name}"):
        ssh_files.close_connection(lab, name)
        keep = [lab.container(other.name) for other in declaration.hosts(topology) if other != host]
        hosts.remove_all(lab, keep=keep)
        disks.discard(lab, [name])
        _plug_in(lab, topology, [name])
        hosts.start_all(lab, [host], image.ensure())
        hosts.wait_for_ssh(lab, [host])
    say(f"{name} is as new")


def cut(lab: Lab, what: str, source: str, one_way: bool) -> None:
    """Cut a zone, or a host, off."""
    topology = declaration.load(lab.topology_file)
    if what in declaration.zones(topology) and not source:
        fault = cuts.Cut(zone=what)
    else:
        _checked_platform_host(topology, what)
        fault = cuts.Cut(host=what, source=_checked_platform_host(topology, source) if source else "", one_way=one_way)
    with state.lock(lab.name, f"cut {what}"):
        faults = [*_cuts(lab), *([] if fault in _cuts(lab) else [fault])]
        _save_cuts(lab, faults)
        _apply_cuts(lab, topology, faults)
    say(f"cut: {fault}; `make lab-heal` undoes it")


def _checked_platform_host(topology: Topology, name: str) -> str:
    known = [*declaration.zones(topology), *(host.name for host in topology.hosts)]
    if name not in [host.name for host in topology.hosts]:
        raise unknown_name("zone or host", name, known)
    return name


def heal(lab: Lab) -> None:
    """Undo all cuts."""
    topology = declaration.load(lab.topology_file)
    with state.lock(lab.name, "heal"):
        _save_cuts(lab, [])
        _apply_cuts(lab, topology, [])
    say("all cuts are healed")


def _cuts(lab: Lab) -> List[cuts.Cut]:
    path = lab.directory / "cuts.json"
    return [cuts.Cut(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def _save_cuts(lab: Lab, faults: Sequence[cuts.Cut]) -> None:
    state.replace(lab.directory / "cuts.json", json.dumps([asdict(fault) for fault in faults]) + "\n")


def _apply_cuts(lab: Lab, topology: Topology, faults: Sequence[cuts.Cut]) -> None:
    for region, ruleset in cuts.rulesets(topology, faults):
        netns.add_rules(lab, network.router(region), ruleset)


def ssh(lab: Lab, name: str, command: Sequence[str]) -> int:
    """Log in to a host, or run a command there."""
    host = declaration.host(declaration.load(lab.topology_file), name)
    return subprocess.call(["ssh", "-F", str(lab.ssh_config), host.name, *command])


def execute(lab: Lab, name: str, command: Sequence[str]) -> int:
    """Run a command of this machine in the network namespace of a host, of the operator or of the internet."""
    if name not in declaration.RESERVED:
        declaration.host(declaration.load(lab.topology_file), name)
    if not command:
        raise LabError(
            "no command",
            "exec runs a command of this machine in a host's network",
            f"python -m lab exec {name} ip route",
        )
    return subprocess.call(netns.inside(lab.namespace(name), *_command(command)))


def console(lab: Lab, name: str, command: Sequence[str]) -> int:
    """Run a command as root on a host, past its network and its firewall, as on a provider's serial console."""
    host = declaration.host(declaration.load(lab.topology_file), name)
    return subprocess.call(hosts.console(lab, host, _command(command)))


def _command(words: Sequence[str]) -> Sequence[str]:
    return words[1:] if words[:1] == ["--"] else words


def publish(lab: Lab) -> None:
    """Publish the load balancers' public addresses on 127.0.0.1."""
    publishing.start(lab, declaration.load(lab.topology_file))
