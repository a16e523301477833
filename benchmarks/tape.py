"""How fast a session of option prints is reduced: the shipped reducer, the bare decode, Polars, pandas.

    python benchmarks/tape.py [--rows 20_000_000] [--repeats 5]

Makes synthetic prints in the tape's own Parquet, then runs the engines in turn, each in a process of its
own and on one thread, and prints medians of seconds and of peak memory (max RSS, the interpreter and the
libraries included). All engines must agree on every premium, contract and trade count, cancels taken out.
Ours also joins prints into orders, which the others do not.
"""

import argparse
import hashlib
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from _engines import compare, in_a_process, timed

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from indicators._option_conditions import CANCELS, _bucket  # noqa: E402
from indicators._option_sides import CROSSED, LAYERED_MID, NAMES, NOTHING, UNQUOTED  # noqa: E402
from indicators._option_tape import COLUMNS, reduce_tape  # noqa: E402
from storage.tape import OPTION_TRADES, TapeView, layout  # noqa: E402

SESSION = date(2024, 3, 4)
START = datetime(2024, 3, 4, 14, 30, tzinfo=UTC)
UNDERLYINGS = 5_000
CHUNK = 1_048_576
#: condition letters and how often they come; multi-leg about one in seven
LETTERS = {"I": 0.66, "S": 0.1, "a": 0.08, "f": 0.1, "j": 0.04, "n": 0.01, "B": 0.004, "J": 0.002, "t": 0.004}
CANCELS_A_CHUNK = 50
#: what a cancel and its print have in common
SAME = ["underlying", "expiry", "strike_e4", "is_call", "multiplier", "price_e4", "size", "exchange"]
QUOTE = ("bid_e4", "ask_e4", "bid_size", "ask_size")
#: the layered bucket of a side (0 sold, 1 not known, 2 bought) at a place in the quote, as one number
LAYERED = [
    NAMES.index(f"layered_{side}_{at}") if side else LAYERED_MID
    for side in ("sell", "", "buy")
    for at in ("outside", "at", "inside", "mid", "inside", "at", "outside")
]
ENGINES = ("decode", "bellwether", "polars", "pandas")


def make(folder: Path, rows: int) -> None:
    """Write a session of `rows` prints: Zipf over 5,000 underlyings, 2 % without a quote, some cancels."""
    dice = np.random.default_rng(20240304)
    parts = folder / OPTION_TRADES.name / SESSION.isoformat()
    parts.mkdir(parents=True)
    cancels = []
    with pq.ParquetWriter(parts / "prints.parquet", OPTION_TRADES.schema, **layout(OPTION_TRADES)) as writer:
        for first in range(0, rows, CHUNK):
            chunk = _chunk(dice, first, min(CHUNK, rows - first), rows)
            cancel = pc.is_in(chunk["condition"].cast(pa.string()), pa.array(sorted(CANCELS)))
            cancels.append(chunk.filter(cancel))
            writer.write_table(chunk.filter(pc.invert(cancel)))
    pq.write_table(pa.concat_tables(cancels), parts / "cancels.parquet", **layout(OPTION_TRADES))


