# shellcheck shell=bash
nothing_left() {
    ! ip netns list | grep -E '^(lab|mol_)' && ! ls .lab/lab
}

check lab-down make lab-down
check nothing-left nothing_left
