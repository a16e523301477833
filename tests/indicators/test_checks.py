"""The worked numbers of the method, through the code that ships; each by its id in the list of checks."""

import json
from collections.abc import Callable
from datetime import date
from math import log
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feeds import Raw
from feeds.option_trades import FEED
from indicators._option_facts import leg_facts
from indicators._stats import attenuation, slr
from indicators.insiders import npr
from indicators.options_flow import INDICATOR, compute
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, OptionContract, OptionDay, OptionMinute
from storage.tape import OPTION_QUOTES, OPTION_TRADES, TapeStore

DAYS = calendar.sessions(date(2024, 2, 1), date(2024, 3, 4))
TODAY = DAYS[-1]
HEADER = "executed_at,underlying,expiry,strike,right,price,size,bid,ask,multiplier"


def facts(tapes: TapeStore, *prints: str) -> dict[str, Any]:
    """The facts of ACME on TODAY, from prints `day,right,price,size,multiplier` read like any file."""
    lines = [HEADER]
    for text in prints:
        day, right, price, size, multiplier = text.split(",")
        lines.append(f"{day}T12:00:00-05:00,ACME,2024-12-20,100,{right},{price},{size},,,{multiplier}")
    parsed = FEED.parse(Raw("prints.csv", "\n".join(lines).encode()))
    tapes.append(OPTION_TRADES, parsed.accepted[OPTION_TRADES])
    kinds = (Bar, OptionContract, OptionDay, OptionMinute)
    empty = {kind: pd.DataFrame(columns=list(kind.__table__.columns.keys())) for kind in kinds}
    as_of = calendar.settled(TODAY)
    views = {
        tape.name: tapes.view(tape, as_of, as_of - INDICATOR.lookback)
        for tape in (OPTION_TRADES, OPTION_QUOTES)
    }
    (signal,) = compute(Frames(as_of, views, empty.__getitem__), ["ACME"])
    return dict(signal.facts)


def call_put(tapes: TapeStore, times: int) -> float:
    return log(facts(tapes, f"{TODAY},C,{times},1,100", f"{TODAY},P,1,1,100")["call_put_ratio"])


def surge(tapes: TapeStore) -> float:
    """25.0M on each day before, 61.2M today."""
    before = [f"{day},C,250,1000,100" for day in DAYS[:-1]]
    return facts(tapes, *before, f"{TODAY},C,612,1000,100")["surge"]


def bound(name: str) -> float:
    """28M bullish, 2M bearish, 30M without a side."""
    return leg_facts(0, 0, *(millions * 10**10 for millions in (28, 2, 30, 0)))[name]


COMPUTED: dict[str, Callable[[TapeStore], float]] = {
    "C048": lambda tapes: facts(tapes, f"{TODAY},C,12.5,200,100")["call_usd"],
    "C049": lambda tapes: call_put(tapes, 1510),
    "C050": lambda tapes: call_put(tapes, 357),
    "C052": lambda _: float(slr(3e4, 20, 1e6)),
    "C053": lambda _: float(slr(0, 0, 1e6)),
    "C057": surge,
    "C058": lambda _: float(attenuation(0.656941)),
    "C059": lambda _: float(attenuation(0.597640)),
    "C060": lambda _: bound("ratio_low"),
    "C061": lambda _: bound("ratio_high"),
    "C062": lambda tapes: facts(tapes, f"{TODAY},C,60,1,150")["call_usd"],
    "C120": lambda _: npr(3, 9),
}
#: results of published studies: there is nothing of ours to compute
PUBLISHED = {"C117", "C118", "C119"}


@pytest.fixture(scope="module")
def checks(recordings: Path) -> dict[str, dict[str, Any]]:
    """The worked numbers of options flow and insiders, by id."""
    lines = (recordings.parent / "facts" / "checks.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines) if row["ind"] in (1, 2)}


def test_every_worked_number_is_computed_or_published(checks: dict[str, Any]) -> None:
    assert set(checks) == set(COMPUTED) | PUBLISHED


@pytest.mark.parametrize("name", COMPUTED)
def test_the_shipped_code_gives_the_worked_number(name: str, checks: dict, tapes: TapeStore) -> None:
    assert COMPUTED[name](tapes) == pytest.approx(checks[name]["expected"], abs=checks[name]["tol"] + 1e-9)
