"""Trailing revenue and shares outstanding against numbers worked by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from indicators._company_figures import shares_outstanding, trailing_revenue

Row = dict[str, Any]


def filed(text: str) -> datetime:
    """22:00 New York in winter."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(hours=27)


def revenue(start: str, end: str, value: int, known: str, accession: str = "1") -> Row:
    return {
        "figure": "revenue", "start": date.fromisoformat(start), "end": date.fromisoformat(end),
        "value": value, "known_at": filed(known), "accession": accession,
    }  # fmt: skip


def shares(end: str, value: int, known: str, accession: str = "1") -> Row:
    return revenue(end, end, value, known, accession) | {"figure": "shares"}


def frame(*rows: Row) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=["figure", "start", "end", "value", "known_at", "accession"])
    return table.assign(known_at=pd.to_datetime(table["known_at"], utc=True))


#: a company of calendar quarters 10, 20, 30, 40 in 2023 and 11, 22, 33, 44 in 2024
YEAR_2023 = revenue("2023-01-01", "2023-12-31", 100, "2024-02-20", "k23")
FIRST_2023 = revenue("2023-01-01", "2023-03-31", 10, "2023-05-05", "a")
FIRST_2024 = revenue("2024-01-01", "2024-03-31", 11, "2024-05-06", "b")
HALF_2023 = revenue("2023-01-01", "2023-06-30", 30, "2024-08-05", "c")
HALF_2024 = revenue("2024-01-01", "2024-06-30", 33, "2024-08-05", "c")
NINE_2023 = revenue("2023-01-01", "2023-09-30", 60, "2024-11-05", "d")
NINE_2024 = revenue("2024-01-01", "2024-09-30", 66, "2024-11-05", "d")
YEAR_2024 = revenue("2024-01-01", "2024-12-31", 110, "2025-02-20", "k24")
HISTORY = [
    YEAR_2023, FIRST_2023, FIRST_2024, HALF_2023, HALF_2024, NINE_2023, NINE_2024, YEAR_2024,
    revenue("2024-04-01", "2024-06-30", 22, "2024-08-05", "c"),
    revenue("2024-07-01", "2024-09-30", 33, "2024-11-05", "d"),
    revenue("2024-10-01", "2024-12-31", 44, "2025-02-20", "k24"),
    revenue("2023-07-01", "2023-09-30", 30, "2023-11-03", "e"),
    revenue("2023-10-01", "2023-12-31", 40, "2024-02-20", "k23"),
    shares("2024-01-31", 500, "2024-02-20", "k23"),
    shares("2024-10-31", 520, "2024-11-05", "d"),
]  # fmt: skip


def at(as_of: str, rows: list[Row] = HISTORY) -> pd.DataFrame:
    """What of `rows` was known then."""
    return frame(*[row for row in rows if row["known_at"] <= filed(as_of)])


def test_nothing_known_is_nothing() -> None:
    assert trailing_revenue(frame()) is None
    assert shares_outstanding(frame()) is None
    assert trailing_revenue(frame(shares("2024-01-31", 500, "2024-02-20"))) is None
    assert shares_outstanding(frame(YEAR_2023)) is None


def test_a_full_year_alone() -> None:
    assert trailing_revenue(frame(YEAR_2023)) == (
        100, date(2023, 1, 1), date(2023, 12, 31), filed("2024-02-20"),
    )  # fmt: skip
    assert trailing_revenue(frame(YEAR_2024, YEAR_2023)) == (
        110, date(2024, 1, 1), date(2024, 12, 31), filed("2025-02-20"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "value", "start", "end", "known"),
    [
        # 100 + 11 − 10, 100 + 33 − 30, 100 + 66 − 60
        ((FIRST_2023, FIRST_2024), 101, date(2023, 4, 1), date(2024, 3, 31), "2024-05-06"),
        ((HALF_2023, HALF_2024), 103, date(2023, 7, 1), date(2024, 6, 30), "2024-08-05"),
        ((NINE_2023, NINE_2024), 106, date(2023, 10, 1), date(2024, 9, 30), "2024-11-05"),
    ],
)
def test_a_year_rolled_on(parts: tuple[Row, ...], value: int, start: date, end: date, known: str) -> None:
    assert trailing_revenue(frame(YEAR_2023, *parts)) == (value, start, end, filed(known))


