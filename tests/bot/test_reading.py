"""What /flow answers from data that is old, of a session in progress, or of a feed that cannot be read."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from bot import health
from bot.commands import Context, _reading
from bot.commands._reading import tell
from bot.rooms import Rooms
from bot.sources import Sources
from feeds import Feed, Parsed
from indicators import Chart, Indicator, Signal, State
from storage import calendar
from storage.frames import Frames
from storage.tape import OPTION_TRADES, TapeStore

FRIDAY = date(2025, 3, 14)
TAPE = Feed("tape_feed", "A test.", (OPTION_TRADES,), lambda _: Parsed())


def ny(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=calendar.NEW_YORK).astimezone(UTC)


def flow(session: date, newest: datetime | None) -> Indicator:
    facts = {"session": session.isoformat(), "newest_at": newest.isoformat() if newest else None}

    def compute(frames: Frames, _: object) -> Iterator[Signal]:
        yield Signal("flow", "ACME", frames.as_of, "rest", 0.0, "A", 1, "option prints (tape_feed)", facts)

    return Indicator(
        "flow", "Flow", (), timedelta(1), compute, lambda *_: Chart("", (), ()),
        {"rest": State("{subject}", False)}, "rest", (), "m", "s",
    )  # fmt: skip


@pytest.fixture
def ask(engine: Engine, tapes: TapeStore, monkeypatch: pytest.MonkeyPatch):
    """Somebody asks at a moment; the lines of the answer but its headline."""
    rooms = Rooms(engine, tapes)

    def answer(at: str, session: date, newest: datetime | None = None) -> list[str]:
        monkeypatch.setattr(_reading, "all_indicators", lambda: {"flow": flow(session, newest)})
        context = Context(rooms, 1, "private", "en", ny(at), ny(at), False)
        (message,) = tell(context, "flow", "ACME")
        return message.text.splitlines()[2:]

    return answer


def fail(engine: Engine, at: str, feed: Feed = TAPE) -> None:
    health.note(
        engine, Sources(None, (feed,)), feed, "it answered 500", read=False, asked_from=ny(at), now=ny(at)
    )


def test_an_answer_within_the_session_says_so_and_how_far_behind_it_is(ask) -> None:
    so_far, small_print = ask("2025-03-14 11:35", FRIDAY, ny("2025-03-14 11:20"))
    assert so_far == "⏳ So far today: prints up to 2025-03-14 11:20 ET, 15 minutes behind."
    assert small_print.startswith("<i>as of 2025-03-14 11:35 ET")
    (small_print,) = ask("2025-03-14 16:45", FRIDAY, ny("2025-03-14 16:14"))
    assert small_print.startswith("<i>as of 2025-03-14 16:45 ET")


def test_an_answer_from_old_data_says_as_of_when_and_that_it_is_stale(ask) -> None:
    stale, _ = ask("2025-03-14 16:45", date(2025, 3, 11))
    assert stale == "⚠️ Stale: as of 2025-03-11, 3 days old."
    _, stale, _ = ask("2025-03-14 13:00", FRIDAY, ny("2025-03-14 11:20"))
    assert stale == "⚠️ Stale: as of 2025-03-14 11:20 ET, 2 hours old."
    assert len(ask("2025-03-14 13:00", date(2025, 3, 13))) == 1  # nothing newer is complete


def test_an_answer_of_a_feed_that_cannot_be_read_is_stale_also_within_the_session(
    ask, engine: Engine
) -> None:
    newest = ny("2025-03-14 11:20")
    fail(engine, "2025-03-14 11:25")
    so_far, stale, _ = ask("2025-03-14 11:40", FRIDAY, newest)
    assert so_far.startswith("⏳ So far today")
    assert stale == (
        "⚠️ Stale: as of 2025-03-14 11:20 ET, 20 minutes old. "
        "tape_feed cannot be read since 2025-03-14 11:25 ET."
    )
    # down for a day: every answer says how old it is
    stale, _ = ask("2025-03-15 16:45", FRIDAY, newest)
    assert stale.startswith("⚠️ Stale: as of 2025-03-14, 24 hours old. tape_feed cannot be read since")
    health.note(
        engine, Sources(None, (TAPE,)), TAPE, None, read=True, asked_from=newest, now=ny("2025-03-14 11:41")
    )
    assert len(ask("2025-03-14 11:42", FRIDAY, newest)) == 2  # it is back


def test_a_feed_that_gave_nothing_of_it_does_not_make_an_answer_stale(ask, engine: Engine) -> None:
    fail(engine, "2025-03-14 11:25", replace(TAPE, name="tape"))
    assert len(ask("2025-03-14 11:40", FRIDAY, ny("2025-03-14 11:38"))) == 2


def test_a_replay_of_an_earlier_day_knows_nothing_of_a_later_failure(ask, engine: Engine) -> None:
    fail(engine, "2025-03-17 11:25")
    assert len(ask("2025-03-14 16:45", FRIDAY)) == 1
