"""What one session's stock prints say of a subject: the measures, each from exact amounts; grade B1."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from indicators import MARKET
from indicators._dark_blocks import AT, BUCKET, NOTIONAL, PRICE, PRINTS, SIZE, SUBJECT, VENUE, Ints
from indicators._dark_days import Past, Session, is_rebalance
from indicators._option_facts import share, usd
from indicators._stock_conditions import BUCKETS, EXTENDED, MIDPOINT, OFFICIAL, RETAIL
from indicators._stock_tape import LIT, OFF, VENUES
from storage import calendar

#: how many of the session's largest blocks are told
LARGEST = 5

#: what only prints tell: None where there are none
PRINT_FACTS = (
    "dark_buy_usd", "dark_sell_usd", "block_buy_usd", "block_sell_usd", "unknown_usd", "imbalance",
    "off_exchange_share", "off_exchange_share_regular", "buy_usd", "sell_usd", "net_usd", "ratio",
    "ratio_low", "ratio_high", "imbalance_low", "imbalance_high", "coverage", "dark_imbalance",
    "retail_usd", "midpoint_usd", "extended_usd", "block_unknown_usd", "off_exchange_usd", "total_usd",
    "trades", "signed_trades", "blocks", "dark_blocks", "lit_blocks", "dark_block_usd", "block_share",
    "block_floor_usd", "block_sessions", "legal_blocks", "prints_10000", "largest_blocks", "rebalance_day",
    "newest_at",
)  # fmt: skip


def leg_facts(
    dark_buy: int | None,
    dark_sell: int | None,
    block_buy: int | None,
    block_sell: int | None,
    dark_unknown: int | None,
    block_unknown: int | None = None,
) -> dict[str, Any]:
    """The sums of both legs in USD, their imbalance and ratio, and what the unknown leaves open; from e4 USD.

    A leg that is not known (None) makes every figure that needs it unknown. Without prints of exchanges their
    blocks are not known, and the figures are of what trades off the exchanges.
    """
    buy, sell, unknown = (
        _sum(dark, block)
        for dark, block in ((dark_buy, block_buy), (dark_sell, block_sell), (dark_unknown, block_unknown))
    )
    facts = {
        "dark_buy_usd": usd(dark_buy),
        "dark_sell_usd": usd(dark_sell),
        "block_buy_usd": usd(block_buy),
        "block_sell_usd": usd(block_sell),
        "unknown_usd": usd(dark_unknown),
        "block_unknown_usd": usd(block_unknown),
        "buy_usd": usd(buy),
        "sell_usd": usd(sell),
        "dark_imbalance": _imbalance(dark_buy, dark_sell),
        "imbalance": _imbalance(buy, sell),
        "net_usd": None if buy is None or sell is None else usd(buy - sell),
        "ratio": None if buy is None or sell is None else share(buy, sell),
    }
    bounds = dict.fromkeys(("ratio_low", "ratio_high", "imbalance_low", "imbalance_high", "coverage"))
    if buy is not None and sell is not None and unknown is not None:
        bounds = {
            "ratio_low": share(buy, sell + unknown),
            "ratio_high": share(buy + unknown, sell),
            "imbalance_low": _imbalance(buy, sell + unknown),
            "imbalance_high": _imbalance(buy + unknown, sell),
            "coverage": share(buy + sell, buy + sell + unknown),
        }
    return facts | bounds


def _sum(dark: int | None, block: int | None) -> int | None:
    return block if dark is None else dark + (block or 0)


def _imbalance(buy: int | None, sell: int | None) -> float | None:
    return None if buy is None or sell is None else share(buy - sell, buy + sell)


def print_facts(past: Past, subject: str, column: int, as_of: datetime) -> dict[str, Any]:
    """What the prints of session `column` say of `subject`: USD, shares, counts; None where unknown."""
    session, place = past.sessions[column], past.places[subject]
    rows = slice(None) if subject == MARKET else [session.names.index(subject)]
    shares, notional, trades = (
        amounts[rows].sum(axis=0) for amounts in (session.shares, session.notional, session.trades)
    )
    regular, counts = session.regular[rows].sum(axis=0), session.counts[:, rows].sum(axis=1)
    dark, lit = bool(trades[OFF].any()), bool(trades[LIT].any())
    legs = [
        past.dark_buy,
        past.dark_sell,
        past.blocks.buy,
        past.blocks.sell,
        past.dark_unknown,
        past.blocks.unknown,
    ]
    seen = [dark, dark, lit, lit, dark, lit]
    facts = leg_facts(
        *(int(leg[place, column]) if there else None for leg, there in zip(legs, seen, strict=True))
    )
    total = int(notional[:, :OFFICIAL].sum())
    signed = trades[OFF, [BUCKETS.index("buy"), BUCKETS.index("sell")]].sum()
    return (
        {"session": session.day.isoformat()}
        | facts
        | {
            "off_exchange_share": _off(shares.sum(axis=1)),
            "off_exchange_share_regular": _off(regular),
            "retail_usd": usd(notional[OFF, RETAIL]) if dark else None,
            "midpoint_usd": usd(notional[OFF, MIDPOINT]) if dark else None,
            "extended_usd": usd(notional[OFF, EXTENDED]) if dark else None,
            "off_exchange_usd": usd(notional[OFF, :OFFICIAL].sum()) if dark else None,
            "total_usd": usd(total),
            "trades": int(trades.sum()),
            "signed_trades": int(signed),
            "legal_blocks": int(counts[0]),
            "prints_10000": int(counts[1]),
            "rebalance_day": is_rebalance(session.day),
        }
        | _block_facts(past, subject, column, total)
        | _freshness(session, as_of)
    )


def _off(shares: Ints) -> float | None:
    """Off-exchange share of the shares whose venue is known; None where the tape holds only one kind."""
    off, lit = int(shares[OFF]), int(shares[LIT])
    return share(off, off + lit) if off and lit else None


def _block_facts(past: Past, subject: str, column: int, total: int) -> dict[str, Any]:
    """The blocks of one subject in one session, counted, and the largest told; the market has no rule."""
    place = past.places[subject]
    rows = past.blocks.of(None if subject == MARKET else place, column)
    dark = rows[:, VENUE] == OFF
    largest = rows[np.lexsort([rows[:, SUBJECT], rows[:, AT], -rows[:, NOTIONAL]])][:LARGEST]
    names = list(past.places)
    return {
        "blocks": len(rows),
        "dark_blocks": int(dark.sum()),
        "lit_blocks": int((~dark).sum()),
        "dark_block_usd": usd(rows[dark, NOTIONAL].sum()),
        "block_share": share(int(rows[:, NOTIONAL].sum()), total),
        "block_floor_usd": None if subject == MARKET else usd(past.blocks.floor[place, column]),
        "block_sessions": int(past.blocks.basis[place, column]),
        "largest_blocks": [_block(row, names) for row in largest],
    }


def _block(row: Ints, names: list[str]) -> dict[str, Any]:
    bucket = BUCKETS[row[BUCKET]]
    return {
        "symbol": names[row[SUBJECT]],
        "venue": VENUES[row[VENUE]],
        "side": bucket if bucket in ("buy", "sell") else "unknown",
        "usd": usd(row[NOTIONAL]),
        "price": float(row[PRICE]) / 1e4,
        "size": int(row[SIZE]),
        "prints": int(row[PRINTS]),
        "at": _moment(int(row[AT])).isoformat(),
    }


def _freshness(session: Session, as_of: datetime) -> dict[str, Any]:
    """The newest print known of the session, and whether more of it may still come."""
    return {
        "newest_at": _moment(session.newest).isoformat(),
        "so_far": as_of < calendar.settled(session.day),
    }


def _moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)
