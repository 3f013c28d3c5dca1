# shellcheck shell=bash
# Every scenario, three at a time, as each waits often, or those that are named. Where all run, the second run of what the lab has is left to it (stage repeat).
scenario() {
    check "$1" molecule test --scenario-name "$1"
}

scenarios=("$@")
if [ "$#" -eq 0 ]; then
    export MOLECULE_SECOND_RUN=side_effect
    # The longest first, so that no turn ends long before the others.
    for path in molecule/{backup,monitoring,postgres,redis}/molecule.yml molecule/*/molecule.yml; do
        scenarios+=("$(basename "$(dirname "$path")")")
    done
fi
mapfile -t scenarios < <(printf '%s\n' "${scenarios[@]}" | awk '!seen[$0]++')
in_turns 3 scenario "${scenarios[@]}"
