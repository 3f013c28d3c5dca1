"""Topologies from files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyErrors
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load, merge

ROOT = Path(__file__).resolve().parents[4]


def mistake(path: Path) -> str:
    with pytest.raises(TopologyErrors) as caught:
        load(str(path))
    return str(caught.value)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["prod", "lab"])
def test_the_inventories_are_right(name):
    assert len(load(str(ROOT / "inventories" / name / "topology.yml")).hosts) == 40


def test_the_lab_differs_from_production_only_in_what_must_differ():
    own = yaml.safe_load((ROOT / "inventories/lab/topology.yml").read_text(encoding="utf-8"))
    assert sorted(own) == ["domain", "extends", "externals", "internal_domain", "outside", "profile"]
    lab = load(str(ROOT / "inventories/lab/topology.yml"))
    prod = load(str(ROOT / "inventories/prod/topology.yml"))
    assert (lab.regions, lab.services, lab.flows, lab.placement) == (
        prod.regions,
        prod.services,
        prod.flows,
        prod.placement,
    )


def test_a_missing_file_is_named(tmp_path):
    assert mistake(tmp_path / "topology.yml") == f"topology.yml: {tmp_path}/topology.yml: No such file or directory"


def test_a_missing_base_is_named(tmp_path):
    file = write(tmp_path / "topology.yml", "extends: base.yml\n")
    assert mistake(file) == f"topology.yml: extends: {tmp_path}/base.yml: No such file or directory"


def test_a_circle_is_named(tmp_path):
    file = write(tmp_path / "topology.yml", "extends: base.yml\n")
    write(tmp_path / "base.yml", "extends: topology.yml\n")
    assert mistake(file) == f"base.yml: extends: {file} extends this file in turn; one of the two has to stand alone"


def test_an_extends_that_is_no_path_is_named(tmp_path):
    file = write(tmp_path / "topology.yml", "extends: [a]\n")
    message = "extends: this is no path; write one relative to this file, such as ../prod/topology.yml"
    assert mistake(file) == f"topology.yml: {message}"


def test_what_is_no_yaml_is_named_with_its_line(tmp_path):
    file = write(tmp_path / "topology.yml", "platform: test\nregions: [\n")
    assert mistake(file).startswith("topology.yml: line 3, column 1: this is no YAML: ")


def test_a_key_written_twice_is_named_with_its_line(tmp_path):
    file = write(tmp_path / "topology.yml", "platform: a\ndomain: b\nplatform: c\n")
    assert mistake(file) == "topology.yml: line 3: the key 'platform' is written a second time; keep one of them"


def test_mappings_are_merged_and_the_rest_is_replaced():
    base = {"a": {"b": 1, "c": 2}, "d": [1], "e": 1}
    assert merge(base, {"a": {"b": 3}, "d": [2], "e": None, "f": 4}) == {"a": {"b": 3, "c": 2}, "d": [2], "f": 4}


def test_a_changed_file_is_read_again(tmp_path):
    prod = (ROOT / "inventories/prod/topology.yml").read_text(encoding="utf-8")
    file = write(tmp_path / "topology.yml", prod)
    first = load(str(file))
    assert load(str(file)) is first
    write(file, prod.replace("domain: freeagentics.com", "domain: example.com"))
    os.utime(file, ns=(1, 1))
    assert load(str(file)).domain == "example.com"


def test_a_changed_base_is_noticed(tmp_path):
    base = write(tmp_path / "base.yml", (ROOT / "inventories/prod/topology.yml").read_text(encoding="utf-8"))
    file = write(tmp_path / "topology.yml", "extends: base.yml\nprofile: lab\n")
    assert load(str(file)).domain == "freeagentics.com"
    write(base, base.read_text(encoding="utf-8").replace("domain: freeagentics.com", "domain: example.com"))
    os.utime(base, ns=(1, 1))
    assert (load(str(file)).domain, load(str(file)).profile) == ("example.com", "lab")


def test_a_file_is_read_again_only_when_it_changed(tmp_path, monkeypatch):
    base = write(tmp_path / "base.yml", (ROOT / "inventories/prod/topology.yml").read_text(encoding="utf-8"))
    file = write(tmp_path / "topology.yml", "extends: base.yml\ndomain: one.example\n")
    first = load(str(file))
    assert load(str(file)) is first
    monkeypatch.chdir(tmp_path)
    assert load("topology.yml") is first
    os.utime(base, ns=(1, 1))
    assert load(str(file)) is not first
