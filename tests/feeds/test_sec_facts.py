"""What companies file becomes rows that say when it was known; what is doubtful is kept out."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
from faults import FAULTS, no_sleep
from servers import Answer, Asked, serve
from sqlalchemy import Engine

from feeds import Ask, FeedError, Raw, Window, sec_facts
from feeds._http import Http
from feeds.sec_facts import FEED, fetch, parse
from feeds.sec_form4 import GIVE_UP
from storage.intake import store
from storage.tables import CompanyFigure
from storage.tape import TapeStore

ONE, TWO = "0001819994-24-000001", "0001819994-24-000002"
Entry = dict[str, Any]
ODD = "not a period of about one, two, three or four quarters"


def shares(val: object = 500, end: str = "2024-11-04", accn: str = ONE, **more: object) -> Entry:
    return {
        "end": end, "val": val, "accn": accn, "fy": 2024, "fp": "Q3", "form": "10-Q", "filed": "2024-11-12",
        "frame": "CY2024Q3I", **more,
    }  # fmt: skip


def revenue(val: object = 100, start: str = "2024-07-01", end: str = "2024-09-30", **more: object) -> Entry:
    return shares(val, end) | {"start": start, **more}


def made(
    cover: list[Any] = (), sheet: list[Any] = (), contract: list[Any] = (), total: list[Any] = (),
    older: list[Any] = (), units: tuple[str, str] = ("shares", "USD"), cik: object = 1819994,
) -> bytes:  # fmt: skip
    """An answer in the SEC's shape; whatever else it holds is not ours."""
    counted, money = units
    concepts = {
        "RevenueFromContractWithCustomerExcludingAssessedTax": {money: contract},
        "Revenues": {money: total},
        "SalesRevenueNet": {money: older},
        "CommonStockSharesOutstanding": {counted: sheet},
        "Assets": {"USD": [shares(7)]},
    }
    facts = {
        "dei": {
            "EntityCommonStockSharesOutstanding": {"label": "…", "units": {counted: cover}},
            "EntityPublicFloat": {"units": {"USD": [shares(9)]}},
        },
        "us-gaap": {
            name: {"label": name, "description": None, "units": units} for name, units in concepts.items()
        },
    }
    return json.dumps({"cik": cik, "entityName": "Rocket Lab", "facts": facts}).encode()


def read(body: bytes, name: str = "companyfacts_RKLB.json") -> tuple[list[Entry], Counter[str]]:
    parsed = parse(Raw(name, body))
    assert parsed.received == parsed.accepted_rows + len(parsed.bad)
    rows = parsed.accepted[CompanyFigure].to_pylist() if parsed.accepted else []
    return rows, Counter(bad.reason for bad in parsed.bad)


def values(body: bytes) -> list[int]:
    rows, reasons = read(body)
    assert not reasons
    return [row["value"] for row in rows]


def test_a_figure_is_of_its_day_and_known_at_ten_in_the_evening_of_its_filing() -> None:
    rows, reasons = read(made([shares()], total=[revenue()]))
    assert not reasons
    ours = {"symbol": "RKLB", "source": "sec_facts", "form": "10-Q", "accession": ONE}
    known = {"known_at": datetime(2024, 11, 13, 3, tzinfo=UTC)}
    assert rows == [
        ours | known | {
            "figure": "shares", "start": date(2024, 11, 4), "end": date(2024, 11, 4), "value": 500,
            "event_at": datetime(2024, 11, 4, 21, tzinfo=UTC),
        },
        ours | known | {
            "figure": "revenue", "start": date(2024, 7, 1), "end": date(2024, 9, 30), "value": 100,
            "event_at": datetime(2024, 9, 30, 20, tzinfo=UTC),
        },
    ]  # fmt: skip


def test_a_figure_of_the_day_it_is_filed_on_is_never_known_before_it_happened() -> None:
    # a half day and a Sunday
    for day in ("2024-11-29", "2024-12-01"):
        (row,), _ = read(made([shares(end=day, filed=day)]))
        assert row["known_at"] > row["event_at"]
        assert row["event_at"].date() == date.fromisoformat(day)


def test_the_cover_of_a_filing_goes_before_its_balance_sheet() -> None:
    sheet = [shares(480, "2024-09-30"), shares(470, "2023-12-31"), shares(460, "2024-06-30", TWO)]
    rows, reasons = read(made([shares(500)], sheet))
    assert not reasons
    # of the other filing there is no cover
    assert [(row["value"], row["accession"]) for row in rows] == [(500, ONE), (460, TWO)]
    # a cover that cannot be used is none
    rows, reasons = read(made([shares(0)], sheet))
    assert [row["value"] for row in rows] == [480, 470, 460]
    assert reasons == {"val is zero": 1}


