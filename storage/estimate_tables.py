"""Rows of earnings estimates, each as it stood when it was published: a later revision is another row.

Units are in the name: `_e4` is an integer of ten-thousandths of a US dollar.
"""

from datetime import date

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field

from storage.market_tables import MarketRow, key


class IndexEps(MarketRow, table=True):
    """Earnings per index unit for one period, as one vendor saw it on one day (`event_at`: its close)."""

    __tablename__ = "index_eps"
    __table_args__ = (
        UniqueConstraint(
            "index",
            "vendor",
            "basis",
            "kind",
            "period",
            "vintage",
            "eps_e4",
            "source",
            name="uq_index_eps_seen",
        ),
    )

    id: int | None = key()
    #: SPX
    index: str = Field(max_length=16, index=True)
    #: who estimates: spdji, factset, own …
    vendor: str = Field(max_length=20)
    #: operating, reported or adjusted
    basis: str = Field(max_length=12)
    #: `ntm` the next twelve months as the vendor says, `quarter` or `year`; `close`: the index alone, of a
    #: source without estimates, whose `eps_e4` is 0 and is never read
    kind: str = Field(max_length=8)
    #: NTM, 2025Q3 or 2025
    period: str = Field(max_length=8)
    #: the day the estimate is of
    vintage: date = Field(index=True)
    eps_e4: int = Field(sa_type=BigInteger)
    #: an estimate, or what was reported
    estimated: bool
    #: the index beside it, where the source gives one
    close_e4: int | None = Field(default=None, sa_type=BigInteger)


class CompanyEps(MarketRow, table=True):
    """Analysts' mean estimates for one company as a free source gives them on one day: grade C."""

    __tablename__ = "company_eps"
    __table_args__ = (UniqueConstraint("symbol", "vintage", "source"),)

    id: int | None = key()
    symbol: str = Field(max_length=16, index=True)
    vintage: date = Field(index=True)
    #: end of the fiscal year that runs
    year_end: date
    #: earnings per share of the fiscal year that runs and of the next; null where not given
    this_year_e4: int | None = Field(default=None, sa_type=BigInteger)
    next_year_e4: int | None = Field(default=None, sa_type=BigInteger)
    price_e4: int | None = Field(default=None, sa_type=BigInteger)
    #: whole USD
    market_cap_usd: int | None = Field(default=None, sa_type=BigInteger)
