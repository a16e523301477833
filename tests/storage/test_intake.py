"""Rows in are rows out: once each, as of when they were known, on SQLite and on Postgres."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from feeds import Bad, Parsed, rows_to_table
from storage import calendar
from storage.database import reading, schema_revision, writing
from storage.frames import read
from storage.intake import insert_new, known_names, quarantined, store
from storage.tables import Bar, FeedRead, InsiderTrade, Person
from storage.tape import TapeStore

DAY = date(2024, 3, 4)
CLOSE = calendar.close(DAY)


def bar(symbol: str = "ACME", day: date = DAY, close_e4: int = 100_0000) -> dict:
    at = calendar.close(day)
    return {
        "event_at": at, "known_at": at, "source": "test", "symbol": symbol, "session": day,
        "open_e4": 99_0000, "high_e4": 101_0000, "low_e4": 98_0000, "close_e4": close_e4, "volume": 10,
    }  # fmt: skip


def keep(engine: Engine, tapes: TapeStore, parsed: Parsed, body: bytes = b"x", name: str = "one.csv"):
    return store(
        engine, tapes, feed="test", name=name, body=body, accepted=dict(parsed.accepted),
        bad=[(bad.reason, bad.row) for bad in parsed.bad], now=CLOSE,
    )  # fmt: skip


def test_received_is_accepted_plus_quarantined_and_a_second_load_changes_nothing(
    engine: Engine, tapes: TapeStore
) -> None:
    # NA is a ticker, not a missing value
    parsed = Parsed(
        {Bar: rows_to_table(Bar, [bar("NA"), bar("TRUE")])}, [Bad("price is not a number", "a,b\0,c")]
    )
    first, second = keep(engine, tapes, parsed), keep(engine, tapes, parsed)
    assert (first.received, first.accepted, first.quarantined, first.new) == (3, 2, 1, 2)
    assert first.reasons == {"price is not a number": 1}
    assert (second.received, second.accepted, second.quarantined, second.new) == (3, 2, 1, 0)
    frames = read(engine, tapes, [Bar], as_of=CLOSE, lookback=timedelta(days=5))
    with pytest.raises(KeyError, match="InsiderTrade is not among the declared inputs"):
        frames[InsiderTrade]
    frame = frames[Bar]
    assert list(frame.symbol) == ["NA", "TRUE"]
    assert str(frame.event_at.dtype) == "datetime64[us, UTC]"
    with reading(engine) as session:
        assert quarantined(session) == quarantined(session, "test") == 1
    assert known_names(engine, "test", ["one.csv", "two.csv"]) == {"one.csv"}


def test_no_row_is_seen_before_it_is_known(engine: Engine, tapes: TapeStore) -> None:
    days = calendar.sessions(date(2024, 3, 4), date(2024, 3, 8))
    keep(engine, tapes, Parsed({Bar: rows_to_table(Bar, [bar(day=day) for day in days])}))
    for i, day in enumerate(days):
        before = calendar.close(day) - timedelta(seconds=1)
        frame = read(engine, tapes, [Bar], as_of=before, lookback=timedelta(days=30))[Bar]
        assert list(frame.session) == days[:i]


def test_filed_decimals_come_back_as_filed(engine: Engine, tapes: TapeStore) -> None:
    line = {
        "event_at": CLOSE, "known_at": CLOSE, "source": "test", "filing": "f", "line": 0, "form": "4",
        "symbol": "ACME", "issuer_cik": "1", "issuer_name": "Acme", "owner_ciks": "2",
        "owner_names": "Alice", "role": "officer", "derivative": False, "security": "Common",
        "code": "P", "acquired": "A", "shares": "0.1000", "price": "66.90312345", "usd_e4": 66903,
    }  # fmt: skip
    keep(engine, tapes, Parsed({InsiderTrade: rows_to_table(InsiderTrade, [line])}))
    frame = read(engine, tapes, [InsiderTrade], as_of=CLOSE, lookback=timedelta(days=5))[InsiderTrade]
    assert frame.price[0] == Decimal("66.90312345")
    assert str(frame.shares[0]) == "0.1000"
    assert frame.plan[0] is None


def test_a_failed_body_leaves_no_row(engine: Engine, tapes: TapeStore) -> None:
    rows = rows_to_table(Bar, [bar(), bar("BAD", close_e4=-1)])
    with pytest.raises(Exception, match="sane"):
        keep(engine, tapes, Parsed({Bar: rows}))
    with reading(engine) as session:
        assert not session.get(FeedRead, 1)
    assert read(engine, tapes, [Bar], as_of=CLOSE, lookback=timedelta(days=5))[Bar].empty


def test_a_moment_without_a_zone_is_refused_and_telegram_ids_fit(engine: Engine) -> None:
    with pytest.raises(Exception, match="no time zone"), writing(engine) as session:
        session.add(Person(chat_id=1, joined_at=datetime(2024, 1, 1)))  # noqa: DTZ001
        session.flush()
    with writing(engine) as session:
        rows = [{"chat_id": -1001234567890, "joined_at": CLOSE}]
        assert insert_new(session, Person, rows) == 1
    with reading(engine) as session:
        assert session.get(Person, -1001234567890).joined_at == CLOSE.astimezone(UTC)


def test_migrations_give_the_schema_the_code_declares(engine: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext
    from sqlmodel import SQLModel

    assert schema_revision(engine) is not None
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
