"""Numbers, dates and sentences as people read them, in their language; an unknown value is never written.

Every kind a sentence may ask for (`{fact:usd}`) is one line of `KINDS`.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from babel.numbers import format_compact_currency, format_compact_decimal, format_currency, format_decimal

from bot.commentary.languages import LOCALES, Translate, translator
from storage.calendar import NEW_YORK

#: below this, dollars are written out
COMPACT_FROM = 10_000
#: a word, name or title is not longer than this in a message
LONGEST = 200

_SLOT = re.compile(r"\{([A-Za-z_]\w*)(?::(\w+))?\}")


def known(value: Any) -> bool:
    """Whether there is a value at all: None, NaN and the infinities are not known."""
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _significant(value: float, digits: int = 3) -> float:
    """`value` rounded to its leading digits: what is inferred is not known to the dollar."""
    return float(f"{value:.{digits}g}")


def _usd(value: float, locale: str) -> str:
    if abs(value) >= COMPACT_FROM:
        text: str = format_compact_currency(_significant(value), "USD", locale=locale, fraction_digits=2)
        return text
    cents = round(value, 2) + 0.0  # + 0.0: minus nothing is nothing
    pattern = "¤#,##0" if cents == round(cents) else "¤#,##0.00"
    text = format_currency(cents, "USD", locale=locale, currency_digits=False, format=pattern)
    return text


def _number(value: float, locale: str) -> str:
    """At most two decimals, and three leading digits below a hundred."""
    text: str = format_decimal(
        _significant(value) if abs(value) < 100 else round(value), format="#,##0.######", locale=locale
    )
    return text


def _percent(fraction: float, locale: str) -> str:
    percent = fraction * 100
    digits = 0 if abs(percent) >= 10 or percent == 0 else 1
    return format_decimal(round(percent, digits), format="#,##0.#", locale=locale) + _unit("%", locale)


def _unit(sign: str, locale: str) -> str:
    """What follows a number: Chinese has a word for times, and no space before a percent sign."""
    chinese = locale.startswith("zh")
    return {"%": "%" if chinese else " %", "×": " 倍" if chinese else "×"}[sign]


def compact(value: float, language: str) -> str:
    """A number for an axis, in few characters: 4.2M."""
    text: str = format_compact_decimal(_significant(value), locale=LOCALES[language], fraction_digits=2)
    return text


def percent(value: float, language: str) -> str:
    """A number of percent for an axis."""
    return compact(value, language) + _unit("%", LOCALES[language])


def day(value: date | str) -> str:
    """The date as New York's calendar has it: 2025-03-14."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
    if isinstance(value, datetime):
        value = value.astimezone(NEW_YORK).date()
    return value.isoformat()


def moment(value: datetime | str) -> str:
    """The moment in New York, always with its date: 2025-03-14 16:45 ET."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M ET")


#: kinds of number a sentence may name; `pct` takes a fraction
KINDS: Mapping[str, Callable[[float, str], str]] = {
    "usd": _usd,
    "x": lambda value, locale: _number(value, locale) + _unit("×", locale),
    "pct": _percent,
    "int": lambda value, locale: format_decimal(round(value), format="#,##0", locale=locale),
}


def format_value(value: Any, kind: str | None, language: str) -> str:
    """`value` as `kind` (`usd`, `x`, `pct` of a fraction, `int`, `date`, `time`, or None: as it is).

    Raises ValueError for a value that is not known and for a kind that does not exist.
    """
    if not known(value):
        raise ValueError("an unknown value cannot be written: leave its sentence out")
    if kind == "date":
        return day(value)
    if kind == "time":
        return moment(value)
    if kind is None:
        return _plain(value, language)
    if kind not in KINDS:
        raise ValueError(f"there is no kind {kind!r} of number")
    return KINDS[kind](float(value), LOCALES[language])


def _plain(value: Any, language: str) -> str:
    if isinstance(value, bool):
        _ = translator(language)
        return _("yes") if value else _("no")
    if isinstance(value, int | float | Decimal):
        return _number(float(value), LOCALES[language])
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Mapping):
        _ = translator(language)
        pairs = (
            f"{_(fact_name(name))} {format_value(each, 'usd' if name.endswith('_usd') else None, language)}"
            for name, each in value.items()
            if known(each)
        )
        return clean(", ".join(pairs))
    if isinstance(value, list | tuple):
        between = "; " if any(isinstance(each, Mapping) for each in value) else ", "
        return clean(between.join(_plain(each, language) for each in value if known(each)))
    # a word of ours like "buy" is in small letters, a ticker or a name is not
    if isinstance(value, str) and value.islower():
        word = fact_name(value)
        value = said if (said := translator(language)(word)) != word else value
    return clean(str(value))


def fact_name(fact: str) -> str:
    """What a fact is called when it is listed: a gettext key."""
    return fact.removesuffix("_usd").replace("_", " ")


def clean(text: str, longest: int = LONGEST) -> str:
    """One line without control, bidirectional and half characters, cut at `longest` code points."""
    # cut before looking at each character: a name may be a megabyte
    kept = (each if unicodedata.category(each)[0] != "C" else " " for each in text[: longest * 4])
    line = " ".join("".join(kept).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def slots(sentence: str) -> list[tuple[str, str]]:
    """The facts a sentence names, each with its kind or an empty string."""
    return _SLOT.findall(sentence)


def write(sentence: str, facts: Mapping[str, Any], translate: Translate, language: str) -> str | None:
    """`sentence`, translated, with its `{fact}` and `{fact:kind}` filled in, as plain text.

    None if a fact it names is not known, or not there: a signal stored by an earlier version may lack it.
    """
    text = translate(sentence)
    if not all(known(facts.get(name)) for name, _ in slots(text)):
        return None
    return _SLOT.sub(lambda slot: format_value(facts[slot[1]], slot[2], language), text)


def fill(sentence: str, facts: Mapping[str, Any], translate: Translate, language: str) -> str | None:
    """The same as Telegram HTML: everything that could be taken for a tag is escaped."""
    text = write(sentence, facts, translate, language)
    return None if text is None else escape(text, quote=False)
