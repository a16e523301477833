"""Which valuations and revenues stand: the newest of each basis, never one made of two.

A mark is what somebody paid, was asked to pay or says it will be worth. What was traded and what is hoped for
are different kinds: the newest of each basis stands on a line of its own.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from indicators._desk_facts import Sourced, standing
from indicators._desk_math import KINDS
from storage.fact_tables import REVENUE, VALUATION

#: bases of what is wished for; all others are of money that moved, or might have
TARGETS = ("ipo_target", "analyst_target")
#: never the newest of anything
ASIDE = ("hypothetical",)
#: assumption: beside a newer mark of another basis one so old is history
HISTORY = timedelta(days=180)
#: assumption: a mark without a basis says the same as one with, so near in value and time; and a mark told
#: again within so many days is the same mark
NEAR, SOON = 0.05, timedelta(days=62)


def history(facts: Iterable[Sourced]) -> list[Sourced]:
    """Every valuation that may be shown over time, the oldest first."""
    return [fact for fact in standing(facts) if _is_mark(fact)]


def current(facts: Iterable[Sourced]) -> list[Sourced]:
    """The marks that stand now: what was traded first, the newest first, then targets."""
    marks = history(facts)
    newest: dict[str, Sourced] = {}
    for mark in sorted(marks, key=_rank):
        newest[mark.basis] = mark
    newest = {basis: _first_told(mark, marks) for basis, mark in newest.items()}
    if "unstated" in newest and any(_same(newest["unstated"], each) for each in marks):
        del newest["unstated"]
    traded = [mark for basis, mark in newest.items() if basis not in TARGETS]
    last = max((mark.day for mark in traded), default=None)
    traded = [mark for mark in traded if last is not None and mark.day >= last - HISTORY]
    targets = [newest[basis] for basis in TARGETS if basis in newest]
    return [*sorted(traded, key=_rank, reverse=True), *targets]


def revenues(facts: Iterable[Sourced]) -> list[Sourced]:
    """Revenues of one year each and run-rates, the earliest first; of one told twice the better known."""
    found = [fact for fact in standing(facts) if fact.metric in REVENUE and fact.usable]
    kept: dict[tuple[object, ...], Sourced] = {}
    for fact in sorted(found, key=lambda fact: (KINDS.index(fact.kind), fact.published, fact.ref)):
        kept.setdefault((fact.low, fact.high, fact.year, fact.basis, fact.currency), fact)
    return sorted(kept.values(), key=lambda fact: (fact.year or 9999, fact.low or 0, fact.ref))


def of_years(found: Sequence[Sourced]) -> list[Sourced]:
    """Of `found` those of one whole year: what a multiple and a growth rate are made of."""
    return [fact for fact in found if fact.year is not None and fact.basis != "run_rate"]


def _is_mark(fact: Sourced) -> bool:
    return fact.metric in VALUATION and fact.usable and fact.basis not in ASIDE


def _rank(mark: Sourced) -> tuple[object, ...]:
    """Later ranks higher; of one month the better known, then a known day, then the later told."""
    return (mark.as_of[:7], -KINDS.index(mark.kind), len(mark.as_of), mark.as_of, mark.published, mark.ref)


def _first_told(mark: Sourced, marks: Sequence[Sourced]) -> Sourced:
    """Who told `mark` first, of the best known: a figure told again soon after is no newer mark."""
    echoes = [
        each
        for each in marks
        if each.basis == mark.basis and each.value == mark.value and abs(each.day - mark.day) <= SOON
    ]
    return min(echoes, key=lambda each: (KINDS.index(each.kind), each.published, -len(each.as_of), each.ref))


def _same(bare: Sourced, other: Sourced) -> bool:
    """Whether `bare`, which names no basis, says what `other` says with one, or something older."""
    if other.basis in ("unstated", *TARGETS) or bare.value is None or other.value is None:
        return False
    near = abs(bare.value / other.value - 1) <= NEAR and abs(bare.day - other.day) <= SOON
    return near or bare.day <= other.day
