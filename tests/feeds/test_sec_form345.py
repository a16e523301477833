"""A quarter's set of the SEC becomes the same rows as the filings in it, but known by the day only."""

import io
import zipfile
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from servers import Answer, Asked, serve
from sqlalchemy import Engine

from feeds import Ask, FeedError, Raw, Window, _form345_tables
from feeds._form345_lines import iso, plain
from feeds._http import Http
from feeds.sec_form345 import FEED, fetch, parse, quarters
from storage.intake import store
from storage.tables import InsiderTrade
from storage.tape import TapeStore

ONE, TWO = "0000000001-24-000001", "0000000001-24-000002"
COLUMNS = {
    "SUBMISSION": "ACCESSION_NUMBER FILING_DATE PERIOD_OF_REPORT DATE_OF_ORIG_SUB NO_SECURITIES_OWNED "
    "NOT_SUBJECT_SEC16 FORM3_HOLDINGS_REPORTED FORM4_TRANS_REPORTED DOCUMENT_TYPE ISSUERCIK ISSUERNAME "
    "ISSUERTRADINGSYMBOL REMARKS AFF10B5ONE",
    "REPORTINGOWNER": "ACCESSION_NUMBER RPTOWNERCIK RPTOWNERNAME RPTOWNER_RELATIONSHIP RPTOWNER_TITLE",
    "NONDERIV_TRANS": "ACCESSION_NUMBER NONDERIV_TRANS_SK SECURITY_TITLE SECURITY_TITLE_FN TRANS_DATE "
    "TRANS_DATE_FN TRANS_FORM_TYPE TRANS_CODE EQUITY_SWAP_INVOLVED TRANS_TIMELINESS TRANS_SHARES "
    "TRANS_PRICEPERSHARE TRANS_PRICEPERSHARE_FN TRANS_ACQUIRED_DISP_CD SHRS_OWND_FOLWNG_TRANS "
    "DIRECT_INDIRECT_OWNERSHIP NATURE_OF_OWNERSHIP",
    "FOOTNOTES": "ACCESSION_NUMBER FOOTNOTE_ID FOOTNOTE_TXT",
}
COLUMNS["DERIV_TRANS"] = COLUMNS["NONDERIV_TRANS"].replace("NONDERIV", "DERIV")
FILING = {
    "ACCESSION_NUMBER": ONE, "FILING_DATE": "04-MAR-2024", "DOCUMENT_TYPE": "4", "ISSUERCIK": "1234",
    "ISSUERNAME": "Acme & Co", "ISSUERTRADINGSYMBOL": "ACME", "AFF10B5ONE": "0",
}  # fmt: skip
OWNER = {
    "ACCESSION_NUMBER": ONE, "RPTOWNERCIK": "11", "RPTOWNERNAME": "Doe Jane",
    "RPTOWNER_RELATIONSHIP": "Officer",
}  # fmt: skip
LINE = {
    "ACCESSION_NUMBER": ONE, "SECURITY_TITLE": "Common Stock", "TRANS_DATE": "01-MAR-2024",
    "TRANS_CODE": "P", "EQUITY_SWAP_INVOLVED": "0", "TRANS_SHARES": "100.0", "TRANS_PRICEPERSHARE": "10.0",
    "TRANS_ACQUIRED_DISP_CD": "A", "SHRS_OWND_FOLWNG_TRANS": "1000.0", "DIRECT_INDIRECT_OWNERSHIP": "D",
}  # fmt: skip


