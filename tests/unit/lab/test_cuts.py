# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from lab.cuts import Cut, rulesets

NOTHING = """\
table inet cuts
delete table inet cuts
table bridge cuts
delete table bridge cuts
"""


def test_a_zone_is_cut_from_everything_but_itself(topology):
    east, west = dict(rulesets(topology, [Cut(zone="east-a")])).values()
    assert (
        east
        == """\
table inet cuts
delete table inet cuts
table inet cuts {
  chain forward {
    type filter hook forward priority -300;
    iifname { "b.public-a", "b.data-a" } oifname != { "b.public-a", "b.data-a" } drop
    iifname != { "b.public-a", "b.data-a" } oifname { "b.public-a", "b.data-a" } drop
  }
}
table bridge cuts
delete table bridge cuts
"""
    )
    assert west == NOTHING


def test_a_host_is_cut_at_its_port(topology):
    east = dict(rulesets(topology, [Cut(host="db1")]))["east"]
    for hook in ("forward", "input", "output"):
        assert (
            f"""\
  chain {hook} {{
    type filter hook {hook} priority -300;
    iifname "p.db1" drop
    oifname "p.db1" drop
  }}
"""
            in east
        )


def test_one_way_drops_what_the_source_sends_in_every_router(topology):
    for ruleset in dict(rulesets(topology, [Cut(host="db1", source="db2", one_way=True)])).values():
        assert "ip saddr 10.0.21.10 ip daddr 10.0.20.10 drop" in ruleset
        assert "ip6 saddr fd00:10:0:21::10 ip6 daddr fd00:10:0:20::10 drop" in ruleset
        assert "ip saddr 10.0.20.10" not in ruleset


def test_both_ways_drops_both_directions(topology):
    ruleset = dict(rulesets(topology, [Cut(host="db1", source="west-db1")]))["west"]
    assert "ip saddr 10.1.20.10 ip daddr 10.0.20.10 drop" in ruleset
    assert "ip saddr 10.0.20.10 ip daddr 10.1.20.10 drop" in ruleset
    assert "ip6" not in ruleset


def test_healing_removes_the_tables(topology):
    assert dict(rulesets(topology, [])) == {"east": NOTHING, "west": NOTHING}


def test_cuts_are_told_in_words():
    assert str(Cut(zone="east-a")) == "zone east-a from everything else"
    assert str(Cut(host="db1")) == "host db1 from everything"
    assert str(Cut(host="db1", source="db2")) == "host db1 from db2"
    assert str(Cut(host="db1", source="db2", one_way=True)) == "host db1 from hearing db2"
