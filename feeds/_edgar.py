"""EDGAR's two lists of what was filed: the current-filings Atom feed and the daily form index."""

import io
import re
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse as parse_xml

#: the ownership forms that report transactions
FORMS = frozenset({"4", "4/A", "5", "5/A"})
_ATOM = "{http://www.w3.org/2005/Atom}"
_LINE = re.compile(
    r"(\S.*?)\s{2,}\S.*?\s+\d{1,10}\s+\d{4}-?\d\d-?\d\d\s+edgar/data/(\d+)/(\d{10}-\d\d-\d{6})\.txt\s*"
)
_HREF = re.compile(r"/data/(\d+)/\d{18}/(\d{10}-\d\d-\d{6})")


class NotAList(Exception):
    """The body is not the list it should be; the message says what it is."""


@dataclass(frozen=True)
class Listed:
    """One filing of a list. It stands there once for the issuer and once for each owner."""

    form: str
    cik: str
    accession: str
    #: when it was accepted; the daily index does not say
    accepted_at: datetime | None = None

    @property
    def path(self) -> str:
        """Where the full submission lies on the server."""
        return f"/Archives/edgar/data/{self.cik}/{self.accession.replace('-', '')}/{self.accession}.txt"


def read_atom(body: bytes) -> tuple[list[Listed], int]:
    """A page of the current-filings feed, newest first, and how many entries were unreadable.

    Raises NotAList.
    """
    try:
        root = parse_xml(io.BytesIO(body), forbid_dtd=True).getroot()
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise NotAList("malformed index") from None
    if root is None or root.tag != f"{_ATOM}feed":
        raise NotAList("not an index")
    entries = [_entry(entry) for entry in root.iterfind(f"{_ATOM}entry")]
    return [entry for entry in entries if entry], entries.count(None)


def _entry(entry: Element) -> Listed | None:
    link, kind = entry.find(f"{_ATOM}link"), entry.find(f"{_ATOM}category")
    href = _HREF.search(link.get("href", "")) if link is not None else None
    try:
        moment = datetime.fromisoformat(entry.findtext(f"{_ATOM}updated", ""))
    except ValueError:
        return None
    if href is None or kind is None or moment.tzinfo is None:
        return None
    return Listed(kind.get("term", ""), href[1], href[2], moment)


def read_index(body: bytes) -> tuple[list[Listed], int]:
    """A daily form index (`form.YYYYMMDD.idx`), and how many of its lines were unreadable.

    Raises NotAList.
    """
    head, ruler, rest = body.decode("latin-1").partition("\n-----")
    if not ruler or "Form Type" not in head:
        raise NotAList("not an index")
    lines = [line.rstrip() for line in rest.split("\n")[1:]]
    matches = [_LINE.fullmatch(line) for line in lines if line]
    return [Listed(match[1], match[2], match[3]) for match in matches if match], matches.count(None)