def made(
    *lines: dict, filings=(FILING,), owners=(OWNER,), notes=(), derivative=(), leave=(), extra: str = ""
) -> bytes:
    """A set as the SEC zips it, from cells by column; `extra` is appended to the table of lines."""
    tables = {
        "SUBMISSION": filings, "REPORTINGOWNER": owners, "FOOTNOTES": notes, "NONDERIV_TRANS": lines,
        "DERIV_TRANS": derivative,
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("FORM_345_readme.htm", "<p>readme</p>")
        for table, rows in tables.items():
            columns = COLUMNS[table].split()
            text = ["\t".join(columns)] + ["\t".join(row.get(name, "") for name in columns) for row in rows]
            if table not in leave:
                more = extra if table == "NONDERIV_TRANS" else ""
                archive.writestr(f"{table}.tsv", "\n".join(text) + "\n" + more)
    return out.getvalue()


def note(number: str, text: str, accession: str = ONE) -> dict:
    return {"ACCESSION_NUMBER": accession, "FOOTNOTE_ID": number, "FOOTNOTE_TXT": text}


def read(body: bytes) -> tuple[list[dict], Counter]:
    parsed = parse(Raw("2024q1_form345.zip", body))
    assert parsed.received == parsed.accepted_rows + len(parsed.bad)
    return parsed.accepted[InsiderTrade].to_pylist(), Counter(bad.reason for bad in parsed.bad)


def one(body: bytes) -> dict:
    rows, reasons = read(body)
    assert len(rows) == 1, reasons
    return rows[0]


def test_a_line_is_known_at_ten_in_the_evening_of_its_filing_date() -> None:
    row = one(made(LINE))
    assert row["known_at"] == datetime(2024, 3, 5, 3, 0, tzinfo=UTC)
    assert row["event_at"] == datetime(2024, 3, 1, 21, 0, tzinfo=UTC)
    assert (row["known_quality"], row["source"], row["accession"]) == ("B", "sec_form345", ONE)
    assert (row["symbol"], row["issuer_cik"], row["issuer_name"]) == ("ACME", "0000001234", "Acme & Co")
    assert (row["owner_ciks"], row["owner_names"], row["role"]) == ("0000000011", "Doe Jane", "officer")
    assert (row["shares"], row["price"], row["usd_e4"], row["held_after"]) == (
        "100.0", "10.0", 10_000_000, "1000.0",
    )  # fmt: skip
    assert (row["code"], row["acquired"], row["derivative"], row["line"]) == ("P", "A", False, 0)


def test_owners_of_one_filing_are_one_row_with_the_closest_relation() -> None:
    fund = OWNER | {"RPTOWNERCIK": "30", "RPTOWNERNAME": "Fund", "RPTOWNER_RELATIONSHIP": "TenPercentOwner"}
    row = one(made(LINE, owners=[fund, OWNER | {"RPTOWNER_RELATIONSHIP": "Director,Other"}]))
    assert (row["owner_ciks"], row["owner_names"]) == ("0000000011 0000000030", "Doe Jane; Fund")
    assert row["role"] == "director"
    assert one(made(LINE, owners=[fund]))["role"] == "ten_percent"
    assert one(made(LINE, owners=[OWNER | {"RPTOWNER_RELATIONSHIP": ""}]))["role"] == "other"


def test_lines_are_numbered_within_their_filing_the_derivative_ones_last() -> None:
    other = {"ACCESSION_NUMBER": TWO}
    body = made(
        LINE, LINE | other, LINE, filings=[FILING, FILING | other], owners=[OWNER, OWNER | other],
        derivative=[LINE | {"TRANS_CODE": "M"}],
    )  # fmt: skip
    rows, _ = read(body)
    assert [(row["accession"], row["line"], row["derivative"]) for row in rows] == [
        (ONE, 0, False), (TWO, 0, False), (ONE, 1, False), (ONE, 2, True),
    ]  # fmt: skip
    assert len({row["filing"] for row in rows}) == 2


def test_a_price_only_a_footnote_states_is_read_and_marked() -> None:
    line = LINE | {"TRANS_PRICEPERSHARE": "", "TRANS_PRICEPERSHARE_FN": "F1"}
    row = one(made(line, notes=[note("F1", "Sold at prices ranging from $52.40 to $53.20, inclusive.")]))
    assert (Decimal(row["price"]), row["price_quality"], row["usd_e4"]) == (Decimal("52.8"), "B", 52_800_000)
    # another filing's footnote of the same number says nothing here
    row = one(made(line, notes=[note("F1", "prices ranging from $1 to $2", TWO)]))
    assert (row["price"], row["usd_e4"]) == (None, None)


def test_the_plan_has_three_answers() -> None:
    marked = LINE | {"SECURITY_TITLE_FN": "F2"}
    said = [note("F2", "Sold under a Rule 10b5-1 plan.")]

    def plans(box: str, **more) -> list[bool | None]:
        filing = FILING | {"AFF10B5ONE": box} | more
        return [row["plan"] for row in read(made(marked, LINE, filings=[filing], notes=said))[0]]

    assert plans("0") == [True, False]
    # the box is about the document: with a footnote on one line it says nothing of the other
    assert plans("1") == [True, None]
    assert plans("0", REMARKS="Made under a Rule 10b5-1 plan.") == [True, True]
    assert one(made(LINE, filings=[FILING | {"AFF10B5ONE": "true"}]))["plan"] is True
    # before April 2023 there was no box, and silence is no answer
    early = FILING | {"FILING_DATE": "31-MAR-2023", "AFF10B5ONE": ""}
    assert one(made(LINE | {"TRANS_DATE": "30-MAR-2023"}, filings=[early]))["plan"] is None


def test_amendment_swap_late_and_private_deals_are_kept() -> None:
    filing = FILING | {"DOCUMENT_TYPE": "4/A", "DATE_OF_ORIG_SUB": "20-FEB-2024"}
    line = LINE | {"EQUITY_SWAP_INVOLVED": "true", "TRANS_TIMELINESS": "L", "TRANS_DATE_FN": "F1, F2"}
    row = one(made(line, filings=[filing], notes=[note("F2", "in a private placement")]))
    assert (row["form"], row["original_filed"]) == ("4/A", date(2024, 2, 20))
    assert (row["swap"], row["late"], row["nonmarket"]) == (True, True, True)
    assert one(made(LINE, filings=[FILING | {"DOCUMENT_TYPE": "5"}]))["late"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"TRANS_CODE": "?"}, "unknown transaction code"),
        ({"TRANS_DATE": "01-MRZ-2024"}, "the transaction date is not a date"),
        ({"TRANS_DATE": "05-MAR-2024"}, "the transaction date is after the filing"),
        ({"TRANS_PRICEPERSHARE": "1E12"}, "implausible value"),
        ({"TRANS_ACQUIRED_DISP_CD": "D"}, "the code and acquired or disposed of disagree"),
        ({"ACCESSION_NUMBER": TWO}, "its filing is not among the submissions"),
    ],
)
def test_a_bad_line_spoils_no_other(change: dict, reason: str) -> None:
    rows, reasons = read(made(LINE | change, LINE))
    assert (len(rows), reasons) == (1, {reason: 1})


