"""Yahoo's answers: the JSON of one body, whose it is and when it was asked, as far as that can be told.

Our own requests are named `bars NVDA 2y`, `bars NVDA 2025-02-20 2025-02-21`, `options BRK.B 2025-02-21`,
`options BRK.B 2025-02-21 1741305600`, `estimates NVDA 2025-02-21T21:45:00Z`. A recorder wraps its answers as
`{request: {url}, response: {headers: {date}, bodyJson}}`.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

from feeds import FeedError, Raw
from feeds._values import moment, number, ticker
from storage import calendar

NAME = "yahoo"

Row = dict[str, Any]

_DAY = r"\d{4}-\d{2}-\d{2}"
_ASKED = re.compile(
    rf"(?:options|bars|estimates) (?P<symbol>\S{{1,16}})"
    rf" (?P<when>2y|{_DAY}(?: \d+| {_DAY})?|{_DAY}T\d\d:\d\d:\d\dZ)",
    re.ASCII,
)
_OF_A_COMPANY = re.compile(r"/quoteSummary/([^/?]{1,30})")


@dataclass(frozen=True)
class Answer:
    """One body. What cannot be told is None."""

    document: Row
    #: the symbol our request named, as we write it
    asked: str | None
    #: the symbol a recorder's address names, as Yahoo writes it
    recorded: str | None
    #: a moment by which the answer had not been given: the answer is of then or later
    at: datetime | None

    def symbol(self, stated: str | None) -> str:
        """Whose answer it is, in our words; ValueError if that is not who was asked for, or not said."""
        if self.asked and stated and as_yahoo(self.asked) != stated:
            raise ValueError("an answer about another symbol than was asked")
        found = self.asked or stated or self.recorded
        if found is None:
            raise ValueError("it does not say which symbol it is about")
        return found

    def results(self, kind: str) -> list[Row] | None:
        """The results in an answer of that kind; None where it is no such answer, or one without any."""
        found = mapped(self.document.get(kind)).get("result")
        return [result for result in listed(found) if isinstance(result, dict)] or None


def read_answer(raw: Raw) -> Answer:
    """The JSON of `raw`, out of its wrap. Raises FeedError where it is none."""
    text = raw.body.decode("utf-8-sig", "replace").strip()
    document = _load(text, raw.name)
    asked = _ASKED.fullmatch(raw.name)
    by_name = _moment_of(asked["when"]) if asked else None
    response = document.get("response")
    if not (isinstance(response, dict) and "bodyJson" in response):
        return Answer(document, asked and asked["symbol"], None, by_name)
    at = _http_date(mapped(response.get("headers")).get("date"))
    recorded = _symbol_of(mapped(document.get("request")).get("url"))
    return Answer(mapped(response["bodyJson"]), asked and asked["symbol"], recorded, at or by_name)


def _load(text: str, name: str) -> Row:
    """A JSON object. Numbers stay text: exact, and none is too long to read."""
    if "too many requests" in text[:200].lower() and not text.startswith("{"):
        raise FeedError(f"{name} is no data: Yahoo asked for fewer requests.")
    try:
        return mapped(json.loads(text, parse_float=str, parse_int=str, parse_constant=str))
    except (ValueError, RecursionError):
        raise FeedError(f"{name} is not JSON.") from None


def _moment_of(when: str) -> datetime | None:
    """What the end of our request's name says: a moment, or a session that was settled by then."""
    last = when.rsplit(" ", 1)[-1]
    try:
        if "T" in last:
            return _within(moment(last))
        day = date.fromisoformat(last)
    except ValueError:
        return None
    return calendar.settled(day) if calendar.is_session(day) else None


def _http_date(text: object) -> datetime | None:
    try:
        at = parsedate_to_datetime(text) if isinstance(text, str) else None
        return _within(at) if at and at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _within(at: datetime) -> datetime:
    return epoch(str(int(at.timestamp())))


def _symbol_of(url: object) -> str | None:
    found = _OF_A_COMPANY.search(url) if isinstance(url, str) else None
    try:
        return ticker(unquote(found[1])) if found else None
    except ValueError:
        return None


def as_yahoo(symbol: str) -> str:
    """A ticker as Yahoo writes it: BRK-B for BRK.B."""
    return symbol.replace(".", "-")


def listed(value: object) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def mapped(value: object) -> Row:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def epoch(text: str) -> datetime:
    """UTC, from whole epoch seconds within the exchange's calendar."""
    seconds = number(text)
    if seconds != seconds.to_integral_value():
        raise ValueError("is not a time")
    # 2000 to 2034; milliseconds are far beyond
    if not 946_684_800 <= seconds < 2_051_222_400:
        raise ValueError("is outside 2000 to 2034")
    return datetime.fromtimestamp(int(seconds), UTC)
