"""The valuation desk: one company's marks, revenues, multiples and what must be true, with every source.

Source of the method: ratios are intervals, [V_low/R_high, V_high/R_low], made only of figures of one basis; a
price is read forward, as the sales it needs: V(1+r)^n ÷ m (docs/indicators.md, valuation).
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from indicators import _desk_marks as marks
from indicators._desk_companies import Company
from indicators._desk_conflicts import Conflict, conflicts
from indicators._desk_facts import Sourced
from indicators._desk_ipo import offering, stage
from indicators._desk_math import (
    Interval,
    RefusedError,
    cagr,
    comparable,
    exit_multiple,
    margin_route,
    multiple,
    required_revenue,
    weaker,
)
from indicators._desk_peers import Peer, growth_adjusted, summary

Card = dict[str, Any]

#: assumptions: returns a year an owner may ask for, and what mature software companies cost, in sales
RETURNS = (0.10, 0.15, 0.20, 0.25)
MATURE = (10.0, 15.0)
#: assumptions: the return that is spoken of; net margins and a P/E of companies that are grown up
ASKED, MARGINS, PE = 0.15, (0.10, 0.20, 0.30), 25.0
#: assumption: without a forecast so many years ahead, sales are asked of this year
LEAST_YEARS, YEARS = 3, 5
#: assumption: peers' prices may be so many days old beside a mark
FRESH_DAYS = 10


def card(
    company: Company,
    facts: Sequence[Sourced],
    parts: Sequence[Sourced],
    peers: tuple[Sequence[Peer], Sequence[tuple[str, RefusedError]]],
    today: date,
) -> Card:
    """Everything the desk knows of `company` on `today` (New York's date), as plain JSON.

    `facts` are its own, `parts` those of what belongs to it; `peers` as `_desk_peers.build` gives them, the
    company itself among them if it is listed. Money is whole or exact decimal US dollars.
    """
    own = next((peer for peer in peers[0] if peer.symbol == company.ticker), None)
    others = [peer for peer in peers[0] if peer is not own]
    near = summary(others)
    fresh = near.last_session is not None and (today - near.last_session).days <= FRESH_DAYS
    current, sales = marks.current(facts), marks.revenues(facts)
    headline = next(iter(current), None)
    quotients, refused = _multiples(current, sales)
    return {
        "entity": company.name,
        "ticker": company.ticker,
        "stage": stage(company, facts, today),
        "market": None if own is None else _peer(own),
        "marks": [_mark(mark, current, today) for mark in marks.history(facts)],
        "revenues": [_figure(fact) | {"period": fact.period} for fact in sales],
        "multiples": quotients,
        "refused": refused,
        "growth": _growths(marks.of_years(sales)),
        "exit_multiples": _exits(headline, marks.of_years(sales)),
        "margin_route": _margins(headline),
        "required_growth": _required(headline, marks.of_years(sales), near.median if fresh else None),
        "peers": [_peer(peer) for peer in others],
        "peers_left_out": [{"symbol": symbol} | _why(error) for symbol, error in peers[1]],
        "peer_summary": _plain(asdict(near)) | {"fresh": fresh},
        "growth_adjusted": growth_adjusted(others)._asdict(),
        "contradictions": [_conflict(each) for each in conflicts(facts)],
        "ipo": offering(facts, parts),
        "facts": len(facts),
    }


def _multiples(current: Sequence[Sourced], sales: Sequence[Sourced]) -> tuple[list[Card], list[Card]]:
    """Every quotient of a mark that stands and sales of the first one's year or later; and what was refused,
    and why. All marks are divided by sales of the same years, so that they compare.
    """
    found: list[Card] = []
    refused: list[Card] = []
    base = _base_year(current[0], sales) if current else 0
    for mark in current:
        beside: Interval | None = None
        for fact in sales:
            if fact.year is not None and fact.basis != "run_rate" and fact.year < base:
                continue
            try:
                comparable(mark, fact, beside)
                quotient = multiple(Interval.of(mark), Interval.of(fact))
            except RefusedError as error:
                refused.append({"numerator": mark.ref, "denominator": fact.ref} | _why(error))
                continue
            beside = beside or quotient
            found.append(
                {"name": _name(fact, base), "low": quotient.low, "high": quotient.high,
                 "numerator": mark.ref, "denominator": fact.ref, "year": fact.year, "mark": mark.basis,
                 "basis": f"{mark.basis} / {fact.basis}", "kind": weaker(mark.kind, fact.kind),
                 "forward": fact.year is not None and fact.year > base}
            )  # fmt: skip
    return found, refused


def _why(error: RefusedError) -> Card:
    """Why something was refused: as it is said in English, and as what is translated and filled in."""
    return {"reason": str(error), "sentence": error.sentence, "facts": _plain(error.facts)}


def _base_year(mark: Sourced, sales: Sequence[Sourced]) -> int:
    """The year a multiple begins with: the mark's own, or the last before it that is known."""
    years = [fact.year for fact in marks.of_years(sales) if fact.year is not None]
    known = [year for year in years if year <= mark.day.year]
    return max(known, default=mark.day.year)


def _name(sales: Sourced, base: int) -> str:
    expected = "E" if sales.kind == "forecast" else ""
    when = f"{sales.year}{expected}" if sales.year else "TTM"
    return f"{'forward ' if sales.year and sales.year > base else ''}P/S {when}"


def _base(mark: Sourced | None, sales: Sequence[Sourced]) -> Sourced | None:
    """The revenue growth is counted from: that of the year a multiple begins with."""
    if mark is None:
        return None
    return next((fact for fact in sales if fact.year == _base_year(mark, sales)), None)


def _growths(sales: Sequence[Sourced]) -> list[Card]:
    """Growth a year from each revenue to the next year's of which something is known."""
    found = []
    for before in sales:
        later = [fact for fact in sales if (fact.year or 0) > (before.year or 0)]
        for after in [fact for fact in later if fact.year == min(each.year or 0 for each in later)]:
            years = (after.year or 0) - (before.year or 0)
            ends = [(before.high, after.low), (before.low, after.high)]
            low, high = (cagr(a, b, years) if a and b else None for a, b in ends)
            found.append(
                {"from": before.ref, "to": after.ref, "years": years, "low": low, "high": high,
                 "first": before.year, "last": after.year}
            )  # fmt: skip
    return found


def _exits(mark: Sourced | None, sales: Sequence[Sourced]) -> list[Card]:
    """The multiple each forecast must be sold at for each return: what a forward multiple leaves out."""
    if mark is None or mark.value is None:
        return []
    return [
        {"year": fact.year, "years": years, "return": each, "sales": fact.ref,
         "multiple": exit_multiple(mark.value, fact.value, each, years)}
        for fact in sales
        if fact.value is not None and (years := (fact.year or 0) - mark.day.year) > 0
        for each in RETURNS
    ]  # fmt: skip


def _required(mark: Sourced | None, sales: Sequence[Sourced], median: float | None) -> list[Card]:
    """The sales today's price needs, by multiple and return; the growth a year that is from the base."""
    base = _base(mark, sales)
    if mark is None or mark.value is None or base is None or base.value is None:
        return []
    ahead = {(fact.year or 0) - mark.day.year for fact in sales}
    horizons = sorted(years for years in ahead if years >= LEAST_YEARS) or [YEARS]
    multiples = [*MATURE, *([median] if median else [])]
    return [
        _needed(mark.value, base, times, each, mark.day.year, years) | {"of_peers": times == median}
        for years in horizons
        for times in multiples
        for each in RETURNS
    ]


def _margins(mark: Sourced | None) -> list[Card]:
    """The same asked of profits: sales in YEARS at a net margin, sold at a P/E."""
    if mark is None or mark.value is None:
        return []
    return [
        {"margin": margin, "pe": PE, "return": ASKED, "years": YEARS, "year": mark.day.year + YEARS,
         "revenue_usd": round(margin_route(mark.value, ASKED, YEARS, margin, PE))}
        for margin in MARGINS
    ]  # fmt: skip


def _needed(value: Decimal, base: Sourced, times: float, each: float, year: int, years: int) -> Card:
    needed = required_revenue(value, times, each, years)
    return {
        "multiple": times, "return": each, "years": years, "year": year + years, "revenue_usd": round(needed),
        "cagr": cagr(base.value or 0, needed, year + years - (base.year or 0)), "from": base.ref,
        "cagr_low": cagr(base.high or base.value or 0, needed, year + years - (base.year or 0)),
    }  # fmt: skip


def _mark(mark: Sourced, current: Sequence[Sourced], today: date) -> Card:
    standing = {
        "current": mark in current, "headline": mark in current[:1], "days_old": (today - mark.day).days,
    }  # fmt: skip
    return _figure(mark) | standing


def _figure(fact: Sourced) -> Card:
    """A fact of money as JSON: US dollars, or null beside the amount in its own currency."""
    usd = fact.currency == "USD"
    ends = [_plain(end) for end in (fact.low, fact.high)]
    return {
        "value_usd": _plain(fact.value) if usd else None, "low_usd": ends[0] if usd else None,
        "high_usd": ends[1] if usd else None, "bound": fact.bound, "kind": fact.kind, "basis": fact.basis,
        "as_of": fact.as_of, "source": f"{fact.publisher}, {fact.published}", "ref": fact.ref,
        "year": fact.year, "currency": fact.currency, "note": fact.note,
        **({} if usd else {"value": _plain(fact.value)}),
    }  # fmt: skip


_TOLD = (
    "ref", "metric", "low", "high", "bound", "said", "unit", "currency", "as_of", "basis", "kind",
    "publisher", "published", "flag",
)  # fmt: skip


def _conflict(conflict: Conflict) -> Card:
    told = _plain(asdict(conflict))
    sources = [{name: source[name] for name in _TOLD} for source in told["sources"]]
    return {**told, "sources": sources}


def _peer(peer: Peer) -> Card:
    row: Card = _plain(asdict(peer))
    return row


def _plain(value: Any) -> Any:
    """As JSON: whole amounts whole, dates as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
