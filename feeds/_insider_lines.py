"""Form 4 lines somebody else parsed, as Parquet → InsiderTrade rows.

Such a line lacks its accession number, its acceptance time, its security, its footnotes and the boxes that
say who files: it is taken as known at 22:00 New York two sessions after the trade (quality B), acquired or
disposed of follows from the code, an organisation without a title is taken for a 10 % owner, and the line's
own content stands for the filing.
"""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from feeds import Bad
from feeds._transaction import Refused, cik_of, day_of, due, priced, symbol_of, transaction

COLUMNS = {
    "issuer_name": "issuer",
    "reporting_owner": "owner",
    "reporting_owner_cik": "cik",
    "reporting_owner_position": "position",
    "transaction_date": "day",
    "transaction_shares": "shares",
    "transaction_price": "price",
    "transaction_type": "code",
    "shares_after_transaction": "held",
    "ticker": "symbol",
}
#: what a code does to the holding; the others can be either, and A is what most of them are
DISPOSES = frozenset("SFDG")
NOT_STATED = {"security": "", "ownership": "", "nature": ""}
#: only officers, directors and 10 % owners file, and an organisation is hardly either of the former; by its
#: name is an assumption
_ORGANISATION = re.compile(
    r"\b(inc|corp(oration)?|company|l\.?p|l\.?l\.?c|llp|ltd|limited|plc|[nb]\.?v|gmbh|funds?|trust|partners(hip)?"
    r"|capital|holdings?|group|management|advis[eo]rs|investments?|investors|foundation|endowment|insurance"
    r"|ventures|financial|associates)\b|\b(co|bank)\b\.?\s*(/\w+/)?$",
    re.IGNORECASE,
)
#: a line this much newer than 99.9 % of its file is a typing error in the year
AHEAD_DAYS = 365


def read_lines(body: bytes) -> tuple[list[dict[str, Any]], list[Bad]]:
    """Return the accepted lines of a Parquet file and those that were not, each with its reason."""
    try:
        table = pq.read_table(io.BytesIO(body), columns=list(COLUMNS))
        columns = [table[name].cast(pa.string()).to_pylist() for name in COLUMNS]
    except (pa.ArrowException, OSError, KeyError):
        return [], [Bad("not a Parquet file of insider lines", body[:8].decode("latin-1"))]
    rows: list[dict[str, Any]] = []
    bad: list[Bad] = []
    seen: set[str] = set()
    for values, fields in _lines(columns):
        content = json.dumps(values)
        filing = hashlib.sha256(content.encode()).hexdigest()
        try:
            if filing in seen:
                raise Refused("the same line twice")
            rows.append(_row(fields) | {"filing": filing})
        except Refused as refusal:
            bad.append(Bad(str(refusal), content))
        seen.add(filing)
    return rows, bad


def _lines(columns: list[list[str | None]]) -> Iterator[tuple[tuple[str | None, ...], dict[str, str]]]:
    """Each line's values and the texts they are; a date far beyond all others is no date."""
    days = sorted(day for text in columns[4] if (day := day_of((text or "")[:10])))
    last = days[int(0.999 * (len(days) - 1))].toordinal() + AHEAD_DAYS if len(days) >= 100 else None
    for values in zip(*columns, strict=True):
        fields = dict(zip(COLUMNS.values(), (value or "" for value in values), strict=True))
        fields["day"] = fields["day"][:10]
        day = day_of(fields["day"])
        fields["ahead"] = "yes" if last and day and day.toordinal() > last else ""
        yield values, fields


def _row(fields: dict[str, str]) -> dict[str, Any]:
    day = day_of(fields["day"])
    if day is None:
        raise Refused("the transaction date is not a date")
    if fields["ahead"]:
        raise Refused("the transaction date lies more than a year after all others")
    known_at = due(day)
    fields |= NOT_STATED | {"acquired": "D" if fields["code"] in DISPOSES else "A"}
    row = transaction(fields, known_at)
    return (
        row
        | priced(fields["price"], row["shares"])
        | {
            "known_at": known_at,
            "source": "sec_form4",
            "line": 0,
            "form": "4",
            "symbol": symbol_of(fields["symbol"]),
            "issuer_cik": "",
            "issuer_name": fields["issuer"][:200],
            "owner_ciks": cik_of(fields["cik"]),
            "owner_names": fields["owner"][:1000],
            "role": _role(fields["position"], fields["owner"]),
            "derivative": False,
            "known_quality": "B",
        }
    )


def _role(position: str, owner: str) -> str:
    """The relation a position says. A title is an officer's; a person without one may be anybody."""
    text = position.lower()
    if not text:
        return "ten_percent" if _ORGANISATION.search(owner) else "other"
    if "10%" in text or "10 %" in text or "ten percent" in text:
        return "ten_percent"
    return "director" if text in ("director", "dir", "former director") else "officer"
