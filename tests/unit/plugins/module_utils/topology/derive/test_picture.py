# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import picture
from tests.unit.plugins.module_utils.topology.derive import small

SVG = "{http://www.w3.org/2000/svg}"


def drawing(topology):
    return ElementTree.fromstring(picture.picture(topology))


def boxes(root, style):
    """Return left, top, right and bottom of all boxes of a kind."""
    found = [box for box in root.iter(f"{SVG}rect") if box.get("class") == style]
    sides = [[float(box.get(side)) for side in ("x", "y", "width", "height")] for box in found]
    return [(x, y, x + width, y + height) for x, y, width, height in sides]


def inside(inner, outer):
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def apart(one, other):
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def crowded():
    hosts = [small.host("east", f"api-with-a-name-{number}", f"10.1.10.{number}", "api") for number in range(10, 50)]
    return small.topology(regions=[small.region("east", 1, hosts)])


def test_every_region_subnet_and_host_is_named_in_the_picture():
    texts = {text.text for text in drawing(small.topology()).iter(f"{SVG}text")}
    for region in small.topology().regions:
        assert {region.name, *(subnet.name for subnet in region.subnets)} <= texts
    for host in small.topology().hosts:
        assert {host.name, str(host.address)} <= texts


def test_the_table_has_every_port_of_every_flow():
    texts = [text.text for text in drawing(small.topology()).iter(f"{SVG}text") if text.get("class") == "port"]
    assert sorted(texts) == sorted(["51820 u", "22", "22", "80", "443", "8000", "5432", "5432", "443", "53 t u"])


def test_hosts_stand_inside_of_subnets_and_nothing_overlaps():
    for topology in (small.topology(), crowded()):
        root = drawing(topology)
        chips, subnets, regions = (boxes(root, style) for style in ("chip", "subnet", "region"))
        assert len(chips) == len(topology.hosts)
        assert all(sum(inside(chip, subnet) for subnet in subnets) == 1 for chip in chips)
        assert all(sum(inside(subnet, region) for region in regions) == 1 for subnet in subnets)
        for same in (chips, subnets, regions):
            assert all(apart(one, other) for one, other in combinations(same, 2))


def test_names_fit_into_their_hosts():
    root = drawing(crowded())
    widths = {right - left for left, _top, right, _bottom in boxes(root, "chip")}
    assert min(widths) >= len("api-with-a-name-10") * picture.LETTER + 14


def test_the_same_declaration_gives_the_same_picture_and_it_needs_nothing_from_elsewhere():
    text = picture.picture(small.topology())
    assert text == picture.picture(small.topology())
    assert "href" not in text
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text
