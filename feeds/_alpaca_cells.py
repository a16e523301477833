"""What of a session's day is asked for at once, and what of it is still to be read.

A day is cut into cells that do not depend on when we ask; a cell is asked for once it is over and old enough.
So what was read is known by its name, whichever job read it. Missing cells in a row are asked for as one run.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from feeds._alpaca_rows import DELAY
from storage import calendar

#: from when to when, UTC, both included
Span = tuple[datetime, datetime]

#: stock prints and quotes are needed at the close, but would be too many to ask for then
HALF_HOUR = timedelta(minutes=30)
#: option prints are news
FIVE_MINUTES = timedelta(minutes=5)


def quoted_hours(day: date) -> list[Span]:
    """Half hours of the session, whose prints can be signed, and the one before: its last quote stands."""
    return list(pairwise([calendar.opening(day) - HALF_HOUR, *_session(day, HALF_HOUR)]))


def until_figures(day: date) -> list[Span]:
    """What the day's figures can have of the day: before the session, its half hours, a while after."""
    return list(pairwise([midnight(day), *_session(day, HALF_HOUR), _figures(day)]))


def after_figures(day: date) -> list[Span]:
    """The rest of the day, which is no run with what the figures have: that is read by then."""
    return [(_figures(day), midnight(day + timedelta(days=1)))]


def option_hours(day: date) -> list[Span]:
    """Five minutes each of the session, and the half hour in which some options still trade."""
    return list(pairwise([*_session(day, FIVE_MINUTES), _figures(day)]))


def midnight(day: date) -> datetime:
    """When `day` begins in New York, UTC."""
    return calendar.new_york(day, time())


def _session(day: date, step: timedelta) -> list[datetime]:
    """The opening, every `step` from then on, and the close."""
    first, last = calendar.opening(day), calendar.close(day)
    return [*(first + step * i for i in range((last - first) // step)), last]


def _figures(day: date) -> datetime:
    """What is younger than this is not for the day's figures."""
    return calendar.settled(day) - DELAY


def sessions(since: datetime, until: datetime) -> list[date]:
    """The sessions of New York's days from `since` to `until`."""
    first, last = (at.astimezone(calendar.NEW_YORK).date() for at in (since, until))
    return calendar.sessions(first, last)


def ripe(cells: Callable[[date], Iterable[Span]], since: datetime, until: datetime) -> list[Span]:
    """The cells that became old enough to be asked for after `since`, up to `until`."""
    days = sessions(since - DELAY, until - DELAY)
    return [cell for day in days for cell in cells(day) if since < cell[1] + DELAY <= until]


def unread(
    label: str, cells: Iterable[Span], known: Callable[[list[str]], set[str]]
) -> list[tuple[str, Span]]:
    """The cells still to be read, those in a row as one run, each with the name its pages get.

    `known` says which of some names were read.
    """
    names = {_name(label, cell): cell for cell in cells}
    done = known(list(names))
    runs: list[Span] = []
    for start, end in (cell for name, cell in names.items() if name not in done):
        if runs and runs[-1][1] == start:
            runs[-1] = runs[-1][0], end
        else:
            runs.append((start, end))
    names = {_name(label, run): run for run in runs}
    done = known(list(names))
    return [(name, run) for name, run in names.items() if name not in done]


def stamp(moment: datetime) -> str:
    """A UTC moment as the API and names write it."""
    return moment.isoformat().replace("+00:00", "Z")


def _name(label: str, span: Span) -> str:
    return f"{label} {stamp(span[0])} {stamp(span[1])}"
