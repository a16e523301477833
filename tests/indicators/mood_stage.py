"""A stage for the mood: years of a made-up market in which each of the five inputs goes its own way."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from dark_stage import rows_of, short
from eps_stage import eps
from insider_stage import trade
from sector_stage import bars_of, members_of

from indicators.sentiment import INDICATOR
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, CompanyEps, IndexEps, InsiderTrade, OptionDay, SectorMember, ShortVolume
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, OPTION_QUOTES, OPTION_TRADES, TapeStore

LAST = date(2024, 6, 28)
DAYS = calendar.sessions(date(2020, 1, 2), LAST)
#: eleven themes of two names
THEMES = {f"Theme {n}": [f"T{n}A", f"T{n}B"] for n in range(11)}
World = dict[Any, pd.DataFrame]


def world(seed: int = 0, days: list[date] = DAYS) -> World:
    """Every table; log ratios and shares are slow random walks around their middle."""
    dice = np.random.default_rng(seed)
    return {
        OptionDay: options(days, wave(dice, len(days))),
        ShortVolume: shorts(days, 0.5 + 0.05 * wave(dice, len(days))),
        InsiderTrade: insiders(dice, days),
        IndexEps: rows_of(IndexEps, [
            eps(day, 240.0, 5000 * np.exp(0.1 * value), known_at=calendar.day_end(day))
            for day, value in zip(days[::5], wave(dice, len(days[::5])), strict=True)
        ]),
        Bar: closes(dice, days),
        SectorMember: members_of(
            [(name, theme, date(2015, 1, 2)) for theme, names in THEMES.items() for name in names]
        ),
        CompanyEps: rows_of(CompanyEps, []),
    }  # fmt: skip


def wave(dice: np.random.Generator, n: int) -> np.ndarray:
    """An autoregression of 0.9 with unit deviation."""
    found = dice.standard_normal(n)
    for place in range(1, n):
        found[place] = 0.9 * found[place - 1] + np.sqrt(0.19) * found[place]
    return found


def options(days: list[date], lean: np.ndarray) -> pd.DataFrame:
    """The market's day totals, bullish to bearish as e to the power of `lean`."""
    bull = 2e9 / (1 + np.exp(-lean))
    return rows_of(OptionDay, [
        {
            "symbol": "MARKET", "session": day, "call_premium_e4": 11 * 10**12, "put_premium_e4": 11 * 10**12,
            "bullish_premium_e4": round(10_000 * each), "bearish_premium_e4": round(10_000 * (2e9 - each)),
            "event_at": calendar.close(day), "known_at": calendar.settled(day), "source": "unusual_whales",
        }
        for day, each in zip(days, bull, strict=True)
    ])  # fmt: skip


def shorts(days: list[date], shares: np.ndarray) -> pd.DataFrame:
    return rows_of(ShortVolume, [
        short("T0A", day, "BNQ", round(1e6 * share), 10**6) for day, share in zip(days, shares, strict=True)
    ])  # fmt: skip


def insiders(dice: np.random.Generator, days: list[date]) -> pd.DataFrame:
    """Each month twelve filings of as many insiders, some of them purchases."""
    rows = []
    for month in pd.period_range(days[0], days[-1], freq="M"):
        bought = int(dice.integers(1, 8))
        for n in range(12):
            known = calendar.new_york(date(month.year, month.month, 2 + n), time(12))
            rows.append(trade(
                "P" if n < bought else "S", 1000, known.date() - timedelta(days=1), known,
                owner_ciks=str(n), symbol=f"C{n}", source="sec_form4",
            ))  # fmt: skip
    return rows_of(InsiderTrade, rows)


def closes(dice: np.random.Generator, days: list[date]) -> pd.DataFrame:
    market = 0.01 * dice.standard_normal(len(days))
    own = {"SPY": market}
    for names in THEMES.values():
        theme = 0.01 * dice.standard_normal(len(days))
        own |= {name: market + theme + 0.01 * dice.standard_normal(len(days)) for name in names}
    return bars_of({name: 50 * np.exp(np.cumsum(path)) for name, path in own.items()}, days)


def frames(rows: Mapping[Any, pd.DataFrame], as_of: datetime, tape: Path) -> Frames:
    """What storage would give at `as_of`."""
    store, since = TapeStore(tape), as_of - INDICATOR.lookback

    def load(kind: Any) -> pd.DataFrame:
        known = rows[kind][rows[kind]["known_at"] <= as_of]
        return known if kind.lasting else known[known["event_at"] > since]

    kinds = (OPTION_TRADES, OPTION_QUOTES, EQUITY_TRADES, EQUITY_QUOTES)
    return Frames(as_of, {each.name: store.view(each, as_of, since) for each in kinds}, load)
