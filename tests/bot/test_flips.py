"""A flip is a changed state: found once, and nothing of the first run is news."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.alerts.flips import find
from indicators import Chart, Indicator, Signal, State
from storage.journal import Before

NOW = datetime(2024, 3, 4, 21, 45, tzinfo=UTC)
STATES = {"quiet": State("{subject} is quiet", False), "buying": State("{subject} is bought", True)}
MEASURE = Indicator(
    "measure", "Measure", (), timedelta(days=1), lambda *_: iter(()), lambda *_: Chart("", (), ()),
    STATES, "quiet", (), "", "",
)  # fmt: skip


def signal(subject: str, state: str, event: str | None = None) -> Signal:
    return Signal("measure", subject, NOW, state, 0.0, "B", 1, "test", {}, event)


@pytest.mark.parametrize(
    ("before", "state", "expected"),
    [
        ({"ACME": "quiet"}, "buying", [("ACME", "quiet", True)]),
        ({"ACME": "buying"}, "quiet", [("ACME", "buying", False)]),
        ({"ACME": "buying"}, "buying", []),
        ({"OTHER": "quiet"}, "buying", [("ACME", None, True)]),  # a new subject counts as at rest
        ({"OTHER": "quiet"}, "quiet", []),
        ({}, "buying", []),  # the indicator never ran: this is the base line
    ],
)
def test_a_flip_is_a_state_that_changed(before: dict, state: str, expected: list) -> None:
    found = find(MEASURE, [signal("ACME", state)], {name: Before(was) for name, was in before.items()})
    assert [(flip.signal.subject, flip.before, flip.loud) for flip in found] == expected


@pytest.mark.parametrize(
    ("was", "event", "news"),
    [
        ("order 1", "order 2", True),
        ("order 1", "order 1", False),
        (None, "order 1", True),
        ("order 1", None, False),  # nothing new: the state stayed, and there is no event to tell
    ],
)
def test_another_event_is_news_though_the_state_stays(was: str | None, event: str | None, news: bool) -> None:
    found = find(MEASURE, [signal("ACME", "buying", event)], {"ACME": Before("buying", was)})
    assert bool(list(found)) == news


@pytest.mark.parametrize(
    "wrong",
    [{"strength": 1.5}, {"as_of": datetime(2024, 3, 4)}, {"source": ""}, {"n": -1}],  # noqa: DTZ001
)
def test_a_signal_that_does_not_say_when_how_many_or_from_where_cannot_be_made(wrong: dict) -> None:
    good = {
        "indicator": "measure", "subject": "ACME", "as_of": NOW, "state": "quiet", "strength": 0.0,
        "quality": "B", "n": 1, "source": "test", "facts": {},
    }  # fmt: skip
    with pytest.raises(ValueError, match="ACME"):
        Signal(**(good | wrong))
