"""A list of private companies with their last known valuations, as CB Insights publishes it: CSV.

The file does not say of when it is; its name does, as in `…_2022-03.csv`.
"""

import re
from collections import Counter

import pyarrow as pa

from feeds import FeedError, Parsed, Raw
from feeds._amounts import AmountError, read_amount
from feeds._columns import Layout, open_rows
from feeds._fact_lines import digest_of, span
from feeds._values import words
from storage.tables import Fact

PUBLISHER = "CB Insights"
_LAYOUT = Layout(("company", "valuation", "country"))
_MONTH = re.compile(r"(?<!\d)(20\d\d-(?:0[1-9]|1[0-2]))(?!\d)")


def is_unicorns(text: str) -> bool:
    """Whether `text` begins with such a list's header."""
    header = {name.strip().lower() for name in text.partition("\n")[0].split(",")}
    return set(_LAYOUT.needs) <= header


def read_unicorns(raw: Raw) -> Parsed:
    """One valuation a company; of companies of one name each gets its country added."""
    found = _MONTH.search(raw.name)
    if found is None:
        raise FeedError(
            f"{raw.name} does not say of which month it is: name it like unicorns_2022-03.csv.",
            permanent=True,
        )
    rows = open_rows(raw, (_LAYOUT,))
    begins, known = span(found[1], "the month in its name")
    names = rows.read("company", words, pa.string())
    values = rows.read("valuation", _usd, pa.string())
    countries = rows.read("country", words, pa.string())
    counts = Counter(names.to_pylist())
    entities = [
        f"{name} ({country})"[:60] if counts[name] > 1 else name
        for name, country in zip(names.to_pylist(), countries.to_pylist(), strict=True)
    ]
    digests = [
        digest_of([PUBLISHER, found[1], *each]) for each in zip(entities, values.to_pylist(), strict=True)
    ]
    columns = {
        "event_at": begins, "known_at": known, "source": "facts",
        "digest": pa.array(digests), "ref": pa.array([f"U{each[:7]}" for each in digests]),
        "entity": pa.array(entities, pa.string()), "metric": "valuation", "value": values, "bound": "=",
        "unit": "money", "currency": "USD", "as_of": found[1], "basis": "unstated", "kind": "reported",
        "publisher": PUBLISHER, "published": found[1],
    }  # fmt: skip
    return rows.parsed(Fact, columns)


def _usd(text: str) -> str:
    """US dollars, from a text like $180B."""
    try:
        amount = read_amount(text)
    except AmountError as error:
        raise ValueError(str(error)) from None
    if amount.high is not None or amount.bound != "=" or amount.currency != "USD":
        raise ValueError("is not one amount of US dollars")
    return f"{amount.low:f}"
