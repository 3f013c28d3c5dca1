# shellcheck shell=bash
# A second run changes nothing on any host, and check mode has nothing to show.
again() { # NAME OPTION...
    local name=$1
    shift
    ansible-playbook site.yml -i inventories/lab "$@" | tee "$REPORTS/$name.out"
    python -m scripts.recap "$REPORTS/$name.out" inventories/lab
}

check second-run again second-run
# As long again, which a whole run has no time for; `.ci/stage repeat` has.
if [ -z "${CI:-}" ]; then
    check check-mode again check-mode --check --diff
fi
