"""The picture of index and earnings: the forward P/E in its usual range, and year by year who was ahead."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from indicators import Chart, Panel, Row, Series, Signal
from indicators._eps_facts import HISTORY_YEARS
from indicators._eps_points import FUND, Points, history_start, points_of
from indicators._stats import Floats
from storage.frames import Frames

#: years told, the newest first
YEARS = 6
#: the range in which the P/E was most of the time: these shares of its history below the ends
RANGE = (0.1, 0.9)


def chart(frames: Frames, signal: Signal) -> Chart:
    """Two panels, or the one of them there is something to show on."""
    points = points_of(frames)
    days, panels = ([], []) if points is None else _multiple(points, signal.facts)
    panels += _years(signal.facts)
    pe, median = signal.facts["pe"], signal.facts["median_pe"]
    title = "S&P 500: did the index or did earnings estimates rise more?"
    if pe is not None:
        title = "The S&P 500 costs {pe} times the earnings expected in a year"
    if pe is not None and median is not None:
        title = "The S&P 500 costs {pe} times the earnings expected in a year; its median is {median}"
    words = {"pe": _number(pe), "median": _number(median)}
    return Chart(title, days, panels, words)


def _multiple(points: Points, facts: Mapping[str, Any]) -> tuple[list[str], list[Panel]]:
    """The P/E of the last ten years; the median and the range are those of the newest estimate's history."""
    begin = history_start(points.vintages[-1], HISTORY_YEARS)
    shown = [place for place, day in enumerate(points.vintages) if day >= begin]
    value = np.exp(points.ln_pe[shown])
    if points.price_source == FUND or not np.isfinite(value).any():
        return [], []
    series = [Series("Forward P/E", "line", _list(value))]
    if facts["median_pe"] is not None:
        low, high = np.quantile(value[:-1][np.isfinite(value[:-1])], RANGE)
        low, high, median = (_list(np.full(len(shown), each)) for each in (low, high, facts["median_pe"]))
        usual = Series("Usual range: 80 % of the time", "band", low, high)
        series = [usual, *series, Series("Median", "line", median)]
    days = [points.vintages[place].isoformat() for place in shown]
    return days, [Panel("Index ÷ earnings expected in the next twelve months", "×", series)]


def _years(facts: Mapping[str, Any]) -> list[Panel]:
    rows = [
        Row(
            f"{year['year']}…" if year["so_far"] else str(year["year"]),
            max(year["index"] - year["eps"], 0.0) * 100,
            max(year["eps"] - year["index"], 0.0) * 100,
            f"S&P 500 {year['index']:+.1%}, EPS {year['eps']:+.1%}".replace("-", "−"),
        )
        for year in reversed(facts["years"][-YEARS:])
    ]
    sides = ("Index ahead", "Earnings ahead")
    return (
        [Panel("Index against earnings estimates, year by year", "%", rows=rows, sides=sides)] if rows else []
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _list(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
