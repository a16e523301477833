"""Listed peers: market value by sales of the last twelve months, and what is usual among them.

Source of the method: a peer multiple is the median and quartiles of five or more on one basis, priced within
ten days of each other (docs/indicators.md, valuation); what growth and margin explain of it is a regression
of ln(P/S) across companies (Damodaran, Investment Valuation, chapter 20).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from indicators._company_figures import shares_outstanding, trailing_revenue
from indicators._desk_math import RefusedError, growth, positive, runway
from indicators._stats import madz
from storage.calendar import NEW_YORK

#: fewer peers say nothing of what is usual, and nothing of what growth and margin explain
ENOUGH, ENOUGH_FITTED = 5, 12
QUANTILES = (0.25, 0.5, 0.75, 0.9)
#: days between the prices of peers that are compared
NEAR = timedelta(days=10)
#: assumption: a split or an issue since would go unseen
OLD_SHARES = timedelta(days=200)
#: assumption: a company that files once a year may be as late
OLD_REVENUE = timedelta(days=500)
#: assumption: fiscal years of 52 and 53 weeks follow each other within these days
SAME_DAY = timedelta(days=7)


@dataclass(frozen=True)
class Peer:
    """A company's market value and its sales of twelve months, in whole USD, and the days they are of."""

    symbol: str
    market_cap_usd: int
    revenue_usd: int
    #: market value ÷ sales
    multiple: float
    price_session: date
    shares_as_of: date
    #: the last day of the twelve months
    revenue_end: date
    #: of those sales on the twelve months before, as a fraction
    growth: float | None
    #: net income ÷ sales
    margin: float | None
    source: str


@dataclass(frozen=True)
class PeerSummary:
    """What is usual among `n` peers; no figures, but a `reason`, with fewer than five."""

    n: int
    median: float | None
    q1: float | None
    q3: float | None
    p90: float | None
    first_session: date | None
    last_session: date | None
    #: the peers' own multiples, the lowest first
    multiples: tuple[float, ...]
    #: symbols whose price is too far from the newest, and why
    left_out: tuple[tuple[str, str], ...]
    reason: str | None

    def z(self, multiple: float) -> float | None:
        """Robust z of ln(multiple) among the peers'; None with fewer than 20, or all at one multiple."""
        score = madz(np.log(positive(multiple)), np.log(self.multiples))
        return None if score.degenerate or not np.isfinite(score.z) else float(score.z)


class Fitted(NamedTuple):
    """ln(P/S) beyond what growth and margin explain, by symbol: 0.1 is about a tenth dearer; or a reason."""

    residuals: dict[str, float] | None
    n: int
    reason: str | None


def summary(peers: Iterable[Peer]) -> PeerSummary:
    """Median, quartiles and 90th percentile (linear between peers) of those priced near the newest."""
    near, far = _near(peers)
    sessions = sorted(peer.price_session for peer in near)
    multiples = tuple(sorted(peer.multiple for peer in near))
    few = {"n": len(near), "least": ENOUGH}
    reason = None
    middle: list[float | None] = [None] * len(QUANTILES)
    if len(near) < ENOUGH:
        reason = str(RefusedError("{n} peers do not say what is usual: it takes {least}.", few))
    else:
        middle = [float(each) for each in np.quantile(multiples, QUANTILES)]
    q1, median, q3, p90 = middle
    first, last = (sessions[0], sessions[-1]) if near else (None, None)
    left_out = tuple((peer.symbol, _far(peer, sessions[-1])) for peer in far)
    return PeerSummary(len(near), median, q1, q3, p90, first, last, multiples, left_out, reason)


