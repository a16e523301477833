"""Every row class. Units are in the name: `_e4` is an integer of ten-thousandths of a US dollar.

Market rows (`MarketRow`) say when they happened (`event_at`) and when anybody could know it
(`known_at`), both UTC. Telegram ids are 64-bit. The tape (option and equity prints) is not here but
in `storage/tape.py`: tens of millions of rows a day belong in Parquet.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    MetaData,
    UniqueConstraint,
    text,
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


def _key() -> Any:
    return Field(default=None, primary_key=True, sa_type=BigKey)


class MarketRow(SQLModel):
    """What every market row carries besides its own columns."""

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

    id: int | None = _key()
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

    id: int | None = _key()
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

    id: int | None = _key()
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

    id: int | None = _key()
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


class SectorMember(MarketRow, table=True):
    """A symbol's membership of a sector or theme, dated, so that hindsight cannot creep in."""

    __tablename__ = "sector_member"
    __table_args__ = (UniqueConstraint("symbol", "sector", "since", "source"),)

    id: int | None = _key()
    symbol: str = Field(max_length=16, index=True)
    sector: str = Field(max_length=60)
    name: str = Field(max_length=120)
    since: date
    until: date | None = None


class Quarantine(SQLModel, table=True):
    """A row or document that was not accepted: kept with its reason, once however often it comes."""

    __tablename__ = "quarantine"

    #: digest of feed, reason and row
    digest: str = Field(primary_key=True, max_length=64)
    feed: str = Field(max_length=40, index=True)
    file: str = Field(max_length=300)
    reason: str = Field(max_length=200)
    #: the row as it came, cut at 2,000 characters
    row: str = Field(max_length=2000)
    first_seen: datetime = Field(sa_type=Utc)


class FeedRead(SQLModel, table=True):
    """One body read from a feed: what came, what was accepted, and when; an error if it failed."""

    __tablename__ = "feed_read"
    __table_args__ = (UniqueConstraint("feed", "name", "digest"),)

    id: int | None = _key()
    feed: str = Field(max_length=40)
    #: file name, accession number or request it answers
    name: str = Field(max_length=300)
    digest: str = Field(max_length=64)
    read_at: datetime = Field(sa_type=Utc, index=True)
    received: int
    accepted: int
    quarantined: int
    #: rows that were not stored before
    new: int
    #: newest `event_at` among the accepted rows
    newest: datetime | None = Field(default=None, sa_type=Utc)
    error: str | None = Field(default=None, max_length=300)


class Pace(SQLModel, table=True):
    """When the next request to a source may leave: one row a source, shared by all processes."""

    __tablename__ = "pace"

    source: str = Field(primary_key=True, max_length=40)
    #: Unix time in microseconds
    next_us: int = Field(sa_type=BigInteger)


class Person(SQLModel, table=True):
    """A chat that talks to the bot: one person, or a group."""

    __tablename__ = "person"

    chat_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    kind: str = Field(default="private", max_length=12)
    language: str = Field(default="en", max_length=8)
    active: bool = True
    #: why an inactive chat is inactive
    reason: str | None = Field(default=None, max_length=100)
    joined_at: datetime = Field(sa_type=Utc)


class Watch(SQLModel, table=True):
    """One symbol on one chat's watchlist."""

    __tablename__ = "watch"
    __table_args__ = (Index("ix_watch_symbol", "symbol", "chat_id"),)

    chat_id: int = Field(primary_key=True, sa_type=BigInteger, foreign_key="person.chat_id")
    symbol: str = Field(primary_key=True, max_length=16)
    since: datetime = Field(sa_type=Utc)


class Rule(SQLModel, table=True):
    """What a chat asked to hear: flips of `indicator` (`*`: all) for `subject` (`*`: the watchlist)."""

    __tablename__ = "rule"
    __table_args__ = (UniqueConstraint("chat_id", "indicator", "subject"),)

    id: int | None = _key()
    chat_id: int = Field(sa_type=BigInteger, foreign_key="person.chat_id")
    indicator: str = Field(default="*", max_length=40)
    subject: str = Field(default="*", max_length=60)
    on: bool = True


class SignalRow(SQLModel, table=True):
    """One indicator's opinion of one subject at one moment, as it was computed then."""

    __tablename__ = "signal"
    __table_args__ = (
        UniqueConstraint("indicator", "subject", "as_of"),
        CheckConstraint("strength >= -1 AND strength <= 1", "strength_in_range"),
    )

    id: int | None = _key()
    indicator: str = Field(max_length=40)
    subject: str = Field(max_length=60)
    as_of: datetime = Field(sa_type=Utc)
    computed_at: datetime = Field(sa_type=Utc)
    state: str = Field(max_length=40)
    strength: float
    quality: str = Field(max_length=1)
    n: int
    source: str = Field(max_length=200)
    facts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    #: the chart as data, kept for the signals somebody is told about
    chart: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))


class FlipRow(SQLModel, table=True):
    """A signal whose state changed: stored once, and what people are told of."""

    __tablename__ = "flip"
    __table_args__ = (UniqueConstraint("indicator", "subject", "as_of"),)

    id: int | None = _key()
    signal_id: int = Field(sa_type=BigInteger, foreign_key="signal.id", index=True)
    indicator: str = Field(max_length=40)
    subject: str = Field(max_length=60)
    as_of: datetime = Field(sa_type=Utc)
    #: null where nothing was known of the subject before
    before: str | None = Field(default=None, max_length=40)
    after: str = Field(max_length=40)
    #: worth a push: the new state is one of the indicator's loud states
    loud: bool
    created_at: datetime = Field(sa_type=Utc)


class Delivery(SQLModel, table=True):
    """The outbox: one flip for one chat, with the reason it goes out, waits or is muted.

    queued → sending → sent; sending → in_doubt when nobody can know whether Telegram took it;
    suppressed, expired and dead are ends with a reason.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("flip_id", "chat_id"),
        Index(
            "ix_delivery_open",
            "id",
            sqlite_where=text("state IN ('queued', 'sending', 'in_doubt')"),
            postgresql_where=text("state IN ('queued', 'sending', 'in_doubt')"),
        ),
        CheckConstraint(
            "state IN ('queued','sending','in_doubt','sent','suppressed','expired','dead')",
            "known_state",
        ),
    )

    id: int | None = _key()
    flip_id: int = Field(sa_type=BigInteger, foreign_key="flip.id")
    chat_id: int = Field(sa_type=BigInteger, index=True)
    state: str = Field(default="queued", max_length=10)
    reason: str = Field(max_length=100)
    created_at: datetime = Field(sa_type=Utc)
    #: after this it is no longer news
    valid_until: datetime = Field(sa_type=Utc)
    attempts: int = 0
    #: not before this
    not_before: datetime | None = Field(default=None, sa_type=Utc)
    sent_at: datetime | None = Field(default=None, sa_type=Utc)
    message_id: int | None = Field(default=None, sa_type=BigInteger)


class JobRun(SQLModel, table=True):
    """One slot of one job: the key makes it run once, over restarts and processes."""

    __tablename__ = "job_run"

    job: str = Field(primary_key=True, max_length=40)
    slot: datetime = Field(primary_key=True, sa_type=Utc)
    started_at: datetime = Field(sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)
    outcome: str | None = Field(default=None, max_length=300)


class SeenUpdate(SQLModel, table=True):
    """An update of Telegram's that was handled: a redelivered one is not handled again."""

    __tablename__ = "seen_update"

    update_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    seen_at: datetime = Field(sa_type=Utc, index=True)
