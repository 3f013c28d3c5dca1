"""The building blocks of the dashboards: panels with their unit, limits, description and runbook, in rows.

What every panel has to have is an argument without a default, so that none can be written without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, TypeVar, Union

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import gauge as gauges
from grafana_foundation_sdk.builders import prometheus as prometheus_builders
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import common, dashboard, prometheus

RUNBOOKS = "https://github.com/freeagentics/platform/blob/main/docs/runbooks"
SOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "platform"
#: The width of Grafana's grid.
COLUMNS = 24

#: The selectors of nearly every query: what the variables at the top of the page leave over.
REGION = 'region=~"$region"'
HOST = 'region=~"$region", host=~"$host"'
#: For alerts: those that belong to no region are shown with every one.
ANY_REGION = 'region=~"$region|"'

Steps = Tuple[Tuple[Optional[float], str], ...]
AnyPanel = Union[timeseries.Panel, stats.Panel, gauges.Panel, tables.Panel]
Built = TypeVar("Built", timeseries.Panel, stats.Panel, gauges.Panel, tables.Panel)
Words = Mapping[str, Tuple[str, str]]

#: Nothing is declared for the value: it informs, and has no colour that judges.
NO_TARGET: Steps = ((None, "blue"),)
UP_OR_DOWN: Words = {"0": ("down", "red"), "1": ("up", "green")}
YES_OR_NO: Words = {"0": ("no", "green"), "1": ("yes", "orange")}
#: For the time since something that did not happen yet.
OR_NEVER: Words = {"-1": ("never", "orange")}


def above(*limits: float) -> Steps:
    """Return limits that values should stay below: the last one is bad, those before it are a warning."""
    return ((None, "green"), *((limit, "orange") for limit in limits[:-1]), (limits[-1], "red"))


def below(*limits: float) -> Steps:
    """Return limits that values should stay above: good from the last one on, bad below the first."""
    return ((None, "red"), *((limit, "orange") for limit in limits[:-1]), (limits[-1], "green"))


def on_hosts_of(job: str) -> str:
    """Return the end of a query which leaves of a host's series those of the hosts that a job scrapes."""
    return f'and on (host) up{{job="{job}"}}'


