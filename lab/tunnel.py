# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The operator's WireGuard tunnels into a lab, one for each of its VPN gateways.

    python -m lab.tunnel public-key --name lab     make the operator's key, print its public half
    python -m lab.tunnel up --name lab             bring the tunnels up that the role `vpn` wrote files for
    python -m lab.tunnel down --name lab

Interfaces live in the operator's namespace, and so do the routes, which win over those that the namespace has by
itself. Connections that exist when a tunnel comes up stay on the old way, because they bear its address. Where the
kernel has no WireGuard, `wireguard-go` carries a tunnel and ends with the lab.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import List, Sequence, Tuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from lab.errors import LabError
from lab.run import capture
from lab.state import Lab, existing_lab, replace, shared_lock

#: The routing table of the tunnels, and the place of the rule that leads to it before the namespace's own routes.
TABLE, PREFERENCE = "51820", "100"
MTU = 1420
HANDSHAKE_SECONDS = 20
#: What wg-quick understands and wg does not.
QUICK_ONLY = ("Address", "MTU", "DNS", "PostUp")


@dataclass(frozen=True)
class Configuration:
    """What a client's file says: the addresses of the interface, the routes, and the rest for ``wg setconf``."""

    addresses: Tuple[str, ...]
    routes: Tuple[str, ...]
    settings: str


def parse(text: str) -> Configuration:
    """Read a file of wg-quick (wg-quick(8)) with one peer."""
    addresses: List[str] = []
    routes: List[str] = []
    settings: List[str] = []
    for line in text.splitlines():
        name, _, value = (part.strip() for part in line.partition("="))
        values = [item.strip() for item in value.split(",")]
        if name == "Address":
            addresses.extend(values)
        if name == "AllowedIPs":
            routes.extend(values)
        if name not in QUICK_ONLY:
            settings.append(line)
    return Configuration(tuple(addresses), tuple(routes), "\n".join(settings) + "\n")


def directory(lab: Lab) -> Path:
    """The folder with the operator's key and the files that the role `vpn` writes."""
    return lab.directory / "wireguard"


def public_key(lab: Lab) -> str:
    """Return the public half of the operator's key, which is made at the first call."""
    path = directory(lab) / "operator.key"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with shared_lock(f"{lab.name}-tunnel"):
        if not path.is_file():
            replace(path, base64.b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode() + "\n", mode=0o600)
        private = X25519PrivateKey.from_private_bytes(base64.b64decode(path.read_text(encoding="utf-8")))
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()


def up(lab: Lab) -> List[str]:
    """Bring every tunnel up that there is a file for; return what was done, nothing where all is as it should be.

    :raises LabError: a gateway does not answer.
    """
    done = []
    with shared_lock(f"{lab.name}-tunnel"):
        for path in sorted(directory(lab).glob("*-operator.conf")):
            interface = _interface(lab, path)
            text = path.read_text(encoding="utf-8")
            applied = path.with_suffix(".applied")
            digest = hashlib.sha256(text.encode()).hexdigest()
            if _exists(lab, interface) and applied.is_file() and applied.read_text(encoding="utf-8") == digest:
                continue
            if not _exists(lab, interface):
                _create(lab, interface, path.with_suffix(".pid"))
            _configure(lab, interface, parse(text))
            try:
                _wait_for_handshake(lab, interface, path.stem)
            except LabError:
                _remove(lab, path)
                raise
            replace(applied, digest, mode=0o600)
            done.append(f"the tunnel {path.stem} is up")
    return done


def stop(lab: Lab) -> None:
    """End every tunnel of the lab; safe to repeat."""
    for path in sorted(directory(lab).glob("*-operator.conf")):
        _remove(lab, path)


def _remove(lab: Lab, path: Path) -> None:
    """End one tunnel, and with it its routes."""
    interface = _interface(lab, path)
    if _exists(lab, interface):
        capture(["ip", "-n", lab.namespace("operator"), "link", "delete", interface], check=False)
    _end(path.with_suffix(".pid"))
    path.with_suffix(".applied").unlink(missing_ok=True)


def _end(pid_file: Path) -> None:
    """End the process of a file, if it is still the one that was started."""
    if pid_file.is_file():
        pid = int(pid_file.read_text(encoding="utf-8"))
        try:
            if "wireguard-go" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8"):
                os.kill(pid, signal.SIGTERM)
        except (FileNotFoundError, ProcessLookupError):
            pass
        pid_file.unlink()


