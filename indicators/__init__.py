"""What is computed: one file per indicator, rows → Signals; arithmetic only, no I/O, no clock.

To add an indicator: create `indicators/x.py` with a constant `INDICATOR` named like the file, and its
hand-worked test. It declares what it reads (`inputs`) and how far back; `compute` gets Frames that
hold nothing known after `as_of`, and yields Signals. `chart` describes the picture as data; the
commentary draws it. The engine, /why, docs and contract tests find it by themselves.
Files that begin with `_` are shared arithmetic, not indicators.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from storage.frames import Frames
from storage.tables import MarketRow
from storage.tape import Tape

Quality = Literal["A", "B", "C"]
#: the subject of what is said about all symbols together
MARKET = "MARKET"


@dataclass(frozen=True)
class Signal:
    """One indicator's opinion of one subject at one moment.

    `strength` runs from −1 (bearish) to +1 (bullish), 0 where no direction is claimed. `n` is the
    number of observations behind it. A value that is not known is None in `facts`, never 0.
    `quality`: A measured, B inferred or partly assumed, C an estimate. `event` names what is new although
    the state may stay (a larger order than before): another event than the last is news once.
    """

    indicator: str
    subject: str
    as_of: datetime
    state: str
    strength: float
    quality: Quality
    n: int
    source: str
    facts: Mapping[str, Any]
    event: str | None = None

    def __post_init__(self) -> None:
        if self.as_of.tzinfo is None:
            raise ValueError(f"{self.indicator} {self.subject}: as_of has no time zone")
        if not -1 <= self.strength <= 1:
            raise ValueError(f"{self.indicator} {self.subject}: strength {self.strength} is outside −1…+1")
        if self.n < 0 or self.quality not in ("A", "B", "C") or not self.source:
            raise ValueError(f"{self.indicator} {self.subject}: n, quality and source must be stated")


@dataclass(frozen=True)
class State:
    """One state of an indicator: what people read, and whether entering it is worth a push."""

    #: the headline, a gettext key; may name `{subject}`
    headline: str
    #: entering this state is told to the people who asked
    loud: bool


@dataclass(frozen=True)
class Series:
    """One thing drawn over time in a panel.

    kind: `line`; `step` (a line that keeps its height until the next value); `bars` (from zero; positive
    and negative coloured apart); `band` (between `values` and `upper`); markers at a height: `up` and `down`
    (buys and sells), `dot` and `hollow` (certain and uncertain). Missing is None.
    """

    label: str
    kind: Literal["line", "step", "bars", "band", "up", "down", "dot", "hollow"]
    values: Sequence[float | None]
    upper: Sequence[float | None] = ()


@dataclass(frozen=True)
class Ring:
    """A ring of two opposite parts and one that is neither, each at least 0; in its middle first − second."""

    title: str
    #: labels and values: what is drawn green, what orange, and (may be left out) what grey
    parts: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Row:
    """One line of a board: a name, a bar to the right, a bar to the left, and what to know beside it.

    Where it is `neither`, the bar to the right is grey.
    """

    name: str
    right: float
    left: float = 0.0
    note: str = ""
    neither: bool = False


@dataclass(frozen=True)
class Panel:
    """One set of axes with series over the days, or rings side by side, or the rows of a board.

    `unit` is what is counted. `sides` says what the bars of rows to the right, to the left and in grey are.
    """

    title: str
    unit: str
    series: Sequence[Series] = ()
    rings: Sequence[Ring] = ()
    rows: Sequence[Row] = ()
    sides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A picture as data. `title` says what to see; `days` are ISO dates on the common x axis."""

    title: str
    days: Sequence[str]
    panels: Sequence[Panel]
    #: what the title and the labels name: values for their `{…}`
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Indicator:
    """A measure of the market, with everything needed to compute, say, draw and document it."""

    name: str
    #: what people call it
    title: str
    inputs: tuple[type[MarketRow] | Tape, ...]
    #: how far back `compute` looks
    lookback: timedelta
    #: all subjects, or those asked for; MARKET is one of them
    compute: Callable[[Frames, Sequence[str] | None], Iterator[Signal]]
    #: the picture behind a signal, from the same frames
    chart: Callable[[Frames, Signal], Chart]
    states: Mapping[str, State]
    #: the state of a subject nobody has heard of yet
    rest: str
    #: sentences about the facts, gettext keys with `{fact}` or `{fact:usd}`, `:x`, `:pct`, `:int`;
    #: one with a fact that is None is left out
    sentences: Sequence[str]
    #: how it is computed, in plain words, for /why and docs
    method: str
    #: where the method comes from
    source: str
    #: computed with the day's figures only, not whenever one of its inputs has news
    at_close: bool = False
    #: which signals are stored besides those that changed; None: all of a close
    moves: Callable[[Signal], bool] | None = None
