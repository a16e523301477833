"""Prints filled in pieces are one order; what is kept of a session are its largest and most unusual."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from option_prints import NOON, after, reduced

from indicators._option_orders import CRITERIA, FIELDS, MULTI_LEG, Orders, column, criteria, join

SECOND = 1_000_000
DAY = (NOON - datetime(1970, 1, 1, tzinfo=UTC)).days


def order(**cells: Any) -> list[int]:
    """An order of 100 contracts of ACME's call for 200,000 USD at noon."""
    plain = {
        "code": 0, "expiry": DAY + 40, "strike_e4": 1_000_000, "is_call": 1, "side": 1, "first": 0, "last": 0,
        "premium_e4": 2_000_000_000, "size": 100, "shares": 10_000, "children": 1, "sweep": 0, "strong": 0,
        "spot_e4": -1, "open_interest": -1,
    }  # fmt: skip
    if "at" in cells:
        cells["first"] = cells["last"] = cells.pop("at")
    assert set(cells) <= set(FIELDS)
    return [(plain | cells)[name] for name in FIELDS]


def rows(*orders: list[int]) -> Any:
    """Orders as rows, none of them in doubt."""
    return np.array([[*order, 0] for order in orders], np.int64)


def test_prints_of_one_contract_and_side_a_second_apart_are_one_order() -> None:
    joined = join(rows(order(at=0, size=3, sweep=1, strong=1), order(at=SECOND), order(at=2 * SECOND + 1)))
    assert column(joined, "children").tolist() == [2, 1]
    assert column(joined, "premium_e4").tolist() == [4_000_000_000, 2_000_000_000]
    assert column(joined, "size").tolist() == [103, 100]
    assert column(joined, "last").tolist() == [SECOND, 2 * SECOND + 1]
    assert column(joined, "sweep").tolist() == [1, 0]
    assert column(joined, "strong").tolist() == [0, 0]  # as sure as its least sure print


@pytest.mark.parametrize(
    "other",
    [
        {"side": -1},
        {"side": MULTI_LEG},
        {"strike_e4": 1_010_000},
        {"is_call": 0},
        {"expiry": DAY},
        {"code": 1},
    ],
)
def test_another_contract_or_side_is_another_order(other: dict[str, int]) -> None:
    assert len(join(rows(order(), order(**other)))) == 2


@pytest.mark.parametrize("side", [0, MULTI_LEG])
def test_prints_without_a_side_are_not_joined_they_may_be_opposite(side: int) -> None:
    assert len(join(rows(order(side=side), order(side=side)))) == 2


def test_an_order_lasts_five_seconds_at_most() -> None:
    joined = join(rows(*(order(at=step * SECOND) for step in range(13))))
    assert column(joined, "children").tolist() == [6, 6, 1]
    assert column(joined, "first").tolist() == [0, 6 * SECOND, 12 * SECOND]


def test_an_order_that_goes_on_in_the_next_batch_is_still_one() -> None:
    orders = Orders()
    orders.grow(1)
    orders._waiting = [rows(order(at=0))]
    orders._now = 0
    orders._settle(everything=False)
    orders.add(rows(order(at=SECOND)))
    orders.finish()
    assert orders.orders.tolist() == [[1, 1]]
    assert orders.children.tolist() == [[2, 2]]
    assert orders.squares.tolist() == [[4e5**2, 4e5**2]]


def test_orders_without_a_side_and_multi_leg_ones_count_among_all_only() -> None:
    orders = Orders()
    orders.grow(1)
    orders.add(rows(order(), order(side=0, at=1), order(side=MULTI_LEG, at=2)))
    orders.finish()
    assert orders.orders.tolist() == [[3, 1]]
    assert orders.squares.tolist() == [[3 * 2e5**2, 2e5**2]]


