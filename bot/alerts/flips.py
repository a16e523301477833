"""Did anything change? Signals against the states before them become flips, each once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from indicators import Indicator, Signal
from storage.journal import Before


@dataclass(frozen=True)
class Flip:
    """A subject's signal with another state than before, or another event; `before` is its state until
    then, None for a new subject.
    """

    signal: Signal
    before: str | None
    loud: bool


def find(indicator: Indicator, signals: Iterable[Signal], before: Mapping[str, Before]) -> Iterator[Flip]:
    """Yield the flips among `signals`, given each subject's state and event before.

    A subject never heard of counts as at rest. An indicator that never ran has no `before` at all: its
    first run is the base line, and nothing of it is news.
    """
    if not before:
        return
    for signal in signals:
        was = before.get(signal.subject, Before(None, None))
        news = signal.event is not None and signal.event != was.event
        if news or signal.state != (was.state or indicator.rest):
            yield Flip(signal, was.state, indicator.states[signal.state].loud)
