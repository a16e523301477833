"""Forward earnings beside the index: a point per estimate, with the close of its own day, and their logs."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from indicators._eps_companies import COLUMNS, aggregate
from indicators._eps_lines import Line, lines_of, splice
from indicators._stats import Floats
from storage import calendar
from storage.frames import Frames
from storage.shelf import keys_of
from storage.tables import Bar, CompanyEps, IndexEps

INDEX = "SPX"
#: what bars of the index are called, the first that has a close counts
INDEX_BARS = ("^GSPC", "^SPX", "SPX")
#: a fund that holds the index: its price is not the index, its changes nearly are
FUND = "SPY"
#: the line made of companies where no index earnings are known
COMPANIES = "companies"

#: a close so long before the first estimate, or after the last, stands beside none
BEFORE, AFTER = timedelta(days=10), timedelta(days=1)
_BAR = ("symbol", "session", "close_e4", "source", "known_at")


@dataclass(frozen=True)
class Points:
    """Arrays of one length, a point per estimate, oldest first; unknown is NaN.

    `price` and `eps` are in USD an index unit, but `price` is the fund's where `price_source` says so; `t`
    counts sessions. Where both are known ln_pe is ln_price − ln_eps: the identity of changes is exact.
    """

    line: Line
    vintages: list[date]
    #: the session whose close stands beside each vintage
    sessions: list[date]
    t: Floats
    price: Floats
    eps: Floats
    ln_price: Floats
    ln_eps: Floats
    ln_pe: Floats
    price_source: str | None
    #: companies behind the newest aggregate; None for index earnings
    companies: int | None
    #: the feeds the rows came from
    sources: list[str]
    #: since when the newest estimate was known
    known_at: datetime


@dataclass(frozen=True)
class Used:
    """The rows that points may be made of: a key of each over all tables, and when it was known."""

    ids: NDArray[np.int64]
    known_at: NDArray[np.datetime64]

    def keys(self, as_of: datetime) -> bytes:
        """Tells what was known at a moment apart from anything else."""
        return keys_of(self.ids[self.known_at <= pd.Timestamp(as_of).to_datetime64()])


def used_of(frames: Frames) -> Used:
    """Every row `points_of` may look at, and a few more."""
    rows = frames[IndexEps]
    columns = ("id", "event_at", "known_at")
    companies = frames.some(CompanyEps, columns, everybody=True)
    bars = frames.some(Bar, columns, everybody=True, symbol=(*INDEX_BARS, FUND))
    estimates = rows[rows["estimated"].astype(bool) & (rows["index"] == INDEX)]
    at = pd.concat([estimates["event_at"], companies["event_at"]])
    near = at.min() - BEFORE, at.max() + AFTER
    tables = [each[each["event_at"].between(*near).to_numpy(bool)] for each in (rows, companies, bars)]
    ids = [each["id"].to_numpy(np.int64) * len(tables) + place for place, each in enumerate(tables)]
    known_at = [each["known_at"].dt.tz_localize(None).to_numpy() for each in tables]
    return Used(np.concatenate(ids), np.concatenate(known_at))


def points_of(frames: Frames) -> Points | None:
    """All points known; None where no estimate is. They are shared: never change them."""
    return frames.once("points", lambda: used_of(frames).keys(frames.as_of), lambda: _points_of(frames))


def _points_of(frames: Frames) -> Points | None:
    """Bars are read only if closes lack beside the estimates."""
    rows = frames[IndexEps]
    rows = rows[rows["index"] == INDEX]
    line, companies = splice(lines_of(rows)), None
    if line is None:
        line, companies = _companies(frames.some(CompanyEps, COLUMNS, everybody=True))
    if line is None:
        return None
    vintages = [each.date() for each in line.points["vintage"]]
    sessions = [_session(each) for each in vintages]
    price, source, sources = _prices(frames, rows, line, sessions)
    eps = line.points["eps"].to_numpy(float)
    if companies is not None:  # of companies only the yield is known: earnings in units of the index
        eps = eps * (np.nan if source == FUND else price)
    with np.errstate(divide="ignore", invalid="ignore"):
        ln_price, ln_eps = np.log(price), np.log(np.where(eps > 0, eps, np.nan))
        of_yield = -np.log(np.where(line.points["eps"] > 0, line.points["eps"], np.nan))
    ln_pe = ln_price - ln_eps
    if companies is not None:
        ln_pe = np.where(np.isnan(ln_pe), of_yield, ln_pe)
    return Points(
        line, vintages, sessions, _places(sessions), price, eps, ln_price, ln_eps, ln_pe, source, companies,
        sources, line.points["known_at"].iloc[-1].to_pydatetime(),
    )  # fmt: skip


def _companies(rows: pd.DataFrame) -> tuple[Line | None, int | None]:
    found = aggregate(rows)
    if found.empty:
        return None, None
    points = found.rename(columns={"yield": "eps"}).assign(close=np.nan)
    return Line(COMPANIES, "adjusted", "aggregate", points), int(found["companies"].iloc[-1])


def _session(vintage: date) -> date:
    """The last session at or before the vintage."""
    return calendar.last_session(calendar.day_end(vintage))


def _places(sessions: list[date]) -> Floats:
    """How many sessions each stands after the first."""
    between = calendar.sessions(min(sessions), max(sessions))
    return np.array([bisect_right(between, session) for session in sessions], np.float64)


def _prices(
    frames: Frames, rows: pd.DataFrame, line: Line, sessions: list[date]
) -> tuple[Floats, str | None, list[str]]:
    """The close beside each estimate, what the newest is a close of, and where all rows came from.

    First the vendor's own, then others' of that session, then bars of the index. Where the newest estimate
    has none of them, the fund's closes beside all.
    """
    sources = [str(source) for source in line.points["source"]]
    own = line.points["close"].to_numpy(float)
    told = rows[rows["close_e4"].notna()].sort_values("known_at", kind="stable")
    beside = _by_session(
        (_session(day), close, source)
        for day, close, source in told[["vintage", "close_e4", "source"]].itertuples(index=False)
    )
    found = [beside.get(session, (np.nan, "")) for session in sessions]
    price = np.where(np.isnan(own), [close for close, _ in found], own)
    sources += [source for close, source in found if source]
    name = INDEX
    if np.isnan(price).any():
        bars = frames.some(Bar, _BAR, everybody=True, symbol=(*INDEX_BARS, FUND)).sort_values(
            "known_at", kind="stable"
        )
        for symbol in INDEX_BARS:
            price, added = _filled(price, bars, symbol, sessions)
            sources += added
        fund, added = _filled(np.full(len(price), np.nan), bars, FUND, sessions)
        if np.isnan(price[-1]) and not np.isnan(fund[-1]):
            price, name, sources = fund, FUND, sources + added
    return price, None if np.isnan(price[-1]) else name, sorted({each for each in sources if each})


def _by_session(closes: Iterable[tuple[date, Any, str]]) -> dict[date, tuple[float, str]]:
    return {session: (float(close) / 1e4, source) for session, close, source in closes}


def _filled(price: Floats, bars: pd.DataFrame, symbol: str, sessions: list[date]) -> tuple[Floats, list[str]]:
    """`price` with closes of `symbol` where it is unknown, and the feeds of the bars used."""
    own = bars[bars["symbol"] == symbol]
    closes = _by_session(own[["session", "close_e4", "source"]].itertuples(index=False))
    found = [closes.get(session, (np.nan, "")) for session in sessions]
    lacking = np.isnan(price)
    filled = np.where(lacking, [close for close, _ in found], price)
    return filled, [source for (_, source), empty in zip(found, lacking, strict=True) if empty and source]


def history_start(newest: date, years: int) -> date:
    """The day `years` years before."""
    return newest - timedelta(days=round(365.25 * years))
