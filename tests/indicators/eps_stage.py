"""Rows of index earnings for tests, and frames that show them as they were known at a moment."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pandas as pd

from indicators import Signal
from indicators.eps_deviation import compute
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, CompanyEps, IndexEps

#: a Friday that was a session
FRIDAY = date(2024, 3, 1)
_ids = count(1)


def eps(vintage: date, value: float, close: float | None = None, **more: Any) -> dict:
    """A vendor's twelve months ahead, known at the end of its day."""
    return {
        "id": next(_ids), "event_at": calendar.new_york(vintage, calendar.time(16)),
        "known_at": calendar.day_end(vintage), "source": "index_eps", "index": "SPX", "vendor": "factset",
        "basis": "adjusted", "kind": "ntm", "period": "NTM", "vintage": vintage,
        "eps_e4": round(value * 1e4), "estimated": True,
        "close_e4": None if close is None else round(close * 1e4),
    } | more  # fmt: skip


def quarter(vintage: date, period: str, value: float, **more: Any) -> dict:
    return eps(vintage, value, kind="quarter", period=period, **more)


def bar(symbol: str, day: date, close: float, **more: Any) -> dict:
    e4, at = round(close * 1e4), calendar.close(day)
    return {
        "id": next(_ids), "event_at": at, "known_at": at, "source": "bars", "symbol": symbol, "session": day,
        "open_e4": e4, "high_e4": e4, "low_e4": e4, "close_e4": e4, "volume": 1,
    } | more  # fmt: skip


def company(
    number: int, vintage: date, cap: int, price: float, this: float, following: float, **more
) -> dict:
    at = calendar.day_end(vintage)
    return {
        "id": next(_ids), "event_at": at, "known_at": at, "source": "yahoo", "symbol": f"C{number}",
        "vintage": vintage, "year_end": date(vintage.year, 12, 31), "this_year_e4": round(this * 1e4),
        "next_year_e4": round(following * 1e4), "price_e4": round(price * 1e4), "market_cap_usd": cap,
    } | more  # fmt: skip


def weeks(n: int, last: date = FRIDAY) -> list[date]:
    """`n` Fridays up to `last`, oldest first."""
    return [last - timedelta(weeks=n - 1 - i) for i in range(n)]


def series(values: Iterable[tuple[float, float]], last: date = FRIDAY, **more: Any) -> list[dict]:
    """Weekly estimates, each an (index, earnings) pair."""
    pairs = list(values)
    return [
        eps(day, earned, close, **more)
        for day, (close, earned) in zip(weeks(len(pairs), last), pairs, strict=True)
    ]


def frames(
    rows: Sequence[dict],
    as_of: datetime | None = None,
    bars: Sequence[dict] = (),
    companies: Sequence[dict] = (),
) -> Frames:
    """The rows as `storage.frames.read` shows them at `as_of`, long after all of them if not said."""
    as_of = as_of or datetime(2030, 1, 1, tzinfo=UTC)
    tables = {
        kind: _table([row for row in given if row["known_at"] <= as_of], kind)
        for kind, given in ((IndexEps, rows), (Bar, bars), (CompanyEps, companies))
    }
    return Frames(as_of, {}, tables.__getitem__)


def _table(rows: list[dict], kind: Any) -> pd.DataFrame:
    known = sorted(rows, key=lambda row: (row["event_at"], row["id"]))
    table = pd.DataFrame(known, columns=list(kind.model_fields))
    for name in ("event_at", "known_at"):
        table[name] = pd.to_datetime(table[name], utc=True).astype("datetime64[us, UTC]")
    return table


def spx(rows: Sequence[dict], as_of: datetime | None = None, **more: Any) -> Signal:
    """The one signal, at the end of the newest estimate's day if not said otherwise."""
    if as_of is None:
        as_of = calendar.day_end(max(row["vintage"] for row in [*rows, *more.get("companies", ())]))
    (signal,) = compute(frames(rows, as_of, **more), None)
    return signal
