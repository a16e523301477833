"""What becomes known later changes no card of before: neither facts, names, prices nor filings."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from feeds._fact_lines import entity, fact
from indicators import Signal
from indicators.valuation import INDICATOR
from storage import calendar, frames
from storage.database import connect, migrate, writing
from storage.intake import insert_new
from storage.tables import Bar, CompanyFigure, Entity, Fact, MarketRow
from storage.tape import TapeStore

#: a Tuesday, 20:00 in New York
START = datetime(2026, 1, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 6
PEERS = ("AAA", "BBB", "CCC", "DDD", "EEE")
Row = tuple[type[MarketRow], dict[str, Any]]

#: metric, kind, basis, period
CLAIMS = (
    ("valuation", "reported", "secondary", None),
    ("valuation", "rumoured", "round", None),
    ("valuation", "rumoured", "ipo_target", None),
    ("revenue", "reported", "fiscal", "2024"),
    ("revenue", "reported", "fiscal", "2025"),
    ("forecast_revenue", "forecast", "forecast", "2026"),
    ("forecast_revenue", "forecast", "forecast", "2029"),
    ("revenue_run_rate", "reported", "run_rate", "end of 2025"),
    ("fundraise_ipo", "rumoured", "unstated", None),
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without a row."""
    path = tmp_path_factory.mktemp("as_of") / "empty.sqlite"
    engine = connect(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@contextmanager
def copy_of(empty: Path) -> Iterator[tuple[Engine, TapeStore]]:
    with TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{shutil.copy(empty, folder)}")
        yield engine, TapeStore(Path(folder) / "tape")
        engine.dispose()


def claimed(known: datetime, claim: int, billions: int, number: int, replaces: str | None) -> Row:
    metric, kind, basis, period = CLAIMS[claim]
    told = {
        "id": f"X{number}", "entity": "Acme", "metric": metric, "kind": kind, "basis": basis,
        "period": period, "value": billions * 10**9, "unit": "money", "currency": "USD",
        "as_of": "2025-12", "publisher": "P", "published": "2025-12-31", "replaces": replaces,
    }  # fmt: skip
    return Fact, fact(told, "test", known)


def staged(known: datetime, stage: str, number: int) -> Row:
    told = {
        "id": f"X{number}", "entity": "Acme", "metric": "ipo_stage", "kind": "reported", "said": stage,
        "unit": "text", "as_of": "2025-12-30", "publisher": "P", "published": "2025-12-31",
    }  # fmt: skip
    return Fact, fact(told, "test", known)


def named(known: datetime, peers: int, ticker: str | None, alias: str) -> Row:
    told = {"entity": "Acme", "aliases": [alias], "ticker": ticker, "peers": list(PEERS[:peers])}
    return Entity, entity(told, "test", known)


def priced(known: datetime, symbol: str, dollars: int) -> Row:
    session = calendar.last_session(known)
    cells = dict.fromkeys(("open_e4", "high_e4", "low_e4", "close_e4"), dollars * 10_000)
    common = {"symbol": symbol, "session": session, "volume": 1, "source": f"test {dollars}"}
    return Bar, {"event_at": calendar.close(session), "known_at": known, **common, **cells}


def filed(known: datetime, symbol: str, figure: str, millions: int) -> Row:
    start = date(2025, 12, 31) if figure == "shares" else date(2025, 1, 1)
    return CompanyFigure, {
        "event_at": calendar.close(date(2025, 12, 31)), "known_at": known, "symbol": symbol, "start": start,
        "figure": figure, "end": date(2025, 12, 31), "value": millions * 10**6, "form": "10-K",
        "accession": f"{known:%Y%m%d}-{millions}", "source": "test",
    }  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """A company with peers, and what becomes known of both over some days, in order."""
    symbols = st.sampled_from(("ACME", *PEERS))
    rows: list[Row] = [named(START, 5, None, "Acme Inc"), claimed(START, 0, 100, 0, None)]
    rows += [claimed(START, 4, 5, 1, None)]
    for place, symbol in enumerate(PEERS):
        rows += [priced(START, symbol, 10 + place), filed(START, symbol, "shares", 100)]
        rows += [filed(START, symbol, "revenue", 100)]
    for number in range(2, 2 + draw(st.integers(4, 12))):
        known = START + DAY * draw(st.integers(1, DAYS))
        kind = draw(st.sampled_from(("claim", "claim", "stage", "name", "price", "filing")))
        if kind == "claim":
            old = draw(st.none() | st.integers(0, number - 1).map("X{}".format))
            made = claimed(
                known, draw(st.integers(0, len(CLAIMS) - 1)), draw(st.integers(1, 900)), number, old
            )
        elif kind == "stage":
            made = staged(known, draw(st.sampled_from(("private", "filed", "priced"))), number)
        elif kind == "name":
            ticker = draw(st.sampled_from((None, "ACME")))
            made = named(known, draw(st.integers(0, 5)), ticker, f"Alias {number}")
        elif kind == "price":
            made = priced(known, draw(symbols), draw(st.integers(1, 500)))
        else:
            figure = draw(st.sampled_from(("shares", "revenue")))
            made = filed(known, draw(symbols), figure, draw(st.integers(50, 900)))
        rows.append(made)
    return sorted(rows, key=lambda row: row[1]["known_at"])


def seen(engine: Engine, tapes: TapeStore, as_of: datetime) -> list[tuple[Signal, Any]]:
    """Every card as of a moment, with its picture."""
    found = frames.read(engine, tapes, INDICATOR.inputs, as_of=as_of, lookback=INDICATOR.lookback)
    return [(signal, INDICATOR.chart(found, signal)) for signal in INDICATOR.compute(found, None)]


def store(engine: Engine, rows: list[Row]) -> None:
    with writing(engine) as session:
        for kind, cells in rows:
            insert_new(session, kind, [cells])


@settings(max_examples=12, deadline=None)
@given(histories())
def test_what_is_known_later_changes_nothing_of_before(empty: Path, rows: list[Row]) -> None:
    moments = [START + DAY * days for days in range(DAYS + 1)]
    with copy_of(empty) as (engine, tapes):
        told = []
        for moment in moments:
            store(engine, [row for row in rows if moment - DAY < row[1]["known_at"] <= moment])
            told.append(seen(engine, tapes, moment))
        assert told[0]
        assert [seen(engine, tapes, moment) for moment in moments] == told
    # and in a house where all of it was there from the beginning
    with copy_of(empty) as (engine, tapes):
        store(engine, rows)
        assert [seen(engine, tapes, moment) for moment in moments] == told


def test_each_kind_of_row_changes_the_card_of_its_day_and_none_before(empty: Path) -> None:
    first = [
        named(START, 5, None, "Acme Inc"), claimed(START, 0, 100, 0, None), claimed(START, 4, 5, 1, None),
        *(priced(START, symbol, 10) for symbol in PEERS),
        *(filed(START, symbol, "shares", 100) for symbol in PEERS),
        *(filed(START, symbol, "revenue", 100) for symbol in PEERS),
    ]  # fmt: skip
    news = [
        claimed(START + DAY, 0, 120, 2, "X0"),
        staged(START + 2 * DAY, "filed", 3),
        named(START + 3 * DAY, 4, None, "Acme Inc"),
        priced(START + 4 * DAY, "AAA", 50),
        filed(START + 5 * DAY, "BBB", "revenue", 200),
    ]
    with copy_of(empty) as (engine, tapes):
        store(engine, first + news)
        cards = [seen(engine, tapes, START + DAY * days)[0][0].facts for days in range(DAYS)]
    assert [mark["value_usd"] // 10**9 for card in cards for mark in card["marks"] if mark["headline"]] == [
        100, 120, 120, 120, 120, 120,
    ]  # fmt: skip
    assert [card["stage"] for card in cards] == ["private"] * 2 + ["filed"] * 4
    assert [card["peer_summary"]["n"] for card in cards] == [5] * 3 + [4] * 3
    assert [card["peers"][0]["multiple"] for card in cards] == [10] * 4 + [50] * 2
    assert [card["peers"][1]["multiple"] for card in cards] == [10] * 5 + [5]