def test_a_year_is_not_rolled_on_by_parts_that_do_not_match() -> None:
    alone = trailing_revenue(frame(YEAR_2023))
    for parts in (
        (FIRST_2024,),
        (HALF_2024, FIRST_2023),
        (NINE_2023,),
        # begins a day late, and a day early
        (FIRST_2023, revenue("2024-01-02", "2024-03-31", 11, "2024-05-06")),
        (FIRST_2023, revenue("2023-12-31", "2024-03-31", 11, "2024-05-06")),
        # a year apart, but not the beginning of the year
        (HALF_2024, revenue("2023-04-01", "2023-06-30", 20, "2023-08-05")),
        # what is left is nothing
        (FIRST_2024, revenue("2023-01-01", "2023-03-31", 111, "2023-05-05")),
    ):
        assert trailing_revenue(frame(YEAR_2023, *parts)) == alone


def test_a_year_is_not_rolled_on_by_a_beginning_restated_since_part_of_the_company_went() -> None:
    # a year of 100 with the part that left; 60 of its nine months were filed, and 25 without that part
    before = revenue("2023-01-01", "2023-09-30", 60, "2023-11-05", "c23")
    restated = revenue("2023-01-01", "2023-09-30", 25, "2024-11-05", "d")
    after = revenue("2024-01-01", "2024-09-30", 28, "2024-11-05", "d")
    year = trailing_revenue(frame(before, YEAR_2023, restated, after))
    assert year is not None
    assert year[0] == 100  # not 100 + 28 − 25 = 103
    # one that moved by rounding alone is rolled on: 100 + 66 − 60
    rounded = revenue("2023-01-01", "2023-09-30", 6_003, "2024-11-05", "d")
    exact = [row | {"value": row["value"] * 100} for row in (before, YEAR_2023, NINE_2024)]
    rolled = trailing_revenue(frame(*exact, rounded))
    assert rolled is not None
    assert rolled[0] == 10_000 + 6_600 - 6_003


def test_four_quarters_in_a_row() -> None:
    quarters = [
        revenue("2023-10-01", "2023-12-31", 40, "2024-02-20"),
        revenue("2024-01-01", "2024-03-31", 11, "2024-05-06"),
        revenue("2024-04-01", "2024-06-30", 22, "2024-08-05"),
        revenue("2024-07-01", "2024-09-30", 33, "2024-11-05"),
    ]
    assert trailing_revenue(frame(*quarters)) == (
        106, date(2023, 10, 1), date(2024, 9, 30), filed("2024-11-05"),
    )  # fmt: skip
    # a fifth before them is not counted, one after them moves them on
    assert trailing_revenue(frame(revenue("2023-07-01", "2023-09-30", 30, "2023-11-03"), *quarters))[0] == 106
    assert trailing_revenue(frame(revenue("2024-10-01", "2024-12-31", 44, "2025-02-20"), *quarters))[0] == 110
    # a gap or an overlap of one day, or only three
    for start in ("2024-04-02", "2024-03-31"):
        late = revenue(start, "2024-06-30", 22, "2024-08-05")
        assert trailing_revenue(frame(quarters[0], quarters[1], late, quarters[3])) is None
    assert trailing_revenue(frame(*quarters[1:])) is None


def test_whatever_ends_last_counts_and_of_equals_what_was_filed_whole() -> None:
    quarters = [
        row for row in HISTORY if row["accession"] in "bcd" and (row["end"] - row["start"]).days < 100
    ]
    fourth = revenue("2023-10-01", "2023-12-31", 41, "2024-02-20")
    last = revenue("2024-10-01", "2024-12-31", 45, "2025-02-20")
    # quarters 41 + 11 + 22 + 33 go before 100 + 66 − 60, but not the other way round
    assert trailing_revenue(frame(YEAR_2023, NINE_2023, NINE_2024, fourth, *quarters))[0] == 107
    # and the year, 110, before quarters 11 + 22 + 33 + 45
    assert trailing_revenue(frame(YEAR_2024, *quarters, last))[0] == 110
    # quarters that end later go before an older year
    assert trailing_revenue(frame(YEAR_2023, fourth, *quarters))[0] == 107


