"""Earnings of the S&P 500 from files: every layout, since when each row is known, and what is refused."""

import io
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import Engine

from bot.pipeline import take_in
from bot.rooms import Rooms
from feeds import FeedError, Kind, Parsed, Raw
from feeds._eps_workbook import LARGEST
from feeds.index_eps import FEED, parse
from storage import calendar
from storage.tables import Bar, IndexEps
from storage.tape import TapeStore

HEADER = "published_at,index_close,forward_eps,basis"
FACTSET = "Report_Date,Q3'23,Q4'23,Q1'24,Q2'24,Q3'24"
VINTAGES = "vintage,date,yr_qtr,op_eps,rep_eps,op_pe,rep_pe,12m_op_eps,12m_rep_eps"
ACTUALS = "date,price,op_eps,rep_eps,yr_qtr"
BARS = "Date,Open,High,Low,Close,Adj Close,Volume"


def read(*lines: str, name: str = "file.csv") -> Parsed:
    return parse(Raw(name, "\n".join(lines).encode()))


def rows(parsed: Parsed, kind: Kind = IndexEps) -> list[dict[str, Any]]:
    return parsed.accepted[kind].to_pylist() if parsed.accepted else []


def only(parsed: Parsed, kind: Kind = IndexEps) -> dict[str, Any]:
    assert not parsed.bad
    (row,) = rows(parsed, kind)
    return row


def why(parsed: Parsed) -> list[str]:
    return [bad.reason for bad in parsed.bad]


def test_our_own_row_is_known_when_published_and_of_the_close_before() -> None:
    assert only(read(HEADER, "2024-07-05T08:00:00-04:00,5537.02,266.1234,Operating")) == {
        # published before the opening of the 5th: of the 3rd, a half day; the 4th is no session
        "event_at": datetime(2024, 7, 3, 17, tzinfo=UTC),
        "known_at": datetime(2024, 7, 5, 12, tzinfo=UTC),
        "source": "index_eps", "index": "SPX", "vendor": "own", "basis": "operating", "kind": "ntm",
        "period": "NTM", "vintage": date(2024, 7, 3), "eps_e4": 2_661_234, "estimated": True,
        "close_e4": 55_370_200,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("published", "vintage", "known"),
    [
        ("2024-07-05", date(2024, 7, 5), datetime(2024, 7, 6, tzinfo=UTC)),
        ("2024-07-05T15:59:59-04:00", date(2024, 7, 3), datetime(2024, 7, 5, 19, 59, 59, tzinfo=UTC)),
        ("2024-07-05T16:00:00-04:00", date(2024, 7, 5), datetime(2024, 7, 5, 20, tzinfo=UTC)),
        ("2024-07-07", date(2024, 7, 5), datetime(2024, 7, 8, tzinfo=UTC)),
        ("1720209600000", date(2024, 7, 5), datetime(2024, 7, 5, 20, tzinfo=UTC)),
    ],
)
def test_a_date_means_the_end_of_its_day(published: str, vintage: date, known: datetime) -> None:
    row = only(read(HEADER, f"{published},5567.19,266,operating"))
    assert (row["vintage"], row["known_at"]) == (vintage, known)


