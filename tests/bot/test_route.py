"""Who is told what, as tables: on SQLite and on Postgres."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from bot.alerts import route
from storage import people
from storage.database import reading, writing
from storage.tables import Delivery, FlipRow, Person, Rule, SignalRow

NOW = datetime(2024, 3, 4, 21, 45, tzinfo=UTC)
ALICE, BOB, CHARLIE = 1, 2, -1001234567890


@pytest.fixture
def cast(engine: Engine) -> Engine:
    """Alice watches ACME and ZETA, Bob ACME, Charlie (a group) nothing."""
    with writing(engine) as session:
        for chat in (ALICE, BOB, CHARLIE):
            people.welcome(session, chat, kind="private", language="en", now=NOW)
        people.watch(session, ALICE, ["ACME", "ZETA"], NOW)
        people.watch(session, BOB, ["ACME"], NOW)
    return engine


def flip(session: Session, subject: str, after: str, as_of: datetime = NOW, loud: bool = True) -> int:
    signal = SignalRow(
        indicator="options_flow", subject=subject, as_of=as_of, computed_at=as_of, state=after,
        strength=0.5, quality="B", n=30, source="test", facts={},
    )  # fmt: skip
    session.add(signal)
    session.flush()
    row = FlipRow(
        signal_id=signal.id, indicator="options_flow", subject=subject, as_of=as_of, before="thin",
        after=after, loud=loud, created_at=as_of,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def send(engine: Engine, subject: str, after: str, as_of: datetime = NOW, **more: bool) -> list[tuple]:
    with writing(engine) as session:
        key = flip(session, subject, after, as_of, **more)
        dialect = engine.dialect.name
        for _ in range(2):  # deciding twice decides nothing more
            session.connection().execute(route.deliveries([key], as_of=as_of, now=as_of, dialect=dialect))
    with reading(engine) as session:
        rows = session.exec(select(Delivery).where(Delivery.flip_id == key)).all()
        return sorted((row.chat_id, row.state, row.reason) for row in rows)


def test_everybody_who_watches_the_subject_is_told_once_with_the_reason(cast: Engine) -> None:
    assert send(cast, "ACME", "bullish") == [
        (ALICE, "queued", "you watch {subject}"),
        (BOB, "queued", "you watch {subject}"),
    ]
    assert send(cast, "ZETA", "bullish") == [(ALICE, "queued", "you watch {subject}")]
    assert send(cast, "NOBODYS", "bullish") == []


def test_a_flip_into_a_quiet_state_is_told_to_nobody(cast: Engine) -> None:
    assert send(cast, "ACME", "thin", loud=False) == []


def test_the_same_state_within_a_week_is_held_back_and_says_so(cast: Engine) -> None:
    send(cast, "ACME", "bullish")
    repeat = send(cast, "ACME", "bullish", NOW + timedelta(days=6))
    assert repeat == [
        (ALICE, "suppressed", "you heard this within the last 7 days"),
        (BOB, "suppressed", "you heard this within the last 7 days"),
    ]
    other = send(cast, "ACME", "bearish", NOW + timedelta(days=6, hours=1))
    assert [state for _, state, _ in other] == ["queued", "queued"]
    # what was held back was not heard: the week counts from the first
    later = send(cast, "ACME", "bullish", NOW + timedelta(days=8))
    assert [state for _, state, _ in later] == ["queued", "queued"]


def test_an_inactive_chat_and_a_rule_switched_off_hear_nothing(cast: Engine) -> None:
    with writing(cast) as session:
        session.get_one(Person, ALICE).active = False
        rule = session.exec(select(Rule).where(Rule.chat_id == BOB)).one()
        rule.on = False
    assert send(cast, "ACME", "bullish") == []


def test_a_rule_for_another_indicator_does_not_match_and_two_rules_tell_once(cast: Engine) -> None:
    with writing(cast) as session:
        rule = session.exec(select(Rule).where(Rule.chat_id == BOB)).one()
        rule.indicator = "insiders"
        session.add(Rule(chat_id=ALICE, indicator="options_flow", subject="ACME"))
    assert [chat for chat, _, _ in send(cast, "ACME", "bullish")] == [ALICE]
