"""Rows of market data. Units are in the name: `_e4` is an integer of ten-thousandths of a US dollar.

Market rows (`MarketRow`) say when they happened (`event_at`) and when anybody could know it
(`known_at`), both UTC. The tape (option and equity prints) is not here but in `storage/tape.py`: tens
of millions of rows a day belong in Parquet.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    MetaData,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from storage.types import BigKey, Exact, Utc

SQLModel.metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key() -> Any:
    """A 64-bit key the database fills in."""
    return Field(default=None, primary_key=True, sa_type=BigKey)


class MarketRow(SQLModel):
    """What every market row carries besides its own columns."""

    #: whether what a row says holds on from its event, however long ago: then no look-back cuts it
    lasting: ClassVar[bool] = False

    #: when it happened
    event_at: datetime = Field(sa_type=Utc)
    #: when it could first be known: never before `event_at`
    known_at: datetime = Field(sa_type=Utc)
    #: the feed it came from; `sample` rows are synthetic
    source: str = Field(max_length=40)


class Bar(MarketRow, table=True):
    """One session of one symbol. Prices split-adjusted, not dividend-adjusted. Known at the close."""

    __tablename__ = "bar"
    __table_args__ = (
        UniqueConstraint("symbol", "session", "source"),
        CheckConstraint("low_e4 > 0 AND high_e4 >= low_e4 AND close_e4 > 0 AND volume >= 0", "sane"),
    )

    id: int | None = key()
    symbol: str = Field(max_length=16, index=True)
    session: date = Field(index=True)
    open_e4: int = Field(sa_type=BigInteger)
    high_e4: int = Field(sa_type=BigInteger)
    low_e4: int = Field(sa_type=BigInteger)
    close_e4: int = Field(sa_type=BigInteger)
    #: shares
    volume: int = Field(sa_type=BigInteger)


class InsiderTrade(MarketRow, table=True):
    """One transaction line of an SEC Form 4, 4/A or 5. `known_at` is the EDGAR acceptance time."""

    __tablename__ = "insider_trade"
    __table_args__ = (
        UniqueConstraint("filing", "line"),
        Index("ix_insider_trade_symbol_known", "symbol", "known_at"),
    )

    id: int | None = key()
    #: digest of what the document says, so that the same filing, bare or wrapped, is one
    filing: str = Field(max_length=64)
    #: position of the line in the document, from 0, non-derivative table first
    line: int
    #: EDGAR accession number, where the document came with one
    accession: str | None = Field(default=None, max_length=20, index=True)
    form: str = Field(max_length=8)
    #: for an amendment: the date the original was filed
    original_filed: date | None = None
    symbol: str = Field(max_length=16)
    issuer_cik: str = Field(max_length=10)
    issuer_name: str = Field(max_length=200)
    #: CIKs of all reporting owners, ten digits each, sorted, separated by spaces
    owner_ciks: str = Field(max_length=400)
    owner_names: str = Field(max_length=1000)
    #: officer, director, ten_percent or other: the closest of all owners' relations
    role: str = Field(max_length=12)
    derivative: bool
    security: str = Field(max_length=300)
    #: transaction code of the form: P open-market or private purchase, S sale, A award …
    code: str = Field(max_length=4)
    #: A acquired, D disposed of
    acquired: str = Field(max_length=1)
    shares: Decimal = Field(sa_type=Exact)
    #: USD a share as filed; null where the form gives only a footnote without a price
    price: Decimal | None = Field(default=None, sa_type=Exact)
    #: A stated in the price column, B read from a footnote; null without a price
    price_quality: str | None = Field(default=None, max_length=1)
    #: shares × price; null without a price
    usd_e4: int | None = Field(default=None, sa_type=BigInteger)
    held_after: Decimal | None = Field(default=None, sa_type=Exact)
    #: D direct, I indirect
    ownership: str | None = Field(default=None, max_length=1)
    nature: str | None = Field(default=None, max_length=300)
    #: under a 10b5-1 plan: true, false, or null where the filing does not say
    plan: bool | None = None
    swap: bool = False
    #: reported late, or on a Form 5
    late: bool = False
    #: a footnote or remark speaks of a private placement, an offering, a plan purchase …
    nonmarket: bool = False
    #: A acceptance time from EDGAR, B assumed from the dates in the document
    known_quality: str = Field(default="A", max_length=1)


class OptionDay(MarketRow, table=True):
    """A vendor's own totals of one underlying's options for one session. Premium in e4 USD."""

    __tablename__ = "option_day"
    __table_args__ = (UniqueConstraint("symbol", "session", "source"),)

    id: int | None = key()
    symbol: str = Field(max_length=16, index=True)
    session: date = Field(index=True)
    call_premium_e4: int = Field(sa_type=BigInteger)
    put_premium_e4: int = Field(sa_type=BigInteger)
    bullish_premium_e4: int | None = Field(default=None, sa_type=BigInteger)
    bearish_premium_e4: int | None = Field(default=None, sa_type=BigInteger)
    net_call_premium_e4: int | None = Field(default=None, sa_type=BigInteger)
    net_put_premium_e4: int | None = Field(default=None, sa_type=BigInteger)
    #: contracts
    call_volume: int | None = Field(default=None, sa_type=BigInteger)
    put_volume: int | None = Field(default=None, sa_type=BigInteger)


class FlowAlert(MarketRow, table=True):
    """A vendor's alert on one option contract. Premium in e4 USD."""

    __tablename__ = "flow_alert"
    __table_args__ = (
        UniqueConstraint("option_symbol", "event_at", "rule", "size", "total_premium_e4", "source"),
    )

    id: int | None = key()
    symbol: str = Field(max_length=16, index=True)
    option_symbol: str = Field(max_length=32)
    #: the vendor's name of what it saw
    rule: str = Field(max_length=60)
    total_premium_e4: int = Field(sa_type=BigInteger)
    ask_side_premium_e4: int | None = Field(default=None, sa_type=BigInteger)
    bid_side_premium_e4: int | None = Field(default=None, sa_type=BigInteger)
    #: contracts in the alert, prints in it, and open interest the evening before
    size: int = Field(sa_type=BigInteger)
    trades: int | None = None
    open_interest: int | None = Field(default=None, sa_type=BigInteger)
    sweep: bool | None = None


