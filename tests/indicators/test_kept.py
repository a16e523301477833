"""What was made of rows is kept from moment to moment; a row that comes late is never missed by it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from eps_stage import bar, company, eps, weeks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insider_stage import trade
from sqlalchemy import Engine

from indicators import _eps_points, eps_deviation, insiders, sentiment
from indicators._mood_inputs import Course, axis
from indicators._mood_slow import insiders as months
from indicators._mood_slow import valuation
from storage import calendar, frames
from storage.database import connect, migrate, writing
from storage.intake import insert_new
from storage.tables import Bar, CompanyEps, IndexEps, InsiderTrade
from storage.tape import TapeStore

LAST = date(2024, 3, 1)
#: few of them: a past is slow to look at
WEEKS = weeks(120, LAST)[11::12]
OWNERS = ("11", "12", "13")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without a row."""
    path = tmp_path_factory.mktemp("kept") / "empty.sqlite"
    engine = connect(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@contextmanager
def copy_of(empty: Path) -> Iterator[Engine]:
    """A database of its own, of which nothing is kept."""
    with TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{shutil.copy(empty, folder)}")
        yield engine
        engine.dispose()


@pytest.fixture
def market(empty: Path) -> Iterator[Engine]:
    with copy_of(empty) as engine:
        yield engine


def add(engine: Engine, kind: Any, *rows: dict) -> None:
    with writing(engine) as session:
        insert_new(session, kind, [{name: row[name] for name in row if name != "id"} for row in rows])


def looks(engine: Engine, indicator: Any, as_of: datetime) -> tuple[frames.Frames, frames.Frames]:
    """What is there, with what was kept and without."""
    tapes = TapeStore(Path("nowhere"))
    seen = frames.read(engine, tapes, indicator.inputs, as_of=as_of, lookback=indicator.lookback)
    return seen, replace(seen, keep=None)


def same(kept: Course, anew: Course) -> bool:
    arrays = zip((kept.x, kept.z), (anew.x, anew.z), strict=True)
    return all(np.array_equal(one, other, equal_nan=True) for one, other in arrays) and (
        (kept.told, kept.sources) == (anew.told, anew.sources)
    )


filed = st.tuples(
    st.sampled_from("PSM"), st.integers(0, 60), st.integers(0, 40), st.sampled_from(OWNERS),
    st.sampled_from(["4", "4/A"]), st.sampled_from([100.0, 5e5]),
)  # fmt: skip


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.lists(filed, max_size=4), st.integers(0, 90)), min_size=2, max_size=5))
def test_filings_are_judged_as_if_for_the_first_time(
    empty: Path, steps: list[tuple[list[tuple[Any, ...]], int]]
) -> None:
    with copy_of(empty) as engine:
        for lines, moment in steps:
            for code, age, late, owner, form, usd in lines:
                day = LAST - timedelta(days=age)
                known = calendar.new_york(day + timedelta(days=late), time(12))
                add(engine, InsiderTrade, trade(code, usd, day, known, owner_ciks=owner, form=form))
            as_of = calendar.day_end(LAST - timedelta(days=60 - moment))
            kept, anew = looks(engine, insiders.INDICATOR, as_of)
            assert list(insiders.compute(kept, None)) == list(insiders.compute(anew, None))
            kept, anew = looks(engine, sentiment.INDICATOR, as_of)
            assert same(months(kept, axis(as_of)), months(anew, axis(as_of)))


#: estimates before the newest estimate, days until it was known, who says it, what it is, or a close
late = st.tuples(st.integers(0, 6), st.integers(0, 30), st.sampled_from(["factset", "spdji", "^GSPC"]),
                 st.integers(200, 260))  # fmt: skip


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.lists(late, max_size=3), st.integers(0, 40)), min_size=2, max_size=5))
def test_estimates_and_closes_that_come_late_change_every_point_they_change(
    empty: Path, steps: list[tuple[list[tuple[int, int, str, int]], int]]
) -> None:
    with copy_of(empty) as engine:
        estimates(engine)
        for rows, moment in steps:
            for age, days, who, value in rows:
                day = WEEKS[-1 - age]
                known = calendar.day_end(day + timedelta(days=days))
                if who == "^GSPC":
                    add(engine, Bar, bar(who, day, 20.0 * value, known_at=known))
                else:
                    add(engine, IndexEps, eps(day, value, vendor=who, known_at=known))
            check(engine, calendar.settled(calendar.shift(LAST, moment - 20)))


