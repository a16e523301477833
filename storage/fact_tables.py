"""Facts about companies: sourced, dated numbers, and what the companies are called.

A fact is never changed: a correction is another fact that names the one it replaces. Both kinds of row last,
so `as_of` reads show what was known at a moment, however long ago it was said.
"""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from sqlmodel import Field

from storage.market_tables import MarketRow, key
from storage.types import Exact

#: how a fact is known
KINDS = ("reported", "rumoured", "forecast", "opinion")
#: `=` the value or a range; at least; at most; about
BOUNDS = ("=", ">=", "<=", "~")
#: the metrics that say what a company is worth, and what it sells
VALUATION = ("valuation", "market_cap")
REVENUE = ("revenue", "forecast_revenue", "revenue_run_rate")
#: why a fact is shown with a warning and never computed with
FLAGS = ("wrong", "merged", "implausible", "stale", "hearsay")


class Fact(MarketRow, table=True):
    """One sourced, dated statement about an entity.

    Money and counts are exact. `event_at` is the beginning of what `as_of` names, `known_at` the end of the
    day (or month, or year) it was published.
    """

    __tablename__ = "fact"
    lasting: ClassVar[bool] = True

    id: int | None = key()
    #: of everything that is said, so that reading it twice stores it once
    digest: str = Field(max_length=64, unique=True)
    #: what it is called when it is cited or corrected
    ref: str = Field(max_length=40, index=True)
    entity: str = Field(max_length=60, index=True)
    metric: str = Field(max_length=60)
    #: null where it is said in words
    value: Decimal | None = Field(default=None, sa_type=Exact)
    #: the upper end of a range
    value_high: Decimal | None = Field(default=None, sa_type=Exact)
    bound: str = Field(default="=", max_length=2)
    said: str | None = Field(default=None, max_length=200)
    unit: str = Field(max_length=30)
    currency: str | None = Field(default=None, max_length=3)
    #: the day, month or year it is true of: 2025-12-12, 2025-12 or 2025
    as_of: str = Field(max_length=10)
    #: what stretch of time it is about: 2025, 2026-2030 cumulative …
    period: str | None = Field(default=None, max_length=60)
    #: what exactly is counted: see `feeds/_fact_basis.py`
    basis: str = Field(max_length=20)
    kind: str = Field(max_length=10)
    publisher: str = Field(max_length=120)
    published: str = Field(max_length=10)
    note: str | None = Field(default=None, max_length=400)
    flag: str | None = Field(default=None, max_length=12)
    #: the `ref` of the fact it corrects or says better; several are joined by `|`
    replaces: str | None = Field(default=None, max_length=40)


class Entity(MarketRow, table=True):
    """A company as people call it; a later row of the same name takes its place from `known_at` on.

    Lists are joined by `|`.
    """

    __tablename__ = "entity"
    lasting: ClassVar[bool] = True

    id: int | None = key()
    digest: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=60, index=True)
    #: other names, in any language
    aliases: str = Field(default="", max_length=600)
    #: the entity whose figures hold this one's
    part_of: str | None = Field(default=None, max_length=60)
    ticker: str | None = Field(default=None, max_length=16)
    #: the first session its shares traded on an exchange
    listed: date | None = None
    #: tickers of listed companies to measure it against
    peers: str = Field(default="", max_length=300)
