"""How often was it right? Earlier alerts of the same kind against what the price did afterwards.

An alert is measured from the open of the first session after it to the close of the fifth; only alerts
whose five sessions were over by then are counted, so nothing of the future is in the figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlmodel import Session, col, select

from bot.commentary.languages import N_
from storage import calendar
from storage.tables import Bar, FlipRow, SignalRow

#: sessions an alert is given to be right
SESSIONS = 5
#: fewer measured alerts than this say nothing
ENOUGH = 10
TOO_FEW = N_("Too few earlier alerts like this to say how often they were right ({n:int}).")
MEASURED = N_(
    "Of {n:int} earlier alerts like this {right:int} were right after 5 sessions (median {median:pct})."
)
#: the newest alerts looked at
MOST = 500


@dataclass(frozen=True)
class Record:
    """`n` measured alerts, of which the price moved the alert's way in `right`; the median move, signed
    so that positive is the alert's way, as a fraction. None without any.
    """

    n: int
    right: int
    median: float | None


def measure(session: Session, indicator: str, after: str, as_of: datetime) -> Record:
    """The record, as of a moment, of `indicator`'s loud flips into the state `after`."""
    query = (
        select(FlipRow.subject, FlipRow.as_of, SignalRow.strength)
        .join(SignalRow, col(SignalRow.id) == col(FlipRow.signal_id))
        .where(
            FlipRow.indicator == indicator, FlipRow.after == after, col(FlipRow.loud).is_(True),
            FlipRow.as_of < as_of, SignalRow.strength != 0,
        )
        .order_by(col(FlipRow.as_of).desc())
        .limit(MOST)
    )  # fmt: skip
    alerts = [(subject, *_window(at), strength) for subject, at, strength in session.exec(query)]
    prices = _prices(session, sorted({alert[0] for alert in alerts}), as_of)
    moves = [
        (prices[subject, last][1] / prices[subject, first][0] - 1) * (1 if strength > 0 else -1)
        for subject, first, last, strength in alerts
        if (subject, first) in prices and (subject, last) in prices
    ]
    return Record(
        len(moves), sum(move > 0 for move in moves), float(pd.Series(moves).median()) if moves else None
    )


def _window(at: datetime) -> tuple[date, date]:
    """The first session that opens after `at`, and the fifth from then."""
    newest = calendar.last_session(at)
    return calendar.shift(newest, 1), calendar.shift(newest, SESSIONS)


def _prices(
    session: Session, symbols: Sequence[str], as_of: datetime
) -> dict[tuple[str, date], tuple[int, int]]:
    """Open and close, e4 USD, by symbol and session, of the bars known by `as_of`."""
    query = select(Bar).where(col(Bar.symbol).in_(symbols), Bar.known_at <= as_of)
    return {(bar.symbol, bar.session): (bar.open_e4, bar.close_e4) for bar in session.exec(query)}


def sentence(record: Record) -> tuple[str, dict[str, object]]:
    """A gettext key and its facts: the record in one honest line."""
    if record.n < ENOUGH or record.median is None:
        return TOO_FEW, {"n": record.n}
    return MEASURED, {"n": record.n, "right": record.right, "median": record.median}
