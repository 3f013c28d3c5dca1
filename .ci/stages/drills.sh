# shellcheck shell=bash
# Faults under load, in the running lab. No stage of .ci/run: it takes as long as the faults do.
scenarios() {
    PYTHONPATH=collections python -m scripts.drills
}

check drills python -m pytest tests/drills -rA --junitxml "$REPORTS/drills.xml"
check scenarios scenarios
