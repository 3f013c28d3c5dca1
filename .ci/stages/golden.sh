# shellcheck shell=bash
check generated python scripts/generate.py --check
check dashboards python -m scripts.dashboards --check
