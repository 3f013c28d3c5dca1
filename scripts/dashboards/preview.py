"""Draw the committed dashboards with what a Prometheus has, for people to look at where there is no Grafana.

    python -m scripts.dashboards.preview --prometheus https://mon1:9090 --ca ca.crt --output reports/dashboards

Every query of every panel is asked. One that fails or returns nothing is named, and the end is 1. The same is true of a
dashboard whose queries take longer than --within. What follows a change of hosts is not known before the next scrapes:
with --patience, a dashboard on which something is missing is asked again.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Dict, List, Mapping, Sequence

from scripts.dashboards import pages
from scripts.dashboards.asking import Answer, QueryError, Window, ask_all, complaints, sender
from scripts.dashboards.reading import Board, read

DIRECTORY = Path(__file__).resolve().parents[2] / "roles" / "grafana" / "files" / "dashboards"
#: How many of the slowest queries are named.
SLOWEST = 5
#: Seconds until a dashboard is asked again.
ASK_AGAIN = 2

Answers = Mapping[str, Mapping[int, Sequence[Answer]]]


def slowest(answers: Answers) -> List[str]:
    """Return the queries that took longest, each with its time and dashboard."""
    found = [
        (answer.seconds, uid, answer.query)
        for uid, panels in answers.items()
        for one in panels.values()
        for answer in one
    ]
    return [f"{took * 1000:6.0f} ms  {uid}: {query}" for took, uid, query in sorted(found, reverse=True)[:SLOWEST]]


def write(directory: Path, boards: Sequence[Board], answers: Answers, window: Window) -> None:
    """Write the pages."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "index.html").write_text(pages.index(boards, answers, window), encoding="utf-8")
    for board in boards:
        text = pages.page(board, answers[board.uid], window, boards)
        (directory / f"{board.uid}.html").write_text(text, encoding="utf-8")


def main() -> int:
    """Ask, draw, and say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prometheus", required=True, metavar="URL", help="where Prometheus answers")
    parser.add_argument("--ca", metavar="FILE", help="the authority of its certificate, if the system does not know it")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="where the pages go")
    parser.add_argument("--hours", type=float, default=1, help="how much time is shown (default: 1)")
    parser.add_argument("--within", type=float, metavar="SECONDS", help="what the queries of a dashboard may take")
    parser.add_argument("--patience", type=float, default=0, metavar="SECONDS", help="how long to ask again")
    options = parser.parse_args()

    send = sender(options.prometheus, options.ca)
    boards = [read(path) for path in sorted(DIRECTORY.glob("*.json"))]
    patient_until = time.monotonic() + options.patience
    try:
        # The first request is slow for reasons of its own, and shows whether anybody answers.
        send("/api/v1/query", {"query": "1"})
    except QueryError as error:
        print(f"error: {options.prometheus} does not answer: {error}")
        return 1
    answers: Dict[str, Dict[int, List[Answer]]] = {}
    late: List[str] = []
    for board in boards:
        while True:
            window = Window(int(time.time()), int(options.hours * 3600))
            begun = time.monotonic()
            answers[board.uid] = ask_all(send, board, window)
            took = time.monotonic() - begun
            if not complaints(board, answers[board.uid]) or time.monotonic() > patient_until:
                break
            time.sleep(ASK_AGAIN)
        print(f"{board.uid}: {len(answers[board.uid])} panels in {took:.2f} s")
        if options.within is not None and took > options.within:
            late.append(f"{board.uid}: its queries took {took:.2f} s, and may take {options.within:g} s")
    write(options.output, boards, answers, window)
    print(f"slowest queries:\n{chr(10).join(slowest(answers))}")
    wrong = [line for board in boards for line in complaints(board, answers[board.uid])]
    print(f"pages: {options.output / 'index.html'}")
    if wrong:
        print(f"error: {len(wrong)} queries failed or returned nothing:\n{chr(10).join(wrong)}")
    for line in late:
        print(f"error: {line}")
    return 1 if wrong or late else 0


if __name__ == "__main__":
    sys.exit(main())
