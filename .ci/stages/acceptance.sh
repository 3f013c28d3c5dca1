# shellcheck shell=bash
# The running lab, looked at from outside, with HAProxy and then with nginx as its public entrance.
suites() { # ENGINE
    python -m pytest tests/acceptance --engine "$1" --junitxml "$REPORTS/$1.xml"
}

switch() { # ENGINE
    ansible-playbook playbooks/edge.yml -i inventories/lab -e "load_balancer_engine=$1"
}

check haproxy suites haproxy
check switch-to-nginx switch nginx
check nginx suites nginx
check switch-back switch haproxy
