"""Facts as lines: the house fact base, hostile lines, and lists of private companies."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from feeds import Ask, FeedError, Parsed, Raw, Window
from feeds.facts import FEED, HOUSE, fetch, house, house_name, parse
from storage.intake import Account, store
from storage.tables import Entity, Fact
from storage.tape import TapeStore

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LINE = {
    "id": "X1", "entity": "Example", "metric": "valuation", "value": 8e9, "bound": "=", "unit": "money",
    "currency": "USD", "as_of": "2025-12-12", "kind": "reported", "publisher": "A paper",
    "published": "2025-12-14",
}  # fmt: skip


def lines(*told: dict[str, Any]) -> Parsed:
    return parse(Raw("lines", "\n".join(json.dumps(each) for each in told).encode()))


def facts(parsed: Parsed) -> list[dict[str, Any]]:
    return parsed.accepted[Fact].to_pylist() if Fact in parsed.accepted else []


def objects(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line, parse_float=Decimal) for line in body.decode().split("\n") if line]


@pytest.fixture(scope="module")
def reference(recordings: Path) -> bytes:
    """The reference facts our own base was made from."""
    path = recordings.parent / "facts" / "facts.jsonl"
    if not path.is_file():
        pytest.skip("the reference facts are not on this machine")
    return path.read_bytes()


# the house fact base


def test_every_line_of_the_house_is_accepted_and_stands_once() -> None:
    parsed = parse(Raw(house_name(), house()))
    told = objects(house())
    assert not parsed.bad
    assert parsed.accepted_rows == len(told) > 224
    rows = facts(parsed)
    assert {row["source"] for row in rows} == {HOUSE}
    assert max(Counter(row["ref"] for row in rows).values()) == 1
    assert len({row["digest"] for row in rows}) == len(rows)


def test_what_the_house_corrects_exists_and_is_of_the_same_thing() -> None:
    by_ref = {row["ref"]: row for row in facts(parse(Raw("house", house())))}
    pairs = [
        (row, by_ref[ref]) for row in by_ref.values() for ref in (row["replaces"] or "").split("|") if ref
    ]
    assert {(row["ref"], old["ref"]) for row, old in pairs} == {
        ("V004", "S040"), ("V005", "S123"), ("V006", "S147"), ("V007", "S134"),
    }  # fmt: skip
    assert all((row["entity"], row["metric"]) == (old["entity"], old["metric"]) for row, old in pairs)


def test_the_house_names_the_basis_of_every_valuation_and_revenue() -> None:
    counted = ("valuation", "market_cap", "revenue", "forecast_revenue", "revenue_run_rate")
    told = {each["id"]: each for each in objects(house()) if each.get("metric") in counted}
    assert all("basis" in each for each in told.values())
    expected = {
        "S001": "ipo_target", "S123": "secondary", "V005": "secondary", "S039": "round", "V004": "secondary",
        "S150": "analyst_target", "V014": "market", "V001": "forecast", "V002": "run_rate", "S054": "fiscal",
    }  # fmt: skip
    assert {ref: told[ref]["basis"] for ref in expected} == expected


def test_the_house_flags_what_is_not_computed_with() -> None:
    flags = {row["ref"]: row["flag"] for row in facts(parse(Raw("house", house()))) if row["flag"]}
    assert flags == {
        "S025": "merged", "S029": "wrong", "S031": "wrong", "S037": "hearsay", "S041": "wrong",
        "S084": "implausible", "S098": "stale", "S115": "wrong", "S156": "implausible",
    }  # fmt: skip


def test_a_name_of_the_house_means_one_company_and_every_peer_has_a_name() -> None:
    rows = parse(Raw("house", house())).accepted[Entity].to_pylist()
    names = Counter(
        name.casefold()
        for row in rows
        for name in {row["name"], row["ticker"] or row["name"], *filter(None, row["aliases"].split("|"))}
    )
    assert not [name for name, count in names.items() if count > 1]
    tickers = {row["ticker"] for row in rows}
    assert {peer for row in rows for peer in row["peers"].split("|") if peer} <= tickers
    assert {row["part_of"] for row in rows if row["part_of"]} <= {row["name"] for row in rows}
    assert {row["name"]: row["listed"] for row in rows if row["listed"]} == {
        "Rocket Lab": date(2021, 8, 25), "Intuitive Machines": date(2023, 2, 14),
    }  # fmt: skip


async def test_the_house_comes_by_itself_once_for_each_version() -> None:
    def ask(known: set[str]) -> Ask:
        return Ask(None, {}, (), Window(NOW, NOW), lambda names: known & set(names))  # type: ignore[arg-type]

    (raw,) = [raw async for raw in fetch(ask(set()))]
    assert (raw.name, raw.body) == (house_name(), house())
    assert [raw async for raw in fetch(ask({raw.name}))] == []


# the reference file


def test_every_reference_line_is_read_and_no_number_differs_from_the_house(reference: bytes) -> None:
    parsed = parse(Raw("facts.jsonl", reference))
    told = objects(reference)
    assert (parsed.accepted_rows, parsed.bad) == (len(told), [])
    ours = {each["id"]: each for each in objects(house()) if "metric" in each}
    for each in told:
        for name in ("value", "value_high", "unit", "currency", "as_of", "period", "kind", "publisher"):
            assert (ours[each["id"]].get(name) or 0) == (each.get(name) or 0), (each["id"], name)


def test_no_note_of_the_house_repeats_the_reference(reference: bytes) -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = text.lower().replace(",", "").replace(";", "").split()
        return {tuple(words[start : start + 5]) for start in range(len(words) - 4)}

    ours = {each["id"]: each.get("note", "") for each in objects(house()) if "metric" in each}
    for each in objects(reference):
        note = each.get("note") or ""
        assert not note or ours[each["id"]] != note
        assert not runs(note) & runs(ours[each["id"]]), each["id"]


@pytest.mark.parametrize("house_first", [True, False])
def test_a_house_fact_is_stored_once_in_either_order(
    reference: bytes, house_first: bool, engine: Engine, tapes: TapeStore
) -> None:
    def load(name: str, body: bytes) -> Account:
        parsed = parse(Raw(name, body))
        return store(
            engine, tapes, feed=FEED.name, name=name, body=body, accepted=dict(parsed.accepted),
            bad=[(bad.reason, bad.row) for bad in parsed.bad], now=NOW,
        )  # fmt: skip

    bodies = [("house", house()), ("reference", reference)]
    accounts = [load(*each) for each in (bodies if house_first else bodies[::-1])]
    assert all(each.received == each.accepted + each.quarantined for each in accounts)
    assert sum(each.new for each in accounts) == len(objects(house()))
    assert sum(each.new for each in [load(*each) for each in bodies]) == 0


def test_a_house_fact_keeps_our_words_however_its_number_is_written() -> None:
    (ours,) = [each for each in objects(house()) if each.get("id") == "S123"]
    for value in (800000000000, 800000000000.0, 8e11):
        (row,) = facts(lines({**ours, "value": value, "note": "other words", "basis": "round"}))
        assert (row["source"], row["basis"]) == (HOUSE, "secondary")
        assert row["note"] == ours["note"]
    other = {
        "value": 810000000000,
        "unit": "money/year",
        "currency": "EUR",
        "kind": "opinion",
        "period": "2025",
    }
    for name, value in other.items():
        (row,) = facts(lines({**ours, name: value}))
        assert row["source"] == "facts", name


def test_a_house_fact_with_something_wrong_about_it_is_set_aside() -> None:
    (ours,) = [each for each in objects(house()) if each.get("id") == "S123"]
    parsed = lines({**ours, "value": 8e11, "note": "x" * 10_000})
    assert (parsed.accepted_rows, [bad.reason for bad in parsed.bad]) == (0, ["note is too long"])


def test_a_time_that_is_not_named_is_read_as_past() -> None:
    (row,) = facts(lines(LINE | {"as_of": "past"}))
    assert (row["as_of"], row["period"]) == ("2025-12-14", "past")
    (row,) = facts(lines(LINE | {"as_of": "past", "period": "before the split"}))
    assert row["period"] == "before the split"


# hostile lines


HOSTILE = [
    ({"value": True}, "value is not a number"),
    ({"value": "8e9"}, "value is not a number"),
    ({"value": [8]}, "value is not a number"),
    ({"value": 0}, "valuation is not positive"),
    ({"value": -8e9}, "valuation is not positive"),
    ({"value": None, "note": "in words"}, "valuation is not positive"),
    ({"value": 0, "metric": "revenue"}, "revenue is not positive"),
    ({"value": -1, "metric": "revenue"}, "revenue is not positive"),
    ({"value": -1, "metric": "forecast_revenue"}, "forecast_revenue is not positive"),
    ({"value": 0, "metric": "revenue_run_rate"}, "revenue_run_rate is not positive"),
    ({"value": 10**30}, "value is out of range"),
    ({"value": None, "metric": "loss"}, "value is missing"),
    ({"value": None, "value_high": 5, "metric": "loss", "said": "x"}, "value is missing"),
    ({"value_high": 7e9}, "the range is reversed"),
    ({"value_high": 8e9}, "the range is reversed"),
    ({"value_high": 9e9, "bound": ">="}, "a range has no bound"),
    ({"bound": "<"}, "bound is none of =, >=, <=, ~"),
    ({"currency": None}, "currency is missing"),
    ({"currency": ""}, "currency is missing"),
    ({"currency": "usd"}, "currency is not a code of three letters"),
    ({"unit": "money/share", "currency": None}, "currency is missing"),
    ({"unit": None}, "unit is missing"),
    ({"kind": "certain"}, "kind is none of reported, rumoured, forecast, opinion"),
    ({"kind": None}, "kind is missing"),
    ({"flag": "bad"}, "flag is none of wrong, merged, implausible, stale, hearsay"),
    ({"basis": "guess"}, "basis is none of market"),
    ({"as_of": "2026-01-01"}, "as_of is after it was published"),
    ({"as_of": "2026"}, "as_of is after it was published"),
    ({"as_of": "yesterday"}, "as_of is not a date"),
    ({"as_of": "2025-02-30"}, "as_of is not a date"),
    ({"as_of": "0001-01-01"}, "as_of is out of range"),
    ({"as_of": "1970"}, "as_of is out of range"),
    ({"as_of": "２０２５"}, "as_of is not a date"),
    ({"as_of": "2025-1-1"}, "as_of is not a date"),
    ({"as_of": 2025}, "as_of is not text"),
    ({"published": "9999"}, "published is out of range"),
    ({"published": None}, "published is missing"),
    ({"published": "2025-12-14T00:00:00Z"}, "published is too long"),
    ({"entity": ""}, "entity is missing"),
    ({"entity": "   "}, "entity is missing"),
    ({"entity": ["Example"]}, "entity is not text"),
    ({"entity": {"name": "Example"}}, "entity is not text"),
    ({"entity": "x" * 10_000}, "entity is too long"),
    ({"entity": "a\0b"}, "entity holds characters that are not text"),
    ({"entity": "a\u202eb"}, "entity holds characters that are not text"),
    ({"entity": "a\ud800"}, "entity holds characters that are not text"),
    ({"entity": "a\nb"}, "entity holds characters that are not text"),
    ({"metric": 5}, "metric is not text"),
    ({"metric": None}, "metric is missing"),
    ({"note": "x" * 10_000}, "note is too long"),
    ({"note": 5}, "note is not text"),
    ({"publisher": "a\x1b[2J"}, "publisher holds characters that are not text"),
    ({"publisher": ""}, "publisher is missing"),
    ({"replaces": "x" * 41}, "replaces is too long"),
    ({"id": 7}, "id is not text"),
    ({"id": "x" * 41}, "id is too long"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "reason"), HOSTILE, ids=lambda each: str(each)[:50])
def test_a_hostile_line_is_set_aside_with_its_reason(change: dict[str, Any], reason: str) -> None:
    body = "\n".join(json.dumps(each) for each in (LINE, LINE | {"id": "X2"} | change))
    parsed = parse(Raw("lines", body.encode()))
    assert [row["ref"] for row in facts(parsed)] == ["X1"]
    (bad,) = parsed.bad
    assert bad.reason.startswith(reason)


RAW = [
    ("{", "not a line of JSON"),
    ('{"a": 1}}', "not a line of JSON"),
    ("[1]", "not a JSON object"),
    ("null", "not a JSON object"),
    ("plain text", "not a line of JSON"),
    (json.dumps(LINE).replace("8000000000.0", "NaN"), "not a line of JSON"),
    (json.dumps(LINE).replace("8000000000.0", "-Infinity"), "not a line of JSON"),
    (json.dumps(LINE).replace("8000000000.0", "1e999999999"), "value is out of range"),
    (json.dumps(LINE).replace("8000000000.0", "1e-999999999"), "value is out of range"),
    (json.dumps(LINE).replace("8000000000.0", "1." + "0" * 50 + "1"), "value is out of range"),
    (json.dumps(LINE).replace("8000000000.0", "9" * 5000), "not a line of JSON"),
    (json.dumps(LINE).replace("Example", "a\tb"), "not a line of JSON"),
    ('{"metric":' + "[" * 100_000, "not a line of JSON"),
    ('{"metric":' + "[" * 400 + "]" * 400 + "}", "metric is not text"),
    (json.dumps(LINE, ensure_ascii=False).replace("Example", "a\u2028b"), "entity holds characters"),
]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("line", "reason"), RAW, ids=lambda each: str(each)[-40:])
def test_a_broken_line_does_not_take_others_with_it(line: str, reason: str, first: bool) -> None:
    good = json.dumps(LINE | {"id": "X2"})
    body = "\r\n".join([line, good] if first else [good, line])
    parsed = parse(Raw("lines", b"\xef\xbb\xbf" + body.encode()))
    assert [row["ref"] for row in facts(parsed)] == ["X2"]
    (bad,) = parsed.bad
    assert bad.reason.startswith(reason)


def test_an_id_is_given_once_in_a_file() -> None:
    parsed = lines(LINE, LINE | {"value": 9e9}, LINE, LINE | {"id": None}, LINE | {"id": None, "value": 9e9})
    assert [bad.reason for bad in parsed.bad] == ["its id is that of a line before it"] * 2
    assert len({row["ref"] for row in facts(parsed)}) == parsed.accepted_rows == 3


ENTITIES = [
    ({"entity": None, "ticker": "EX"}, "entity is missing"),
    ({"entity": ["Example"], "ticker": "EX"}, "entity is not text"),
    ({"aliases": "Ex"}, "aliases is not a list"),
    ({"aliases": ["a|b"]}, "aliases is too long or holds |"),
    ({"aliases": [""]}, "aliases is missing"),
    ({"aliases": [5]}, "aliases is not text"),
    ({"aliases": ["x" * 50] * 20}, "aliases is too long or holds |"),
    ({"listed": "soon"}, "listed is not a date"),
    ({"ticker": "X" * 17}, "ticker is too long"),
    ({"peers": {"a": 1}}, "peers is not a list"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "reason"), ENTITIES)
def test_a_hostile_entity_is_set_aside_with_its_reason(change: dict[str, Any], reason: str) -> None:
    parsed = lines({"entity": "Example", "aliases": ["Ex"]}, {"entity": "Other"} | change)
    assert parsed.accepted_rows == 1
    assert [bad.reason for bad in parsed.bad] == [reason]


@pytest.mark.parametrize("body", [b"", b"\n \n", b"\xff\xfe\x00", b"<html>", b"entity,metric\nA,b\n"])
def test_what_is_no_file_of_facts_is_refused_whole(body: bytes) -> None:
    with pytest.raises(FeedError):
        parse(Raw("x", body))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys([*LINE, "aliases", "said"], _json)), min_size=1)
)
def test_every_line_is_accounted_for(changes: Iterable[dict[str, Any]]) -> None:
    told = [LINE | {"id": None} | change for change in changes]
    parsed = lines(*told)
    assert parsed.accepted_rows + len(parsed.bad) == len(told)


# a list of private companies


def test_the_recorded_private_companies_are_all_read(recordings: Path) -> None:
    (path,) = (recordings / "private_valuations").glob("*.csv")
    parsed = parse(Raw(path.name, path.read_bytes()))
    assert (parsed.accepted_rows, parsed.bad) == (1074, [])
    rows = {row["entity"]: row for row in facts(parsed)}
    assert len(rows) == 1074
    assert (rows["SpaceX"]["value"], rows["Stripe"]["value"]) == ("100000000000", "95000000000")
    assert {(row["as_of"], row["basis"], row["currency"]) for row in rows.values()} == {
        ("2022-03", "unstated", "USD")
    }
    assert rows["Stripe"]["known_at"].astimezone(UTC) == datetime(2022, 4, 1, tzinfo=UTC)


def test_a_list_of_private_companies_is_accounted_for_row_by_row() -> None:
    body = "\n".join(
        ["Company,Valuation,Country", "A,$1B,US", "B,$0B,US", "C,-$1B,US", "D,€1B,US", "E,$1B-2B,US",
         ",$1B,US", "A,$2B,France", "F,$1e9B,US", "G,,US", "x" * 61 + ",$1B,US", "H,$1.5B,US"]
    )  # fmt: skip
    parsed = parse(Raw("private_2022-03.csv", body.encode()))
    assert [(row["entity"], row["value"]) for row in facts(parsed)] == [
        ("A (US)", "1000000000"), ("A (France)", "2000000000"), ("H", "1500000000"),
    ]  # fmt: skip
    assert len(parsed.bad) == 8
    assert all(bad.reason.startswith(("company ", "valuation ")) for bad in parsed.bad)


def test_a_list_must_say_of_which_month_it_is() -> None:
    with pytest.raises(FeedError, match="of which month"):
        parse(Raw("private.csv", b"Company,Valuation,Country\nA,$1B,US\n"))
