"""Signals and charts to and from their rows: what was computed is what is shown, now and in /why."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from bot.commentary.numbers import known
from indicators import Chart, Panel, Quality, Series, Signal
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
            }
            for panel in chart.panels
        ],
    }


def _numbers(values: Sequence[float | None]) -> list[float | None]:
    floats = (None if value is None else float(value) for value in values)
    return [value if known(value) else None for value in floats]


def chart_from_json(stored: Mapping[str, Any]) -> Chart:
    """The chart that `chart_to_json` wrote."""
    panels = [
        Panel(panel["title"], panel["unit"], [Series(**series) for series in panel["series"]])
        for panel in stored["panels"]
    ]
    return Chart(stored["title"], stored["days"], panels, stored["words"])
