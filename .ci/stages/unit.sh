# shellcheck shell=bash
unit_tests() { # PYTHON LANE
    "$1" -m pytest tests/unit --numprocesses 2 --junitxml "$REPORTS/$2.xml"
}

second_lane() { # PYTHON
    scripts/make-venv "$1" .cache/venv-3.11
    unit_tests .cache/venv-3.11/bin/python python3.11
}

lane=$(.venv/bin/python -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
check "$lane" unit_tests .venv/bin/python "$lane"
if [ "$lane" != python3.11 ] && older=$(scripts/python 3.11 2>/dev/null); then
    check python3.11 second_lane "$older"
fi
