"""A session of prints becomes exact sums, and a side is claimed only where the quote gives one."""

import ast
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators._option_cancels import find_suspects
from indicators._option_tape import BUCKETS, COLUMNS, Partial, locate, reduce_tape
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
        for name in ("premium_e4", "contracts", "trades"):
            amounts = np.array(row[name]).reshape(2, len(BUCKETS))
            row[name] = {
                ("put", "call")[right] + " " + BUCKETS[bucket]: int(amounts[right, bucket])
                for right, bucket in np.argwhere(amounts)
            }
    return {row["underlying"]: row for row in rows}


def after(seconds: int, **cells: object) -> dict:
    return {"event_at": NOON + timedelta(seconds=seconds), **cells}


@pytest.mark.parametrize(
    ("price", "bid", "ask", "place"),
    [
        (10_000, 10_000, 30_000, "sell_at"),
        (30_000, 10_000, 30_000, "buy_at"),
        (15_000, 10_000, 30_000, "sell_inside"),
        (25_000, 10_000, 30_000, "buy_inside"),
        (20_000, 10_000, 30_000, "mid"),
        (9_999, 10_000, 30_000, "sell_outside"),
        (30_001, 10_000, 30_000, "buy_outside"),
        (3, 1, 4, "buy_inside"),
        (15_000, 30_000, 10_000, "locked_or_crossed"),
        (30_000, 30_000, 30_000, "locked_or_crossed"),
    ],
)
def test_a_print_is_signed_by_the_midpoint_of_its_quote_in_ten_thousandths(
    price: int, bid: int, ask: int, place: str
) -> None:
    where = locate(*(np.array([value]) for value in (price, bid, ask)))
    assert BUCKETS[where[0]] == place


def test_the_vendors_seventeen_tesla_prints_have_the_side_the_midpoint_gives(recordings: Path) -> None:
    (file,) = (recordings / "options_tape/unusual_whales_ws").glob("demo_optiontrades_*.txt")
    prints = []
    for line in file.read_text().splitlines():
        if "'price'" not in line:  # the channel's greeting
            continue
        said = ast.literal_eval(line.split("|", 2)[2])
        at = datetime.fromtimestamp(said["executed_at"] / 1000, UTC)
        sides = {"ask_side": "buy", "bid_side": "sell", "mid_side": "mid"}
        (side,) = [sides[tag] for tag in said["tags"] if tag in sides]
        money = {
            "price_e4": "price", "bid_e4": "nbbo_bid", "ask_e4": "nbbo_ask", "strike_e4": "strike"
        }  # fmt: skip
        prints.append(
            {name: round(float(said[key]) * 10_000) for name, key in money.items()}
            | {"event_at": at, "underlying": said["underlying_symbol"], "size": said["size"]}
            | {"is_call": said["option_type"] == "call", "vendor_side": side}
            | {
                "condition": "f"
                if said["trade_code"] == "mlat"
                else "a"
                if said["trade_code"] == "slan"
                else "I"
            }
        )
    row = reduced(prints[:5], prints[5:])["TSLA"]
    assert (row["vendor_compared"], row["vendor_agreed"]) == (17, 17)
    assert sum(count for bucket, count in row["trades"].items() if "complex" in bucket) == 4


def test_premium_is_price_times_contracts_times_the_contracts_own_multiplier() -> None:
    row = reduced([{"price_e4": 125_000, "size": 200}, {"price_e4": 600_000, "size": 1, "multiplier": 150}])
    assert row["ACME"]["premium_e4"] == {"call buy_outside": (250_000 + 9_000) * 10_000}
    assert row["ACME"]["contracts"] == {"call buy_outside": 201}


def test_a_print_without_both_quotes_has_no_side() -> None:
    row = reduced([{"bid_e4": None}, {"ask_e4": None, "is_call": False}, {"bid_e4": None, "ask_e4": None}])
    assert row["ACME"]["trades"] == {"call unquoted": 2, "put unquoted": 1}


@pytest.mark.parametrize(
    ("letters", "bucket"),
    [
        ([None, "", " ", *"ISabBDFH"], "buy_at"),
        ("fghijlm", "complex"),
        ("knopqrs", "complex"),
        (["J", "c", "d", "e", "v", "?", "auto"], "unsignable"),
        ("tu", "excluded"),
    ],
)
def test_the_condition_decides_before_the_quote_and_its_case_matters(
    letters: Sequence[str], bucket: str
) -> None:
    row = reduced([{"condition": letter, "price_e4": 26_000} for letter in letters])["ACME"]
    assert row["trades"] == {f"call {bucket}": len(letters)}
    assert row["cancels"] == 0


def test_a_single_leg_auction_is_a_print_and_a_cancel_is_none() -> None:
    row = reduced([{"condition": "a"}, after(1, size=7, price_e4=26_000), after(2, condition="A")])["ACME"]
    assert row["trades"] == {"call buy_at": 1}
    assert row["contracts"] == {"call buy_at": 7}
    assert (row["cancels"], row["cancels_unmatched"]) == (1, 0)


