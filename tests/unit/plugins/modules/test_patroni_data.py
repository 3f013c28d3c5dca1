# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module looks at the directory and asks the store, moves leftovers aside and refuses what is foreign."""

from __future__ import annotations

import base64
import json
import struct

import pytest


@pytest.fixture
def look(run_module, api, tmp_path):
    """Run the module on a directory, with a store that has the given value."""
    (tmp_path / "main").mkdir()

    def run(stored=None, **changes):
        pair = {"value": base64.b64encode((stored or "").encode()).decode()}
        api.answers["/v3/kv/range"] = (200, json.dumps({} if stored is None else {"kvs": [pair]}))
        api.answers["/v3/kv/txn"] = (200, '{"succeeded": true}')
        arguments = {
            "directory": str(tmp_path / "main"),
            "scope": "here",
            "config_file": str(tmp_path / "patroni.yml"),
            "unit": "patroni-of-the-tests.service",
            "store": [{"address": "127.0.0.1", "port": api.port}],
            "ca_file": api.ca_file,
        }
        return run_module("patroni_data", **{**arguments, **changes})

    return run


def fill(folder, identifier):
    (folder / "main" / "global").mkdir()
    (folder / "main" / "global" / "pg_control").write_bytes(struct.pack("=Q", identifier))


def test_an_empty_directory_may_be_filled_and_no_store_is_asked(look, api, tmp_path):
    done = look()
    assert (done["changed"], done["verdict"], done["mark"]) == (False, "first_start", f"{tmp_path}/main.first-start")
    assert api.requests == []


def test_data_of_the_cluster_is_its_own(look, tmp_path):
    fill(tmp_path, 77)
    (tmp_path / "patroni.yml").write_text(f"scope: here\npostgresql:\n  data_dir: {tmp_path}/main\n")
    assert look("77")["verdict"] == "ready"


def test_a_member_that_has_its_data_elsewhere_does_not_begin_anew(look, tmp_path):
    """Another version of PostgreSQL has another directory."""
    (tmp_path / "before").mkdir()
    (tmp_path / "patroni.yml").write_text(f"scope: here\npostgresql:\n  data_dir: {tmp_path}/before\n")
    assert look("77")["verdict"] == "first_start"
    (tmp_path / "before" / "PG_VERSION").write_text("15\n")
    done = look("77")
    assert done["failed"] is True
    assert done["msg"] == (
        f"this host's member of here has its data in {tmp_path}/before, and would begin anew in {tmp_path}/main. "
        "Nothing was changed. No run moves data or upgrades it to another version: set postgres_version and "
        "postgres_cluster_name as they were"
    )


def test_foreign_data_is_refused(look, tmp_path):
    fill(tmp_path, 88)
    done = look("77")
    assert done["failed"] is True
    assert done["msg"] == (
        f"{tmp_path}/main holds a database cluster with the system identifier 88; cluster here has the identifier 77. "
        "Nothing was changed. If its data is not needed, move the directory away and run again: the host gets a copy "
        "of here. If it is the data of here, run again with -e postgres_adopt_system_identifier=88"
    )
    assert look("77", adopt="88")["verdict"] == "ready"


def test_data_is_refused_where_no_store_answers(look, tmp_path, api):
    fill(tmp_path, 77)
    done = look(store=[{"address": "127.0.0.1", "port": 1}])
    assert done["msg"] == "https://127.0.0.1:1/v3/kv/range: [Errno 111] Connection refused"


def test_a_leftover_is_moved_aside(look, tmp_path):
    (tmp_path / "main" / "base").mkdir()
    (tmp_path / "main.first-start").write_text("here\n")
    (tmp_path / "main.leftover-1").mkdir()
    seen = look("77", check_mode=True)
    assert (seen["changed"], (tmp_path / "main").is_dir()) == (True, True)
    done = look("77")
    assert (done["verdict"], done["moved_to"]) == ("leftover", f"{tmp_path}/main.leftover-2")
    assert (tmp_path / "main.leftover-2" / "base").is_dir()
    assert not (tmp_path / "main").exists()


def test_a_note_that_nobody_initialises_any_more_is_removed(look, tmp_path, api):
    (tmp_path / "main.first-start").write_text("here\n")
    assert look("")["initialising"] is True
    done = look("", release=True)
    assert (done["changed"], done["initialising"]) == (True, False)
    assert api.requests[-1][1] == "/v3/kv/txn"
