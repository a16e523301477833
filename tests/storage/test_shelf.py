"""What was read stays in memory, and what is added since is read behind it; nothing is ever missed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from storage import calendar, frames
from storage.database import writing
from storage.intake import insert_new
from storage.tables import Bar
from storage.tape import TapeStore

DAYS = calendar.sessions(date(2024, 3, 4), date(2024, 3, 15))


def bar(day: date, symbol: str = "ACME", delay: int = 0) -> dict[str, Any]:
    closes = calendar.close(day)
    return {
        "event_at": closes, "known_at": closes + timedelta(days=delay), "source": "test", "symbol": symbol,
        "session": day, "open_e4": 1, "high_e4": 2, "low_e4": 1, "close_e4": 2, "volume": 3,
    }  # fmt: skip


def add(engine: Engine, *rows: dict[str, Any]) -> None:
    with writing(engine) as session:
        insert_new(session, Bar, rows)


def told(engine: Engine, tapes: TapeStore, as_of: datetime, days: int = 30) -> list[tuple[str, date]]:
    seen = frames.read(engine, tapes, (Bar,), as_of=as_of, lookback=timedelta(days=days))
    whole = [(row.symbol, row.session) for row in seen[Bar].itertuples()]
    some = seen.some(Bar, ("symbol", "session"), symbol=["ACME", "BETA"])
    assert [tuple(row) for row in some.itertuples(index=False)] == whole
    return whole


NOW = datetime(2024, 4, 1, tzinfo=UTC)


def test_rows_added_later_are_seen_and_in_order(engine: Engine, tapes: TapeStore) -> None:
    add(engine, bar(DAYS[1]), bar(DAYS[3]))
    assert told(engine, tapes, NOW) == [("ACME", DAYS[1]), ("ACME", DAYS[3])]
    add(engine, bar(DAYS[2]), bar(DAYS[1], "BETA"))
    assert told(engine, tapes, NOW) == [
        ("ACME", DAYS[1]), ("BETA", DAYS[1]), ("ACME", DAYS[2]), ("ACME", DAYS[3])
    ]  # fmt: skip


def test_a_longer_look_back_reads_what_was_left_out(engine: Engine, tapes: TapeStore) -> None:
    add(engine, bar(DAYS[0]), bar(DAYS[9]))
    assert told(engine, tapes, calendar.settled(DAYS[9]), days=3) == [("ACME", DAYS[9])]
    assert told(engine, tapes, calendar.settled(DAYS[9])) == [("ACME", DAYS[0]), ("ACME", DAYS[9])]


def test_an_event_as_old_as_the_look_back_is_out_of_it(engine: Engine, tapes: TapeStore) -> None:
    add(engine, bar(DAYS[0]), bar(DAYS[0], "BETA"), bar(DAYS[1]))
    as_of = calendar.close(DAYS[0]) + timedelta(days=3)
    assert len(told(engine, tapes, as_of - timedelta(microseconds=1), days=3)) == 3
    assert told(engine, tapes, as_of, days=3) == [("ACME", DAYS[1])]


def test_what_is_kept_is_still_cut_by_when_it_was_known(engine: Engine, tapes: TapeStore) -> None:
    add(engine, bar(DAYS[0], delay=3), bar(DAYS[1]))
    assert told(engine, tapes, NOW) == [("ACME", DAYS[0]), ("ACME", DAYS[1])]
    assert told(engine, tapes, calendar.settled(DAYS[1])) == [("ACME", DAYS[1])]


def test_a_frame_of_ones_own_can_be_changed(engine: Engine, tapes: TapeStore) -> None:
    add(engine, bar(DAYS[0]))
    seen = frames.read(engine, tapes, (Bar,), as_of=NOW, lookback=timedelta(days=30))
    seen[Bar]["symbol"] = "SPOILT"
    assert told(engine, tapes, NOW) == [("ACME", DAYS[0])]


@pytest.mark.postgres
def test_where_keys_do_not_add_up_everything_is_read_anew(postgres_engine: Engine, tapes: TapeStore) -> None:
    add(postgres_engine, bar(DAYS[0]), bar(DAYS[1]), bar(DAYS[2]))
    assert len(told(postgres_engine, tapes, NOW)) == 3
    with writing(
        postgres_engine
    ) as session:  # as a late commit would, this changes rows below the highest key
        session.connection().execute(delete(Bar).where(Bar.session == DAYS[0]))
    add(postgres_engine, bar(DAYS[3]))
    assert told(postgres_engine, tapes, NOW) == [("ACME", DAYS[1]), ("ACME", DAYS[2]), ("ACME", DAYS[3])]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=3), st.integers(0, 12)),
        max_size=5,
    )
)
def test_it_is_always_what_a_fresh_look_would_show(
    tmp_path_factory: Any, steps: list[tuple[list[tuple[int, int]], int]]
) -> None:
    from storage.database import connect, migrate

    folder = tmp_path_factory.mktemp("shelf")
    engine = connect(f"sqlite:///{folder / 'x.sqlite'}")
    migrate(engine)
    tapes, have = TapeStore(folder / "tape"), {}
    for rows, moment in steps:
        add(engine, *(bar(DAYS[day], delay=delay) for day, delay in rows))
        for day, delay in rows:
            have.setdefault(day, delay)
        as_of = calendar.settled(DAYS[0]) + timedelta(days=moment)
        expected = [
            ("ACME", DAYS[day])
            for day, delay in sorted(have.items())
            if calendar.close(DAYS[day]) + timedelta(days=delay) <= as_of
        ]
        assert told(engine, tapes, as_of) == expected
    engine.dispose()