def test_losses_are_earnings_a_close_may_lack_and_bases_have_names() -> None:
    lines = ["2024-07-05,,-12.5,as reported", "2024-07-05,5567.19,0,GAAP", "2024-07-05,5567.19,266,non-GAAP"]
    lines.append("2024-07-05,5567.19,280,strategists")
    found = [(row["eps_e4"], row["close_e4"], row["basis"]) for row in rows(read(HEADER, *lines))]
    assert found == [
        (-125_000, None, "reported"), (0, 55_671_900, "reported"), (2_660_000, 55_671_900, "adjusted"),
        (2_800_000, 55_671_900, "strategists"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2024-07-05T08:00:00,5567,266,operating", "published_at has no time zone"),
        ("05/07/2024,5567,266,operating", "published_at is not a date"),
        ("1998-07-06,5567,266,operating", "published_at is outside 2000 to 2034"),
        (",5567,266,operating", "published_at is missing"),
        ("2024-07-05,5567,n/a,operating", "forward_eps is not a number"),
        ("2024-07-05,5567,,operating", "forward_eps is missing"),
        ("2024-07-05,-5567,266,operating", "index_close is not positive"),
        ("2024-07-05,5567,266,", "basis is missing"),
        ("2024-07-05,5567,266,bottom-up of 503", "basis is longer than 12 letters"),
        ("2024-07-05,5567,266", "not as many cells as the header"),
    ],
)
def test_a_row_that_cannot_be_used_is_quarantined_with_its_reason(line: str, reason: str) -> None:
    parsed = read(HEADER, line, "2024-07-05,5567.19,266,operating")
    assert why(parsed) == [reason]
    assert (parsed.received, parsed.accepted_rows) == (2, 1)


def test_each_cell_of_factsets_table_is_a_row_and_a_star_an_estimate() -> None:
    parsed = read(FACTSET, "2023-12-08,58.1,54.66*,,59.8*,-1.5*", "2023-12-01,58.1,54.7*,,,")
    found = [(row["vintage"].day, row["period"], row["eps_e4"], row["estimated"]) for row in rows(parsed)]
    assert found == [
        (8, "2023Q3", 581_000, False), (8, "2023Q4", 546_600, True), (8, "2024Q2", 598_000, True),
        (8, "2024Q3", -15_000, True), (1, "2023Q3", 581_000, False), (1, "2023Q4", 547_000, True),
    ]  # fmt: skip
    first = rows(parsed)[0]
    assert (first["vendor"], first["basis"], first["kind"]) == ("factset", "adjusted", "quarter")
    assert first["event_at"] == datetime(2023, 12, 8, 21, tzinfo=UTC)
    # the note states its day, not its hour: the end of that day
    assert first["known_at"] == datetime(2023, 12, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "reasons", "accepted"),
    [
        ("2023-12-08,58.1,5A.66*,,59.8*,", ["Q4'23 is not a number"], 2),
        ("2023-12-08,*,54.66**,,59.8*,", ["Q3'23 is not a number", "Q4'23 is not a number"], 1),
        ("2023-13-08,58.1,54.66*,,59.8*,", ["report_date is not a date"], 0),
        (",58.1,54.66*,,59.8*,", ["report_date is not a date"], 0),
        ("2023-12-08,58.1,54.66*", ["not as many cells as the header"], 0),
    ],
)
def test_a_cell_that_is_no_number_spoils_no_other(line: str, reasons: list[str], accepted: int) -> None:
    parsed = read(FACTSET, line)
    assert (why(parsed), parsed.accepted_rows) == (reasons, accepted)
    assert parsed.received == accepted + len(reasons)


def test_of_the_derived_table_the_running_quarter_and_the_next_three_are_read() -> None:
    header = "report_date,fwd_eps_next4q,fwd_eps_cur_plus3q,trailing4q"
    parsed = read(header, "2022-07-01,,240.53,218.71", "2022-07-08,,,219.04")
    (row,) = rows(parsed)
    assert (row["kind"], row["eps_e4"], row["vendor"], row.get("close_e4")) == (
        "ntm", 2_405_300, "factset", None,
    )  # fmt: skip
    assert why(parsed) == ["fwd_eps_cur_plus3q is missing"]


def test_a_vintage_named_after_a_quarter_is_known_only_once_that_is_over() -> None:
    parsed = read(VINTAGES, "2017-Q3,2017-12-31,2017-Q4,35.04,32.28,18.9,20.4,128.2,119.0")
    operating, reported = rows(parsed)
    assert (operating["basis"], operating["eps_e4"], operating["period"]) == ("operating", 350_400, "2017Q4")
    assert (reported["basis"], reported["eps_e4"], reported["estimated"]) == ("reported", 322_800, True)
    assert operating["vintage"] == date(2017, 9, 30)
    assert operating["known_at"] == datetime(2017, 10, 2, 13, 30, tzinfo=UTC)


