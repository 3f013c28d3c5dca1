# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names of the site are led to a region by the provider's own module, with options that this module has.

What that needs is looked at before anything is done.

Nobody can ask Route 53 or Cloudflare in a test, so stand-ins take what the modules' documentation says they take, and
keep it. What the lab's own DNS server answers to RFC 2136 is in tests/drills/test_region.py.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAMS = Path(sys.executable).parent
#: A module that takes what another one documents, and keeps it.
STAND_IN = """
import json
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule(argument_spec=json.loads({spec!r}))
with open({kept!r}, "a") as file:
    file.write(json.dumps({{key: value for key, value in module.params.items() if value is not None}}) + "\\n")
module.exit_json(changed=True)
"""


@functools.cache
def documented(module):
    """Return what a module takes by its documentation, as the JSON of an argument_spec."""
    command = [str(PROGRAMS / "ansible-doc"), "--json", module]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    known = ("type", "elements", "choices", "required", "aliases")
    options = json.loads(said)[module]["doc"]["options"].items()
    return json.dumps({name: {key: option[key] for key in known if key in option} for name, option in options})


@pytest.fixture
def led(tmp_path):
    """Return what runs the tasks of a provider, and returns what its module was asked."""

    def run(provider, module, secrets, **variables):
        namespace, collection, name = module.split(".")
        home = tmp_path / "ansible_collections" / namespace / collection
        (home / "plugins" / "modules").mkdir(parents=True)
        (home / "galaxy.yml").write_text(f"namespace: {namespace}\nname: {collection}\nversion: 99.0.0\n")
        kept = tmp_path / "kept"
        text = STAND_IN.format(spec=documented(module), kept=str(kept))
        (home / "plugins" / "modules" / f"{name}.py").write_text(text)
        tasks = REPOSITORY / "playbooks" / "tasks" / "failover" / f"dns_{provider}.yml"
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {
                "ansible_python_interpreter": sys.executable,
                "platform_domain": "example.com",
                "__failover_names": ["app.example.com", "api.example.com"],
                "__failover_addresses": ["203.0.113.11", "203.0.113.12"],
                "__plan": {"others": ["east"]},
                **secrets,
                **variables,
            },
            "tasks": [{"ansible.builtin.import_tasks": str(tasks)}],
        }
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
        balancers = {
            name: {"platform_region": region, **({"platform_public_address": address} if address else {})}
            for name, region, address in (
                ("lb1", "east", "198.51.100.11"),
                ("lb2", "east", ""),
                ("lb9", "west", "203.0.113.11"),
            )
        }
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"load_balancer": {"hosts": balancers}}))
        (tmp_path / "ansible.cfg").touch()
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
            "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
            "ANSIBLE_INVENTORY_ENABLED": "yaml",
        }
        command = [str(PROGRAMS / "ansible-playbook"), "-i", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not any(secret in done.stdout for secret in secrets.values())
        return [json.loads(line) for line in kept.read_text().splitlines()]

    return run


def test_route53_has_each_name_lead_to_all_addresses_and_to_no_other(led):
    asked = led("route53", "amazon.aws.route53", {})
    assert [one["record"] for one in asked] == ["app.example.com", "api.example.com"]
    for one in asked:
        assert (one["state"], one["zone"], one["type"], one["ttl"]) == ("present", "example.com", "A", 30)
        assert one["value"] == ["203.0.113.11", "203.0.113.12"]
        # The record is put in the place of the one that led elsewhere.
        assert one["overwrite"] is True


def test_cloudflare_adds_the_addresses_and_takes_those_of_other_regions_away(led):
    asked = led("cloudflare", "community.general.cloudflare_dns", {"secret_cloudflare_token": "a token of 30 letters"})
    names = ("app.example.com", "api.example.com")
    assert [(one["state"], one["record"], one["value"]) for one in asked] == [
        *(("present", name, address) for name in names for address in ("203.0.113.11", "203.0.113.12")),
        *(("absent", name, "198.51.100.11") for name in names),
    ]
    assert {(one["zone"], one["type"], one["api_token"]) for one in asked} == {
        ("example.com", "A", "a token of 30 letters")
    }
    # It takes no shorter time than a minute for names that it does not stand before itself.
    assert {(one["ttl"], one["proxied"]) for one in asked if one["state"] == "present"} == {(60, False)}


def test_names_before_which_cloudflare_stands_have_the_time_that_it_chooses(led):
    secrets = {"secret_cloudflare_token": "a token of 30 letters"}
    asked = led("cloudflare", "community.general.cloudflare_dns", secrets, dns_proxied=True, dns_zone="example.org")
    assert {(one["ttl"], one["proxied"]) for one in asked if one["state"] == "present"} == {(1, True)}
    assert {one["zone"] for one in asked} == {"example.org"}


# What a change of the names needs


SETTINGS = yaml.safe_load((REPOSITORY / "playbooks" / "vars" / "failover_names.yml").read_text())
PROVIDERS = SETTINGS["__failover_dns_providers"]


def test_there_are_tasks_for_each_provider_whose_needs_are_known_and_for_no_other():
    files = (REPOSITORY / "playbooks" / "tasks" / "failover").glob("dns_*.yml")
    assert sorted(file.stem.removeprefix("dns_") for file in files) == sorted(PROVIDERS)


@pytest.mark.parametrize("provider", [name for name in PROVIDERS if name != "none"])
def test_the_collection_and_the_secrets_of_its_tasks_are_among_its_needs(provider):
    text = (REPOSITORY / "playbooks" / "tasks" / "failover" / f"dns_{provider}.yml").read_text()
    modules = [name for one in yaml.safe_load(text) for name in one if "." in name]
    assert {name.rpartition(".")[0] for name in modules} == {PROVIDERS[provider]["collection"]}
    # What has no default, and the zone, whose default is another variable.
    bare = set(re.findall(r"{{ ([a-z]\w+) }}", text)) - {"item"}
    assert set(PROVIDERS[provider]["given"]) == bare | {"dns_zone"}


LOST = {"ansible_connection": "lost"}
#: Who changes the names, with what is set there.
HOSTS = {
    "whole": {"dns_provider": "rfc2136", "dns_server": "192.0.2.53", "secret_dns_update": "a secret"},
    "empty": {"dns_provider": "rfc2136", "dns_zone": "", "dns_server": None, "secret_dns_update": ""},
    "undefined": {"dns_provider": "cloudflare", "dns_zone": None, "secret_cloudflare_token": "{{ nobody_has_this }}"},
    # boto3 is none of what the tests need.
    "bare": {"dns_provider": "route53"},
    "lost": {"dns_provider": "rfc2136", **LOST},
    "by_hand": LOST,
    "misspelt": {"dns_provider": "rout53", **LOST},
}


@pytest.fixture(name="looked", scope="module")
def look_at_all(tmp_path_factory, lost_connection):
    """Return what the plan is told of the names, by the host that changes them."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "lost.py").write_text(lost_connection)
    (folder / "ansible.cfg").touch()
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"all": {"vars": {"platform_domain": "example.com"}}, "postgres": {"hosts": HOSTS, "vars": local}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
    playbooks = REPOSITORY / "playbooks"
    look = {"ansible.builtin.import_tasks": str(playbooks / "tasks" / "failover" / "names.yml")}
    tell = "ansible.builtin.copy"
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": [str(playbooks / "vars" / f"failover{name}.yml") for name in ("", "_plan", "_names")],
            "tasks": [
                {
                    "vars": {"__failover_dns": host},
                    "block": [
                        look,
                        {tell: {"content": "{{ __failover_names | to_json }}", "dest": f"{folder}/{host}.json"}},
                    ],
                }
            ],
        }
        for host in (*HOSTS, "localhost", "nobody")
    ]
    (folder / "play.yml").write_text(yaml.safe_dump(plays))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_CONNECTION_PLUGINS": str(folder),
        "ANSIBLE_INVENTORY_ENABLED": "yaml",
    }
    command = [str(PROGRAMS / "ansible-playbook"), "-i", str(folder / "hosts.yml"), str(folder / "play.yml")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = {file.stem: file.read_text() for file in folder.glob("*.json")}
    assert "a secret" not in "".join([done.stdout, *told.values()])
    return {host: json.loads(text) for host, text in told.items()}


@pytest.mark.parametrize(("host", "provider"), [("by_hand", "none"), ("misspelt", "rout53"), ("localhost", "none")])
def test_where_nothing_is_needed_nobody_is_asked(looked, host, provider):
    told = looked[host]
    assert (told["provider"], told["host"], told["needs"]) == (provider, host, {})
    assert (told["seen"]["skipped"], told["providers"]) == (True, list(PROVIDERS))


@pytest.mark.parametrize(
    ("host", "given"),
    [
        ("whole", {"dns_zone": True, "dns_server": True, "secret_dns_update": True}),
        ("empty", {"dns_zone": False, "dns_server": False, "secret_dns_update": False}),
        ("undefined", {"dns_zone": False, "secret_cloudflare_token": False}),
    ],
)
def test_of_settings_is_told_whether_they_are_there(looked, host, given):
    assert (looked[host]["needs"]["given"], looked[host]["seen"]["rc"]) == (given, 0)


def test_a_library_that_the_host_lacks_shows(looked):
    assert looked["bare"]["seen"]["rc"] == 1


@pytest.mark.parametrize("host", ["lost", "nobody"])
def test_a_host_that_does_not_answer_is_no_end_of_the_run(looked, host):
    """One that the inventory does not know is taken for one with the settings that all hosts have."""
    told = looked[host]
    assert (told["provider"], told["seen"]["unreachable"], "rc" in told["seen"]) == ("rfc2136", True, False)
