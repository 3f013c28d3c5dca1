# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import io
import math
import ssl
import urllib.error
import urllib.request

import pytest

from scripts.dashboards import pages, preview
from scripts.dashboards.asking import Answer, QueryError, Series, Window, ask_all, complaints, sender
from scripts.dashboards.reading import Board, Format, Panel, Target

WINDOW = Window(end=1_700_000_007, span=3600)


def panel(number=1, kind="timeseries", targets=None, **other):
    values = {
        "number": number,
        "kind": kind,
        "title": f"Panel {number}",
        "text": "What it shows.",
        "runbook": ("Runbook: HostDown", "https://example.org/HostDown.md"),
        "place": (0, 1, 8, 8),
        "targets": (Target("A", "up", "{{host}}", 15, kind != "timeseries"),) if targets is None else targets,
        "format": Format("s", None, ((None, "green"), (10, "red"))),
        "maximum": None,
        "stacked": False,
        "dashed": False,
        "headings": {},
        "columns": {},
        "sort": ("", False),
    }
    return Panel(**{**values, **other})


def board(*panels):
    return Board("one", "One", "A dashboard.", {"region": ".+"}, panels)


def answer(*series, name="A", error=""):
    found = tuple(Series(labels, ((0.0, value),)) for labels, value in series)
    return Answer(Target(name, "up", "{{host}}", 15, True), "up", 0.02, 15, found, error)


def test_queries_are_sent_for_their_window_and_answers_come_back_by_panel():
    sent = []

    def send(path, fields):
        sent.append((path, fields))
        values = {"values": [[0, "1"], [15, "NaN"]]} if "start" in fields else {"value": [15, "2"]}
        return {"data": {"resultType": "matrix", "result": [{"metric": {"host": "db1"}, **values}]}}

    target = Target("A", 'up{region=~"$region"}', "", 15, False)
    found = ask_all(send, board(panel(1, targets=(target,)), panel(2, "row", targets=()), panel(3, "stat")), WINDOW)
    assert sorted(sent) == [
        ("/api/v1/query", {"query": "up", "time": "1700000007"}),
        (
            "/api/v1/query_range",
            {"query": 'up{region=~".+"}', "step": "15", "start": "1699996395", "end": "1699999995"},
        ),
    ]
    assert sorted(found) == [1, 3]
    assert found[1][0].series[0].points[0] == (0.0, 1.0)
    assert math.isnan(found[1][0].series[0].last)
    assert found[3][0].series == (Series({"host": "db1"}, ((15.0, 2.0),)),)


def test_a_scalar_is_a_series_without_labels():
    found = ask_all(
        lambda _path, _fields: {"data": {"resultType": "scalar", "result": [1, "3"]}}, board(panel()), WINDOW
    )
    assert found[1][0].series == (Series({}, ((1.0, 3.0),)),)


def test_what_failed_and_what_returned_nothing_is_named():
    def send(_path, fields):
        if fields["query"] == "wrong(":
            raise QueryError("parse error")
        result = [{"metric": {}, "value": [0, fields["query"]]}] if fields["query"] != "none" else []
        return {"data": {"resultType": "vector", "result": result}}

    queries = ["1", "none", "wrong(", "NaN"]
    targets = tuple(Target(name, query, "", 15, True) for name, query in zip("ABCD", queries))
    one = board(panel(kind="stat", targets=targets))
    assert complaints(one, ask_all(send, one, WINDOW)) == [
        "one: 'Panel 1', query B: nothing returned",
        "one: 'Panel 1', query C: parse error",
        "one: 'Panel 1', query D: nothing returned",
    ]


def test_infinity_is_a_value():
    assert not answer(({}, math.inf)).empty


