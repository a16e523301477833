"""The worked numbers of index earnings, through the code that ships; each by its id in the list of checks."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eps_stage import eps, spx

from feeds import Raw
from feeds.index_eps import parse
from indicators._eps_companies import contributions
from indicators._eps_trend import YEAR, slope, years
from storage.tables import IndexEps

#: FactSet's note on the forward P/E: date, close, forward EPS, P/E as printed
PUBLISHED = {
    date(2004, 12, 31): ("1211.92", "70.79", 17.1),
    date(2014, 12, 31): ("2058.90", "126.90", 16.2),
    date(2015, 2, 19): ("2097.45", "122.72", 17.1),
    date(2016, 2, 4): ("1915.45", "124.29", 15.4),
    date(2025, 10, 29): ("6890.59", "298.56", 23.1),
}
#: the vector by which least squares keep the identity and Theil–Sen does not
PRICES, EARNINGS = [100, 102, 101, 105, 107, 110], [5, 5.01, 5.02, 5.02, 5.05, 5.06]


def published() -> list[dict]:
    """The published table as a file of our own columns, read by the feed."""
    lines = ["published_at,index_close,forward_eps,basis"]
    lines += [f"{day},{close},{earned},adjusted" for day, (close, earned, _) in PUBLISHED.items()]
    parsed = parse(Raw("factset.csv", "\n".join(lines).encode()))
    assert not parsed.bad
    return [row | {"id": place} for place, row in enumerate(parsed.accepted[IndexEps].to_pylist())]


def pe_on(day: date) -> float:
    return spx([row for row in published() if row["vintage"] <= day]).facts["pe"]


def chained() -> float:
    """P/E 17.9 in April 2025; until October the index rose 38.3 %, earnings 7.1 %."""
    rows = [eps(date(2025, 4, 8), 100.0, 1790.0), eps(date(2025, 10, 29), 107.1, 1790 * 1.383)]
    signal = spx(rows)
    assert signal.facts["multiple_share"] == pytest.approx(0.78846, abs=5e-6)
    return signal.facts["pe"]


def covid() -> float:
    table = years(
        [date(2020, 2, 19), date(2020, 3, 12)], np.array([3386.15, 2480.64]), np.ones(2), date(2020, 4, 1)
    )
    return table[0]["index"]


def per_step(values: list[float]) -> float:
    return slope(np.arange(6.0), np.log(np.array(values, float))) / YEAR


COMPUTED: dict[str, Callable[[], float]] = {
    "C063": lambda: pe_on(date(2025, 10, 29)),
    "C064": lambda: pe_on(date(2015, 2, 19)),
    "C066": lambda: pe_on(date(2004, 12, 31)),
    "C067": lambda: pe_on(date(2016, 2, 4)),
    "C068": chained,
    "C070": covid,
    "C072": lambda: contributions([0.07], [0.01]).item(),
    "C073": lambda: per_step([p / e for p, e in zip(PRICES, EARNINGS, strict=True)]),
}


@pytest.fixture(scope="module")
def checks(recordings: Path) -> dict[str, dict[str, Any]]:
    """The worked numbers of index earnings, by id."""
    lines = (recordings.parent / "facts" / "checks.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines) if row["ind"] == 3}


def test_every_worked_number_is_computed(checks: dict[str, Any]) -> None:
    assert set(checks) == set(COMPUTED)


@pytest.mark.parametrize("name", COMPUTED)
def test_the_shipped_code_gives_the_worked_number(name: str, checks: dict) -> None:
    assert COMPUTED[name]() == pytest.approx(checks[name]["expected"], abs=checks[name]["tol"])


@pytest.mark.parametrize("day", PUBLISHED)
def test_the_published_multiples_come_out_as_printed(day: date) -> None:
    assert round(pe_on(day), 1) == PUBLISHED[day][2]


def test_the_slopes_of_index_less_earnings_are_that_of_the_multiple() -> None:
    assert per_step(PRICES) == pytest.approx(0.0188274, abs=5e-8)
    assert per_step(EARNINGS) == pytest.approx(0.0023857, abs=5e-8)
    assert per_step(PRICES) - per_step(EARNINGS) == pytest.approx(COMPUTED["C073"](), abs=1e-12)


def test_contributions_of_an_index_sum_to_its_return() -> None:
    weights, returns = np.array([0.5, 0.3, 0.2]), np.array([0.02, -0.01, 0.03])
    before = 1000 * weights
    after = before * (1 + returns)
    assert contributions(weights, returns).sum() == pytest.approx(after.sum() / before.sum() - 1, abs=1e-12)
