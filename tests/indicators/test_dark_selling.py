"""Sustained selling: when it begins, that it is one episode, when it is over; and nearness to the high."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dark_stage import at, bars, frames, lean, put, read
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators import MARKET
from indicators._dark_selling import before, follow, lengths
from indicators._near_high import fell, high_facts, is_near, rate, read_closes
from indicators._stats import ewma, imb
from indicators.dark_pool import compute
from storage import calendar
from storage.tape import TapeStore

DAYS = calendar.sessions(date(2023, 9, 1), date(2024, 12, 31))
#: sessions of a history that leans a little to either side, so that it has a spread
QUIET = [(500 + 20 * (i % 5), 500 + 20 * (i % 3)) for i in range(30)]
SELLING = (200, 800)


def play(tapes: TapeStore, *legs: tuple[int, int] | tuple[int, int, int]) -> list[date]:
    """One session a leg of thousands of USD bought, sold and unknown, after the quiet ones."""
    for day, leg in zip(DAYS, [*QUIET, *legs], strict=False):
        put(tapes, day, *lean(*leg))
    return DAYS[len(QUIET) : len(QUIET) + len(legs)]


def states(tapes: TapeStore, days: Sequence[date], *tables: pd.DataFrame) -> list[tuple[str, int]]:
    signals = [read(tapes, day, *tables) for day in days]
    return [(signal.state, signal.facts["sustained_days"]) for signal in signals]


def test_two_extreme_days_or_three_of_five_are_sustained_selling_and_one_is_not(tapes: TapeStore) -> None:
    days = play(tapes, SELLING, SELLING)
    assert states(tapes, days) == [("net_selling", 0), ("selling", 2)]


def test_an_episode_lasts_until_the_moving_average_is_nearly_usual_again(tapes: TapeStore) -> None:
    days = play(tapes, SELLING, SELLING, SELLING, *QUIET[:12])
    found = states(tapes, days)
    lasted = [days for state, days in found if state == "selling"]
    assert lasted == list(range(2, 2 + len(lasted)))
    assert [state for state, _ in found].count("balanced") == len(days) - len(lasted) - 1
    trend = [read(tapes, day).facts["imbalance_z_trend"] for day in days]
    over = 1 + len(lasted)
    assert trend[over - 1] <= -0.5 < trend[over]


def test_an_episode_says_since_when_and_its_strength_is_of_its_days(tapes: TapeStore) -> None:
    days = play(tapes, SELLING, SELLING, (600, 400))
    signal = read(tapes, days[-1])
    assert signal.state == "selling"
    assert signal.facts["selling_since"] == days[0].isoformat()
    assert signal.facts["imbalance"] == 0.2
    assert -1 < signal.strength < 0


def test_buying_is_the_mirror_of_selling(tapes: TapeStore) -> None:
    days = play(tapes, (800, 200), (800, 200))
    signal = read(tapes, days[-1])
    assert (signal.state, signal.facts["buying_days"], signal.facts["sustained_days"]) == ("buying", 2, 0)
    assert signal.facts["buying_since"] == days[0].isoformat()
    assert 0 < signal.strength < 1


def test_without_twenty_sessions_of_history_nobody_knows_whether_selling_is_sustained(
    tapes: TapeStore,
) -> None:
    for day in DAYS[:18]:
        put(tapes, day, *lean(500, 500))
    for day in DAYS[18:20]:
        put(tapes, day, *lean(*SELLING))
    signal = read(tapes, DAYS[19])
    assert signal.state == "net_selling"
    assert signal.facts["sustained_days"] is signal.facts["imbalance_z"] is signal.facts["risk_level"] is None


def test_a_history_that_never_moved_is_marked_and_does_not_last_for_ever(tapes: TapeStore) -> None:
    for day in DAYS[:30]:
        put(tapes, day, *lean(500, 500))
    for day in DAYS[30:33]:
        put(tapes, day, *lean(*SELLING))
    for day in DAYS[33:50]:
        put(tapes, day, *lean(500, 500))
    told = read(tapes, DAYS[31]).facts
    assert (told["z_degenerate"], told["imbalance_z"], told["sustained_days"]) == (True, -10, 2)
    assert read(tapes, DAYS[49]).state == "balanced"


@pytest.mark.parametrize(
    ("leg", "volume"), [((200, 800, 1_001), 1), ((200, 800), 6_000_000), ((450, 550), 1)]
)
def test_a_day_without_a_side_for_half_too_small_for_the_name_or_hardly_leaning_does_not_count(
    leg: tuple[int, ...], volume: int, tapes: TapeStore
) -> None:
    days = play(tapes, leg, leg, leg, leg)
    # a usual day has 10 USD × volume; a fiftieth of 60 million is more than the million here
    closes = bars(DAYS[:40], [10.0] * 40, volume)
    assert {state for state, _ in states(tapes, days, closes)}.isdisjoint({"selling"})


def test_the_usual_day_is_of_the_tape_where_there_are_no_bars(tapes: TapeStore) -> None:
    for day in DAYS[:30]:
        put(tapes, day, *lean(500 + DAYS.index(day), 500), {"usd": 100_000_000, "venue": "N"})
    for day in DAYS[30:33]:
        put(tapes, day, *lean(*SELLING))
    assert states(tapes, DAYS[30:33])[-1][1] == 0


def test_a_session_in_progress_neither_begins_nor_ends_an_episode(tapes: TapeStore) -> None:
    days = play(tapes, SELLING, SELLING, SELLING)
    assert read(tapes, at(days[1], 200)).state == "net_selling"
    signal = read(tapes, at(days[2], 200))
    assert (signal.state, signal.facts["sustained_days"]) == ("selling", 2)
    assert signal.facts["selling_since"] == days[0].isoformat()
    assert signal.facts["session"] == days[2].isoformat()


def test_after_an_episode_the_next_waits_five_sessions() -> None:
    # the moving average jumps at will: sold, over, sold again at once
    trend = np.array([[-3.0, 0.0, -3.0, -3.0, -3.0, -3.0, -3.0, -3.0]])
    days = np.ones((1, 8), np.bool_)
    found = lengths(days, np.full((1, 8), -9.0), trend, np.ones(8, np.bool_))
    # the second of two extreme days begins it; it is over where the average is usual
    assert found.tolist() == [[0, 0, 3, 4, 5, 6, 7, 8]]
    trend[0, 1:4] = [-3.0, -3.0, 0.0]
    found = lengths(days, np.full((1, 8), -9.0), trend, np.ones(8, np.bool_))
    assert found.tolist() == [[0, 2, 3, 0, 0, 0, 0, 0]]
    longer = np.concatenate([trend, np.full((1, 3), -3.0)], axis=1)
    found = lengths(np.ones((1, 11), np.bool_), np.full((1, 11), -9.0), longer, np.ones(11, np.bool_))
    assert found[0, 8:].tolist() == [5, 6, 7]


LEGS = st.lists(st.tuples(st.floats(0, 1e7), st.floats(0, 1e7), st.floats(0, 1e7)), min_size=24, max_size=40)


@settings(max_examples=30, deadline=None)
@given(legs=LEGS, cut=st.integers(21, 24))
def test_what_a_session_was_is_not_changed_by_later_ones(legs: list[tuple[float, ...]], cut: int) -> None:
    buy, sell, unknown = np.array(legs).T[:, None]

    def course(until: int) -> Any:
        flags = np.ones(until, np.bool_)
        sides = (side[:, :until] for side in (buy, sell, unknown))
        return follow(*sides, np.full((1, until), 1e6), usable=flags, complete=flags, judged=60)

    early, late = course(cut), course(len(legs))
    for name in ("imbalance", "coverage", "z", "trend", "usual", "selling", "buying"):
        assert np.array_equal(getattr(early, name), getattr(late, name)[:, :cut], equal_nan=True), name


def test_the_window_before_a_session_does_not_hold_it() -> None:
    window = before(np.array([[1.0, 2.0, 3.0]]))
    assert window.shape == (1, 3, 60)
    assert np.nansum(window, axis=2).tolist() == [[0, 1, 3]]


def test_a_moving_average_weighs_the_newest_a_third_and_passes_over_what_is_missing() -> None:
    found = ewma([[3.0, 0.0, np.nan, 3.0]], 5)[0]
    # weights 1, 2/3, 4/9, 8/27 from the newest back, over what is known
    assert found[:2] == pytest.approx([3, 2 / 3 * 3 / (1 + 2 / 3)])
    assert np.isnan(found[2])
    assert found[3] == pytest.approx((3 + 8 / 27 * 3) / (1 + 4 / 9 + 8 / 27))


def test_an_imbalance_needs_both_sides_and_enough() -> None:
    assert imb(1.6, 5).item() == pytest.approx(-3.4 / 6.6)
    assert np.isnan(imb([np.nan, 0, 5, 1], [5, 0, np.nan, 1], [0, 0, 0, 3])).all()


def test_teslas_close_of_462_was_near_the_highest_close_and_not_near_the_highest_price() -> None:
    assert is_near(np.array(462.0), np.array(479.86))
    assert not is_near(np.array(462.0), np.array(488.54))
    assert is_near(np.array([95.0, 94.9999]), np.array([100.0, 100.0])).tolist() == [True, False]


def year(closes: Sequence[float], last: date = DAYS[250]) -> pd.DataFrame:
    """Closes of the sessions up to `last`."""
    days = calendar.sessions(last - timedelta(days=2 * len(closes)), last)[-len(closes) :]
    return bars(days, closes, volume=100_000)


@pytest.mark.parametrize(
    ("closes", "near", "below"),
    [
        ([100.0] * 251 + [95.0], True, 0.05),
        ([100.0] * 251 + [94.99], False, 0.0501),
        ([100.0] * 251 + [101.0], True, 0.0),
        # higher, but more than 252 sessions ago
        ([200.0] + [100.0] * 251 + [96.0], True, 0.04),
        ([100.0] * 200, None, None),
    ],
)
def test_near_its_high_is_within_five_percent_of_the_highest_close_of_252_sessions(
    closes: list[float], near: bool | None, below: float | None
) -> None:
    told = high_facts(read_closes(year(closes), ["ACME"]), "ACME", DAYS[250])
    assert (told["near_high"], told["below_high"]) == (near, below)
    assert told["close_usd"] == closes[-1]


def test_the_high_is_told_with_its_date_and_the_days_near_it(tapes: TapeStore) -> None:
    closes = year([100.0] * 240 + [120.0] + [100.0] * 10 + [115.0, 116.0])
    told = high_facts(read_closes(closes, ["ACME"]), "ACME", DAYS[250])
    assert (told["high_close_usd"], told["high_session"]) == (120.0, DAYS[238].isoformat())
    assert (told["near_high_days"], told["near_high"]) == (2, True)


def test_a_close_of_more_than_a_week_ago_is_no_nearness() -> None:
    closes = read_closes(year([100.0] * 252), ["ACME"])
    assert high_facts(closes, "ACME", DAYS[250] + timedelta(days=7))["near_high"] is True
    assert high_facts(closes, "ACME", DAYS[250] + timedelta(days=8))["near_high"] is None
    assert high_facts(closes, "NONE", DAYS[250])["close_usd"] is None


def test_a_usual_day_is_the_mean_of_the_twenty_before_and_not_of_today() -> None:
    table = bars(DAYS[:23], [10.0] * 23, 1_000)
    table.loc[21:, "volume"] = 9_000
    usual = read_closes(table, ["ACME"]).usual[0]
    assert np.isnan(usual[:10]).all()
    assert usual[10:22] == pytest.approx([10_000] * 12)
    assert usual[22] == pytest.approx((19 * 10_000 + 90_000) / 20)


def test_base_rates_count_days_whose_twenty_sessions_are_over() -> None:
    # near until the last 30 sessions; they fell by a fifth, 15 sessions ago back to where they were
    closes = [100.0] * 270 + [80.0] * 15 + [100.0] * 15
    table = read_closes(year(closes), ["ACME"])
    told = high_facts(table, "ACME", DAYS[250])
    # judged from the 240th close on; a fall within 20 sessions follows on the last 20 days before it
    near = 270 - 239 + 0
    assert told["drawdown_near_n"] == near
    assert told["drawdown_near"] == round(20 / near, 4)
    # 300 closes: of the others only the first ten have 20 sessions behind them, and none fell further
    assert (told["drawdown_any_n"], told["drawdown_any"]) == (near + 10, round(20 / (near + 10), 4))
    assert told["drawdown_near_episodes"] == 1


def test_a_rate_of_few_days_is_not_told() -> None:
    assert rate(np.ones(19), np.ones(19, np.bool_)) == (None, 19)
    assert rate(np.ones(20), np.ones(20, np.bool_)) == (1.0, 20)


def test_a_fall_is_a_close_ten_percent_lower_within_twenty_sessions() -> None:
    closes = np.array([100.0] * 20 + [90.0] + [100.0] * 21)
    found = fell(closes)
    assert found[:20].tolist() == [1.0] * 20
    assert found[20:22].tolist() == [0.0, 0.0]
    assert np.isnan(found[22:]).all()
    assert fell(np.array([100.0] + [90.01] * 20))[0] == 0


@pytest.mark.parametrize(
    ("legs", "last", "level", "state"),
    [
        ([(500, 500)] * 2, 90.0, 0, "balanced"),
        ([(500, 500)] * 2, 99.0, 1, "balanced"),
        ([SELLING] * 2, 90.0, 2, "selling"),
        ([SELLING] * 2, 99.0, 3, "selling_near_high"),
    ],
)
def test_the_level_of_risk_is_one_for_near_and_two_for_sold(
    legs: list[tuple[int, int]], last: float, level: int, state: str, tapes: TapeStore
) -> None:
    days = play(tapes, *legs)
    closes = year([100.0] * 250 + [last] * 3, days[-1])
    signal = read(tapes, days[-1], closes)
    assert (signal.facts["risk_level"], signal.state) == (level, state)
    assert read(tapes, days[-1]).facts["risk_level"] is None


def test_an_episode_is_told_once_whatever_the_price_does_in_it(tapes: TapeStore) -> None:
    days = play(tapes, *[SELLING] * 6)
    closes = year([100.0] * 250 + [99.0, 99.0, 90.0, 90.0, 99.0, 99.0], days[-1])
    found = [read(tapes, day, closes) for day in days]
    assert [signal.state for signal in found] == ["net_selling"] + ["selling_near_high"] * 5
    assert [signal.facts["risk_level"] for signal in found] == [1, 3, 2, 2, 3, 3]


def test_a_market_may_be_sold_for_days_too_and_is_near_no_high(tapes: TapeStore) -> None:
    days = play(tapes, SELLING, SELLING)
    (signal,) = compute(frames(tapes, calendar.settled(days[-1])), [MARKET])
    assert (signal.state, signal.facts["sustained_days"], signal.facts["risk_level"]) == ("selling", 2, None)


def test_days_on_which_indices_are_rebuilt_are_no_history(tapes: TapeStore) -> None:
    days = calendar.sessions(date(2023, 11, 20), date(2023, 12, 18))  # the 15th is one
    for i, day in enumerate(days):
        put(tapes, day, *lean(*QUIET[i]))
    assert len(days) == 20
    assert read(tapes, days[-1]).facts["imbalance_z"] is None  # 18 before it, without the 15th
    later = calendar.shift(days[-1], 2)
    for i in (1, 2):
        put(tapes, calendar.shift(days[-1], i), *lean(*QUIET[i]))
    assert read(tapes, calendar.shift(days[-1], 1)).facts["imbalance_z"] is None
    assert read(tapes, later).facts["imbalance_z"] is not None
