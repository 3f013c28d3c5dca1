# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A zone becomes what its source says, but for addresses that updates led elsewhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/dns_server/files/usr/local/sbin/zone-load"
ZONE = "example.com"
SOURCE = """\
$ORIGIN example.com.
$TTL 60
@ SOA ns.example.com. hostmaster.example.com. 1 60 60 86400 60
@ NS ns.example.com.
ns A 192.0.2.53
example.com. A 198.51.100.11
app.example.com. A 198.51.100.11
app.example.com. A 198.51.100.12
app.example.com. AAAA 2001:db8::11
app.example.com. TXT "app"
webapp.example.com. A 198.51.100.11
east.example.com. A 198.51.100.11
"""
#: Answers as Knot gives them: the zone, the name, its time to live, the type and the value.
APEX = """\
[example.com.] example.com. 60 SOA ns.example.com. hostmaster.example.com. 1795662000 60 60 86400 60
[example.com.] example.com. 60 NS ns.example.com.
[example.com.] example.com. 60 A 203.0.113.11
"""
APP = """\
[example.com.] app.example.com. 60 A 203.0.113.11
[example.com.] app.example.com. 60 A 203.0.113.12
[example.com.] app.example.com. 60 TXT "app"
"""
KNOTC = """#!/bin/sh
echo "$@" >>{folder}/asked
[ "$1" = zone-read ] || exit $(cat {folder}/reload)
cat {folder}/answers/"$3"
"""


@pytest.fixture
def server(tmp_path):
    """A server's folder with a source, and what loads its zone; the server answers by name, or not at all."""
    for name in ("bin", "answers", "zones", "sources"):
        (tmp_path / name).mkdir()
    programs = {
        "knotc": KNOTC.format(folder=tmp_path),
        "chown": f'#!/bin/sh\necho "chown $1" >>{tmp_path}/asked\n',
        "zone-load": SCRIPT.read_text(encoding="utf-8").replace("/var/lib/knot", f"{tmp_path}/zones"),
    }
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(text, encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "reload").write_text("0")
    (tmp_path / "asked").touch()
    file, source = tmp_path / "zones" / f"{ZONE}.zone", tmp_path / "sources" / ZONE
    source.write_text(SOURCE)
    file.write_text("what was served before\n")
    os.utime(file, (1000, 1000))

    def load(*names, **answers):
        for name, text in answers.items():
            (tmp_path / "answers" / {"apex": "example.com.", "app": "app.example.com."}[name]).write_text(text)
        environment = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
        command = ["sh", str(tmp_path / "bin" / "zone-load"), ZONE, str(source), *names]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def asked():
        return (tmp_path / "asked").read_text().splitlines()

    return SimpleNamespace(load=load, file=file, source=source, asked=asked, folder=tmp_path)


def test_a_zone_becomes_what_its_source_says(server):
    assert server.load() == (0, "loaded\n")
    assert server.file.read_text() == SOURCE
    assert server.asked() == ["chown knot:knot", f"--blocking zone-reload {ZONE}"]


def test_nothing_is_left_beside_the_zone(server):
    server.load("app.example.com.", app=APP)
    assert [path.name for path in server.file.parent.iterdir()] == [server.file.name]


def test_what_was_loaded_is_kept_beside_its_source(server):
    server.load("app.example.com.", app=APP)
    assert (server.folder / "sources" / f"{ZONE}.loaded").read_text() == SOURCE
    assert beside_source(server) == [ZONE, f"{ZONE}.loaded"]


def beside_source(server):
    return sorted(path.name for path in server.source.parent.iterdir())


def test_a_zone_is_loaded_for_the_first_time(server):
    server.file.unlink()
    assert server.load("app.example.com.") == (0, "loaded\n")
    assert server.file.read_text() == SOURCE


@pytest.mark.parametrize("moment", [900, 1000, 4000000000])
def test_a_zone_whose_source_did_not_change_stays(server, moment):
    """Its content counts, and not when it was written."""
    (server.folder / "sources" / f"{ZONE}.loaded").write_text(SOURCE)
    os.utime(server.source, (moment, moment))
    assert server.load("app.example.com.", app=APP) == (0, "")
    assert (server.file.read_text(), server.asked()) == ("what was served before\n", [])
    assert beside_source(server) == [ZONE, f"{ZONE}.loaded"]


def test_a_zone_that_was_loaded_is_not_loaded_again(server):
    assert server.load()[1] == "loaded\n"
    assert server.load() == (0, "")


