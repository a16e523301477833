"""Unusual Whales' rows: what each kind looks like, and how its cells become ours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from feeds import Kind
from feeds._values import (
    LARGEST_E4,
    contracts,
    count,
    day,
    is_call,
    moment,
    money,
    not_negative,
    price,
    shares,
    ticker,
    words,
)
from storage import calendar
from storage.tables import FlowAlert, OptionDay
from storage.tape import EQUITY_TRADES, OPTION_TRADES

NAME = "unusual_whales"

#: the vendor writes OPRA's names of conditions, in lower case; the tape keeps OPRA's letters
CONDITIONS = {
    "canc": "A", "oseq": "B", "cncl": "C", "late": "D", "cnco": "E", "open": "F", "cnol": "G", "opnl": "H",
    "auto": "I", "reop": "J", "isoi": "S", "slan": "a", "slai": "b", "slcn": "c", "slci": "d", "slft": "e",
    "mlet": "f", "mlat": "g", "mlct": "h", "mlft": "i", "mesl": "j", "tlat": "k", "masl": "l", "mfsl": "m",
    "tlet": "n", "tlct": "o", "tlft": "p", "tesl": "q", "tasl": "r", "tfsl": "s", "cbmo": "t", "mctp": "u",
    "exht": "v",
}  # fmt: skip
SIDES = {"ask_side": "buy", "bid_side": "sell", "mid_side": "mid", "no_side": "mid"}

Row = dict[str, Any]


class Cells:
    """One JSON object: cells by name, read as in a table, so that reasons read the same."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row = row

    def text(self, *names: str) -> str | None:
        """The first of `names` that is there, as text."""
        for name in names:
            value = self.row.get(name)
            if isinstance(value, bool | list | dict):
                raise ValueError(f"{name} is not a value")
            if value is not None and str(value).strip():
                return str(value).strip()
        return None

    def maybe(self, reader: Callable[[str], Any], *names: str) -> Any:
        """The first of `names` read by `reader`, None where none is there."""
        text = self.text(*names)
        try:
            return None if text is None else reader(text)
        except ValueError as error:
            raise ValueError(f"{names[0]} {error}") from None

    def need(self, reader: Callable[[str], Any], *names: str) -> Any:
        """As `maybe`, but it must be there."""
        value = self.maybe(reader, *names)
        if value is None:
            raise ValueError(f"{names[0]} is missing")
        return value

    def times(self, *happened: str) -> Row:
        """When it happened and when the vendor had it."""
        event = self.need(moment, *happened)
        return {
            "event_at": event,
            "known_at": max(event, self.maybe(moment, "created_at") or event),
            "source": NAME,
        }


def _option_trade(cells: Cells) -> Row:
    row = cells.times("executed_at") | {
        "underlying": cells.need(ticker, "underlying_symbol", "ticker"),
        "expiry": cells.need(day, "expiry"),
        "strike_e4": cells.need(not_negative, "strike"),
        "is_call": cells.need(is_call, "option_type"),
        "price_e4": cells.need(price, "price"),
        "size": cells.need(contracts, "size"),
        "bid_e4": cells.maybe(not_negative, "nbbo_bid"),
        "ask_e4": cells.maybe(not_negative, "nbbo_ask"),
        "condition": CONDITIONS.get((cells.text("trade_code", "upstream_condition_detail") or "").lower()),
        "exchange": cells.maybe(words, "exchange"),
        "underlying_price_e4": cells.maybe(price, "underlying_price"),
        "open_interest": cells.maybe(count, "open_interest"),
        "vendor_side": _side(cells.row.get("tags")),
    }
    session = row["event_at"].astimezone(calendar.NEW_YORK).date()
    if not calendar.is_session(session):
        raise ValueError("not on a session of the exchange")
    if row["expiry"] < session:
        raise ValueError("the contract expired before the trade")
    row["multiplier"] = _multiplier(cells, row)
    _believe(row["price_e4"] * row["size"] * row["multiplier"])
    return row


