# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.proof import (
    Process,
    connection_began,
    parse_process,
)

MODULE = Process(90, 80, "python3 -c module", 52.0)
SUDO = Process(80, 70, "sudo -H -S -n -u root /bin/sh -c ...", 51.9)
LISTENER = Process(10, 1, "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", 3.0)
SYSTEMD = Process(1, 0, "/sbin/init", 0.1)


@pytest.mark.parametrize(
    ("sshd", "began"),
    [
        pytest.param(
            [("sshd: platform@notty", 51.5), ("sshd: platform [priv]", 51.2)], 51.2, id="separated privileges"
        ),
        pytest.param(
            [("sshd-session: platform@notty", 51.5), ("sshd-session: platform [priv]", 51.2)], 51.2, id="OpenSSH 9.8"
        ),
        pytest.param([("sshd: root@notty", 40.0)], 40.0, id="root"),
        pytest.param([], None, id="not SSH"),
    ],
)
def test_when_the_connection_began(sshd, began):
    sessions = [Process(60 - number, 59 - number, title, started) for number, (title, started) in enumerate(sshd)]
    assert connection_began([MODULE, SUDO, *sessions, LISTENER, SYSTEMD]) == began


def test_the_program_sshd_itself_is_no_connection():
    assert connection_began([MODULE, Process(10, 1, "/usr/sbin/sshd -D", 3.0)]) is None


def test_a_process_whose_name_looks_like_more_fields():
    stat = "77 (a) b (c)) S 12 " + " ".join(str(number) for number in range(5, 22)) + " 12345 0 0"
    assert parse_process(77, stat, "title", 100) == Process(77, 12, "title", 123.45)


def test_a_real_process():
    with open("/proc/self/stat", encoding="utf-8") as file:
        process = parse_process(os.getpid(), file.read(), "pytest", os.sysconf("SC_CLK_TCK"))
    assert process.parent == os.getppid()
    assert process.started > 0
