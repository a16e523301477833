"""The worked numbers of the composite and of its evidence, through the code that ships or its library."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indicators._evidence import best_of, bin_means, rank_ics, sharpe_probability

#: results of published studies: there is nothing of ours to compute
PUBLISHED = {"C116"}
YEAR = np.sqrt(252)


def deflated(trials: int | None) -> float:
    """A Sharpe ratio of 1.8 a year in two years of days, the ratios tried having a deviation of 1 a year."""
    luck = 0.0 if trials is None else best_of(trials) / YEAR
    return sharpe_probability(1.8 / YEAR, luck, 504, -0.6, 4.5)


def block_length(kind: str) -> float:
    """Politis and White's length for an autoregression of 0.3."""
    from arch.bootstrap import optimal_block_length

    noise = np.random.RandomState(0).standard_normal(10_100)
    series = noise.copy()
    for place in range(1, len(series)):
        series[place] += 0.3 * series[place - 1]
    return float(optimal_block_length(series[100:])[kind].iloc[0])


def ic(*, reversed_order: bool = False) -> float:
    factor = np.array([[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]])
    found = rank_ics(factor, -factor if reversed_order else factor)
    assert found[0] == found[1]
    return float(found[0])


def bins() -> list[float]:
    """Prices grow by half, half, a fifth, and not at all for three; two dates, two of six names in bin 1."""
    growth = np.array([[1.5, 1.5, 1.2, 1.0, 1.0, 1.0]] * 2)
    return bin_means([[1, 2, 2, 1, 2, 2], [2, 1, 1, 2, 2, 2]], growth - 1).tolist()


def rejected(method: str) -> int:
    from statsmodels.stats.multitest import multipletests

    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
    return int(multipletests(p, 0.05, method)[0].sum())


COMPUTED: dict[str, Callable[[], float]] = {
    "C107": lambda: best_of(100),
    "C108": lambda: best_of(1000),
    "C110": lambda: deflated(40),
    "C111": lambda: block_length("stationary"),
    "C112": lambda: block_length("circular"),
    "C113": ic,
    "C114": lambda: bins()[0],
    "C115": lambda: rejected("fdr_bh"),
}


@pytest.fixture(scope="module")
def checks(recordings: Path) -> dict[str, dict[str, Any]]:
    """The worked numbers of the composite, by id."""
    lines = (recordings.parent / "facts" / "checks.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines) if row["ind"] == 6}


def test_every_worked_number_is_computed_or_published(checks: dict[str, Any]) -> None:
    assert set(checks) == set(COMPUTED) | PUBLISHED


@pytest.mark.parametrize("name", COMPUTED)
def test_the_shipped_code_gives_the_worked_number(name: str, checks: dict[str, Any]) -> None:
    assert COMPUTED[name]() == pytest.approx(checks[name]["expected"], abs=checks[name]["tol"] + 1e-9)


def test_the_numbers_beside_them_hold_too() -> None:
    assert [round(best_of(n), 4) for n in (10, 40)] == [1.5746, 2.1895]
    assert deflated(None) == pytest.approx(0.993, abs=5e-4)
    assert ic(reversed_order=True) == pytest.approx(-1)
    assert bins()[1] == pytest.approx(0.15)
    assert (rejected("fdr_by"), rejected("bonferroni")) == (1, 1)


def test_a_bin_without_names_has_no_mean_and_unknown_outcomes_count_nowhere() -> None:
    found = bin_means([[1, 1, 3], [1, 0, 3]], [[0.1, np.nan, 0.3], [0.3, 9.0, np.nan]])
    assert found == pytest.approx([0.2, np.nan, 0.3], nan_ok=True)
