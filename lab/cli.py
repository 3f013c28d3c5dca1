# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of the lab."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

from lab import operations, state
from lab.errors import LabError
from lab.machine import SYSTEM_PATH, check_root

Run = Callable[[argparse.Namespace], Optional[int]]
#: argparse keeps the type of its sub-parsers to itself.
Commands = Any


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit status."""
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"
    try:
        options = _parser().parse_args(arguments)
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
    parser = argparse.ArgumentParser(
        prog="python -m lab", description="Every host of a topology as a system container on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    topology = state.REPOSITORY / "inventories" / "lab" / "topology.yml"
    up = _command(
        commands, "up", "build the lab, or what is missing of it", lambda options: operations.up(_new(options))
    )
    up.add_argument("--topology", type=Path, default=topology, help="topology to build (default: %(default)s)")
    _command(commands, "down", "remove the lab, all but the cache", lambda options: operations.down(options.name))
    _command(commands, "status", "show every host", _on(operations.status))
    _command(commands, "summary", "say what runs, where to look and what to try", _on(operations.summary))
    _command(commands, "publish", "publish the site on 127.0.0.1", _on(operations.publish))
    _add_faults(commands)
    _add_ways_in(commands)
    return parser


def _add_faults(commands: Commands) -> None:
    for name, text, work in (
        ("kill", "take the power of hosts away", operations.kill),
        ("start", "give hosts their power back", operations.start),
    ):
        _command(commands, name, text, _on(work, "hosts")).add_argument("hosts", metavar="host", nargs="+")
    _command(commands, "rebuild", "make a host anew", _on(operations.rebuild, "host")).add_argument("host")
    cut = _command(commands, "cut", "cut a zone or a host off", _on(operations.cut, "what", "source", "one_way"))
    cut.add_argument("what", metavar="ZONE|HOST")
    cut.add_argument("--from", dest="source", default="", metavar="HOST", help="only from this host")
    cut.add_argument("--one-way", action="store_true", help="with --from: only what it sends is lost")
    _command(commands, "heal", "undo all cuts", _on(operations.heal))


def _add_ways_in(commands: Commands) -> None:
    for name, text, work in (
        ("ssh", "log in to a host, or run a command there", operations.ssh),
        ("console", "be root on a host, past its network and its firewall", operations.console),
        (
            "exec",
            "run a command of this machine in the network of a host, `operator` or `internet`",
            operations.execute,
        ),
    ):
        command = _command(commands, name, text, _on(work, "host", "command"))
        command.add_argument("host")
        command.add_argument("command", nargs=argparse.REMAINDER)


def _command(commands: Commands, name: str, text: str, run: Run) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--name", type=_name, default="lab", help="the lab (default: %(default)s)")
    parser.set_defaults(run=run)
    return parser


def _name(text: str) -> str:
    return state.checked_name(text)


def _on(work: Callable[..., Optional[int]], *arguments: str) -> Run:
    """Return what runs a command on a lab that exists, with some of its options."""
    return lambda options: work(state.existing_lab(options.name), *(getattr(options, name) for name in arguments))


def _new(options: argparse.Namespace) -> state.Lab:
    return state.Lab(name=options.name, topology_file=options.topology.resolve())
