"""What exactly a valuation or a revenue counts: figures of different bases are never divided or averaged.

Where a source does not say it, the basis is read from what it does say, and else it is `unstated`.
"""

import re

from storage.fact_tables import REVENUE

#: of a valuation, all of equity but `ev`
VALUATIONS = (
    "market", "secondary", "round", "pre_money", "post_money", "ipo_target", "analyst_target", "ev",
    "hypothetical", "unstated",
)  # fmt: skip
#: of a revenue
REVENUES = ("fiscal", "trailing", "forecast", "run_rate", "unstated")
BASES = (*dict.fromkeys((*VALUATIONS, *REVENUES)),)


_OF_VALUATIONS = (
    ("hypothetical", r"hypothe|scenario"),
    ("secondary", r"secondary|tender|insider sale"),
    ("ipo_target", r"\bipo\b|target ipo|list"),
    ("pre_money", r"pre-?money"),
    ("post_money", r"post-?money"),
    ("round", r"round|pre-?close|raise"),
)


def basis_of(metric: str, kind: str, words: str) -> str:
    """The basis of a fact that does not name one; `words` are its period and note."""
    if metric in REVENUE:
        if "run_rate" in metric or re.search(r"run-?rate|annuali[sz]ed", words, re.IGNORECASE):
            return "run_rate"
        if re.search(r"trailing|ttm", words, re.IGNORECASE):
            return "trailing"
        return "forecast" if kind == "forecast" or metric == "forecast_revenue" else "fiscal"
    if metric == "market_cap":
        return "market"
    if metric != "valuation":
        return "unstated"
    if kind == "forecast":
        return "analyst_target"
    found = (basis for basis, pattern in _OF_VALUATIONS if re.search(pattern, words, re.IGNORECASE))
    return next(found, "unstated")
