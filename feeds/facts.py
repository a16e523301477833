"""Facts about private giants and their peers: JSON Lines in our own columns, and lists of private companies.

A line with a `metric` is a fact, one with `aliases` or `ticker` and no metric says what an entity is called.
A running bot reads our own fact base by itself; it ships with the program. A fact of ours that comes again,
from a file of the same numbers, is stored once and keeps our words.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from feeds import Ask, Bad, Feed, FeedError, Kind, Parsed, Raw, rows_to_table
from feeds._fact_lines import Row, digest_of, entity, fact, maybe, number, read_line
from feeds._unicorns import is_unicorns, read_unicorns
from storage.tables import Entity, Fact

NAME = "facts"
#: the source of our own fact base
HOUSE = "facts, house base"
_FOLDER = Path(__file__).parent / "house"
#: what an entity is called holds from the first day a fact can be of
ALWAYS = datetime(1971, 1, 2, tzinfo=UTC)
#: what beside its numbers makes two facts the same statement of the same source
_SAME = (
    "id", "entity", "metric", "bound", "unit", "currency", "as_of", "period", "kind", "publisher",
    "published",
)  # fmt: skip


def parse(raw: Raw) -> Parsed:
    """Lines of facts and entities, or a list of private companies (`_unicorns`), → rows."""
    text = raw.body.decode("utf-8-sig", "replace")
    if is_unicorns(text):
        return read_unicorns(raw)
    lines = _lines(text)
    if not lines:
        raise FeedError(f"{raw.name} is empty.", permanent=True)
    if not any(line.lstrip().startswith("{") for line in lines):
        raise FeedError(f"{raw.name} is not made of JSON lines, each like {_EXAMPLE}", permanent=True)
    source = HOUSE if raw.body == house() else NAME
    facts: list[Row] = []
    entities: list[Row] = []
    bad: list[Bad] = []
    ids: set[str] = set()
    for line in lines:
        try:
            told = read_line(line)
            if "metric" in told:
                ours = _ours().get(_same(told))
                stated = fact({"said": ours and ours["said"]} | told, source)
                if told.get("id") and stated["ref"] in ids:
                    raise ValueError("its id is that of a line before it")
                ids.add(stated["ref"])
                facts.append(ours or stated)
            else:
                entities.append(entity(told, source, ALWAYS))
        except ValueError as error:
            bad.append(Bad(str(error)[:200], line[:2000]))
    found: tuple[tuple[Kind, list[Row]], ...] = ((Fact, facts), (Entity, entities))
    return Parsed({kind: rows_to_table(kind, rows) for kind, rows in found if rows}, bad)


_EXAMPLE = (
    '{"entity": "SpaceX", "metric": "valuation", "value": 800000000000, "unit": "money", "currency": "USD", '
    '"as_of": "2025-12-12", "kind": "reported", "publisher": "Bloomberg", "published": "2025-12-12"}'
)


@cache
def house() -> bytes:
    """Our own fact base, as lines."""
    return b"".join((_FOLDER / name).read_bytes() for name in ("entities.jsonl", "facts.jsonl"))


def house_name() -> str:
    """What this version of our fact base is called when it is read."""
    return f"house facts {hashlib.sha256(house()).hexdigest()[:12]}"


@cache
def _ours() -> Mapping[str, Row]:
    told = [read_line(line) for line in _lines(house().decode())]
    return {_same(each): fact(each, HOUSE) for each in told if "metric" in each}


def _lines(text: str) -> list[str]:
    """Lines end where JSON Lines end them: other breaks are part of a text."""
    return [line for line in text.split("\n") if line.strip()]


def _same(told: Mapping[str, Any]) -> str:
    numbers = [number(told, name) for name in ("value", "value_high")]
    return digest_of([*numbers, *(maybe(told, name, 2000) or "" for name in _SAME)])


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """Our own fact base, once for each version of it."""
    if not ask.known([house_name()]):
        yield Raw(house_name(), house())


FEED = Feed(
    name=NAME,
    about="Sourced, dated numbers about private giants: our own fact base, and files.",
    gives=(Fact, Entity),
    parse=parse,
    fetch=fetch,
)
