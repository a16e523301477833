"""Rows as Unusual Whales writes them, and short ways to have answers read."""

import json
from pathlib import Path
from typing import Any

from feeds import Kind, Parsed, Raw
from feeds.unusual_whales import parse

TRADE = {
    "underlying_symbol": "ACME", "executed_at": 1709564400500, "created_at": 1709564400900,
    "expiry": "2024-03-15", "option_type": "put", "strike": "25.0000000000", "price": "0.10", "size": 3,
    "premium": "30.00",
    "nbbo_bid": "0.10", "nbbo_ask": "0.12", "tags": ["bid_side", "bullish"], "trade_code": "slan",
    "exchange": "XCBO", "underlying_price": "26.5", "open_interest": 410,
}  # fmt: skip
DARK = {
    "ticker": "ACME", "price": "26.5", "size": 409, "executed_at": "2024-03-04T23:55:20Z",
    "nbbo_bid": "26.45", "nbbo_ask": "26.5", "market_center": "L", "canceled": False,
    "sale_cond_codes": "average_price_trade",
    "ext_hour_sold_codes": "extended_hours_trade", "trade_settlement": "regular", "trade_code": None,
}  # fmt: skip
ALERT = {
    "ticker": "ACME", "option_chain": "ACME240315P00025000", "alert_rule": "RepeatedHits",
    "total_premium": "900.5", "total_size": 30, "total_ask_side_prem": "0", "total_bid_side_prem": "900.5",
    "trade_count": 4,
    "open_interest": 410, "has_sweep": True, "created_at": "2024-03-04T18:19:56.859291Z",
}  # fmt: skip
TOTALS = {
    "date": "2024-07-03", "call_premium": "720216349.0000", "put_premium": "801271511.00", "call_volume": 39,
    "put_volume": 55, "bullish_premium": "5", "bearish_premium": "6.5", "net_call_premium": "-10.25",
    "net_put_premium": None,
}  # fmt: skip


def read(document: Any, name: str = "answer.json") -> Parsed:
    return parse(Raw(name, document if isinstance(document, bytes) else json.dumps(document).encode()))


def only(parsed: Parsed, kind: Kind) -> dict[str, Any]:
    assert not parsed.bad
    (row,) = parsed.accepted[kind].to_pylist()
    return row


def why(document: Any) -> list[str]:
    parsed = read(document)
    assert not parsed.accepted_rows
    return [bad.reason for bad in parsed.bad]


def recorded(recordings: Path, pattern: str) -> Parsed:
    (path,) = recordings.glob(pattern)
    return parse(Raw(path.name, path.read_bytes()))
