"""The mood's inputs of every session: option premium, trades off the exchanges, breadth across sectors.

The tape is read one session at a time, as it was known when the session settled.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from indicators import MARKET, _dark_days, _option_days
from indicators._dark_finra import counted, weighted_short_share
from indicators._dark_selling import MARKET_FLOOR_USD, SMOOTHING, before
from indicators._mood_inputs import HISTORY, UNKNOWN, Course, better, by_session
from indicators._sector_lead import LEAST_THEMES
from indicators._sector_members import FUNDS, Group, read_groups
from indicators._sector_prices import MARKETS, Flags, Prices, read_prices
from indicators._sector_strength import rank_themes, theme_of
from indicators._stats import Floats, middle, slr
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, OptionDay, SectorMember, ShortVolume
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, OPTION_QUOTES, OPTION_TRADES, Tape, TapeView

#: what is read of a bar, and how far back: a year for the betas of the first session that is looked at
BAR = ("symbol", "session", "source", "close_e4", "volume")
BARS = timedelta(days=1560)
#: how far back day totals reach
DAYS = timedelta(days=1110)
_OPTION_DAY = (
    "session", "known_at", "source", "call_premium_e4", "put_premium_e4", "bullish_premium_e4",
    "bearish_premium_e4",
)  # fmt: skip
_SHORT = ("symbol", "session", "market", "short_volume", "total_volume", "source", "known_at")


@dataclass(frozen=True)
class Market:
    """The bars of the themes' members."""

    prices: Prices
    groups: Sequence[Group]
    sources: frozenset[str]

    @property
    def symbols(self) -> list[str]:
        """Whoever is or was in a theme."""
        return sorted({symbol for group in self.groups for symbol in group.symbols})

    def closes(self, day: date, symbols: pd.Series) -> Floats:
        """USD a share of the members on that day; NaN of others."""
        if day not in self.prices.days:
            return np.full(len(symbols), np.nan)
        row = self.prices.days.index(day)
        inside = {
            name
            for group in self.groups
            for name, is_in in zip(group.symbols, group.inside[row], strict=True)
            if is_in and name in self.prices.places
        }
        close = self.prices.close[row]
        return np.array(
            [close[self.prices.places[name]] if name in inside else np.nan for name in symbols], np.float64
        )


def read_market(frames: Frames, days: list[date]) -> Market | None:
    """The themes and the bars of their members and of what stands for the market; None without either."""
    members = frames[SectorMember]
    members = members[~members["sector"].isin(FUNDS)]
    if members.empty:
        return None
    bars = frames.some(Bar, BAR, within=BARS, symbol=[*{*members["symbol"], *MARKETS}])
    bars = bars[bars["session"] <= days[-1]]
    if bars.empty:
        return None
    prices = read_prices(bars)
    sources = frozenset((*bars["source"].unique(), *members["source"].unique()))
    return Market(prices, read_groups(members, prices.days), sources)


def options(frames: Frames, days: list[date]) -> Course:
    """The market's bullish to bearish premium as a log ratio, of prints, else of a vendor's day totals."""
    prints, sources = np.full((3, len(days)), np.nan), set()
    for place, views in _views(frames, days, OPTION_TRADES, OPTION_QUOTES):
        for session in _option_days.read_sessions(*views):
            market = session.places[MARKET]
            bull, bear = session.bull[market], session.bear[market]
            prints[:, place] = np.array([bull, bear, session.total[market] - bull - bear]) / 1e4
            sources |= {session.source}
    of_prints = _scored(_log_ratio(prints), days, "prints", sources)
    return better(of_prints, _of_vendor(frames, days))


def _views(frames: Frames, days: list[date], *tapes: Tape) -> Iterator[tuple[int, tuple[TapeView, TapeView]]]:
    """The sessions of a tape and of its quotes, each alone and as known when it settled."""
    trades, quotes = (frames.tape(tape) for tape in tapes)
    there = {*trades.sessions()}
    for place, day in enumerate(days):
        if day in there:
            cut = calendar.settled(day)
            yield place, (replace(trades, as_of=cut, since=cut), replace(quotes, as_of=cut, since=cut))


