"""The worked numbers of off-exchange trades, through the code that ships; each by its id in the checks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from indicators._dark_facts import leg_facts
from indicators._evidence import compare, forward_returns, mean_where, rank_ic
from indicators._near_high import is_near
from indicators._stats import imb, slr
from indicators._stock_tape import is_retail, retail_zone

BILLION = 10**13  # in ten-thousandths
#: the index with its prices: date, price, dix, gex
Dix = pd.DataFrame


def sold(*legs: float) -> float:
    """Billions sold off the exchanges and in blocks, day after day; what was bought is not told."""
    told = [
        leg_facts(None, round(dark * BILLION), None, round(block * BILLION), None)
        for dark, block in zip(legs[::2], legs[1::2], strict=True)
    ]
    assert all(each["imbalance"] is None for each in told)
    return sum(each["sell_usd"] for each in told) / 1e9


def nvidia(name: str) -> float:
    """1.6 billion bought, 5 sold."""
    return leg_facts(round(1.6 * BILLION), 5 * BILLION, None, None, None)[name]


def nearness() -> float:
    close, high = np.array(462.0), np.array(479.86)
    assert is_near(close, high)
    assert not is_near(close, np.array(488.54))  # the highest price of the year is another base
    return float(close / high)


def zone(price_e4: int) -> float:
    assert is_retail(np.array([price_e4]))[0]
    return int(retail_zone(np.array([price_e4]))[0]) / 100


def high(dix: Dix) -> np.ndarray:
    return dix["dix"].to_numpy() >= 0.45


def since(dix: Dix, first: str, until: str) -> np.ndarray:
    return ((dix["date"] >= first) & (dix["date"] < until)).to_numpy()


def next_close(dix: Dix) -> np.ndarray:
    return forward_returns(dix["price"], 60, wait=1)


def out_of_sample(dix: Dix) -> float:
    chosen = since(dix, "2018-03", "2020")
    return compare(next_close(dix)[chosen], high(dix)[chosen], 60).t_hac


COMPUTED: dict[str, Callable[[Dix], float]] = {
    "C074": lambda _: sold(0.32, 2.3),
    "C076": lambda _: sold(0.32, 2.3, 0.76, 1.9),
    # the two days as they were printed
    "C077": lambda _: sold(2.63, 2.66),
    "C078": lambda _: forward_returns([462, 389], 1)[0],
    "C079": lambda _: nearness(),
    "C080": lambda _: nvidia("ratio"),
    "C081": lambda _: imb(1.6, 5).item(),
    "C082": lambda _: slr(1.6, 5, 0.1).item(),
    "C083": lambda _: forward_returns([202, 180], 1)[0],
    "C085": lambda dix: mean_where(
        forward_returns(dix["price"], 60), high(dix) & since(dix, "2011", "2018-03")
    )[0],
    "C086": lambda dix: compare(next_close(dix), high(dix), 60).mean,
    "C087": lambda dix: compare(next_close(dix), high(dix), 60).other_mean,
    "C088": lambda dix: compare(next_close(dix), high(dix), 60).t,
    "C089": lambda dix: compare(next_close(dix), high(dix), 60).t_hac,
    "C090": out_of_sample,
    "C091": lambda dix: rank_ic(dix["dix"], next_close(dix)),
    "C092": lambda _: zone(100_037),
    "C093": lambda _: zone(100_071),
}


@pytest.fixture(scope="module")
def checks(recordings: Path) -> dict[str, dict[str, Any]]:
    """The worked numbers of off-exchange trades, by id."""
    lines = (recordings.parent / "facts" / "checks.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines) if row["ind"] == 4}


@pytest.fixture(scope="module")
def dix(recordings: Path) -> Dix:
    return pd.read_csv(recordings / "reference" / "DIX.csv", parse_dates=["date"])


def test_every_worked_number_is_computed(checks: dict[str, Any]) -> None:
    assert set(checks) == set(COMPUTED)


@pytest.mark.parametrize("name", COMPUTED)
def test_the_shipped_code_gives_the_worked_number(name: str, checks: dict, dix: Dix) -> None:
    assert COMPUTED[name](dix) == pytest.approx(checks[name]["expected"], abs=checks[name]["tol"] + 1e-9)


def test_the_imbalance_of_facts_is_that_of_the_series() -> None:
    assert nvidia("imbalance") == pytest.approx(imb(1.6, 5).item(), abs=5e-7)
