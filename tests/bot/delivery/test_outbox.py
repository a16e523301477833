"""Deliveries as rows: each is somewhere, and ends with a reason."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select
from stage import NOW, fill, rows, states

from bot.delivery import outbox
from storage.database import reading, writing
from storage.tables import Delivery, Person, Rule, Watch

LATER = NOW + timedelta(minutes=1)


def change(engine: Engine, delivery_id: int, **values: object) -> None:
    with writing(engine) as session:
        row = session.get(Delivery, delivery_id)
        for name, value in values.items():
            setattr(row, name, value)


def test_the_oldest_is_claimed_first_and_says_what_it_is_about(engine: Engine) -> None:
    fill(engine, [1001, 1002])
    claimed = [outbox.claim(engine, NOW) for _ in range(3)]
    assert [str(each) for each in claimed] == ["options_flow T0 → 1001", "options_flow T0 → 1002", "None"]
    first = claimed[0]
    assert (first.language, first.reason, first.attempts, first.repeat) == ("en", "you watch it", 1, False)
    assert states(engine) == {"sending": 2}


def test_nothing_is_claimed_before_its_hour_or_after_it_is_news_or_for_a_busy_or_deaf_chat(
    engine: Engine,
) -> None:
    fill(engine, [1, 2, 3, 4])
    change(engine, 1, not_before=LATER)
    change(engine, 2, valid_until=NOW)
    with writing(engine) as session:
        session.get(Person, 3).active = False
    assert outbox.claim(engine, NOW, busy={4}) is None
    assert outbox.claim(engine, NOW).chat_id == 4
    assert outbox.claim(engine, LATER).chat_id == 1


def test_what_a_crash_left_is_in_doubt_and_comes_back_as_a_repeat(engine: Engine) -> None:
    fill(engine, [1, 2])
    outbox.claim(engine, NOW)
    assert outbox.recover(engine) == 1
    assert states(engine) == {"queued": 1, "in_doubt": 1}
    assert outbox.claim(engine, NOW).chat_id == 2  # fresh ones first: 1 is claimed only when asked for
    again = outbox.claim(engine, NOW, doubt=True)
    assert (again.chat_id, again.repeat, again.attempts) == (1, True, 2)


def test_a_request_that_was_not_sent_costs_no_attempt_and_a_doubt_stays_a_doubt(engine: Engine) -> None:
    fill(engine, [1])
    outbox.requeue(engine, outbox.claim(engine, NOW))
    assert outbox.claim(engine, NOW).attempts == 1
    outbox.recover(engine)
    outbox.requeue(engine, outbox.claim(engine, NOW, doubt=True))
    assert states(engine) == {"in_doubt": 1}
    assert rows(engine)[0].attempts == 1


def test_a_delivery_withdrawn_while_it_is_sent_does_not_come_back(engine: Engine) -> None:
    fill(engine, [1])
    claimed = outbox.claim(engine, NOW)
    change(engine, 1, state="suppressed")
    outbox.requeue(engine, claimed)
    outbox.doubt(engine, claimed, NOW)
    outbox.dead(engine, claimed, "x")
    assert states(engine) == {"suppressed": 1}
    outbox.sent(engine, 1, 17, NOW)  # but if Telegram took it, that is what happened
    assert states(engine) == {"sent": 1}
    assert (rows(engine)[0].message_id, rows(engine)[0].sent_at) == (17, NOW)


def test_old_news_expires_with_a_reason_and_deaf_chats_are_not_told(engine: Engine) -> None:
    fill(engine, [1, 2, 3])
    outbox.claim(engine, NOW)
    outbox.recover(engine)
    change(engine, 2, valid_until=LATER)
    change(engine, 1, valid_until=LATER)
    with writing(engine) as session:
        session.get(Person, 3).active = False
    assert outbox.expire(engine, LATER) == 3
    assert states(engine) == {"expired": 2, "suppressed": 1}
    assert [row.reason for row in rows(engine)] == [
        "in doubt until it was no longer news", "no longer news", "chat_inactive",
    ]  # fmt: skip


def test_a_chat_that_cannot_be_reached_is_told_nothing_more(engine: Engine) -> None:
    fill(engine, [1, 2], flips=3)
    claimed = outbox.claim(engine, NOW)
    outbox.deactivate(engine, 1, "Forbidden: " + "x" * 200, claimed)
    assert states(engine) == {"dead": 1, "suppressed": 2, "queued": 3}
    with reading(engine) as session:
        person = session.get(Person, 1)
    assert (person.active, person.reason[:10], len(person.reason)) == (False, "Forbidden:", 100)


@pytest.mark.parametrize("known", [False, True])
def test_a_group_that_moved_takes_everything_with_it(engine: Engine, known: bool) -> None:
    fill(engine, [-1, -1009] if known else [-1], flips=2)
    with writing(engine) as session:
        session.get(Person, -1).language = "zh-Hant"
        both = [(-1, "A"), (-1, "B"), (-1009, "B"), (-1009, "C")]
        for chat, symbol in both if known else both[:2]:
            session.add(Watch(chat_id=chat, symbol=symbol, since=NOW))
            session.add(Rule(chat_id=chat, subject=symbol))
    outbox.move(engine, -1, -1009)
    with reading(engine) as session:
        people = session.exec(select(Person)).all()
        watches = session.exec(select(Watch.chat_id, Watch.symbol).order_by(Watch.symbol)).all()
        rules = session.exec(select(Rule.chat_id, Rule.subject).order_by(Rule.subject)).all()
    symbols = "ABC" if known else "AB"
    assert watches == rules == [(-1009, symbol) for symbol in symbols]
    assert [(person.chat_id, person.language) for person in people] == [(-1009, "en" if known else "zh-Hant")]
    assert states(engine) == ({"queued": 2, "suppressed": 2} if known else {"queued": 2})
    assert {row.chat_id for row in rows(engine) if row.state == "queued"} == {-1009}


def test_a_pause_is_remembered(engine: Engine) -> None:
    assert outbox.held_until(engine) == 0
    for until in (1_800_000_000.25, 1_800_000_060.5):
        outbox.hold(engine, until)
        assert outbox.held_until(engine) == until


def test_the_next_delivery_is_found_by_the_index_of_open_ones(engine: Engine) -> None:
    fill(engine, [1])
    seen: list[str] = []
    from sqlalchemy import event

    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2:4]))
    outbox.claim(engine, NOW)
    query, values = next(given for given in seen if "FROM delivery JOIN" in given[0])
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
        else:
            connection.execute(text("SET enable_seqscan = off"))
            plan = connection.exec_driver_sql(f"EXPLAIN {query}", values).fetchall()
    assert "ix_delivery_open" in str(plan)
