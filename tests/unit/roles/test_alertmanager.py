# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The configuration of Alertmanager as production gets it: who is told by which way, with secrets in files alone.

What it does with alerts is shown by the running one, in molecule/monitoring/tests/test_alertmanager.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.unit.playbooks import roles

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = "playbooks/monitoring.yml"
FOLDER = "/etc/prometheus/alertmanager"
#: What stands in the vault of production.
VAULT = {
    "vault_pager_key": "a-key-of-the-pager",
    "vault_slack_url": "https://hooks.slack.test/services/a-hook",
    "vault_email_password": "a: password #1",
    "vault_watchdog_url": "https://switch.test/ping/a-switch",
}


def configurations(inventory):
    """The text of alertmanager.yml on each host."""
    return roles.template(inventory, PLAYBOOK, "alertmanager", "etc/prometheus/alertmanager/alertmanager.yml.j2")


@pytest.fixture(scope="module", name="inventory")
def production_with_a_vault(production_with):
    """The inventory of production, with secrets in its vault."""
    return production_with(VAULT)


@pytest.fixture(scope="module", name="texts")
def of_production(inventory):
    return configurations(inventory)


@pytest.fixture(name="known")
def read_as_yaml(texts):
    return yaml.safe_load(texts["mon1"])


def receiver(known, name):
    return next(one for one in known["receivers"] if one["name"] == name)


def test_all_have_the_same_configuration(texts):
    assert set(texts) == {"mon1", "west-mon1"}
    assert texts["mon1"] == texts["west-mon1"]


def test_production_logs_in_at_its_mail_relay_over_tls(known):
    assert {name: value for name, value in known["global"].items() if name.startswith("smtp_")} == {
        "smtp_smarthost": "smtp.example.com:587",
        "smtp_from": "platform@example.com",
        "smtp_require_tls": True,
        "smtp_auth_username": "platform@example.com",
        "smtp_auth_password_file": f"{FOLDER}/email-password",
    }


def test_production_trusts_the_authorities_of_the_system(texts):
    assert "tls_config" not in texts["mon1"]


def test_the_pager_and_slack_get_their_secrets_from_files(known):
    pager = receiver(known, "pager")
    assert [one["routing_key_file"] for one in pager["pagerduty_configs"]] == [f"{FOLDER}/pager-key"]
    assert known["global"]["pagerduty_url"] == "https://events.pagerduty.com/v2/enqueue"
    assert known["global"]["slack_api_url_file"] == f"{FOLDER}/slack-url"


def test_receivers_have_the_ways_that_the_guide_names(known):
    ways = {one["name"]: sorted(set(one) - {"name"}) for one in known["receivers"]}
    assert ways == {
        "pager": ["pagerduty_configs", "slack_configs"],
        "email_slack": ["email_configs", "slack_configs"],
        "email": ["email_configs"],
        "watchdog": ["webhook_configs"],
    }
    assert receiver(known, "email")["email_configs"][0]["to"] == "operations@example.com"


def test_of_the_secrets_only_the_dead_mans_switch_is_in_the_configuration(texts, known):
    assert [name for name, value in VAULT.items() if value in texts["mon1"]] == ["vault_watchdog_url"]
    assert receiver(known, "watchdog")["webhook_configs"] == [
        {"url": VAULT["vault_watchdog_url"], "send_resolved": False}
    ]


def test_the_files_of_the_secrets_are_those_that_the_configuration_names(inventory, texts):
    found = roles.variables(inventory, PLAYBOOK, "__alertmanager_secret_files")
    files = next(one["value"] for one in found if one["host"] == "mon1")
    assert {file["path"].rpartition("/")[2]: file["content"] for file in files} == {
        "pager-key": VAULT["vault_pager_key"],
        "slack-url": VAULT["vault_slack_url"],
        "email-password": VAULT["vault_email_password"],
    }
    assert {(file["mode"], file["group"], file["secret"]) for file in files} == {("0640", "prometheus", True)}
    assert {file["path"] for file in files} == set(re.findall(r"_file: (/\S+)", texts["mon1"]))


def test_the_lab_trusts_its_own_authority_and_logs_in_nowhere():
    known = yaml.safe_load(configurations(ROOT / "inventories/lab/topology.yml")["mon1"])
    authority = {"ca_file": "/etc/freeagentics/tls/ca.crt"}
    assert known["global"]["http_config"]["tls_config"] == authority
    assert receiver(known, "email")["email_configs"][0]["tls_config"] == authority
    assert [name for name in known["global"] if name.startswith("smtp_auth")] == []


def test_every_alert_that_is_held_back_is_there(known):
    there = {
        rule["alert"]
        for path in (ROOT / "roles/prometheus/files/rules").glob("*.yml")
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    matchers = [
        one for rule in known["inhibit_rules"] for key in ("source_matchers", "target_matchers") for one in rule[key]
    ]
    named = {name for one in matchers if one.startswith("alertname") for name in re.findall(r"\w+", one)[1:]}
    assert named - there == set()
