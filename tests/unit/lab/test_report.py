# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from lab.report import table


def test_columns_are_as_wide_as_their_widest_cell():
    rows = [
        ("db1", "running", "10.0.20.10", "east-a", "9", "12 MiB", "postgres etcd"),
        ("west-bastion1", "dead", "10.1.0.10", "west-a", "-", "-", "bastion"),
    ]
    assert table(rows) == (
        "HOST           STATE    ADDRESS     ZONE    PROCESSES  MEMORY  SERVICES\n"
        "db1            running  10.0.20.10  east-a  9          12 MiB  postgres etcd\n"
        "west-bastion1  dead     10.1.0.10   west-a  -          -       bastion"
    )
