"""Did anything change? Signals against the states before them become flips, each once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from indicators import Indicator, Signal


@dataclass(frozen=True)
class Flip:
    """A subject's signal whose state is another than before; `before` is None for a new subject."""

    signal: Signal
    before: str | None
    loud: bool


def find(indicator: Indicator, signals: Iterable[Signal], before: Mapping[str, str]) -> Iterator[Flip]:
    """Yield the flips among `signals`, given each subject's state before.

    A subject never heard of counts as at rest. An indicator that never ran has no `before` at all: its
    first run is the base line, and nothing of it is news.
    """
    if not before:
        return
    for signal in signals:
        was = before.get(signal.subject)
        if signal.state != (was or indicator.rest):
            yield Flip(signal, was, indicator.states[signal.state].loud)
