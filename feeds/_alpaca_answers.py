"""Alpaca's answers: where they keep their rows.

An answer holds bars, trades or quotes by symbol, a list or one each, or snapshots by symbol; one about a
single symbol names it beside them. Only its keys say which.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from feeds import FeedError
from feeds._values import moment

Row = Mapping[str, Any]
#: what a row is (`bars`, `trades`, `quotes`, `snapshots`), of whom, and the row as it came
Found = tuple[str, str, Any]

_SNAPSHOT = {"latestQuote", "latestTrade", "minuteBar", "dailyBar", "prevDailyBar"}


def load(body: bytes, name: str) -> Any:
    """The JSON of a body. Raises FeedError where it is none."""
    text = body.decode("utf-8-sig", "replace")
    try:
        # numbers stay text: exact, and none is too long to read
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise FeedError(f"{name} is not JSON.") from None


def when(row: object) -> datetime | None:
    """The moment of a trade or quote; None where it has none that can be read."""
    try:
        return moment(row["t"]) if isinstance(row, dict) and isinstance(row.get("t"), str) else None
    except ValueError:
        return None


def find_rows(document: object) -> list[Found] | None:
    """Every row of an answer; of a snapshot its latest quote. None where it is no answer we know."""
    if document is None or document == {}:
        return []
    if not isinstance(document, dict):
        return None
    for what in ("bars", "trades", "quotes"):
        for key in (what, what[:-1]):
            if key in document:
                return _listed(what, _by_symbol(document, document[key]))
    if "snapshots" in document:
        return _listed("snapshots", document["snapshots"])
    named = {document["symbol"]: document} if isinstance(document.get("symbol"), str) else document
    if any(isinstance(each, dict) and _SNAPSHOT & each.keys() for each in named.values()):
        return _listed("snapshots", named)
    return None


def _by_symbol(document: Row, value: object) -> object:
    """An answer about one symbol names it beside its rows."""
    return {document["symbol"]: value} if isinstance(document.get("symbol"), str) else value


def _listed(what: str, by_symbol: object) -> list[Found] | None:
    if by_symbol is None:
        return []
    if not isinstance(by_symbol, dict):
        return None
    rows = [(symbol, row) for symbol, each in by_symbol.items() for row in as_list(each)]
    if what != "snapshots":
        return [(what, symbol, row) for symbol, row in rows]
    return [_quote_of(symbol, row) for symbol, row in rows]


def _quote_of(symbol: str, snapshot: object) -> Found:
    quote = snapshot.get("latestQuote") if isinstance(snapshot, dict) else None
    return ("snapshots", symbol, snapshot) if quote is None else ("quotes", symbol, quote)


def as_list(value: object) -> Sequence[Any]:
    """A list as it is, one value as a list of it, null as none."""
    return value if isinstance(value, list) else [] if value is None else [value]
