"""What a card is made of, by hand: which marks stand, ranges of sources, the offering, and its states."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from bot.commentary.desk_card import message
from feeds import Raw
from feeds._fact_lines import fact
from feeds.facts import house, parse
from indicators import Signal
from indicators import _desk_marks as marks
from indicators._desk_companies import Company, by_name, of
from indicators._desk_companies import read as read_companies
from indicators._desk_facts import Sourced, from_row
from indicators._desk_facts import read as read_facts
from indicators._desk_ipo import offering, stage
from indicators.valuation import INDICATOR
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, CompanyFigure, Entity, Fact, MarketRow

EVENING = datetime(2026, 1, 14, 21, 45, tzinfo=UTC)
PRICED = date(2026, 1, 14)


def said(value: float, as_of: str, **more: Any) -> Sourced:
    """A fact about the company X: money, published on the day it is of."""
    told = {
        "entity": "X", "metric": "valuation", "value": int(value), "unit": "money", "currency": "USD",
        "as_of": as_of, "kind": "reported", "publisher": "P", "published": as_of, "basis": "secondary",
    } | more  # fmt: skip
    return from_row(fact(told, "test"))


def sales(value: float, year: str, **more: Any) -> Sourced:
    return said(value, f"{year}-12-31", **{"metric": "revenue", "basis": "fiscal", "period": year} | more)


def standing(*facts: Sourced) -> list[tuple[str, str]]:
    """Publisher and day of the marks that stand, in order."""
    return [(mark.publisher, mark.as_of) for mark in marks.current(sorted(facts, key=lambda f: f.day))]


def test_a_figure_told_again_soon_after_is_the_mark_of_who_told_it_first() -> None:
    first = said(800e9, "2025-12-12", publisher="first")
    again = said(800e9, "2025-12-20", publisher="again")
    assert standing(first, again) == [("first", "2025-12-12")]
    # another figure, or the same a year later, is a newer mark
    assert standing(first, said(810e9, "2025-12-20", publisher="more")) == [("more", "2025-12-20")]
    assert standing(first, said(800e9, "2026-12-20", publisher="late")) == [("late", "2026-12-20")]


def test_what_was_traded_stands_first_and_a_target_on_a_line_of_its_own() -> None:
    target = said(1500e9, "2026-01-05", basis="ipo_target", kind="rumoured", publisher="target")
    traded = said(800e9, "2025-12-12", publisher="traded")
    assert standing(traded, target) == [("traded", "2025-12-12"), ("target", "2026-01-05")]
    # beside a newer mark of another basis one of half a year ago is history
    old = said(400e9, "2025-05-01", basis="round", publisher="old")
    assert standing(old, traded) == [("traded", "2025-12-12")]


def test_a_corrected_or_flagged_fact_never_stands() -> None:
    wrong = said(900e9, "2025-12-12", publisher="wrong", id="A")
    right = said(800e9, "2025-12-10", publisher="right", id="B", replaces="A")
    assert standing(wrong, right) == [("right", "2025-12-10")]
    assert standing(said(900e9, "2025-12-12", flag="wrong")) == []


def test_sales_told_twice_count_once_and_run_rates_are_of_no_year() -> None:
    found = marks.revenues(
        [sales(10e9, "2025"), sales(10e9, "2025", publisher="Q"), sales(12e9, "2025", basis="run_rate")]
    )
    assert [(each.year, each.basis) for each in found] == [(2025, "fiscal"), (2025, "run_rate")]
    assert [each.basis for each in marks.of_years(found)] == ["fiscal"]


def house_facts() -> list[Sourced]:
    return read_facts(parse(Raw("house", house())).accepted[Fact].to_pandas().assign(id=0))


@pytest.fixture(scope="module")
def spacex() -> tuple[list[Sourced], list[Sourced]]:
    """Our facts about SpaceX, and about the proposal to list it."""
    parsed = parse(Raw("house", house()))
    rows = {kind: parsed.accepted[kind].to_pandas().assign(id=0) for kind in (Fact, Entity)}
    facts = read_facts(rows[Fact])
    companies = read_companies(rows[Entity], facts)
    names = by_name(facts)
    return of(companies["SpaceX"], names), of(companies["SpaceX SPARC proposal"], names)


def test_the_offering_is_worked_out_step_by_step(spacex: tuple[list[Sourced], list[Sourced]]) -> None:
    steps = [(step["name"], step["formula"], step["value"]) for step in offering(*spacex)]
    values = {name: [value for each, _, value in steps if each == name] for name, _, _ in steps}
    # 25 and 30 of 1,500
    assert values["Share of the company that is sold"] == pytest.approx([1 / 60, 0.02])
    # (1,723 − 61.1) ÷ 0.5, and 1,723 × 2
    assert values["Shares of the parent"] == pytest.approx([3_323_800_000])
    assert values["New shares"] == [3_446_000_000]
    # 3.446 × 11.03 + 4 and 3.446 × 42 + 4
    assert values["With the committed capital"] == pytest.approx([42_009_380_000, 148_732_000_000])
    # (1,500 ÷ 11.03) ÷ (800 ÷ 421)
    assert values["New shares for each old one"][0] == pytest.approx(71.5662, abs=1e-4)
    assert ("New shares", "1,723,000,000 × 2", 3_446_000_000) in steps
    # a newer mark is no mark at that price a share: 900 ÷ 421 would be nobody's number of shares
    newer = replace(said(900e9, "2026-01-02"), entity="SpaceX")
    assert [step["formula"] for step in offering([*spacex[0], newer], spacex[1])] == [
        formula for _, formula, _ in steps
    ]
    # without the proposal only the float is left
    assert {step["name"] for step in offering(spacex[0], [])} == {"Share of the company that is sold"}


def test_the_stage_is_what_is_said_last_or_what_plans_imply(
    spacex: tuple[list[Sourced], list[Sourced]],
) -> None:
    company = read_companies(frame(Entity), spacex[0])["SpaceX"]
    assert stage(company, spacex[0], PRICED) == "planned"
    assert stage(company, [], PRICED) == "private"
    told = {
        "entity": "SpaceX", "metric": "ipo_stage", "unit": "text", "said": "filed", "as_of": "2026-01-02",
        "kind": "reported", "publisher": "P", "published": "2026-01-02",
    }  # fmt: skip
    filed = from_row(fact(told, "test"))
    assert stage(company, [*spacex[0], filed], PRICED) == "filed"
    aramco = [fact for fact in house_facts() if fact.entity == "Saudi Aramco"]
    assert stage(Company("Saudi Aramco"), aramco, PRICED) == "listed"


def frame(kind: type[MarketRow], *rows: dict[str, Any]) -> pd.DataFrame:
    columns = [column.name for column in kind.__table__.columns]  # type: ignore[attr-defined]
    table = pd.DataFrame([dict.fromkeys(columns) | row for row in rows], columns=columns, dtype=object)
    times = {name: pd.to_datetime(table[name], utc=True) for name in ("known_at", "event_at")}
    return table.assign(id=range(len(table)), **times)


def signal(multiples: list[int], facts: list[Sourced], *, priced: date = PRICED) -> Signal:
    """The card of X, whose peers A, B … cost `multiples` of sales of a billion."""
    names = [chr(65 + place) for place in range(len(multiples))]
    filed = datetime(2026, 1, 5, tzinfo=UTC)
    figures = [
        {"symbol": name, "figure": figure, "start": start, "end": date(2025, 12, 31), "value": value,
         "accession": "1", "form": "10-K", "known_at": filed, "event_at": filed}
        for name in names
        for figure, start, value in (
            ("shares", date(2025, 12, 31), 10**8), ("revenue", date(2025, 1, 1), 10**9)
        )
    ]  # fmt: skip
    prices = [
        {"symbol": name, "session": priced, "close_e4": times * 100_000, "source": "test",
         "event_at": calendar.close(priced), "known_at": calendar.close(priced)}
        for name, times in zip(names, multiples, strict=True)
    ]  # fmt: skip
    known = {"name": "X", "aliases": "", "peers": "|".join(names), "known_at": filed}
    rows = {
        Fact: frame(Fact, *({**_cells(each), "source": "test"} for each in facts)),
        Entity: frame(Entity, known), Bar: frame(Bar, *prices), CompanyFigure: frame(CompanyFigure, *figures),
    }  # fmt: skip
    (found,) = INDICATOR.compute(Frames(EVENING, {}, rows.__getitem__), ["X"])
    return found


def _cells(each: Sourced) -> dict[str, Any]:
    low, high = each.low, each.high
    named = {
        name: getattr(each, name) for name in Sourced.__dataclass_fields__ if name not in ("low", "high")
    }
    return named | {"value": low or high, "value_high": None if low == high or not low else high}


def test_a_multiple_above_nine_in_ten_peers_is_told_and_an_old_price_compares_with_nothing() -> None:
    # of 2, 4, 6, 8 and 10 the 90th percentile is 9.2
    peers, year = [2, 4, 6, 8, 10], sales(10e9, "2025")
    assert signal(peers, [said(93e9, "2025-12-12"), year]).state == "above_peers"
    assert signal(peers, [said(91e9, "2025-12-12"), year]).state == "among_peers"
    stale = signal(peers, [said(93e9, "2025-12-12"), year], priced=PRICED - timedelta(days=12))
    assert (stale.state, stale.facts["peer_summary"]["fresh"]) == ("priced", False)
    assert signal(peers[:4], [said(93e9, "2025-12-12"), year]).state == "priced"
    assert signal(peers, [said(93e9, "2025-12-12")]).state == "priced"


def test_peers_are_shown_of_a_company_nobody_has_valued_yet() -> None:
    unvalued = signal([2, 4, 6, 8, 10], [sales(10e9, "2025")])
    assert (unvalued.state, unvalued.facts["marks"]) == ("unknown", [])
    assert [peer["multiple"] for peer in unvalued.facts["peers"]] == [2, 4, 6, 8, 10]
    told = message(unvalued, "en", sample=False, chart=INDICATOR.chart(NOBODY, unvalued))
    assert told.chart is not None
    (board,) = told.chart.panels
    assert [(row.name, row.right) for row in board.rows] == [
        ("E", 10), ("D", 8), ("C", 6), ("B", 4), ("A", 2)
    ]  # fmt: skip
    assert "No valuation of it is known yet." in told.text
    assert "5 listed peers cost 6× the sales of their last twelve months" in told.text


NOBODY = Frames(EVENING, {}, lambda kind: frame(kind))


def test_only_a_listed_companys_card_is_kept_though_nothing_changed() -> None:
    private = signal([2, 4, 6, 8, 10], [said(93e9, "2025-12-12"), sales(10e9, "2025")])
    assert INDICATOR.moves is not None
    assert not INDICATOR.moves(private)
    listed = Signal(**{**vars(private), "facts": {**private.facts, "market": {"multiple": 5.0}}})
    assert INDICATOR.moves(listed)
