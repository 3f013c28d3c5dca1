# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules that a server has for itself, whose sight of the site it asks for, and where it writes samples besides.

That Prometheus takes what is rendered, and sends, is shown in molecule/monitoring/tests/test_prometheus.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.unit.playbooks import roles

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = "playbooks/monitoring.yml"
#: What an inventory says of a store of samples, as the documentation has it.
EXAMPLES = re.findall(
    r"```yaml\n# inventories/prod/group_vars/prometheus/main.yml\n(.*?)```",
    (ROOT / "docs/monitoring.md").read_text(encoding="utf-8"),
    re.DOTALL,
)
SECRET = "a: password #1"
REFUSED = (
    "prometheus_remote_write has secrets itself, in {}. Put each into prometheus_secrets, and name its file,"
    " /etc/prometheus/secrets/<name>.secret, in password_file, credentials_file, client_secret_file, bearer_token_file,"
    " key_file, or files of http_headers. A URL has no user: see basic_auth. sigv4 has no file for a secret_key, and"
    " takes a profile; azuread has none, and takes a managed_identity"
)
#: Stores, and where one of them has its secret in the configuration.
STORES = {
    "none": ([], ""),
    "files": ([{"basic_auth": {"password_file": "/f"}}, {"authorization": {"credentials_file": "/f"}}], ""),
    "password": ([{"basic_auth": {"username": "u", "password": SECRET}}], "[0].basic_auth.password"),
    "credentials": ([{"url": "u"}, {"authorization": {"credentials": SECRET}}], "[1].authorization.credentials"),
    "two": ([{"bearer_token": SECRET, "url": f"https://u:{SECRET}@s"}], "[0].bearer_token, [0].url"),
}


def files(topology, variable, name):
    """The files of a name that a variable of the role has, by server."""
    return {
        one["host"]: [yaml.safe_load(file["content"]) for file in one["value"] if file["path"].endswith(f"/{name}")]
        for one in roles.variables(topology, PLAYBOOK, variable)
    }


def own_rules(topology):
    """The file of rules of a server's own, by server."""
    return files(topology, "__prometheus_rule_files", "gateway.yml")


def jobs(topology, server):
    """What a server scrapes, by job."""
    return {job["job_name"]: job for job in yaml.safe_load(configurations(topology)[server])["scrape_configs"]}


def test_each_server_knows_the_gateway_that_its_probes_go_through():
    for host, gateway in (("mon1", "nat1"), ("west-mon1", "west-nat1")):
        rule = {"record": "prober:gateway:info", "expr": "vector(1)", "labels": {"host": gateway}}
        assert own_rules("inventories/prod/topology.yml")[host] == [{"groups": [{"name": "way_out", "rules": [rule]}]}]


def test_a_server_that_gets_out_without_a_gateway_knows_none():
    assert own_rules("molecule/monitoring/topology.yml") == {"mon1": [], "mon2": []}


def inventory(folder, example=""):
    """An inventory of production's declaration, with what an example says."""
    (folder / "group_vars/all").mkdir(parents=True)
    (folder / "group_vars/prometheus").mkdir()
    (folder / "topology.yml").symlink_to(ROOT / "inventories/prod/topology.yml")
    (folder / "group_vars/all/vault.yml").write_text(yaml.safe_dump({"vault_mimir_password": SECRET}), encoding="utf-8")
    (folder / "group_vars/prometheus/main.yml").write_text(example, encoding="utf-8")
    return folder / "topology.yml"


def configurations(topology):
    """The text of prometheus.yml, by server."""
    return roles.template(topology, PLAYBOOK, "prometheus", "etc/prometheus/prometheus.yml.j2")


def test_there_are_examples():
    assert len(EXAMPLES) == 2


@pytest.fixture(scope="module", name="without")
def configurations_without_a_store(tmp_path_factory):
    """What the servers have where nothing is said of a store."""
    return configurations(inventory(tmp_path_factory.mktemp("inventory")))


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_store_of_samples_is_in_the_configuration_as_the_documentation_says(tmp_path, without, example):
    texts = configurations(inventory(tmp_path, example))
    wanted = yaml.safe_load(example)["prometheus_remote_write"]
    assert sorted(texts) == ["mon1", "west-mon1"]
    for host, text in texts.items():
        assert SECRET not in text
        assert yaml.safe_load(text) == {**yaml.safe_load(without[host]), "remote_write": wanted}
        assert yaml.safe_load(text)["global"]["external_labels"] == {"platform": "freeagentics", "monitor": host}


