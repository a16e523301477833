"""A print gets the best quote strictly before it, and nothing that could not be known."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators._asof import _grouped, quoted
from indicators._asof_subjects import Contracts, Names
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, OPTION_QUOTES, OPTION_TRADES, Tape, TapeStore

OPEN = datetime(2024, 3, 4, 14, 30, tzinfo=UTC)
DAY = date(2024, 3, 4)
LATE = OPEN + timedelta(days=1)


def at(microseconds: int) -> datetime:
    return OPEN + timedelta(microseconds=microseconds)


def write(tapes: TapeStore, tape: Tape, rows: Sequence[dict], common: dict) -> None:
    """One part; `at` and `known` are microseconds after the open."""
    full = []
    for row in rows:
        cells = common | row
        moment = cells.pop("at")
        known = cells.pop("known", moment)
        full.append(cells | {"event_at": at(moment), "known_at": at(known), "source": "test"})
    fields = [column for column in tape.schema if column.name != "row_id"]
    tapes.append(tape, pa.Table.from_pylist(full, schema=pa.schema(fields)))


def prints(tapes: TapeStore, *rows: dict) -> None:
    write(tapes, EQUITY_TRADES, rows, {"symbol": "ACME", "price_e4": 100_000, "size": 100})


def quotes(tapes: TapeStore, *rows: dict) -> None:
    write(tapes, EQUITY_QUOTES, rows, {"symbol": "ACME"})


def quote(moment: int, bid: int | None, ask: int | None, **cells: object) -> dict:
    return {"at": moment, "bid_e4": bid, "ask_e4": ask, **cells}


def joined(
    tapes: TapeStore,
    *columns: str,
    tapes_of: tuple[Tape, Tape] = (EQUITY_TRADES, EQUITY_QUOTES),
    as_of: datetime = LATE,
    tick: bool = False,
) -> list[tuple]:
    views = [tapes.view(tape, as_of, OPEN - timedelta(days=1)) for tape in tapes_of]
    batches = list(quoted(views[0], views[1], DAY, columns, tick=tick))
    for batch in batches:
        assert batch.schema.names == [*columns, *(["tick"] if tick else [])]
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def sides(tapes: TapeStore, **how: object) -> list[tuple]:
    return joined(tapes, "bid_e4", "ask_e4", **how)


def test_a_print_gets_the_last_quote_strictly_before_it(tapes: TapeStore) -> None:
    quotes(tapes, quote(10, 9, 11), quote(20, 8, 12), quote(20, 7, 13), quote(30, 6, 14))
    prints(tapes, *({"at": moment} for moment in (10, 11, 20, 21, 30, 31, 99)))
    none, first, last, end = (None, None), (9, 11), (7, 13), (6, 14)
    assert sides(tapes) == [none, first, first, last, last, end, end]


def test_quotes_are_of_the_prints_own_symbol(tapes: TapeStore) -> None:
    quotes(tapes, quote(10, 9, 11), quote(15, 1, 2, symbol="BETA"))
    prints(tapes, {"at": 20}, {"at": 21, "symbol": "BETA"}, {"at": 22, "symbol": "CORE"})
    assert sides(tapes) == [(9, 11), (1, 2), (None, None)]


def test_a_print_that_came_with_a_quote_keeps_it_whole(tapes: TapeStore) -> None:
    quotes(tapes, quote(10, 9, 11))
    prints(
        tapes,
        {"at": 20, "bid_e4": 5, "ask_e4": 6},
        {"at": 21, "bid_e4": 5},
        {"at": 22, "ask_e4": 6},
        {"at": 23},
    )
    assert sides(tapes) == [(5, 6), (5, None), (None, 6), (9, 11)]


def test_a_side_nobody_quotes_is_missing(tapes: TapeStore) -> None:
    quotes(tapes, quote(10, 9, None), quote(20, 9, 11), quote(30, None, 11), quote(40, None, None))
    prints(tapes, *({"at": moment} for moment in (15, 25, 35, 45)))
    assert sides(tapes) == [(9, None), (9, 11), (None, 11), (None, None)]


def test_the_best_of_all_exchanges_is_the_highest_bid_and_the_lowest_ask(tapes: TapeStore) -> None:
    quotes(
        tapes,
        quote(10, 8, 12, exchange="Q"),
        quote(20, 9, 13, exchange="P"),  # the best bid here, the best ask still on Q
        quote(30, 7, 11, exchange="Q"),
        quote(40, None, 13, exchange="P"),  # its bid withdrawn: the best is Q's again
        quote(50, 8, 12, exchange="Q"),
        quote(50, 6, None, exchange="Q"),
    )
    prints(tapes, *({"at": moment} for moment in (15, 25, 35, 45, 55)))
    assert sides(tapes) == [(8, 12), (9, 12), (9, 11), (7, 11), (6, 13)]


def options(tapes: TapeStore, *rows: dict) -> None:
    common = {"underlying": "SPY", "expiry": date(2025, 10, 3), "strike_e4": 5_710_000, "is_call": False}
    write(tapes, OPTION_TRADES, rows, common | {"price_e4": 100, "size": 1, "multiplier": 100})


def option_quotes(tapes: TapeStore, *rows: dict) -> None:
    write(tapes, OPTION_QUOTES, rows, {"symbol": "SPY251003P00571000"})


OPTIONS = (OPTION_TRADES, OPTION_QUOTES)


def test_sizes_are_summed_over_the_exchanges_at_the_best_price(tapes: TapeStore) -> None:
    option_quotes(
        tapes,
        quote(10, 8, 12, exchange="Q", bid_size=1, ask_size=10),
        quote(20, 8, 11, exchange="P", bid_size=2, ask_size=20),
        quote(30, 7, 11, exchange="Z", bid_size=4),
        quote(40, 8, None, exchange="Q"),
        quote(50, None, None, exchange="P"),
        quote(60, None, 11, exchange="Z"),
        quote(60, None, None, exchange="Q", bid_size=9),
    )
    options(tapes, *({"at": moment} for moment in (15, 25, 35, 45, 55, 65)))
    names = ("bid_e4", "bid_size", "ask_e4", "ask_size")
    assert joined(tapes, *names, tapes_of=OPTIONS) == [
        (8, 1, 12, 10), (8, 3, 11, 20), (8, 3, 11, 20), (8, 2, 11, 20), (8, None, 11, None),
        (None, None, 11, None),
    ]  # fmt: skip


def test_a_prints_own_sizes_stay_with_its_own_quote(tapes: TapeStore) -> None:
    option_quotes(tapes, quote(10, 8, 12, bid_size=1, ask_size=10))
    options(tapes, {"at": 20, "bid_e4": 5, "ask_e4": 6, "bid_size": 0}, {"at": 21})
    names = ("bid_e4", "bid_size", "ask_size")
    assert joined(tapes, *names, tapes_of=OPTIONS) == [(5, 0, None), (8, 1, 10)]


@pytest.mark.parametrize("symbol", ["SPY251003P00571000", "SPY   251003P00571000"])
def test_an_option_print_finds_its_contract_by_the_opra_symbol(tapes: TapeStore, symbol: str) -> None:
    option_quotes(tapes, quote(10, 8, 12, symbol=symbol))
    other = [
        {"underlying": "SPYX"}, {"expiry": date(2025, 10, 4)}, {"strike_e4": 5_710_001},
        {"strike_e4": 57_100_000}, {"is_call": True},
    ]  # fmt: skip
    options(tapes, {"at": 20}, *(cells | {"at": 21 + i} for i, cells in enumerate(other)))
    assert sides(tapes, tapes_of=OPTIONS) == [(8, 12)] + 5 * [(None, None)]


def test_what_is_no_opra_symbol_matches_nothing() -> None:
    good = ["A240229C00000500", "SPXW  991231P99999999", "BRKB250117C00450000", "SPY1251003C00571000"]
    bad = [
        "", "SPY", "SPY250229C00571000", "SPY251332C00571000", "SPY251003X00571000", "251003P00571000",
        "SPY251003P0057100", "SPY251003P005710000", "SPY-251003P00571000", "spy251003P00571000",
        "SPY251003P00571000 ", "SPY251000P00571000", "SPY250001P00571000", "TOOLONG251003P00571000",
    ]  # fmt: skip
    symbols = pa.array([*good, *bad, good[0]]).dictionary_encode()
    codes = Contracts().of_quotes(pa.record_batch([symbols], names=["symbol"])).tolist()
    assert sorted(codes[: len(good)]) == [1, 2, 3, 4]
    assert codes[len(good) :] == [0] * len(bad) + codes[:1]


def test_a_strike_beyond_opra_is_nobodys(tapes: TapeStore) -> None:
    option_quotes(tapes, quote(10, 8, 12), quote(11, 7, 13, symbol="SPY251003P99999999"))
    # packed into too few bits this strike would be one day more
    beyond = {"strike_e4": 5_710_000 + 2**30, "expiry": date(2025, 10, 2)}
    options(tapes, {"at": 20, "strike_e4": 999_999_990}, beyond | {"at": 21})
    assert sides(tapes, tapes_of=OPTIONS) == [(7, 13), (None, None)]


def test_a_cancel_passes_in_order_of_time(tapes: TapeStore) -> None:
    option_quotes(tapes, quote(10, 8, 12))
    options(tapes, {"at": 20}, {"at": 40, "condition": "I"}, {"at": 30, "condition": "A"})
    rows = joined(tapes, "condition", "bid_e4", tapes_of=OPTIONS)
    assert [condition for condition, _ in rows] == [None, "A", "I"]
    assert rows[0][1] == rows[2][1] == 8


def test_a_quote_known_later_is_not_used(tapes: TapeStore) -> None:
    quotes(tapes, quote(10, 9, 11), quote(20, 8, 12, known=1_000))
    prints(tapes, {"at": 30})
    assert sides(tapes, as_of=at(999)) == [(9, 11)]
    assert sides(tapes, as_of=at(1_000)) == [(8, 12)]


def test_quotes_of_another_session_are_not_carried_over(tapes: TapeStore) -> None:
    quotes(tapes, quote(-86_400_000_000, 9, 11), quote(50, 8, 12))
    prints(tapes, {"at": 30})
    assert sides(tapes) == [(None, None)]


def test_a_session_without_quotes_streams_its_prints(tapes: TapeStore) -> None:
    prints(tapes, {"at": 30, "bid_e4": 1, "ask_e4": 2}, {"at": 20})
    assert sides(tapes) == [(None, None), (1, 2)]
    assert joined(tapes, "size", tick=True) == [(100, 0), (100, 0)]


def test_quotes_that_nobody_knows_yet_are_none(tapes: TapeStore) -> None:
    quotes(tapes, quote(10, 9, 11, known=1_000))
    prints(tapes, {"at": 30})
    assert sides(tapes, as_of=at(500)) == [(None, None)]


def test_the_tick_is_against_the_last_different_price_of_the_same_symbol(tapes: TapeStore) -> None:
    prices = [10, 10, 11, 11, 10, 10, 12, 12]
    prints(tapes, *({"at": 10 * i, "price_e4": price} for i, price in enumerate(prices)))
    prints(tapes, *({"at": 10 * i + 5, "symbol": "BETA", "price_e4": 50 - i} for i in range(3)))
    rows = joined(tapes, "symbol", tick=True)
    assert [tick for symbol, tick in rows if symbol == "ACME"] == [0, 0, 1, 1, -1, -1, 1, 1]
    assert [tick for symbol, tick in rows if symbol == "BETA"] == [0, -1, -1]


def test_a_cancel_has_no_tick_and_moves_none(tapes: TapeStore) -> None:
    cancel = {"at": 15, "price_e4": 90, "condition": "A"}
    options(tapes, {"at": 10}, cancel, {"at": 20}, {"at": 30, "price_e4": 101}, {"at": 40, "price_e4": 101})
    options(tapes, {"at": 35, "price_e4": 50, "is_call": True})
    rows = joined(tapes, "is_call", tapes_of=OPTIONS, tick=True)
    assert rows == [(False, 0), (False, 0), (False, 0), (False, 1), (True, 0), (False, 1)]


@pytest.mark.parametrize("most", [1, 4_000, 5_000, 70_000, 2**20])
def test_grouping_is_a_stable_sort(most: int) -> None:
    groups = np.random.default_rng(most).integers(0, most, 3_000).astype(np.int32)
    groups[7] = most
    assert _grouped(groups).tolist() == np.argsort(groups, kind="stable").tolist()


def test_a_name_is_asked_for_once_in_a_dictionary_and_only_if_a_row_has_it() -> None:
    asked = []

    def number(names: Sequence[str | None]) -> list[int]:
        asked.append(names)
        return [len(name or "") for name in names]

    names = Names(number)
    whole = pa.array(["A", "BB", None, "CCC", "BB", "DDDD"]).dictionary_encode()
    assert names.of(whole.slice(0, 2)).tolist() == [1, 2]
    assert names.of(whole.slice(1, 4)).tolist() == [2, 0, 3, 2]
    assert names.of(pa.array(["DDDD"]).dictionary_encode()).tolist() == [4]
    assert [sorted(names, key=str) for names in asked] == [["A", "BB"], ["CCC", None], ["DDDD"]]


# --- against slower and simpler ways to say the same -------------------------------------------------

PRINT = st.fixed_dictionaries(
    {
        "at": st.integers(0, 40),
        "symbol": st.sampled_from(["ACME", "BETA", "CORE"]),
        "price_e4": st.integers(9, 12),
    },
    optional={"known": st.integers(0, 60), "bid_e4": st.just(5), "ask_e4": st.sampled_from([None, 6])},
)
QUOTE = st.fixed_dictionaries(
    {
        "at": st.integers(0, 40),
        "symbol": st.sampled_from(["ACME", "BETA", "DELT"]),
        "exchange": st.sampled_from([None, "P", "Q"]),
        "bid_e4": st.sampled_from([None, 7, 8, 9]),
        "ask_e4": st.sampled_from([None, 10, 11, 12]),
    },
    optional={"known": st.integers(0, 60)},
)


def rows(kind: st.SearchStrategy, size: str, **how: object) -> st.SearchStrategy:
    """Rows of which no two are alike (`size` numbers them), none known before it happened."""
    return st.lists(kind, max_size=40, **how).map(
        lambda rows: [
            row | {"known": max(row["at"], row.get("known", 0)), size: i + 1} for i, row in enumerate(rows)
        ]
    )


def naive(prints: Sequence[dict], quotes: Sequence[dict], by: int = 60) -> dict[int, tuple]:
    """The bid, ask and tick of each print known by then, by its size; quotes of a moment in their order."""
    found, last, tick = {}, {}, defaultdict(int)
    for print_ in sorted(prints, key=lambda row: row["at"]):
        if print_["known"] > by:
            continue
        symbol, price = print_["symbol"], print_["price_e4"]
        standing = {}
        for row in sorted(quotes, key=lambda row: row["at"]):
            if row["symbol"] == symbol and row["at"] < print_["at"] and row["known"] <= by:
                standing[row["exchange"]] = row
        bids = [row["bid_e4"] for row in standing.values() if row["bid_e4"] is not None]
        asks = [row["ask_e4"] for row in standing.values() if row["ask_e4"] is not None]
        own = print_.get("bid_e4"), print_.get("ask_e4")
        best = (max(bids, default=None), min(asks, default=None)) if own == (None, None) else own
        if price != last.get(symbol, price):
            tick[symbol] = 1 if price > last[symbol] else -1
        last[symbol] = price
        found[print_["size"]] = (*best, tick[symbol])
    return found


@pytest.fixture(params=[4096, 0])
def tiny(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of three rows, grouped by either kind of sort."""
    monkeypatch.setattr("storage.tape_view.BATCH_ROWS", 3)
    monkeypatch.setattr("indicators._asof._FEW", request.param)


