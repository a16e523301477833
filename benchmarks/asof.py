"""How fast prints find their quotes where the two come apart: the shipped join, and Polars' join_asof.

    python benchmarks/asof.py [--trades 5_000_000] [--quotes 50_000_000] [--repeats 5]

Makes a synthetic session of equity prints without quotes and of best quotes in the tape's own Parquet,
then runs the engines in turn, each in a process of its own and on one thread, and prints medians of
seconds and of peak memory (max RSS, the interpreter and the libraries included). All engines must agree
on how many prints found a quote, on the sums of bids and asks, and on the prints beside the midpoint.
"""

import argparse
import sys
import tempfile
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

from indicators._asof import quoted  # noqa: E402
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, Tape, TapeView, layout  # noqa: E402

SESSION = date(2024, 3, 4)
START = datetime(2024, 3, 4, 14, 30, tzinfo=UTC)
SYMBOLS = 3_000
CHUNK = 1_048_576
NAMES = pa.array([f"T{code:04}" for code in range(SYMBOLS)])
PRINT = ["price_e4", "bid_e4", "ask_e4"]
ENGINES = ("decode", "bellwether", "with_ticks", "polars")


def make(folder: Path, trades: int, quotes: int) -> None:
    """Write a session: Zipf over 3,000 symbols, whole milliseconds, so that many moments are equal."""
    dice = np.random.default_rng(20240304)
    for tape, rows in ((EQUITY_TRADES, trades), (EQUITY_QUOTES, quotes)):
        parts = folder / tape.name / SESSION.isoformat()
        parts.mkdir(parents=True)
        with pq.ParquetWriter(parts / "rows.parquet", tape.schema, **layout(tape)) as writer:
            for first in range(0, rows, CHUNK):
                writer.write_table(_chunk(dice, tape, first, min(CHUNK, rows - first), rows))


def _chunk(dice: np.random.Generator, tape: Tape, first: int, n: int, rows: int) -> pa.Table:
    weight = 1 / np.arange(1, SYMBOLS + 1) ** 1.1
    code = np.searchsorted(np.cumsum(weight) / weight.sum(), dice.random(n)).clip(max=SYMBOLS - 1)
    share = (first + np.arange(n)) / rows  # of the session that is over
    at = int(START.timestamp()) * 1_000_000 + (share * 23_400_000).astype(np.int64) * 1_000
    base = (20 + code * 7919 % 880) * 10_000
    middle = base + (np.sin(share * 40 + code) * 100 + dice.integers(-2, 3, n)).astype(np.int64) * 100
    half = dice.integers(1, 4, n) * 100
    cells = {"event_at": at, "known_at": at, "row_id": dice.integers(0, 2**63, n)}
    if tape is EQUITY_QUOTES:
        cells |= {"bid_e4": middle - half, "ask_e4": middle + half}
        cells |= {name: dice.integers(1, 50, n) * 100 for name in ("bid_size", "ask_size")}
    else:
        cells |= {
            "price_e4": middle + dice.integers(-3, 4, n) * 50,
            "size": np.minimum(5_000, dice.zipf(1.6, n)),
        }
    names = {"symbol": (code, NAMES), "source": (np.zeros(n), pa.array(["synthetic"]))}
    columns = []
    for column in tape.schema:
        if column.name in names:
            places, words = names[column.name]
            columns.append(pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), words))
        elif column.name in cells:
            columns.append(pa.array(cells[column.name]).cast(column.type))
        else:
            columns.append(pa.nulls(n, column.type))
    return pa.table(columns, schema=tape.schema)


Totals = dict[str, int]


def decode(trades: TapeView, quotes: TapeView) -> None:
    """The floor: every needed column decoded once, nothing done with it."""
    for view, columns in ((trades, PRINT[:1]), (quotes, PRINT[1:])):
        for _ in view.batches(SESSION, ["event_at", "symbol", *columns]):
            pass


