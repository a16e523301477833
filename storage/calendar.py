"""The exchange's calendar: sessions, half days, and what "the close of a day" means here.

Option prints of ETFs and indices come until 16:15, so a day's figures are complete 45 minutes after
the close: 16:45 New York, 13:45 on a half day. What is published of a day later that evening, FINRA's
files and late trade reports, belongs to it too: a bare date stands for 20:00, the end of extended trading.
"""

import bisect
import warnings
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
#: how long after the close the day's option figures are complete
SETTLE = timedelta(minutes=45)
#: when extended trading ends, and with it the day
DAY_ENDS = time(20, 0)


@cache
def _hours() -> dict[date, tuple[datetime, datetime]]:
    """Opening and close, UTC, of each session of the New York Stock Exchange, 1999 to 2034."""
    import exchange_calendars
    from pandas.errors import Pandas4Warning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pandas4Warning)  # the calendar's own use of pandas
        schedule = exchange_calendars.get_calendar("XNYS", start="1999-01-04", end="2034-12-29").schedule
        return {
            day.date(): (opens.to_pydatetime().astimezone(UTC), closes.to_pydatetime().astimezone(UTC))
            for day, opens, closes in zip(schedule.index, schedule["open"], schedule["close"], strict=True)
        }


@cache
def _sessions() -> list[date]:
    return list(_hours())


@cache
def _places() -> dict[date, int]:
    return {day: place for place, day in enumerate(_sessions())}


def is_session(day: date) -> bool:
    """Whether the exchange opens on `day`."""
    return day in _hours()


def sessions(first: date, last: date) -> list[date]:
    """The sessions from `first` to `last`, both included, oldest first."""
    return [day for day in _sessions() if first <= day <= last]


def shift(day: date, by: int) -> date:
    """The session `by` sessions after `day` (before it, where negative); `day` itself must be one."""
    place = _places().get(day)
    if place is None:
        raise ValueError(f"{day} is not a session of the exchange")
    return _sessions()[place + by]


def last_session(moment: datetime) -> date:
    """The newest session that had opened by `moment`."""
    day = moment.astimezone(NEW_YORK).date()
    place = bisect.bisect_right(_sessions(), day) - 1
    found = _sessions()[place]
    return _sessions()[place - 1] if found == day and moment < opening(day) else found


def opening(day: date) -> datetime:
    """When the session `day` opens, UTC."""
    return _hours()[day][0]


def close(day: date) -> datetime:
    """When the session `day` closes (13:00 New York on a half day), UTC."""
    return _hours()[day][1]


def settled(day: date) -> datetime:
    """When the figures of the session `day` are complete: 45 minutes after its close, UTC."""
    return close(day) + SETTLE


def day_end(day: date) -> datetime:
    """When all that belongs to `day`, a session or not, is known: 20:00 New York, UTC."""
    return new_york(day, DAY_ENDS)


def new_york(day: date, at: time) -> datetime:
    """The moment New York's clocks show `at` on `day`, UTC."""
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)
