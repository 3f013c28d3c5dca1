# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of the lab."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Sequence

from lab import operations, state
from lab.errors import LabError
from lab.machine import check_root


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    try:
        check_root(os.geteuid())
        status: int = options.run(options) or 0
        return status
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: run the same command again, it goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="Every host of a topology as a system container on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = _command(commands, "up", "build the lab, or what is missing of it", lambda options: operations.up(_lab(options)))
    up.add_argument("--topology", type=Path, default=state.REPOSITORY / "inventories" / "lab" / "topology.yml", help="topology to build (default: %(default)s)")
    _command(commands, "down", "remove the lab, all but the cache", lambda options: operations.down(state.checked_name(options.name)))
    _command(commands, "status", "show every host", lambda options: operations.status(state.existing_lab(options.name)))
    _command(commands, "summary", "say what runs, where to look and what to try", lambda options: operations.summary(state.existing_lab(options.name)))
    for name, text, work in (("kill", "take a host's power away", operations.kill), ("start", "give a host its power back", operations.start), ("rebuild", "make a host anew", operations.rebuild)):
        command = _command(commands, name, text, lambda options, work=work: work(state.existing_lab(options.name), options.host))
        command.add_argument("host")
    cut = _command(commands, "cut", "cut a zone or a host off", lambda options: operations.cut(state.existing_lab(options.name), options.what, options.source, options.one_way))
    cut.add_argument("what", metavar="ZONE|HOST")
    cut.add_argument("--from", dest="source", default="", metavar="HOST", help="only from this host")
    cut.add_argument("--one-way", action="store_true", help="with --from: only what it sends is lost")
    _command(commands, "heal", "undo all cuts", lambda options: operations.heal(state.existing_lab(options.name)))
    ssh = _command(commands, "ssh", "log in to a host, or run a command there", lambda options: operations.ssh(state.existing_lab(options.name), options.host, options.command))
    ssh.add_argument("host")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    inside = _command(commands, "exec", "run a command of this machine in a host's network", lambda options: operations.execute(state.existing_lab(options.name), options.host, options.command))
    inside.add_argument("host", help="a host, `operator` or `internet`")
    inside.add_argument("command", nargs=argparse.REMAINDER)
    _command(commands, "publish", "publish the site on 127.0.0.1", lambda options: operations.publish(state.existing_lab(options.name)))
    return parser


def _command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, run: object) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--name", default="lab", help="the lab (default: %(default)s)")
    parser.set_defaults(run=run)
    return parser


def _lab(options: argparse.Namespace) -> state.Lab:
    return state.Lab(name=state.checked_name(options.name), topology_file=options.topology.resolve())