def test_an_actual_quarter_is_known_a_quarter_later_and_has_its_closing_price() -> None:
    operating, reported = rows(read(ACTUALS, "2021-12-31,4766.183,56.73,53.94,2021-Q4"))
    assert (operating["vintage"], operating["close_e4"]) == (date(2021, 12, 31), 47_661_830)
    assert operating["known_at"] == datetime(2022, 4, 1, 13, 30, tzinfo=UTC)
    assert not reported["estimated"]
    parsed = read(ACTUALS, "2022-06-30,x,46.87,,2022-Q2", "2022-06-30,1,46.87,1,2022")
    assert (parsed.accepted_rows, why(parsed)) == (1, ["price is not a number", "yr_qtr is not a quarter"])


def test_closes_alone_are_no_bars_and_have_no_earnings() -> None:
    parsed = read("Date,SP500", "2022-12-28,3783.22", "12/27/2022,3829.25", "2022-12-25,1", "2022-12-23,0")
    assert [(row["vintage"].day, row["close_e4"]) for row in rows(parsed)] == [
        (28, 37_832_200), (27, 38_292_500)
    ]  # fmt: skip
    assert {(row["kind"], row["eps_e4"], row["estimated"]) for row in rows(parsed)} == {("close", 0, False)}
    assert rows(parsed)[0]["known_at"] == datetime(2022, 12, 28, 21, tzinfo=UTC)
    assert why(parsed) == ["not a session of the exchange", "sp500 is not positive"]


def test_whole_bars_are_the_indexs_by_the_rules_of_bars() -> None:
    lines = ["1/4/1999,1229.23,1248.81,1219.1,1228.1,1228.1,877000000", "13/4/1999,1,1,1,1,1,1"]
    lines.append("1/5/1999,1228,1200,1244,1244,1244,1")
    parsed = read(BARS, *lines, name="some/gspc_daily_1999.csv")
    (row,) = rows(parsed, Bar)
    assert (row["symbol"], row["session"], row["source"]) == ("^GSPC", date(1999, 1, 4), "index_eps")
    assert (row["open_e4"], row["high_e4"], row["low_e4"], row["close_e4"]) == (
        12_292_300, 12_488_100, 12_191_000, 12_281_000,
    )  # fmt: skip
    assert why(parsed) == ["date is not a date", "high is below low"]


