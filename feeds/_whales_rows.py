"""Unusual Whales' prints and alerts: what each looks like, and how its cells become ours."""

from feeds._cells import Cells
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
from feeds._whales_about import About, Row
from feeds._whales_shape import NAME, Shape
from storage import calendar
from storage.tables import FlowAlert
from storage.tape import EQUITY_TRADES, OPTION_TRADES

#: the vendor writes OPRA's names of conditions, in lower case; the tape keeps OPRA's letters
CONDITIONS = {
    "canc": "A", "oseq": "B", "cncl": "C", "late": "D", "cnco": "E", "open": "F", "cnol": "G", "opnl": "H",
    "auto": "I", "reop": "J", "isoi": "S", "slan": "a", "slai": "b", "slcn": "c", "slci": "d", "slft": "e",
    "mlet": "f", "mlat": "g", "mlct": "h", "mlft": "i", "mesl": "j", "tlat": "k", "masl": "l", "mfsl": "m",
    "tlet": "n", "tlct": "o", "tlft": "p", "tesl": "q", "tasl": "r", "tfsl": "s", "cbmo": "t", "mctp": "u",
    "exht": "v",
}  # fmt: skip
SIDES = {"ask_side": "buy", "bid_side": "sell", "mid_side": "mid", "no_side": "mid"}
#: a dark-pool print's cells of conditions, and the SIP's characters for what the vendor writes there
SALE_CONDITION_CELLS = ("sale_cond_codes", "ext_hour_sold_codes", "trade_code", "trade_settlement")
SALE_CONDITIONS = {
    "average_price_trade": "W", "contingent_trade": "V", "qualified_contingent_trade": "V",
    "derivative_priced": "4", "prior_reference_price": "P", "prio_reference_price": "P",
    "odd_lot_execution": "I", "intermarket_sweep": "F", "sold_out_of_sequence": "Z",
    "extended_hours_trade": "T", "extended_hours_trade_late_or_out_of_sequence": "U",
    "cash": "C", "cash_settlement": "C", "next_day": "N", "next_day_settlement": "N",
    "seller": "R", "seller_settlement": "R", "regular": "", "regular_settlement": "",
}  # fmt: skip


def _times(cells: Cells, *happened: str) -> Row:
    """When it happened and when the vendor had it."""
    event = cells.need(moment, *happened)
    return {
        "event_at": event,
        "known_at": max(event, cells.maybe(moment, "created_at") or event),
        "source": NAME,
    }


def _option_trade(cells: Cells, _: About) -> Row:
    row = _times(cells, "executed_at") | {
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


def _dark_print(cells: Cells, _: About) -> Row:
    row = _times(cells, "executed_at") | {
        "symbol": cells.need(ticker, "ticker"),
        "price_e4": cells.need(price, "price"),
        "size": cells.need(shares, "size"),
        "bid_e4": cells.maybe(not_negative, "nbbo_bid"),
        "ask_e4": cells.maybe(not_negative, "nbbo_ask"),
        "venue": "D",
        "condition": _sale_conditions(cells),
    }
    _believe(row["price_e4"] * row["size"])
    return row


def _sale_conditions(cells: Cells) -> str | None:
    """The SIP's characters for the vendor's words, each once, comma-separated; an unknown word as it is."""
    said = [word for name in SALE_CONDITION_CELLS if (word := cells.maybe(words, name))]
    found = [SALE_CONDITIONS.get(word.lower(), word) for word in said]
    return ",".join(dict.fromkeys(each for each in found if each)) or None


def _flow_alert(cells: Cells, _: About) -> Row:
    sweep = cells.row.get("has_sweep")
    return _times(cells, "executed_at", "end_time", "created_at") | {
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


#: how each kind of print or alert is known
PRINTS = (
    Shape(OPTION_TRADES, _option_trade, frozenset({"option_type", "executed_at", "strike", "price", "size"})),
    Shape(EQUITY_TRADES, _dark_print, frozenset({"market_center", "executed_at", "price", "size"})),
    Shape(FlowAlert, _flow_alert, frozenset({"option_chain", "total_premium", "total_size"})),
)
