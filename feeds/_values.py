"""One cell → one value: money, whole numbers, moments, days, tickers.

Every function takes the text of a cell without surrounding blanks and raises ValueError with the rest of a
sentence that begins with the column's name ("is not a number"). Shared by feeds of tables and of JSON.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from storage.calendar import NEW_YORK

#: plain decimals, with an exponent as a float is written; no blanks, separators, signs of currency, nan
_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,24})?|\.\d{1,24})([eE][+-]?\d{1,2})?", re.ASCII)
#: checked before upper-casing: 'ß' would become SS, a ticker
_TICKER = re.compile(r"[\^A-Za-z][A-Za-z0-9.\-^]{0,9}", re.ASCII)
#: root, expiry as YYMMDD, right, strike in tenths of a cent
_OPRA = re.compile(r"([A-Z]{1,5}[A-Z0-9]?)(\d{6})([CP])(\d{8})", re.ASCII)
#: roots that lost the dot of their share class
_CLASSES = {"BRKB": "BRK.B", "BFB": "BF.B"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: the years the exchange's calendar knows
_FIRST, _LAST = 1999, 2034
#: below this many e4 (a hundred billion dollars) sums of thousands of rows stay within 64 bits
LARGEST_E4 = 10**15


def number(text: str) -> Decimal:
    """A finite decimal."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("is not a number")
    return Decimal(text)


def money(text: str) -> int:
    """USD as ten-thousandths, exact up to four decimals, rounded half to even beyond; any sign."""
    amount = number(text)
    if abs(amount) * 10_000 >= LARGEST_E4:
        raise ValueError("is out of range")
    return int(round(amount, 4) * 10_000)


def not_negative(text: str) -> int:
    """USD as ten-thousandths, zero or more."""
    if (amount := money(text)) < 0:
        raise ValueError("is negative")
    return amount


def price(text: str) -> int:
    """USD as ten-thousandths, more than zero."""
    if (amount := money(text)) <= 0:
        raise ValueError("is not positive")
    return amount


def count(text: str) -> int:
    """A whole number, zero or more."""
    amount = number(text)
    if amount != amount.to_integral_value():
        raise ValueError("is not a whole number")
    if amount < 0:
        raise ValueError("is negative")
    if amount >= 10**15:
        raise ValueError("is out of range")
    return int(amount)


def shares(text: str) -> int:
    """A whole number, more than zero."""
    if (amount := count(text)) == 0:
        raise ValueError("is zero")
    return amount


def contracts(text: str) -> int:
    """How many contracts one print moved: more than zero, less than ten million."""
    if (amount := shares(text)) >= 10**7:
        raise ValueError("is ten million or more")
    return amount


def ticker(text: str) -> str:
    """A symbol in capitals. NA, TRUE and INF are symbols."""
    if not _TICKER.fullmatch(text):
        raise ValueError("is not a ticker")
    return text.upper()


def opra(text: str) -> tuple[str, date, bool, int]:
    """An OPRA symbol such as SPY251003P00571000: underlying, expiry, whether a call, strike in e4 USD.

    The underlying is the root, so SPXW is not SPX; BRKB and BFB get their dot back. A root that ends in a
    digit is an adjusted contract: it delivers something else than 100 shares, and the symbol hides what.
    """
    found = _OPRA.fullmatch(text)
    if not found:
        raise ValueError("is not an OPRA symbol")
    root, ymd, right, strike = found.groups()
    if root[-1].isdigit():
        raise ValueError("is an adjusted contract, its premium multiplier is not known")
    try:
        expiry = date(2000 + int(ymd[:2]), int(ymd[2:4]), int(ymd[4:]))
    except ValueError:
        raise ValueError("has no date as its expiry") from None
    return _CLASSES.get(root, root), expiry, right == "C", int(strike) * 10


def words(text: str) -> str:
    """Text that a database and a person can read: no control characters."""
    if not text.isprintable() or "\ufffd" in text:
        raise ValueError("holds characters that are not text")
    if len(text) > 60:
        raise ValueError("is too long")
    return text


def is_call(text: str) -> bool:
    """The right of an option: C or P, call or put."""
    try:
        return {"c": True, "call": True, "p": False, "put": False}[text.lower()]
    except KeyError:
        raise ValueError("is neither C nor P") from None


def side(text: str) -> str:
    """A vendor's opinion on who traded: buy, sell or mid."""
    if (found := text.lower()) not in ("buy", "sell", "mid"):
        raise ValueError("is not buy, sell or mid")
    return found


def moment(text: str) -> datetime:
    """UTC, from ISO 8601 with a zone or from epoch milliseconds; within the exchange's calendar."""
    if text.isascii() and text.isdigit():
        if len(text) > 13:
            raise ValueError("is not a time")
        return _within_calendar(_EPOCH + timedelta(milliseconds=int(text)))
    at = _iso(text)
    if at.tzinfo is None:
        raise ValueError("has no time zone")
    return _within_calendar(at)


def new_york_clock(text: str) -> datetime:
    """UTC, from what New York's clocks showed, written without a zone."""
    at = _iso(text)
    if at.tzinfo is not None:
        raise ValueError("has a time zone, New York's clock was expected")
    return _within_calendar(at.replace(tzinfo=NEW_YORK))


def day(text: str) -> date:
    """A date. Of a moment: the date it is written with at midnight, New York's date otherwise."""
    try:
        at = _iso(text)
    except ValueError:
        raise ValueError("is not a date") from None
    if not 1900 <= at.year <= 2200:
        raise ValueError("is out of range")
    if at.time() != time() and at.tzinfo is not None:
        at = at.astimezone(NEW_YORK)
    if at.time() != time():
        raise ValueError("is not a date")
    return at.date()


def _iso(text: str) -> datetime:
    # fromisoformat also knows forms without dashes, which are easily other numbers
    if len(text) < 10 or text[4] != "-" or not text.isascii():
        raise ValueError("is not a time")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a time") from None


def _within_calendar(at: datetime) -> datetime:
    if not _FIRST <= at.year <= _LAST:
        raise ValueError(f"is outside {_FIRST} to {_LAST}")
    return at.astimezone(UTC)
