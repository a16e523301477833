"""The worked numbers of sector momentum, through the code that ships; each by its id in the checks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indicators._sector_evidence import average, rank_correlations, spreads, stays
from indicators.sectors import INDICATOR

FIRST, LAST = (196307, 199507), (199508, 202412)
#: what others published and nobody here can compute again
PUBLISHED = {"C094", "C095", "C096"}

#: months as yyyymm, and returns of 49 industries
Industries = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def industries(recordings: Path) -> Industries:
    """The value-weighted monthly block of French's file; −99.99 is missing."""
    text = (recordings / "reference" / "french_49_industries_202412.csv").read_text(encoding="utf-8")
    block = text.split("Average Value Weighted Returns -- Monthly\n")[1].split("\n\n")[0]
    table = np.array([[float(cell) for cell in line.split(",")] for line in block.splitlines()[1:]])
    assert table.shape == (1182, 50)
    returns = table[:, 1:]
    return table[:, 0].astype(int), np.where(returns <= -99, np.nan, returns / 100)


def within(industries: Industries, span: tuple[int, int]) -> np.ndarray:
    return (industries[0] >= span[0]) & (industries[0] <= span[1])


def momentum(
    months: int, span: tuple[int, int], skip: int = 0
) -> Callable[[Industries], tuple[float, float]]:
    """Top 7 minus bottom 7 in percent a month, and t."""

    def measured(industries: Industries) -> tuple[float, float]:
        found = average(spreads(industries[1], months, 7, skip)[within(industries, span)])
        assert found.n == (385 if span == FIRST else 353)
        return 100 * found.mean, found.t

    return measured


def correlation(span: tuple[int, int]) -> Callable[[Industries], tuple[float, float]]:
    """Rank correlation of months that both lie in the span, and t."""
    return lambda industries: average(rank_correlations(industries[1][within(industries, span)]))[:2]


def staying(span: tuple[int, int], *, turned: bool = False) -> Callable[[Industries], tuple[float, None]]:
    return lambda industries: (
        average(stays(industries[1][within(industries, span)], 7, turned=turned)).mean, None
    )  # fmt: skip


#: the mean, and the t that goes with it
COMPUTED: dict[str, tuple[Callable[[Industries], Any], float | None]] = {
    "C097": (momentum(1, FIRST), 5.661),
    "C098": (momentum(1, LAST), 0.931),
    "C099": (momentum(6, FIRST), 3.160),
    "C100": (momentum(6, LAST), 1.925),
    "C101": (momentum(12, LAST), 2.175),
    "C102": (correlation(FIRST), 7.09),
    "C103": (correlation(LAST), 0.41),
    "C104": (staying(LAST), None),
}


@pytest.fixture(scope="module")
def checks(recordings: Path) -> dict[str, dict[str, Any]]:
    """The worked numbers of sectors, by id."""
    lines = (recordings.parent / "facts" / "checks.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines) if row["ind"] == 5}


def test_every_worked_number_is_computed_or_somebody_elses(checks: dict[str, Any]) -> None:
    assert set(checks) == set(COMPUTED) | PUBLISHED
    assert all(
        "Grundy" in checks[name]["src"] or checks[name]["src"].startswith("same") for name in PUBLISHED
    )


@pytest.mark.parametrize("name", COMPUTED)
def test_the_shipped_code_gives_the_worked_number(name: str, checks: dict, industries: Industries) -> None:
    measure, t = COMPUTED[name]
    mean, found = measure(industries)
    assert mean == pytest.approx(checks[name]["expected"], abs=checks[name]["tol"] + 1e-9)
    assert t is None or found == pytest.approx(t, abs=0.006)


def test_the_other_published_rows_are_given_too(industries: Industries) -> None:
    """Skipping a month, and twelve months of the first half, as the method's table has them."""
    wanted = {
        (6, FIRST, 1): (0.6423, 2.88), (6, LAST, 1): (0.5758, 1.93), (12, FIRST, 0): (1.2066, 4.97),
        (12, FIRST, 1): (1.0949, 4.64), (12, LAST, 1): (0.5718, 1.84),
    }  # fmt: skip
    for (months, span, skip), (mean, t) in wanted.items():
        found = momentum(months, span, skip)(industries)
        assert found == (pytest.approx(mean, abs=5e-4), pytest.approx(t, abs=0.006))


def test_the_base_rates_in_the_method_are_those(industries: Industries) -> None:
    rates = [
        f"{100 * staying(span, turned=turned)(industries)[0]:.1f}"
        for turned in (False, True) for span in (FIRST, LAST)
    ]  # fmt: skip
    assert rates == ["20.8", "18.7", "15.4", "17.9"]
    assert all(rate in INDICATOR.method for rate in rates)
