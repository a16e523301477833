"""Who is meant: companies by any of their names, and the facts that are theirs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from indicators._desk_facts import Sourced, age, known


@dataclass(frozen=True)
class Company:
    """An entity as it is known at one moment."""

    name: str
    aliases: tuple[str, ...] = ()
    part_of: str | None = None
    ticker: str | None = None
    listed: date | None = None
    #: tickers to measure it against
    peers: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Everything facts call it."""
        return (self.name, *([self.ticker] if self.ticker else []), *self.aliases)


def read(rows: pd.DataFrame, facts: Iterable[Sourced]) -> dict[str, Company]:
    """The companies by their names: of each the newest row of Entity; one that only has facts has no more."""
    told = {row["name"]: _company(row) for row in rows.sort_values(["known_at", "id"]).to_dict("records")}
    claimed = {name.casefold() for company in told.values() for name in company.names}
    bare = {fact.entity for fact in facts if fact.entity.casefold() not in claimed}
    return told | {name: Company(name) for name in sorted(bare)}


def by_name(facts: Iterable[Sourced]) -> dict[str, list[Sourced]]:
    """The facts by the name they use, in small letters."""
    found: dict[str, list[Sourced]] = {}
    for fact in facts:
        found.setdefault(fact.entity.casefold(), []).append(fact)
    return found


def of(company: Company, facts: Mapping[str, Sequence[Sourced]]) -> list[Sourced]:
    """The facts about `company`, whichever of its names they use, now all under the one; oldest first."""
    names = dict.fromkeys(name.casefold() for name in company.names)
    own = [replace(fact, entity=company.name) for name in names for fact in facts.get(name, ())]
    return sorted(own, key=age)


def parts(company: Company, companies: Mapping[str, Company]) -> Sequence[Company]:
    """The companies that are part of `company`."""
    return [each for each in companies.values() if each.part_of == company.name]


def _company(row: dict[Any, Any]) -> Company:
    aliases, part_of, ticker, listed, peers = (
        known(row[name]) for name in ("aliases", "part_of", "ticker", "listed", "peers")
    )
    return Company(row["name"], _list(aliases), part_of, ticker, listed, _list(peers))


def _list(joined: str | None) -> tuple[str, ...]:
    return tuple(joined.split("|")) if joined else ()