@dataclass(frozen=True)
class Query:
    """What is asked, and how its series are called; ``every`` is how often its targets are scraped, if not in 15 s."""

    expr: str
    legend: str = ""
    every: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table that a query fills; its rows are those with the same labels."""

    title: str
    unit: str
    expr: str
    limits: Steps = NO_TARGET
    words: Optional[Words] = None


@dataclass(frozen=True)
class Row:
    """Panels under a common heading."""

    title: str
    panels: Tuple[AnyPanel, ...]


def row(title: str, *panels: AnyPanel) -> Row:
    """Return a row."""
    return Row(title, panels)


def series(
    title: str,
    unit: str,
    text: str,
    runbook: str,
    *queries: Query,
    limits: Steps = NO_TARGET,
    width: int = 8,
    maximum: Optional[float] = None,
    stacked: bool = False,
    many: bool = False,
) -> timeseries.Panel:
    """Return a panel of lines over time; ``many`` moves a long legend to the side."""
    panel = _common(timeseries.Panel(), title, unit, text, runbook, limits)
    panel = panel.span(width).height(8).min(0).line_width(1).fill_opacity(30 if stacked else 5)
    panel.targets([_target(query, number) for number, query in enumerate(queries)])
    panel.show_points(common.VisibilityMode.NEVER)
    legend = common_builders.VizLegendOptions().show_legend(True).display_mode(common.LegendDisplayMode.LIST)
    panel.legend(legend.placement(common.LegendPlacement.RIGHT if many else common.LegendPlacement.BOTTOM))
    tooltip = common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    panel.tooltip(tooltip.sort(common.SortOrder.DESCENDING))
    if maximum is not None:
        panel.max(maximum)
    if stacked:
        panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    elif limits != NO_TARGET:
        style = common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        panel.thresholds_style(style)
    return panel


def stat(
    title: str,
    unit: str,
    text: str,
    runbook: str,
    *queries: Query,
    limits: Steps = NO_TARGET,
    width: int = 6,
    words: Optional[Words] = None,
    decimals: Optional[int] = None,
) -> stats.Panel:
    """Return a panel of large figures, one for each series."""
    panel = _common(stats.Panel(), title, unit, text, runbook, limits)
    panel.span(width).height(4).graph_mode(common.BigValueGraphMode.NONE).color_mode(common.BigValueColorMode.VALUE)
    named = any(query.legend for query in queries)
    panel.text_mode(common.BigValueTextMode.VALUE_AND_NAME if named else common.BigValueTextMode.VALUE)
    panel.reduce_options(_last()).targets([_target(query, number, now=True) for number, query in enumerate(queries)])
    if words:
        panel.mappings(_mappings(words))
    if decimals is not None:
        panel.decimals(decimals)
    return panel


def gauge(
    title: str, unit: str, text: str, runbook: str, query: Query, limits: Steps, maximum: float = 1, width: int = 6
) -> gauges.Panel:
    """Return a panel of dials from 0 to a maximum, one for each series."""
    panel = _common(gauges.Panel(), title, unit, text, runbook, limits).span(width).height(6).min(0).max(maximum)
    panel.show_threshold_labels(False).show_threshold_markers(True)
    return panel.reduce_options(_last()).targets([_target(query, 0, now=True)])


def table(
    title: str,
    text: str,
    runbook: str,
    labels: Mapping[str, str],
    *columns: Column,
    width: int = 24,
    height: int = 9,
    sort: str = "",
    descending: bool = False,
) -> tables.Panel:
    """Return a panel with a line for each set of labels and a column for each query.

    The queries have to leave exactly these labels over; ``labels`` has the heading of each.
    """
    first = columns[0]
    panel = _common(tables.Panel(), title, first.unit, text, runbook, first.limits).span(width).height(height)
    panel.targets([_target(Query(one.expr), number, now=True, as_table=True) for number, one in enumerate(columns)])
    values = [f"Value #{_letter(number)}" for number in range(len(columns))] if len(columns) > 1 else ["Value"]
    renamed = {**labels, **dict(zip(values, (one.title for one in columns)))}
    order = {name: place for place, name in enumerate(renamed)}
    organised = {"excludeByName": {"Time": True}, "includeByName": {}, "indexByName": order, "renameByName": renamed}
    panel.transformations(
        [
            dashboard.DataTransformerConfig(id_val="merge", options={}),
            dashboard.DataTransformerConfig(id_val="organize", options=organised),
        ]
    )
    for one in columns:
        panel.override_by_name(one.title, list(_column_properties(one)))
    if sort:
        panel.sort_by([common_builders.TableSortByFieldState().display_name(sort).desc(descending)])
    return panel.show_header(True).align(common.FieldTextAlignment.AUTO)


def board(uid: str, title: str, text: str, *rows: Row) -> dashboard.Dashboard:
    """Return a dashboard: its variables, its links to the others, and its rows one below the other."""
    links = builders.DashboardLink("Dashboards").type(dashboard.DashboardLinkType.DASHBOARDS).tags([TAG])
    result = builders.Dashboard(title).uid(uid).description(text).tags([TAG]).timezone("utc").refresh("30s")
    result.time("now-1h", "now").editable().tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    result.link(links.as_dropdown(False).include_vars(True).keep_time(True).icon("external link"))
    for variable in _variables():
        result.with_variable(variable)
    number, below_it = 0, 0
    for one in rows:
        number += 1
        heading = builders.Row(one.title).id(number).grid_pos(dashboard.GridPos(x=0, y=below_it, w=COLUMNS, h=1))
        result.with_row(heading)
        positions = list(_positions([_size(panel) for panel in one.panels], below_it + 1))
        for panel, position in zip(one.panels, positions):
            number += 1
            result.with_panel(panel.id(number).grid_pos(position))
        below_it = max(position.y + position.h for position in positions)
    return result.build()


def _common(panel: Built, title: str, unit: str, text: str, runbook: str, limits: Steps) -> Built:
    link = builders.DashboardLink(f"Runbook: {runbook}").type(dashboard.DashboardLinkType.LINK)
    link.url(f"{RUNBOOKS}/{runbook}.md").target_blank(True)
    panel.title(title).unit(unit).description(text).datasource(SOURCE).links([link])
    steps = [dashboard.Threshold(value, colour) for value, colour in limits]
    panel.thresholds(builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps))
    return panel


def _letter(number: int) -> str:
    return chr(ord("A") + number)


def _target(query: Query, number: int, now: bool = False, as_table: bool = False) -> prometheus_builders.Dataquery:
    target = prometheus_builders.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(_letter(number))
    target.datasource(SOURCE).editor_mode(prometheus.QueryEditorMode.CODE)
    if query.every:
        target.interval(query.every)
    if as_table:
        target.format(prometheus.PromQueryFormat.TABLE)
    return target.instant() if now else target.range()


def _last() -> common_builders.ReduceDataOptions:
    return common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _mappings(words: Words) -> List[dashboard.ValueMapping]:
    options = {
        value: dashboard.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    return [dashboard.ValueMap(options=options)]


def _column_properties(column: Column) -> Iterator[dashboard.DynamicConfigValue]:
    steps: List[Dict[str, object]] = [{"color": colour, "value": value} for value, colour in column.limits]
    yield dashboard.DynamicConfigValue(id_val="unit", value=column.unit)
    yield dashboard.DynamicConfigValue(id_val="thresholds", value={"mode": "absolute", "steps": steps})
    if column.words:
        yield dashboard.DynamicConfigValue(id_val="mappings", value=_mappings(column.words))
    if column.limits != NO_TARGET or column.words:
        yield dashboard.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"})


def _size(panel: AnyPanel) -> Tuple[int, int]:
    position = panel._internal.grid_pos
    # Each kind of panel begins with a size.
    assert position is not None
    return position.w, position.h


def _positions(sizes: Sequence[Tuple[int, int]], top: int) -> Iterator[dashboard.GridPos]:
    """Yield where panels of these sizes go: from left to right, on a new line where one does not fit."""
    left, tallest = 0, 0
    for width, height in sizes:
        if left + width > COLUMNS:
            left, top, tallest = 0, top + tallest, 0
        yield dashboard.GridPos(x=left, y=top, w=width, h=height)
        left, tallest = left + width, max(tallest, height)


def _variables() -> Iterator[Union[builders.DatasourceVariable, builders.QueryVariable]]:
    yield builders.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    yield _choice("region", "Region", 'label_values(up{job="node"}, region)')
    yield _choice("host", "Host", f"label_values(up{{{REGION}}}, host)")


def _choice(name: str, label: str, query: str) -> builders.QueryVariable:
    """Return a variable with any number of values; all of them at first."""
    variable = builders.QueryVariable(name).label(label).datasource(SOURCE).query({"query": query, "refId": name})
    variable.multi(True).include_all(True).all_value(".+").sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    # Hosts come and go: the list is as old as the page.
    variable.refresh(dashboard.VariableRefresh.ON_DASHBOARD_LOAD)
    return variable.current(dashboard.VariableOption(selected=True, text=["All"], value=["$__all"]))