def test_a_zone_whose_file_was_lost_is_loaded_again(server):
    """What the server still has of it counts as before; of a server that lost that, too, the source does."""
    for answers, led in (({"app": APP}, True), ({"app": ""}, False)):
        server.load()
        server.file.unlink()
        assert server.load("app.example.com.", **answers) == (0, "loaded\n")
        assert ("app.example.com. 60 A 203.0.113.11" in server.file.read_text().splitlines()) is led
        assert server.load("app.example.com.", **answers) == (0, "")
    assert server.file.read_text() == SOURCE
    assert beside_source(server) == [ZONE, f"{ZONE}.loaded"]


@pytest.mark.parametrize("moment", [900, 1000, 4000000000])
def test_a_source_that_changed_is_loaded_whatever_its_age_is(server, moment):
    """It may be older than the zone's file, which was written when the one before was loaded."""
    server.load()
    changed = SOURCE.replace("198.51.100.12", "198.51.100.13")
    server.source.write_text(changed)
    os.utime(server.source, (moment, moment))
    assert server.load() == (0, "loaded\n")
    assert server.file.read_text() == changed
    assert (server.folder / "sources" / f"{ZONE}.loaded").read_text() == changed
    assert server.load() == (0, "")


def test_names_that_updates_led_elsewhere_keep_their_addresses(server):
    assert server.load("example.com.", "app.example.com.", apex=APEX, app=APP) == (0, "loaded\n")
    assert server.file.read_text() == (
        "$ORIGIN example.com.\n"
        "$TTL 60\n"
        "@ SOA ns.example.com. hostmaster.example.com. 1 60 60 86400 60\n"
        "@ NS ns.example.com.\n"
        "ns A 192.0.2.53\n"
        'app.example.com. TXT "app"\n'
        "webapp.example.com. A 198.51.100.11\n"
        "east.example.com. A 198.51.100.11\n"
        "example.com. 60 A 203.0.113.11\n"
        "app.example.com. 60 A 203.0.113.11\n"
        "app.example.com. 60 A 203.0.113.12\n"
    )
    assert server.asked() == [
        f"zone-read {ZONE} example.com.",
        f"zone-read {ZONE} app.example.com.",
        "chown knot:knot",
        f"--blocking zone-reload {ZONE}",
    ]


def test_addresses_of_both_families_are_kept(server):
    server.load("app.example.com.", app="[example.com.] app.example.com. 60 AAAA 2001:db8:1::11\n")
    lines = [line for line in server.file.read_text().splitlines() if line.startswith("app.")]
    assert lines == ['app.example.com. TXT "app"', "app.example.com. 60 AAAA 2001:db8:1::11"]


def test_names_that_are_not_named_are_what_the_source_says(server):
    server.load("example.com.", apex=APEX, app=APP)
    assert "app.example.com. A 198.51.100.11\napp.example.com. A 198.51.100.12\n" in server.file.read_text()


@pytest.mark.parametrize("answer", [None, "", '[example.com.] app.example.com. 60 TXT "app"\n'])
def test_where_the_server_has_no_address_the_source_counts(server, answer):
    """It has no such name yet, or does not answer: a new server."""
    assert server.load("app.example.com.", **({} if answer is None else {"app": answer})) == (0, "loaded\n")
    assert server.file.read_text() == SOURCE


def test_a_zone_that_the_server_does_not_take_is_told(server):
    (server.folder / "reload").write_text("1")
    assert server.load() == (1, "")
    assert beside_source(server) == [ZONE]


def test_a_zone_that_the_server_did_not_take_is_loaded_again(server):
    (server.folder / "reload").write_text("1")
    assert (server.load()[0], server.load()[0]) == (1, 1)
    (server.folder / "reload").write_text("0")
    assert server.load("app.example.com.", app=APP) == (0, "loaded\n")
    assert "app.example.com. 60 A 203.0.113.11" in server.file.read_text().splitlines()
    assert server.load() == (0, "")


def test_what_was_loaded_before_is_remembered_where_the_server_does_not_take_the_next(server):
    server.load()
    (server.folder / "reload").write_text("1")
    server.source.write_text("nonsense\n")
    assert server.load() == (1, "")
    assert (server.folder / "sources" / f"{ZONE}.loaded").read_text() == SOURCE
    assert beside_source(server) == [ZONE, f"{ZONE}.loaded"]


def test_without_a_source_the_zone_stays(server):
    server.source.unlink()
    assert server.load() == (1, "")
    assert (server.file.read_text(), server.asked()) == ("what was served before\n", [])