def book(change: Callable[[Any], None] = lambda sheet: None, title: str = "ESTIMATES&PEs") -> bytes:
    """A workbook laid out as S&P's, `change` applied to its sheet of estimates."""
    made = Workbook()
    made.active.title = "SECTOR EPS"
    made.active.append(["Data as of the close of:", date(2017, 7, 5)])
    sheet = made.create_sheet(title)
    for line in (
        ["S&P 500 EARNINGS AND ESTIMATE REPORT"],
        [date(2017, 7, 5)],
        [date(2016, 3, 31), 33.66, 35.17],
        ["Data as of the close of:", None, None, date(2017, 7, 5)],
        ["S&P 500 close of:", None, None, 2432.54],
        ["Dividend yield (last 12 months)", None, None, 0.0194],
        ["QUARTER ", None, "OPERATING", "AS REPORTED", None, "OPERATING", "AS REPORTED"],
        ["END", None, "EARNINGS", "EARNINGS", None, "EARNINGS", "EARNINGS"],
        [None, "PRICE", "PER SHR", "PER SHR", None, "P/E", "P/E"],
        [None, " ", "(ests are", "(ests are"],
        ["ESTIMATES"],
        ["9/30/2017", None, 33.4, 30.817428, None, 20.08, 21.92],
        ["6/30/2017 (4.2%)", 2423.41, 31, "#DIV/0!", None, 20.9, 23.05],
        [None, None, None, None, None, 20.82, 22.96, "(P/E on Jun,'17 price)"],
        ["ACTUAL"],
        ["03/30/2017 ", 2362.72, 28.82, None, None, 21.26, 23.56],
        ["12/31/2008", 903.25, -0.09, -23.25],
        ["Operating earnings:", None, "Income from product"],
    ):
        sheet.append(line)
    change(sheet)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_the_workbook_gives_estimates_and_actuals_as_of_its_close() -> None:
    parsed = parse(Raw("sp-500-eps-est.xlsx", book()))
    found = [(row["basis"], row["period"], row["eps_e4"], row["estimated"]) for row in rows(parsed)]
    assert found == [
        ("operating", "2017Q3", 334_000, True), ("reported", "2017Q3", 308_174, True),
        ("operating", "2017Q2", 310_000, True), ("operating", "2017Q1", 288_200, False),
        ("operating", "2008Q4", -900, False), ("reported", "2008Q4", -232_500, False),
    ]  # fmt: skip
    row = rows(parsed)[0]
    assert (row["vendor"], row["kind"], row["vintage"], row["close_e4"]) == (
        "spdji", "quarter", date(2017, 7, 5), 24_325_400,
    )  # fmt: skip
    # compiled after that close, put online at an hour it does not state: by the next opening
    assert row["known_at"] == datetime(2017, 7, 6, 13, 30, tzinfo=UTC)
    assert why(parsed) == ["reported earnings is not a number"]


def cell(place: str, value: Any) -> Callable[[Any], None]:
    return lambda sheet: sheet.__setitem__(place, value)


def test_formulas_are_not_executed_and_other_months_end_no_quarter() -> None:
    parsed = parse(Raw("book.xlsx", book(cell("C12", "=1+1"))))
    assert ("operating", "2017Q3") not in {(row["basis"], row["period"]) for row in rows(parsed)}
    assert why(parsed) == ["reported earnings is not a number"]  # of the other row: without a result it lacks
    for ended in ("10/31/2017", "9/31/2017"):
        parsed = parse(Raw("book.xlsx", book(cell("A12", ended))))
        assert why(parsed)[0].startswith("the quarter's end is ")
        assert parsed.received == parsed.accepted_rows + 2


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def laughing() -> bytes:
    """The workbook, with a document type that unfolds itself in its sheets."""
    before, out = zipfile.ZipFile(io.BytesIO(book())), io.BytesIO()
    with zipfile.ZipFile(out, "w") as after:
        for part in before.namelist():
            body = before.read(part)
            if "worksheets/sheet" in part:
                body = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + body
            after.writestr(part, body)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"<html><body>Please log in</body></html>", "lacks published_at"),
        (b"date,dividend\n1,2\n", "lacks published_at"),
        (b"Date,SP500,Dividend,Earnings\n2019-10-01,2977.68,57.56,135.09\n", "lacks published_at"),
        (f"{BARS}\n1/4/1999,1,1,1,1,1,1\n".encode(), "does not say whose prices"),
        (b"PK\x03\x04 is how a zip begins", "not a readable workbook"),
        (book()[:-200], "not a readable workbook"),
        (zipped(note=b"no workbook"), "not a readable workbook"),
        (zipped(bomb=bytes(LARGEST + 1)), "unpacks to more than 32 MB"),
        (laughing(), "not a readable workbook"),
        (book(cell("A5", "other")), "no sheet of S&P's estimates"),
        (book(cell("D4", "soon")), "does not say as of which close"),
        (book(cell("D4", None)), "does not say as of which close"),
        (book(cell("D5", 0)), "does not say as of which close"),
        (book(cell("C8", "SALES")), "no table of operating and reported earnings"),
        (book(cell("A11", "GUESSES")), "no table of operating and reported earnings"),
    ],
    ids=range(17),
)
def test_a_file_that_is_none_of_them_is_refused_with_one_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(FeedError, match=sentence) as error:
        parse(Raw("file", body))
    assert str(error.value).count(". ") == 0
    assert error.value.permanent


