"""How fresh figures are: facts somebody can check on a clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot import freshness
from bot.freshness import OLD, Stale
from indicators import Signal

FRIDAY = "2025-03-14"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def signal(as_of: str, **facts: object) -> Signal:
    return Signal("test", "ACME", utc(as_of), "s", 0.0, "A", 1, "test", facts)


@pytest.mark.parametrize(
    ("as_of", "facts", "expected"),
    [
        ("2025-03-14 15:35", {"session": FRIDAY}, True),
        ("2025-03-14 20:44", {"session": FRIDAY}, True),  # complete at 16:45
        ("2025-03-14 20:45", {"session": FRIDAY}, False),
        ("2024-11-29 18:45", {"session": "2024-11-29"}, False),  # a half day: complete at 13:45
        ("2025-03-14 15:35", {"session": "2025-03-13"}, False),
        ("2025-03-14 15:35", {"session": FRIDAY, "so_far": False}, False),  # it says so itself
        ("2025-03-14 23:00", {"so_far": True}, True),
        ("2025-03-15 15:00", {"session": "2025-03-15"}, False),  # a Saturday is no session
        ("2025-03-14 15:35", {}, False),
        ("2025-03-14 15:35", {"session": None}, False),
    ],
)
def test_figures_are_so_far_until_their_session_is_complete(
    as_of: str, facts: dict[str, object], expected: bool
) -> None:
    assert freshness.so_far(signal(as_of, **facts)) is expected


@pytest.mark.parametrize(
    ("as_of", "newest", "minutes"),
    [
        ("2025-03-14 15:35", "2025-03-14T15:20:00+00:00", 15),
        ("2025-03-14 15:35", "2025-03-14T11:20:00-04:00", 15),
        ("2025-03-14 20:40", "2025-03-14T19:59:00+00:00", 1),  # after the close nothing more is due
        ("2025-03-14 20:40", "2025-03-14T20:14:00+00:00", 0),  # an ETF's options trade until 16:15
        ("2025-03-14 13:00", "2025-03-13T19:50:00+00:00", 10),  # before the opening: yesterday's close
        ("2025-03-14 15:35", None, None),
    ],
)
def test_how_far_figures_lie_behind_is_counted_to_the_close_at_most(
    as_of: str, newest: str | None, minutes: int | None
) -> None:
    expected = None if minutes is None else timedelta(minutes=minutes)
    assert freshness.behind(signal(as_of, newest_at=newest)) == expected


def test_figures_of_an_earlier_session_or_of_a_tape_that_stands_still_are_old() -> None:
    newest = utc("2025-03-14 14:00")

    def at(minutes: int) -> bool:
        moment = newest + timedelta(minutes=minutes)
        facts = {"session": FRIDAY, "newest_at": newest.isoformat()}
        return freshness.is_old(signal(f"{moment:%Y-%m-%d %H:%M}", **facts))

    assert timedelta(minutes=60) == OLD
    assert [at(60), at(61)] == [False, True]
    assert freshness.is_old(signal("2025-03-14 13:35", session="2025-03-13"))
    assert not freshness.is_old(signal("2025-03-14 13:25", session="2025-03-13"))  # not open yet
    assert not freshness.is_old(signal("2025-03-14 13:35"))


def test_an_answer_is_stale_once_a_newer_session_is_complete() -> None:
    def stale(as_of: str) -> Stale | None:
        return freshness.stale(signal(as_of, session="2025-03-13"))

    assert stale("2025-03-14 20:44") is None  # Friday's figures are not complete yet
    assert stale("2025-03-14 20:45") == Stale(date(2025, 3, 13), timedelta(days=1))
    assert freshness.stale(signal("2025-03-16 20:45", session=FRIDAY)) is None  # Sunday


def test_an_answer_is_stale_if_the_open_sessions_newest_print_is_old() -> None:
    facts = {"session": FRIDAY, "newest_at": "2025-03-14T14:00:00+00:00"}
    assert freshness.stale(signal("2025-03-14 15:00", **facts)) is None
    assert freshness.stale(signal("2025-03-14 15:01", **facts)) == Stale(
        utc("2025-03-14 14:00"), timedelta(minutes=61)
    )


def test_an_answer_is_stale_while_its_feed_cannot_be_read() -> None:
    since = utc("2025-03-14 14:05")

    def stale(as_of: str, **facts: object) -> Stale | None:
        return freshness.stale(signal(as_of, **facts), "some_feed", since)

    within = {"session": FRIDAY, "newest_at": "2025-03-14T14:00:00+00:00"}
    minutes, hours = timedelta(minutes=10), timedelta(hours=3)
    assert stale("2025-03-14 14:10", **within) == Stale(utc("2025-03-14 14:00"), minutes, "some_feed", since)
    assert stale("2025-03-14 23:45", **within) == Stale(date(2025, 3, 14), hours, "some_feed", since)
    # where no session is named, nothing newer than the failure can be in it
    assert stale("2025-03-14 14:15") == Stale(since, minutes, "some_feed", since)