def test_lines_of_a_bad_filing_are_each_accounted_for() -> None:
    for change, reason in (
        ({"FILING_DATE": "soon"}, "the filing date is not a date"),
        ({"ISSUERTRADINGSYMBOL": "?"}, "the ticker symbol cannot be read"),
        ({"DOCUMENT_TYPE": "10-K"}, "not a Form 3, 4 or 5"),
    ):
        assert read(made(LINE, LINE, filings=[FILING | change])) == ([], {reason: 2})
    assert read(made(LINE, owners=[])) == ([], {"no reporting owner": 1})


def test_a_line_of_another_width_is_quarantined_once() -> None:
    rows, reasons = read(made(LINE, extra="too\tfew\n"))
    assert (len(rows), reasons) == (1, {"a line of NONDERIV_TRANS has another number of cells": 1})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"no zip", "is not a readable zip"),
        (made(LINE)[:-200], "is not a readable zip"),
        (made(LINE, leave=["REPORTINGOWNER"]), "lacks REPORTINGOWNER"),
    ],
)
def test_what_is_no_set_is_refused_with_a_sentence(body: bytes, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        parse(Raw("x.zip", body))


def test_a_damaged_set_and_a_bomb_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    body = bytearray(made(*[LINE | {"TRANS_SHARES": str(n)} for n in range(200)]))
    middle = body.find(b"NONDERIV_TRANS.tsv") + 60
    body[middle : middle + 20] = bytes(20)
    with pytest.raises(FeedError, match="damaged"):
        parse(Raw("x.zip", bytes(body)))
    monkeypatch.setattr(_form345_tables, "LARGEST", 100)
    with pytest.raises(FeedError, match="holds more than"):
        parse(Raw("x.zip", made(LINE)))


def test_dates_and_numbers_of_the_sets() -> None:
    assert [iso(text) for text in ("02-JAN-2025", "2-dec-2025", "2025-01-02", "")] == [
        "2025-01-02", "2025-12-02", "2025-01-02", "",
    ]  # fmt: skip
    assert [plain(text) for text in ("1.5E7", "1E-3", "7", "NaN", "1E999")] == [
        "15000000", "0.001", "7", "NaN", "1E999",
    ]  # fmt: skip


def test_loading_a_set_twice_changes_nothing(engine: Engine, tapes: TapeStore) -> None:
    def keep(body: bytes) -> int:
        parsed = parse(Raw("2024q1_form345.zip", body))
        return store(
            engine, tapes, feed="sec_form345", name="2024q1_form345.zip", body=body,
            accepted=dict(parsed.accepted), bad=[], now=datetime(2024, 5, 1, tzinfo=UTC),
        ).new  # fmt: skip

    assert [keep(made(LINE, LINE)), keep(made(LINE, LINE)), keep(made(LINE, LINE, LINE))] == [2, 0, 1]


def test_a_quarter_is_asked_for_once_it_is_over() -> None:
    # 20:00 New York on March 31
    assert quarters(datetime(2024, 4, 1, 0, tzinfo=UTC))[:2] == ["2023q4_form345.zip", "2023q3_form345.zip"]
    names = quarters(datetime(2024, 4, 1, 5, tzinfo=UTC))
    assert (names[0], names[-1], len(names)) == ("2024q1_form345.zip", "2019q2_form345.zip", 20)


MORNING = Window(datetime(2024, 4, 9, 2, tzinfo=UTC), datetime(2024, 4, 9, 10, tzinfo=UTC))
NOON = Window(datetime(2024, 4, 9, 15, tzinfo=UTC), datetime(2024, 4, 9, 16, tzinfo=UTC))


async def fetched(answer, window: Window = MORNING, known: frozenset[str] = frozenset()) -> tuple:
    """Names of what came, the error's sentence, and what was asked."""
    names, error = [], ""
    async with serve(answer) as server, Http() as http:
        settings = {"SEC_URL": server.url, "SEC_CONTACT": "me@example.org"}
        ask = Ask(http, settings, [], window, lambda asked: set(asked) & known)
        try:
            async for raw in fetch(ask):
                names.append(raw.name)
        except FeedError as failure:
            error = str(failure)
    return names, error, server.asked


async def test_sets_are_asked_for_once_a_day_the_newest_unknown_ones_first() -> None:
    known = frozenset({"2024q1_form345.zip"})
    names, error, asked = await fetched(lambda _: Answer(made(LINE)), known=known)
    assert names == [f"2023q{n}_form345.zip" for n in (4, 3, 2, 1)]
    assert error == ""
    folder = "/files/structureddata/data/insider-transactions-data-sets/"
    assert [each.path for each in asked] == [folder + name for name in names]
    assert {each.headers["user-agent"] for each in asked} == {"Bellwether me@example.org"}
    assert (await fetched(lambda _: Answer(made(LINE)), NOON))[0] == []


async def test_a_newest_set_that_is_not_there_is_not_published_yet() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(b"<html>", 404) if "2024q1" in asked.path else Answer(made(LINE))

    names, error, _ = await fetched(answer)
    assert (names, error) == ([f"2023q{n}_form345.zip" for n in (4, 3, 2)], "")


async def test_what_fails_is_said_and_a_refusal_ends_the_run() -> None:
    def missing(asked: Asked) -> Answer:
        return Answer(b"<html>", 404) if "2023q4" in asked.path else Answer(b"<html>sorry</html>")

    names, error, asked = await fetched(missing)
    assert (names, len(asked)) == ([], 4)
    assert "something else than 2024q1_form345.zip" in error
    _, error, asked = await fetched(lambda _: Answer(b"no", 403))
    assert ("left alone" in error, len(asked)) == (True, 1)


def test_the_feed_shares_the_settings_of_the_live_one() -> None:
    assert FEED.needs == ("SEC_CONTACT",)
    assert [setting.name for setting in FEED.settings] == ["SEC_URL", "SEC_CONTACT"]
