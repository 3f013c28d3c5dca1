# shellcheck shell=bash
check generated python scripts/generate.py --check
