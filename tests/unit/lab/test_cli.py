# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os

from lab import cli, state


def test_an_error_is_a_message_and_a_status(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(state, "STATE", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert cli.main(["status"]) == 1
    assert capsys.readouterr().err == (
        "error: lab: no such lab\n  cause:  no lab has been built\n  remedy: build one with `make lab`\n"
    )


def test_root_is_asked_for_first(capsys, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cli.main(["down"]) == 1
    assert "error: the lab needs root\n" in capsys.readouterr().err


def test_an_interrupt_says_how_to_go_on(capsys, monkeypatch):
    def interrupt(_name):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("lab.operations.down", interrupt)
    assert cli.main(["down"]) == 130
    assert capsys.readouterr().err == "interrupted: run the same command again, it goes on from here\n"