def test_weeks_make_a_year_of_52_or_53() -> None:
    # Apple's fiscal 2023 has 53 weeks: September 25, 2022 to September 30, 2023
    year = revenue("2022-09-25", "2023-09-30", 383, "2023-11-03")
    before = revenue("2022-09-25", "2022-12-31", 117, "2023-02-03")
    after = revenue("2023-10-01", "2023-12-30", 120, "2024-02-02")
    assert trailing_revenue(frame(year, before, after)) == (
        386, date(2023, 1, 1), date(2023, 12, 30), filed("2024-02-02"),
    )  # fmt: skip


def test_a_restatement_counts_once_it_is_known() -> None:
    again = revenue("2023-01-01", "2023-12-31", 95, "2024-06-03", "k23a")
    assert trailing_revenue(at("2024-06-02", [YEAR_2023, again]))[0] == 100
    assert trailing_revenue(at("2024-06-03", [YEAR_2023, again])) == (
        95, date(2023, 1, 1), date(2023, 12, 31), filed("2024-06-03"),
    )  # fmt: skip
    # of two of one evening the later filing
    both = [revenue("2023-01-01", "2023-12-31", value, "2024-06-03", f"{value}") for value in (95, 96)]
    assert trailing_revenue(frame(*both))[0] == trailing_revenue(frame(*reversed(both)))[0] == 96


def test_a_figure_that_is_only_repeated_was_known_all_the_time() -> None:
    def year(value: int, known: str) -> Row:
        return revenue("2023-01-01", "2023-12-31", value, known, known)

    rows = [year(100, "2024-02-20"), year(100, "2024-06-03"), year(100, "2025-02-20")]
    assert trailing_revenue(frame(*rows))[-1] == filed("2024-02-20")
    # there and back again is news
    rows.insert(1, year(95, "2024-05-02"))
    assert trailing_revenue(frame(*rows)) == (
        100, date(2023, 1, 1), date(2023, 12, 31), filed("2024-06-03"),
    )  # fmt: skip


def test_the_newest_number_of_shares() -> None:
    rows = [
        shares("2024-10-31", 520, "2024-11-05"),
        shares("2024-01-31", 500, "2024-02-20"),
        # an older day in a newer filing
        shares("2023-12-31", 490, "2025-02-20"),
        revenue("2024-01-01", "2025-12-31", 7, "2026-02-20"),
    ]
    assert shares_outstanding(frame(*rows)) == (520, date(2024, 10, 31), filed("2024-11-05"))
    rows.append(shares("2024-10-31", 5200, "2025-01-10", "2"))
    assert shares_outstanding(frame(*rows)) == (5200, date(2024, 10, 31), filed("2025-01-10"))


def test_what_is_known_later_changes_nothing_that_was_said_before() -> None:
    days = sorted({row["known_at"] for row in HISTORY})
    for day in days:
        seen = [row for row in HISTORY if row["known_at"] <= day]
        as_of = (day - timedelta(hours=27)).date().isoformat()
        for compute in (trailing_revenue, shares_outstanding):
            said = compute(at(as_of))
            assert said == compute(frame(*reversed(seen)))
            assert said is None or said[-1] <= day
    # from the history whole: none, 2023, and then quarter by quarter
    course = [trailing_revenue(at(day)) for day in (
        "2024-02-19", "2024-02-20", "2024-05-06", "2024-08-05", "2024-11-05", "2025-02-20",
    )]  # fmt: skip
    assert [said and said[0] for said in course] == [None, 100, 101, 103, 106, 110]


def test_a_long_history_is_read_quickly() -> None:
    quarters = pd.period_range("2005Q1", "2024Q4", freq="Q")
    rows = [
        revenue(str(each.start_time.date()), str(each.end_time.date()), 10, "2025-02-20", str(n))
        for each in quarters
        for n in range(4)
    ]
    assert trailing_revenue(frame(*rows)) == (
        40, date(2024, 1, 1), date(2024, 12, 31), filed("2025-02-20"),
    )  # fmt: skip
