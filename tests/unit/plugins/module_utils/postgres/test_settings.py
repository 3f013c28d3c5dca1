# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres.settings import (
    OVERRIDDEN,
    SettingsError,
    settings,
    size,
)

LAB = {
    "shared_buffers": "32MB",
    "effective_cache_size": "192MB",
    "work_mem": "1MB",
    "maintenance_work_mem": "16MB",
    "autovacuum_work_mem": "16MB",
    "wal_buffers": "1MB",
    "max_wal_size": "256MB",
    "min_wal_size": "80MB",
    "max_worker_processes": "8",
    "max_parallel_workers": "2",
    "max_parallel_workers_per_gather": "1",
    "autovacuum_max_workers": "3",
}
MINIMUM = {
    "shared_buffers": "8GB",
    "effective_cache_size": "24GB",
    "work_mem": "40MB",
    "maintenance_work_mem": "1GB",
    "autovacuum_work_mem": "341MB",
    "wal_buffers": "16MB",
    "max_wal_size": "16GB",
    "min_wal_size": "4GB",
    "max_worker_processes": "8",
    "max_parallel_workers": "8",
    "max_parallel_workers_per_gather": "4",
    "autovacuum_max_workers": "3",
}
RECOMMENDED = {**MINIMUM, "shared_buffers": "16GB", "effective_cache_size": "48GB", "work_mem": "64MB"}


def values(*machine, **arguments):
    return {setting.name: setting.value for setting in settings(*machine, **arguments)}


@pytest.mark.parametrize(
    ("memory_mb", "vcpus", "wanted"),
    [
        (256, 2, LAB),
        (512, 1, {"shared_buffers": "64MB", "max_parallel_workers_per_gather": "0", "max_wal_size": "256MB"}),
        (1023, 2, {"shared_buffers": "127MB", "wal_buffers": "4064kB"}),
        (1024, 2, {"shared_buffers": "256MB", "wal_buffers": "8MB", "max_wal_size": "512MB", "min_wal_size": "128MB"}),
        (4096, 2, {"shared_buffers": "1GB", "work_mem": "5MB", "maintenance_work_mem": "256MB"}),
        (32768, 8, MINIMUM),
        (65536, 8, RECOMMENDED),
        (
            262144,
            64,
            {"shared_buffers": "64GB", "max_wal_size": "16GB", "work_mem": "64MB", "max_worker_processes": "64"},
        ),
    ],
)
def test_settings_follow_from_the_machine(memory_mb, vcpus, wanted):
    found = values(memory_mb, vcpus)
    assert {name: found[name] for name in wanted} == wanted


def test_what_no_machine_changes():
    found = values(256, 1)
    assert (found["max_connections"], found["huge_pages"], found["checkpoint_timeout"]) == ("200", "try", "15min")
    assert found["checkpoint_completion_target"] == "0.9"
    assert (found["autovacuum_vacuum_scale_factor"], found["autovacuum_analyze_scale_factor"]) == ("0.05", "0.02")


@pytest.mark.parametrize(
    ("disk", "wanted"),
    [
        ("ssd", ("1.1", "200", "200", "2000")),
        ("hdd", ("4", "2", "10", "200")),
    ],
)
def test_disks_have_costs(disk, wanted):
    found = values(1024, 2, disk=disk)
    names = (
        "random_page_cost",
        "effective_io_concurrency",
        "maintenance_io_concurrency",
        "autovacuum_vacuum_cost_limit",
    )
    assert tuple(found[name] for name in names) == wanted


@pytest.mark.parametrize(("connections", "work_mem"), [(50, "42MB"), (100, "21MB"), (400, "5MB"), (5000, "1MB")])
def test_connections_share_the_memory(connections, work_mem):
    found = values(8192 + 256, 4, max_connections=connections)
    assert (found["max_connections"], found["work_mem"]) == (str(connections), work_mem)


@pytest.mark.parametrize("memory_mb", [512, 1024, 4096, 32768, 65536, 524288])
@pytest.mark.parametrize("connections", [50, 200])
def test_all_that_can_be_in_use_fits_the_memory(memory_mb, connections):
    found = values(memory_mb, 8, max_connections=connections)
    units = {"kB": 1, "MB": 1024, "GB": 1024**2}
    kilobytes = {name: int(text[:-2]) * units[text[-2:]] for name, text in found.items() if text[-2:] in units}
    used = kilobytes["shared_buffers"] + kilobytes["work_mem"] * connections + kilobytes["maintenance_work_mem"]
    assert used <= memory_mb * 1024


def test_every_setting_says_where_it_comes_from():
    for setting in settings(32768, 8):
        assert "https://" in setting.source
        assert setting.unit
    assert [setting.name for setting in settings(32768, 8) if setting.restart] == [
        "max_connections",
        "shared_buffers",
        "huge_pages",
        "wal_buffers",
        "max_worker_processes",
        "autovacuum_max_workers",
    ]


def test_each_one_can_be_set_by_hand():
    for setting in settings(32768, 8):
        changed = settings(32768, 8, overrides={setting.name: 7})
        assert [(one.name, one.value) for one in changed if one.source == OVERRIDDEN] == [(setting.name, "7")]


@pytest.mark.parametrize(
    ("kilobytes", "wanted"),
    [(64, "64kB"), (1024, "1MB"), (1025, "1025kB"), (1536 * 1024, "1536MB"), (1024**2, "1GB"), (1024**3, "1TB")],
)
def test_sizes_are_printed_as_postgresql_does(kilobytes, wanted):
    assert size(kilobytes) == wanted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"memory_mb": 128}, "memory_mb is 128: give 256 or more"),
        ({"vcpus": 0}, "vcpus is 0: give 1 or more"),
        ({"max_connections": 5}, "max_connections is 5: give 10 or more"),
        ({"disk": "tape"}, "there is no kind of disk 'tape': use ssd, hdd"),
        ({"overrides": {"work_men": "1MB"}}, "work_men: not computed here, so there is nothing to override"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(SettingsError) as raised:
        settings(**{"memory_mb": 1024, "vcpus": 2, **arguments})
    assert str(raised.value) == message