def growth_adjusted(peers: Iterable[Peer]) -> Fitted:
    """Least squares of ln(P/S) on 1, growth and margin, of the peers near the newest price that have both."""
    both = [peer for peer in _near(peers)[0] if peer.growth is not None and peer.margin is not None]
    if len(both) < ENOUGH_FITTED:
        few = {"n": len(both), "least": ENOUGH_FITTED}
        refused = RefusedError("{n} peers have a known growth and margin: it takes {least}.", few)
        return Fitted(None, len(both), str(refused))
    known = np.array([(1, peer.growth, peer.margin) for peer in both], np.float64)
    paid = np.log([peer.multiple for peer in both])
    slopes, _, rank, _ = np.linalg.lstsq(known, paid)
    if rank < known.shape[1]:
        return Fitted(None, len(both), "The peers' growth and margin do not tell them apart.")
    residuals = map(float, paid - known @ slopes)
    return Fitted(dict(zip([peer.symbol for peer in both], residuals, strict=True)), len(both), None)


def build(
    prices: pd.DataFrame, figures: pd.DataFrame, symbols: Iterable[str], as_of: datetime
) -> tuple[list[Peer], list[tuple[str, RefusedError]]]:
    """The peers among `symbols`, and each other symbol with the reason it is none.

    `prices`: symbol, session, close_e4 (USD, split-adjusted); `figures`: rows of CompanyFigure. Both as known
    at `as_of`. Market value is the newest close × the shares of the newest filing that states them.
    """
    today = as_of.astimezone(NEW_YORK).date()
    found: list[Peer] = []
    left_out: list[tuple[str, RefusedError]] = []
    for symbol in dict.fromkeys(symbols):
        try:
            found.append(
                _peer(symbol, prices[prices["symbol"] == symbol], figures[figures["symbol"] == symbol], today)
            )
        except RefusedError as error:
            left_out.append((symbol, error))
    return found, left_out


def _peer(symbol: str, prices: pd.DataFrame, figures: pd.DataFrame, today: date) -> Peer:
    """Raises RefusedError with what is missing, or too old on `today`."""
    if prices.empty:
        raise RefusedError("No recent close is known on {today}.", {"today": today})
    shares = shares_outstanding(figures) if len(figures) else None
    if shares is None or shares[0] <= 0:
        raise RefusedError("No filing known on {today} states its shares.", {"today": today})
    revenue = trailing_revenue(figures)
    if revenue is None:
        raise RefusedError("No twelve months of revenue are known on {today}.", {"today": today})
    count, counted, counted_at = shares
    sold, start, end, sold_at = revenue
    if today - counted > OLD_SHARES:
        raise RefusedError(
            "Its shares are of {counted}, more than {days} days before {today}: a split would go unseen.",
            {"counted": counted, "days": OLD_SHARES.days, "today": today},
        )
    if today - end > OLD_REVENUE:
        raise RefusedError(
            "Its revenue ends on {end}, more than {days} days before {today}.",
            {"end": end, "days": OLD_REVENUE.days, "today": today},
        )
    # of two sources of a session the higher close, so that their order does not matter
    last = prices.sort_values(["session", "close_e4"]).iloc[-1]
    value = (int(last["close_e4"]) * count + 5_000) // 10_000
    filed = max(counted_at, sold_at).astimezone(NEW_YORK).date()
    return Peer(
        symbol, value, sold, runway(value, sold), last["session"], counted, end,
        _growth(figures, sold, start), None, f"close of {last['session']}; SEC filings up to {filed}",
    )  # fmt: skip


def _growth(figures: pd.DataFrame, sold: int, start: date) -> float | None:
    """Growth on the twelve months that end where these begin."""
    before = trailing_revenue(figures[figures["end"] < start])
    return None if before is None or start - before[2] > SAME_DAY else growth(before[0], sold)


def _near(peers: Iterable[Peer]) -> tuple[list[Peer], list[Peer]]:
    """The peers priced near the newest of them and the others, by symbol."""
    every = sorted(peers, key=lambda peer: peer.symbol)
    newest = max((peer.price_session for peer in every), default=None)
    near = [peer for peer in every if newest is not None and newest - peer.price_session <= NEAR]
    return near, [peer for peer in every if peer not in near]


def _far(peer: Peer, newest: date) -> str:
    return f"Its price is of {peer.price_session}, more than {NEAR.days} days before {newest}."
