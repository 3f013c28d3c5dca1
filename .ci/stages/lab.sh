# shellcheck shell=bash
# The whole platform from nothing; check mode can look ahead on hosts that have nothing yet. The region that stands by has hosts of nearly
# every kind; of the other one, whole clusters of what it follows, and what it lacks.
look_ahead() {
    ansible-playbook site.yml -i inventories/lab --check --limit region_us_west_2:etcd:postgres:grafana:outside
}

check hosts make lab-hosts
check check-on-fresh-hosts look_ahead
check lab make lab
