"""The mood: five inputs against their own past, one number, a state that does not flicker; never ahead."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dark_stage
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mood_stage import DAYS, LAST, World, frames, world
from option_prints import batch as option_batch

from indicators import MARKET, Signal
from indicators import sentiment as mood
from indicators._eps_facts import deviation_facts
from indicators._eps_points import points_of
from indicators._mood_index import SPAN, composite, score, weighted
from indicators._mood_inputs import (
    HISTORY,
    INPUTS,
    MOST_Z,
    SESSIONS,
    UNKNOWN,
    Course,
    Point,
    better,
    by_session,
    held,
)
from indicators._mood_regime import DWELL, expected_delay, regimes
from indicators._stats import ewma
from indicators.sentiment import INDICATOR, compute
from storage import calendar
from storage.tables import Bar, IndexEps, InsiderTrade, OptionDay, ShortVolume
from storage.tape import OPTION_TRADES, TapeStore

GOLDEN = [
    50, 61, 62, 59, 61, 62, 63, 58, 52, 49, 51, 49, 48, 47, 39, 41, 39, 38, 37, 45, 51, 52, 53
]  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> World:
    return world()


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tape")


def reading(rows: Mapping[Any, pd.DataFrame], tape: Path, day: date = LAST) -> Signal:
    (signal,) = compute(frames(rows, calendar.settled(day), tape), None)
    return signal


# the state


def test_the_state_follows_the_worked_example() -> None:
    found = regimes(GOLDEN, dwell=0)
    assert found.states[:6] == ["neutral"] * 6
    assert (found.states[6], found.states[13], found.states[18], found.states[22]) == (
        "bull", "neutral", "bear", "neutral",
    )  # fmt: skip
    assert found.switches == [6, 13, 18, 22]


def test_a_state_lasts_five_sessions_and_a_change_that_is_still_wanted_comes_then() -> None:
    path = [60.0] * 3 + [49.0] * 6
    assert regimes(path, dwell=0).switches == [2, 5]
    found = regimes(path)
    assert found.switches == [2, 2 + DWELL]
    # not wanted any more when it could be: no change, and the count is gone
    assert regimes([60.0] * 3 + [49.0] * 3 + [55.0, 49.0, 49.0]).switches == [2]


def test_the_thresholds_themselves_enter_but_do_not_leave_and_a_pause_begins_the_count_anew() -> None:
    assert regimes([60.0] * 3).states[-1] == "bull"
    assert regimes([40.0] * 3).states[-1] == "bear"
    assert regimes([59.999] * 9 + [40.001] * 9).switches == []
    assert regimes([60.0] * 3 + [50.0] * 9).states[-1] == "bull"
    assert regimes([40.0] * 3 + [50.0] * 9).states[-1] == "bear"
    assert regimes([61.0, 61.0, np.nan, 61.0, 61.0]).states[-1] == "neutral"
    assert regimes([61.0, 61.0, 39.0, 61.0, 61.0]).states[-1] == "neutral"


@given(st.lists(st.floats(0, 100), max_size=60), st.integers(0, 60))
def test_a_state_never_changes_by_what_comes_after_it(path: list[float], cut: int) -> None:
    assert regimes(path[:cut]).states == regimes(path).states[:cut]


def test_white_noise_turns_less_than_twice_a_year() -> None:
    years = 400
    noise = 50 + 10 * np.random.default_rng(6).standard_normal(252 * years)
    smooth = ewma(noise[None], SPAN)[0]
    assert len(regimes(smooth.tolist()).switches) / years < 2
    # without the average it would not hold
    assert len(regimes(noise.tolist()).switches) / years > 2


def test_a_gradual_turn_is_told_as_late_as_is_said() -> None:
    ramp = 50 + 0.1 * np.arange(300.0)
    smooth = ewma(ramp[None], SPAN)[0]
    (told,) = regimes(smooth.tolist()).switches
    assert told - int(np.argmax(ramp >= 60)) == expected_delay(SPAN) == 4


# the number


def courses(**z: Any) -> dict[str, Course]:
    """Each input known on all sessions with that z, or by session; the others not at all."""
    found = {each.name: UNKNOWN for each in INPUTS}
    for name, values in z.items():
        told = np.broadcast_to(np.asarray(values, float), (SESSIONS,))
        found[name] = Course(told, told)
    return found


def test_a_score_is_the_normal_distributions_share() -> None:
    assert score(np.array([-1.0, 0.0, 1.0])) == pytest.approx([15.87, 50, 84.13], abs=0.005)


def test_equal_weights_are_the_mean_as_in_the_seven_component_example() -> None:
    seven = np.array([[80.0, 20, 50, 60, 40, 70, 30]]).T
    assert weighted(seven, np.ones(7)) == pytest.approx([50])
    assert {each.weight for each in INPUTS} == {1.0}


def test_three_of_five_are_enough_and_two_are_not() -> None:
    assert composite(courses(options=1, insiders=1, sectors=1)).index[-1] == pytest.approx(84.1345, abs=1e-4)
    paused = composite(courses(options=1, insiders=1))
    assert np.isnan(paused.index).all()
    assert paused.coverage[-1] == pytest.approx(0.4)


def test_the_parts_are_told_apart() -> None:
    found = composite(courses(options=1, sectors=1, off_exchange=1, insiders=-1, valuation=-1))
    assert found.trend[-1] == pytest.approx(84.1345, abs=1e-4)
    assert found.contrarian[-1] == pytest.approx(15.8655, abs=1e-4)
    assert found.index[-1] == pytest.approx((3 * 84.1345 + 2 * 15.8655) / 5, abs=1e-4)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_contributions_always_sum_to_the_index_less_50(seed: int) -> None:
    dice = np.random.default_rng(seed)
    z = np.clip(2 * dice.standard_normal((5, SESSIONS)), -MOST_Z, MOST_Z)
    z[dice.random(z.shape) < 0.3] = np.nan
    found = composite({each.name: Course(row, row) for each, row in zip(INPUTS, z, strict=True)})
    known = np.isfinite(found.index)
    assert known.any()
    assert found.contributions.sum(axis=0)[known] == pytest.approx(found.index[known] - 50, abs=1e-9)
    assert ((found.index[known] >= 0) & (found.index[known] <= 100)).all()


# an input against its own past


def test_z_is_by_the_sessions_before_and_never_beyond_three() -> None:
    x = np.tile([0.0, 1.0, 2.0, 3.0, 4.0], 200)[: HISTORY + SESSIONS]
    x[-1] = 1e9
    z = by_session(x)
    # median 2, MAD 1 whichever five are before
    assert z[:5] == pytest.approx((x[HISTORY : HISTORY + 5] - 2) / 1.4826, abs=0.02)
    assert z[-1] == MOST_Z
    # of a line's 504 points before, the middle lies 252.5 back and half of them within 126 of it
    assert by_session(np.arange(float(HISTORY + SESSIONS))) == pytest.approx(252.5 / (1.4826 * 126))


def test_less_than_a_year_of_sessions_or_a_past_without_a_scale_gives_no_z() -> None:
    x = np.random.default_rng(1).standard_normal(HISTORY + SESSIONS)
    young = np.where(np.arange(len(x)) < len(x) - 253, np.nan, x)
    z = by_session(young)
    assert np.isfinite(z[-1])
    assert np.isnan(z[:-1]).all()
    assert np.isnan(by_session(np.where(x > 2, x, 0.0))).all()


def test_a_slow_point_counts_from_when_it_was_known_and_not_for_long() -> None:
    friday, known = date(2024, 6, 14), calendar.day_end(date(2024, 6, 14))
    found = held([Point(known, known, friday, 7.0, 1.0)], DAYS, timedelta(days=10), "m", frozenset("s"))
    there = [day for day, x in zip(DAYS[-SESSIONS:], found.x, strict=True) if np.isfinite(x)]
    assert (there[0], there[-1]) == (date(2024, 6, 17), date(2024, 6, 24))
    assert found.told is None


def test_an_older_point_that_comes_late_does_not_replace_a_newer_one() -> None:
    first, then = (calendar.day_end(date(2024, 6, day)) for day in (20, 24))
    newer = Point(first, first, date(2024, 6, 20), 1.0, 1.0)
    late = Point(then, then, date(2024, 6, 7), 9.0, 2.0)
    assert held([late, newer], DAYS, timedelta(days=10), "m", frozenset("s")).x[-1] == 1.0


def test_two_measures_of_one_input_are_never_mixed_in_a_number() -> None:
    nothing = np.full(SESSIONS, np.nan)
    prints = Course(nothing.copy(), nothing.copy(), LAST, "prints", frozenset("a"))
    prints.x[-3:], prints.z[-1] = 5.0, 2.0
    other = Course(np.ones(SESSIONS), np.ones(SESSIONS), LAST, "totals", frozenset("b"))
    found = better(prints, other)
    assert (found.z[-1], found.z[-2], found.measure) == (2.0, 1.0, "prints")
    assert found.sources == {"a", "b"}


# the signal


def test_the_whole_is_what_its_parts_say(rows: World, tape: Path) -> None:
    signal = reading(rows, tape)
    facts = signal.facts
    parts = facts["components"]
    assert signal.subject == MARKET
    assert facts["coverage"] == 1
    assert sum(each["contribution"] for each in parts.values()) == pytest.approx(
        facts["index"] - 50, abs=1e-9
    )
    assert signal.strength == pytest.approx((facts["index"] - 50) / 50, abs=1e-4)
    assert signal.quality == "B"
    assert signal.state == facts["regime"]
    assert parts["options"]["as_of"] == "2024-06-28"
    # of the evening's file nobody knew when the session settled; June is not over
    assert (parts["off_exchange"]["as_of"], parts["insiders"]["as_of"]) == ("2024-06-27", "2024-05-31")
    assert parts["off_exchange"]["measure"] == "FINRA short share"
    assert {"finra", "unusual_whales", "index_eps", "sec_form4", "bars"} <= set(
        signal.source.replace("(", " ").replace(")", "").replace(",", "").split()
    )
    words = [name for name in mood.BANDS.values() if facts[name] is not None]
    assert words == [next(word for most, word in mood.BANDS.items() if round(facts["index"]) <= most)]
    assert mood.BANDS == {24: "extreme_fear", 44: "fear", 55: "balance", 75: "greed", 100: "extreme_greed"}


def test_more_bought_cheaper_and_broader_is_always_more_bullish(rows: World, tape: Path) -> None:
    """The direction of each input, as its table says."""
    base = mood._read(frames(rows, calendar.settled(LAST), tape))
    assert base is not None
    bull = rows[OptionDay].assign(bullish_premium_e4=rows[OptionDay]["bullish_premium_e4"])
    bull.loc[bull.index[-1], ["bullish_premium_e4", "bearish_premium_e4"]] = [2 * 10**13, 10]
    dear = rows[IndexEps].copy()
    dear.loc[dear.index[-1], "close_e4"] *= 3
    short = rows[ShortVolume].copy()
    short.loc[short.index[-2], "short_volume"] = 10**6
    bought = rows[InsiderTrade].copy()
    bought.loc[bought["known_at"] >= pd.Timestamp("2024-05-01", tz="UTC"), ["code", "acquired"]] = ["P", "A"]
    for name, kind, changed, sign in (
        ("options", OptionDay, bull, 1), ("valuation", IndexEps, dear, -1),
        ("off_exchange", ShortVolume, short, 1), ("insiders", InsiderTrade, bought, 1),
    ):  # fmt: skip
        found = mood._read(frames({**rows, kind: changed}, calendar.settled(LAST), tape))
        assert found is not None
        assert sign * (found.courses[name].z[-1] - base.courses[name].z[-1]) > 0, name


def test_with_too_little_known_it_pauses_and_says_how_much_is(rows: World, tape: Path) -> None:
    few = {**rows, OptionDay: rows[OptionDay][:0], ShortVolume: rows[ShortVolume][:0], Bar: rows[Bar][:0]}
    signal = reading(few, tape)
    assert (signal.state, signal.strength, signal.quality) == ("paused", 0.0, "C")
    assert signal.facts["index"] is None
    assert signal.facts["state_since"] is None
    assert signal.facts["paused_coverage"] == pytest.approx(0.4)
    assert signal.facts["components"]["options"]["value"] is None
    assert signal.facts["components"]["options"]["contribution"] is None
    assert mood.chart(frames(few, calendar.settled(LAST), tape), signal).panels[0].rows


def test_of_others_than_the_market_nothing_is_said(rows: World, tape: Path) -> None:
    assert not list(compute(frames(rows, calendar.settled(LAST), tape), ["NVDA"]))
    empty = {kind: table[:0] for kind, table in rows.items()}
    assert not list(compute(frames(empty, calendar.settled(LAST), tape), None))


def test_within_a_session_it_is_that_of_the_session_before(rows: World, tape: Path) -> None:
    (early,) = compute(frames(rows, calendar.close(LAST), tape), None)
    assert early.facts["session"] == calendar.shift(LAST, -1).isoformat()
    assert early.facts["index"] == pytest.approx(reading(rows, tape, calendar.shift(LAST, -1)).facts["index"])


# the tape


def test_option_prints_count_as_known_when_their_session_settled(tmp_path: Path) -> None:
    """30,000 USD of calls bought and 10,000 sold; what comes later that evening is not of the session."""
    store, (first, second) = TapeStore(tmp_path), DAYS[-2:]
    for day, late in ((first, 0), (second, 1)):
        moment = calendar.opening(day)
        after = calendar.settled(day) + timedelta(minutes=late)
        plain = {"event_at": moment, "known_at": moment}
        prints = [
            {**plain, "size": 120, "price_e4": 25_500},
            {**plain, "size": 40, "price_e4": 24_500},
            {**plain, "size": 9_000, "price_e4": 25_500, "known_at": after},
        ]
        table = pa.Table.from_batches([option_batch(prints)]).drop_columns(["row_id"])
        store.append(OPTION_TRADES, table)
    empty = {kind: table[:0] for kind, table in world(days=DAYS[:9]).items()}
    x = mood.options(frames(empty, calendar.day_end(second), tmp_path), DAYS[-SESSIONS - HISTORY :]).x
    bought, sold = 120 * 255.0, 40 * 245.0
    assert x[-1] == pytest.approx(np.log((bought + 1e6) / (sold + 1e6)))
    assert x[-2] == pytest.approx(np.log((bought + 9_000 * 255.0 + 1e6) / (sold + 1e6)))
    assert np.isnan(x[:-2]).all()


def test_stock_prints_off_the_exchanges_count_and_half_of_what_has_no_side_stands_on_both(
    tmp_path: Path,
) -> None:
    dark_stage.put(TapeStore(tmp_path), LAST, *dark_stage.lean(3_000, 1_000, 500))
    empty = {kind: table[:0] for kind, table in world(days=DAYS[:9]).items()}
    seen = frames(empty, calendar.settled(LAST), tmp_path)
    x = mood.off_exchange(seen, DAYS[-SESSIONS - HISTORY :], None).x
    assert x[-1] == pytest.approx(np.log((3e6 + 1.25e6) / (1e6 + 1.25e6)))


# never ahead


@given(back=st.integers(1, 120))
@settings(max_examples=8, deadline=None)
def test_what_a_session_said_never_changes_by_what_comes_later(back: int, rows: World, tape: Path) -> None:
    """Also where the look-back has moved on by then."""
    then = calendar.shift(LAST, -back)
    early = mood._read(frames(rows, calendar.settled(then), tape))
    late = mood._read(frames(rows, calendar.settled(LAST), tape))
    assert early is not None
    assert late is not None
    at = late.days.index(then)
    for name, course in early.courses.items():
        assert late.courses[name].x[at] == pytest.approx(course.x[-1], nan_ok=True), name
        assert late.courses[name].z[at] == pytest.approx(course.z[-1], nan_ok=True), name
    # the average of the later one begins later
    if at > 60:
        assert late.composite.index[at] == pytest.approx(early.composite.index[-1], abs=1e-6)


def test_a_later_correction_amendment_or_posting_does_not_reach_back(rows: World, tape: Path) -> None:
    then = calendar.shift(LAST, -40)
    cut = pd.Timestamp(calendar.settled(then))
    changed = dict(rows)
    for kind, columns in (
        (IndexEps, {"eps_e4": 9_000_000}), (ShortVolume, {"short_volume": 1}),
        (OptionDay, {"bullish_premium_e4": 1, "source": "other"}),
    ):  # fmt: skip
        old = rows[kind][rows[kind]["known_at"] <= cut].tail(20)
        again = old.assign(known_at=cut + pd.Timedelta(days=3), id=10**6 + np.arange(20), **columns)
        changed[kind] = pd.concat([rows[kind], again], ignore_index=True)
    filed = rows[InsiderTrade]
    amended = filed[(filed["known_at"] <= cut) & (filed["code"] == "P")].tail(30).assign(
        known_at=cut + pd.Timedelta(days=3), form="4/A", filing="again", usd_e4=1, shares=9, price=None
    )  # fmt: skip
    changed[InsiderTrade] = pd.concat([filed, amended], ignore_index=True)
    plain, late = (mood._read(frames(each, calendar.settled(LAST), tape)) for each in (rows, changed))
    assert plain is not None
    assert late is not None
    at = plain.days.index(then)
    for name in plain.courses:
        shown = slice(SESSIONS - 100, at + 1)
        assert late.courses[name].z[shown] == pytest.approx(plain.courses[name].z[shown], nan_ok=True), name
    # and it does count once it is known
    assert late.courses["valuation"].z[at + 10] != plain.courses["valuation"].z[at + 10]


def test_the_shortcut_through_the_estimates_sees_what_each_moment_saw(rows: World, tape: Path) -> None:
    """Each week's z is minus that of the S&P's own signal at that week."""
    late = mood._read(frames(rows, calendar.settled(LAST), tape))
    assert late is not None
    for back in (3, 90, 200):
        day = calendar.shift(LAST, -back)
        points = points_of(frames(rows, calendar.settled(day), tape))
        assert points is not None
        history = points.ln_pe[:-1]
        assert late.courses["valuation"].x[late.days.index(day)] == pytest.approx(-points.ln_pe[-1])
        middle = np.median(history)
        spread = 1.4826 * np.median(np.abs(history - middle))
        z = np.clip(-(points.ln_pe[-1] - middle) / spread, -MOST_Z, MOST_Z)
        assert late.courses["valuation"].z[late.days.index(day)] == pytest.approx(z)
        assert deviation_facts(points)["z"] is None or deviation_facts(points)["z"] == pytest.approx(
            -z, abs=1e-9
        )


def test_the_chart_shows_half_a_year_of_it_and_every_input(rows: World, tape: Path) -> None:
    signal = reading(rows, tape)
    drawn = INDICATOR.chart(frames(rows, calendar.settled(LAST), tape), signal)
    line = next(series for series in drawn.panels[0].series if series.kind == "line")
    assert (len(drawn.days), drawn.days[-1]) == (126, "2024-06-28")
    assert line.values[-1] == signal.facts["index"]
    assert [row.name for row in drawn.panels[1].rows] == [each.label for each in INPUTS]


def test_every_input_says_why_its_plus_is_bullish() -> None:
    assert [each.name for each in INPUTS] == ["options", "insiders", "valuation", "off_exchange", "sectors"]
    assert all(each.reason in INDICATOR.method for each in INPUTS)
    assert len(INDICATOR.method) <= 1200
