"""An amount of money as people write it, in English and both Chinese scripts → exact decimals.

Anything not wholly understood is refused with a code and a sentence: a wrong figure is worse than none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Literal
from unicodedata import east_asian_width, normalize

Bound = Literal["=", ">=", "<=", "~"]

_LONGEST = 64
_LARGEST = Decimal(10) ** 16
#: scale → its power of ten
_SCALES = {
    "k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "b": 9, "bn": 9, "billion": 9,
    "t": 12, "tn": 12, "trillion": 12, "萬億": 12, "万亿": 12, "兆": 12,
} | {
    tens + scale: power + zeros
    for (power, tens), (scale, zeros) in product(
        enumerate(("", "十", "百", "千")), {"萬": 4, "万": 4, "億": 8, "亿": 8}.items()
    )
}  # fmt: skip
_CURRENCIES = {
    "USD": "$|us$|us $|usd|dollar|dollars|us dollars|美元|美金",
    "CNY": "cny|rmb|yuan|renminbi|人民幣|人民币",
    "HKD": "hk$|hkd|hk dollars|hong kong dollars|港幣|港币|港元",
    "TWD": "nt$|ntd|twd|nt dollars|new taiwan dollars|新台幣|新臺幣|新台币|台幣|臺幣|台币",
    "EUR": "€|eur|euro|euros|歐元|欧元",
    "GBP": "£|gbp|pounds|英鎊|英镑",
    "JPY": "jpy|yen|日圓|日元|日圆",
}
#: signs of several currencies: beside the name of one of them they are clear, alone they are not
_VAGUE = {"¥": {"CNY", "JPY"}} | {sign: {"CNY", "HKD", "TWD"} for sign in "元圓圆"}
_BEFORE: dict[Bound, str] = {
    ">=": "over|above|more than|at least|≥|≧|>=|>|超過|超过|至少|逾|多於|多于",
    "<=": "nearly|almost|under|below|less than|up to|at most|≤|≦|<=|<|近|將近|将近|接近|不到|少於|少于",
    "~": "about|around|approximately|~|≈|約|约|大約|大约",
}
_AFTER: dict[Bound, str] = {">=": "+|以上", "<=": "以下", "~": "左右"}
#: of the characters read here, those of one script only
_TRADITIONAL, _SIMPLIFIED = set("萬億幣臺圓歐鎊過將於約"), set("万亿币圆欧镑过将于约")


def _one_of(words: Iterable[str]) -> str:
    """A pattern of whole words, the longest first."""
    return "|".join(
        re.escape(word) + ("(?![a-z])" if word[-1].isascii() and word[-1].isalpha() else "")
        for word in sorted(words, key=len, reverse=True)
    )


_ISO = {word: iso for iso, words in _CURRENCIES.items() for word in words.split("|")}
_BOUNDS = {
    word: bound for at in (_BEFORE, _AFTER) for bound, words in at.items() for word in words.split("|")
}

_NUMBER = r"(?:0|[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]*)(?:\.[0-9]{1,12})?"
_DASH = "[-‐‑‒–—−]"
_RANGE = f"(?:{_DASH}|[~〜至到]|to(?![a-z]))"
_CURRENCY = f"(?:{_one_of([*_ISO, *_VAGUE])})"
_MORE = f"({_one_of('|'.join(_BEFORE.values()).split('|'))})"
_LESS = f"({_one_of('|'.join(_AFTER.values()).split('|'))})"
_MONEY = f"({_NUMBER}) ?({_one_of(_SCALES)})?(?: ?{_CURRENCY}){{0,2}}"
_AMOUNT = re.compile(
    f"(?:{_MORE} ?)?(?:{_CURRENCY} ?){{0,2}}(?:{_MORE} ?)?{_MONEY}"
    f"(?: ?{_RANGE} ?(?:{_CURRENCY} ?)?{_MONEY})?(?: ?{_LESS}(?: ?{_CURRENCY})?)?"
)

#: what each code says, a gettext key
MESSAGES = {
    "too_long": f"An amount has at most {_LONGEST} characters.",
    "empty": "No amount is given.",
    "nan": "NaN is no amount of money.",
    "infinite": "An amount of money is finite.",
    "exponent": "Powers of ten are not read: write a scale such as M, B, 萬 or 億.",
    "percent": "A percentage is no amount of money.",
    "ratio": "A multiple or ratio is no amount of money.",
    "negative": "An amount has no minus sign: it is more than zero.",
    "not_a_number": "A number is written like 1,234.5, with commas only between thousands.",
    "two_numbers": "Write one amount, or two with one range sign between them.",
    "unknown_unit": "It holds something that is no scale, currency or bound known here.",
    "two_bounds": "Two different bounds are given.",
    "bound_on_range": "A range takes no bound such as over or about.",
    "two_currencies": "Two different currencies are given.",
    "ambiguous_currency": "The sign is of several currencies: write CNY, JPY, 美元, 人民幣, 港幣 or 新台幣.",
    "mega": "兆 may mean mega here: write 万亿, 萬億, T or trillion.",
    "zero": "An amount is more than zero.",
    "too_large": "An amount is at most ten thousand trillion.",
    "reversed": "A range runs from the lower amount to the higher.",
}
#: why a text is not of the form of an amount: the first that is found
_FAULTS = (
    ("empty", "^$"),
    ("nan", "(?<![a-z])nan(?![a-z])"),
    ("infinite", "(?<![a-z])inf(inity)?(?![a-z])|∞"),
    ("not_a_number", "^[^0-9]*$"),
    ("exponent", r"[0-9]e[+-]?[0-9]|\^"),
    ("percent", "[%‰]|percent|百分"),
    ("ratio", "[0-9] ?([x×](?![a-z])|倍|times)|[0-9] ?[:/] ?[0-9]"),
    ("negative", f"(^[^0-9]*|{_RANGE} ?{_CURRENCY}? ?)({_DASH}|minus|負|负) ?{_CURRENCY}? ?[0-9]"),
    ("two_numbers", f"[0-9]((?!{_RANGE})[^0-9.,])((?!{_RANGE})[^0-9])*[0-9]"),
    ("not_a_number", f"(?<![0-9.,])(?!{_NUMBER}(?![0-9.,]))[0-9.,]"),
    ("two_numbers", f"[0-9][^0-9]*{_RANGE}[^0-9]*[0-9.,]+[^0-9]*{_RANGE}[^0-9]*[0-9]"),
    ("unknown_unit", ""),
)
_EXAMPLES = {
    "en": "800B, $1.5T, 22-24B, over 25B, 8300億",
    "zh-Hant": "8300億、1.5兆、220-240億、超過250億、800B",
    "zh-Hans": "8300亿、1.5万亿、220-240亿、超过250亿、800B",
}


@dataclass(frozen=True)
class Amount:
    """One value, where `high` is None, or a range; `currency` is an ISO code, None where it is not said."""

    low: Decimal
    high: Decimal | None
    bound: Bound
    currency: str | None


class AmountError(ValueError):
    """A text that is no amount: `code` is a stable word, the message one sentence without the text."""

    def __init__(self, code: str) -> None:
        super().__init__(MESSAGES[code])
        self.code = code


def read_amount(text: str, *, script: str = "en") -> Amount:
    """The amount `text` states, from who writes in `script`: zh-Hant, zh-Hans or en.

    A unit after a range's second end alone is of both. Raises AmountError.
    """
    if len(text) > _LONGEST:
        raise AmountError("too_long")
    plain = " ".join("".join(map(_narrow, text)).lower().split())
    found = _AMOUNT.fullmatch(plain)
    if not found:
        raise AmountError(next(code for code, fault in _FAULTS if re.search(fault, plain)))
    before, between, first, scale, second, last_scale, after = found.groups()
    low = _value(first, scale or last_scale)
    high = _value(second, last_scale) if second else None
    bounds = {_BOUNDS[word] for word in (before, between, after) if word}
    signs = set(re.findall(_CURRENCY, plain))
    stated = {_ISO[sign] for sign in signs - set(_VAGUE)}
    faults = {
        "two_bounds": len(bounds) > 1,
        "bound_on_range": bounds and high is not None,
        "two_currencies": len(stated) > 1,
        "ambiguous_currency": any(not stated or not stated <= _VAGUE[sign] for sign in signs & set(_VAGUE)),
        "mega": "兆" in plain and not _is_trillion(set(plain), script),
        "zero": 0 in (low, high),
        "too_large": max(low, high or low) > _LARGEST,
        "reversed": high is not None and high <= low,
    }
    if code := next((code for code, is_so in faults.items() if is_so), None):
        raise AmountError(code)
    return Amount(low, high, next(iter(bounds), "="), next(iter(stated), None))


def accepted_forms(script: str) -> str:
    """Examples of what is read, for a sentence in `script`."""
    return _EXAMPLES.get(script, _EXAMPLES["en"])


def _narrow(character: str) -> str:
    """A full-width character as its plain one; others stay, lest 10² become 102."""
    return normalize("NFKC", character) if east_asian_width(character) == "F" else character


def _value(number: str, scale: str | None) -> Decimal:
    # one literal, for a product would be rounded to the context's digits; formatted, to hold no exponent
    zeros = _SCALES[scale] if scale else 0
    return Decimal(format(Decimal(f"{number.replace(',', '')}e{zeros}"), "f"))


def _is_trillion(characters: set[str], script: str) -> bool:
    if script == "zh-Hant":
        return True
    return script != "zh-Hans" and bool(characters & _TRADITIONAL) and not characters & _SIMPLIFIED
