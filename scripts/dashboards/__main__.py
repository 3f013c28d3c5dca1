"""Write the dashboards into the role that installs them, or compare them with ``--check``.

    python -m scripts.dashboards            writes roles/grafana/files/dashboards/
    python -m scripts.dashboards --check    changes nothing: says how the committed files differ, and ends with 1

This needs grafana-foundation-sdk; what it writes needs nothing.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path
from typing import Dict, Iterator

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards import (
    api_performance,
    business_metrics,
    database_performance,
    platform_health,
    redis_performance,
    security,
    system_overview,
)

DIRECTORY = Path(__file__).resolve().parents[2] / "roles" / "grafana" / "files" / "dashboards"
MODULES = (
    system_overview,
    api_performance,
    database_performance,
    redis_performance,
    business_metrics,
    security,
    platform_health,
)


def rendered(dashboard: Dashboard) -> str:
    """Return the text of a dashboard, which depends on its definition alone."""
    return json.dumps(dashboard, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def outputs() -> Dict[str, str]:
    """Return the text of every dashboard by the name of its file."""
    dashboards = [module.dashboard() for module in MODULES]
    return {f"{dashboard.uid}.json": rendered(dashboard) for dashboard in dashboards}


def differences(directory: Path, files: Dict[str, str]) -> Iterator[str]:
    """Yield the lines of a diff from what is committed to what is defined."""
    for name in sorted({path.name for path in directory.glob("*.json")} | set(files)):
        path = directory / name
        old = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        new = files.get(name, "").splitlines()
        yield from difflib.unified_diff(old, new, name, f"{name} (defined)", lineterm="", n=1)


def write(directory: Path, files: Dict[str, str]) -> None:
    """Write the files, and remove dashboards that are no longer defined."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("*.json"):
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only; end with 1 if anything differs")
    check = parser.parse_args().check
    files = outputs()
    if not check:
        write(DIRECTORY, files)
        print(f"{len(files)} dashboards written")
        return 0
    found = list(differences(DIRECTORY, files))
    print("\n".join(found) if found else f"{len(files)} dashboards are as committed")
    if found:
        print("error: dashboards differ from what is committed: run `python -m scripts.dashboards`, look at the change")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
