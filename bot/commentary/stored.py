"""Signals and charts to and from their rows: what was computed is what is shown, now and in /why."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from bot.commentary.numbers import known
from indicators import Chart, Panel, Quality, Ring, Row, Series, Signal
from storage.tables import SignalRow


def from_row(row: SignalRow) -> Signal:
    """The signal a row holds."""
    return Signal(
        row.indicator, row.subject, row.as_of, row.state, row.strength, cast(Quality, row.quality), row.n,
        row.source, row.facts, row.event,
    )  # fmt: skip


def chart_to_json(chart: Chart) -> dict[str, Any]:
    """`chart` as plain JSON; NaN, which JSON does not have, becomes null like every missing value."""
    return {
        "title": chart.title,
        "days": [str(day) for day in chart.days],
        "words": {name: str(word) for name, word in chart.words.items()},
        "panels": [
            {
                "title": panel.title,
                "unit": panel.unit,
                "series": [
                    {
                        "label": series.label,
                        "kind": series.kind,
                        "values": _numbers(series.values),
                        "upper": _numbers(series.upper),
                    }
                    for series in panel.series
                ],
                "rings": [
                    {
                        "title": ring.title,
                        "parts": [[label, _number(value)] for label, value in ring.parts],
                    }
                    for ring in panel.rings
                ],
                "rows": [
                    {
                        "name": row.name,
                        "right": _number(row.right),
                        "left": _number(row.left),
                        "note": row.note,
                        "neither": row.neither,
                    }
                    for row in panel.rows
                ],
                "sides": list(panel.sides),
            }
            for panel in chart.panels
        ],
    }


def _numbers(values: Sequence[float | None]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float | None) -> float | None:
    number = None if value is None else float(value)
    return number if known(number) else None


def chart_from_json(stored: Mapping[str, Any]) -> Chart:
    """The chart that `chart_to_json` wrote, now or before it knew rings and rows."""
    return Chart(
        stored["title"], stored["days"], [_panel(each) for each in stored["panels"]], stored["words"]
    )


def _panel(stored: Mapping[str, Any]) -> Panel:
    rings = [
        Ring(ring["title"], [(label, _length(value)) for label, value in ring["parts"]])
        for ring in stored.get("rings", ())
    ]
    rows = [
        Row(
            row["name"], _length(row["right"]), _length(row["left"]), row["note"],
            row.get("neither", False),
        )
        for row in stored.get("rows", ())
    ]  # fmt: skip
    series = [Series(**series) for series in stored["series"]]
    return Panel(stored["title"], stored["unit"], series, rings, rows, tuple(stored.get("sides", ())))


def _length(stored: float | None) -> float:
    """A part or a bar; one that is not known is NaN again."""
    return math.nan if stored is None else stored