@pytest.mark.parametrize(
    ("body", "message"),
    [(b'{"status": "error", "error": "unknown function"}', "unknown function"), (b"<html>", "HTTP Error 400: Bad")],
)
def test_the_words_of_prometheus_are_handed_on(monkeypatch, body, message):
    def refuse(_opener, request, timeout):
        assert (request.full_url, request.data, timeout) == ("http://mon1:9090/api/v1/query", b"query=up", 30)
        raise urllib.error.HTTPError(request.full_url, 400, "Bad", None, io.BytesIO(body))

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", refuse)
    with pytest.raises(QueryError) as error:
        sender("http://mon1:9090/")("/api/v1/query", {"query": "up"})
    assert str(error.value) == message


@pytest.mark.parametrize("body", [b"nothing", None])
def test_no_answer_and_one_that_is_no_json_are_errors(monkeypatch, body):
    def respond(_opener, _request, timeout):
        if body is None:
            raise OSError("connection refused")
        return io.BytesIO(body)

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", respond)
    with pytest.raises(QueryError):
        sender("http://mon1:9090")("/api/v1/query", {"query": "up"})


def test_a_certificate_is_checked_with_the_authority_that_is_given(monkeypatch):
    files = []
    context = ssl.create_default_context()
    monkeypatch.setattr(ssl, "create_default_context", lambda cafile: files.append(cafile) or context)
    sender("https://mon1:9090", "ca.crt")
    sender("http://mon1:9090")
    assert files == ["ca.crt"]


TABLE = panel(
    kind="table",
    headings={"host": "Host", "Value #A": "State", "Value #B": "Lag"},
    columns={"State": Format("none", None, (), {"0": ("down", "red")}), "Lag": Format("s")},
    sort=("Lag", True),
)


def test_a_table_has_a_line_for_each_set_of_labels_and_what_is_missing_comes_last():
    lines = pages.merged(
        TABLE,
        [
            answer(({"host": "db1"}, 1.0), ({"host": "db2"}, 0.0), ({"host": "db3"}, 1.0)),
            answer(({"host": "db1"}, 2.0), ({"host": "db3"}, 5.0), name="B"),
        ],
    )
    assert lines == [
        {"Host": "db3", "State": 1.0, "Lag": 5.0},
        {"Host": "db1", "State": 1.0, "Lag": 2.0},
        {"Host": "db2", "State": 0.0},
    ]


def test_a_table_can_be_sorted_by_a_label():
    one = panel(kind="table", headings={"host": "Host", "Value": "State"}, sort=("Host", False))
    lines = pages.merged(one, [answer(({"host": "b"}, 1.0), ({"host": "a"}, 2.0))])
    assert [line["Host"] for line in lines] == ["a", "b"]


def test_a_card_of_a_table_shows_words_units_and_gaps():
    text = pages.card(TABLE, [answer(({"host": "db2"}, 0.0)), answer(({"host": "db1"}, 2.0), name="B")], WINDOW)
    assert '<td>db2</td><td class="number t-red">down</td><td class="number">–</td>' in text
    assert '<td>db1</td><td class="number">–</td><td class="number">2 s</td>' in text


def test_a_card_has_its_text_its_limits_its_runbook_and_its_times():
    text = pages.card(panel(kind="stat"), [answer(({"host": "db1"}, 12.0))], WINDOW)
    assert '<b class="t-red">12 s</b>db1' in text
    assert "What it shows. Limits: 10 s. " in text
    assert '<a href="https://example.org/HostDown.md">Runbook: HostDown</a> · 1 query, 20 ms' in text
    assert "class=bad" not in text


@pytest.mark.parametrize("kind", ["timeseries", "stat", "gauge", "table"])
@pytest.mark.parametrize(("error", "words"), [("", "A: nothing returned"), ("<parse error>", "A: &lt;parse error&gt;")])
def test_a_card_without_data_says_so(kind, error, words):
    text = pages.card(panel(kind=kind), [answer(error=error)], WINDOW)
    assert f'<p class="wrong">{words}</p>' in text
    assert "class=bad" in text


