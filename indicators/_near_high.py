"""Whether a price stands near its 52-week high, on closes, and how often such a day was followed by a fall.

After George and Hwang (2004), who found that nearness to the high by itself drifts up: a risk said of such a
day means little without the rate of all days beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from indicators._evidence import episodes, mean_where, worst_returns
from indicators._stats import Floats
from storage import calendar

#: near: at most so many percent below the highest close of the year's sessions, the day's own among them
NEAR_PERCENT, YEAR = 5, 252
#: with fewer closes of the year known there is no 52-week high: an assumption
LEAST_CLOSES = 240
#: a fall: a close so much below the day's within so many sessions
FALL, WITHIN = 0.10, 20
#: a rate of fewer days is not told: an assumption
LEAST_DAYS = 20
#: a close older than this does not say where a price stands
OLD = timedelta(days=7)
#: sessions of a usual day's volume; with fewer than half of them there is none
USUAL = 20


@dataclass(frozen=True)
class Closes:
    """Closes by [symbol, session] over every session of the exchange, and what follows from each."""

    days: list[date]
    places: dict[str, int]
    #: USD; and the highest of the year up to and with each, NaN where too few are known
    close: Floats
    high: Floats
    #: USD traded on a usual day: the mean of the 20 sessions before
    usual: Floats

    @cached_property
    def near(self) -> Floats:
        """1 near the high, 0 not, NaN where it is not known."""
        known = np.isfinite(self.close) & np.isfinite(self.high)
        return np.where(known, is_near(self.close, self.high), np.nan)

    @cached_property
    def fell(self) -> Floats:
        """1 where a fall followed, 0 where none did, NaN where that is not known."""
        return fell(self.close)

    @cached_property
    def _columns(self) -> dict[date, int]:
        return {day: place for place, day in enumerate(self.days)}

    def at(self, values: Floats, names: Sequence[str], days: Sequence[date]) -> Floats:
        """Pick `values` (shaped as closes) of symbols and sessions; NaN for what is not here."""
        if not values.size:
            return np.full((len(names), len(days)), np.nan)
        rows = np.array([self.places.get(name, -1) for name in names], np.int64)
        columns = np.array([self._columns.get(day, -1) for day in days], np.int64)
        found = values[np.ix_(rows, columns)]
        found[rows < 0] = np.nan
        found[:, columns < 0] = np.nan
        return found


def is_near(close: Floats, high: Floats) -> Any:
    """Whether `close` is at most 5 % below `high`, exact for whole ten-thousandths."""
    return np.round(close * 10_000) * 100 >= np.round(high * 10_000) * (100 - NEAR_PERCENT)


def read_closes(bars: pd.DataFrame, names: Sequence[str]) -> Closes:
    """The closes of `names` in rows of `Bar`; symbols without any are left out."""
    rows = bars[bars["symbol"].isin(names)].drop_duplicates(["symbol", "session"], keep="last")
    days = calendar.sessions(rows["session"].min(), rows["session"].max()) if len(rows) else []
    found = sorted(rows["symbol"].unique())

    def wide(values: "pd.Series[Any]") -> pd.DataFrame:
        table = rows.assign(value=values.astype(float)).pivot(
            index="session", columns="symbol", values="value"
        )
        return table.reindex(index=pd.Index(days), columns=pd.Index(found))

    close = wide(rows["close_e4"]) / 10_000
    usual = (wide(rows["volume"]) * close).rolling(USUAL, min_periods=USUAL // 2).mean().shift(1)
    high = close.rolling(YEAR, min_periods=LEAST_CLOSES).max()
    places = {name: place for place, name in enumerate(found)}
    return Closes(days, places, *(table.to_numpy(float).T for table in (close, high, usual)))


def high_facts(closes: Closes, symbol: str, today: date) -> dict[str, Any]:
    """Where the newest close stands, if it is of the last week, and the base rates known by then."""
    facts: dict[str, Any] = dict.fromkeys(
        ("near_high", "close_usd", "close_session", "high_close_usd", "high_session", "below_high",
         "near_high_days", "drawdown_near", "drawdown_near_n", "drawdown_near_episodes",
         "drawdown_any", "drawdown_any_n")
    )  # fmt: skip
    place = closes.places.get(symbol)
    if place is None:
        return facts
    close, high, near = (values[place] for values in (closes.close, closes.high, closes.near))
    last = int(np.flatnonzero(np.isfinite(close))[-1])
    if today - closes.days[last] > OLD:
        return facts
    facts |= {"close_usd": round(float(close[last]), 4), "close_session": closes.days[last].isoformat()}
    if np.isfinite(high[last]):
        year = slice(max(last + 1 - YEAR, 0), last + 1)
        when = year.start + int(np.flatnonzero(close[year] == high[last])[-1])
        facts |= {
            "near_high": bool(near[last]),
            "high_close_usd": round(float(high[last]), 4),
            "high_session": closes.days[when].isoformat(),
            "below_high": round(1 - float(close[last] / high[last]), 6),
            "near_high_days": _in_a_row(near[: last + 1]) or None,
        }
    return facts | _rates(closes.fell[place], near)


def fell(close: Floats) -> Floats:
    """1 where a close at least 10 % lower followed within 20 sessions, 0 where none, NaN where not known."""
    worst = worst_returns(close, WITHIN)
    return np.where(np.isfinite(worst), np.round(worst, 9) <= -FALL, np.nan)


def rate(outcomes: Floats, chosen: Any) -> tuple[float | None, int]:
    """Share of the chosen days whose outcome is 1, and how many are known; None of too few."""
    mean, n = mean_where(outcomes, chosen)
    return (round(mean, 4) if n >= LEAST_DAYS else None), n


def _rates(outcomes: Floats, near: Floats) -> dict[str, Any]:
    """How often days near the high were followed by a fall, and days of any nearness that is known."""
    at_high, n_high = rate(outcomes, near == 1)
    of_all, n_all = rate(outcomes, np.isfinite(near))
    return {
        "drawdown_near": at_high,
        "drawdown_near_n": n_high,
        "drawdown_near_episodes": episodes((near == 1) & np.isfinite(outcomes), WITHIN),
        "drawdown_any": of_all,
        "drawdown_any_n": n_all,
    }


def _in_a_row(near: Floats) -> int:
    """For how many sessions up to the last it has been near."""
    away = np.flatnonzero(near != 1)
    return len(near) - (int(away[-1]) + 1 if len(away) else 0)
