# shellcheck shell=bash
check ansible-test scripts/sanity "$REPORTS"
