"""Stock prints for tests: each like a plain one but for what is said, reduced and laid out to read."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa

from indicators._stock_conditions import BUCKETS
from indicators._stock_tape import COLUMNS, VENUES, reduce_stocks
from storage.tape import EQUITY_TRADES

MONDAY = date(2024, 3, 4)
NOON = datetime(2024, 3, 4, 17, 0, tzinfo=UTC)
#: bought off the exchanges at the ask: 100 shares for 10,010 USD
PLAIN = {
    "event_at": NOON, "known_at": NOON, "symbol": "ACME", "price_e4": 1_001_000, "size": 100,
    "bid_e4": 999_000, "ask_e4": 1_001_000, "venue": "D", "condition": None, "source": "test", "row_id": 0,
}  # fmt: skip


def batch(prints: Sequence[dict]) -> pa.RecordBatch:
    rows = [PLAIN | print_ for print_ in prints]
    columns = []
    for column in EQUITY_TRADES.schema:
        named = pa.types.is_dictionary(column.type)
        array = pa.array([row[column.name] for row in rows], pa.string() if named else column.type)
        columns.append(array.dictionary_encode() if named else array)
    return pa.record_batch(columns, schema=EQUITY_TRADES.schema).select(list(COLUMNS))


def reduced(*batches: Sequence[dict], day: date = MONDAY) -> dict[str, dict]:
    """The reduced rows by symbol, amounts by (venue, bucket) where they are not 0."""
    rows = reduce_stocks(lambda: map(batch, batches), day).to_pylist()
    for row in rows:
        for name in ("shares", "notional_e4", "trades"):
            amounts = np.array(row[name]).reshape(len(VENUES), len(BUCKETS))
            row[name] = {
                f"{VENUES[venue]} {BUCKETS[bucket]}": int(amounts[venue, bucket])
                for venue, bucket in np.argwhere(amounts)
            }
    return {row["symbol"]: row for row in rows}


def after(milliseconds: float, **cells: object) -> dict:
    return {"event_at": NOON + timedelta(milliseconds=milliseconds), **cells}