def loaded(parts: Sequence[tuple[Tape, Sequence[dict]]], by: int = 60) -> dict[int, tuple]:
    """What `quoted` finds by `by` in a new store with these parts, by the prints' size."""
    with TemporaryDirectory() as folder:
        tapes = TapeStore(Path(folder))
        for tape, rows in parts:
            if rows:
                (prints if tape is EQUITY_TRADES else quotes)(tapes, *rows)
        found = joined(tapes, "size", "event_at", "bid_e4", "ask_e4", as_of=at(by), tick=True)
    assert [row[1] for row in found] == sorted(row[1] for row in found)
    return {row[0]: row[2:] for row in found}


@pytest.mark.usefixtures("tiny")
@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prints=rows(PRINT, "size"), quotes=rows(QUOTE, "bid_size"))
def test_it_finds_what_a_loop_over_all_quotes_finds(prints: list[dict], quotes: list[dict]) -> None:
    assert loaded([(EQUITY_QUOTES, quotes), (EQUITY_TRADES, prints)]) == naive(prints, quotes)


@pytest.mark.usefixtures("tiny")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prints=rows(PRINT, "size", unique_by=lambda row: (row["symbol"], row["at"])),
    quotes=rows(QUOTE, "bid_size", unique_by=lambda row: (row["symbol"], row["exchange"], row["at"])),
    data=st.data(),
)
def test_parts_loaded_in_any_order_give_the_same(
    prints: list[dict], quotes: list[dict], data: st.DataObject
) -> None:
    parts = [
        (tape, [row for i, row in enumerate(rows) if i % 3 == share])
        for tape, rows in ((EQUITY_TRADES, prints), (EQUITY_QUOTES, quotes))
        for share in range(3)
    ]
    assert loaded(data.draw(st.permutations(parts))) == naive(prints, quotes)


