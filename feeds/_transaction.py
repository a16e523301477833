"""One transaction line, wherever it comes from: its checks, its money, its times."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

from feeds._footnotes import price_in
from storage.calendar import NEW_YORK, new_york, sessions

#: EDGAR takes these forms until then; a line without acceptance time counts as known at that hour
LAST_ACCEPTED = time(22, 0)
CODES = frozenset("PSVADFIMCEHOXGLWZJKU")
#: these say what they do to the holding
DIRECTION = {"P": "A", "S": "D"}
#: shares, and shares × price in USD, of one line: no insider ever traded as much
IMPLAUSIBLE = Decimal(10) ** 12
OLDEST = timedelta(days=365)
_E4 = Decimal(10) ** 4
_NUMBER = re.compile(r"-?(\d{1,18}(\.\d{0,15})?|\.\d{1,15})", re.ASCII)
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?", re.ASCII)
_EXCHANGE = re.compile(r"(NYSE|NASDAQ|AMEX|OTC)[A-Z ]*:", re.ASCII)
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,15}", re.ASCII)
_NOT_LISTED = frozenset({"", "NONE", "N/A", "N.A.", "NOT APPLICABLE"})


class Refused(Exception):
    """A line or a document that is not accepted; the message is the reason."""


@lru_cache(maxsize=10_000)
def day_of(text: str) -> date | None:
    """The date `text` is, or None: some filings are of the year 23."""
    match = _DAY.fullmatch(text)
    try:
        day = date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
    return day if day and 1990 <= day.year <= 2033 else None


@lru_cache(maxsize=10_000)
def due(day: date) -> datetime:
    """When a trade of `day` must be filed at the latest: 22:00 New York two sessions later, UTC."""
    return new_york(sessions(day + timedelta(days=1), day + timedelta(days=14))[1], LAST_ACCEPTED)


@lru_cache(maxsize=10_000)
def _traded(day: date) -> datetime:
    return new_york(day, time(16, 0))


def symbol_of(text: str) -> str:
    """The first ticker of `text`: `NYSE: ACME`, `[ACME]`, `acme` and `ACME, ACME.B` are all ACME.

    Empty for an issuer that is not listed and says so. Raises Refused for what is no ticker.
    """
    if text.strip().upper() in _NOT_LISTED:
        return ""
    # only ASCII may be upper-cased: 'ß'.upper() is a ticker
    bare = _EXCHANGE.sub("", text.upper()) if text.isascii() else ""
    found = _SYMBOL.match(bare.lstrip(" ([\"'$"))
    if not found:
        raise Refused("the ticker symbol cannot be read")
    return found[0].rstrip(".-")


def cik_of(text: str) -> str:
    """A central index key with its ten digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise Refused("a CIK is not a number")
    return text.zfill(10)


def _number(text: str, what: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise Refused(f"{what} is not a number")
    return Decimal(text)


def transaction(fields: Mapping[str, str], known_at: datetime) -> dict[str, Any]:
    """Check a line's `fields` (texts as filed) and return its columns, without price and plan.

    Raises Refused. The trade is put at 16:00 New York of its day, or at `known_at` if that is earlier.
    """
    day = day_of(fields["day"])
    if day is None:
        raise Refused("the transaction date is not a date")
    filed = known_at.astimezone(NEW_YORK).date()
    if day > filed:
        raise Refused("the transaction date is after the filing")
    if filed - day > OLDEST:
        raise Refused("the transaction is more than a year older than the filing")
    code, acquired = fields["code"], fields["acquired"]
    if code not in CODES:
        raise Refused("unknown transaction code")
    if acquired not in ("A", "D"):
        raise Refused("neither acquired nor disposed of")
    if DIRECTION.get(code, acquired) != acquired:
        raise Refused("the code and acquired or disposed of disagree")
    shares = _number(fields["shares"], "the number of shares")
    if not 0 <= shares < IMPLAUSIBLE:
        raise Refused("implausible number of shares")
    return {
        "event_at": min(_traded(day), known_at),
        "security": fields["security"][:300],
        "code": code,
        "acquired": acquired,
        "shares": str(shares),
        "held_after": str(_number(fields["held"], "the holding")) if fields["held"] else None,
        "ownership": fields["ownership"] if fields["ownership"] in ("D", "I") else None,
        "nature": fields["nature"][:300] or None,
    }


def priced(text: str, shares: str, notes: str = "") -> dict[str, Any]:
    """The price columns of a line: as filed, else as its footnotes state it, else null.

    `usd_e4` is shares × price in ten-thousandths of a dollar, half to even. Raises Refused.
    """
    price = _number(text, "the price") if text else price_in(notes)
    if price is None:
        return {"price": None, "price_quality": None, "usd_e4": None}
    usd = Decimal(shares) * price
    if price < 0 or usd > IMPLAUSIBLE:
        raise Refused("implausible value")
    whole = int((usd * _E4).to_integral_value(ROUND_HALF_EVEN))
    return {"price": str(price), "price_quality": "A" if text else "B", "usd_e4": whole}
