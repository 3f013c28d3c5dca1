# shellcheck shell=bash
# Faults of the data tier under load, in the running lab. No stage of .ci/run: it takes as long as the faults do.
check drills python -m pytest tests/drills -rA --junitxml "$REPORTS/drills.xml"
