"""A stage for off-exchange trades: prints by the side they should get, bars, FINRA's rows, a reading."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa

from indicators import Signal
from indicators.dark_pool import INDICATOR, compute
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, OffExchangeWeek, ShortVolume
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, TapeStore

COLUMNS = pa.schema([column for column in EQUITY_TRADES.schema if column.name != "row_id"])
#: quotes around 10 USD that give a print its side
QUOTES = {
    "buy": (99_000, 100_000), "sell": (100_000, 101_000), "mid": (99_000, 101_000), None: (None, None)
}  # fmt: skip


def at(day: date, minutes: int = 60) -> datetime:
    return calendar.opening(day) + timedelta(minutes=minutes)


def put(tapes: TapeStore, day: date, *rows: dict[str, Any]) -> None:
    """Store one print a row, at 10 USD, a millisecond apart: `usd` with `side`, off the exchanges."""
    table = []
    for number, row in enumerate(rows):
        row = {"side": "buy", "usd": 1_000, **row}
        bid, ask = QUOTES[row.pop("side")]
        when = row.get("event_at", at(day) + timedelta(milliseconds=number))
        plain = {
            "event_at": when, "known_at": when, "symbol": "ACME", "price_e4": 100_000,
            "size": row.pop("usd") // 10, "bid_e4": bid, "ask_e4": ask, "venue": "D", "condition": None,
            "source": "test",
        }  # fmt: skip
        table.append(plain | row)
    tapes.append(EQUITY_TRADES, pa.Table.from_pylist(table, schema=COLUMNS))


def lean(buy: int, sell: int, unknown: int = 0, **cells: Any) -> list[dict[str, Any]]:
    """Ten prints of together so many thousand USD bought, sold and without a side; and one on an exchange."""
    sides = (("buy", buy), ("sell", sell), ("mid", unknown))
    rows = [
        {"side": side, "usd": 100 * amount, **cells} for side, amount in sides if amount for _ in range(10)
    ]
    return [*rows, {"venue": "N", "usd": 1_000, **cells}]


def rows_of(kind: Any, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as `Frames` gives them: oldest event first, missing columns empty."""
    columns = list(kind.__table__.columns.keys())
    frame = pd.DataFrame([dict.fromkeys(columns) | dict(row) for row in rows], columns=columns)
    for name in ("event_at", "known_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame.sort_values("event_at", kind="stable").reset_index(drop=True)


def bars(
    days: Sequence[date], closes: Sequence[float], volume: int = 1_000_000, symbol: str = "ACME"
) -> pd.DataFrame:
    return rows_of(
        Bar,
        [
            {
                "symbol": symbol, "session": day, "close_e4": round(close * 10_000), "volume": volume,
                "event_at": calendar.close(day), "known_at": calendar.close(day), "source": "test",
            }
            for day, close in zip(days, closes, strict=True)
        ],
    )  # fmt: skip


def short(symbol: str, day: date, market: str, marked: int, total: int, **cells: Any) -> dict[str, Any]:
    evening = calendar.close(day) + timedelta(hours=2)
    return {
        "symbol": symbol, "session": day, "market": market, "short_volume": marked, "total_volume": total,
        "event_at": calendar.close(day), "known_at": evening, "source": "finra", "short_exempt_volume": 0,
    } | cells  # fmt: skip


def week(symbol: str, monday: date, ats: int | None, otc: int | None, kind: str = "both") -> dict[str, Any]:
    when = calendar.close(monday)
    return {
        "symbol": symbol, "week": monday, "kind": kind, "ats_shares": ats, "otc_shares": otc,
        "event_at": when, "known_at": when + timedelta(days=18), "source": "finra",
    }  # fmt: skip


def frames(tapes: TapeStore, as_of: datetime, *tables: pd.DataFrame, since: datetime | None = None) -> Frames:
    """What is known at `as_of`: the tape, and of `tables` (told apart by their columns) the known rows."""
    found = {}
    for kind in (Bar, ShortVolume, OffExchangeWeek):
        own = [table for table in tables if list(table.columns) == list(kind.__table__.columns.keys())]
        rows = pd.concat(own) if own else rows_of(kind, [])
        found[kind] = rows[rows["known_at"] <= as_of]
    views = {
        tape.name: tapes.view(tape, as_of, since or as_of - INDICATOR.lookback)
        for tape in (EQUITY_TRADES, EQUITY_QUOTES)
    }
    return Frames(as_of, views, found.__getitem__)


def read(tapes: TapeStore, day: date | datetime, *tables: pd.DataFrame, subject: str = "ACME") -> Signal:
    """The signal of `subject` when `day` is settled, or at a moment."""
    as_of = day if isinstance(day, datetime) else calendar.settled(day)
    (signal,) = compute(frames(tapes, as_of, *tables), [subject])
    return signal
