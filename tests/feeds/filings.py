"""Builders of made-up Form 4 filings, and what the feed reads in them."""

from collections import Counter
from datetime import UTC, datetime

from sqlalchemy import Engine

from feeds import Parsed, Raw
from feeds.sec_form4 import parse
from storage.intake import Account, store
from storage.tables import InsiderTrade
from storage.tape import TapeStore

ACCESSION = "0000000001-24-000001"


def line(code="P", acquired="A", shares="100", price="10", day="2024-03-01", table="nonDerivative", **more):
    """One transaction as the form has it; `price_note` and `note` refer to footnotes."""
    marks = {
        name: f'<footnoteId id="{more[name]}"/>' if name in more else "" for name in ("price_note", "note")
    }
    value = "" if price is None else f"<value>{price}</value>"
    return f"""
    <{table}Transaction>
      <securityTitle><value>{more.get("security", "Common Stock")}</value>{marks["note"]}</securityTitle>
      <transactionDate><value>{day}</value></transactionDate>
      <transactionCoding><transactionFormType>4</transactionFormType>
        <transactionCode>{code}</transactionCode>
        <equitySwapInvolved>{more.get("swap", "0")}</equitySwapInvolved></transactionCoding>
      <transactionTimeliness><value>{more.get("timeliness", "")}</value></transactionTimeliness>
      <transactionAmounts>
        <transactionShares><value>{shares}</value></transactionShares>
        <transactionPricePerShare>{value}{marks["price_note"]}</transactionPricePerShare>
        <transactionAcquiredDisposedCode><value>{acquired}</value></transactionAcquiredDisposedCode>
      </transactionAmounts>
      <postTransactionAmounts>
        <sharesOwnedFollowingTransaction><value>1000</value></sharesOwnedFollowingTransaction>
      </postTransactionAmounts>
      <ownershipNature>
        <directOrIndirectOwnership><value>{more.get("ownership", "D")}</value></directOrIndirectOwnership>
      </ownershipNature>
    </{table}Transaction>"""


def owner(cik="11", name="Doe Jane", **relations):
    flags = "".join(f"<{tag}>{value}</{tag}>" for tag, value in (relations or {"isOfficer": "1"}).items())
    return f"""<reportingOwner><reportingOwnerId><rptOwnerCik>{cik}</rptOwnerCik>
      <rptOwnerName>{name}</rptOwnerName></reportingOwnerId>
      <reportingOwnerRelationship>{flags}</reportingOwnerRelationship></reportingOwner>"""


def xml(*lines, form="4", owners=None, signed="2024-03-04", symbol="ACME", notes=None, box=None, **more):
    """A whole ownership document."""
    tables = {
        name: "".join(text for text in lines if f"<{name}T" in text)
        for name in ("nonDerivative", "derivative")
    }
    footnotes = "".join(f'<footnote id="{key}">{text}</footnote>' for key, text in (notes or {}).items())
    return f"""<?xml version="1.0"?>
    <ownershipDocument><documentType>{form}</documentType><periodOfReport>2024-03-01</periodOfReport>
    {f"<dateOfOriginalSubmission>{more['original']}</dateOfOriginalSubmission>" if "original" in more else ""}
    <issuer><issuerCik>1234</issuerCik><issuerName>{more.get("issuer", "Acme &amp; Co")}</issuerName>
    <issuerTradingSymbol>{symbol}</issuerTradingSymbol></issuer>
    {"".join(owners or [owner()])}
    {"" if box is None else f"<aff10b5One>{box}</aff10b5One>"}
    <nonDerivativeTable>{tables["nonDerivative"]}</nonDerivativeTable>
    <derivativeTable>{tables["derivative"]}</derivativeTable>
    <footnotes>{footnotes}</footnotes><remarks>{more.get("remarks", "")}</remarks>
    {f"<ownerSignature><signatureDate>{signed}</signatureDate></ownerSignature>" if signed else ""}
    </ownershipDocument>""".encode()


def wrapped(document: bytes, accepted="20240304163000", accession=ACCESSION) -> bytes:
    """The document inside EDGAR's full submission."""
    head = f"<SEC-DOCUMENT>{accession}.txt : 20240304\n<SEC-HEADER>\n<ACCEPTANCE-DATETIME>{accepted}\n"
    head += f"ACCESSION NUMBER:\t\t{accession}\n</SEC-HEADER>\n<DOCUMENT>\n<TYPE>4\n<TEXT>\n<XML>\n"
    return head.encode() + document + b"\n</XML>\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n"


def read(body: bytes) -> tuple[list[dict], Counter]:
    """Rows and counted reasons; every row is accounted for."""
    parsed = parse(Raw("x", body))
    assert parsed.received == parsed.accepted_rows + len(parsed.bad)
    assert parsed.received > 0
    return parsed.accepted[InsiderTrade].to_pylist(), Counter(bad.reason for bad in parsed.bad)


def one(body: bytes) -> dict:
    rows, reasons = read(body)
    assert len(rows) == 1, reasons
    return rows[0]


def keep(engine: Engine, tapes: TapeStore, name: str, body: bytes) -> Account:
    parsed: Parsed = parse(Raw(name, body))
    return store(
        engine, tapes, feed="sec_form4", name=name, body=body, accepted=dict(parsed.accepted),
        bad=[(bad.reason, bad.row) for bad in parsed.bad], now=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