def test_classes_of_shares_are_not_guessed_apart() -> None:
    several = "several numbers of shares of one day in one filing"
    rows, reasons = read(made([shares(500), shares(50), shares(400, accn=TWO)]))
    assert [row["value"] for row in rows] == [400]
    assert reasons == {several: 2}
    # said twice alike it is said once
    assert values(made([shares(500), shares(500)])) == [500]
    assert values(made([shares(500), shares(490, "2024-10-31")])) == [500, 490]


def test_of_several_revenues_of_one_period_in_one_filing_the_largest_counts() -> None:
    assert values(made(contract=[revenue(90)], total=[revenue(100)], older=[revenue(80)])) == [100]
    assert values(made(contract=[revenue(110)], total=[revenue(100)])) == [110]
    assert values(made(contract=[revenue(90)], total=[revenue(100, accn=TWO)])) == [90, 100]
    # a restatement is a row of its own
    assert values(made(total=[revenue(100), revenue(95, accn=TWO, filed="2025-02-27", form="10-K/A")])) == [
        100, 95,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-07-01", "2024-09-30"), ("2024-09-29", "2024-12-28"), ("2024-05-13", "2024-08-04"),
        ("2024-01-01", "2024-06-30"), ("2024-01-01", "2024-09-30"), ("2023-09-30", "2024-10-05"),
        ("2024-01-01", "2024-10-31"), ("2023-10-01", "2024-09-28"),
    ],
)  # fmt: skip
def test_a_period_is_about_one_to_four_quarters(start: str, end: str) -> None:
    fits = (start, end) != ("2024-01-01", "2024-10-31")
    rows, reasons = read(made(total=[revenue(start=start, end=end, filed="2025-01-10")]))
    assert len(rows) == fits
    assert reasons == ({} if fits else {ODD: 1})


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (revenue(-5), "val is negative"),
        (revenue(0), "val is zero"),
        (revenue(None), "val is missing"),
        (revenue("many"), "val is not a number"),
        (revenue(1.5), "val is not a whole number"),
        (revenue(10**15), "val is out of range"),
        (revenue(int("9" * 400)), "val is not a number"),
        (revenue(end="2024-09-31"), "end is not a date"),
        (revenue(start="2024"), "start is not a date"),
        (revenue(start=None), "start is missing"),
        (revenue(filed="2024-09-29"), "end is after filed"),
        (revenue(filed=None), "filed is missing"),
        (revenue(start="2024-09-30", end="2024-07-01"), ODD),
        (revenue(accn="0001819994-25-000001"), "filed is before the year of its accession number"),
        (revenue(accn="24-000001"), "accn is not an accession number"),
        (revenue(form=""), "form is missing"),
        (revenue(form="x" * 20), "form is not the name of a form"),
        (revenue(end=["2024-09-30"]), "end is not a value"),
        ("nonsense", "end is missing"),
        (None, "end is missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_put_aside_and_spoils_no_other(entry: object, reason: str) -> None:
    rows, reasons = read(made(total=[entry, revenue(accn=TWO)]))
    assert [row["accession"] for row in rows] == [TWO]
    assert reasons == {reason: 1}


def test_another_unit_or_a_stretch_of_shares_is_put_aside() -> None:
    assert read(made([shares()], total=[revenue()], units=("USD", "EUR"))) == (
        [], {"the unit is not shares": 1, "the unit is not USD": 1},
    )  # fmt: skip
    assert read(made([shares(start="2024-10-01")])) == ([], {"a period, not a day": 1})


def test_what_is_put_aside_says_where_it_stood() -> None:
    (bad,) = parse(Raw("RKLB.json", made(total=[revenue(0)]))).bad
    told = json.loads(bad.row)
    assert (told["concept"], told["unit"], told["of"]["accn"]) == ("Revenues", "USD", ONE)


@pytest.mark.parametrize("facts", [{}, {"dei": None}, {"us-gaap": {"Revenues": {"units": []}}}])
def test_a_company_without_our_figures_gives_no_rows(facts: object) -> None:
    assert read(json.dumps({"cik": 1, "facts": facts}).encode()) == ([], {})


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("companyfacts_RKLB.json", "RKLB"), ("BRK.B.json", "BRK.B"), ("some/folder/rklb.json", "RKLB"),
        ("facts BRK.B CIK0001819994 2024-W51", "BRK.B"),
    ],
)  # fmt: skip
def test_the_ticker_is_the_names(name: str, symbol: str) -> None:
    (row,), _ = read(made([shares()]), name)
    assert row["symbol"] == symbol


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("CIK0001819994.json", made([shares()]), "not named after a ticker"),
        ("facts RKLB CIK0000000001 2024-W51", made([shares()]), "another company"),
        ("RKLB.json", b"<html>", "not JSON"),
        ("RKLB.json", made([shares()])[:-9], "not JSON"),
        ("RKLB.json", b'{"cik": 1, "facts": []}', "does not hold the facts"),
        ("RKLB.json", b'["facts"]', "does not hold the facts"),
    ],
)  # fmt: skip
def test_what_is_no_companys_facts_is_refused_with_a_sentence(name: str, body: bytes, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        parse(Raw(name, body))


def test_loading_twice_adds_nothing_and_a_restatement_is_added(engine: Engine, tapes: TapeStore) -> None:
    def keep(body: bytes) -> int:
        parsed = parse(Raw("RKLB.json", body))
        return store(
            engine, tapes, feed="sec_facts", name="RKLB.json", body=body, accepted=dict(parsed.accepted),
            bad=[], now=datetime(2024, 12, 2, tzinfo=UTC),
        ).new  # fmt: skip

    first, restated = [revenue()], [revenue(), revenue(95, accn=TWO)]
    assert [keep(made([shares()], total=each)) for each in (first, first, restated)] == [2, 0, 1]


MONDAY = Window(datetime(2024, 12, 13, 22, tzinfo=UTC), datetime(2024, 12, 16, 22, tzinfo=UTC))
TICKERS = {
    "0": {"cik_str": 1819994, "ticker": "RKLB", "title": "Rocket Lab"},
    "1": {"cik_str": 1067983, "ticker": "BRK-B", "title": "Berkshire"},
    "2": {"cik_str": 884394, "ticker": "SPY", "title": "A fund"},
    "3": {"cik_str": 1836833, "ticker": "PL", "title": "Planet"},
    "4": "nonsense",
    "5": {"cik_str": None, "ticker": "GONE"},
}
LIST = "/files/company_tickers.json"


def at(cik: int) -> str:
    return f"/api/xbrl/companyfacts/CIK{cik:010d}.json"


def sec(**answers: Answer) -> Any:
    """The SEC: its list, and an answer for each CIK that has no other in `answers` (`cik1819994=…`)."""

    def answer(asked: Asked) -> Answer:
        if asked.path == LIST:
            return answers.get("tickers", Answer(json.dumps(TICKERS).encode()))
        cik = int(asked.path.removesuffix(".json")[-10:])
        return answers.get(f"cik{cik}", Answer(made([shares()], cik=cik)))

    return answer


class Paced:
    """Remembers whose pace was kept, and how fast."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    async def __call__(self, source: str, per_second: float) -> float:
        self.asked.append((source, per_second))
        return 0.0


async def fetched(
    answer: Any,
    symbols: tuple[str, ...] = ("RKLB",),
    members: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
) -> tuple[list[Raw], str, list[Asked], list[tuple[str, float]]]:
    """What came, the error's sentence, what was asked, and at whose pace."""
    came, error, pace = [], "", Paced()
    async with serve(answer) as server, Http(pace, sleep=no_sleep) as http:
        settings = {
            "SEC_URL": server.url, "SEC_DATA_URL": f"{server.url}/", "SEC_CONTACT": "me@example.org",
        }  # fmt: skip
        ask = Ask(http, settings, symbols, MONDAY, lambda names: set(names) & set(known), members)
        try:
            async for raw in fetch(ask):
                came.append(raw)
        except FeedError as failure:
            error = str(failure)
    return came, error, server.asked, pace.asked


async def test_everybody_with_a_cik_is_asked_for_once_those_watched_first() -> None:
    came, error, asked, paced = await fetched(sec(), ("RKLB", "^GSPC", "BRK.B"), ("PL", "RKLB", "NOBODY"))
    assert [raw.name for raw in came] == [
        "facts RKLB CIK0001819994 2024-W51", "facts BRK.B CIK0001067983 2024-W51",
        "facts PL CIK0001836833 2024-W51",
    ]  # fmt: skip
    assert [each.path for each in asked] == [LIST, at(1819994), at(1067983), at(1836833)]
    assert {each.headers["user-agent"] for each in asked} == {"Bellwether me@example.org"}
    # the pace is that of the SEC's other feeds
    assert paced == [("sec_form4", 8)] * 4
    assert error == ""
    assert [parse(raw).accepted_rows for raw in came] == [1, 1, 1]


async def test_what_was_read_this_week_is_not_asked_for_again() -> None:
    _, _, asked, _ = await fetched(sec(), ("RKLB", "PL"), known=("facts RKLB CIK0001819994 2024-W51",))
    assert [each.path for each in asked] == [LIST, at(1836833)]
    _, _, asked, _ = await fetched(sec(), known=("facts RKLB CIK0001819994 2024-W50",))
    assert len(asked) == 2
    assert (await fetched(sec(), ()))[2] == []


async def test_many_companies_are_read_over_several_evenings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sec_facts, "AT_A_TIME", 1)
    missing = sec(cik884394=Answer(b"no", 404))
    came, error, _, _ = await fetched(missing, ("SPY", "RKLB", "PL"))
    assert [raw.name[:10] for raw in came] == ["facts RKLB"]
    assert error == ""


