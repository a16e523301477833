"""The valuation desk: what a company is worth against what it sells, beside its peers, from dated facts.

Facts of the real world: where a synthetic market plays, no listed peer stands beside them.
Source of the method: see `indicators/_desk.py`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from indicators import Chart, Indicator, Quality, Signal, State
from indicators._desk import Card, card
from indicators._desk_chart import picture
from indicators._desk_companies import Company, by_name, of, parts
from indicators._desk_companies import read as read_companies
from indicators._desk_facts import Sourced
from indicators._desk_facts import read as read_facts
from indicators._desk_peers import build
from storage.calendar import NEW_YORK
from storage.frames import Frames
from storage.tables import Bar, CompanyFigure, Entity, Fact

NAME = "valuation"
#: how far back a peer's price may lie
PRICES = timedelta(days=30)
#: fewer peers than this say nothing of what is usual
ENOUGH_PEERS = 5


def compute(frames: Frames, subjects: Sequence[str] | None) -> Iterator[Signal]:
    """One Signal for each company with a valuation or with measured peers; its facts are the whole card, as
    plain JSON.
    """
    facts, companies = known(frames)
    wanted = companies.values() if subjects is None else _meant(companies, subjects)
    told = by_name(facts)
    tickers = sorted({ticker for company in wanted for ticker in _tickers(company)})
    prices = frames.some(Bar, ["symbol", "session", "close_e4", "source"], symbol=tickers)
    figures = frames.some(CompanyFigure, _FIGURES, symbol=tickers)
    found, refused = build(prices, figures, tickers, frames.as_of)
    peers, left_out = {peer.symbol: peer for peer in found}, dict(refused)
    today = frames.as_of.astimezone(NEW_YORK).date()
    for company in wanted:
        near = _tickers(company)
        measured = [peers[symbol] for symbol in near if symbol in peers]
        others = [(symbol, left_out[symbol]) for symbol in near if symbol in left_out]
        own = of(company, told)
        within = [fact for part in parts(company, companies) for fact in of(part, told)]
        made = card(company, own, within, (measured, others), today)
        if made["marks"] or made["market"] or made["peers"]:
            yield _signal(frames, made, _sources(frames, own, bool(measured), prices))


_FIGURES = ["symbol", "figure", "start", "end", "value", "form", "accession", "known_at", "event_at"]


def known(frames: Frames) -> tuple[list[Sourced], dict[str, Company]]:
    """The facts and the companies as of the frames' moment."""
    facts = read_facts(frames[Fact])
    return facts, read_companies(frames[Entity], facts)


def _meant(companies: Mapping[str, Company], subjects: Sequence[str]) -> list[Company]:
    wanted = {subject.casefold() for subject in subjects}
    return [each for each in companies.values() if not wanted.isdisjoint(map(str.casefold, each.names))]


def _tickers(company: Company) -> list[str]:
    own = [company.ticker] if company.ticker else []
    return [*dict.fromkeys((*own, *company.peers))]


def _sources(frames: Frames, own: Sequence[Sourced], measured: bool, prices: Any) -> str:
    """The feeds behind a card."""
    facts = frames[Fact]
    refs = {fact.ref for fact in own}
    names = {*facts.loc[facts["ref"].isin(refs), "source"]}
    if measured:
        names |= {"sec_facts", *prices["source"].unique()}
    return ", ".join(sorted(names))[:200]


def _signal(frames: Frames, told: Card, source: str) -> Signal:
    kinds = {each["kind"] for each in told["multiples"][:1]} | {
        mark["kind"] for mark in told["marks"] if mark["headline"]
    }
    quality: Quality = "A" if told["market"] or kinds == {"reported"} else "C"
    n = max(told["facts"], 1)
    return Signal(
        NAME, told["entity"], frames.as_of, _state(told), 0.0, quality, n, source, told, event(told)
    )


def event(told: Card) -> str:
    """What is news of a card: which marks stand, and the stage. At most 120 characters."""
    refs = "+".join(sorted(mark["ref"] for mark in told["marks"] if mark["current"]))
    if len(refs) > 90:
        refs = hashlib.sha256(refs.encode()).hexdigest()[:16]
    return f"{told['stage']}|{refs}"


def _state(told: Card) -> str:
    """Whether the first mark's multiple of its own year's sales is above what nine in ten peers cost."""
    peers = told["peer_summary"]
    if not told["marks"] and not told["market"]:
        return INDICATOR.rest
    if not peers["fresh"] or peers["n"] < ENOUGH_PEERS or not told["multiples"]:
        return "priced"
    low = told["multiples"][0]["low"]
    return "above_peers" if low is not None and low > peers["p90"] else "among_peers"


def chart(frames: Frames, signal: Signal) -> Chart:
    """The valuations over time, rumours and targets hollow, and the multiples beside the peers'."""
    return picture(signal.facts, signal.as_of.astimezone(NEW_YORK).date())


INDICATOR = Indicator(
    name=NAME,
    title="Valuation desk",
    inputs=(Fact, Entity, Bar, CompanyFigure),
    lookback=PRICES,
    compute=compute,
    chart=chart,
    states={
        "unknown": State("No valuation of {subject} is known", loud=False),
        "priced": State("{subject}: what it is said to be worth", loud=True),
        "among_peers": State("{subject} costs what its peers cost", loud=True),
        "above_peers": State("{subject} costs more, by its sales, than nine in ten of its peers", loud=True),
    },
    rest="unknown",
    sentences=(
        "Stage: {stage}.",
        "{facts:int} facts are known of it.",
    ),
    method=(
        "Facts are sourced, dated and never overwritten. A multiple is the interval of all quotients of a "
        "valuation and a year's sales; figures of different bases, such as a run-rate and a fiscal year, are "
        "not divided. What was traded and what is hoped for stand on lines of their own, and two sources "
        "that differ by more than 5 % are shown as a range. What must be true: the sales that earn a return "
        "of r a year at an exit multiple m are V(1+r)^n ÷ m. Peers are listed companies, market value by "
        "the newest close and the shares of the newest filing, divided by the sales of the last twelve "
        "months it reported; they are compared only if their prices are at most ten days old."
    ),
    source=(
        "Our own desk; discounting as in Damodaran, Investment Valuation (2012); peers' medians as analysts "
        "use them; IPO arithmetic from Loughran and Ritter (2002)."
    ),
    at_close=True,
    # a private company's card says the same for weeks; a listed one's multiple moves with its price
    moves=lambda signal: signal.facts["market"] is not None,
)
