# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The picture of the network: regions, zones, subnets and hosts, and a table of who may call whom (SVG).

Everything is placed by arithmetic: a region is a grid of kinds of subnets (rows) and zones (columns), a
subnet is a box of hosts. Lengths are in the user units of the SVG, of which the picture is ``WIDTH`` wide.
"""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Sequence, Tuple
from xml.sax.saxutils import escape

from ..model import PLATFORM, Flow, Host, Port, Region, Subnet, Topology
from ..query import Index, index

WIDTH = 1120
MARGIN = 32
#: The column of the kinds of subnets, left of the zones.
GUTTER = 148
GAP = 12
CHIP_HEIGHT = 38
#: A name of 12.5 units in a sans-serif face takes at most this for each letter.
LETTER = 7.4
#: From the entrance down to the data; management stands beside the path of a request.
KINDS = ("public", "app", "data", "management")
#: The table of flows: width of the column with the sources, height of the heads, line height in a cell.
SOURCES, HEADS, LINE = 138, 118, 14

#: One muted colour for each service, in the order of the declaration; legible on both grounds.
COLOURS = (
    "#8a94a6",
    "#5b6b86",
    "#7d8b6a",
    "#2f7fc1",
    "#1d9a8a",
    "#58a65c",
    "#5a5fc7",
    "#9a6bc9",
    "#c8524a",
    "#d3922b",
    "#8d6e58",
    "#b65d93",
)

STYLE = """
text { font-family: "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif; fill: #1d2733; font-size: 12.5px }
.paper { fill: #fbfaf7 } .region { fill: #ffffff; stroke: #b9c0ca } .zone { fill: #f2f4f7 }
.subnet { fill: #ffffff; stroke: #c9d0d9 } .chip { fill: #f7f8fa; stroke: #d5dbe3 }
.title { font-size: 24px; font-weight: 600 } .heading { font-size: 17px; font-weight: 600 }
.name { font-weight: 600 } .soft { fill: #5d6875 } .small { font-size: 11px }
.kind { font-size: 11px; font-weight: 600; letter-spacing: 1.2px; fill: #5d6875 }
.mono { font-family: "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 10.5px; fill: #5d6875 }
.port { font-size: 11px } .arrow { stroke: #2f7fc1; stroke-width: 1.6; fill: none } .tip { fill: #2f7fc1 }
.rule { stroke: #dde2e8 } .cell { fill: #e3eef8 } .wide { fill: #f6e6cf } .public { fill: #2f7fc1 }
@media (prefers-color-scheme: dark) {
text { fill: #e3e8ee } .paper { fill: #12161c } .region { fill: #181e26; stroke: #3c4756 } .zone { fill: #1f2731 }
.subnet { fill: #181e26; stroke: #3a4553 } .chip { fill: #232c37; stroke: #3a4553 }
.soft, .kind, .mono { fill: #9ba7b5 } .rule { stroke: #2b3440 } .cell { fill: #1d3a55 } .wide { fill: #4f3c1d }
.arrow { stroke: #5aa5e0 } .tip, .public { fill: #5aa5e0 }
}
"""


def picture(topology: Topology) -> str:
    """Return the whole SVG document."""
    known = index(topology)
    body = [*_title(topology)]
    top = 112.0
    for region in topology.regions:
        height, parts = _region(known, region, top)
        body += parts
        top += height + 24
    height, parts = _flow_table(topology, top + 16)
    total = round(top + 16 + height + MARGIN)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" width="{WIDTH}" height="{total}" '
            f'role="img" aria-label="The network of {escape(topology.platform)}">',
            f"<style>{STYLE}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{total}"/>',
            *body,
            *parts,
            "</svg>\n",
        ]
    )


def _text(x: float, y: float, text: object, style: str = "", anchor: str = "") -> str:
    styles = f' class="{style}"' if style else ""
    anchors = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:g}" y="{y:g}"{styles}{anchors}>{escape(str(text))}</text>'


def _box(x: float, y: float, width: float, height: float, style: str, radius: float = 6) -> str:
    return f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"/>'


def _coloured(topology: Topology) -> Dict[str, str]:
    used = {service for host in topology.hosts for service in host.services}
    services = [name for name in topology.services if name in used]
    return {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(services)}


def _title(topology: Topology) -> Iterator[str]:
    hosts, regions = len(topology.hosts), len(topology.regions)
    yield _text(MARGIN, 46, topology.platform, "title")
    yield _text(WIDTH - MARGIN, 46, f"{hosts} hosts in {regions} regions · {topology.domain}", "soft", "end")
    x = float(MARGIN)
    for service, colour in _coloured(topology).items():
        yield f'<rect x="{x:g}" y="70" width="10" height="10" rx="2" fill="{colour}"/>'
        yield _text(x + 15, 79, service, "small")
        x += 15 + len(service) * 6.4 + 14
    yield f'<circle class="public" cx="{x + 5:g}" cy="75" r="3.5"/>'
    yield _text(x + 14, 79, "public address", "small")


def _region(known: Index, region: Region, top: float) -> Tuple[float, List[str]]:
    """Return the height and the parts of a region's panel."""
    zones = list(dict.fromkeys(subnet.zone for subnet in region.subnets))
    left = MARGIN + GUTTER
    column = (WIDTH - MARGIN - GAP - left - GAP * (len(zones) - 1)) / max(len(zones), 1)
    kinds = [kind for kind in KINDS if any(subnet.kind == kind for subnet in region.subnets)]
    y = top + 74
    rows: List[Tuple[str, float, float]] = []
    parts: List[str] = []
    for kind in kinds:
        height = max(_stack_height(region, kind, zone, column) for zone in zones)
        for number, zone in enumerate(zones):
            parts += _stack(known, region, kind, zone, (left + number * (column + GAP), y, column, height))
        rows.append((kind, y, height))
        y += height + GAP
    bottom = y + 4
    ground = [_box(MARGIN, top, WIDTH - 2 * MARGIN, bottom - top, "region", 10)]
    for number, zone in enumerate(zones):
        x = left + number * (column + GAP)
        ground += [_box(x, top + 46, column, bottom - top - 46 - GAP, "zone")]
        ground.append(_text(x + 10, top + 64, zone, "kind"))
    ground += [_text(MARGIN + 18, top + 30, region.name, "heading")]
    networks = " · ".join(str(network) for network in (region.cidr, region.cidr6) if network)
    ground += [_text(left + 10, top + 29, f"{region.state} · {networks}", "soft")]
    return bottom - top, ground + parts + list(_gutter(known, region, rows))


def _subnets(region: Region, kind: str, zone: str) -> List[Subnet]:
    return [subnet for subnet in region.subnets if (subnet.kind, subnet.zone) == (kind, zone)]


def _grid(region: Region, subnet: Subnet, width: float) -> Tuple[List[Host], int]:
    """Return the hosts of a subnet and how many stand in a row of its box."""
    longest = max((len(host.name) for host in region.hosts), default=1)
    chip = max(longest * LETTER + 20, 80)
    hosts = [host for host in region.hosts if host.subnet == subnet.name]
    return hosts, max(int((width - 28 + 6) // (chip + 6)), 1)


def _subnet_height(region: Region, subnet: Subnet, width: float) -> float:
    hosts, per_row = _grid(region, subnet, width)
    return 32 + -(-len(hosts) // per_row) * (CHIP_HEIGHT + 6) + 4


def _stack_height(region: Region, kind: str, zone: str, width: float) -> float:
    subnets = _subnets(region, kind, zone)
    return sum(_subnet_height(region, subnet, width) for subnet in subnets) + 6 * max(len(subnets) - 1, 0)


def _stack(
    known: Index, region: Region, kind: str, zone: str, place: Tuple[float, float, float, float]
) -> Iterator[str]:
    x, y, width, height = place
    subnets = _subnets(region, kind, zone)
    for subnet in subnets:
        tall = height if len(subnets) == 1 else _subnet_height(region, subnet, width)
        yield _box(x + 6, y, width - 12, tall, "subnet")
        yield _text(x + 16, y + 19, subnet.name, "name")
        yield _text(x + width - 16, y + 19, subnet.cidr, "mono", "end")
        hosts, per_row = _grid(region, subnet, width)
        chip = (width - 28 - 6 * (per_row - 1)) / per_row
        for number, host in enumerate(hosts):
            row, place_in_row = divmod(number, per_row)
            yield from _chip(known, host, x + 14 + place_in_row * (chip + 6), y + 30 + row * (CHIP_HEIGHT + 6), chip)
        y += tall + 6


def _chip(known: Index, host: Host, x: float, y: float, width: float) -> Iterator[str]:
    yield _box(x, y, width, CHIP_HEIGHT, "chip", 4)
    colours = _coloured(known.topology)
    part = (CHIP_HEIGHT - 8) / max(len(host.services), 1)
    for number, service in enumerate(host.services):
        top = y + 4 + number * part
        colour = colours[service]
        yield f'<rect x="{x + 4:g}" y="{top:g}" width="4" height="{part:g}" rx="1" fill="{colour}"/>'
    yield _text(x + 14, y + 16, host.name, "name")
    yield _text(x + 14, y + 30, host.address, "mono")
    if host.public_address:
        yield f'<circle class="public" cx="{x + width - 9:g}" cy="{y + 10:g}" r="3.5"/>'


def _gutter(known: Index, region: Region, rows: Sequence[Tuple[str, float, float]]) -> Iterator[str]:
    """Yield the names of the rows, and an arrow into each with the ports that lead there from the one above."""
    above = ""
    for kind, y, height in rows:
        yield _text(MARGIN + 18, y + 19, kind.upper(), "kind")
        ports = _ports_between(known, region, above, kind)
        label = f"from {above or 'outside'}"
        if kind == "management":
            ports, label = _ports_between(known, region, "", kind), "from outside"
        if ports:
            yield _text(MARGIN + 42, y + 41, label, "small soft")
            for number, line in enumerate(_lines(ports, max(int((height - 44) // 14), 1))):
                yield _text(MARGIN + 42, y + 57 + 14 * number, line, "small")
            x = MARGIN + 26
            yield f'<path class="arrow" d="M{x} {y + 30:g} V{y + 54:g}"/>'
            yield f'<path class="tip" d="M{x - 4.5:g} {y + 52:g} h9 l-4.5 8 z"/>'
        above = kind


def _lines(ports: Sequence[Port], rows: int) -> List[str]:
    """Return the ports in lines of two, no more lines than there is room for."""
    texts = [str(port.number) if port.protocol == "tcp" else str(port) for port in ports]
    per_line = max(2, -(-len(texts) // rows))
    return [", ".join(texts[start : start + per_line]) for start in range(0, len(texts), per_line)]


def _ports_between(known: Index, region: Region, source: str, target: str) -> Tuple[Port, ...]:
    """Return the ports by which hosts in one kind of subnet call those in another; "" is outside."""
    ports = []
    for flow in known.topology.flows:
        if PLATFORM in (flow.source, flow.target) or target not in _kinds(known, region, flow.target):
            continue
        outside = flow.source in known.topology.externals
        if outside if not source else source in _kinds(known, region, flow.source):
            ports += list(flow.ports)
    return tuple(dict.fromkeys(ports))


def _kinds(known: Index, region: Region, endpoint: str) -> Tuple[str, ...]:
    return tuple(known.subnets[host.subnet].kind for host in known.members(endpoint, region.name))


def _flow_table(topology: Topology, top: float) -> Tuple[float, List[str]]:
    """Return the height and the parts of the table: who calls (rows) whom (columns) on which ports."""
    sources = list(dict.fromkeys(flow.source for flow in topology.flows))
    targets = list(dict.fromkeys(flow.target for flow in topology.flows))
    column = (WIDTH - 2 * MARGIN - SOURCES - 58) / max(len(targets), 1)
    left, first = MARGIN + SOURCES, top + HEADS
    parts = [_text(MARGIN, top + 16, "Who may call whom", "heading"), *_table_legend(top)]
    for number, target in enumerate(targets):
        x = left + (number + 0.5) * column
        parts.append(f'<g transform="translate({x:g} {first - 10:g}) rotate(-38)">{_text(0, 0, target, "small")}</g>')
    y = first
    for source in sources:
        cells = {target: _cell(topology.flows, source, target) for target in targets}
        height = max(len(lines) for lines, _wide in cells.values()) * LINE + 8
        parts.append(f'<path class="rule" d="M{MARGIN} {y:g} H{left + column * len(targets):g}"/>')
        parts.append(_text(MARGIN, y + height / 2 + 4, source, "name"))
        for number, (lines, wide) in enumerate(cells.values()):
            parts += _cell_parts(lines, wide, (left + number * column, y, column, height))
        y += height
    parts.append(f'<path class="rule" d="M{MARGIN} {y:g} H{left + column * len(targets):g}"/>')
    return y - top, parts


def _table_legend(top: float) -> Iterable[str]:
    return (
        _box(MARGIN, top + 32, 12, 12, "cell", 2),
        _text(MARGIN + 18, top + 42, "inside a region, or outside", "small soft"),
        _box(MARGIN, top + 50, 12, 12, "wide", 2),
        _text(MARGIN + 18, top + 60, "between regions, too", "small soft"),
        _text(MARGIN, top + 78, "TCP ports; u: UDP, t u: both", "small soft"),
    )


def _cell(flows: Iterable[Flow], source: str, target: str) -> Tuple[List[str], bool]:
    found = [flow for flow in flows if (flow.source, flow.target) == (source, target)]
    ports = sorted({port for flow in found for port in flow.ports})
    numbers: Dict[int, List[str]] = {}
    for port in ports:
        numbers.setdefault(port.number, []).append(port.protocol)
    marks = {"tcp": "", "udp": " u"}
    lines = [f"{number}{marks.get(' '.join(protocols), ' t u')}" for number, protocols in numbers.items()]
    return lines, any(flow.across_regions for flow in found)


def _cell_parts(lines: Sequence[str], wide: bool, place: Tuple[float, float, float, float]) -> Iterator[str]:
    x, y, width, height = place
    if lines:
        yield _box(x + 2, y + 2, width - 4, height - 4, "wide" if wide else "cell", 3)
    start = y + (height - len(lines) * LINE) / 2 + 11
    for number, line in enumerate(lines):
        yield _text(x + width / 2, start + number * LINE, line, "port", "middle")