def test_a_long_legend_is_cut_and_names_are_escaped():
    many = [({"host": f"<{number}>"}, float(number)) for number in range(pages.NAMES + 3)]
    text = pages.card(panel(), [answer(*many)], WINDOW)
    assert text.count("<li>") == pages.NAMES
    assert "and 3 more" in text
    assert "&lt;14&gt; <b>14 s</b>" in text


def test_a_long_table_is_cut():
    one = panel(kind="table", headings={"host": "Host", "Value": "State"})
    text = pages.card(one, [answer(*(({"host": f"{n}"}, 1.0) for n in range(pages.ROWS + 2)))], WINDOW)
    assert text.count("<tr>") == pages.ROWS + 1
    assert "and 2 more" in text


def test_the_pages_are_whole_and_need_nothing_from_elsewhere(tmp_path):
    one = board(panel(1, "row", targets=()), panel(2), panel(3, "gauge"))
    answers = {"one": {2: [answer(({"host": "db1"}, 1.0))], 3: [answer()]}}
    preview.write(tmp_path, [one], answers, WINDOW)
    page = (tmp_path / "one.html").read_text(encoding="utf-8")
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    for text in (page, index):
        assert text.startswith("<!doctype html>")
        assert "prefers-color-scheme: dark" in text
        assert not [word for word in ("<script", "<link", "<img", "@import", "url(") if word in text]
    assert "<h2>Panel 1</h2>" in page
    assert page.count("<article") == 2
    assert "1 h up to 2023-11-14 22:13:27 UTC" in page
    assert '<td class="number">2</td><td class="number">2</td><td class="number t-red">1</td>' in index


def test_the_slowest_queries_come_first():
    quick, slow = answer(), Answer(Target("A", "x", "", 15, True), "x", 1.5, 15)
    assert preview.slowest({"one": {1: [quick, slow]}}) == ["  1500 ms  one: x", "    20 ms  one: up"]


@pytest.mark.parametrize(("result", "code"), [([{"metric": {}, "value": [0, "1"]}], 0), ([], 1)])
def test_the_end_says_whether_every_query_returned_something(monkeypatch, tmp_path, capsys, result, code):
    def send(_path, _fields):
        return {"data": {"resultType": "vector", "result": result}}

    monkeypatch.setattr(preview, "sender", lambda _url, _ca: send)
    monkeypatch.setattr("sys.argv", ["preview", "--prometheus", "http://mon1:9090", "--output", str(tmp_path)])
    assert preview.main() == code
    assert len(list(tmp_path.glob("*.html"))) == 8
    assert ("queries failed or returned nothing" in capsys.readouterr().out) == bool(code)


def test_nobody_who_answers_is_said_once(monkeypatch, tmp_path, capsys):
    def send(_path, _fields):
        raise QueryError("connection refused")

    monkeypatch.setattr(preview, "sender", lambda _url, _ca: send)
    monkeypatch.setattr("sys.argv", ["preview", "--prometheus", "http://mon1:9090", "--output", str(tmp_path)])
    assert preview.main() == 1
    assert capsys.readouterr().out == "error: http://mon1:9090 does not answer: connection refused\n"


@pytest.mark.parametrize(("within", "code"), [("0", 1), ("60", 0)])
def test_a_dashboard_that_takes_too_long_is_named(monkeypatch, tmp_path, capsys, within, code):
    result = [{"metric": {}, "value": [0, "1"]}]
    monkeypatch.setattr(
        preview, "sender", lambda _url, _ca: lambda _p, _f: {"data": {"resultType": "vector", "result": result}}
    )
    arguments = ["preview", "--prometheus", "http://mon1:9090", "--output", str(tmp_path), "--within", within]
    monkeypatch.setattr("sys.argv", arguments)
    assert preview.main() == code
    assert capsys.readouterr().out.count("s, and may take 0 s\n") == (7 if code else 0)