def _side(tags: object) -> str | None:
    """The vendor's opinion among a trade's tags; of two that differ, none."""
    found = (
        {SIDES[tag] for tag in tags if isinstance(tag, str) and tag in SIDES}
        if isinstance(tags, list)
        else set()
    )
    return found.pop() if len(found) == 1 else None


def _believe(dollars_e4: int) -> None:
    if dollars_e4 >= LARGEST_E4:
        raise ValueError("premium is beyond a hundred billion dollars")


def _multiplier(cells: Cells, row: Row) -> int:
    """Shares a contract: 100, unless the premium the vendor worked out says otherwise exactly."""
    premium = cells.maybe(money, "premium") or 0
    shares, rest = divmod(premium, row["price_e4"] * row["size"])
    return shares if shares and not rest else 100


def _dark_print(cells: Cells) -> Row:
    codes = (
        cells.maybe(words, name)
        for name in ("sale_cond_codes", "ext_hour_sold_codes", "trade_code", "trade_settlement")
    )
    row = cells.times("executed_at") | {
        "symbol": cells.need(ticker, "ticker"),
        "price_e4": cells.need(price, "price"),
        "size": cells.need(shares, "size"),
        "bid_e4": cells.maybe(not_negative, "nbbo_bid"),
        "ask_e4": cells.maybe(not_negative, "nbbo_ask"),
        "venue": "D",
        "condition": ",".join(code for code in codes if code and code != "regular") or None,
    }
    _believe(row["price_e4"] * row["size"])
    return row


def _flow_alert(cells: Cells) -> Row:
    sweep = cells.row.get("has_sweep")
    return cells.times("executed_at", "end_time", "created_at") | {
        "symbol": cells.need(ticker, "ticker"),
        "option_symbol": cells.need(words, "option_chain"),
        "rule": cells.need(words, "alert_rule", "rule_name"),
        "total_premium_e4": cells.need(not_negative, "total_premium"),
        "ask_side_premium_e4": cells.maybe(not_negative, "total_ask_side_prem"),
        "bid_side_premium_e4": cells.maybe(not_negative, "total_bid_side_prem"),
        "size": cells.need(count, "total_size"),
        "trades": cells.maybe(count, "trade_count"),
        "open_interest": cells.maybe(count, "open_interest"),
        "sweep": sweep if isinstance(sweep, bool) else None,
    }


def _option_day(cells: Cells) -> Row:
    session = cells.need(day, "date")
    if not calendar.is_session(session):
        raise ValueError("not a session of the exchange")
    premiums = {
        f"{name}_premium_e4": cells.maybe(money, f"{name}_premium")
        for name in ("bullish", "bearish", "net_call", "net_put")
    }
    return premiums | {
        "event_at": calendar.close(session),
        "known_at": calendar.settled(session),
        "source": NAME,
        "symbol": cells.need(ticker, "ticker"),
        "session": session,
        "call_premium_e4": cells.need(not_negative, "call_premium"),
        "put_premium_e4": cells.need(not_negative, "put_premium"),
        "call_volume": cells.maybe(count, "call_volume"),
        "put_volume": cells.maybe(count, "put_volume"),
    }


@dataclass(frozen=True)
class Shape:
    """What a kind of row looks like: keys it has, keys that belong to a look-alike."""

    kind: Kind
    read: Callable[[Cells], Row]
    has: frozenset[str]
    lacks: frozenset[str] = frozenset()


SHAPES = (
    Shape(OPTION_TRADES, _option_trade, frozenset({"option_type", "executed_at", "strike", "price", "size"})),
    Shape(EQUITY_TRADES, _dark_print, frozenset({"market_center", "executed_at", "price", "size"})),
    Shape(FlowAlert, _flow_alert, frozenset({"option_chain", "total_premium", "total_size"})),
    Shape(
        OptionDay,
        _option_day,
        frozenset({"date", "ticker", "call_premium", "put_premium", "call_volume", "put_volume"}),
        frozenset({"expiry", "timestamp"}),
    ),
)


def shape_of(row: Row) -> Shape | None:
    """What kind of row `row` is, None for one this feed does not read."""
    for shape in SHAPES:
        if shape.has <= row.keys() and not shape.lacks & row.keys():
            return shape
    return None
