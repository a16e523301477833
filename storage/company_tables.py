"""Rows of figures companies file with the SEC, each as one filing states it: a restatement is another row."""

from datetime import date

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field

from storage.market_tables import MarketRow, key


class CompanyFigure(MarketRow, table=True):
    """One figure of a period or a day, as one filing gives it. `event_at`: the close of `end`."""

    lasting = True
    __tablename__ = "company_figure"
    __table_args__ = (
        UniqueConstraint(
            "symbol",
            "figure",
            "start",
            "end",
            "value",
            "accession",
            "source",
            name="uq_company_figure_filed",
        ),
    )

    id: int | None = key()
    symbol: str = Field(max_length=16, index=True)
    #: `shares` outstanding on a day, or `revenue` of a period
    figure: str = Field(max_length=8)
    #: first day of the period; of a figure of one day that day, as `end`: null would be no key
    start: date
    end: date
    #: shares, or whole USD
    value: int = Field(sa_type=BigInteger)
    #: 10-K, 10-Q, 20-F, 10-K/A …
    form: str = Field(max_length=16)
    #: EDGAR accession number of the filing
    accession: str = Field(max_length=20)
