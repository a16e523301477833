"""Insider transactions: Forms 4, 4/A and 5 from SEC EDGAR, live or from files.

Read are ownership XML, bare or in EDGAR's full submission, and other people's parsed lines as Parquet
(see `_insider_lines`). A filing is recognised by what it says, so bare and wrapped it counts once;
whichever came first stays, and if that was the bare one its acceptance time stays assumed.
"""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

from feeds import Ask, Bad, Feed, FeedError, Parsed, Raw, Setting, rows_to_table
from feeds._edgar import FORMS, Listed, NotAList, read_atom, read_index
from feeds._http import HttpError
from feeds._insider_lines import read_lines
from feeds._ownership import documents, read_document
from storage.calendar import NEW_YORK
from storage.tables import InsiderTrade

#: requests a second over all processes; EDGAR allows ten
PER_SECOND = 8
#: entries on a page of the current-filings feed, and pages EDGAR gives at most
PAGE, PAGES = 100, 20
#: failures in a row after which the rest waits for the next time
GIVE_UP = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ListReader = Callable[[bytes], tuple[list[Listed], int]]


def parse(raw: Raw) -> Parsed:
    """Bytes of a filing, or of a Parquet file of lines, → InsiderTrade rows.

    What holds no transactions (an index, a header, anything unreadable) counts as one quarantined
    row. Never raises.
    """
    if raw.body.startswith(b"PAR1"):
        rows, bad = read_lines(raw.body)
    elif b"ownershipDocument" in raw.body or b"<XML>" in raw.body:
        rows, bad = [], []
        for document in documents(raw.body):
            accepted, refused = read_document(document)
            rows += accepted
            bad += refused
    else:
        rows, bad = [], [Bad(_what_else(raw.body), raw.body[:2000].decode("utf-8", "replace"))]
    return Parsed({InsiderTrade: rows_to_table(InsiderTrade, rows)}, bad)


def _what_else(body: bytes) -> str:
    """Why a body without an ownership document is none."""
    if not body.strip():
        return "empty"
    for read in (read_index, read_atom):
        try:
            listed, unreadable = read(body)
        except NotAList:
            continue
        return "malformed index" if unreadable else "an index, not a filing" if listed else "empty index"
    looks_like_one = b"Dissemination Feed" in body or b"<feed" in body
    return "malformed index" if looks_like_one else "not an ownership document"


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """Yield the full submission of every Form 4, 4/A or 5 of the window that was not read before.

    All issuers: the lists do not name tickers, so `ask.symbols` narrows nothing. What fails does not
    stop the rest; one FeedError at the end says how much is missing, and it is asked for again next
    time. A 403 or 429 ends the run and pauses this source for ten minutes.
    """
    edgar = _Edgar(ask)
    listed = await edgar.listed()
    for filing in listed:
        body = await edgar.filing(filing)
        if body is not None:
            yield Raw(filing.accession, body)
    edgar.finish(len(listed))


class _Edgar:
    """EDGAR during one fetch: the address, who we are, and what went wrong so far."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._url = ask.settings["SEC_URL"].rstrip("/")
        self._headers = {"User-Agent": f"Bellwether {ask.settings['SEC_CONTACT']}"}
        self._failed: list[str] = []
        self._in_a_row = 0

    async def filing(self, filing: Listed) -> bytes | None:
        """The full submission of `filing`, None where it could not be read."""
        body = await self._get(filing.path)
        if body is None or filing.accession.encode() in body:
            return body
        self._fail("EDGAR sent something else than the filing")
        return None

    async def _get(self, path: str, *, may_miss: bool = False) -> bytes | None:
        """The body at `path`; None where it could not be read, which is remembered."""
        try:
            body = await self._ask.http.get(
                self._url + path, source=FEED.name, headers=self._headers, per_second=PER_SECOND
            )
        except HttpError as error:
            if may_miss and error.status in (403, 404):
                return None
            if error.status == 403:
                await self._ask.http.hold(FEED.name)
            self._fail(str(error), at_once=error.status in (403, 429))
            return None
        self._in_a_row = 0
        return body

    def _fail(self, reason: str, *, at_once: bool = False) -> None:
        self._failed.append(reason)
        self._in_a_row += 1
        if at_once or self._in_a_row >= GIVE_UP:
            raise FeedError(f"SEC EDGAR was left alone after {len(self._failed)} failures: {reason}")

    def finish(self, asked: int) -> None:
        """Raise the one FeedError about what failed, if anything did."""
        if self._failed:
            raise FeedError(
                f"{len(self._failed)} requests to SEC EDGAR failed ({asked} new filings listed), "
                f"they are asked for again: {self._failed[0]}"
            )

    async def listed(self) -> list[Listed]:
        """The filings to read, each once, oldest list first."""
        found = [*await self._past_days(), *await self._current()]
        once = {filing.accession: filing for filing in found if filing.form in FORMS}
        known = self._ask.known(list(once))
        return [filing for accession, filing in once.items() if accession not in known]

    async def _current(self) -> list[Listed]:
        """The current-filings feed, page by page until entries are older than the window or all known."""
        found: list[Listed] = []
        for page in range(PAGES):
            query = f"action=getcurrent&type=4&owner=include&count={PAGE}&output=atom&start={page * PAGE}"
            entries = self._entries(read_atom, await self._get(f"/cgi-bin/browse-edgar?{query}"))
            fresh = [entry for entry in entries if (entry.accepted_at or EPOCH) >= self._ask.window.since]
            found += fresh
            names = {entry.accession for entry in fresh if entry.form in FORMS}
            seen = bool(names) and names <= self._ask.known(names)
            if seen or len(fresh) < len(entries) or len(entries) < PAGE:
                break
        return found

    async def _past_days(self) -> list[Listed]:
        """The daily indexes of the window's days before today; a holiday has none."""
        day = self._ask.window.since.astimezone(NEW_YORK).date()
        today = self._ask.window.until.astimezone(NEW_YORK).date()
        found: list[Listed] = []
        while day < today:
            if day.weekday() < 5:
                folder = f"/Archives/edgar/daily-index/{day.year}/QTR{(day.month + 2) // 3}"
                body = await self._get(f"{folder}/form.{day:%Y%m%d}.idx", may_miss=True)
                found += self._entries(read_index, body)
            day += timedelta(days=1)
        return found

    def _entries(self, read: ListReader, body: bytes | None) -> list[Listed]:
        """What a list holds; what cannot be read of it is a failure."""
        if body is None:
            return []
        try:
            listed, unreadable = read(body)
        except NotAList:
            self._fail("EDGAR sent something else than a list of filings")
            return []
        if unreadable:
            self._fail("a list of filings has lines that cannot be read")
        return listed


FEED = Feed(
    name="sec_form4",
    about="Insider transactions (Forms 4, 4/A, 5) of all US issuers from SEC EDGAR, free",
    gives=(InsiderTrade,),
    parse=parse,
    fetch=fetch,
    settings=(
        Setting("SEC_URL", "https://www.sec.gov", "Root of SEC EDGAR"),
        Setting("SEC_CONTACT", "", "Your e-mail address; the SEC wants to know who asks (User-Agent)"),
    ),
    needs=("SEC_CONTACT",),
)
