# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A watch goes on until its file is removed, or its time is over, and tells of every request."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest


@pytest.fixture
def watch(run_module, api, tmp_path):
    """Watch one page, until the file is removed after some seconds."""

    def run(remove=None, **changes):
        until = tmp_path / "watched"
        if remove is not None:

            def end():
                while not until.exists():
                    time.sleep(0.01)
                time.sleep(remove)
                until.unlink()

            threading.Thread(target=end, daemon=True).start()
        arguments = {
            "endpoints": [{"url": f"https://127.0.0.1:{api.port}/a"}],
            "ca": Path(api.ca_file).read_text(encoding="ascii"),
            "until": str(until),
            "interval": 0.1,
            "seconds": 30,
        }
        return run_module("endpoint_watch", **{**arguments, **changes})

    return run


def test_an_outage_is_told_and_the_watch_ends_with_its_file(watch, api):
    api.answers["/a"] = [(200, ""), (503, ""), (503, ""), (200, "")]
    done = watch(remove=1.5)
    (one,) = done["endpoints"]
    assert not done["changed"]
    assert one["failed"] == 2
    assert one["asked"] > 4
    assert 0.2 <= one["away"] <= one["back"] < 1.5
    assert one["error"] == "status 503, not 200"
    assert 1.5 <= done["watched"] < 10


def test_it_ends_by_itself_and_takes_its_file_away(watch, api, tmp_path):
    api.answers["/a"] = (503, "")
    done = watch(seconds=0.5)
    (one,) = done["endpoints"]
    assert (one["failed"], one["back"]) == (one["asked"], None)
    assert not (tmp_path / "watched").exists()


def test_a_file_that_is_there_already_is_not_touched(watch, api, tmp_path):
    (tmp_path / "watched").write_text("of somebody", encoding="utf-8")
    api.answers["/a"] = (200, "")
    done = watch()
    assert done["msg"] == (f"{tmp_path}/watched cannot be made: File exists. It has to be a new file of this watch")
    assert api.requests == []
    assert (tmp_path / "watched").read_text(encoding="utf-8") == "of somebody"


def test_check_mode_asks_once_and_makes_no_file(watch, api, tmp_path):
    api.answers["/a"] = (200, "")
    (one,) = watch(check_mode=True)["endpoints"]
    assert (one["asked"], one["failed"], one["error"]) == (1, 0, "")
    assert not (tmp_path / "watched").exists()
