"""FINRA's Reg SHO daily file: short and total off-exchange shares of a session, by symbol and facility.

Lines of `Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market`, closed by a line with their count;
recorded copies write `Short Volume` and `Market Center` and have no count.
"""

from datetime import date, datetime, time

import pyarrow as pa
import pyarrow.compute as pc

from feeds import Bad, FeedError, Parsed
from feeds._columns import Layout, Rows, by_day
from feeds._finra_rows import NAME, refuse_contradictions, symbol, volume
from feeds._lines import cells
from feeds._values import day
from storage import calendar
from storage.tables import ShortVolume

#: when the file of a session is out, New York; also on a half day
OUT = time(18, 0)

_VOLUMES = ("shortvolume", "shortexemptvolume", "totalvolume")
_COLUMNS = ("date", "symbol", *_VOLUMES, "market")
_SPACED = ("short volume", "short exempt volume", "total volume")
_LAYOUTS = (
    Layout(_COLUMNS),
    Layout(_COLUMNS, dict(zip(_VOLUMES, _SPACED, strict=True)) | {"market": "market center"}),
)
_FACILITIES = frozenset("QBNDO")


def out_at(session: date) -> datetime:
    """When the file of `session` is published, UTC."""
    return calendar.new_york(session, OUT)


def read_daily(name: str, text: str) -> Parsed:
    """Rows of the file. Raises FeedError where the header is another."""
    header, lines, count = _split(text)
    columns = [column.strip().lower() for column in header.split("|")]
    layout = next((each for each in _LAYOUTS if set(each.header()) <= set(columns)), None)
    if layout is None or len(set(columns)) < len(columns):
        raise FeedError(
            f"{name} is no Reg SHO daily file; a header is expected like "
            "Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market.",
            permanent=True,
        )
    table, bad = cells(name, "\n".join(lines), columns, "|")
    if count is not None and count != len(lines):
        bad.append(Bad("the count in the last line is not that of the lines", str(count)))
    return _short_volumes(Rows(table, bad, layout))


def is_whole(body: bytes, session: date) -> bool:
    """Whether `body` is the file of `session` and nothing is cut off it."""
    header, lines, count = _split(body.decode("utf-8-sig", "replace"))
    of_session = bool(lines) and lines[0].startswith(f"{session:%Y%m%d}|")
    return header.lower().startswith("date|symbol|") and of_session and count in (None, len(lines))


def _split(text: str) -> tuple[str, list[str], int | None]:
    """Header, lines, and the count in the last line (None where there is none)."""
    lines = [line for line in text.replace("\r", "\n").split("\n") if line.strip()]
    last = lines[-1].strip() if len(lines) > 1 else ""
    count = int(last) if last.isascii() and last.isdigit() and len(last) < 10 else None
    return lines[0] if lines else "", lines[1:] if count is None else lines[1:-1], count


def _short_volumes(rows: Rows) -> Parsed:
    session = rows.read("date", _session, pa.date32())
    names = {"symbol": rows.read("symbol", symbol, pa.string()), "session": session}
    names["market"] = rows.read("market", _facilities, pa.string())
    short, exempt, total = (rows.read(name, volume, pa.int64()) for name in _VOLUMES)
    too_short, too_exempt = pc.greater(short, total), pc.greater(exempt, short)
    rows.refuse(too_short, "more shares short than in all")
    rows.refuse(too_exempt, "more shares exempt than short")
    impossible = pc.fill_null(pc.or_(too_short, too_exempt), True)
    figures = {"short": pc.if_else(impossible, None, short), "total": total, "exempt": exempt}
    refuse_contradictions(rows, names, figures)
    return rows.parsed(
        ShortVolume,
        names
        | {
            "event_at": by_day(session, calendar.close),
            "known_at": by_day(session, out_at),
            "source": NAME,
            "short_volume": short,
            "short_exempt_volume": exempt,
            "total_volume": total,
        },
    )


def _session(text: str) -> date:
    """A session of the exchange, written YYYYMMDD."""
    if len(text) != 8:
        raise ValueError("is not a date")
    found = day(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    if not calendar.is_session(found):
        raise ValueError("is not a session of the exchange")
    return found


def _facilities(text: str) -> str:
    """A reporting facility's letter, or several with commas where the row is of them together."""
    letters = text.split(",")
    if not set(letters) <= _FACILITIES or len(set(letters)) < len(letters):
        raise ValueError("is not a reporting facility")
    return text