class OptionMinute(MarketRow, table=True):
    """A vendor's net option premium of one stretch of a session (a minute, or five), in e4 USD."""

    __tablename__ = "option_minute"
    __table_args__ = (UniqueConstraint("symbol", "kind", "event_at", "source"),)

    id: int | None = key()
    #: a ticker, or MARKET
    symbol: str = Field(max_length=16, index=True)
    #: `ticker`: its own options; `tide`: the vendor's sum over the market or over a fund's holdings
    kind: str = Field(max_length=8)
    session: date = Field(index=True)
    #: bought minus sold
    net_call_premium_e4: int = Field(sa_type=BigInteger)
    net_put_premium_e4: int = Field(sa_type=BigInteger)
    #: contracts
    call_volume: int | None = Field(default=None, sa_type=BigInteger)
    put_volume: int | None = Field(default=None, sa_type=BigInteger)
    net_volume: int | None = Field(default=None, sa_type=BigInteger)


class OptionContract(MarketRow, table=True):
    """What a source says of one option contract in one session; null where it does not say."""

    __tablename__ = "option_contract"
    __table_args__ = (UniqueConstraint("contract", "session", "source"),)

    id: int | None = key()
    #: the underlying
    symbol: str = Field(max_length=16, index=True)
    #: OPRA symbol, such as SPY251003P00571000
    contract: str = Field(max_length=24)
    session: date = Field(index=True)
    expiry: date
    strike_e4: int = Field(sa_type=BigInteger)
    is_call: bool
    #: contracts traded in the session
    volume: int | None = Field(default=None, sa_type=BigInteger)
    #: contracts open, as published, and as published the session before
    open_interest: int | None = Field(default=None, sa_type=BigInteger)
    open_interest_before: int | None = Field(default=None, sa_type=BigInteger)
    #: e4 USD of the session's trades; an estimate (volume × last price) where `estimated`
    premium_e4: int | None = Field(default=None, sa_type=BigInteger)
    estimated: bool = False


class ShortVolume(MarketRow, table=True):
    """FINRA's Reg SHO daily file: off-exchange shares of one symbol marked short. Not short interest.

    A re-posted file with other figures is a new row; the newest one counts.
    """

    __tablename__ = "short_volume"
    __table_args__ = (
        UniqueConstraint(
            "symbol",
            "session",
            "market",
            "short_volume",
            "total_volume",
            "source",
            name="uq_short_volume_figures",
        ),
    )

    id: int | None = key()
    symbol: str = Field(max_length=16, index=True)
    session: date = Field(index=True)
    #: Q Nasdaq TRF Carteret, B Nasdaq TRF Chicago, N NYSE TRF, D ADF, O ORF; several letters: consolidated
    market: str = Field(max_length=10)
    #: shares; the short volume includes the exempt
    short_volume: int = Field(sa_type=BigInteger)
    short_exempt_volume: int = Field(sa_type=BigInteger)
    total_volume: int = Field(sa_type=BigInteger)


class OffExchangeWeek(MarketRow, table=True):
    """FINRA's weekly off-exchange shares of one symbol: in dark pools (ATS) and elsewhere (OTC)."""

    __tablename__ = "off_exchange_week"
    __table_args__ = (UniqueConstraint("symbol", "week", "kind", "source"),)

    id: int | None = key()
    symbol: str = Field(max_length=16, index=True)
    #: the week's Monday
    week: date = Field(index=True)
    #: `both`, or `ats` or `otc` where the source publishes them apart
    kind: str = Field(max_length=4)
    #: shares; null where this row does not speak of them
    ats_shares: int | None = Field(default=None, sa_type=BigInteger)
    otc_shares: int | None = Field(default=None, sa_type=BigInteger)


class SectorMember(MarketRow, table=True):
    """A symbol's membership of a sector or theme, dated, so that hindsight cannot creep in.

    Its end is a row of its own, known when it came, and counts in place of the one that said it began.
    """

    lasting = True
    __tablename__ = "sector_member"
    __table_args__ = (UniqueConstraint("symbol", "sector", "since", "known_at", "source"),)

    id: int | None = key()
    symbol: str = Field(max_length=16, index=True)
    sector: str = Field(max_length=60)
    name: str = Field(max_length=120)
    since: date
    until: date | None = None
