"""Where data comes in: one file per source, each a `FEED` with `fetch` (network) and `parse` (pure).

To add a feed for rows we have: create `feeds/x.py` with a constant `FEED` named like the file; settings,
`bellwether load`, docs and contract tests follow. Nothing else is edited.

Errors: `FeedError` is for a source as a whole (down, refused, not what it says it is); a bad row is no
error but a `Bad`, kept with its reason. received = accepted + quarantined, always.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from storage.tables import MarketRow
from storage.tape import Tape

if TYPE_CHECKING:
    from feeds._http import Http

#: what a row can become: a table's class, or a tape
Kind = type[MarketRow] | Tape


class FeedError(Exception):
    """A source could not be read. The message is a sentence for the owner; `permanent`: do not retry."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True)
class Raw:
    """One body as it came. `name` is the file's, the accession number or the request it answers."""

    name: str
    body: bytes


@dataclass(frozen=True)
class Bad:
    """A row (or a whole document, then it counts as one row) that was not accepted, and why."""

    #: one short sentence without figures of the row, so that equal reasons can be counted
    reason: str
    row: str


@dataclass(frozen=True)
class Parsed:
    """What `parse` made of one body: accepted rows by kind, and the rest with reasons.

    A table of a row class has its columns (not `id`, columns with a default may be missing), `Exact`
    columns as strings; a table of a tape has the tape's columns without `row_id`. Times are
    `timestamp[us, UTC]`.
    """

    accepted: Mapping[Kind, pa.Table] = field(default_factory=dict)
    bad: Sequence[Bad] = ()

    @property
    def received(self) -> int:
        return self.accepted_rows + len(self.bad)

    @property
    def accepted_rows(self) -> int:
        return sum(table.num_rows for table in self.accepted.values())


@dataclass(frozen=True)
class Window:
    """The stretch of time a fetch asks for, both aware UTC."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Setting:
    """One environment variable of a feed."""

    name: str
    default: str
    #: the comment it gets in `.env.example`
    about: str
    secret: bool = False


@dataclass(frozen=True)
class Ask:
    """What a fetch is given: the one HTTP client, the feed's settings, what to ask for, what is known."""

    http: "Http"
    settings: Mapping[str, str]
    symbols: Sequence[str]
    window: Window
    #: of these names, the ones already read
    known: Callable[[Iterable[str]], set[str]]
    #: further symbols whose daily bars are needed: members of sectors and themes
    members: Sequence[str] = ()


Fetch = Callable[[Ask], AsyncIterator[Raw]]


@dataclass(frozen=True)
class Feed:
    """A source of market data."""

    name: str
    #: one sentence for docs and /status
    about: str
    #: the kinds of row it can give
    gives: tuple[Kind, ...]
    #: (name, body) → rows; pure; raises FeedError only if the body as a whole is unreadable
    parse: Callable[[Raw], Parsed]
    #: None for a feed that only reads files
    fetch: Fetch | None = None
    settings: tuple[Setting, ...] = ()
    #: settings that must not be empty for `fetch`
    needs: tuple[str, ...] = ()


def rows_to_table(kind: Kind, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Make the Arrow table of `kind` from dicts with its columns; keys a row lacks become null."""
    schema = schema_of(kind)
    names = {name for row in rows for name in row}
    fields = [column for column in schema if column.name in names] if rows else list(schema)
    return pa.Table.from_pylist([dict(row) for row in rows], schema=pa.schema(fields))


def schema_of(kind: Kind) -> pa.Schema:
    """The Arrow columns a `parse` fills for `kind`: no `id`, no `row_id`."""
    if isinstance(kind, Tape):
        return pa.schema([column for column in kind.schema if column.name != "row_id"])
    from storage.intake import arrow_schema

    return arrow_schema(kind)
