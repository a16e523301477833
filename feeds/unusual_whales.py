"""Unusual Whales: option and dark-pool prints, flow alerts, totals of days and minutes, option contracts.

Reads its REST answers, bare or wrapped by a recorder, and recorded websocket lines. Rows are recognised by
their keys, because an answer does not say what it is an answer to. Numbers come as strings and stay exact.
"""

import ast
import json
import re
from collections.abc import Iterable

from feeds import Bad, Feed, FeedError, Kind, Parsed, Raw, Setting, rows_to_table
from feeds._cells import Cells
from feeds._whales_about import About, Row, read_answer
from feeds._whales_fetch import PAGE as PAGE
from feeds._whales_fetch import TOKEN, URL, fetch
from feeds._whales_rows import PRINTS
from feeds._whales_shape import NAME, Shape
from feeds._whales_tide import Point, apart
from feeds._whales_totals import TIDES, TOTALS, WHOLE, refused
from storage.tables import FlowAlert, OptionContract, OptionDay, OptionMinute
from storage.tape import EQUITY_TRADES, OPTION_TRADES

UNKNOWN = "not a kind this feed reads"

_WIRE = re.compile(r"(?P<at>\d{4}-\d{2}-\d{2}[ T][\d:.]+)\|(?P<channel>[^|]{1,60})\|(?P<payload>.*)")
_LONGEST_LINE = 100_000
#: characters of a refused row or document that are kept
_KEPT = 2000


def parse(raw: Raw) -> Parsed:
    """Rows of an answer or a recording. A document without a row we know is one quarantined document.

    Raises FeedError where `raw` is neither JSON nor a recording.
    """
    text = raw.body.decode("utf-8-sig", "replace").strip()
    if text[:1] in ("{", "["):
        rows, about = read_answer(text, raw.name)
        if rows and not any(shape_of(row, about) for row in rows):
            return Parsed(bad=[Bad(UNKNOWN, text[:_KEPT])])
        parsed = _read(((row, json.dumps(row)) for row in rows), about)
        reasons = {bad.reason for bad in parsed.bad}
        if not parsed.accepted_rows and len(reasons) == 1 and reasons <= WHOLE:
            return Parsed(bad=[Bad(reasons.pop(), text[:_KEPT])])
        return parsed
    lines = [line for line in text.splitlines() if line.strip()]
    if not any(_WIRE.fullmatch(line) for line in lines):
        raise FeedError(f"{raw.name} is neither JSON nor a recording of a websocket.")
    return _recording(lines)


def shape_of(row: Row, about: About) -> Shape | None:
    """What kind of row `row` is, None for one this feed does not read."""
    return next((shape for shape in (*PRINTS, *TOTALS) if shape.fits(row, about)), None)


def _recording(lines: list[str]) -> Parsed:
    rows: list[Point] = []
    bad = []
    for line in lines:
        wire = _WIRE.fullmatch(line)
        payload = _payload(wire["payload"]) if wire else None
        if payload is None:
            bad.append(Bad("not a recorded message", line[:_KEPT]))
        elif "response" in payload and "status" in payload:
            bad.append(Bad("an acknowledgement, not data", line))
        else:
            rows.append((payload, line))
    parsed = _read(rows, About())
    return Parsed(parsed.accepted, [*bad, *parsed.bad])


def _payload(text: str) -> Row | None:
    if len(text) > _LONGEST_LINE:
        return None
    try:
        payload = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None
    return payload if isinstance(payload, dict) else None


def _read(rows: Iterable[tuple[Row, str]], about: About) -> Parsed:
    """Read each row, which stands with how it came, by its shape."""
    accepted: dict[Kind, list[Row]] = {}
    bad: list[Bad] = []
    tides: list[Point] = []
    for row, text in rows:
        shape = shape_of(row, about)
        try:
            if shape is None:
                raise ValueError(UNKNOWN)
            if row.get("canceled") is True:
                raise ValueError("cancelled by the vendor")
            made = shape.read(Cells(row), about)
            if shape in TIDES:
                tides.append((made, text[:_KEPT]))
            else:
                accepted.setdefault(shape.kind, []).append(made)
        except ValueError as error:
            bad.append(refused(error, row.get("ticker"), text[:_KEPT]))
    stretches, left = apart(tides, about)
    if stretches:
        accepted.setdefault(OptionMinute, []).extend(stretches)
    return Parsed({kind: rows_to_table(kind, found) for kind, found in accepted.items()}, [*bad, *left])


FEED = Feed(
    name=NAME,
    about="Option and dark-pool prints, flow alerts, totals and open interest of Unusual Whales (paid).",
    gives=(OPTION_TRADES, EQUITY_TRADES, FlowAlert, OptionDay, OptionMinute, OptionContract),
    parse=parse,
    fetch=fetch,
    settings=(
        Setting(URL, "https://api.unusualwhales.com", "root of the Unusual Whales API"),
        Setting(TOKEN, "", "token of a paid Unusual Whales plan", secret=True),
    ),
    needs=(TOKEN,),
)
