# shellcheck shell=bash
# Both Pythons at a time, each in more processes than there are processors: many tests wait for a process or a socket.
unit_tests() { # PYTHON LANE [OPTION...]
    "$1" -m pytest tests/unit --numprocesses 3 --junitxml "$REPORTS/$2.xml" "${@:3}"
}

# Debian 12 runs the modules by its own Python 3.11 in every scenario and in the lab, so their tests, most of the time, are left out of this lane.
second_lane() { # PYTHON
    scripts/make-venv "$1" .cache/venv-3.11
    unit_tests .cache/venv-3.11/bin/python python3.11 --ignore tests/unit/plugins/modules
}

lane() { # NAME
    if [ "$1" = "$newest" ]; then check "$1" unit_tests .venv/bin/python "$1"; else check "$1" second_lane "$older"; fi
}

newest=$(.venv/bin/python -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
lanes=("$newest")
if [ "$newest" != python3.11 ] && older=$(scripts/python 3.11 2>/dev/null); then lanes+=(python3.11); fi
in_turns 2 lane "${lanes[@]}"