def _interface(lab: Lab, path: Path) -> str:
    """Return a name that no other lab's interface has: sockets of wireguard-go go by it."""
    return "wg-" + hashlib.sha256(f"{lab.name} {path.stem}".encode()).hexdigest()[:8]


def _inside(lab: Lab, *command: str) -> List[str]:
    return ["nsenter", f"--net=/run/netns/{lab.namespace('operator')}", *command]


def _exists(lab: Lab, interface: str) -> bool:
    return interface in capture(["ip", "-n", lab.namespace("operator"), "-brief", "link"], check=False)


def _configure(lab: Lab, interface: str, configuration: Configuration) -> None:
    capture(_inside(lab, "wg", "setconf", interface, "/dev/stdin"), stdin=configuration.settings)
    namespace = lab.namespace("operator")
    capture(["ip", "-n", namespace, "link", "set", interface, "mtu", str(MTU), "up"])
    for address in configuration.addresses:
        capture(["ip", "-n", namespace, "address", "replace", address, "dev", interface, "nodad"])
    for version in ("-4", "-6"):
        _lead_to_tunnels(namespace, version)
    for route in configuration.routes:
        version = "-6" if ":" in route else "-4"
        capture(["ip", version, "-n", namespace, "route", "replace", route, "dev", interface, "table", TABLE])


def _lead_to_tunnels(namespace: str, version: str) -> None:
    """Let everything take the tunnels that does not bear an address of the namespace's own way already."""
    if f"lookup {TABLE}" in capture(["ip", version, "-n", namespace, "rule"]):
        return
    links = json.loads(capture(["ip", version, "-n", namespace, "-json", "address", "show", "dev", "internet"]))
    for own in (entry["local"] for link in links for entry in link["addr_info"] if entry["scope"] == "global"):
        rule = ["pref", PREFERENCE, "not", "from", own, "lookup", TABLE]
        capture(["ip", version, "-n", namespace, "rule", "add", *rule])


def _create(lab: Lab, interface: str, pid_file: Path) -> None:
    namespace = lab.namespace("operator")
    capture(["ip", "-n", namespace, "link", "add", interface, "type", "wireguard"], check=False)
    if _exists(lab, interface):
        return
    log_file = pid_file.with_suffix(".log")
    with log_file.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            _inside(lab, "wireguard-go", "--foreground", interface),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    replace(pid_file, f"{process.pid}\n", mode=0o600)
    socket = Path("/run/wireguard") / f"{interface}.sock"
    deadline = time.monotonic() + 5
    while not (socket.exists() and _exists(lab, interface)):
        if time.monotonic() > deadline or process.poll() is not None:
            said = log_file.read_text(encoding="utf-8")
            raise LabError(f"{interface}: wireguard-go did not start", said, "look whether /dev/net/tun exists")
        time.sleep(0.05)


def _wait_for_handshake(lab: Lab, interface: str, name: str) -> None:
    deadline = time.monotonic() + HANDSHAKE_SECONDS
    while not _shook_hands(lab, interface):
        if time.monotonic() > deadline:
            raise LabError(
                f"{name}: no answer from the VPN gateway within {HANDSHAKE_SECONDS} s",
                "the gateway is down, does not know the operator's key, or its UDP port is closed",
                "look at `wg show` on the gateway, then run this again",
            )
        time.sleep(0.2)


def _shook_hands(lab: Lab, interface: str) -> bool:
    fields = capture(_inside(lab, "wg", "show", interface, "latest-handshakes"), check=False).split()
    return bool(fields) and fields[-1] != "0"


def main(arguments: Sequence[str]) -> int:
    """Run one command; print what it did."""
    parser = argparse.ArgumentParser(prog="python -m lab.tunnel", description="The operator's tunnels into a lab.")
    parser.add_argument("command", choices=["up", "down", "public-key"])
    parser.add_argument("--name", default="lab", help="the lab (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        lab = existing_lab(options.name)
        if options.command == "public-key":
            print(public_key(lab))
        elif options.command == "up":
            print("\n".join(up(lab)), end="")
        else:
            stop(lab)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
