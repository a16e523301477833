"""Bull, neutral or bear: a state with hysteresis, as a pure function of a series of the index."""

from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

#: enter bull from here on, bear up to here; leave either when the index is beyond the middle again
BULL, BEAR, MIDDLE = 60.0, 40.0, 50.0
#: sessions in a row that a change takes; and, assumption, the fewest a state lasts
CONFIRM, DWELL = 3, 5


class Regime(NamedTuple):
    """The state after each session, and on which sessions it changed."""

    states: list[str]
    switches: list[int]


def regimes(index: Sequence[float], dwell: int = DWELL) -> Regime:
    """Follow the index from neutral on.

    A change takes three sessions in a row that want the same one; a session that wants none, or is not known
    (NaN), begins the count anew, and one that wants another counts as its first. No change before the state
    has lasted `dwell` sessions; the count goes on meanwhile.
    """
    state, candidate, count, since = "neutral", "", 0, -dwell
    states, switches = [], []
    for place, value in enumerate(index):
        wanted = _wanted(state, value)
        count = 0 if not wanted else count + 1 if wanted == candidate else 1
        candidate = wanted
        if count >= CONFIRM and place - since >= dwell:
            state, candidate, count, since = wanted, "", 0, place
            switches.append(place)
        states.append(state)
    return Regime(states, switches)


def _wanted(state: str, value: float) -> str:
    """The state the session wants to change to; empty where it wants none."""
    if not isfinite(value):
        return ""
    if state == "neutral":
        return "bull" if value >= BULL else "bear" if value <= BEAR else ""
    over = value < MIDDLE if state == "bull" else value > MIDDLE
    return "neutral" if over else ""


def expected_delay(span: int) -> float:
    """Sessions from a gradual turn of the inputs to the change of state.

    An exponential average of `span` lags (span − 1) / 2 sessions, and the change takes its last two more.
    """
    return (span - 1) / 2 + CONFIRM - 1
