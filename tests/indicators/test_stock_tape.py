"""A session of stock prints becomes exact sums, and a side is claimed only where the quote gives one."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stock_prints import MONDAY, NOON, after, batch, reduced

from indicators._stock_conditions import BUCKETS
from indicators._stock_tape import Partial, is_retail, reduce_stocks, retail_zone, side_by_quote

MILLION = 10_000_000_000  # in ten-thousandths


def only(prints: Sequence[dict], amounts: str = "trades") -> dict[str, int]:
    return reduced(prints)["ACME"][amounts]


@pytest.mark.parametrize(
    ("price", "bid", "ask", "bucket"),
    [
        (30_000, 10_000, 30_000, "buy"),
        (10_000, 10_000, 30_000, "sell"),
        (20_000, 10_000, 30_000, "midpoint"),
        # a tenth of the spread is 2,000 either way, itself no longer at the midpoint
        (21_999, 10_000, 30_000, "midpoint"),
        (22_000, 10_000, 30_000, "buy"),
        (18_001, 10_000, 30_000, "midpoint"),
        (18_000, 10_000, 30_000, "sell"),
        (30_001, 10_000, 30_000, "buy"),
        (33_000, 10_000, 30_000, "buy"),
        (33_001, 10_000, 30_000, "outside"),
        (9_000, 10_000, 30_000, "sell"),
        (8_999, 10_000, 30_000, "outside"),
        (20_000, 20_000, 20_000, "locked_or_crossed"),
        (20_000, 30_000, 10_000, "locked_or_crossed"),
        (20_000, 0, 30_000, "unquoted"),
        (20_000, 10_000, 0, "unquoted"),
    ],
)
def test_a_print_is_signed_by_the_midpoint_of_a_fair_quote_or_not_at_all(
    price: int, bid: int, ask: int, bucket: str
) -> None:
    assert BUCKETS[side_by_quote(*(np.array([value]) for value in (price, bid, ask)))[0]] == bucket


def test_a_print_without_both_sides_of_a_quote_has_no_side() -> None:
    assert only([{"bid_e4": None}, {"ask_e4": None}, {"bid_e4": None, "ask_e4": None}]) == {
        "off_exchange unquoted": 3
    }


@pytest.mark.parametrize(
    ("hundredths", "retail"),
    [(0, False), (1, True), (39, True), (40, False), (60, False), (61, True), (99, True)],
)
def test_a_fraction_of_a_cent_tells_a_retail_order_but_not_near_half_a_cent(
    hundredths: int, retail: bool
) -> None:
    price = np.array([100_000 + hundredths])
    assert retail_zone(price)[0] == hundredths
    assert is_retail(price)[0] == retail


def test_retail_prices_are_of_off_exchange_prints_of_a_dollar_or_more() -> None:
    odd = {"price_e4": 1_000_937}
    cheap = {"price_e4": 9_937, "bid_e4": 9_900, "ask_e4": 9_940}
    assert only([odd, odd | {"venue": "N"}, cheap, odd | {"condition": "W"}]) == {
        "off_exchange retail": 1, "exchange buy": 1, "off_exchange buy": 1, "off_exchange unsignable": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("conditions", "bucket"),
    [
        ([None, "", "@", "F", "E", "I", "@,F,I"], "buy"),
        (["W", "B", "4", "V", "7", "P", "C", "N", "R", "H", "X", "1", "auto", "F,W"], "unsignable"),
        (["Z", "L", "G", "Z,W"], "late"),
        (["T", "U", "W,T", "Z,T"], "extended"),
        (["O", "5", "6", "6,F"], "auction"),
        (["M", "Q", "9", "Q,O"], "official"),
    ],
)
def test_of_several_conditions_the_one_that_says_most_decides(conditions: Sequence[str], bucket: str) -> None:
    assert only([{"condition": each} for each in conditions]) == {f"off_exchange {bucket}": len(conditions)}


def test_before_the_opening_and_from_the_close_on_prints_have_no_side() -> None:
    opens, closes = datetime(2024, 3, 4, 14, 30, tzinfo=UTC), datetime(2024, 3, 4, 21, 0, tzinfo=UTC)
    at = [opens.replace(minute=29), opens, closes.replace(hour=20, minute=59), closes]
    row = reduced([{"event_at": each} for each in at])["ACME"]
    assert row["trades"] == {"off_exchange extended": 2, "off_exchange buy": 2}
    assert row["regular"] == [200, 0, 0]


def test_a_half_day_ends_at_one() -> None:
    friday = date(2024, 11, 29)
    at = [datetime(2024, 11, 29, 17, 59, tzinfo=UTC), datetime(2024, 11, 29, 18, 0, tzinfo=UTC)]
    row = reduced([{"event_at": each} for each in at], day=friday)["ACME"]
    assert row["trades"] == {"off_exchange buy": 1, "off_exchange extended": 1}


def test_shares_and_dollars_stand_by_venue_and_one_that_is_not_told_is_neither() -> None:
    prints = [{"size": 100}, {"size": 10, "venue": "N"}, {"size": 1, "venue": None}, {"size": 2, "venue": ""}]
    row = reduced(prints)["ACME"]
    assert row["shares"] == {"off_exchange buy": 100, "exchange buy": 10, "unknown buy": 3}
    assert row["notional_e4"]["off_exchange buy"] == 100 * 1_001_000
    assert row["regular"] == [100, 10, 3]


def test_the_legal_rule_counts_shares_or_dollars_and_not_the_official_prices() -> None:
    ten_thousand = {"size": 10_000, "price_e4": 10_000, "bid_e4": 9_900, "ask_e4": 10_000}
    dear = {"size": 2_000, "price_e4": 1_000_000}
    row = reduced([ten_thousand, dear, dear | {"size": 1_999}, ten_thousand | {"condition": "M"}])["ACME"]
    assert (row["legal_blocks"], row["prints_10000"]) == (2, 1)


def blocks(*batches: Sequence[dict]) -> list[tuple[int, int, str]]:
    """Shares, prints and bucket of what may be a block."""
    found = reduced(*batches)["ACME"]["blocks"]
    return [(each["size"], each["prints"], BUCKETS[each["bucket"]]) for each in found]


def test_prints_of_a_million_dollars_may_be_blocks_wherever_they_are_made() -> None:
    price = {"price_e4": 1_000_000, "bid_e4": 999_000, "ask_e4": 1_000_000}
    large, small = price | {"size": 10_000}, price | {"size": 9_999}
    assert blocks([large, after(3, **small), after(5, **large, venue="N"), after(9, **small, venue="N")]) == [
        (10_000, 1, "buy"), (10_000, 1, "buy"),
    ]  # fmt: skip


@pytest.mark.parametrize("condition", ["6", "O", "M", "T", "I"])
def test_auctions_official_prices_late_hours_and_odd_lots_are_no_blocks(condition: str) -> None:
    assert blocks([{"size": 20_000, "condition": condition}]) == []


def test_a_retail_price_is_no_block_and_an_average_price_is_one_without_a_side() -> None:
    assert blocks([{"size": 20_000, "price_e4": 1_000_937}, {"size": 20_000, "condition": "W"}]) == [
        (20_000, 1, "unsignable")
    ]


def test_off_exchange_prints_of_one_price_and_millisecond_are_one_block() -> None:
    child = {"size": 4_000}
    together = [after(0, **child), after(0.2, **child), after(0.9, **child)]
    assert blocks(together) == [(12_000, 3, "buy")]
    # across batches too
    assert blocks(together[:1], together[1:2], together[2:]) == [(12_000, 3, "buy")]
    apart = [after(0, **child), after(1.0, **child), after(0.9, **child, price_e4=1_000_900)]
    assert blocks(apart) == []
    assert blocks([each | {"venue": "N"} for each in together]) == []
    assert blocks([together[0], together[1] | {"symbol": "BETA"}, together[2]]) == []


def test_a_block_whose_parts_have_two_sides_has_none() -> None:
    parts = [after(0, size=6_000), after(0.1, size=6_000, bid_e4=1_001_000, ask_e4=1_003_000)]
    assert blocks(parts) == [(12_000, 2, "unsignable")]


def test_a_block_between_others_in_the_middle_of_a_batch_is_found() -> None:
    row = [after(i, size=1) for i in range(50)]
    row[25:26] = [after(25.1, size=6_000), after(25.2, size=6_000)]
    assert blocks(row) == [(12_000, 2, "buy")]


def test_sums_beyond_what_a_float_can_hold_are_exact() -> None:
    big = {"price_e4": 99_999_999_999, "size": 9_999, "bid_e4": None, "ask_e4": None}
    row = reduced([big, {"price_e4": 1, "size": 1, "bid_e4": None, "ask_e4": None}, big])["ACME"]
    assert sum(row["notional_e4"].values()) == 2 * 99_999_999_999 * 9_999 + 1


def test_a_session_without_prints_has_no_rows() -> None:
    assert reduced([]) == {}
    assert reduced() == {}


PRINTS = st.lists(
    st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(["ACME", "BETA", "CORE"]),
            "event_at": st.integers(0, 8).map(lambda tenth: after(tenth / 2)["event_at"]),
            "price_e4": st.sampled_from([999_000, 1_000_000, 1_001_000, 1_000_937]),
            "size": st.sampled_from([1, 100, 4_000, 6_000, 12_000]),
            "bid_e4": st.sampled_from([None, 999_000, 1_002_000]),
            "venue": st.sampled_from(["D", "D", "N", None]),
            "condition": st.sampled_from([None, "W", "T", "I", "Z", "6", "M"]),
            "source": st.sampled_from(["one", "two"]),
        }
    ),
    max_size=40,
)


@settings(max_examples=80, deadline=None)
@given(prints=PRINTS, data=st.data())
def test_any_split_into_batches_and_partials_merged_in_any_order_gives_the_same(
    prints: list[dict], data: st.DataObject
) -> None:
    prints.sort(key=lambda each: each["event_at"])
    expected = reduce_stocks(lambda: iter([batch(prints)]), MONDAY)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(prints)), max_size=5)))
    pieces = data.draw(st.permutations(list(zip([0, *cuts], [*cuts, len(prints)], strict=True))))
    partials = []
    for low, high in pieces:
        partials.append(Partial(MONDAY))
        partials[-1].add(batch(prints[low:high]))
    while len(partials) > 1:
        left, right = partials.pop(), partials.pop(data.draw(st.integers(0, len(partials) - 1)))
        partials.append(left.merge(right))
    assert partials[0].table().equals(expected)


@settings(max_examples=60, deadline=None)
@given(prints=PRINTS)
def test_every_share_and_dollar_is_in_one_bucket(prints: list[dict]) -> None:
    prints.sort(key=lambda each: each["event_at"])
    rows = reduced(prints)
    for symbol in {each["symbol"] for each in prints}:
        own = [each for each in prints if each["symbol"] == symbol]
        assert sum(rows[symbol]["shares"].values()) == sum(each["size"] for each in own)
        dollars = sum(each["size"] * each["price_e4"] for each in own)
        assert sum(rows[symbol]["notional_e4"].values()) == dollars
        assert sum(rows[symbol]["trades"].values()) == len(own)


def test_the_newest_print_is_known() -> None:
    row = reduced([{}], [after(7, symbol="BETA")])
    assert row["ACME"]["newest"] == row["BETA"]["newest"] == int(NOON.timestamp() * 1e6) + 7_000
