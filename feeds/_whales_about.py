"""What an answer of Unusual Whales says beside its rows: whose it is, of what kind, and when it was asked.

An answer says none of it by itself. A recorder's `metadata` does, and so does the name: a file's
(`options_volume__SPY_2025-…`) or our own request's (`net-prem-ticks SPY 2025-10-03 2025-10-03T15:00:00Z`).
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from feeds import FeedError
from feeds._values import moment, new_york_clock

Row = dict[str, Any]

#: [A] how long after its end the vendor may still add to a minute; what is stored is never replaced
LATE = timedelta(minutes=1)

_NAMED = re.compile(r"(?:__| )(?P<ticker>[A-Z^][A-Z0-9.\-]{0,9})(?:_| )")
_ASKED = re.compile(r" (?P<at>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)$")


@dataclass(frozen=True)
class About:
    """What is known of an answer as a whole."""

    symbol: str | None = None
    #: the recorder's endpoint and the name, in lower case with underscores
    kind: str = ""
    #: when it was asked; None where nobody says
    asked: datetime | None = None

    def is_over(self, at: datetime) -> bool:
        """Whether what is complete at `at` was so when asked; taken for granted where nobody says when."""
        return self.asked is None or at <= self.asked


def read_answer(text: str, name: str) -> tuple[list[Row], About]:
    """The rows of an answer, a list or one object, bare or wrapped in `data`, and what is about them.

    Numbers stay text: exact, and none is too long to read. A bare value is a row with the one key "".
    Raises FeedError where `text` is not JSON.
    """
    try:
        document = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise FeedError(f"{name} is not JSON.") from None
    metadata: Row = {}
    while isinstance(document, dict) and "data" in document:
        if isinstance(document.get("metadata"), dict):
            metadata = document["metadata"] | metadata
        document = document["data"]
    if isinstance(document, list) and len(document) == 2 and isinstance(document[1], dict):
        document = document[1:] if isinstance(document[0], str) else document  # a message: channel, payload
    about = _about(metadata, PurePath(name).name)
    rows = document if isinstance(document, list) else [document]
    rows = [row if isinstance(row, dict) else {"": row} for row in rows]
    return [{"ticker": about.symbol} | row if about.symbol else row for row in rows], about


def _about(metadata: Row, name: str) -> About:
    ticker, endpoint = metadata.get("ticker"), metadata.get("endpoint")
    named, asked = _NAMED.search(name), _ASKED.search(name)
    symbol = ticker if isinstance(ticker, str) and ticker else named["ticker"] if named else None
    return About(
        symbol,
        f"{endpoint or ''} {name}".lower().replace("-", "_"),
        _moment(asked["at"]) if asked else _moment(metadata.get("saved_at")),
    )


def _moment(text: object) -> datetime | None:
    """A moment. A recorder's clock without a zone is read as New York's, which is an assumption."""
    for read in (moment, new_york_clock):
        try:
            return read(text) if isinstance(text, str) else None
        except ValueError:
            continue
    return None
