"""From rows to the outbox: decided in one transaction, once, and never from the future."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
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


def tape_like(session: date, newest: datetime | None) -> Indicator:
    """Hot from the first of DAYS on, with figures of a session up to its newest print."""
    facts = {"session": session.isoformat(), "newest_at": newest.isoformat() if newest else None}

    def compute(frames: Frames, _: object) -> Iterator[Signal]:
        state = "hot" if frames.as_of > calendar.settled(DAYS[0]) else "cool"
        yield Signal("heat", "ACME", frames.as_of, state, 0.0, "A", 1, "test", facts)

    return replace(HEAT, compute=compute)


def at(clock: str) -> datetime:
    """The moment New York's clocks show on the second of DAYS."""
    return calendar.new_york(DAYS[1], time.fromisoformat(clock))


@pytest.mark.parametrize(
    ("as_of", "session", "newest", "told"),
    [
        (at("11:35"), DAYS[1], at("11:20"), True),
        (at("11:35"), DAYS[1], at("10:35"), True),
        (at("11:35"), DAYS[1], at("10:34"), False),  # the tape has stood still for over an hour
        (at("11:35"), DAYS[1], None, True),  # it does not say how new it is
        (at("11:35"), DAYS[0], None, False),  # yesterday's figures
        (at("16:45"), DAYS[0], None, False),
        (at("16:45"), DAYS[1], at("10:34"), True),  # the day's figures, whenever the last print was
        (calendar.settled(DAYS[2]), DAYS[1], None, False),
    ],
)
def test_a_flip_of_old_figures_is_stored_and_told_to_nobody(
    as_of: datetime, session: date, newest: datetime | None, told: bool, rooms: Rooms
) -> None:
    think(rooms, tape_like(DAYS[0], None), calendar.settled(DAYS[0]), NOW)
    outcome = think(rooms, tape_like(session, newest), as_of, NOW)
    assert outcome.flips == 1
    assert outbox(rooms.engine) == (["cool→hot queued"] if told else [])
    with reading(rooms.engine) as session_:
        assert [flip.loud for flip in session_.exec(select(FlipRow))] == [told]


def test_when_the_feed_is_back_what_was_missed_is_history_and_only_the_newest_is_told(rooms: Rooms) -> None:
    think(rooms, tape_like(DAYS[0], None), calendar.settled(DAYS[0]), NOW)
    think(rooms, tape_like(DAYS[1], at("09:40")), at("11:00"), NOW)  # from a tape that stood still
    for minute in ("11:05", "11:10"):
        think(rooms, tape_like(DAYS[1], at("11:04")), at(minute), NOW)
    assert outbox(rooms.engine) == []  # hot since then: nothing changed
    cooled = replace(
        HEAT,
        compute=lambda frames, _: iter([Signal("heat", "ACME", frames.as_of, "cool", 0, "A", 1, "t", {})]),
    )
    think(rooms, cooled, at("11:15"), NOW)
    think(rooms, tape_like(DAYS[1], at("11:19")), at("11:20"), NOW)
    assert outbox(rooms.engine) == ["cool→hot queued"]


def test_within_a_session_only_what_changed_is_kept_and_the_days_figures_are_kept_whole(
    rooms: Rooms,
) -> None:
    def stored() -> list[str]:
        with reading(rooms.engine) as session:
            rows = session.exec(select(SignalRow).order_by(SignalRow.as_of))
            return [f"{row.as_of.astimezone(calendar.NEW_YORK):%d %H:%M} {row.state}" for row in rows]

    fresh = tape_like(DAYS[1], None)
    think(rooms, fresh, calendar.settled(DAYS[0]), NOW)
    for clock in ("09:35", "09:40", "09:45", "16:45"):
        think(rooms, fresh, at(clock), NOW)
    assert stored() == ["04 16:45 cool", "05 09:35 hot", "05 16:45 hot"]


def test_the_first_run_within_a_session_is_the_base_line(rooms: Rooms) -> None:
    for clock in ("09:35", "09:40"):
        think(rooms, tape_like(DAYS[1], None), at(clock), NOW)
    assert outbox(rooms.engine) == []
    with reading(rooms.engine) as session:
        assert len(session.exec(select(SignalRow)).all()) == 1