def bellwether(trades: TapeView, quotes: TapeView, tick: bool = False) -> Totals:
    """The join as it is shipped."""
    total = np.zeros(6, np.int64)
    for batch in quoted(trades, quotes, SESSION, PRINT, tick=tick):
        price, bid, ask = (batch[name] for name in PRINT)
        twice, middle = pc.multiply(price, 2), pc.add(bid, ask)
        beside = [pc.sum(test(twice, middle)).as_py() for test in (pc.greater, pc.less)]
        sums = [pc.sum(side).as_py() for side in (bid, ask)]
        total += np.array(
            [len(batch), len(batch) - bid.null_count, *(amount or 0 for amount in (*sums, *beside))]
        )
    return dict(zip(("prints", "matched", "bid_e4", "ask_e4", "above", "below"), total.tolist(), strict=True))


def with_ticks(trades: TapeView, quotes: TapeView) -> Totals:
    """The same, each print with its tick."""
    return bellwether(trades, quotes, tick=True)


def polars(trades: TapeView, quotes: TapeView) -> Totals:
    """Polars at its fastest: in memory (its streaming engine took three times as long and no less memory),
    by the symbols' numbers, and told that both sides are sorted.
    """
    import polars as pl

    left, right = (
        pl.scan_parquet(view.folder / SESSION.isoformat() / "*.parquet")
        .select("event_at", pl.col("symbol").to_physical(), *columns)
        .set_sorted("event_at")
        for view, columns in ((trades, PRINT[:1]), (quotes, PRINT[1:]))
    )
    found = left.join_asof(
        right,
        on="event_at",
        by="symbol",
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    price, bid, ask = (pl.col(name) for name in PRINT)
    return dict(
        found.select(
            prints=pl.len(),
            matched=bid.count(),
            bid_e4=bid.sum(),
            ask_e4=ask.sum(),
            above=(2 * price > bid + ask).sum(),
            below=(2 * price < bid + ask).sum(),
        )
        .collect(engine="in-memory")
        .to_dicts()[0]
    )


def run_engine(name: str, folder: Path) -> None:
    """Time one engine in this process and print what it found."""
    if name == "polars":
        __import__(name)
    late = START + timedelta(days=1)
    views = [TapeView(folder / tape.name, tape, late, START) for tape in (EQUITY_TRADES, EQUITY_QUOTES)]
    engines: dict[str, Callable[..., Any]] = {
        "decode": decode, "bellwether": bellwether, "with_ticks": with_ticks, "polars": polars,
    }  # fmt: skip
    timed(lambda: engines[name](*views))


def main() -> None:
    """Make the session, run the engines, print the table and the ratios that matter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trades", type=int, default=5_000_000)
    parser.add_argument("--quotes", type=int, default=50_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--engine", choices=("make", *ENGINES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.engine == "make":
        return make(asked.folder, asked.trades, asked.quotes)
    if asked.engine:
        return run_engine(asked.engine, asked.folder)
    with tempfile.TemporaryDirectory() as name:
        sizes = ("--trades", asked.trades, "--quotes", asked.quotes)
        in_a_process(__file__, "--engine", "make", "--folder", name, *sizes)
        size = sum(path.stat().st_size for path in Path(name).rglob("*.parquet")) / 1e6
        print(
            f"{asked.trades:,} prints, {asked.quotes:,} quotes, {size:,.0f} MB of Parquet, one thread, ",
            end="",
        )
        print(f"{asked.repeats} rounds")
        medians = compare(__file__, Path(name), ENGINES, asked.repeats)
    (ours, our_peak), (ticked, _), (theirs, their_peak) = (medians[name] for name in ENGINES[1:])
    print(
        f"time against Polars {ours / theirs:.2f}, memory against Polars {our_peak / their_peak:.2f}, ",
        end="",
    )
    print(f"ticks on top {ticked / ours - 1:+.2f}")


if __name__ == "__main__":
    main()
