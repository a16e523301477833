"""What cannot become a row says why: broken lines, broken documents, other people's lines."""

import io
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filings import line, one, read, wrapped, xml


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line("P", "D"), "the code and acquired or disposed of disagree"),
        (line("S", "A"), "the code and acquired or disposed of disagree"),
        (line("Q"), "unknown transaction code"),
        (line(acquired=""), "neither acquired nor disposed of"),
        (line(shares="-5"), "implausible number of shares"),
        (line(shares="1000000000000"), "implausible number of shares"),
        (line(shares=""), "the number of shares is not a number"),
        (line(shares="1e3"), "the number of shares is not a number"),
        (line(shares="9" * 5000), "the number of shares is not a number"),
        (line(price="N/A"), "the price is not a number"),
        (line(price="NaN"), "the price is not a number"),
        (line(price="-1"), "implausible value"),
        (line(shares="999999999", price="99999"), "implausible value"),
        (line(day="2024-03-05"), "the transaction date is after the filing"),
        (line(day="2023-03-04"), "the transaction is more than a year older than the filing"),
        (line(day="0023-03-01"), "the transaction date is not a date"),
        (line(day="2024-02-30"), "the transaction date is not a date"),
    ],
)
def test_a_bad_line_is_kept_aside_with_its_reason_and_the_good_one_stays(bad: str, reason: str) -> None:
    rows, reasons = read(xml(line(), bad))
    assert [row["line"] for row in rows] == [0]
    assert reasons == {reason: 1}


HAS_DTD = "the XML has a document type, which no filing has"
NO_FILING = "not an ownership document"
TOO_DEEP = "the XML is nested too deep"
GOOD = xml(line(note="F1"), line("S", "D"), notes={"F1": "x"})
DTD = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
XXE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def with_dtd(dtd: bytes) -> bytes:
    return GOOD.replace(b"<ownershipDocument>", dtd + b"<ownershipDocument>").replace(b"Acme", b"&c;")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\x00\xff\xfe", NO_FILING),
        (b'{"a": 1}', NO_FILING),
        (b"<html><body>Your request looks automated</body></html>", NO_FILING),
        (
            b"<SEC-DOCUMENT>0000000001-99-000001.txt\n<TEXT>\nFORM 4 typed by hand",
            NO_FILING,
        ),
        (with_dtd(DTD), HAS_DTD),
        (with_dtd(XXE), HAS_DTD),
        (
            with_dtd(b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">'),
            HAS_DTD,
        ),
        (b"<a><ownershipDocument/></a>", NO_FILING),
        (
            GOOD.replace(b"<ownershipDocument>", b'<ownershipDocument xmlns="urn:x">'),
            NO_FILING,
        ),
        (GOOD.replace(b"<nonDerivativeTable>", b"<nonDerivativeTable ativeTable>"), "malformed XML"),
        (GOOD.replace(b"&amp;", b"&"), "malformed XML"),
        (GOOD.replace(b"Jane", b"Jos\xe9"), "malformed XML"),
        (GOOD.replace(b'"1.0"?', b'"1.0" encoding="klingon"?'), "malformed XML"),
        (b"<ownershipDocument>" + b"<a>" * 100_000, TOO_DEEP),
        (
            b"<ownershipDocument>" + b"<a>" * 65 + b"</a>" * 65 + b"</ownershipDocument>",
            TOO_DEEP,
        ),
        (GOOD.replace(b">x<", b">" + b"x" * 10_000_000 + b"<"), "the XML is larger than 5 MB"),
        (GOOD.replace(b"<documentType>4<", b"<documentType>8-K<"), "not a Form 3, 4 or 5"),
        (GOOD.replace(b">11<", b">eleven<"), "a CIK is not a number"),
        (GOOD.replace(b">1234<", b"><"), "a CIK is not a number"),
        (xml(line(), symbol="ААPL"), "the ticker symbol cannot be read"),
        (xml(line(), owners=["<x/>"]), "no reporting owner"),
        (xml(form="3"), "form 3: holdings, no transactions"),
        (xml(), "no transactions"),
    ],
)
def test_a_document_that_cannot_be_read_counts_once_with_its_reason(body: bytes, reason: str) -> None:
    assert read(body) == ([], {reason: 1})
    if b"ownershipDocument" in body:
        assert read(wrapped(body)) == ([], {reason: 1})


