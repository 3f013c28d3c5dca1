# shellcheck shell=bash
# Every scenario, two at a time, or those that are named.
scenario() {
    check "$1" molecule test --scenario-name "$1"
}

scenarios=("$@")
if [ "$#" -eq 0 ]; then
    for path in molecule/*/molecule.yml; do
        scenarios+=("$(basename "$(dirname "$path")")")
    done
fi
in_turns 2 scenario "${scenarios[@]}"