def test_a_cancel_takes_out_the_print_it_is_about_and_nothing_else() -> None:
    kept = [{}, {"size": 11}, {"exchange": "N"}, {"strike_e4": 990_000}, {"is_call": False}]
    wrong = after(1, price_e4=26_000, size=999)
    cancel = after(2, price_e4=26_000, size=999, condition="A", bid_e4=None, ask_e4=None)
    without, with_both = reduced(kept)["ACME"], reduced([*kept, wrong], [cancel])["ACME"]
    assert with_both.pop("cancels") == 1
    assert without.pop("cancels") == 0
    assert with_both == without


@pytest.mark.parametrize(
    ("letter", "left"), [("A", "sell_at"), ("C", "sell_at"), ("G", "sell_at"), ("E", "buy_at")]
)
def test_the_first_print_goes_by_e_and_the_most_recent_by_the_other_letters(letter: str, left: str) -> None:
    first = {"bid_e4": 25_000, "ask_e4": 26_000}
    second = after(1, bid_e4=24_000, ask_e4=25_000)
    row = reduced([first, second, after(2, condition=letter)])["ACME"]
    assert row["trades"] == {f"call {left}": 1}


def test_a_cancel_without_its_print_is_counted_and_takes_nothing() -> None:
    row = reduced([after(5), after(1, condition="A"), after(9, condition="C", exchange="X")])["ACME"]
    assert (row["cancels"], row["cancels_unmatched"]) == (2, 2)
    assert row["trades"] == {"call mid": 1}


def test_one_print_is_cancelled_once() -> None:
    row = reduced([{}, after(1), after(2, condition="A"), after(3, condition="A"), after(4, condition="A")])
    assert (row["ACME"]["trades"], row["ACME"]["cancels_unmatched"]) == ({}, 1)


def test_the_largest_print_is_the_largest_that_stands() -> None:
    prints = [
        {"size": 50},
        after(1, size=900),
        after(2, size=60, condition="f"),
        after(3, size=999, condition="t"),
    ]
    prints += [after(4, size=900, condition="A"), {"underlying": "BETA", "size": 1}]
    rows = reduced(prints)
    assert [(print_["size"], BUCKETS[print_["bucket"]]) for print_ in rows["ACME"]["largest"]] == [
        (60, "complex"), (50, "mid"),
    ]  # fmt: skip
    assert rows["BETA"]["largest"][0]["premium_e4"] == 2_500_000


def test_each_underlying_keeps_its_largest_print_and_the_session_its_twenty_largest() -> None:
    big = [after(i, underlying="BIG", size=100 + i) for i in range(30)]
    small = [{"underlying": f"S{i:02}", "size": 1 + i} for i in range(40)]
    rows = reduced(big[:7], small, big[7:])
    assert [print_["size"] for print_ in rows["BIG"]["largest"]] == list(range(129, 109, -1))
    assert [len(rows[f"S{i:02}"]["largest"]) for i in range(40)] == [1] * 40


def test_sums_beyond_what_a_float_can_hold_are_exact() -> None:
    odd = {"price_e4": 99_999_999, "size": 9_999_999, "multiplier": 100}
    row = reduced([odd, {"price_e4": 1, "size": 1, "multiplier": 1}, odd])["ACME"]
    assert sum(row["premium_e4"].values()) == 2 * 99_999_999 * 9_999_999 * 100 + 1


def test_a_session_without_prints_has_no_rows() -> None:
    assert reduced([]) == {}
    assert reduced() == {}


TRADES = st.lists(
    st.fixed_dictionaries(
        {
            "underlying": st.sampled_from(["ACME", "BETA", "CORE"]),
            "event_at": st.integers(0, 3).map(lambda second: NOON + timedelta(seconds=second)),
            "is_call": st.booleans(),
            "price_e4": st.sampled_from([24_000, 25_000, 26_000]),
            "size": st.integers(1, 3),
            "bid_e4": st.sampled_from([None, 24_000, 25_000]),
            "ask_e4": st.sampled_from([25_000, 26_000]),
            "condition": st.sampled_from([None, "I", "f", "J", "t", "A", "E", "C"]),
            "vendor_side": st.sampled_from([None, "buy", "sell", "mid"]),
        }
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(prints=TRADES, data=st.data())
def test_any_split_into_batches_and_partials_merged_in_any_order_gives_the_same(
    prints: list[dict], data: st.DataObject
) -> None:
    whole = [batch(prints)]
    suspects = find_suspects(lambda columns, leading: iter(whole))
    expected = reduce_tape(lambda columns, leading=False: iter(whole))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(prints)), max_size=4)))
    pieces = data.draw(st.permutations(list(zip([0, *cuts], [*cuts, len(prints)], strict=True))))
    partials = []
    for low, high in pieces:
        partials.append(Partial())
        partials[-1].add(batch(prints[low:high]), suspects)
    while len(partials) > 1:
        left, right = partials.pop(), partials.pop(data.draw(st.integers(0, len(partials) - 1)))
        partials.append(left.merge(right))
    assert partials[0].table().equals(expected)
