"""/status: what is wrong stands first, and all of it fits on a phone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from bot import health
from bot.commands import Context, status
from bot.rooms import Rooms
from bot.sources import Sources
from feeds import Feed, Parsed
from storage import journal
from storage.database import writing
from storage.intake import insert_new
from storage.tables import Bar, FeedRead
from storage.tape import TapeStore

NOW = datetime(2025, 3, 14, 20, 45, tzinfo=UTC)  # 16:45 in New York


@pytest.fixture
def lines(engine: Engine, tapes: TapeStore):
    """The lines of /status now."""
    context = Context(Rooms(engine, tapes), 1, "private", "en", NOW, NOW, False)
    return lambda: status.answer(context, None)[0].text.splitlines()


def read(engine: Engine, feed: str, minutes: float, error: str | None = None, days: float = 0) -> None:
    """The feed was read some minutes ago and gave a row of then."""
    at = NOW - timedelta(minutes=minutes, days=days)
    row = FeedRead(
        feed=feed, name=f"{at}", digest="", read_at=at, received=1, accepted=1, quarantined=0, new=1,
        newest=None if error else at - timedelta(minutes=1), error=error,
    )  # fmt: skip
    with writing(engine) as session:
        insert_new(session, FeedRead, [row.model_dump(exclude={"id"})])


def fail(engine: Engine, feed: str, *minutes: float, error: str = "it answered 500", read: bool = False):
    unit = Feed(feed, "A test.", (Bar,), lambda _: Parsed())
    for ago in minutes:
        at = NOW - timedelta(minutes=ago)
        health.note(engine, Sources(None, (unit,)), unit, error, read=read, asked_from=at, now=at)


def ran(engine: Engine, job: str, ago: float, outcome: str) -> None:
    at = NOW - timedelta(minutes=ago)
    journal.claim_slot(engine, job, at, at)
    journal.finish_slot(engine, job, at, at, outcome)


def test_an_empty_house_has_nothing_to_report(lines) -> None:
    assert lines() == [
        "<b>Status</b> — 2025-03-14 16:45 ET",
        "The engine has not run yet.",
        "Alerts: 0 sent, 0 waiting, 0 held back or ended",
        "Rows in quarantine: 0",
    ]


def test_each_feed_has_its_line_and_what_is_wrong_stands_first(lines, engine: Engine) -> None:
    for feed, minutes in (("bars", 5), ("tape_feed", 45), ("filings", 3), ("whales", 10)):
        read(engine, feed, minutes)
    read(engine, "tape_feed", 5, "it answered 500")  # a failed read is none
    read(engine, "yearly", 0, days=100)
    fail(engine, "tape_feed", 40, 35, 30, error="it answered 500: <html>")
    fail(engine, "filings", 2)
    fail(engine, "whales", 9, error="nothing of ZZZZ", read=True)
    fail(engine, "never_read", 20)
    for job, ago, outcome in (("flow", 5, "ok"), ("flow", 10, "failed: x"), ("close", 0, "failed: boards")):
        ran(engine, job, ago, outcome)
    assert lines() == [
        "<b>Status</b> — 2025-03-14 16:45 ET",
        "<b>Feeds</b>: last read, newest row (New York)",
        "🟡 filings 03-14 16:42, 03-14 16:41",
        "failing since 03-14 16:43: it answered 500",
        "🟡 never_read never, never",
        "failing since 03-14 16:25: it answered 500",
        "🔴 tape_feed 03-14 16:00, 03-14 15:59",
        "down since 03-14 16:05: it answered 500: &lt;html&gt;",
        "🟡 whales 03-14 16:35, 03-14 16:34",
        "in part since 03-14 16:36: nothing of ZZZZ",
        "🟢 bars 03-14 16:40, 03-14 16:39",
        "🟢 yearly 2024-12-04, 2024-12-04",
        "Last runs: close 03-14 16:45 (failed: boards), flow 03-14 16:40",
        "Alerts: 0 sent, 0 waiting, 0 held back or ended",
        "Rows in quarantine: 0",
    ]


def test_it_fits_on_a_phone_however_many_feeds_there_are(lines, engine: Engine) -> None:
    for place in range(20):
        read(engine, f"feed_{place:02}", 5)
    fail(engine, "feed_19", 40, 35, 30, error="x" * 300)
    said = lines()
    assert len(said) <= 20
    assert said[2].startswith("🔴 feed_19")
    assert "… and 7 more" in said
    assert max(len(line) for line in said) < 160
