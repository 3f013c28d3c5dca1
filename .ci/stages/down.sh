# shellcheck shell=bash
# What remains of the labs of this checkout after all of them were taken down: the cache and the release alone.
nothing_left() {
    ! find .lab -mindepth 1 -maxdepth 1 ! -name cache ! -name artifacts | grep . && ! ip netns list | grep '^lab-'
}

check lab-down make lab-down
check nothing-left nothing_left