def _of_vendor(frames: Frames, days: list[date]) -> Course:
    rows = frames.some(OptionDay, _OPTION_DAY, within=DAYS, symbol=(MARKET,))
    rows = rows[rows["bullish_premium_e4"].notna() & rows["bearish_premium_e4"].notna()]
    rows = rows[_in_time(rows, 0)].drop_duplicates("session", keep="last").set_index("session")
    rows = rows.reindex(pd.Index(days))
    names = ("bullish_premium_e4", "bearish_premium_e4", "call_premium_e4", "put_premium_e4")
    bull, bear, call, put = (rows[name].to_numpy(float, na_value=np.nan) / 1e4 for name in names)
    amounts = np.stack([bull, bear, np.maximum(call + put - bull - bear, 0)])
    return _scored(_log_ratio(amounts), days, "day totals", {*rows["source"].dropna()})


def _log_ratio(amounts: Floats) -> Floats:
    """Log ratio of USD on either side by session, half of what has no side on both: nothing is claimed of it.

    `amounts` has bullish, bearish and unknown USD; smoothed by a share of what is usual for the market.
    """
    one, other, unknown = amounts
    usual = middle(before((one + other)[None])[0])[0]
    return slr(one, other, np.fmax(MARKET_FLOOR_USD, SMOOTHING * usual) + unknown / 2)


def off_exchange(frames: Frames, days: list[date], market: Market | None) -> Course:
    """What was bought to what was sold off the exchanges as a log ratio, or FINRA's short share."""
    prints, sources = np.full((3, len(days)), np.nan), set()
    for place, views in _views(frames, days, EQUITY_TRADES, EQUITY_QUOTES):
        for session in _dark_days.read_sessions(*views, [MARKET]):
            past = _dark_days.past_of([session])
            legs = (past.dark_buy, past.dark_sell, past.dark_unknown)
            prints[:, place] = [leg[-1, 0] / 1e4 for leg in legs]
            sources |= {session.source}
    of_prints = _scored(_log_ratio(prints), days, "prints", sources)
    return better(of_prints, _short_share(frames, days, market))


def _short_share(frames: Frames, days: list[date], market: Market | None) -> Course:
    """The share of off-exchange volume that was marked short, weighted by dollars over the themes' members.

    The file of a session comes after it settled: it counts on the next, as it was then.
    """
    if market is None:
        return UNKNOWN
    rows = frames.some(ShortVolume, _SHORT, within=DAYS, symbol=market.symbols)
    if rows.empty:
        return UNKNOWN
    rows = counted(rows[_in_time(rows, 1)])
    x = np.full(len(days), np.nan)
    by_session: list[tuple[Any, pd.DataFrame]] = [*rows.groupby("session")]
    for day, lines in by_session:
        usd = lines["total_volume"].to_numpy(float) * market.closes(day, lines["symbol"])
        at = bisect_right(days, day)  # the next session's place
        if 0 < at < len(days):
            x[at] = weighted_short_share(lines["short_volume"], lines["total_volume"], np.nan_to_num(usd))
    course = _scored(x, days, "FINRA short share", {*rows["source"]})
    return replace(course, told=None if course.told is None else calendar.shift(course.told, -1))


def _in_time(rows: pd.DataFrame, later: int) -> Flags:
    """Which rows were known when their session, or one `later`, settled."""
    cuts = {
        day: calendar.settled(calendar.shift(day, later))
        for day in rows["session"].unique()
        if calendar.is_session(day)
    }
    due = pd.to_datetime(rows["session"].map(cuts), utc=True)
    return (rows["known_at"] <= due).to_numpy(bool)


def sectors(market: Market | None, days: list[date]) -> Course:
    """The share of themes whose strength is above 0, of at least three."""
    if market is None:
        return UNKNOWN
    strength = rank_themes([theme_of(market.prices, group) for group in market.groups]).strength
    of = np.isfinite(strength).sum(axis=1)
    told = of >= LEAST_THEMES
    share: Floats = np.where(told, (strength > 0).sum(axis=1) / np.maximum(of, 1), np.nan)
    x = pd.Series(share, pd.Index(market.prices.days)).reindex(pd.Index(days))
    return _scored(np.asarray(x, np.float64), days, "bars", market.sources)


def _scored(x: Floats, days: list[date], measure: str, sources: set[str] | frozenset[str]) -> Course:
    told = days[-1] if np.isfinite(x[-1]) else None
    return Course(x[HISTORY:], by_session(x), told, measure, frozenset(sources))