def test_the_five_largest_are_kept_and_fifteen_that_meet_three_criteria() -> None:
    unusual = {"expiry": DAY + 1, "sweep": 1, "strong": 1, "first": DAY * 86_400 * SECOND}
    many = [order(premium_e4=(900 + i) * 10**8, at=DAY * 86_400 * SECOND + 9 * i * SECOND) for i in range(20)]
    more = [
        order(
            premium_e4=(100 + i) * 10**8, **unusual | {"last": unusual["first"]}, strike_e4=10**6 + 10_000 * i
        )
        for i in range(20)
    ]
    orders = Orders()
    orders.grow(1)
    orders.add(rows(*sorted(many + more, key=lambda row: row[FIELDS.index("first")])))
    orders.finish()
    kept = [usd // 10**8 for usd in column(orders.kept[0], "premium_e4").tolist()]
    assert kept == [*range(919, 914, -1), *range(119, 104, -1)]


def test_an_order_with_a_print_in_doubt_waits_until_it_is_known_to_stand() -> None:
    def total(*, stands: bool) -> list[list[int]]:
        orders = Orders()
        orders.grow(1)
        doubted = rows(order(at=SECOND))
        doubted[:, -1] = 1
        orders.add(
            np.concatenate([rows(order(at=0)), doubted, rows(order(at=2 * SECOND), order(at=9 * SECOND))])
        )
        if stands:
            orders.add_late(rows(order(at=SECOND)))
        orders.finish()
        return [orders.orders[0].tolist(), orders.children[0].tolist()]

    # without the middle one its neighbours are two seconds apart
    assert total(stands=True) == [[2, 2], [4, 4]]
    assert total(stands=False) == [[3, 3], [3, 3]]


def test_the_criteria_are_told_apart_met_not_met_and_not_known() -> None:
    at = DAY * 86_400 * SECOND
    met = order(
        premium_e4=10**10, expiry=DAY + 29, spot_e4=999_999, open_interest=99, sweep=1, strong=1, at=at
    )
    missed = order(premium_e4=10**10 - 1, expiry=DAY + 30, spot_e4=1_000_000, open_interest=100, at=at)
    put = order(is_call=0, spot_e4=1_000_001, at=at)
    unknown = order(at=at)
    assert CRITERIA == ("premium", "soon", "otm", "opening", "sweep", "sure")
    assert criteria(rows(met, missed, put, unknown)).tolist() == [
        [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0], [0, 0, 1, -1, 0, 0], [0, 0, -1, -1, 0, 0],
    ]  # fmt: skip


def test_a_sweep_in_four_pieces_over_four_exchanges_is_one_order_of_a_million() -> None:
    piece = {
        "size": 1000,
        "condition": "S",
        "price_e4": 26_000,
        "underlying_price_e4": 990_000,
        "open_interest": 500,
    }
    prints = [piece | after(0, exchange=exchange) for exchange in "CIXP"]
    (one,) = reduced(prints[:2], prints[2:])["ACME"]["largest"]
    assert (one["premium_e4"], one["size"], one["children"], one["sweep"], one["side"]) == (
        1_040_000 * 10_000, 4_000, 4, 1, 1,
    )  # fmt: skip
    row = reduced(prints)["ACME"]
    assert (row["orders"], row["children"]) == ([1, 1], [4, 4])


def test_small_prints_are_orders_of_their_own() -> None:
    row = reduced([{"size": 39}, after(0, size=39), after(0, size=40)])["ACME"]
    assert (row["orders"], row["children"]) == ([1, 0], [1, 0])  # 10,000 USD, without a side
    assert row["small_squares"] == [2 * 9_750.0**2, 0.0]
    assert [one["size"] for one in row["largest"]] == [40]


def test_a_cancelled_piece_leaves_the_order_as_if_it_had_never_been() -> None:
    pieces = [after(0, price_e4=26_000, size=100), after(1, price_e4=26_000, size=200)]
    twin = after(2, price_e4=26_000, size=50)  # equal to the cancelled one, and stands
    wrong = after(2, price_e4=26_000, size=50)
    cancel = after(4, price_e4=26_000, size=50, condition="A")
    without = reduced([*pieces, twin])["ACME"]
    with_both = reduced([*pieces, twin], [wrong], [cancel])["ACME"]
    assert with_both.pop("cancels") == 1
    assert without.pop("cancels") == 0
    assert with_both.pop("newest") == without.pop("newest") + 2 * SECOND
    assert with_both == without
    assert without["orders"] == [1, 1]
