"""The picture: the index between its two lines with the turns of its state, and what pushes it either way."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from indicators import Chart, Panel, Row, Series
from indicators._mood_index import Composite
from indicators._mood_inputs import INPUTS
from indicators._mood_regime import BEAR, BULL, Regime
from indicators._stats import Floats

#: sessions shown: half a year
SHOWN = 126


def picture(days: list[date], found: Composite, regime: Regime, facts: Mapping[str, Any]) -> Chart:
    """The index over half a year, and the points each input adds to 50; only these where it is paused."""
    shown = slice(len(days) - SHOWN, None)
    turns = {
        state: _list(_at(found.index, [at for at in regime.switches if regime.states[at] == state])[shown])
        for state in ("bull", "bear")
    }
    series = [
        Series("Neutral, 40 to 60", "band", [BEAR] * SHOWN, [BULL] * SHOWN),
        Series("Mood", "line", _list(found.index[shown])),
        Series("Turned bullish", "up", turns["bull"]),
        Series("Turned bearish", "down", turns["bear"]),
    ]
    rows = [_row(each.label, facts["components"][each.name]) for each in INPUTS]
    board = Panel("Points each input adds to 50", "", rows=rows, sides=("Bullish", "Bearish"))
    if facts["index"] is None:
        return Chart("Market mood is paused: too few inputs are known", (), [board])
    return Chart(
        "Market mood {index} of 100: above 60 bullish, below 40 bearish",
        [day.isoformat() for day in days[shown]],
        [Panel("Mood, 0 to 100", "", [each for each in series if _any(each)]), board],
        {"index": f"{facts['index']:.0f}"},
    )


def _row(label: str, component: Mapping[str, Any]) -> Row:
    points = np.nan if component["contribution"] is None else round(component["contribution"], 1)
    score = component["score"]
    note = f"{score:.0f} / 100 · {component['as_of']}" if score is not None else ""
    right, left = (points, 0.0) if not points < 0 else (0.0, -points)
    return Row(label, right, left, note, neither=score is None)


def _at(values: Floats, places: list[int]) -> Floats:
    found = np.full(len(values), np.nan)
    found[places] = values[places]
    return found


def _any(series: Series) -> bool:
    return any(value is not None for value in series.values)


def _list(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