BOOK = book()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(BOOK) - 1), st.integers(0, 255))
def test_a_damaged_workbook_is_refused_or_accounted_for(place: int, value: int) -> None:
    body = bytearray(BOOK)
    body[place] = value
    try:
        parsed = parse(Raw("book.xlsx", bytes(body)))
    except FeedError:
        return
    assert parsed.received == parsed.accepted_rows + len(parsed.bad)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["", "1.5", "-2*", "x", "1e400", "*", "2023-12-08"]), max_size=7)))
def test_whatever_factsets_cells_hold_is_accounted_for(lines: list[list[str]]) -> None:
    parsed = read(FACTSET, *(",".join(line) for line in lines))
    assert parsed.received == parsed.accepted_rows + len(parsed.bad)
    assert all(row["known_at"] >= row["event_at"] for row in rows(parsed))


def test_loading_twice_changes_nothing(engine: Engine, tapes: TapeStore) -> None:
    rooms, now = Rooms(engine, tapes), datetime(2024, 7, 8, tzinfo=UTC)
    for body in (
        f"{HEADER}\n2024-07-05,5567.19,266,operating\n2024-07-05,5567.19,x,operating\n".encode(),
        f"{FACTSET}\n2023-12-08,58.1,54.66*,,59.8*,\n".encode(),
        b"Date,SP500\n2022-12-28,3783.22\n",
        BOOK,
    ):
        first, again = (take_in(rooms, FEED, Raw("file", body), now) for _ in range(2))
        assert first.received == first.accepted + first.quarantined
        assert first.new == first.accepted > 0 == again.new
        assert first.reasons == again.reasons


def test_the_recorded_files_are_read_whole(recordings: Path) -> None:
    folder = recordings / "sp500_eps"
    counts = {
        file.name: parse(Raw(str(file), file.read_bytes()))
        for file in [*folder.glob("[fgs]*_*.csv"), *folder.glob("*/*.xlsx")]
        if "confidence" not in file.name and "shiller" not in file.name
    }
    assert {name: (parsed.accepted_rows, Counter(why(parsed))) for name, parsed in counts.items()} == {
        "factset_derived_forward_eps.csv": (285, {"fwd_eps_cur_plus3q is missing": 3}),
        "factset_pit_quarterly_eps.csv": (3600, {}),
        "gspc_daily_1999_2018.csv": (5031, {}),
        "gspc_daily_close_2019_2022.csv": (1006, {}),
        "spdji_estimate_vintages.csv": (292, {}),
        "spdji_quarterly_actuals.csv": (276, {}),
        "sp-eps_2017-07-05.xlsx": (248, {}),
    }
    (first,) = {
        (row["vintage"], row["close_e4"], row["known_at"]) for row in rows(counts["sp-eps_2017-07-05.xlsx"])
    }
    assert first == (date(2017, 7, 5), 24_325_400, calendar.opening(date(2017, 7, 6)))
    estimates = [row for row in rows(counts["sp-eps_2017-07-05.xlsx"]) if row["estimated"]]
    assert {row["period"] for row in estimates} == {f"{y}Q{q}" for y in (2017, 2018) for q in range(1, 5)} - {
        "2017Q1"
    }


def test_the_recorded_workbook_and_the_parsed_vintage_agree(recordings: Path) -> None:
    folder = recordings / "sp500_eps"

    def values(file: str, vintage: date) -> dict[tuple[str, str], int]:
        found = rows(parse(Raw(file, (folder / file).read_bytes())))
        return {
            (row["basis"], row["period"]): row["eps_e4"]
            for row in found
            if row["vintage"] == vintage and row["estimated"]
        }

    published = values("spdji_raw_xlsx/sp-eps_2017-07-05.xlsx", date(2017, 7, 5))
    assert values("spdji_estimate_vintages.csv", date(2017, 9, 30)) == published
