"""The best quote of a real day: IBM, 2013-10-07, from recorded ticks."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pyarrow as pa
import pytest

from indicators._asof import quoted
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, Tape, TapeStore

DAY = date(2013, 10, 7)
MIDNIGHT = datetime(2013, 10, 7, 4, 0, tzinfo=UTC)  # in New York
QUOTE = ["ms", "bid", "bid_size", "ask", "ask_size", "exchange", "condition", "suspicious"]
TRADE = ["ms", "price", "size", "exchange", "condition", "suspicious"]


@pytest.fixture(scope="module")
def quotes(recordings: Path) -> pd.DataFrame:
    """The lines of the quotes: each one side (the other is 0) of one exchange."""
    return lines(recordings, "quote", QUOTE)


def lines(recordings: Path, kind: str, columns: list[str]) -> pd.DataFrame:
    path = recordings / f"equity_ticks/lean_raw/ibm_20131007_{kind}.zip"
    with ZipFile(path) as whole, whole.open(whole.namelist()[0]) as member:
        return pd.read_csv(member, names=columns, dtype={"exchange": str, "condition": str})


def load(tapes: TapeStore, kind: Tape, milliseconds: "pd.Series[int]", cells: dict) -> None:
    at = (MIDNIGHT + pd.to_timedelta(milliseconds, unit="ms")).astype("datetime64[us, UTC]")
    cells |= {"event_at": at, "known_at": at, "symbol": "IBM", "source": "test"}
    schema = pa.schema([column for column in kind.schema if column.name in cells])
    assert tapes.append(kind, pa.Table.from_pandas(pd.DataFrame(cells), schema, preserve_index=False))


def day(recordings: Path, tapes: TapeStore, quotes: pd.DataFrame, by_exchange: bool) -> pd.DataFrame:
    """The day's prints with the best quote before each; quotes carried on by exchange, or all as one."""
    exchange = quotes["exchange"] if by_exchange else None
    whose = quotes["exchange"] if by_exchange else pd.Series("", quotes.index)
    cells = {"exchange": exchange}
    for side in ("bid", "ask"):
        for column, name in ((side, f"{side}_e4"), (f"{side}_size", f"{side}_size")):
            cells[name] = quotes[column].where(quotes[side] > 0).groupby(whose).ffill().astype("Int64")
    load(tapes, EQUITY_QUOTES, quotes["ms"], cells)
    trades = lines(recordings, "trade", TRADE)
    load(tapes, EQUITY_TRADES, trades["ms"], {"price_e4": trades["price"], "size": trades["size"]})
    views = [
        tapes.view(kind, MIDNIGHT + timedelta(days=2), MIDNIGHT) for kind in (EQUITY_TRADES, EQUITY_QUOTES)
    ]
    found = quoted(*views, DAY, ["event_at", "price_e4", "bid_e4", "ask_e4"])
    return pa.Table.from_batches(found).to_pandas()


def test_at_ten_prints_it_is_the_best_that_a_loop_over_the_lines_finds(
    recordings: Path, tapes: TapeStore, quotes: pd.DataFrame
) -> None:
    prints = day(recordings, tapes, quotes, by_exchange=True)
    chosen = prints.iloc[len(prints) // 20 :: len(prints) // 10]
    assert (len(prints), len(chosen)) == (24_293, 10)
    for print_ in chosen.itertuples():
        bids, asks = {}, {}
        for row in quotes.itertuples():
            if MIDNIGHT + timedelta(milliseconds=row.ms) >= print_.event_at:
                break
            if row.bid:
                bids[row.exchange] = row.bid
            if row.ask:
                asks[row.exchange] = row.ask
        assert len(bids) > 1
        assert (print_.bid_e4, print_.ask_e4) == (max(bids.values()), min(asks.values()))


def test_taken_as_the_best_of_all_the_recorded_quotes_hold_the_prints(
    recordings: Path, tapes: TapeStore, quotes: pd.DataFrame
) -> None:
    # a line names the exchange that sets the best bid or ask: they are the best already, and carried on
    # by exchange they would cross each other nearly always
    prints = day(recordings, tapes, quotes, by_exchange=False)
    clock = prints["event_at"].dt.tz_convert("America/New_York").dt.strftime("%H:%M")
    prints = prints[(clock >= "09:30") & (clock < "16:00")]
    bid, price, ask = prints["bid_e4"], prints["price_e4"], prints["ask_e4"]
    assert len(prints) == 24_106
    assert (bid < ask).mean() > 0.98
    assert ((bid <= price) & (price <= ask)).mean() == pytest.approx(0.964, abs=0.0005)
    assert (price == bid).mean() == pytest.approx(0.337, abs=0.0005)
    assert (price == ask).mean() == pytest.approx(0.338, abs=0.0005)