def test_secrets_are_files_that_prometheus_alone_reads(tmp_path):
    topology = inventory(tmp_path, "".join(EXAMPLES[1:]))
    for one in roles.variables(topology, PLAYBOOK, "__prometheus_secret_files"):
        folder = {"path": "/etc/prometheus/secrets", "state": "directory", "group": "prometheus", "mode": "0750"}
        file = {"content": SECRET, "group": "prometheus", "mode": "0640", "secret": True}
        assert one["value"] == [folder, {"path": "/etc/prometheus/secrets/mimir.secret", **file}]


def test_every_file_that_an_example_names_is_one_that_somebody_writes():
    named = set(re.findall(r"/etc/[^\s},]+", "".join(EXAMPLES)))
    written = {f"/etc/prometheus/secrets/{name}.secret" for name in yaml.safe_load(EXAMPLES[1])["prometheus_secrets"]}
    assert named == written | {f"/etc/freeagentics/tls/{name}" for name in ("ca.crt", "metrics.crt", "metrics.key")}


def test_a_secret_in_the_configuration_is_refused(tmp_path):
    given = {"prometheus_address": "10.0.10.40", "prometheus_platform": "p", "prometheus_targets": [{"job": "node"}]}
    cases = {
        name: ("prometheus", {**given, "prometheus_remote_write": stores}) for name, (stores, _places) in STORES.items()
    }
    printed, told = roles.refused(tmp_path, cases)
    assert SECRET not in printed
    assert told == {name: REFUSED.format(places) for name, (_stores, places) in STORES.items() if places}


def test_each_server_asks_the_others_what_they_see():
    found = files("inventories/prod/topology.yml", "__prometheus_target_files", "elsewhere.json")
    for host, other, address in (("mon1", "west-mon1", "10.1.10.40"), ("west-mon1", "mon1", "10.0.10.40")):
        # Without a label of its host: what it tells is of the site.
        assert found[host] == [[{"targets": [f"{address}:9090"], "labels": {"instance": f"{other}:9090"}}]]


def test_without_probers_outside_none_is_asked():
    assert [name for name in jobs("inventories/prod/topology.yml", "mon1") if name.startswith("outside")] == []


def test_probers_outside_are_asked_for_the_same_names():
    for server in ("mon1", "west-mon1"):
        known = jobs("inventories/lab/topology.yml", server)
        job = known["outside_sink"]
        assert job["file_sd_configs"] == known["site"]["file_sd_configs"]
        assert (job["scheme"], job["metrics_path"], job["params"]) == ("https", "/probe", {"module": ["http_2xx"]})
        assert job["tls_config"] == {"ca_file": "/etc/freeagentics/tls/ca.crt"}
        password = "/etc/prometheus/secrets/prober-sink.secret"
        assert job["basic_auth"] == {"username": "prometheus", "password_file": password}
        assert job["relabel_configs"] == [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__address__"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": "sink.freeagentics.lab:9115"},
            {"target_label": "job", "replacement": "outside"},
            {"target_label": "prober", "replacement": "sink"},
        ]


def test_a_prober_behind_a_path_and_without_a_password(tmp_path):
    (tmp_path / "topology.yml").write_text(f"extends: {ROOT}/inventories/prod/topology.yml\n", encoding="utf-8")
    (tmp_path / "group_vars").mkdir()
    probers = {"prometheus_outside_probers": [{"name": "far", "url": "https://probes.example.com/blackbox/"}]}
    (tmp_path / "group_vars/prometheus.yml").write_text(yaml.safe_dump(probers), encoding="utf-8")
    job = jobs(str(tmp_path / "topology.yml"), "mon1")["outside_far"]
    assert job["metrics_path"] == "/blackbox/probe"
    assert job["relabel_configs"][2]["replacement"] == "probes.example.com"
    assert {"tls_config", "basic_auth"} & set(job) == set()
