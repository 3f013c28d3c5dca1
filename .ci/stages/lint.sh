# shellcheck shell=bash
mapfile -t scripts_of_shell < <(git grep -lE '^#!(/usr/bin/env bash|/bin/(ba)?sh)' -- . ':!collections' ':!*.py'; ls .ci/lib.sh .ci/stages/*.sh)
check ruff ruff check .
check ruff-format ruff format --check .
check mypy mypy
check yamllint yamllint --strict .
check ansible-lint ansible-lint
check shellcheck shellcheck "${scripts_of_shell[@]}"
check changelog antsibull-changelog lint
check playbooks ansible-playbook site.yml -i inventories/prod --list-hosts --list-tasks
