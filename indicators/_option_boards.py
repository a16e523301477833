"""The boards of a session: whose premium leans most, ranked by what is still true if the orders were few.

Two boards that must not be mixed: bullish against bearish (sides inferred) and calls against puts (as
traded). Each ranks by the 5 % quantile of a share shrunk by the number of equal orders the money is
worth, so that 30 million resting on one order does not lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from indicators import MARKET
from indicators._option_days import ALL, CALL, PUT, SIGNED, Past, Session
from indicators._option_facts import share, usd
from indicators._stats import Floats, beta_moments, eb_share

#: rows of each side of a board
ROWS = 10
#: assumption: less premium than this (USD) is on no board, and teaches no prior
LEAST_USD = 1_000_000
#: sessions the prior is learned from
PRIOR_SESSIONS = 20


@dataclass(frozen=True)
class Legs:
    """The two legs of a board: their names, e4 USD by subject, squared orders, orders."""

    names: tuple[str, str]
    first: Any
    second: Any
    squares: Floats
    orders: Any


def boards(session: Session, past: Past) -> dict[str, list[dict[str, Any]]]:
    """The rows of both boards, each from both sides: `bullish`, `bearish`, `calls`, `puts`.

    A row has the subject, both legs in USD, their ratio (None where the lesser is 0), `share_low` (the
    quantile it is ranked by), orders, `orders_worth` (equal orders), the largest order's share of all
    premium, and the coverage. `past` gives the prior: the shares of the sessions before.
    """
    place = past.days.index(session.day)
    before = slice(max(place - PRIOR_SESSIONS, 0), place)
    own = [row for name, row in past.places.items() if name != MARKET]
    bull, bear, total, call = (each[own, before] for each in (past.bull, past.bear, past.total, past.call))
    sides = Legs(("bull", "bear"), session.bull, session.bear, session.squares[:, SIGNED],
                 session.orders[:, SIGNED])  # fmt: skip
    rights = Legs(("call", "put"), session.legs[:, CALL], session.legs[:, PUT], session.squares[:, ALL],
                  session.orders[:, ALL])  # fmt: skip
    leaning, trailing = _both_sides(session, sides, _prior(bull, bear))
    calls, puts = _both_sides(session, rights, _prior(call, total - call))
    return {"bullish": leaning, "bearish": trailing, "calls": calls, "puts": puts}


def _prior(first: Floats, second: Floats) -> tuple[float, float]:
    whole = first + second
    return beta_moments(first[whole >= LEAST_USD] / whole[whole >= LEAST_USD])


def _both_sides(
    session: Session, legs: Legs, prior: tuple[float, float]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    first, second = legs.first / 1e4, legs.second / 1e4
    belief = eb_share(first, second, legs.squares, prior)
    large = np.array([name != MARKET for name in session.places]) & (session.total >= LEAST_USD * 10_000)
    names = np.array([*session.places])
    sides = []
    for low, leans in ((belief.low, first > second), (1 - belief.high, second > first)):
        rows = np.flatnonzero(large & leans)
        best = rows[np.lexsort([names[rows], -(first + second)[rows], -low[rows]])][:ROWS]
        sides.append(
            [_row(session, legs, int(row), float(low[row]), float(belief.n_eff[row])) for row in best]
        )
    return sides[0], sides[1]


def _row(session: Session, legs: Legs, place: int, low: float, worth: float) -> dict[str, Any]:
    first, second = int(legs.first[place]), int(legs.second[place])
    total, signed = int(session.total[place]), int(session.bull[place] + session.bear[place])
    largest: Sequence[dict[str, int]] = session.largest[place].as_py()
    return {
        "subject": [*session.places][place],
        f"{legs.names[0]}_usd": usd(first),
        f"{legs.names[1]}_usd": usd(second),
        "ratio": share(max(first, second), min(first, second)),
        "share_low": round(low, 4),
        "orders": int(legs.orders[place]),
        "orders_worth": round(worth, 1),
        "top_order_share": share(max(order["premium_e4"] for order in largest), total),
        "coverage": share(signed, total),
    }
