# shellcheck shell=bash
# Every scenario, two at a time, or those that are named.
scenario() {
    check "$1" molecule test --scenario-name "$1"
}

mapfile -t scenarios < <(if [ "$#" -gt 0 ]; then printf '%s\n' "$@"; else basename -a "$(dirname -- molecule/*/molecule.yml)"; fi)
in_turns 2 scenario "${scenarios[@]}"
