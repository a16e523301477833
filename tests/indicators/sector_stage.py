"""A stage for sectors: closes of symbols by session, who belongs where since when, and a reading of both."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

import numpy as np
import pandas as pd

from indicators import Signal
from indicators.sectors import INDICATOR, compute
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, SectorMember

DAYS = calendar.sessions(date(2023, 9, 1), date(2024, 11, 29))
#: a theme's five names, each with usual volume
NAMES = {name: [f"{name[:3].upper()}{n}" for n in range(5)] for name in ("Space", "Banks", "Mines")}


def bars_of(
    closes: Mapping[str, Sequence[float]],
    days: Sequence[date] = DAYS,
    volume: Any = 1e6,
    source: str = "bars",
) -> pd.DataFrame:
    """One bar a symbol and session; NaN is a missing one. `volume` is shares, or shares by symbol."""
    rows = []
    for symbol, values in closes.items():
        shares = np.broadcast_to(volume[symbol] if isinstance(volume, Mapping) else volume, len(days))
        for day, close, traded in zip(days, values, shares, strict=True):
            if np.isfinite(close):
                price = round(close * 10_000)
                rows.append(
                    {
                        "event_at": calendar.close(day), "known_at": calendar.close(day), "source": source,
                        "symbol": symbol, "session": day, "open_e4": price, "high_e4": price,
                        "low_e4": price, "close_e4": price, "volume": int(traded),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows, columns=[*Bar.model_fields])


def members_of(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Rows (symbol, sector, since, until), the last two may be left out: undated, and not ended."""
    table = []
    for symbol, sector, *dates in rows:
        since, until = (*dates, None, None)[:2]
        since = since or date(1970, 1, 1)
        known = calendar.new_york(since, time())
        table.append(
            {
                "event_at": known, "known_at": known, "symbol": symbol, "sector": sector,
                "source": "sectors" if since.year > 1970 else "sectors, undated", "name": f"{symbol} Inc.",
                "since": since, "until": until,
            }
        )  # fmt: skip
    frame = pd.DataFrame(table, columns=[*SectorMember.model_fields])
    return frame.astype({"since": object, "until": object})


def world(seed: int = 0, days: Sequence[date] = DAYS) -> dict[str, np.ndarray]:
    """Closes of SPY and of three themes of five names that drift apart and together by chance."""
    dice = np.random.default_rng(seed)
    market = 0.01 * dice.standard_normal(len(days))
    closes = {"SPY": 400 * np.exp(np.cumsum(market))}
    for names in NAMES.values():
        theme = 0.01 * dice.standard_normal(len(days))
        for name in names:
            own = 0.005 * dice.standard_normal(len(days))
            closes[name] = 50 * np.exp(np.cumsum(market + theme + own))
    return closes


def everybody(since: date | None = date(2015, 1, 2)) -> pd.DataFrame:
    return members_of([(name, theme, since) for theme, names in NAMES.items() for name in names])


def frames(bars: pd.DataFrame, members: pd.DataFrame, as_of: Any) -> Frames:
    """What storage would give: rows known by then, bars within the look-back, memberships however old."""

    def load(kind: Any) -> pd.DataFrame:
        rows = bars if kind is Bar else members
        rows = rows[rows["known_at"] <= as_of]
        return rows[rows["event_at"] > as_of - INDICATOR.lookback] if kind is Bar else rows

    return Frames(as_of, {}, load)


def read(bars: pd.DataFrame, members: pd.DataFrame, day: date = DAYS[-1]) -> dict[str, Signal]:
    """Every signal as of the evening of `day`, by subject."""
    seen = frames(bars, members, calendar.settled(day))
    return {signal.subject: signal for signal in compute(seen, None)}
