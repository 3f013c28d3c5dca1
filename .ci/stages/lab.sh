# shellcheck shell=bash
# The whole platform from nothing; check mode can look ahead on hosts that have nothing yet.
look_ahead() {
    ansible-playbook site.yml -i inventories/lab --check
}

check hosts make lab-hosts
check check-on-fresh-hosts look_ahead
check lab make lab
