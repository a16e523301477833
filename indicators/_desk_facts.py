"""Facts as the valuation desk reads them: each an interval with its basis, its dates and its source.

Source of the method: `value` of a fact is a point, a range or a bound; what is computed from it is an
interval too, and never of two bases (docs/indicators.md, valuation).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

_YEAR = re.compile(r"(?<!\d)(?:19|20|21)\d\d(?!\d)")


@dataclass(frozen=True)
class Sourced:
    """One fact. `low` and `high` bound what is claimed: None where the source names no bound on that side."""

    ref: str
    entity: str
    metric: str
    low: Decimal | None
    high: Decimal | None
    #: `=`, `>=`, `<=` or `~` (about)
    bound: str
    said: str | None
    unit: str
    currency: str | None
    #: the day, month or year it is true of
    as_of: str
    period: str | None
    basis: str
    kind: str
    publisher: str
    published: str
    note: str | None
    #: why it is never computed with
    flag: str | None
    #: the refs, joined by `|`, of those it corrects or says better
    replaces: str | None

    @property
    def value(self) -> Decimal | None:
        """The figure the source prints: of a range its lower end."""
        return self.high if self.low is None else self.low

    @property
    def year(self) -> int | None:
        """The one year its period is about; None where it is about none, or several."""
        years = {*_YEAR.findall(self.period or "")}
        return int(years.pop()) if len(years) == 1 and "cumulative" not in (self.period or "") else None

    @property
    def day(self) -> date:
        """The first day of what `as_of` names."""
        year, month, day = (*map(int, self.as_of.split("-")), 1, 1)[:3]
        return date(year, month, day)

    @property
    def usable(self) -> bool:
        """Whether it is computed with: a figure nobody has called wrong."""
        return self.flag is None and self.value is not None


def read(rows: pd.DataFrame) -> list[Sourced]:
    """The facts of `rows` (as a table of Fact, already cut at its `as_of`), the oldest `as_of` first.

    A fact that another one replaces is among them; see `standing`.
    """
    facts = [from_row(row) for row in rows.to_dict("records")]
    return sorted(facts, key=age)


def age(fact: Sourced) -> tuple[date, str, str]:
    """What facts are put in order by."""
    return fact.day, fact.published, fact.ref


def standing(facts: Iterable[Sourced]) -> list[Sourced]:
    """Those of `facts` that no other one replaces."""
    every = list(facts)
    replaced = {ref for fact in every for ref in (fact.replaces or "").split("|")}
    return [fact for fact in every if fact.ref not in replaced]


def from_row(row: Mapping[Any, Any]) -> Sourced:
    """The fact a row of Fact holds; its figures may be text, as they are before they are stored."""
    value, high = (
        None if known(row[name]) is None else Decimal(row[name]) for name in ("value", "value_high")
    )
    bound = row["bound"]
    low = None if bound == "<=" else value
    top = None if bound == ">=" else high if high is not None else value
    words = {name: known(row[name]) for name in Sourced.__dataclass_fields__ if name not in ("low", "high")}
    return Sourced(**words, low=low, high=top)


def known(cell: Any) -> Any:
    """What a cell holds; None for what pandas writes where nothing is."""
    return None if cell is None or cell is pd.NaT or (isinstance(cell, float) and pd.isna(cell)) else cell
