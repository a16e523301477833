"""FINRA's rows: daily short and total volume, weekly ATS and OTC shares, known when FINRA published them."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from bot.pipeline import take_in
from bot.rooms import Rooms
from feeds import FeedError, Kind, Parsed, Raw
from feeds.finra import FEED, parse
from storage.tables import OffExchangeWeek, ShortVolume
from storage.tape import TapeStore

HEADER = "Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market"
SPACED = "Date|Symbol|Short Volume|Short Exempt Volume|Total Volume|Market Center"
LINE = "20240703|ACME|600|10|1000|B,Q,N"
WEEKLY = "issueSymbolIdentifier,issueName,weekStartDate,ats_shares,otc_shares,total_shares,ats_share_pct"
WEEK = 'ACME,"Acme, Inc. Common Stock",2024-07-01,150,850,1000,15.0'
ROW: dict[str, Any] = {
    "issueSymbolIdentifier": "ACME", "issueName": "Acme, Inc.", "weekStartDate": "2024-07-01",
    "summaryTypeCode": "ATS_W_SMBL", "totalWeeklyShareQuantity": 150, "tierIdentifier": "T1",
    "initialPublishedDate": "2024-07-22", "lastUpdateDate": "2024-07-22", "MPID": None,
}  # fmt: skip


def read(*lines: str) -> Parsed:
    return parse(Raw("answer", "\n".join(lines).encode()))


def answer(*rows: object) -> Parsed:
    return parse(Raw("answer", json.dumps(rows).encode()))


def only(parsed: Parsed, kind: Kind) -> dict[str, Any]:
    assert not parsed.bad
    (row,) = parsed.accepted[kind].to_pylist()
    return row


def why(parsed: Parsed) -> list[str]:
    return [bad.reason for bad in parsed.bad]


def test_a_daily_line_is_known_at_six_in_the_evening_of_its_session() -> None:
    for header in (HEADER, SPACED):
        assert only(read(header, LINE, "1"), ShortVolume) == {
            # a half day: closed at 13:00 New York, published at 18:00 all the same
            "event_at": datetime(2024, 7, 3, 17, tzinfo=UTC),
            "known_at": datetime(2024, 7, 3, 22, tzinfo=UTC),
            "source": "finra", "symbol": "ACME", "session": date(2024, 7, 3), "market": "B,Q,N",
            "short_volume": 600, "short_exempt_volume": 10, "total_volume": 1000,
        }  # fmt: skip
    assert only(read(HEADER, LINE.replace("0703", "0304")), ShortVolume)["known_at"] == datetime(
        2024, 3, 4, 23, tzinfo=UTC
    )


def test_fractions_of_a_share_are_rounded_and_nothing_traded_is_zero() -> None:
    row = only(read(HEADER, "20240703|ACME|2551427.692872|67707.5|4489378.153460|B,Q,N"), ShortVolume)
    assert [row[f"{name}_volume"] for name in ("short", "short_exempt", "total")] == [
        2_551_428, 67_708, 4_489_378
    ]  # fmt: skip
    row = only(read(HEADER, "20240703|ACME|0|0|0.4|Q"), ShortVolume)
    assert (row["short_volume"], row["total_volume"], row["market"]) == (0, 0, "Q")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("20240703|ACME|1001|10|1000|Q", "more shares short than in all"),
        ("20240703|ACME|600|601|1000|Q", "more shares exempt than short"),
        ("20240704|ACME|600|10|1000|Q", "date is not a session of the exchange"),
        ("2024-07-03|ACME|600|10|1000|Q", "date is not a date"),
        ("20241399|ACME|600|10|1000|Q", "date is not a date"),
        ("20240703|BRK B|600|10|1000|Q", "symbol is not a ticker"),
        ("20240703|TpC|600|10|1000|Q", "symbol has a small letter, as preferred shares and rights have"),
        ("20240703||600|10|1000|Q", "symbol is missing"),
        ("20240703|ACME|-1|0|1000|Q", "shortvolume is negative"),
        ("20240703|ACME|600|10|1e15|Q", "totalvolume is out of range"),
        ("20240703|ACME|600||1000|Q", "shortexemptvolume is missing"),
        ("20240703|ACME|600|10|many|Q", "totalvolume is not a number"),
        ("20240703|ACME|600|10|1000|X", "market is not a reporting facility"),
        ("20240703|ACME|600|10|1000|Q,Q", "market is not a reporting facility"),
        ("20240703|ACME|600|10|1000", "not as many cells as the header"),
        ('20240703|"ACME|600|10|1000|Q', "symbol is not a ticker"),
    ],
)
def test_a_bad_daily_line_costs_itself_and_says_why(line: str, reason: str) -> None:
    parsed = read(HEADER, line, LINE, line.replace("ACME", "OTHER"), LINE.replace("ACME", "BF.B"), "4")
    assert why(parsed)[0] == reason
    assert [row["symbol"] for row in parsed.accepted[ShortVolume].to_pylist()] == ["ACME", "BF.B"]
    assert parsed.received == 4


def test_lines_that_contradict_each_other_are_both_refused_and_a_line_said_twice_is_one_row(
    engine: Engine, tapes: TapeStore
) -> None:
    parsed = read(HEADER, LINE, LINE.replace("600", "700"), LINE.replace("B,Q,N", "Q"))
    assert why(parsed) == ["the file says something else of the same symbol"] * 2
    assert [row["market"] for row in parsed.accepted[ShortVolume].to_pylist()] == ["Q"]
    twice = Raw("twice", "\n".join([HEADER, LINE, LINE]).encode())
    account = take_in(Rooms(engine, tapes), FEED, twice, datetime(2024, 7, 4, tzinfo=UTC))
    assert (account.accepted, account.new) == (2, 1)


def test_an_impossible_line_contradicts_no_other() -> None:
    for line in (LINE.replace("600", "1001"), LINE.replace("|10|", "|601|"), LINE.replace("600", "many")):
        parsed = read(HEADER, LINE, line)
        assert (len(parsed.bad), parsed.accepted_rows) == (1, 1)
    parsed = read(WEEKLY, WEEK, WEEK.replace("150", "151"))
    assert (why(parsed), parsed.accepted_rows) == (["the total is not the sum of its parts"], 1)
    parsed = read(WEEKLY, WEEK, WEEK.replace("150", "151").replace("1000", "1001"))
    assert (len(parsed.bad), parsed.accepted_rows) == (2, 0)


def test_the_count_in_the_last_line_must_be_right() -> None:
    assert why(read(HEADER, LINE, "1")) == []
    assert why(read(HEADER, LINE)) == []
    assert why(read(HEADER, LINE, "10563")) == ["the count in the last line is not that of the lines"]
    assert read(HEADER).received == read(HEADER, "0").received == 0


def test_windows_line_ends_and_a_mark_of_order_are_nothing() -> None:
    body = ("\ufeff" + "\r\n".join([HEADER, LINE, "1", ""])).encode()
    assert only(parse(Raw("windows.txt", body)), ShortVolume)["total_volume"] == 1000


def test_a_weekly_line_without_a_tier_is_known_when_the_later_tier_is() -> None:
    assert only(read(WEEKLY, WEEK), OffExchangeWeek) == {
        # Thursday was a holiday; the week's last session closed on Friday
        "event_at": datetime(2024, 7, 5, 20, tzinfo=UTC),
        # four weeks after Sunday 7 July is Monday 5 August; known when that day is over
        "known_at": datetime(2024, 8, 6, 4, tzinfo=UTC),
        "source": "finra", "symbol": "ACME", "week": date(2024, 7, 1), "kind": "both",
        "ats_shares": 150, "otc_shares": 850,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("ACME,", "ABR$D,", "issuesymbolidentifier is not a ticker"),
        ("07-01", "07-02", "weekstartdate is not a Monday"),
        ("2024-07-01", "1998-07-06", "weekstartdate is outside the exchange's calendar"),
        ("150", "151", "the total is not the sum of its parts"),
        ("150", "", "ats_shares is missing"),
        ("850", "-850", "otc_shares is negative"),
    ],
)
def test_a_bad_weekly_line_costs_itself_and_says_why(old: str, new: str, reason: str) -> None:
    parsed = read(WEEKLY, WEEK.replace("ACME", "BF.B"), WEEK.replace(old, new, 1))
    assert (why(parsed), parsed.accepted_rows) == ([reason], 1)


def test_an_answers_rows_are_apart_and_what_a_row_does_not_say_is_missing() -> None:
    otc = ROW | {"summaryTypeCode": "OTC_W_SMBL", "totalWeeklyShareQuantity": 850.5}
    ats, other = answer(ROW, otc).accepted[OffExchangeWeek].to_pylist()
    assert (ats["kind"], ats["ats_shares"], ats["otc_shares"]) == ("ats", 150, None)
    assert (other["kind"], other["ats_shares"], other["otc_shares"]) == ("otc", None, 850)
    assert ats["known_at"] == datetime(2024, 7, 23, 4, tzinfo=UTC)
    assert ats["event_at"] == datetime(2024, 7, 5, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tier", "first", "updated", "known"),
    [
        ("T1", None, None, "2024-07-23"),
        ("T2", None, None, "2024-08-06"),
        ("OTC", None, None, "2024-08-06"),
        (None, None, None, "2024-08-06"),
        ("T2", "2024-08-07", None, "2024-08-08"),  # late
        ("T2", "2024-08-05", "2024-09-03", "2024-09-04"),  # the figures are those of the update
        ("T1", "2024-07-19", None, "2024-07-20"),
        ("T1", "2024-07-18", None, "2024-07-23"),  # before FINRA may publish: not believed
        ("T1", "2024-07-08", "2024-07-07", "2024-07-23"),
        ("T1", "2099-01-01", None, "2024-07-23"),
    ],
)
def test_a_week_is_known_when_it_was_published(
    tier: str | None, first: str | None, updated: str | None, known: str
) -> None:
    row = ROW | {"tierIdentifier": tier, "initialPublishedDate": first, "lastUpdateDate": updated}
    at = only(answer(row), OffExchangeWeek)["known_at"]
    assert at == datetime.fromisoformat(known + "T00:00-04:00")


def test_what_would_be_published_on_a_holiday_is_known_after_the_next_session() -> None:
    # three weeks after Monday 6 May 2024 is Memorial Day
    row = ROW | {"weekStartDate": "2024-05-06", "initialPublishedDate": None, "lastUpdateDate": None}
    assert only(answer(row), OffExchangeWeek)["known_at"] == datetime(2024, 5, 29, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"summaryTypeCode": "ATS_W_SMBL_FIRM"}, "summarytypecode is not a weekly total of one symbol"),
        ({"summaryTypeCode": None}, "summarytypecode is missing"),
        ({"issueSymbolIdentifier": None}, "issuesymbolidentifier is missing"),
        ({"issueSymbolIdentifier": "ABRpD"},
         "issuesymbolidentifier has a small letter, as preferred shares and rights have"),
        ({"totalWeeklyShareQuantity": -1}, "totalweeklysharequantity is negative"),
        ({"totalWeeklyShareQuantity": True}, "totalweeklysharequantity is not a number"),
        ({"totalWeeklyShareQuantity": [5]}, "totalweeklysharequantity is not a number"),
        ({"weekStartDate": "2024-07-03"}, "weekstartdate is not a Monday"),
        ({"initialPublishedDate": "soon"}, "initialpublisheddate is not a date"),
    ],
)  # fmt: skip
def test_a_bad_row_of_an_answer_costs_itself_and_says_why(change: dict[str, Any], reason: str) -> None:
    parsed = answer(ROW | change, ROW | {"issueSymbolIdentifier": "BF.B"}, 7)
    assert sorted(why(parsed)) == sorted([reason, "not a kind this feed reads"])
    assert parsed.accepted_rows == 1


def test_a_symbol_that_changed_its_tape_within_the_week_is_not_told_by_half() -> None:
    parsed = answer(ROW, ROW | {"totalWeeklyShareQuantity": 90}, ROW | {"summaryTypeCode": "OTC_W_SMBL"})
    assert why(parsed) == ["the file says something else of the same symbol"] * 2
    assert [row["kind"] for row in parsed.accepted[OffExchangeWeek].to_pylist()] == ["otc"]


@pytest.mark.parametrize(
    "body",
    [b"", b" \n", b"<html>Please log in</html>", b"<html>a|b</html>", b"{", b'{"message": "no"}',
     b"[" * 100_000, b"Date|Symbol|Short", (HEADER + "|Market\n" + LINE).encode(),
     b"PAR1|\nx", b"a,b\n1,2", b"\xff\xfe|"],
)  # fmt: skip
def test_a_body_that_is_none_of_finras_is_one_sentence(body: bytes) -> None:
    with pytest.raises(FeedError) as caught:
        parse(Raw("answer", body))
    assert str(caught.value).startswith("answer ")


def recorded(recordings: Path, name: str, kind: Kind) -> tuple[list[dict[str, Any]], Counter[str]]:
    path = recordings / "finra" / name
    parsed = parse(Raw(path.name, path.read_bytes()))
    assert parsed.received == len(path.read_text().splitlines()) - 1
    return parsed.accepted[kind].to_pylist(), Counter(why(parsed))


def test_the_recorded_short_volume(recordings: Path) -> None:
    rows: list[dict[str, Any]] = []
    for name, market, count in (
        ("shvol_FNSQ_nasdaq_trf_2017_2021.txt", "Q", 11_215),
        ("shvol_FNYX_nyse_trf_2017_2021.txt", "N", 11_055),
        ("shvol_FNQC_nasdaq_trf_chicago_2017_2021.txt", "B", 3_445),
    ):
        of, bad = recorded(recordings, name, ShortVolume)
        assert (len(of), bad, {row["market"] for row in of}) == (count, Counter(), {market})
        rows += of
    nasdaq = {row["session"]: row for row in rows if row["symbol"] == "XRT" and row["market"] == "Q"}
    for day, short, total, share in (
        (date(2021, 1, 22), 332_904, 576_690, 0.577), (date(2021, 1, 28), 5_546_950, 7_971_423, 0.696)
    ):  # fmt: skip
        row = nasdaq[day]
        assert (row["short_volume"], row["total_volume"]) == (short, total)
        assert round(short / total, 3) == share
    assert nasdaq[date(2021, 1, 28)]["known_at"] == datetime(2021, 1, 28, 23, tzinfo=UTC)


def test_the_recorded_weeks(recordings: Path) -> None:
    names = sorted(path.name for path in recordings.glob("finra/ats_weekly/*.csv"))
    weeks = {}
    for name in names:
        rows, bad = recorded(recordings, f"ats_weekly/{name}", OffExchangeWeek)
        # preferred shares such as KKR$D, in some weeks
        assert set(bad) <= {"issuesymbolidentifier is not a ticker"}
        assert bad.total() < 30
        weeks |= {(row["symbol"], row["week"]): row for row in rows}
        assert {row["kind"] for row in rows} == {"both"}
    nvda = weeks["NVDA", date(2025, 6, 2)]
    assert (nvda["ats_shares"], nvda["otc_shares"]) == (79_150_795, 435_039_064)
    assert round(100 * nvda["ats_shares"] / (nvda["ats_shares"] + nvda["otc_shares"]), 2) == 15.39
    # four weeks after Sunday 8 June is Monday 7 July
    assert nvda["known_at"] == datetime(2025, 7, 8, 4, tzinfo=UTC)
    dnn = weeks["DNN", date(2025, 6, 23)]
    assert (dnn["ats_shares"], dnn["otc_shares"]) == (0, 604_608_483)
    assert ("BRK.B", date(2025, 6, 2)) in weeks


def test_loading_a_recording_twice_stores_it_once(engine: Engine, tapes: TapeStore, recordings: Path) -> None:
    rooms, now = Rooms(engine, tapes), datetime(2026, 1, 2, tzinfo=UTC)
    for name, new in (
        ("shvol_FNQC_nasdaq_trf_chicago_2017_2021.txt", 3_445),
        ("ats_weekly/weekly_2025-06-30.csv", 2_513),
    ):
        path = recordings / "finra" / name
        accounts = [take_in(rooms, FEED, Raw(path.name, path.read_bytes()), now) for _ in range(2)]
        assert [account.new for account in accounts] == [new, 0]
