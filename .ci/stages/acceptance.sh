# shellcheck shell=bash
# The running lab, looked at from outside: with HAProxy and then with nginx as its public entrance, and once what
# is behind it. Suites in a folder run once, in the check of the folder's name.
suites() { # ENGINE
    python -m pytest tests/acceptance/test_*.py --engine "$1" --junitxml "$REPORTS/$1.xml"
}

once() { # FOLDER
    python -m pytest "tests/acceptance/$1" -rA --junitxml "$REPORTS/$1.xml"
}

# Faults of hosts that visitors do not notice, told to whom they concern.
alerts() {
    python -m pytest tests/drills/test_alerts.py::test_the_dead_mans_switch_hears_that_all_is_well \
        tests/drills/test_alerts.py::test_faults_of_hosts_are_told_to_whom_they_concern -rA --junitxml "$REPORTS/alerts.xml"
}

# Beside each other, as one of them waits most of its time.
entrance_or_alerts() { # CHECK
    if [ "$1" = alerts ]; then check alerts alerts; else check "$1" suites "$1"; fi
}

# Each fault once, a region that is lost, returns and takes the lead back as planned, and a table dropped by mistake; `make drills`
# does it all.
drill() {
    python -m pytest tests/drills/test_failover.py tests/drills/test_operator.py tests/drills/test_cache.py \
        tests/drills/test_restore.py::test_a_dropped_table_comes_back "tests/drills/test_region.py::test_a_region_is_lost_and_comes_back[rewound]" \
        "tests/drills/test_guards.py::test_what_a_dead_run_left_is_finished_by_the_next[Let another member lead]" --runs 1 -rA --junitxml "$REPORTS/drills.xml"
}

switch() { # ENGINE
    ansible-playbook playbooks/edge.yml -i inventories/lab -e "load_balancer_engine=$1"
}

check matrix once matrix
in_turns 2 entrance_or_alerts haproxy alerts
check data once data
check drills drill
check dashboards env PYTHONPATH=collections python -m scripts.lab_dashboards
check switch-to-nginx switch nginx
check nginx suites nginx
check switch-back switch haproxy
