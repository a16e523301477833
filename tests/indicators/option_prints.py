"""Option prints for tests: each like a plain one but for what is said, reduced and laid out to read."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa

from indicators._option_sides import NAMES
from indicators._option_tape import COLUMNS, reduce_tape
from storage.tape import OPTION_TRADES

NOON = datetime(2024, 3, 4, 17, 0, tzinfo=UTC)
PLAIN = {
    "event_at": NOON, "known_at": NOON, "underlying": "ACME", "expiry": date(2024, 4, 19),
    "strike_e4": 1_000_000, "is_call": True, "price_e4": 25_000, "size": 10, "multiplier": 100,
    "bid_e4": 24_000, "ask_e4": 26_000, "bid_size": None, "ask_size": None,
    "condition": "I", "exchange": "C", "vendor_side": None,
    "underlying_price_e4": None, "open_interest": None, "source": "test", "row_id": 0,
}  # fmt: skip


def batch(prints: Sequence[dict]) -> pa.RecordBatch:
    rows = [PLAIN | print_ for print_ in prints]
    columns = []
    for column in OPTION_TRADES.schema:
        plain = pa.types.is_dictionary(column.type)
        array = pa.array([row[column.name] for row in rows], pa.string() if plain else column.type)
        columns.append(array.dictionary_encode() if plain else array)
    return pa.record_batch(columns, schema=OPTION_TRADES.schema)


def reduced(*batches: Sequence[dict]) -> dict[str, dict]:
    """The reduced rows by underlying, amounts by (right, bucket) where they are not 0."""

    def stream(columns: Sequence[str] = COLUMNS, leading: bool = False) -> Iterator[pa.RecordBatch]:
        return (batch(prints).select(list(columns)) for prints in batches)

    rows = reduce_tape(stream).to_pylist()
    for row in rows:
        for name in ("premium_e4", "contracts", "trades", "long_e4"):
            amounts = np.array(row[name]).reshape(2, len(NAMES))
            row[name] = {
                ("put", "call")[right] + " " + NAMES[bucket]: int(amounts[right, bucket])
                for right, bucket in np.argwhere(amounts)
            }
    return {row["underlying"]: row for row in rows}


def after(seconds: int, **cells: object) -> dict:
    return {"event_at": NOON + timedelta(seconds=seconds), **cells}
