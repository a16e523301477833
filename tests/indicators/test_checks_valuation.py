"""The worked numbers of valuations, through the code that ships; each by its id in the list of checks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indicators._desk_math import (
    Interval,
    arpu,
    cagr,
    exceeds,
    exit_multiple,
    growth,
    multiple,
    product,
    required_revenue,
    total,
)
from indicators._desk_offering import (
    float_share,
    implied_split,
    new_shares,
    offering_gains,
    parent_shares,
    proceeds,
)

B = 1e9


def point(interval: Interval) -> float:
    assert interval.low == interval.high
    assert interval.low is not None
    return interval.low


def over(value: float, sales: float) -> float:
    return point(multiple(Interval.of(value), Interval.of(sales)))


def monthly(revenue: float, users: float, paying: float = 1) -> float:
    payers = product(Interval.of(users), Interval.of(paying))
    return point(arpu(Interval.of(revenue), payers))


#: valuations of SpaceX on the sales forecast of 2026
TENDER, TARGET = (multiple(Interval.of(mark * B), Interval(22 * B, 24 * B)) for mark in (800, 1500))
#: losses of satellites, by event
LOST = total(map(Interval.of, (2, 78, 99, 88, 316)))
SPAR_SHARES = new_shares(1.723, 2)[-1].value
#: a fifth of 1,000 billion, up by a half on the first day
SIZE, FEE, _, GAIN = offering_gains(1000, 0.20, 0.5)

COMPUTED: dict[str, Callable[[], float | bool | None]] = {
    "C001": lambda: over(830 * B, 12.7 * B),
    "C002": lambda: growth(3.7, 12.7),
    "C003": lambda: over(830, 100),
    "C004": lambda: over(830, 200),
    "C006": lambda: growth(29, 157) + 1,
    "C011": lambda: exit_multiple(830, 100, 0.15, 4),
    "C014": lambda: over(43, 100),
    "C015": lambda: point(product(Interval.of(810e6), Interval.of(0.05))),
    "C016": lambda: monthly(8 * B, 810e6, 0.05),
    "C017": lambda: monthly(1.75 * B, 73e6, 0.10),
    "C018": lambda: over(5 * B, 125_000),
    "C019": lambda: over(1.5e6, 1.25),
    "C021": lambda: over(1500, 15),
    "C022": lambda: TENDER.low,
    "C023": lambda: TENDER.high,
    "C024": lambda: TARGET.low,
    "C025": lambda: TARGET.high,
    "C026": lambda: growth(15, 22),
    "C027": lambda: growth(15, 24),
    "C029": lambda: growth(1.3, 800) + 1,
    "C030": lambda: exceeds(Interval.of(30), Interval.of(29)),
    "C032": lambda: float_share(30, 1500)[-1].value,
    "C033": lambda: SPAR_SHARES,
    "C034": lambda: parent_shares(1.723, 0.0611, 0.5)[-1].value,
    "C035": lambda: proceeds(SPAR_SHARES, 11.03, 4)[-1].value,
    "C036": lambda: proceeds(SPAR_SHARES, 42, 4)[-1].value,
    "C037": lambda: implied_split(1500, 11.03, 800, 421)[-1].value,
    "C038": lambda: GAIN.value,
    "C039": lambda: FEE.value,
    "C040": lambda: cagr(0.38, 2.3, 9),
    "C041": lambda: monthly(point(product(Interval.of(15 * B), Interval.of(0.5))), 7.65e6),
    "C043": lambda: point(LOST),
    # one in fifteen was lost
    "C044": lambda: point(product(LOST, Interval.of(15))),
    "C045": lambda: over(10_000, point(LOST)),
    "C046": lambda: over(135, 3),
}


@pytest.fixture(scope="module")
def checks(recordings: Path) -> dict[str, dict[str, Any]]:
    """The worked numbers of valuations, by id."""
    lines = (recordings.parent / "facts" / "checks.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines) if row["ind"] == 7}


def test_every_worked_number_is_computed(checks: dict[str, Any]) -> None:
    assert set(checks) == set(COMPUTED)


@pytest.mark.parametrize("name", COMPUTED)
def test_the_shipped_code_gives_the_worked_number(name: str, checks: dict) -> None:
    assert COMPUTED[name]() == pytest.approx(checks[name]["expected"], abs=checks[name]["tol"] + 1e-9)


def test_spacex_at_the_tender_is_53_times_the_sales_of_its_year() -> None:
    assert over(800 * B, 15 * B) == pytest.approx(53.33, abs=0.005)


def test_openais_forecasts_are_growth_of_67_and_74_percent_a_year() -> None:
    assert cagr(12.7, 100, 4) == pytest.approx(0.6751, abs=5e-5)
    assert cagr(12.7, 200, 5) == pytest.approx(0.7356, abs=5e-5)


@pytest.mark.parametrize(
    ("annual_return", "exits_at", "revenue", "growth_a_year"),
    [(0.10, 12.15, 121.5, 0.759), (0.15, 14.52, 145.2, 0.839), (0.20, 17.21, 172.1, 0.919),
     (0.25, 20.26, 202.6, 0.999)],
)  # fmt: skip
def test_what_8_times_the_sales_of_2029_leaves_out(annual_return, exits_at, revenue, growth_a_year) -> None:
    assert exit_multiple(830, 100, annual_return, 4) == pytest.approx(exits_at, abs=0.005)
    required = required_revenue(830, 10, annual_return, 4)
    assert required == pytest.approx(revenue, abs=0.05)
    assert cagr(12.7, required, 4) == pytest.approx(growth_a_year, abs=0.0005)


def test_the_proceeds_of_a_right_contradict_those_of_its_shares() -> None:
    assert proceeds(1.723, 11.03)[-1].value == pytest.approx(19.0, abs=0.05)
    assert proceeds(SPAR_SHARES, 11.03)[0].value == pytest.approx(38.01, abs=0.005)


def test_half_or_four_fifths_of_spacexs_sales_are_82_to_131_dollars_a_starlink_user_and_month() -> None:
    of_all = product(Interval.of(15 * B), Interval(0.5, 0.8))
    told = arpu(of_all, Interval.of(7.65e6))
    assert (told.low, told.high) == (pytest.approx(81.70, abs=0.005), pytest.approx(130.72, abs=0.005))
