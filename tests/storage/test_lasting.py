"""Rows that last are read however long ago they began, and never before they were known."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine

from storage import calendar, frames
from storage.database import writing
from storage.intake import insert_new
from storage.tables import Bar, SectorMember
from storage.tape import TapeStore

MONDAY = date(2024, 3, 4)
AS_OF = calendar.settled(MONDAY)


def member(symbol: str, known: datetime) -> dict:
    return {
        "event_at": known, "known_at": known, "source": "sectors", "symbol": symbol, "sector": "Space",
        "name": symbol, "since": known.date(), "until": None,
    }  # fmt: skip


def bar(symbol: str, session: date) -> dict:
    at = calendar.close(session)
    prices = dict.fromkeys(("open_e4", "high_e4", "low_e4", "close_e4"), 10_000)
    row = {
        "event_at": at,
        "known_at": at,
        "source": "bars",
        "symbol": symbol,
        "session": session,
        "volume": 1,
    }
    return row | prices


def test_no_look_back_cuts_a_membership_and_no_row_is_seen_before_it_was_known(
    engine: Engine, tapes: TapeStore
) -> None:
    with writing(engine) as session:
        rows = [
            member("OLD", datetime(1970, 1, 1, 5, tzinfo=UTC)), member("NEW", AS_OF),
            member("LATER", AS_OF + timedelta(seconds=1)),
        ]  # fmt: skip
        insert_new(session, SectorMember, rows)
        insert_new(session, Bar, [bar("OLD", MONDAY), bar("OLD", date(2024, 2, 1)), bar("ELSE", MONDAY)])
    seen = frames.read(engine, tapes, (Bar, SectorMember), as_of=AS_OF, lookback=timedelta(days=7))
    assert seen[SectorMember]["symbol"].tolist() == ["OLD", "NEW"]
    assert seen[Bar]["symbol"].tolist() == ["OLD", "ELSE"]


def test_beside_memberships_no_name_narrows_anything(engine: Engine, tapes: TapeStore) -> None:
    """A theme is no symbol, and to rank it the members of all are needed."""
    with writing(engine) as session:
        insert_new(session, SectorMember, [member("OLD", datetime(2020, 1, 2, tzinfo=UTC))])
        insert_new(session, Bar, [bar("OLD", MONDAY), bar("ELSE", MONDAY)])
    week = timedelta(days=7)
    both = frames.read(engine, tapes, (Bar, SectorMember), as_of=AS_OF, lookback=week, symbols=["Space"])
    assert len(both[Bar]) == 2
    assert len(both[SectorMember]) == 1
    assert len(both.some(Bar, ["symbol"])) == 2
    alone = frames.read(engine, tapes, (Bar,), as_of=AS_OF, lookback=week, symbols=["OLD"])
    assert alone[Bar]["symbol"].tolist() == ["OLD"]
