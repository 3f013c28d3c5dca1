# shellcheck shell=bash
# The artefact is used from a folder where nothing of this checkout is in reach.
work=$(mktemp -d)

elsewhere() {
    env -C "$work" -u ANSIBLE_CONFIG ANSIBLE_COLLECTIONS_PATH="$work/installed" "$@"
}

build() {
    ansible-galaxy collection build --output-path "$work/artefact"
}

contents() { # what must not be in the artefact
    local list
    list=$(tar --list --file "$work"/artefact/*.tar.gz)
    ! grep -E '^(\./)?(\.venv|\.lab|\.git|secrets|collections|reports)/|id_ed25519|\.pem$' <<<"$list"
    grep -q 'playbooks/site.yml' <<<"$list"
}

install() {
    elsewhere ansible-galaxy collection install --offline -p "$work/installed" "$work"/artefact/*.tar.gz
}

use() {
    cp -r inventories "$work/inventories"
    elsewhere ansible-doc --type inventory freeagentics.platform.topology
    elsewhere env ANSIBLE_INVENTORY_ENABLED=freeagentics.platform.topology \
        ansible-playbook freeagentics.platform.site -i inventories/prod --list-hosts >"$work/hosts"
    cat "$work/hosts"
    grep -q 'west-api1' "$work/hosts"
}

check build build
check contents contents
check install install
check use use
rm -rf "$work"
