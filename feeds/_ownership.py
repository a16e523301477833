"""Form 4, 4/A and 5 as EDGAR has them: ownership XML, bare or inside a submission → InsiderTrade rows."""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from feeds import Bad
from feeds._footnotes import is_nonmarket, plan_box, plan_in, plan_unless_noted, truth
from feeds._transaction import LAST_ACCEPTED, Refused, cik_of, day_of, due, priced, symbol_of, transaction
from storage.calendar import NEW_YORK, new_york

#: a filing's XML is a few kB; beyond these it is an attack or an accident
LARGEST = 5 * 2**20
DEEPEST = 64
RELATIONS = {"isOfficer": "officer", "isDirector": "director", "isTenPercentOwner": "ten_percent"}
_LINES = ("nonDerivativeTable/nonDerivativeTransaction", "derivativeTable/derivativeTransaction")
_FIELDS = {
    "security": "securityTitle",
    "day": "transactionDate",
    "code": "transactionCoding/transactionCode",
    "swap": "transactionCoding/equitySwapInvolved",
    "timeliness": "transactionTimeliness",
    "shares": "transactionAmounts/transactionShares",
    "price": "transactionAmounts/transactionPricePerShare",
    "acquired": "transactionAmounts/transactionAcquiredDisposedCode",
    "held": "postTransactionAmounts/sharesOwnedFollowingTransaction",
    "ownership": "ownershipNature/directOrIndirectOwnership",
    "nature": "ownershipNature/natureOfOwnership",
}


@dataclass(frozen=True)
class Document:
    """One ownership XML and what the submission around it says, if there is one."""

    xml: bytes
    accession: str | None = None
    accepted_at: datetime | None = None


