# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The image of all hosts: Debian with what every host has in common, made from packages, cached by its recipe."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from lab import podman
from lab.run import capture, logged, say, step
from lab.state import CACHE, shared_lock

#: The release of Debian that hosts have, and the major version of PostgreSQL that each release has.
SUITE = os.environ.get("LAB_SUITE") or "bookworm"
POSTGRES = {"bookworm": "15", "trixie": "17"}
PACKAGES = (
    "ca-certificates",
    "chrony",
    "cron",
    "curl",
    "dbus",
    "iproute2",
    "iptables",
    "iputils-ping",
    "logrotate",
    "netcat-openbsd",
    "nftables",
    "openssh-server",
    "procps",
    "prometheus-node-exporter",
    "python3",
    "python3-apt",
    "rsyslog",
    "sudo",
    "systemd",
    "systemd-sysv",
)
FILES = Path(__file__).parent / "rootfs"
SETUP = Path(__file__).parent / "setup-image.sh"


def recipe() -> str:
    """Return a short hash of everything that decides what is in the image."""
    digest = hashlib.sha256(f"{SUITE} {' '.join(PACKAGES)}".encode())
    for path in [SETUP, *sorted(FILES.rglob("*"))]:
        digest.update(str(path.relative_to(FILES.parent)).encode())
        if path.is_file() and not path.is_symlink():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def reference() -> str:
    """Return the image's name with its recipe as tag."""
    return f"localhost/lab-host:{recipe()}"


def dpkg_status() -> Path:
    """Return the image's list of installed packages, from which missing ones are computed."""
    return CACHE / f"image-{recipe()}.status"


def sources() -> Path:
    """Return the apt sources that the image was built from."""
    return CACHE / f"image-{recipe()}.sources.list"


def ensure() -> str:
    """Build the image unless its recipe was built before; return its reference."""
    with shared_lock("image"):
        if reference() in podman.images() and dpkg_status().is_file():
            return reference()
        archive = CACHE / f"image-{recipe()}.tar"
        if not archive.is_file():
            _build(archive)
        with step("import the image into the lab's own container storage"):
            podman.podman(
                "import",
                "--change",
                "STOPSIGNAL=SIGRTMIN+3",
                "--change",
                'CMD ["/sbin/init"]',
                str(archive),
                reference(),
            )
        _remember_packages(archive)
        _forget_others()
    return reference()


def _build(archive: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    fresh = archive.with_name(f"{archive.name}.part")
    command = [
        "mmdebstrap",
        "--variant=minbase",
        "--mode=root",
        "--format=tar",
        f"--include={','.join(PACKAGES)}",
        f'--customize-hook=cp "$1/etc/apt/sources.list" "{sources()}"',
        f'--customize-hook=tar -C "{FILES}" --owner=0 --group=0 -c . | tar -C "$1" -x --no-overwrite-dir',
        f'--customize-hook=chroot "$1" sh -s < "{SETUP}"',
        SUITE,
        str(fresh),
    ]
    with step(f"build the image of the hosts (Debian {SUITE}; once, about a minute)"):
        logged(command, CACHE / "image.log")
    fresh.rename(archive)


def _remember_packages(archive: Path) -> None:
    status = capture(["tar", "-x", "-O", "-f", str(archive), "./var/lib/dpkg/status"])
    dpkg_status().write_text(status, encoding="utf-8")


def _forget_others() -> None:
    for path in sorted(CACHE.glob("image-*")):
        if recipe() not in path.name:
            say(f"    remove {path.name}, the recipe has changed")
            path.unlink()
    # By name: `prune --all` takes the new image too, as no container uses it yet. One in use stays until next time.
    for other in podman.images():
        if other != reference():
            podman.podman("rmi", other, check=False)