def _chunk(dice: np.random.Generator, first: int, n: int, rows: int) -> pa.Table:
    weight = 1 / np.arange(1, UNDERLYINGS + 1) ** 1.1
    code = np.searchsorted(np.cumsum(weight) / weight.sum(), dice.random(n)).clip(max=UNDERLYINGS - 1)
    spot = (20 + code * 7919 % 880) * 10_000
    price = np.maximum(100, dice.lognormal(0.3, 1.2, n) * 100).astype(np.int64) * 100
    half = dice.integers(1, 4, n) * 100
    middle = price + dice.integers(-3, 4, n) * half // 2 // 50 * 50
    cells = {
        "underlying": code,
        "expiry": 19_790 + 7 * dice.integers(0, 12, n),
        "strike_e4": spot * (100 + dice.integers(-10, 11, n)) // 100 // 10_000 * 10_000,
        "is_call": dice.random(n) < 0.55,
        "price_e4": price,
        "size": np.minimum(5_000, dice.zipf(1.6, n)),
        "multiplier": np.full(n, 100),
        "bid_e4": middle - half,
        "ask_e4": middle + half,
        "bid_size": dice.integers(1, 60, n),
        "ask_size": dice.integers(1, 60, n),
        "condition": dice.choice(len(LETTERS), n, p=list(LETTERS.values())),
        "exchange": dice.integers(0, 16, n),
        "underlying_price_e4": spot,
        "open_interest": dice.integers(0, 10_000, n),
    }
    cancel, print_ = np.sort(dice.choice(n, (2, min(CANCELS_A_CHUNK, n // 2)), replace=False), axis=0)[::-1]
    for name in SAME:  # every second cancel is about a print that is there
        cells[name][cancel[::2]] = cells[name][print_[::2]]
    cells["condition"][cancel] = len(LETTERS) + np.arange(len(cancel)) % len(CANCELS)
    at = START.timestamp() * 1e6 + (first + np.arange(n)) * 23_400e6 // rows
    return _table(cells, at.astype(np.int64), dice.random(n) < 0.02, dice.integers(0, 2**63, n))


def _table(cells: dict[str, Any], at: Any, unquoted: Any, row_id: Any) -> pa.Table:
    words = {
        "underlying": [f"T{code:04}" for code in range(UNDERLYINGS)],
        "condition": [*LETTERS, *sorted(CANCELS)],
        "exchange": [chr(65 + code) for code in range(16)],
        "source": ["synthetic"],
    }
    n = len(at)
    cells |= {"event_at": at, "known_at": at, "source": np.zeros(n), "row_id": row_id}
    columns = []
    for column in OPTION_TRADES.schema:
        if column.name not in cells:
            columns.append(pa.nulls(n, column.type))
        elif column.name in words:
            indices = pa.array(cells[column.name].astype(np.int32))
            columns.append(pa.DictionaryArray.from_arrays(indices, pa.array(words[column.name])))
        else:
            missing = unquoted if column.name in QUOTE else None
            columns.append(
                pa.array(cells[column.name], mask=missing).cast(_plain(column.type)).cast(column.type)
            )
    return pa.table(columns, schema=OPTION_TRADES.schema)


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.int32() if pa.types.is_date32(kind) else pa.bool_() if pa.types.is_boolean(kind) else pa.int64()


Totals = dict[str, Any]


def decode(view: TapeView) -> None:
    """The floor: every needed column decoded once, nothing done with it."""
    for _ in view.batches(SESSION, COLUMNS):
        pass


def bellwether(view: TapeView) -> Totals:
    """The reducer as it is shipped."""
    table = reduce_tape(lambda columns, **how: view.batches(SESSION, columns, **how))
    amounts = [
        table[name].combine_chunks().flatten().to_numpy() for name in ("premium_e4", "contracts", "trades")
    ]
    sums = np.stack(amounts, axis=1).reshape(-1, 2, NOTHING, 3)
    counts = [int(table[name].to_numpy().sum()) for name in ("cancels", "cancels_unmatched")]
    return _totals(table["underlying"].to_pylist(), sums, *counts)


def polars(view: TapeView) -> Totals:
    """Polars, streaming: one scan for the cancels, one for the sums and the prints they may be about."""
    import polars as pl

    parts = view.folder / SESSION.isoformat() / "*.parquet"
    bid, ask, price, letter = (pl.col(name) for name in ("bid_e4", "ask_e4", "price_e4", "condition"))
    size, bid_size, ask_size = (pl.col(name) for name in ("size", "bid_size", "ask_size"))
    steps = (
        price >= bid,
        price > bid,
        2 * price >= bid + ask,
        2 * price > bid + ask,
        price >= ask,
        price > ask,
    )
    place = sum((step.cast(pl.Int8) for step in steps), pl.lit(0, pl.Int8))
    quote = pl.when(place == 3).then((ask_size - bid_size).sign()).otherwise((place - 3).sign())
    fills_bid, fills_ask = size == bid_size, size == ask_size
    side = pl.when(fills_bid & ~fills_ask).then(1).when(fills_ask & ~fills_bid).then(-1).otherwise(quote)
    cell = ((side + 1) * 7 + place).cast(pl.Int32)
    where = (
        pl.when(bid.is_null() | ask.is_null())
        .then(UNQUOTED)
        .when(bid >= ask)
        .then(CROSSED)
        .otherwise(cell.replace_strict(list(range(21)), LAYERED, return_dtype=pl.Int8))
    )
    known = [*LETTERS, *sorted(CANCELS)]
    decided = letter.cast(pl.String).replace_strict(
        known, [_bucket(name) for name in known], return_dtype=pl.Int8
    )
    prints = pl.scan_parquet(parts).with_columns(
        premium=price * pl.col("size") * pl.col("multiplier"),
        bucket=pl.max_horizontal(where.cast(pl.Int8), decided),
        cancel=letter.cast(pl.String).is_in(sorted(CANCELS)),
    )
    keys = prints.filter("cancel").select(SAME).unique().collect(engine="streaming")
    kept = [*SAME, "event_at", "condition", "premium", "bucket", "cancel"]
    meant = prints.join(keys.lazy(), on=SAME, how="semi").select(kept)
    sums = prints.filter(~pl.col("cancel")).group_by("underlying", "is_call", "bucket")
    sums = sums.agg(pl.col("premium").sum(), pl.col("size").sum(), pl.len())
    found, held = pl.collect_all([sums, meant], engine="streaming")
    names = found["underlying"].cast(pl.String).unique().sort().to_list()
    cells = np.zeros((len(names), 2, NOTHING, 3), np.int64)
    place_of = {name: code for code, name in enumerate(names)}
    rows = [place_of[name] for name in found["underlying"].cast(pl.String).to_list()]
    at = rows, found["is_call"].cast(pl.Int64).to_numpy(), found["bucket"].to_numpy()
    cells[at] = found.select("premium", "size", "len").to_numpy()
    gone, counts = _cancelled(held.sort("event_at").to_dicts())
    for row in gone:
        spot = place_of[row["underlying"]], int(row["is_call"]), row["bucket"]
        cells[spot] -= [row["premium"], row["size"], 1]
    return _totals(names, cells, *counts)


def pandas(view: TapeView) -> Totals:
    """Vectorised pandas, the whole session in memory; dates stay numbers."""
    parts = view.folder / SESSION.isoformat()
    table = pq.read_table(
        parts, partitioning=None, columns=[name for name in COLUMNS if name not in ("vendor_side", "source")]
    )
    table = table.set_column(table.column_names.index("expiry"), "expiry", table["expiry"].cast(pa.int32()))
    frame = table.to_pandas(self_destruct=True, split_blocks=True)
    del table
    price, bid, ask = frame["price_e4"], frame["bid_e4"], frame["ask_e4"]
    where = np.select([bid.isna() | ask.isna(), bid >= ask], [UNQUOTED, CROSSED], -1)
    steps = (
        price >= bid,
        price > bid,
        2 * price >= bid + ask,
        2 * price > bid + ask,
        price >= ask,
        price > ask,
    )
    place = sum(step.astype(np.int8) for step in steps).to_numpy()
    size, bid_size, ask_size = (frame[name].to_numpy() for name in ("size", "bid_size", "ask_size"))
    quote = np.where(place == 3, np.sign(ask_size - bid_size), np.sign(place - 3))
    fills_bid, fills_ask = size == bid_size, size == ask_size
    side = np.select([fills_bid & ~fills_ask, fills_ask & ~fills_bid], [1, -1], np.nan_to_num(quote))
    cell = ((side + 1) * 7 + place).astype(int)
    where = np.where(where < 0, np.array(LAYERED)[cell], where)
    decided = frame["condition"].cat.categories.map(_bucket).to_numpy()[frame["condition"].cat.codes]
    frame["bucket"] = np.maximum(where, decided)
    frame["premium"] = price * frame["size"] * frame["multiplier"]
    frame["cancel"] = frame["condition"].isin(CANCELS)
    keys = frame.loc[frame["cancel"], SAME].drop_duplicates()
    near = frame[frame["price_e4"].isin(keys["price_e4"]) & frame["strike_e4"].isin(keys["strike_e4"])]
    held = near.merge(keys, on=SAME)
    prints = frame[~frame["cancel"]]
    sums = prints.groupby(["underlying", "is_call", "bucket"], observed=True)
    sums = sums.agg(premium=("premium", "sum"), size=("size", "sum"), len=("size", "count")).reset_index()
    gone, counts = _cancelled(held.sort_values("event_at", kind="stable").to_dict("records"))
    names = sorted(sums["underlying"].unique())
    cells = np.zeros((len(names), 2, NOTHING, 3), np.int64)
    place_of = {name: code for code, name in enumerate(names)}
    at = (
        sums["underlying"].map(place_of).to_numpy(int),
        sums["is_call"].to_numpy(int),
        sums["bucket"].to_numpy(),
    )
    cells[at] = sums[["premium", "size", "len"]].to_numpy()
    for row in gone:
        cells[place_of[row["underlying"]], int(row["is_call"]), row["bucket"]] -= [
            row["premium"],
            row["size"],
            1,
        ]
    return _totals(names, cells, *counts)


def _cancelled(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], tuple[int, int]]:
    """The prints cancelled, and how many cancels there are, and without a print; `rows` by time."""
    standing: defaultdict[Any, deque[dict[str, Any]]] = defaultdict(deque)
    gone, unmatched, cancels = [], 0, 0
    for row in rows:
        same = standing[tuple(row[name] for name in SAME)]
        cancels += row["cancel"]
        if not row["cancel"]:
            same.append(row)
        elif same:
            gone.append(same.popleft() if row["condition"] == "E" else same.pop())
        else:
            unmatched += 1
    return gone, (cancels, unmatched)


def _totals(names: list[str], sums: Any, cancels: int, unmatched: int) -> Totals:
    digest = hashlib.sha256(" ".join(names).encode() + np.ascontiguousarray(sums, np.int64).tobytes())
    usd = int(sums[..., 0].sum()) / 1e4
    return {"digest": digest.hexdigest(), "usd": usd, "cancels": cancels, "unmatched": unmatched}


def run_engine(name: str, folder: Path) -> None:
    """Time one engine in this process and print what it found."""
    if name in ("polars", "pandas"):
        __import__(name)
    late = START + timedelta(days=1)
    view = TapeView(folder / OPTION_TRADES.name, OPTION_TRADES, late, START)
    engines: dict[str, Callable[[TapeView], Totals | None]] = {
        "decode": decode, "bellwether": bellwether, "polars": polars, "pandas": pandas,
    }  # fmt: skip
    timed(lambda: engines[name](view))


def main() -> None:
    """Make the prints, run the engines, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES, help="decode among them")
    parser.add_argument("--engine", choices=("make", *ENGINES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.engine == "make":
        return make(asked.folder, asked.rows)
    if asked.engine:
        return run_engine(asked.engine, asked.folder)
    with tempfile.TemporaryDirectory() as name:
        in_a_process(__file__, "--engine", "make", "--folder", name, "--rows", asked.rows)
        size = sum(path.stat().st_size for path in Path(name).rglob("*.parquet")) / 1e6
        print(f"{asked.rows:,} prints, {size:,.0f} MB of Parquet, one thread, {asked.repeats} rounds")
        compare(__file__, Path(name), asked.engines, asked.repeats)


if __name__ == "__main__":
    main()