async def test_a_fund_has_no_facts_and_that_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    came, error, _, _ = await fetched(sec(cik884394=Answer(b"<Error>", 404)), ("SPY", "RKLB"))
    assert (len(came), error) == (1, "")
    assert "no facts of SPY" in caplog.text


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("where", ["tickers", "cik1819994"])
async def test_a_refusal_ends_the_run_and_pauses_all_feeds_of_the_sec(status: int, where: str) -> None:
    refusal = Answer(b"no", status, {"Retry-After": "3600"})
    came, error, asked, paced = await fetched(sec(**{where: refusal}), ("RKLB", "PL"))
    assert came == []
    assert "left alone" in error
    assert len(asked) == (1 if where == "tickers" else 2)
    assert paced[-1] == ("sec_form4", 1 / 600)


@pytest.mark.parametrize("fault", [name for name in FAULTS if "too often" not in name and name != "a page"])
async def test_what_fails_is_said_at_the_end_and_stops_no_other(fault: str) -> None:
    answer, said, requests, _ = FAULTS[fault]
    came, error, asked, _ = await fetched(sec(cik1819994=answer), ("RKLB", "PL"))
    assert [raw.name[:8] for raw in came] == ["facts PL"]
    assert "RKLB" in error
    assert said in error
    assert len(asked) == 2 + requests


