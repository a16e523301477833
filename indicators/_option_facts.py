"""What one session's option premium says of a subject: the measures, each from exact amounts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from indicators import MARKET
from indicators._option_days import ALL, CALL, PUT, SIGNED, Session
from indicators._option_orders import CRITERIA, FIELDS, MULTI_LEG, Ints, criteria
from indicators._option_sides import (
    BUY,
    COMPLEX,
    CROSSED,
    EXCLUDED,
    INDICES,
    LAYERED_MID,
    MID,
    SELL,
    UNKNOWN,
    UNQUOTED,
    UNSIGNABLE,
    p_buy,
)
from storage import calendar

#: how many of a subject's largest orders its facts list
TOP = 5


def tape_facts(session: Session, subject: str) -> dict[str, Any]:
    """What the prints of one session say of `subject`: USD, contracts, counts; None where unknown."""
    place = session.places[subject]
    premium = session.premium[place, :, :EXCLUDED]
    contracts, trades = session.contracts[place, :, :EXCLUDED], session.trades[place, :, :EXCLUDED]
    put, call = (int(leg) for leg in session.legs[place])
    unknown, mixed = int(premium[:, UNKNOWN].sum()), int(premium[:, COMPLEX].sum())
    compared, agreed, cancels, unmatched = (int(count) for count in session.counts[:, place])
    return {
        "session": session.day.isoformat(),
        **freshness(session),
        "buy_call_usd": usd(premium[CALL, BUY].sum()),
        "sell_call_usd": usd(premium[CALL, SELL].sum()),
        "buy_put_usd": usd(premium[PUT, BUY].sum()),
        "sell_put_usd": usd(premium[PUT, SELL].sum()),
        "mid_usd": usd(premium[:, [MID, LAYERED_MID]].sum()),
        "unquoted_usd": usd(premium[:, UNQUOTED].sum()),
        "locked_crossed_usd": usd(premium[:, CROSSED].sum()),
        "unsignable_usd": usd(premium[:, UNSIGNABLE].sum()),
        **_soft(session, subject),
        **volumes(int(contracts[CALL].sum()), int(contracts[PUT].sum())),
        "trades": int(trades.sum()),
        "signed_trades": int(trades[:, [*SELL, *BUY]].sum()),
        "orders": int(session.orders[place, ALL]),
        "signed_orders": int(session.orders[place, SIGNED]),
        "excluded_trades": int(session.trades[place, :, EXCLUDED].sum()),
        "cancels": cancels,
        "cancels_unmatched": unmatched,
        "vendor_compared": compared,
        "vendor_agreement": share(agreed, compared),
        **_largest(session, subject, put + call),
    } | leg_facts(call, put, int(session.bull[place]), int(session.bear[place]), unknown, mixed)


def freshness(session: Session) -> dict[str, Any]:
    """The newest print known of the session, and whether more of it may still come."""
    newest = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=session.newest)
    return {"newest_at": newest.isoformat(), "so_far": session.as_of < calendar.settled(session.day)}


def _soft(session: Session, subject: str) -> dict[str, Any]:
    """Bull and bear premium weighted by how often such sides are right; without a side half for either."""
    up = down = 0.0
    names = [*session.places][:-1] if subject == MARKET else [subject]
    indices = [name for name in names if name in INDICES]
    for group in ([name for name in names if name not in INDICES], indices):
        if not group:
            continue
        rows = [session.places[name] for name in group]
        long = session.long[rows].sum(axis=0)[:, :COMPLEX]
        near = session.premium[rows].sum(axis=0)[:, :COMPLEX] - long
        for amounts, bought in zip((near, long), p_buy(group[0]), strict=True):
            bought = bought[:COMPLEX]
            up += amounts[CALL] @ bought + amounts[PUT] @ (1 - bought)
            down += amounts[PUT] @ bought + amounts[CALL] @ (1 - bought)
    return {"ratio_soft": share(up, down), "net_soft_usd": usd(up - down)}


def leg_facts(
    call: int, put: int, bull: int | None, bear: int | None, unknown: int | None, mixed: int | None
) -> dict[str, Any]:
    """The measures of a session from its premium legs in e4 USD; None where a leg or a divisor is missing.

    `ratio_low` and `ratio_high` bound bull ÷ bear when nothing is assumed of the unknown premium.
    """
    facts = {
        "call_usd": usd(call), "put_usd": usd(put), "bull_usd": usd(bull), "bear_usd": usd(bear),
        "unknown_usd": usd(unknown), "complex_usd": usd(mixed), "total_usd": usd(call + put),
        "call_put_net_usd": usd(call - put), "call_put_ratio": share(call, put),
    }  # fmt: skip
    if bull is None or bear is None or unknown is None:
        return facts | dict.fromkeys(("net_usd", "ratio", "ratio_low", "ratio_high", "coverage"))
    return facts | {
        "net_usd": usd(bull - bear),
        "ratio": share(bull, bear),
        "ratio_low": share(bull, bear + unknown),
        "ratio_high": share(bull + unknown, bear),
        "coverage": share(bull + bear, bull + bear + unknown + (mixed or 0)),
    }


def volumes(call: int | None, put: int | None) -> dict[str, Any]:
    """Contracts, and the classic put/call ratio."""
    ratio = None if call is None or put is None else share(put, call)
    return {"call_volume": call, "put_volume": put, "put_call_volume": ratio}


def usd(e4: Any) -> float | None:
    """USD of an amount in ten-thousandths, to the cent."""
    return None if e4 is None else round(int(e4) / 10_000, 2)


def share(part: float, whole: float) -> float | None:
    """The quotient to six places, None where nothing is there to divide by."""
    return round(float(part / whole), 6) if whole else None


def _largest(session: Session, subject: str, total: int) -> dict[str, Any]:
    orders = session.orders_of(subject)
    order = np.lexsort([orders[:, FIELDS.index("first")], -orders[:, FIELDS.index("premium_e4")]])
    told = told_orders(session, orders[order[:TOP]])
    top = told[0]["premium_usd"] if told else None
    return {
        "top_order_usd": top,
        "top_order_share": None if top is None else share(top * 10_000, total),
        "top_orders": told,
    }


def told_orders(session: Session, orders: Ints) -> list[dict[str, Any]]:
    """Orders (rows of FIELDS) as facts: the contract, the side, and which criteria are met or not known."""
    names = [*session.places]
    told = []
    for row, met in zip(orders, criteria(orders), strict=True):
        order = dict(zip(FIELDS, (int(cell) for cell in row), strict=True))
        expiry = date(1970, 1, 1) + timedelta(days=order["expiry"])
        at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=order["first"])
        what = f"{order['strike_e4'] / 1e4:g} {'C' if order['is_call'] else 'P'}"
        told.append(
            {
                "contract": f"{names[order['code']]} {expiry.isoformat()} {what}",
                "side": _SIDE[order["side"]],
                "premium_usd": usd(order["premium_e4"]),
                "price": round(order["premium_e4"] / order["shares"] / 1e4, 4),
                "size": order["size"],
                "prints": order["children"],
                "days": (expiry - session.day).days,
                "met": [name for name, is_met in zip(CRITERIA, met, strict=True) if is_met == 1],
                "not_known": [name for name, is_met in zip(CRITERIA, met, strict=True) if is_met < 0],
                "at": at.isoformat(),
            }
        )
    return told


_SIDE = {-1: "sell", 0: "unknown", 1: "buy", MULTI_LEG: "multi-leg"}
