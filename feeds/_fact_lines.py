"""One line of JSON → the columns of a Fact or an Entity, or a ValueError that says what is wrong with it.

Dates may be as coarse as they are known: 2025-12-12, 2025-12 or 2025. A fact is known from the end of the
day, month or year it was published. One of a past that is not named stands at that date, its period says so.
"""

import calendar as months
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from feeds._fact_basis import BASES, basis_of
from storage import calendar
from storage.fact_tables import BOUNDS, FLAGS, KINDS, REVENUE, VALUATION

Row = dict[str, Any]
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
#: an `as_of` of a time before it was published that nobody named
PAST = "past"
#: digits before the point, and places behind it that anything is counted in
_DIGITS = 30
#: the characters an exact column holds
_LONGEST = 40
_FIRST_YEAR = 1971


def read_line(line: str) -> Row:
    """The object a line holds, its numbers exact."""
    try:
        found = json.loads(line, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError("not a line of JSON") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found


def _refuse(_: str) -> None:
    raise ValueError


def fact(told: Mapping[str, Any], source: str, known_at: datetime | None = None) -> Row:
    """The columns of the Fact a line states.

    `known_at` is when we had it; without, it is known from the end of what `published` names.
    """
    kind = _one_of(told, "kind", KINDS)
    published = _text(told, "published", 10)
    as_of = _text(told, "as_of", 10, missing=published)
    if past := as_of == PAST:
        as_of = published
    begins, printed = span(as_of, "as_of")[0], span(published, "published")[1]
    known = known_at or printed
    if begins > min(known, printed):
        if kind != "forecast":
            raise ValueError("as_of is after it was published")
        begins = min(known, begins)
    metric, unit = _text(told, "metric", 60), _text(told, "unit", 30)
    low, high = number(told, "value"), number(told, "value_high")
    period, note = maybe(told, "period", 60) or (PAST if past else None), maybe(told, "note", 400)
    row: Row = {
        "entity": _text(told, "entity", 60), "metric": metric, "value": low, "value_high": high,
        "bound": _bound(told), "said": maybe(told, "said", 200), "unit": unit,
        "currency": _currency(told, unit), "as_of": as_of, "period": period,
        "basis": maybe(told, "basis", 20) or basis_of(metric, kind, f"{period or ''} {note or ''}"),
        "kind": kind, "publisher": _text(told, "publisher", 120), "published": published, "note": note,
        "flag": maybe(told, "flag", 12), "replaces": maybe(told, "replaces", 40),
    }  # fmt: skip
    _check(row)
    digest = digest_of([maybe(told, "id", 40), *row.values()])
    row |= {"value": _plain(low), "value_high": _plain(high)}
    ref = maybe(told, "id", 40) or f"F{digest[:7]}"
    return row | {"digest": digest, "ref": ref, "event_at": begins, "known_at": known, "source": source}


def entity(told: Mapping[str, Any], source: str, known_at: datetime) -> Row:
    """The columns of the Entity a line describes."""
    listed = maybe(told, "listed", 10)
    row: Row = {
        "name": _text(told, "entity", 60), "aliases": _list(told, "aliases", 600),
        "part_of": maybe(told, "part_of", 60), "ticker": maybe(told, "ticker", 16),
        "listed": span(listed, "listed")[0].astimezone(calendar.NEW_YORK).date() if listed else None,
        "peers": _list(told, "peers", 300),
    }  # fmt: skip
    digest = digest_of(row.values())
    return row | {"digest": digest, "event_at": known_at, "known_at": known_at, "source": source}


def span(text: str, name: str) -> tuple[datetime, datetime]:
    """When the day, month or year `text` begins, and when all of it is known: UTC."""
    found = _DATE.fullmatch(text)
    try:
        year, month, day = (int(part) if part else None for part in found.groups()) if found else (0, 0, 0)
        first = date(year or 0, month or 1, day or 1)
    except ValueError:
        raise ValueError(f"{name} is not a date") from None
    if not _FIRST_YEAR <= first.year <= 2200:
        raise ValueError(f"{name} is out of range")
    if day is None:
        month = month or 12
        last = date(first.year, month, months.monthrange(first.year, month)[1])
    else:
        last = first
    return calendar.new_york(first, time()), calendar.day_end(last)


def digest_of(values: Any) -> str:
    """A digest of values in their order."""
    text = json.dumps([_plain(each) if isinstance(each, Decimal) else each for each in values], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _check(row: Row) -> None:
    low, high = row["value"], row["value_high"]
    if low is None and (high is not None or not (row["said"] or row["note"])):
        raise ValueError("value is missing")
    if high is not None and low is not None and high <= low:
        raise ValueError("the range is reversed")
    if high is not None and row["bound"] != "=":
        raise ValueError("a range has no bound")
    if row["metric"] in (*VALUATION, *REVENUE) and (low is None or low <= 0):
        raise ValueError(f"{row['metric']} is not positive")
    if row["basis"] not in BASES:
        raise ValueError(f"basis is none of {', '.join(BASES)}")
    if row["flag"] not in (None, *FLAGS):
        raise ValueError(f"flag is none of {', '.join(FLAGS)}")


def number(told: Mapping[str, Any], name: str) -> Decimal | None:
    """The number a line gives as `name`, exact; it is never written out before it is known to be short."""
    value = told.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{name} is not a number")
    exact = Decimal(value)
    if not -_DIGITS <= exact.adjusted() < _DIGITS or len(_plain(exact) or "") > _LONGEST:
        raise ValueError(f"{name} is out of range")
    return exact


def _plain(number: Decimal | None) -> str | None:
    """A decimal as people write it: no exponent, no zeros at its end."""
    if number is None:
        return None
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _bound(told: Mapping[str, Any]) -> str:
    given = str(told.get("bound") or "=")
    bound = {"≥": ">=", "≤": "<=", "≈": "~"}.get(given, given)
    if bound not in BOUNDS:
        raise ValueError(f"bound is none of {', '.join(BOUNDS)}")
    return bound


def _currency(told: Mapping[str, Any], unit: str) -> str | None:
    currency = maybe(told, "currency", 3)
    if currency is None and unit.startswith("money"):
        raise ValueError("currency is missing")
    if currency is not None and not re.fullmatch("[A-Z]{3}", currency):
        raise ValueError("currency is not a code of three letters")
    return currency


def _one_of(told: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    if (value := _text(told, name, 20)) not in allowed:
        raise ValueError(f"{name} is none of {', '.join(allowed)}")
    return value


def _list(told: Mapping[str, Any], name: str, longest: int) -> str:
    given = told.get(name) or []
    if not isinstance(given, list):
        raise ValueError(f"{name} is not a list")
    joined = "|".join(_text({name: each}, name, 60) for each in given)
    if len(joined) > longest or joined.count("|") != max(0, len(given) - 1):
        raise ValueError(f"{name} is too long or holds |")
    return joined


def _text(told: Mapping[str, Any], name: str, longest: int, missing: str | None = None) -> str:
    value = maybe(told, name, longest) or missing
    if value is None:
        raise ValueError(f"{name} is missing")
    return value


def maybe(told: Mapping[str, Any], name: str, longest: int) -> str | None:
    """The text a line gives as `name`, on one line and without space around it."""
    value = told.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")
    text = value.strip()
    if not text.isprintable() or "\ufffd" in text:
        raise ValueError(f"{name} holds characters that are not text")
    if len(text) > longest:
        raise ValueError(f"{name} is too long")
    return text or None
