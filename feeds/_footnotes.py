"""What the free text of a Form 4 says: a price, a 10b5-1 plan, a deal outside the open market."""

import re
from decimal import Decimal

_MONEY = r"\$\s?(\d{1,9}(?:,\d{3})*(?:\.\d{1,8})?)"
_AVERAGE = re.compile(rf"weighted[\s-]+average[^.;$]{{0,80}}(?:of|was|is|:|at)\s+{_MONEY}", re.IGNORECASE)
_RANGE = re.compile(
    rf"rang(?:e|es|ed|ing)\b[^.;$]{{0,60}}{_MONEY}[^.;$]{{0,20}}?(?:to|and|-|–|—)\s*{_MONEY}", re.I
)
_PLAN = re.compile(r"\b10b[-‐‑–—\s]?5[-‐‑–—\s]?1\b", re.IGNORECASE)
_NO_PLAN = re.compile(r"\bnot\b[^.;]{0,60}\b10b[-‐‑–—\s]?5[-‐‑–—\s]?1\b", re.IGNORECASE)
_NONMARKET = re.compile(
    r"\bprivate|\bPIPE\b|underwrit|\boffering|subscription|registered direct|\bDRIP\b|dividend reinvest"
    r"|\bESPP\b|401\(k\)|pro[\s-]rata|distribution in kind",
    re.IGNORECASE,
)


def price_in(text: str) -> Decimal | None:
    """USD a share that `text` states: a weighted average, else the middle of a stated range."""
    average = _AVERAGE.search(text)
    if average:
        return _number(average[1])
    between = _RANGE.search(text)
    return (_number(between[1]) + _number(between[2])) / 2 if between else None


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def plan_in(text: str) -> bool | None:
    """Whether `text` says the trade was under a 10b5-1 plan (True), was not (False), or neither."""
    if _NO_PLAN.search(text):
        return False
    return True if _PLAN.search(text) else None


def is_nonmarket(text: str) -> bool:
    """Whether `text` speaks of a private deal, an offering, a plan purchase or a distribution."""
    return _NONMARKET.search(text) is not None
