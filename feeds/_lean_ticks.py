"""LEAN's tick files: a zip that holds one CSV, the trades or the quotes of one symbol in one session.

The member's name says which; its lines have no header: milliseconds since midnight New York, prices in
ten-thousandths of a dollar. A quote line is a change of one side of the best quote, and names the exchange
that set it; the other side, whoever set it, is carried on to it.
"""

import re
import struct
import zipfile
import zlib
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from feeds import FeedError, Parsed, Raw
from feeds._columns import Layout, Rows
from feeds._lines import cells
from feeds._sale_conditions import from_flags
from feeds._values import LARGEST_E4, count, shares, ticker
from storage import calendar
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, MOMENT

#: the largest member, unpacked, in bytes
LARGEST = 200 * 2**20

_MEMBER = re.compile(
    r"(?P<day>\d{8})_(?P<symbol>[A-Za-z][A-Za-z0-9.\-]{0,9})_(?P<kind>Trade|Quote)_Tick\.csv", re.ASCII
)
_TRADE = ("milliseconds", "price", "size", "exchange", "condition", "suspicious")
_QUOTE = ("milliseconds", "bid", "bid_size", "ask", "ask_size", "exchange", "condition", "suspicious")
_DAY = 86_400_000


def read_zip(raw: Raw, source: str) -> Parsed:
    """Ticks of `raw` as EQUITY_TRADES or EQUITY_QUOTES, known as they happened.

    Raises FeedError where it is no such zip, holds more or another thing, or unfolds to over 200 MB.
    """
    member, text = _unpack(raw)
    day = _day(raw, member["day"])
    is_trade = member["kind"] == "Trade"
    table, bad = cells(raw.name, text, _TRADE if is_trade else _QUOTE, ",")
    rows = Rows(table, bad, Layout(()))
    about = {"symbol": ticker(member["symbol"]), "source": source} | _times(rows, day)
    exchange = rows.read("exchange", _letter, pa.string())
    suspicious = rows.read("suspicious", _yes_or_no, pa.bool_())
    rows.refuse(suspicious, "flagged as suspicious")
    if is_trade:
        return rows.parsed(EQUITY_TRADES, about | {"venue": exchange} | _trade(rows))
    return rows.parsed(EQUITY_QUOTES, about | _sides(rows, about["event_at"], suspicious))


def _unpack(raw: Raw) -> tuple[re.Match[str], str]:
    """The one member's name, and what is in it."""
    try:
        with zipfile.ZipFile(BytesIO(raw.body)) as archive:
            members = archive.infolist()
            if len(members) != 1:
                raise FeedError(f"{raw.name} holds {len(members)} files, one was expected.", permanent=True)
            found = _MEMBER.fullmatch(members[0].filename)
            if found is None or members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise FeedError(f"{raw.name} holds no file of LEAN's ticks.", permanent=True)
            with archive.open(members[0]) as file:
                # read no further than allowed, whatever size the zip claims
                body = file.read(LARGEST + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error):
        # RuntimeError: encrypted, or packed in a way this Python does not know
        raise FeedError(f"{raw.name} is not a readable zip.", permanent=True) from None
    if len(body) > LARGEST:
        raise FeedError(f"{raw.name} unfolds to more than {LARGEST >> 20} MB.", permanent=True)
    return found, body.decode("utf-8", "replace")


def _day(raw: Raw, text: str) -> date:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        day = date.min
    if not calendar.is_session(day):
        raise FeedError(f"{raw.name} is not of a session of the exchange.", permanent=True)
    return day


def _times(rows: Rows, day: date) -> dict[str, pa.Array]:
    """`event_at` and `known_at`, UTC: no clock is changed on a day with a session."""
    midnight = (calendar.new_york(day, time()) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )
    milliseconds = rows.read("milliseconds", _clock, pa.int64())
    moments = pc.add(pc.multiply(milliseconds, 1000), midnight).cast(MOMENT)
    return {"event_at": moments, "known_at": moments}


def _trade(rows: Rows) -> dict[str, pa.Array]:
    price, size = rows.read("price", _price, pa.int64()), rows.read("size", shares, pa.int64())
    dollars = pc.multiply(price.cast(pa.float64()), size.cast(pa.float64()))
    rows.refuse(pc.greater_equal(dollars, float(LARGEST_E4)), "value is beyond a hundred billion dollars")
    condition = rows.read("condition", from_flags, pa.string())
    return {"price_e4": price, "size": size, "condition": condition}


def _sides(rows: Rows, event_at: pa.Array, suspicious: pa.Array) -> dict[str, pa.Array]:
    """Both sides of the best quote from each line on: the line's own, and the other as it last was.

    Carried on by exchange instead, the sides would cross each other nearly always. A line that cannot be
    used changes nothing.
    """
    columns: dict[str, pa.Array] = {}
    usable = pc.and_(pc.is_valid(event_at), pc.invert(pc.fill_null(suspicious, True)))
    for side in ("bid", "ask"):
        price = rows.read(side, _price_or_none, pa.int64())
        size = rows.read(f"{side}_size", count, pa.int64())
        usable = pc.and_(usable, pc.is_valid(size))
        columns |= {side: price, f"{side}_size": pc.if_else(pc.is_valid(price), size, None)}
    rows.refuse(pc.and_(pc.is_null(columns["bid"]), pc.is_null(columns["ask"])), "holds neither bid nor ask")
    frame = pd.DataFrame({name: values.to_pandas() for name, values in columns.items()})
    frame = frame.where(pd.Series(usable.to_numpy(zero_copy_only=False)))
    order = event_at.to_pandas().argsort(kind="stable")
    carried = frame.iloc[order].ffill().sort_index()
    return {
        f"{name}_e4" if name in ("bid", "ask") else name: pa.array(
            carried[name], pa.float64(), from_pandas=True
        ).cast(pa.int64())
        for name in columns
    }


def _clock(text: str) -> int:
    """Milliseconds since midnight."""
    if (found := count(text)) >= _DAY:
        raise ValueError("are not within a day")
    return found


def _price(text: str) -> int:
    """USD, written in ten-thousandths, more than zero."""
    if (found := count(text)) == 0:
        raise ValueError("is not positive")
    return found


def _price_or_none(text: str) -> int | None:
    """As `_price`; zero is a side the line does not speak of."""
    return count(text) or None


def _letter(text: str) -> str:
    if len(text) != 1 or not "A" <= text <= "Z":
        raise ValueError("is not a letter")
    return text


def _yes_or_no(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("is neither 0 nor 1")
    return text == "1"