def test_a_filing_cut_off_anywhere_is_accounted_for() -> None:
    whole = wrapped(GOOD)
    for end in range(0, len(whole), 97):
        rows, reasons = read(whole[:end])
        assert len(rows) + sum(reasons.values()) in (1, 2)
        assert not rows or b"</ownershipDocument>" in whole[:end]


def test_the_same_filing_in_latin_1_that_says_so_is_read() -> None:
    body = GOOD.replace(b'"1.0"?', b'"1.0" encoding="ISO-8859-1"?').replace(b"Jane", b"Jos\xe9")
    assert read(body)[0][0]["owner_names"] == "Doe José"
    assert read(b"\xef\xbb\xbf" + GOOD)[0]


def parquet(*lines: dict) -> bytes:
    """Lines as somebody else parsed them; every column is text."""
    usual = {
        "issuer_name": "Acme", "reporting_owner": "Doe", "reporting_owner_cik": "0000000011",
        "reporting_owner_position": "CEO", "transaction_date": "2024-03-01", "transaction_shares": "100",
        "transaction_price": "10", "transaction_type": "P", "shares_after_transaction": "1000",
        "ticker": "ACME",
    }  # fmt: skip
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([usual | more for more in lines]), file)
    return file.getvalue()


def test_a_parsed_line_is_assumed_known_two_sessions_after_the_trade() -> None:
    row = one(parquet({"ticker": "NA", "transaction_price": None}))
    # Friday 1 March, Monday, Tuesday 5 March at 22:00 New York
    assert row["known_at"] == datetime(2024, 3, 6, 3, 0, tzinfo=UTC)
    assert (row["known_quality"], row["symbol"]) == ("B", "NA")
    assert "accession" not in row
    assert (row["price"], row["usd_e4"]) == (None, None)


@pytest.mark.parametrize(
    ("code", "acquired"), [*((code, "A") for code in "PAMJCX"), *((code, "D") for code in "SFDG")]
)
def test_the_code_says_whether_a_parsed_line_was_acquired(code: str, acquired: str) -> None:
    assert one(parquet({"transaction_type": code}))["acquired"] == acquired


@pytest.mark.parametrize(
    ("position", "role"),
    [("CFO", "officer"), ("Director", "director"), ("President and Director", "officer"),
     ("10% Owner", "ten_percent"), (None, "other")],
)  # fmt: skip
def test_the_position_says_the_role(position: str | None, role: str) -> None:
    assert one(parquet({"reporting_owner_position": position}))["role"] == role


@pytest.mark.parametrize(
    ("name", "position", "role"),
    [
        ("LILLY ENDOWMENT INC", None, "ten_percent"), ("JAB BevCo B.V.", None, "ten_percent"),
        ("COCA COLA CO", None, "ten_percent"), ("Silver Lake Group, L.L.C.", None, "ten_percent"),
        ("LILLY ENDOWMENT INC", "Director", "director"), ("Banks Jane Inca", None, "other"),
    ],
)  # fmt: skip
def test_an_organisation_without_a_title_is_a_ten_percent_owner(
    name: str, position: str | None, role: str
) -> None:
    line = {"reporting_owner": name, "reporting_owner_position": position}
    assert one(parquet(line))["role"] == role


def test_bad_parsed_lines_are_kept_aside() -> None:
    rows, reasons = read(
        parquet(
            {}, {}, {"transaction_shares": "1e9"}, {"transaction_price": "20000000000"},
            {"transaction_date": "yesterday"}, {"transaction_type": ""}, {"transaction_date": "2024-03-04"},
        )
    )  # fmt: skip
    assert len(rows) == 2
    assert reasons == {
        "the same line twice": 1, "the number of shares is not a number": 1, "implausible value": 1,
        "the transaction date is not a date": 1, "unknown transaction code": 1,
    }  # fmt: skip


def test_a_date_years_beyond_all_others_is_a_typing_error() -> None:
    many = [{"transaction_shares": str(i + 1)} for i in range(200)]
    rows, reasons = read(parquet(*many, {"transaction_date": "2028-05-24"}))
    assert len(rows) == 200
    assert reasons == {"the transaction date lies more than a year after all others": 1}


def test_a_parquet_file_of_something_else_is_refused() -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), file)
    for body in (file.getvalue(), b"PAR1 nonsense", parquet({})[:-20]):
        assert read(body) == ([], {"not a Parquet file of insider lines": 1})
