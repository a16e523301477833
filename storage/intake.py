"""Rows in: what a feed parsed becomes stored rows, quarantined rows and one line of account.

Everything of one body is applied in one transaction, or nothing of it. Loading a body twice changes
nothing: a row is recognised by its table's unique key, a print by its identity.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine, Table, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.sqltypes import AutoString

from storage.database import reading, writing
from storage.tables import FeedRead, MarketRow, Quarantine
from storage.tape import MOMENT, Tape, TapeStore

#: names in one query: below the limits on bound values of both databases
_CHUNK = 500
#: rows made ready for the database at a time
_ROWS = 5_000
_ARROW: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    date: pa.date32(),
    datetime: MOMENT,
    Decimal: pa.string(),
}


@dataclass(frozen=True)
class Account:
    """What became of one body: received = accepted + quarantined; `new` of the accepted were unknown."""

    file: str
    received: int
    accepted: int
    quarantined: int
    reasons: dict[str, int]
    new: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def arrow_schema(kind: type[MarketRow]) -> pa.Schema:
    """The Arrow columns of a row class, without its key."""
    table: Table = kind.__table__  # type: ignore[attr-defined]
    fields = []
    for column in table.columns:
        if column.name == "id":
            continue
        python = str if isinstance(column.type, AutoString) else column.type.python_type
        fields.append(pa.field(column.name, _ARROW[python], bool(column.nullable)))
    return pa.schema(fields)


def store(
    engine: Engine,
    tapes: TapeStore,
    *,
    feed: str,
    name: str,
    body: bytes,
    accepted: dict[type[MarketRow] | Tape, pa.Table],
    bad: Sequence[tuple[str, str]],
    now: datetime,
) -> Account:
    """Store what `parse` made of `body` and return its account; `bad` are (reason, row) pairs.

    Prints go to the tape before the transaction commits: if it fails, reading the body again adds
    none of them twice.
    """
    digest = hashlib.sha256(body).hexdigest()
    rows = sum(table.num_rows for table in accepted.values())
    new, newest = 0, None
    for kind, table in accepted.items():
        if isinstance(kind, Tape):
            new += tapes.append(kind, table)
    with writing(engine) as session:
        for kind, table in accepted.items():
            if table.num_rows:
                latest = pc.max(table["event_at"]).as_py()
                newest = latest if newest is None else max(newest, latest)
            if not isinstance(kind, Tape):
                for part in table.to_batches(max_chunksize=_ROWS):
                    new += insert_new(session, kind, part.to_pylist())
        quarantine = [_quarantined(feed, name, reason, row, now) for reason, row in bad]
        insert_new(session, Quarantine, quarantine)
        account = Account(
            name, rows + len(bad), rows, len(bad), dict(Counter(reason for reason, _ in bad)), new
        )
        read = FeedRead(
            feed=feed,
            name=name[-300:],
            digest=digest,
            read_at=now,
            received=account.received,
            accepted=rows,
            quarantined=len(bad),
            new=new,
            newest=newest,
        )
        insert_new(session, FeedRead, [read.model_dump(exclude={"id"})])
    return account


def _quarantined(feed: str, name: str, reason: str, row: str, now: datetime) -> dict[str, Any]:
    digest = hashlib.sha256(f"{feed}\n{reason}\n{row}".encode()).hexdigest()
    clean = row.replace("\0", "␀")[:2000]
    return {
        "digest": digest,
        "feed": feed,
        "file": name[-300:],
        "reason": reason[:200],
        "row": clean,
        "first_seen": now,
    }


def insert_new(session: Session, kind: type[SQLModel], rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows whose unique key is not in the table yet; return how many that were."""
    table: Table = kind.__table__  # type: ignore[attr-defined]
    if not rows:
        return 0
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    defaults = {
        name: field.default
        for name, field in kind.model_fields.items()
        if not field.is_required() and name != "id"
    }
    complete = [defaults | row for row in rows]
    key = next(iter(table.primary_key.columns))
    statement = insert(table).on_conflict_do_nothing().returning(key)
    return len(session.connection().execute(statement, complete).fetchall())


def known_names(engine: Engine, feed: str, names: Iterable[str]) -> set[str]:
    """Of `names`, the bodies of `feed` that were read before without an error."""
    wanted = list(names)
    found: set[str] = set()
    with reading(engine) as session:
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            query = select(FeedRead.name).where(
                FeedRead.feed == feed, col(FeedRead.error).is_(None), col(FeedRead.name).in_(chunk)
            )
            found.update(session.exec(query))
    return found


def quarantined(session: Session, feed: str | None = None) -> int:
    """How many rows lie in quarantine, of one feed or of all."""
    query = select(func.count()).select_from(Quarantine)
    return session.exec(query if feed is None else query.where(Quarantine.feed == feed)).one()