def estimates(engine: Engine) -> None:
    """Two vendors' estimates without the index, and the fund's closes: no shortcut is allowed."""
    dice = np.random.default_rng(0)
    for place, day in enumerate(WEEKS):
        add(engine, IndexEps, eps(day, 220 + place), eps(day, 219 + place, vendor="spdji"))
        session = calendar.last_session(calendar.day_end(day))
        add(engine, Bar, bar("SPY", session, 400 * float(np.exp(0.05 * dice.standard_normal()))))


def check(engine: Engine, as_of: datetime) -> None:
    kept, anew = looks(engine, sentiment.INDICATOR, as_of)
    assert same(valuation(kept, axis(as_of)), valuation(anew, axis(as_of)))
    kept, anew = looks(engine, eps_deviation.INDICATOR, as_of)
    assert list(eps_deviation.compute(kept, None)) == list(eps_deviation.compute(anew, None))


def test_one_more_estimate_makes_one_more_point_and_the_others_stay(
    market: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[datetime] = []
    make = _eps_points._points_of
    monkeypatch.setattr(_eps_points, "_points_of", lambda seen: made.append(seen.as_of) or make(seen))
    estimates(market)
    as_of = calendar.settled(calendar.shift(LAST, 2))
    kept, _ = looks(market, sentiment.INDICATOR, as_of)
    valuation(kept, axis(as_of))
    assert len(made) > 4
    made.clear()
    # a day later there is a close more, which is beside no estimate
    add(market, Bar, bar("SPY", calendar.last_session(as_of), 410.0))
    kept, _ = looks(market, sentiment.INDICATOR, as_of + timedelta(days=1))
    valuation(kept, axis(as_of + timedelta(days=1)))
    assert made == []
    add(market, IndexEps, eps(LAST + timedelta(days=7), 255.0))
    as_of = calendar.settled(calendar.shift(LAST, 6))
    kept, _ = looks(market, sentiment.INDICATOR, as_of)
    valuation(kept, axis(as_of))
    assert made == [as_of, calendar.day_end(LAST + timedelta(days=7))]


def test_a_close_stored_late_stands_beside_the_estimate_of_its_day(market: Engine) -> None:
    estimates(market)
    as_of = calendar.settled(LAST + timedelta(days=3))
    check(market, as_of)
    before = valuation(looks(market, sentiment.INDICATOR, as_of)[0], axis(as_of))
    for day in WEEKS[-3:]:
        add(market, Bar, bar("^GSPC", calendar.last_session(calendar.day_end(day)), 4800.0))
    check(market, as_of)
    after = valuation(looks(market, sentiment.INDICATOR, as_of)[0], axis(as_of))
    assert not same(before, after)


def test_companies_that_come_late_are_counted(market: Engine) -> None:
    day, as_of = LAST, calendar.day_end(LAST + timedelta(days=4))
    add(market, CompanyEps, *(company(n, day, 10**9, 50.0, 2.0, 3.0) for n in range(60)))
    check(market, as_of)
    add(market, CompanyEps, *(company(n, day, 10**11, 50.0, 6.0, 9.0) for n in range(60, 70)))
    check(market, as_of)


def test_a_line_of_another_code_stored_late_brings_its_ticker(market: Engine) -> None:
    add(market, InsiderTrade, trade(day=LAST))
    as_of = calendar.day_end(LAST + timedelta(days=5))
    told = [each.subject for each in insiders.compute(looks(market, insiders.INDICATOR, as_of)[0], None)]
    add(market, InsiderTrade, trade("A", day=LAST, symbol="LATE"))
    more = [each.subject for each in insiders.compute(looks(market, insiders.INDICATOR, as_of)[0], None)]
    assert (told, more) == (["ACME", "MARKET"], ["ACME", "LATE", "MARKET"])


def test_a_look_at_one_company_takes_no_place_from_the_whole(market: Engine) -> None:
    of_one = frames.read(
        market, TapeStore(Path("nowhere")), (InsiderTrade,), as_of=calendar.day_end(LAST),
        lookback=timedelta(days=30), symbols=["ACME"],
    )  # fmt: skip
    assert of_one.keep is None
