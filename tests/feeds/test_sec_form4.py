"""Form 4 filings become rows that say what was traded, by whom, and since when it could be known."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from filings import ACCESSION, keep, line, one, owner, read, wrapped, xml
from sqlalchemy import Engine
from sqlmodel import select

from feeds import Raw
from feeds._footnotes import is_nonmarket, plan_in, price_in
from feeds._transaction import Refused, symbol_of
from feeds.sec_form4 import FEED, parse
from storage.database import reading
from storage.intake import quarantined
from storage.tables import InsiderTrade
from storage.tape import TapeStore


def test_a_wrapped_filing_is_known_from_its_acceptance_in_new_york_time() -> None:
    row = one(wrapped(xml(line(shares="0.5", price="3.33335"))))
    assert row["known_at"] == datetime(2024, 3, 4, 21, 30, tzinfo=UTC)
    assert row["event_at"] == datetime(2024, 3, 1, 21, 0, tzinfo=UTC)
    assert (row["accession"], row["known_quality"]) == (ACCESSION, "A")
    # 0.5 × 3.33335 = 1.666675, and 16666.75 ten-thousandths round to 16667
    assert (row["shares"], row["price"], row["usd_e4"]) == ("0.5", "3.33335", 16667)
    assert (row["issuer_name"], row["issuer_cik"], row["owner_ciks"]) == (
        "Acme & Co",
        "0000001234",
        "0000000011",
    )


def test_dollars_are_rounded_half_to_even() -> None:
    assert [one(xml(line(shares="1", price=price)))["usd_e4"] for price in ("0.00005", "0.00015")] == [0, 2]


def test_a_bare_filing_is_assumed_known_at_ten_in_the_evening_of_its_newest_signature() -> None:
    row = one(xml(line()))
    assert (row["known_at"], row["known_quality"]) == (datetime(2024, 3, 5, 3, 0, tzinfo=UTC), "B")
    # without a signature: two sessions after the period, Friday 1 March → Tuesday 5 March
    assert one(xml(line(), signed=None))["known_at"] == datetime(2024, 3, 6, 3, 0, tzinfo=UTC)


def test_a_trade_filed_on_its_own_day_never_happens_after_it_was_known() -> None:
    row = one(wrapped(xml(line(day="2024-03-04")), accepted="20240304093000"))
    assert row["event_at"] == row["known_at"]


def test_bare_and_wrapped_are_one_filing_and_loading_twice_changes_nothing(
    engine: Engine, tapes: TapeStore
) -> None:
    document = xml(line(), line(), line("S", "D"))
    bare, full = keep(engine, tapes, "a.xml", document), keep(engine, tapes, "a.txt", wrapped(document))
    again = keep(engine, tapes, "a.txt", wrapped(document))
    assert [account.new for account in (bare, full, again)] == [3, 0, 0]
    assert [account.accepted for account in (bare, full, again)] == [3, 3, 3]


def test_two_submissions_in_one_file_are_two_filings() -> None:
    body = wrapped(xml(line())) + wrapped(xml(line(shares="7")), accession="0000000001-24-000002")
    rows, _ = read(body)
    assert [row["accession"][-1] for row in rows] == ["1", "2"]
    assert len({row["filing"] for row in rows}) == 2
    assert len(read(xml(line()) + xml(line(shares="7")))[0]) == 2


def test_owners_of_one_filing_are_one_row_with_the_closest_relation() -> None:
    fund = owner("30", "Fund LP", isTenPercentOwner="true", isOfficer="false")
    person = owner("20", "Roe Rick", isDirector="1")
    row = one(xml(line(), owners=[fund, person]))
    assert (row["owner_ciks"], row["owner_names"]) == ("0000000020 0000000030", "Roe Rick; Fund LP")
    assert row["role"] == "director"
    assert one(xml(line(), owners=[fund]))["role"] == "ten_percent"
    assert one(xml(line(), owners=[owner(isOther="1")]))["role"] == "other"


def test_derivative_lines_come_after_the_others_and_say_so() -> None:
    rows, _ = read(xml(line("M", "D", table="derivative"), line("M", "A"), line("S", "D")))
    assert [(row["line"], row["code"], row["derivative"]) for row in rows] == [
        (0, "M", False), (1, "S", False), (2, "M", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("The weighted average price was $12.50 per share.", "12.50"),
        ("A weighted-average sale price of $1,012.5, in trades ranging from $1 to $2,000.", "1012.5"),
        ("Sold at prices ranging from $52.40 to $53.20, inclusive.", "52.80"),
        ("The prices ranged between $10 and $11.", "10.5"),
        ("Exercisable at an exercise price of $2.02 per warrant share.", None),
        ("The price is a weighted average price.", None),
    ],
)
def test_a_price_only_a_footnote_states_is_read_and_marked(text: str, price: str | None) -> None:
    assert price_in(text) == (None if price is None else Decimal(price))
    row = one(xml(line(price=None, price_note="F1"), notes={"F1": text}))
    assert row["price"] == price
    assert row["price_quality"] == ("B" if price else None)
    assert row["usd_e4"] == (int(Decimal(price) * 1_000_000) if price else None)


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("under a Rule 10b5-1 plan", True), ("Rule 10b5‑1 trading plan", True),
        ("a 10B5 1 plan", True), ("not made pursuant to a Rule 10b5-1 plan", False),
        ("for tax planning", None), ("Rule 10b5-10", None),
    ],
)  # fmt: skip
def test_a_footnote_says_plan_no_plan_or_nothing(text: str, plan: bool | None) -> None:
    assert plan_in(text) is plan


def plans(body: bytes) -> list[bool | None]:
    return [row["plan"] for row in read(body)[0]]


def test_the_plan_has_three_answers() -> None:
    two, notes = [line(note="F1"), line()], {"F1": "Sold under a 10b5-1 plan."}
    assert plans(xml(*two, box="0", notes=notes)) == [True, False]
    # the box is about the document: with a footnote on one line it says nothing of the other
    assert plans(xml(*two, box="true", notes=notes)) == [True, None]
    assert plans(xml(*two, box="1")) == [True, True]
    assert plans(xml(*two)) == [None, None]
    assert plans(xml(*two, box="0", remarks="Made under a Rule 10b5-1 plan.")) == [True, True]


def test_before_april_2023_silence_is_no_answer() -> None:
    early = {"day": "2023-03-28"}
    assert plans(xml(line(**early), box="0", signed="2023-03-31")) == [None]
    assert plans(xml(line(**early), box="0", signed="2023-04-01")) == [False]
    notes = {"F1": "Not under a 10b5-1 plan."}
    assert plans(xml(line(**early, note="F1"), signed="2023-03-31", notes=notes)) == [False]


@pytest.mark.parametrize(
    "text",
    ["in a private placement", "the underwriters", "PIPE financing", "initial public offering", "the DRIP",
     "dividend reinvestment", "401(k) plan", "pro rata", "a pro-rata distribution in kind",
     "ESPP", "subscription"],
)  # fmt: skip
def test_a_deal_outside_the_market_is_seen_on_the_line_it_belongs_to(text: str) -> None:
    assert is_nonmarket(text)
    rows, _ = read(xml(line(note="F1"), line(), notes={"F1": text}))
    assert [row["nonmarket"] for row in rows] == [True, False]
    assert not is_nonmarket("sold on the open market by the broker through a pipeline")


def test_swap_late_and_amendment_are_kept() -> None:
    row = one(xml(line(swap="true", timeliness="L"), form="4/A", original="2024-02-20"))
    assert (row["swap"], row["late"], row["form"]) == (True, True, "4/A")
    assert row["original_filed"] == date(2024, 2, 20)
    assert one(xml(line(), form="5"))["late"]
    assert not one(xml(line(swap="false")))["late"]


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("ACME", "ACME"), ("acme", "ACME"), ("NYSE: ACME", "ACME"), ("[ACME]", "ACME"), ("ACME]", "ACME"),
     ("LEN, LEN.B", "LEN"), ("BRK.B", "BRK.B"), ("BF-B", "BF-B"), ("NA", "NA"),
     ("TRUE", "TRUE"), ("NULL", "NULL"),
     ("NONE", ""), ("N/A", ""), ("", "")],
)  # fmt: skip
def test_a_ticker_is_read_as_filed(text: str, symbol: str) -> None:
    assert symbol_of(text) == symbol
    assert one(xml(line(), symbol=text))["symbol"] == symbol


@pytest.mark.parametrize("text", ["ß", "ААPL", "?", "()"])
def test_what_is_no_ticker_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        symbol_of(text)


def test_open_market_dollars_of_the_recorded_filings(
    recordings: Path, engine: Engine, tapes: TapeStore
) -> None:
    for path in sorted((recordings / "sec_form4" / "filings").iterdir()):
        account = keep(engine, tapes, path.name, path.read_bytes())
        assert account.received == account.accepted + account.quarantined
    with reading(engine) as session:
        rows = session.exec(select(InsiderTrade)).all()
        assert quarantined(session) == 2
    dollars: Counter = Counter()
    for row in rows:
        if row.code + row.acquired in ("PA", "SD") and not row.derivative:
            dollars[row.symbol, row.code] += row.usd_e4
    assert dollars == {
        ("TLS", "P"): 598_984_5200, ("SNOW", "S"): 30_351_309_7700, ("TXG", "S"): 1_743_086_4000,
        ("AIR", "S"): 100_354_5000, ("BDX", "S"): 14_509_9200,
    }  # fmt: skip
    assert {row.plan for row in rows if row.symbol == "BDX"} == {True}
    assert {"PMN", "SCWO", "VCNX"} <= {row.symbol for row in rows}


def test_every_recorded_file_is_accounted_for(recordings: Path) -> None:
    reasons = Counter()
    for kind in ("edgar_index", "edgar_atom", "edgar_json", "goedgar_expected"):
        for path in sorted((recordings / "sec_form4" / kind).iterdir()):
            rows, reason = read(path.read_bytes())
            assert rows == []
            reasons += reason
    assert reasons["an index, not a filing"] == 7
    assert reasons["empty index"] == 1
    assert reasons["malformed index"] == 1


def test_recorded_lines_give_the_raw_counts_of_each_month(recordings: Path) -> None:
    body = (recordings / "sec_form4" / "sp500_insider_transactions_2022_2026.parquet").read_bytes()
    parsed = parse(Raw("lines.parquet", body))
    assert (parsed.received, parsed.accepted_rows) == (60_055, 60_047)
    assert Counter(bad.reason for bad in parsed.bad) == {
        "implausible value": 7, "the transaction date lies more than a year after all others": 1,
    }  # fmt: skip
    rows = parsed.accepted[InsiderTrade].select(["symbol", "owner_names", "event_at", "code"]).to_pandas()
    assert {"NA"} & set(rows["symbol"]) == set()
    rows["day"] = rows["event_at"].dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%d")
    once = rows.drop_duplicates(["symbol", "owner_names", "day", "code"])
    months = once.groupby([once["day"].str[:7], "code"]).size()
    expected = {"2022-04": (36, 91), "2022-06": (54, 181), "2022-09": (43, 128), "2024-08": (13, 449),
                "2025-03": (38, 273), "2025-04": (10, 30)}  # fmt: skip
    assert {month: (months[month, "P"], months[month, "S"]) for month in expected} == expected


def test_the_feed_says_what_it_needs() -> None:
    assert FEED.needs == ("SEC_CONTACT",)
    assert {setting.name: setting.default for setting in FEED.settings} == {
        "SEC_URL": "https://www.sec.gov", "SEC_CONTACT": "",
    }  # fmt: skip
