# shellcheck shell=bash
# Faults under load, in the running lab, RUNS times or as often as is usual. No stage of .ci/run: it takes as long as the faults do.
scenarios() {
    PYTHONPATH=collections python -m scripts.drills ${RUNS:+--runs "$RUNS"}
}

check drills python -m pytest tests/drills ${RUNS:+--runs "$RUNS"} -rA --junitxml "$REPORTS/drills.xml"
check scenarios scenarios
