"""A quarterly insider set → InsiderTrade rows: submissions, owners and footnotes joined to each line.

The lines are streamed twice: first to see which filings have a footnote about a plan, then to make the rows.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa

from feeds import Bad, rows_to_table
from feeds._footnotes import is_nonmarket, plan_box, plan_in, plan_unless_noted, truth
from feeds._form345_tables import Cells, Tables
from feeds._transaction import LAST_ACCEPTED, Refused, cik_of, day_of, priced, symbol_of, transaction
from storage.calendar import new_york
from storage.tables import InsiderTrade

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_SUBMISSION = (
    "ACCESSION_NUMBER",
    "FILING_DATE",
    "DOCUMENT_TYPE",
    "ISSUERCIK",
    "ISSUERNAME",
    "ISSUERTRADINGSYMBOL",
)
_SUBMISSION_MORE = ("DATE_OF_ORIG_SUB", "REMARKS", "AFF10B5ONE")
_OWNER = ("ACCESSION_NUMBER", "RPTOWNERCIK", "RPTOWNERNAME", "RPTOWNER_RELATIONSHIP")
_NOTE = ("ACCESSION_NUMBER", "FOOTNOTE_ID", "FOOTNOTE_TXT")
_FIELDS = {
    "security": "SECURITY_TITLE",
    "day": "TRANS_DATE",
    "code": "TRANS_CODE",
    "shares": "TRANS_SHARES",
    "price": "TRANS_PRICEPERSHARE",
    "acquired": "TRANS_ACQUIRED_DISP_CD",
}
_FIELDS_MORE = {
    "swap": "EQUITY_SWAP_INVOLVED",
    "timeliness": "TRANS_TIMELINESS",
    "held": "SHRS_OWND_FOLWNG_TRANS",
    "ownership": "DIRECT_INDIRECT_OWNERSHIP",
    "nature": "NATURE_OF_OWNERSHIP",
}
_PRICE_NOTES = "TRANS_PRICEPERSHARE_FN"
#: the non-derivative table first, as lines are numbered
_TABLES = {"NONDERIV_TRANS": False, "DERIV_TRANS": True}
_FORMS = frozenset({"3", "3/A", "4", "4/A", "5", "5/A"})
_ROLES = {"officer": "officer", "director": "director", "tenpercentowner": "ten_percent"}
#: rows made into a table at a time
_BATCH = 10_000


def read_set(tables: Tables) -> tuple[pa.Table, list[Bad]]:
    """The accepted lines of a set as an InsiderTrade table, and the others with their reasons."""
    joined = _Set(tables)
    bad: list[Bad] = []
    rows = joined.accepted(bad)
    parts: list[pa.Table] = []
    while batch := list(islice(rows, _BATCH)):
        parts.append(rows_to_table(InsiderTrade, batch))
    return pa.concat_tables(parts or [rows_to_table(InsiderTrade, [])]), [*bad, *tables.bad]


class _Set:
    """Everything of a set but its lines, by accession number."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._owners: dict[str, list[Cells]] = defaultdict(list)
        for accession, *owner in tables.rows("REPORTINGOWNER", _OWNER):
            self._owners[accession].append(tuple(owner))
        self._notes = {(cells[0], cells[1]): cells[2] for cells in tables.rows("FOOTNOTES", _NOTE)}
        self._filings = {
            cells[0]: cells for cells in tables.rows("SUBMISSION", _SUBMISSION, _SUBMISSION_MORE)
        }
        before = len(tables.bad)
        self._noted = {
            accession for _, accession, _, notes, _ in self._lines() if plan_in(self._said(accession, notes))
        }
        # lines that cannot be split were met in that pass, and will be again
        del tables.bad[before:]

    def accepted(self, bad: list[Bad]) -> Iterator[dict[str, Any]]:
        """Yield the rows of the lines that are accepted; the others are appended to `bad`."""
        numbers: dict[str, int] = defaultdict(int)
        last, head = "", {}
        for derivative, accession, fields, notes, price_notes in self._lines():
            number = numbers[accession]
            numbers[accession] += 1
            try:
                if accession != last:
                    head = self._head(accession)
                    last = accession
                yield self._row(head, fields, notes, price_notes) | {"line": number, "derivative": derivative}
            except Refused as refusal:
                bad.append(Bad(str(refusal), "\t".join((accession, str(number), *fields.values()))))

    def _lines(self) -> Iterator[tuple[bool, str, dict[str, str], str, str]]:
        """Each line: whether derivative, accession, fields as texts, ids of its footnotes, of its price's."""
        for table, derivative in _TABLES.items():
            marks = [each for each in self._tables.notes_columns(table) if each != _PRICE_NOTES]
            others = (*_FIELDS_MORE.values(), _PRICE_NOTES, *marks)
            names = (*_FIELDS, *_FIELDS_MORE)
            for cells in self._tables.rows(table, ("ACCESSION_NUMBER", *_FIELDS.values()), others):
                fields = dict(zip(names, cells[1:], strict=False))
                price_notes = cells[len(names) + 1]
                yield derivative, cells[0], fields, " ".join(cells[len(names) + 1 :]), price_notes

    def _said(self, accession: str, marks: str) -> str:
        """The texts of the footnotes that `marks` names: F1, F2, …"""
        if not marks or marks.isspace():
            return ""
        return " ".join(self._notes.get((accession, mark), "") for mark in re.findall(r"\w+", marks))

    def _head(self, accession: str) -> dict[str, Any]:
        """What all lines of a filing share, and its remarks; `plan` is of lines without a footnote on it.

        Raises Refused.
        """
        if accession not in self._filings:
            raise Refused("its filing is not among the submissions")
        _, filing_date, form, cik, issuer, symbol, original, remarks, box = self._filings[accession]
        filed = day_of(iso(filing_date))
        if filed is None:
            raise Refused("the filing date is not a date")
        if form not in _FORMS:
            raise Refused("not a Form 3, 4 or 5")
        # 36 CIKs are what the column holds; no filing has as many owners
        owners = sorted({(cik_of(owner[0]), owner[1]) for owner in self._owners[accession]})[:36]
        if not owners:
            raise Refused("no reporting owner")
        rest = plan_unless_noted(remarks, plan_box(box, filed), noted=accession in self._noted)
        return {
            "remarks": remarks,
            "plan": rest,
            "known_at": new_york(filed, LAST_ACCEPTED),
            "known_quality": "B",
            "source": "sec_form345",
            "filing": hashlib.sha256(f"form345 {accession}".encode()).hexdigest(),
            "accession": accession[:20],
            "form": form,
            "original_filed": day_of(iso(original)),
            "symbol": symbol_of(symbol),
            "issuer_cik": cik_of(cik),
            "issuer_name": issuer[:200],
            "owner_ciks": " ".join(cik for cik, _ in owners),
            "owner_names": "; ".join(name for _, name in owners)[:1000],
            "role": _role(owner[2] for owner in self._owners[accession]),
        }

    def _row(
        self, head: dict[str, Any], fields: dict[str, str], notes: str, price_notes: str
    ) -> dict[str, Any]:
        """One accepted line. Raises Refused."""
        accession, known_at = head["accession"], head["known_at"]
        fields = fields | {"day": iso(fields["day"])}
        fields |= {name: plain(fields[name]) for name in ("shares", "price", "held")}
        row = transaction(fields, known_at)
        said = self._said(accession, notes)
        planned = plan_in(said)
        row |= priced(fields["price"], row["shares"], self._said(accession, price_notes)) | head
        remarks = row.pop("remarks")
        return row | {
            "plan": row["plan"] if planned is None else planned,
            "late": fields["timeliness"] == "L" or head["form"].startswith("5"),
            "swap": bool(truth(fields["swap"])),
            "nonmarket": is_nonmarket(f"{said} {remarks}"),
        }


def iso(text: str) -> str:
    """`02-JAN-2025` as `2025-01-02`; any other text as it is."""
    day, _, rest = text.partition("-")
    month, _, year = rest.partition("-")
    if month.upper() in _MONTHS and day.isascii() and day.isdigit():
        return f"{year}-{_MONTHS.index(month.upper()) + 1:02}-{day.zfill(2)}"
    return text


def plain(text: str) -> str:
    """A number written with an exponent without one: the sets come from a program's floats."""
    found = re.fullmatch(r"(-?\d{1,18}(?:\.\d{0,15})?)[eE]([+-]?\d{1,2})", text, re.ASCII)
    if not found:
        return text
    return format(Decimal(found[0]), "f")


def _role(relations: Iterator[str]) -> str:
    """The closest relation any of the owners has to the issuer; the column lists them with commas."""
    said = {part.strip().lower() for text in relations for part in text.split(",")}
    return next((role for word, role in _ROLES.items() if word in said), "other")
