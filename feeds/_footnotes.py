"""What the free text of a Form 4 says: a price, a 10b5-1 plan, a deal outside the open market."""

import re
from datetime import date
from decimal import Decimal

#: from here on the form has a box that says whether a 10b5-1 plan was behind it
PLAN_BOX_SINCE = date(2023, 4, 1)
_TRUTH = {"1": True, "true": True, "0": False, "false": False}
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


def plan_unless_noted(remarks: str, box: bool | None, *, noted: bool) -> bool | None:
    """What a filing says of a plan for the lines whose own footnotes say nothing of it.

    The remarks decide, then the box on the first page. The box is about the whole document: where some
    lines have a footnote about a plan (`noted`), a ticked box says nothing of the others.
    """
    said = plan_in(remarks)
    if box and not said and noted:
        return None
    return True if said or box else False if False in (said, box) else None


def plan_box(text: str, filed: date) -> bool | None:
    """The 10b5-1 box as filed on a date of New York; before the box existed an empty one says nothing."""
    ticked = truth(text)
    return ticked if ticked or filed >= PLAN_BOX_SINCE else None


def truth(text: str) -> bool | None:
    """Whether a box is ticked: filings write 0, 1, true and false."""
    return _TRUTH.get(text.lower())


def is_nonmarket(text: str) -> bool:
    """Whether `text` speaks of a private deal, an offering, a plan purchase or a distribution."""
    return _NONMARKET.search(text) is not None