@pytest.mark.usefixtures("tiny")
@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prints=rows(PRINT, "size"), quotes=rows(QUOTE, "bid_size"), by=st.integers(0, 60))
def test_what_becomes_known_later_changes_nothing(prints: list[dict], quotes: list[dict], by: int) -> None:
    everything = [(EQUITY_QUOTES, quotes), (EQUITY_TRADES, prints)]
    known = [(tape, [row for row in rows if row["known"] <= by]) for tape, rows in everything]
    assert loaded(everything, by) == loaded(known, by) == naive(prints, quotes, by)


@settings(max_examples=50, deadline=None)
@given(
    prints=rows(PRINT, "size", min_size=1),
    quotes=rows(QUOTE, "bid_size", min_size=1),
)
def test_with_one_exchange_it_finds_what_pandas_finds(prints: list[dict], quotes: list[dict]) -> None:
    prints = [{name: row[name] for name in ("at", "known", "symbol", "price_e4", "size")} for row in prints]
    quotes = [row | {"exchange": None} for row in quotes]
    left, right = (pd.DataFrame(rows).sort_values("at", kind="stable") for rows in (prints, quotes))
    right = right[["at", "symbol", "bid_e4", "ask_e4"]]
    frame = pd.merge_asof(left, right, on="at", by="symbol", allow_exact_matches=False)
    expected = {
        row.size: tuple(None if pd.isna(side) else side for side in (row.bid_e4, row.ask_e4))
        for row in frame.itertuples()
    }
    found = loaded([(EQUITY_QUOTES, quotes), (EQUITY_TRADES, prints)])
    assert {size: row[:2] for size, row in found.items()} == expected
