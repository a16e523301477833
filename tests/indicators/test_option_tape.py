"""A session of prints becomes exact sums, and a side is claimed only where the quote gives one."""

import ast
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from option_prints import NOON, after, batch, reduced

from indicators._option_cancels import find_suspects
from indicators._option_orders import MULTI_LEG
from indicators._option_sides import NAMES, layer, locate
from indicators._option_tape import Partial, reduce_tape


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
    assert NAMES[where[0]] == place


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
    assert with_both.pop("newest") == without.pop("newest") + 2_000_000  # the cancel itself
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
    assert [(order["size"], order["side"]) for order in rows["ACME"]["largest"]] == [(60, MULTI_LEG), (50, 0)]
    assert rows["BETA"]["largest"][0]["premium_e4"] == 2_500_000


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


def same(left: pa.Table, right: pa.Table) -> bool:
    """Whether two reductions are the same, sums of squares up to the order they were added in."""
    floats = ["squares", "small_squares"]
    flat = [
        np.concatenate([table[name].combine_chunks().flatten().to_numpy() for name in floats])
        for table in (left, right)
    ]
    return left.drop_columns(floats).equals(right.drop_columns(floats)) and np.allclose(*flat, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(prints=TRADES, cuts=st.lists(st.integers(0, 40), max_size=4))
def test_any_split_into_batches_gives_the_same(prints: list[dict], cuts: list[int]) -> None:
    prints = sorted(prints, key=lambda print_: print_["event_at"])
    whole = reduce_tape(lambda columns, leading=False: iter([batch(prints)]))
    bounds = sorted({0, len(prints), *(cut for cut in cuts if cut < len(prints))})
    pieces = [batch(prints[low:high]) for low, high in pairwise(bounds)]
    assert same(reduce_tape(lambda columns, leading=False: iter(pieces)), whole)


@settings(max_examples=40, deadline=None)
@given(prints=TRADES, data=st.data())
def test_shards_by_underlying_merged_in_any_order_give_the_same(
    prints: list[dict], data: st.DataObject
) -> None:
    prints = sorted(prints, key=lambda print_: print_["event_at"])
    whole = batch(prints)
    suspects = find_suspects(lambda columns, leading: iter([whole]))
    names = data.draw(st.permutations(["ACME", "BETA", "CORE"]))
    partials = []
    for name in names:
        partials.append(Partial())
        shard = [print_ for print_ in prints if print_["underlying"] == name]
        partials[-1].add(batch(shard), suspects)
    while len(partials) > 1:
        left, right = partials.pop(), partials.pop(data.draw(st.integers(0, len(partials) - 1)))
        partials.append(left.merge(right))
    assert same(partials[0].table(), reduce_tape(lambda columns, leading=False: iter([whole])))


@pytest.mark.parametrize(
    ("price", "size", "bid_size", "ask_size", "bucket"),
    [
        # published examples of the size rule: as large as the ask is sold, as large as the bid is bought
        (15_000, 1, 3, 1, "layered_sell_inside"),
        (15_000, 3, 3, 1, "layered_buy_inside"),
        (25_000, 1, 1, 1, "layered_buy_inside"),  # both: the midpoint decides
        (25_000, 9, 3, 1, "layered_buy_inside"),
        # at the midpoint the larger side of the quote was the one that waited
        (20_000, 9, 1, 2, "layered_buy_mid"),
        (20_000, 9, 2, 1, "layered_sell_mid"),
        (20_000, 9, 2, 2, "layered_mid"),
        (30_000, 9, 2, 2, "layered_buy_at"),
        (9_000, 9, 2, 2, "layered_sell_outside"),
    ],
)
def test_sizes_come_before_the_midpoint_and_depth_decides_at_it(
    price: int, size: int, bid_size: int, ask_size: int, bucket: str
) -> None:
    place = locate(np.array([price]), np.array([10_000]), np.array([30_000]))
    assert NAMES[layer(place, *(np.array([n]) for n in (size, bid_size, ask_size)))[0]] == bucket


def test_a_crossed_quote_has_no_depth_to_decide_by() -> None:
    crossed = {"bid_e4": 40_000, "ask_e4": 20_000, "price_e4": 30_000, "bid_size": 1, "ask_size": 2}
    assert reduced([crossed])["ACME"]["trades"] == {"call locked_or_crossed": 1}


def test_sizes_of_which_one_is_missing_or_nothing_decide_nothing() -> None:
    sizes = [{"bid_size": 3}, {"ask_size": 3}, {"bid_size": 0, "ask_size": 3}, {"bid_size": 2, "ask_size": 3}]
    row = reduced([size | {"price_e4": 25_500, "size": 2} for size in sizes])["ACME"]
    assert row["trades"] == {"call buy_inside": 3, "call layered_buy_inside": 1}


def test_contracts_of_more_than_a_year_are_summed_apart_too() -> None:
    row = reduced([{"expiry": date(2025, 3, 4)}, {"expiry": date(2025, 3, 5), "size": 3}])["ACME"]
    assert row["premium_e4"] == {"call mid": 13 * 2_500_000}
    assert row["long_e4"] == {"call mid": 3 * 2_500_000}
