"""Rows of people and of what they were told. Telegram ids are 64-bit."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.market_tables import key
from storage.types import Exact, Utc


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
    """One ticker, sector or theme on one chat's watchlist."""

    __tablename__ = "watch"
    __table_args__ = (Index("ix_watch_symbol", "symbol", "chat_id"),)

    chat_id: int = Field(primary_key=True, sa_type=BigInteger, foreign_key="person.chat_id")
    symbol: str = Field(primary_key=True, max_length=60)
    since: datetime = Field(sa_type=Utc)


class Rule(SQLModel, table=True):
    """What a chat asked to hear: flips of `indicator` (`*`: all) for `subject` (`*`: the watchlist)."""

    __tablename__ = "rule"
    __table_args__ = (UniqueConstraint("chat_id", "indicator", "subject"),)

    id: int | None = key()
    chat_id: int = Field(sa_type=BigInteger, foreign_key="person.chat_id")
    indicator: str = Field(default="*", max_length=40)
    subject: str = Field(default="*", max_length=60)
    on: bool = True
    #: of an entity: tell when its multiple of sales crosses this
    level: Decimal | None = Field(default=None, sa_type=Exact)


class Draft(SQLModel, table=True):
    """What an owner typed and has to confirm before it is done: the newest of each chat."""

    __tablename__ = "draft"

    chat_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    words: str = Field(max_length=1000)
    made_at: datetime = Field(sa_type=Utc)


class SignalRow(SQLModel, table=True):
    """One indicator's opinion of one subject at one moment, as it was computed then."""

    __tablename__ = "signal"
    __table_args__ = (
        UniqueConstraint("indicator", "subject", "as_of"),
        CheckConstraint("strength >= -1 AND strength <= 1", "strength_in_range"),
    )

    id: int | None = key()
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
    #: what is new although the state may have stayed, such as a larger order than before
    event: str | None = Field(default=None, max_length=120)
    #: the chart as data, kept for the signals somebody is told about
    chart: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))


class FlipRow(SQLModel, table=True):
    """A signal whose state changed, or whose event is a new one: stored once, and what people are told of."""

    __tablename__ = "flip"
    __table_args__ = (UniqueConstraint("indicator", "subject", "as_of"),)

    id: int | None = key()
    signal_id: int = Field(sa_type=BigInteger, foreign_key="signal.id", index=True)
    indicator: str = Field(max_length=40)
    subject: str = Field(max_length=60)
    as_of: datetime = Field(sa_type=Utc)
    #: null where nothing was known of the subject before
    before: str | None = Field(default=None, max_length=40)
    after: str = Field(max_length=40)
    event: str | None = Field(default=None, max_length=120)
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

    id: int | None = key()
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
