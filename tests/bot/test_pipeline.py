"""From rows to the outbox: decided in one transaction, once, and never from the future."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from bot import pipeline
from bot.pipeline import fetch, take_in, think
from bot.rooms import Rooms
from feeds import Ask, Bad, Feed, FeedError, Parsed, Raw, Window, rows_to_table
from feeds._http import Http
from indicators import Chart, Indicator, Panel, Series, Signal, State
from storage import calendar, people
from storage.database import reading, writing
from storage.frames import Frames
from storage.intake import quarantined
from storage.tables import Bar, Delivery, FeedRead, FlipRow, SignalRow
from storage.tape import TapeStore

DAYS = calendar.sessions(date(2024, 3, 4), date(2024, 3, 8))
NOW = datetime(2024, 3, 4, 22, 0, tzinfo=UTC)


def heat(frames: Frames, _: object) -> Iterator[Signal]:
    """Hot when the last close is above 100 dollars."""
    for symbol, bars in frames[Bar].groupby("symbol"):
        close = bars.close_e4.iloc[-1]
        state = "hot" if close > 100_0000 else "cool"
        yield Signal(
            "heat", str(symbol), frames.as_of, state, 0.0, "A", len(bars), "test", {"close": close / 1e4}
        )


def picture(frames: Frames, signal: Signal) -> Chart:
    closes = [close / 1e4 for close in frames[Bar].close_e4]
    return Chart(
        "Close",
        [str(day) for day in frames[Bar].session],
        [Panel("Close", "USD", [Series("c", "line", closes)])],
    )


STATES = {"hot": State("{subject} is hot", True), "cool": State("{subject} is cool", False)}
HEAT = Indicator(
    "heat", "Heat", (Bar,), timedelta(days=30), heat, picture, STATES, "cool", ("{close:usd}",), "m", "s"
)


def bars(closes: list[int]) -> Parsed:
    rows = [
        {
            "event_at": calendar.close(day), "known_at": calendar.close(day), "source": "test",
            "symbol": "ACME", "session": day, "open_e4": close, "high_e4": close, "low_e4": close,
            "close_e4": close, "volume": 1,
        }
        for day, close in zip(DAYS, closes, strict=False)
    ]  # fmt: skip
    return Parsed({Bar: rows_to_table(Bar, rows)}, [Bad("not a row", "x")])


@pytest.fixture
def rooms(engine: Engine, tapes: TapeStore) -> Rooms:
    """Alice watches ACME, which closes at 90, 110, 120, 95, 130."""
    built = Rooms(engine, tapes)
    with writing(engine) as session:
        people.welcome(session, 1, kind="private", language="en", now=NOW)
        people.watch(session, 1, ["ACME"], NOW)
    feed = Feed("test", "A test.", (Bar,), lambda _: bars([90_0000, 110_0000, 120_0000, 95_0000, 130_0000]))
    take_in(built, feed, Raw("one", b"x"), NOW)
    return built


def outbox(engine: Engine) -> list[str]:
    with reading(engine) as session:
        rows = session.exec(select(Delivery, FlipRow).where(Delivery.flip_id == FlipRow.id)).all()
        return [f"{flip.before}→{flip.after} {delivery.state}" for delivery, flip in rows]


def test_only_changes_are_told_each_once_and_the_first_run_is_the_base_line(rooms: Rooms) -> None:
    for day in DAYS:
        for _ in range(2):  # running a moment twice tells nothing twice
            think(rooms, HEAT, calendar.settled(day), NOW)
    # cool, hot, hot, cool (not loud), hot again within a week (held back)
    assert outbox(rooms.engine) == ["cool→hot queued", "cool→hot suppressed"]
    with reading(rooms.engine) as session:
        states = [row.state for row in session.exec(select(SignalRow).order_by(SignalRow.as_of))]
        charts = [row.chart is not None for row in session.exec(select(SignalRow).order_by(SignalRow.as_of))]
    assert states == ["cool", "hot", "hot", "cool", "hot"]
    assert charts == [False, True, False, False, True]  # a picture is kept for what people are told


def test_what_is_decided_is_committed_together_or_not_at_all(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    think(rooms, HEAT, calendar.settled(DAYS[0]), NOW)

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("killed between the flip and the outbox")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.route, "deliveries", crash)
        with pytest.raises(RuntimeError):
            think(rooms, HEAT, calendar.settled(DAYS[1]), NOW)
    with reading(rooms.engine) as session:
        assert len(session.exec(select(SignalRow)).all()) == 1
        assert session.exec(select(FlipRow)).all() == []
    think(rooms, HEAT, calendar.settled(DAYS[1]), NOW)
    assert outbox(rooms.engine) == ["cool→hot queued"]


def test_a_run_as_of_a_past_moment_does_not_see_later_rows(rooms: Rooms) -> None:
    early = calendar.close(DAYS[1]) - timedelta(seconds=1)
    signals = list(heat(pipeline.look(rooms, HEAT, early), None))
    assert [(signal.state, signal.n) for signal in signals] == [("cool", 1)]


def test_one_indicator_that_fails_does_not_stop_the_rest(rooms: Rooms) -> None:
    def fail(*_: object) -> Iterator[Signal]:
        raise ZeroDivisionError

    broken = Indicator("broken", "B", (Bar,), timedelta(1), fail, picture, STATES, "cool", (), "m", "s")
    assert pipeline.think_all(rooms, [broken, HEAT], calendar.settled(DAYS[0]), NOW) == ["broken"]
    with reading(rooms.engine) as session:
        assert len(session.exec(select(SignalRow)).all()) == 1


def test_a_body_that_cannot_be_read_is_one_quarantined_row(rooms: Rooms) -> None:
    def refuse(_: Raw) -> Parsed:
        raise FeedError("This is a web page, not market data.")

    account = take_in(rooms, Feed("web", "A page.", (Bar,), refuse), Raw("page.html", b"<html>\xff"), NOW)
    assert (account.received, account.accepted, account.quarantined) == (1, 0, 1)
    assert account.reasons == {"This is a web page, not market data.": 1}
    with reading(rooms.engine) as session:
        assert quarantined(session, "web") == 1


async def test_a_feed_that_fails_half_way_keeps_what_came_and_is_said(rooms: Rooms, tmp_path: Path) -> None:
    async def half(ask: Ask):
        assert ask.symbols == ["ACME"]
        yield Raw("first", b"first")
        raise FeedError("The source is down.")

    feed = Feed("half", "Fails half way.", (Bar,), lambda _: bars([50_0000]), half)
    async with Http() as http:
        intake = await fetch(rooms, feed, http, {}, Window(NOW, NOW), NOW)
    assert (len(intake.accounts), intake.error) == (1, "The source is down.")
    with reading(rooms.engine) as session:
        reads = session.exec(select(FeedRead).where(FeedRead.feed == "half").order_by(FeedRead.id)).all()
    assert [read.error for read in reads] == [None, "The source is down."]