@pytest.mark.parametrize(
    "body", [b"<html>Sign in</html>", b'{"message": "sorry"}', made([shares()])[:-2], made(cik=7)]
)
async def test_an_answer_that_is_none_is_asked_for_again(body: bytes) -> None:
    came, error, _, _ = await fetched(sec(cik1819994=Answer(body)), ("RKLB", "PL"))
    assert [raw.name[:8] for raw in came] == ["facts PL"]
    assert "something else than the facts of RKLB" in error


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"0": {"ticker": "RKLB"}}'])
async def test_without_the_list_of_tickers_nothing_is_asked(body: bytes) -> None:
    came, error, asked, _ = await fetched(sec(tickers=Answer(body)))
    assert (came, len(asked)) == ([], 1)
    assert "list of tickers" in error


@pytest.mark.parametrize(
    ("good", "asked_for", "said"), [((1,), 1 + GIVE_UP, "left alone"), ((1, 5, 9), 9, "6 such answers")]
)
async def test_failures_in_a_row_end_the_run(good: tuple[int, ...], asked_for: int, said: str) -> None:
    listed = {str(n): {"cik_str": n, "ticker": f"T{n}"} for n in range(1, 10)}
    bad = {f"cik{n}": Answer(b"<html>") for n in range(1, 10) if n not in good}
    answer = sec(tickers=Answer(json.dumps(listed).encode()), **bad)
    _, error, asked, _ = await fetched(answer, tuple(f"T{n}" for n in range(1, 10)))
    assert len(asked) == 1 + asked_for
    assert said in error


def test_the_feed_shares_the_settings_of_the_secs_others() -> None:
    assert [setting.name for setting in FEED.settings] == ["SEC_URL", "SEC_CONTACT", "SEC_DATA_URL"]
    assert FEED.needs == ("SEC_CONTACT",)
