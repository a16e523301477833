"""A stage for insiders: made-up stored Form 4 lines and what is computed of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count

import pandas as pd

from indicators import Signal
from indicators.insiders import compute
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, InsiderTrade

AS_OF = datetime(2024, 3, 28, 21, tzinfo=UTC)
DAY = date(2024, 3, 20)
_ids = count(1)


def trade(
    code: str = "P", usd: float | None = 1000.0, day: date = DAY, known: datetime | None = None, **more
) -> dict:
    """One stored Form 4 line, one share at `usd`; known at noon New York of the next day."""
    known = known or calendar.new_york(day + timedelta(days=1), time(12, 0))
    row = {name: field.default for name, field in InsiderTrade.model_fields.items()}
    number = next(_ids)
    return row | {
        "id": number, "event_at": calendar.new_york(day, time(16, 0)), "known_at": known, "source": "test",
        "filing": f"filing {number}", "line": 0, "form": "4", "symbol": "ACME", "issuer_cik": "1",
        "issuer_name": "Acme", "owner_ciks": "11", "owner_names": "Doe Jane", "role": "officer",
        "derivative": False, "security": "Common Stock", "code": code,
        "acquired": "A" if code in "PAM" else "D",
        "shares": Decimal(1), "price": None if usd is None else Decimal(str(usd)),
        "usd_e4": None if usd is None else round(usd * 10_000), "held_after": Decimal(100), "ownership": "D",
    } | more  # fmt: skip


def frames(rows: Sequence[dict], as_of: datetime = AS_OF, bars: Sequence[dict] = ()) -> Frames:
    """The rows as `storage.frames.read` shows them at `as_of`."""
    known = sorted(
        (row for row in rows if row["known_at"] <= as_of), key=lambda row: (row["event_at"], row["id"])
    )
    table = pd.DataFrame(known, columns=list(InsiderTrade.model_fields))
    for name in ("event_at", "known_at"):
        table[name] = pd.to_datetime(table[name], utc=True).astype("datetime64[us, UTC]")
    tables = {InsiderTrade: table, Bar: pd.DataFrame(list(bars), columns=list(Bar.model_fields))}
    return Frames(as_of, {}, tables.__getitem__)


def signals(rows: Sequence[dict], as_of: datetime = AS_OF, subjects=None) -> dict[str, Signal]:
    return {signal.subject: signal for signal in compute(frames(rows, as_of), subjects)}


def acme(rows: Sequence[dict], as_of: datetime = AS_OF) -> Signal:
    return signals(rows, as_of)["ACME"]
