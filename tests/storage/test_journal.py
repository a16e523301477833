"""What the newest signal of each subject said before a moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from storage import journal
from storage.database import reading, writing

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)


def signal(subject: str, hours: int, state: str, indicator: str = "mood") -> dict[str, Any]:
    return {
        "indicator": indicator, "subject": subject, "as_of": NOON + timedelta(hours=hours),
        "computed_at": NOON, "state": state, "strength": 0.0, "quality": "A", "n": 1, "source": "test",
        "facts": {}, "event": f"{state} of {subject}",
    }  # fmt: skip


def add(engine: Engine, *rows: dict[str, Any]) -> None:
    with writing(engine) as session:
        journal.record_signals(session, rows)


def before(engine: Engine, hours: int, subjects: list[str] | None = None) -> dict[str, str | None]:
    with reading(engine) as session:
        found = journal.states_before(session, "mood", NOON + timedelta(hours=hours), subjects)
    assert all(each.event == f"{each.state} of {subject}" for subject, each in found.items())
    return {subject: each.state for subject, each in found.items()}


def test_the_newest_signal_before_counts_and_none_of_the_moment_itself_or_later(engine: Engine) -> None:
    assert before(engine, 9) == {}
    for hours, state in ((0, "calm"), (1, "up"), (2, "down")):
        add(engine, signal("b", hours, state), signal("Space", hours, state))
    add(engine, signal("A", 0, "calm"), signal("late", 3, "up"), signal("b", 3, "up", "eps"))
    assert before(engine, 0) == {}
    assert before(engine, 2) == {"A": "calm", "b": "up", "Space": "up"}
    assert before(engine, 4) == {"A": "calm", "b": "down", "Space": "down", "late": "up"}
    assert before(engine, 4, ["b", "late", "nobody"]) == {"b": "down", "late": "up"}
