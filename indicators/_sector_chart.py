"""The picture: all themes on one board, or one theme's lead over the market and how broad it was."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from indicators import Chart, Panel, Row, Series, Signal
from indicators._sector_lead import leads_of
from indicators._sector_strength import Ranking
from indicators._stats import Floats

SESSIONS = 60


def board(signal: Signal) -> Chart:
    """Every ranked theme, the strongest first; below each its excess, breadth and sessions in the lead."""
    told = [(row, round(row["strength"], 2)) for row in signal.facts["table"] if row["rank"] is not None]
    rows = [Row(row["subject"], max(value, 0.0), max(-value, 0.0), _note(row)) for row, value in told]
    panel = Panel(
        "Strength (excess · names ahead · days in the lead)",
        "", rows=rows, sides=("Stronger", "Weaker"),
    )  # fmt: skip
    return Chart("Sectors and themes, {session}", (), [panel], {"session": signal.facts["session"]})


def _note(row: Mapping[str, Any]) -> str:
    excess = f"{100 * row['excess_return'] + 0.0:+.2f} %".replace("-", "−")
    days = f" · {row['streak']}" if row["streak"] else ""
    return f"{excess} · {100 * row['breadth']:.0f} %{days}"


def course(ranking: Ranking, days: Sequence[str], name: str) -> Chart:
    """The theme's excess added up over up to 60 sessions with the sessions it led, and its breadth."""
    place = next(at for at, theme in enumerate(ranking.themes) if theme.group.name == name)
    shown = slice(max(len(days) - SESSIONS, 0), None)
    excess, breadth = ranking.weighted[shown, place], ranking.breadth[shown, place]
    ahead = np.where(np.isfinite(excess), 100 * np.cumsum(np.nan_to_num(excess)), np.nan)
    led = np.where(leads_of(ranking).leads[shown, place], ahead, np.nan)
    panels = [
        Panel(
            "Against the market, added up", "%",
            [Series("Ahead", "line", _list(ahead)), Series("Sessions in the lead", "up", _list(led))],
        ),
        Panel("Each session against the market", "%", [Series("Excess", "bars", _list(100 * excess))]),
        Panel("Names clearly ahead of the market", "%", [Series("Breadth", "line", _list(100 * breadth))]),
    ]  # fmt: skip
    return Chart("{subject}: ahead of the market or behind it", list(days[shown]), panels, {"subject": name})


def _list(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
