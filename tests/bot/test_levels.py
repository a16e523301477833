"""A chat hears once when a multiple crosses its own level: by hand from a fact that changes the multiple."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from bot import desk, levels
from bot.commands import Context
from bot.commands.value import answer, parse
from bot.compose import composer
from bot.delivery.outbox import Claimed
from bot.fact_orders import read_order, store_order
from bot.rooms import Rooms
from storage import calendar
from storage.database import reading, writing
from storage.intake import insert_new
from storage.tables import Bar, CompanyFigure, Delivery, FlipRow, SignalRow
from storage.tape import TapeStore

NOW = datetime(2026, 1, 15, 21, 45, tzinfo=UTC)


@pytest.fixture
def rooms(engine: Engine, tapes: TapeStore) -> Rooms:
    """The house facts at rest, and a base line of cards."""
    rooms = Rooms(engine, tapes)
    desk.plant(rooms, NOW - timedelta(days=1))
    desk.look_again(rooms, NOW - timedelta(hours=1))
    return rooms


def ask(rooms: Rooms, words: str, chat: int = 7) -> str:
    context = Context(rooms, chat, "private", "en", NOW, NOW, False)
    (message,) = answer(context, parse(words))
    return message.text


def order(rooms: Rooms, words: str, minutes: int) -> int:
    """Store what an owner orders; how many alerts that makes."""
    at = NOW + timedelta(minutes=minutes)
    alerts: int = store_order(rooms, read_order(rooms, words, "en", at, at), at)["alerts"]
    return alerts


def told(rooms: Rooms) -> list[tuple[int, str, str | None, str]]:
    with reading(rooms.engine) as session:
        rows = session.exec(select(Delivery, FlipRow).join(FlipRow).order_by(Delivery.id)).all()
    return [(delivery.chat_id, flip.indicator, flip.before, flip.after) for delivery, flip in rows]


def test_a_level_is_kept_and_forgotten(rooms: Rooms) -> None:
    # 800B ÷ 15B = 53.33
    assert ask(rooms, "SpaceX at 58x") == (
        "You will hear when the price ÷ sales of SpaceX crosses 58×. It is 53.3× now."
    )
    with reading(rooms.engine) as session:
        assert levels.level_of(session, 7, "SpaceX") == 58
        assert levels.level_of(session, 8, "SpaceX") is None
    assert ask(rooms, "spacex at off").startswith("No level of SpaceX is kept")
    with reading(rooms.engine) as session:
        assert levels.level_of(session, 7, "SpaceX") is None


def test_who_asked_for_a_level_between_hears_once_and_nobody_else(rooms: Rooms) -> None:
    ask(rooms, "SpaceX at 58", chat=7)
    ask(rooms, "SpaceX at 61", chat=8)
    ask(rooms, "OpenAI at 58", chat=9)
    # 900B ÷ 15B = 60: above 58, below 61
    raised = "fact SpaceX valuation $900B as_of=2025-12-30 basis=secondary from=Bloomberg"
    assert order(rooms, raised, 1) == 1
    assert told(rooms) == [(7, levels.NAME, "below", "above")]
    assert levels.tell(rooms, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)) == 0
    assert order(rooms, raised, 3) == 0
    # back to 780B ÷ 15B = 52
    fell = "fact SpaceX valuation $780B as_of=2025-12-31 basis=secondary from=Bloomberg"
    assert order(rooms, fell, 4) == 1
    assert told(rooms)[1:] == [(7, levels.NAME, "above", "below")]


def test_the_alert_names_the_level_and_both_multiples_above_the_card(rooms: Rooms) -> None:
    ask(rooms, "SpaceX at 58")
    order(rooms, "fact SpaceX valuation $900B as_of=2025-12-30 basis=secondary from=Bloomberg", 1)
    with reading(rooms.engine) as session:
        (delivery,) = session.exec(select(Delivery)).all()
    assert delivery.id is not None
    claimed = Claimed(
        delivery.id, delivery.flip_id, 7, levels.NAME, "SpaceX", "en", delivery.reason, 1, False
    )
    lines = composer(rooms, sample=False)(claimed).text.splitlines()
    assert lines[0] == "🆕 Price ÷ sales crossed your 58×: 53.3× → 60×"
    assert "$900B" in lines[2]
    assert "🔔 You asked to hear of this level of SpaceX" in lines


def stored(rooms: Rooms) -> int:
    with reading(rooms.engine) as session:
        return len(session.exec(select(SignalRow.id)).all())


def test_a_card_that_says_the_same_is_not_stored_again_unless_its_company_is_listed(rooms: Rooms) -> None:
    first = stored(rooms)
    assert first > 0
    desk.look_again(rooms, NOW)
    assert stored(rooms) == first
    session = date(2026, 1, 14)
    close = {
        "event_at": calendar.close(session), "known_at": calendar.close(session), "source": "test",
        "symbol": "TSLA", "session": session, "volume": 1,
        **dict.fromkeys(("open_e4", "high_e4", "low_e4", "close_e4"), 4_000_000),
    }  # fmt: skip
    filed = datetime(2026, 1, 10, tzinfo=UTC)
    figures = [
        {"event_at": filed, "known_at": filed, "symbol": "TSLA", "figure": figure, "start": start,
         "end": date(2025, 12, 31), "value": value, "form": "10-K", "accession": "1", "source": "test"}
        for figure, start, value in (
            ("shares", date(2025, 12, 31), 3_300_000_000), ("revenue", date(2025, 1, 1), 95_000_000_000)
        )
    ]  # fmt: skip
    with writing(rooms.engine) as opened:
        insert_new(opened, Bar, [close])
        insert_new(opened, CompanyFigure, figures)
    desk.look_again(rooms, NOW + timedelta(minutes=1))
    assert stored(rooms) == first + 1
    desk.look_again(rooms, NOW + timedelta(minutes=2))
    assert stored(rooms) == first + 2
    # 3.3 billion shares at 400 USD by sales of 95 billion
    assert ask(rooms, "Tesla at 20").endswith("It is 13.9× now.")


def test_where_sources_of_a_years_sales_differ_both_are_in_the_sentence(rooms: Rooms) -> None:
    order(rooms, "fact SpaceX forecast_revenue $16B as_of=2025-12-30 period=2025 kind=forecast from=Q", 1)
    at = NOW + timedelta(minutes=2)
    context = Context(rooms, 7, "private", "en", at, at, False)
    (message,) = answer(context, parse("SpaceX"))
    # 800 ÷ 16 = 50 and 800 ÷ 15 = 53.3
    assert "that is 50× – 53.3× its sales of $15B – $16B in 2025" in message.text


def test_what_crossed_before_somebody_asked_is_no_news_to_them(rooms: Rooms) -> None:
    order(rooms, "fact SpaceX valuation $900B as_of=2025-12-30 basis=secondary from=Bloomberg", 1)
    ask(rooms, "SpaceX at 58")
    assert levels.tell(rooms, NOW + timedelta(days=1), NOW + timedelta(days=1)) == 0
    desk.look_again(rooms, NOW + timedelta(days=1))
    assert told(rooms) == []