def documents(body: bytes) -> Iterator[Document]:
    """Find the ownership documents of a file: bare XML, or EDGAR submissions with a header each."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if b"<XML>" not in body:
        pieces = re.split(rb"(?=<\?xml\s)", body)
        yield from (Document(xml) for xml in pieces if xml.strip())
        return
    for submission in re.split(rb"(?=<SEC-DOCUMENT>)", body):
        header, *parts = submission.split(b"<XML>")
        number = re.search(rb"ACCESSION[ -]NUMBER[:>]\s*(\d{10}-\d\d-\d{6})", header)
        moment = re.search(rb"<ACCEPTANCE-DATETIME>\s*(\d{14})", header)
        for part in parts:
            yield Document(
                part.split(b"</XML>", 1)[0].strip(),
                number[1].decode() if number else None,
                _accepted_at(moment[1].decode()) if moment else None,
            )


def _accepted_at(digits: str) -> datetime | None:
    """The header's acceptance time, which is on New York's clock, as UTC."""
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        return None
    return new_york(moment.date(), moment.time()) if 1990 <= moment.year <= 2033 else None


def read_document(document: Document) -> tuple[list[dict[str, Any]], list[Bad]]:
    """Return the accepted lines of one document and those that were not, each with its reason."""
    try:
        root = _tree(document.xml)
        head = _head(root, document)
        lines = [line for path in _LINES for line in root.iterfind(path)]
        if not lines:
            holdings = head["form"].startswith("3")
            raise Refused("form 3: holdings, no transactions" if holdings else "no transactions")
    except Refused as refusal:
        return [], [Bad(str(refusal), document.xml[:2000].decode("utf-8", "replace"))]
    said = [{name: _of(line, path) for name, path in _FIELDS.items()} for line in lines]
    head["filing"] = _digest(head, lines, said)
    notes = _Notes(root)
    filed = head["known_at"].astimezone(NEW_YORK).date()
    plans = notes.plans(lines, plan_box(_of(root, "aff10b5One"), filed))
    rows: list[dict[str, Any]] = []
    bad: list[Bad] = []
    for number, (line, fields, plan) in enumerate(zip(lines, said, plans, strict=True)):
        try:
            rows.append(_row(line, fields, head, notes) | {"line": number, "plan": plan})
        except Refused as refusal:
            bad.append(Bad(str(refusal), json.dumps([head["filing"], number, fields])))
    return rows, bad


def _row(line: Element, fields: dict[str, str], head: dict[str, Any], notes: "_Notes") -> dict[str, Any]:
    """One accepted line. Raises Refused."""
    row = transaction(fields, head["known_at"])
    price_notes = notes.of(line.find(_FIELDS["price"]))
    return (
        row
        | priced(fields["price"], row["shares"], price_notes)
        | head
        | {
            "derivative": _is_derivative(line),
            "late": fields["timeliness"] == "L" or head["form"].startswith("5"),
            "swap": bool(truth(fields["swap"])),
            "nonmarket": is_nonmarket(f"{notes.of(line)} {notes.remarks}"),
        }
    )


def _is_derivative(line: Element) -> bool:
    return line.tag == "derivativeTransaction"


class _Notes:
    """The footnotes and remarks of a document."""

    def __init__(self, root: Element) -> None:
        self._notes = {note.get("id", ""): _text(note) for note in root.iterfind("footnotes/footnote")}
        self.remarks = _of(root, "remarks")

    def of(self, node: Element | None) -> str:
        """The footnotes `node` or anything in it refers to."""
        marks = node.iter("footnoteId") if node is not None else ()
        return " ".join(self._notes.get(mark.get("id", ""), "") for mark in marks)

    def plans(self, lines: list[Element], box: bool | None) -> list[bool | None]:
        """Whether each line was under a 10b5-1 plan; None where the filing does not say."""
        notes = [plan_in(self.of(line)) for line in lines]
        rest = plan_unless_noted(self.remarks, box, noted=True in notes)
        return [rest if said is None else said for said in notes]


def _tree(xml: bytes) -> Element:
    """Parse `xml` piece by piece, so that depth is refused before it is built."""
    if len(xml) > LARGEST:
        raise Refused(f"the XML is larger than {LARGEST >> 20} MB")
    depth = 0
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(xml), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            root = element if root is None else root
            if depth > DEEPEST:
                raise Refused("the XML is nested too deep")
    except DefusedXmlException:
        raise Refused("the XML has a document type, which no filing has") from None
    except (ParseError, ValueError, LookupError):  # the latter two: an encoding nobody knows
        raise Refused("malformed XML") from None
    if root is None or root.tag != "ownershipDocument":
        raise Refused("not an ownership document")
    return root


def _text(node: Element | None) -> str:
    return " ".join("".join(node.itertext()).split()) if node is not None else ""


def _of(node: Element, path: str) -> str:
    return _text(node.find(path))


def _head(root: Element, document: Document) -> dict[str, Any]:
    """What all lines of a document share."""
    form = _of(root, "documentType")
    if form not in ("3", "3/A", "4", "4/A", "5", "5/A"):
        raise Refused("not a Form 3, 4 or 5")
    known_at = document.accepted_at or _assumed_known(root)
    if known_at is None:
        raise Refused("nothing says when it was filed")
    # 36 CIKs are what the column holds; no filing has as many owners
    owners = sorted({_owner(node) for node in root.iterfind("reportingOwner")})[:36]
    if not owners:
        raise Refused("no reporting owner")
    return {
        "known_at": known_at,
        "source": "sec_form4",
        "accession": document.accession,
        "form": form,
        "original_filed": day_of(_of(root, "dateOfOriginalSubmission")),
        "symbol": symbol_of(_of(root, "issuer/issuerTradingSymbol")),
        "issuer_cik": cik_of(_of(root, "issuer/issuerCik")),
        "issuer_name": _of(root, "issuer/issuerName")[:200],
        "owner_ciks": " ".join(cik for cik, _ in owners),
        "owner_names": "; ".join(name for _, name in owners)[:1000],
        "role": _role(root),
        "known_quality": "A" if document.accepted_at else "B",
    }


def _assumed_known(root: Element) -> datetime | None:
    """22:00 New York of the newest signature, else of the second session after the period."""
    signed = [day_of(_text(node)) for node in root.iterfind("ownerSignature/signatureDate")]
    newest = max((day for day in signed if day), default=None)
    period = day_of(_of(root, "periodOfReport"))
    return new_york(newest, LAST_ACCEPTED) if newest else due(period) if period else None


def _owner(node: Element) -> tuple[str, str]:
    return cik_of(_of(node, "reportingOwnerId/rptOwnerCik")), _of(node, "reportingOwnerId/rptOwnerName")


def _role(root: Element) -> str:
    """The closest relation any of the owners has to the issuer."""
    for tag, role in RELATIONS.items():
        flags = root.iterfind(f"reportingOwner/reportingOwnerRelationship/{tag}")
        if any(truth(_text(flag)) for flag in flags):
            return role
    return "other"


def _digest(head: dict[str, Any], lines: list[Element], said: list[dict[str, str]]) -> str:
    """What makes a filing the same filing: who, whose shares and which lines, not how it is wrapped."""
    who = [head[name] for name in ("form", "symbol", "issuer_cik", "owner_ciks")]
    what = [[_is_derivative(line), *fields.values()] for line, fields in zip(lines, said, strict=True)]
    content = json.dumps([who, str(head["original_filed"]), what])
    return hashlib.sha256(content.encode()).hexdigest()
