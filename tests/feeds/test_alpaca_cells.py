"""The cells a session's day is asked for in: they cover it, ripen once, and what was read is known again."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from feeds._alpaca_cells import after_figures, option_hours, quoted_hours, ripe, stamp, unread, until_figures
from storage import calendar

#: a half day: the session is 13:30 to 17:00 UTC
DAY = date(2024, 7, 3)
CLOSE_BEFORE = datetime(2024, 7, 2, 20, 45, tzinfo=UTC)


def test_cells_of_a_day_touch_and_cover_it() -> None:
    for day in (DAY, date(2025, 10, 3), date(2024, 3, 11), date(2024, 11, 4)):
        opening, close = calendar.opening(day), calendar.close(day)
        night, next_night = (calendar.new_york(each, time()) for each in (day, day + timedelta(days=1)))
        for cells, first, last in (
            ([*until_figures(day), *after_figures(day)], night, next_night),
            (quoted_hours(day), opening - timedelta(minutes=30), close),
            (option_hours(day), opening, close + timedelta(minutes=30)),
        ):
            assert (cells[0][0], cells[-1][1]) == (first, last)
            assert all(before[1] == after[0] for before, after in pairwise(cells))
        # the figures of a session are made 45 minutes after its close
        assert after_figures(day)[0][0] + timedelta(minutes=15) == calendar.settled(day)
    assert len(quoted_hours(DAY)) == 8
    assert len(option_hours(date(2025, 10, 3))) == 79


def test_a_cell_ripens_once_in_whatever_windows_a_day_is_asked_for() -> None:
    for cells in (until_figures, after_figures, quoted_hours, option_hours):
        for step in (5, 7, 60, 24 * 60):
            at, found = CLOSE_BEFORE, []
            while at < CLOSE_BEFORE + timedelta(days=4):
                found += ripe(cells, at, at := at + timedelta(minutes=step))
            assert len(found) == len(set(found))
            assert set(cells(DAY)) <= set(found)


def test_missing_cells_in_a_row_are_one_run_that_is_known_again() -> None:
    cells = quoted_hours(DAY)
    known: set[str] = set()
    ((whole, span),) = unread("x", cells, lambda names: known & set(names))
    assert span == (cells[0][0], cells[-1][1])
    known |= {whole}
    assert unread("x", cells, lambda names: known & set(names)) == []
    known = {f"x {stamp(cells[2][0])} {stamp(cells[2][1])}"}
    assert [run for _, run in unread("x", cells, lambda names: known & set(names))] == [
        (cells[0][0], cells[1][1]), (cells[3][0], cells[-1][1]),
    ]  # fmt: skip
