"""A feed's health: weather is not told, an outage is told once, and so is its end, over every restart."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from bot import health
from bot.health import Health, after
from bot.registry import all_indicators
from bot.sources import Sources
from feeds import Feed, Parsed
from storage import journal, people
from storage.database import reading, writing
from storage.tables import Bar, Delivery, FlipRow, Person, Rule
from storage.tape import OPTION_TRADES

NOW = datetime(2025, 3, 14, 15, 0, tzinfo=UTC)
ALICE, BOB = 7, 8
TAPE, BARS = (
    Feed(name, "A test.", gives, lambda _: Parsed())
    for name, gives in (("tape_feed", (OPTION_TRADES,)), ("bars", (Bar,)))
)
SOURCES = Sources(None, (TAPE, BARS), owners=(ALICE, BOB), language="zh-Hant")


def course(*fetches: tuple[float, str | None, bool]) -> list[str | None]:
    """The states of a feed after fetches at minutes, each with its error and whether anything came."""
    states, now = [], None
    for minute, error, read in fetches:
        at = NOW + timedelta(minutes=minute)
        then = after(now, "tape_feed", error, read=read, asked_from=at, now=at)
        states.append(then.state if then else None)
        now = then or now
    return states


def failed(*minutes: float) -> list[tuple[float, str | None, bool]]:
    return [(minute, "down", False) for minute in minutes]


def test_one_or_two_failures_in_a_row_are_weather_and_the_third_is_an_outage() -> None:
    assert course((0, None, True)) == [None]  # a feed that never failed has no history
    assert course(*failed(0, 5), (10, None, True)) == ["failing", "failing", "well"]
    assert course(*failed(0, 5, 10, 15)) == ["failing", "failing", "down", None]
    assert course(*failed(0, 5), (10, None, False), *failed(15, 20)) == [
        "failing", "failing", "well", "failing", "failing"
    ]  # fmt: skip


def test_half_an_hour_of_failures_is_an_outage_however_few() -> None:
    assert course(*failed(0, 29)) == ["failing", "failing"]
    assert course(*failed(0, 30)) == ["failing", "down"]


def test_an_outage_ends_with_the_first_fetch_that_brings_something_or_needs_nothing() -> None:
    down = failed(0, 5, 10)
    assert course(*down, (15, None, False), (20, None, True)) == ["failing", "failing", "down", "back", None]
    assert course(*down, (15, "one symbol is unknown", True))[-1] == "back"
    assert course(*down, (15, None, True), *failed(20))[-1] == "failing"


def test_a_symbol_the_source_does_not_know_is_no_outage() -> None:
    unknown = [(minute, "nothing of ZZZZ", True) for minute in (0, 5, 10, 60)]
    assert course(*unknown, (65, None, True)) == ["partly", None, None, None, "well"]


def test_what_a_feed_says_last_is_what_is_known_of_it() -> None:
    down = Health("tape_feed", "down", NOW, NOW, NOW, 3, "it answered 500")
    then = after(down, "tape_feed", "the token is refused", read=False, asked_from=NOW, now=NOW)
    assert then is not None
    assert (then.state, then.since, then.error) == ("down", NOW, "the token is refused")


def note(engine: Engine, minute: float, error: str | None, feed: Feed = TAPE) -> None:
    at = NOW + timedelta(minutes=minute)
    health.note(engine, SOURCES, feed, error, read=error is None, asked_from=NOW, now=at)


def told(engine: Engine) -> list[tuple[int, str, str]]:
    with reading(engine) as session:
        query = select(Delivery.chat_id, FlipRow.subject, FlipRow.after).join(
            FlipRow, Delivery.flip_id == FlipRow.id
        )
        return sorted(session.exec(query.order_by(Delivery.id)))


def test_each_owner_is_told_once_of_the_outage_and_once_of_its_end(engine: Engine) -> None:
    for minute in (0, 5):
        note(engine, minute, "it answered 500")
    assert told(engine) == []
    for minute in (10, 15, 20, 600):
        note(engine, minute, "it answered 500")
    note(engine, 605, "it answered 502")
    assert told(engine) == [(ALICE, "tape_feed", "down"), (BOB, "tape_feed", "down")]
    for minute in (610, 615):
        note(engine, minute, None)
    assert [after for _, _, after in told(engine)] == ["back", "down", "back", "down"]
    with reading(engine) as session:
        row = session.exec(select(Delivery)).first()
        (state,) = health.known(session).values()
    assert (row.state, row.reason, row.valid_until - row.created_at) == (
        "queued", "you own this bot", timedelta(hours=24)
    )  # fmt: skip
    assert (state.state, state.since, state.at) == ("back", NOW, NOW + timedelta(minutes=610))


def test_another_feeds_outage_is_told_too(engine: Engine) -> None:
    for minute in (0, 5, 10):
        note(engine, minute, "down")
        note(engine, minute + 1, "down as well", BARS)
    assert [subject for chat, subject, _ in told(engine) if chat == ALICE] == ["bars", "tape_feed"]
    with reading(engine) as session:
        known = health.known(session)
    assert known["tape_feed"].well == ()  # told at a moment at which the other failed too


def test_a_clock_that_is_set_back_tells_nothing_twice(engine: Engine) -> None:
    for minute in (60, 65, 70, 5, 10):
        note(engine, minute, "down")
    assert len(told(engine)) == 2
    for minute in (15, 20):
        note(engine, minute, None)
    assert len(told(engine)) == 4


def test_what_is_told_is_decided_with_the_health_or_not_at_all(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in (0, 5):
        note(engine, minute, "down")

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("killed between the flip and the outbox")

    with monkeypatch.context() as patch:
        patch.setattr(people, "person", crash)
        with pytest.raises(RuntimeError):
            note(engine, 10, "down")
    assert told(engine) == []
    note(engine, 15, "down")
    note(engine, 20, "down")
    assert len(told(engine)) == 2


def test_an_owner_who_never_wrote_becomes_known_and_hears_alerts_like_everybody_once_they_do(
    engine: Engine,
) -> None:
    with writing(engine) as session:
        people.welcome(session, BOB, kind="private", language="en", now=NOW)
        session.get_one(Person, BOB).active = False  # he blocked the bot: it does not reopen the chat
    for minute in (0, 5, 10):
        note(engine, minute, "down")
    with reading(engine) as session:
        people_now = {each.chat_id: (each.language, each.active) for each in session.exec(select(Person))}
        rules = set(session.exec(select(Rule.chat_id)))
    assert people_now == {ALICE: ("zh-Hant", True), BOB: ("en", False)}
    assert rules == {ALICE, BOB}


def test_why_speaks_of_the_market_and_not_of_a_feed(engine: Engine) -> None:
    for minute in (0, 5, 10):
        note(engine, minute, "down")
    with writing(engine) as session:
        for row in session.exec(select(Delivery)):
            row.state, row.sent_at = "sent", NOW
            session.add(row)
    with reading(engine) as session:
        assert journal.last_told(session, ALICE, all_indicators()) is None
        assert journal.last_told(session, ALICE, [health.NAME]) is not None
