"""What is noted of every reading of a feed: what came, what was not accepted and why, the pace kept."""

from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.market_tables import key
from storage.types import Utc


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

    id: int | None = key()
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
