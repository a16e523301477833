"""What one session's option premium says of a subject: the measures, each from exact amounts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from indicators import MARKET
from indicators._option_conditions import COMPLEX, EXCLUDED, UNSIGNABLE
from indicators._option_days import BUY, CALL, PUT, SELL, Session
from indicators._option_tape import BUCKETS, CROSSED, LARGEST, MID, UNQUOTED
from indicators._stats import attenuation

#: mid, unquoted, locked or crossed, unsignable: premium whose side cannot be said
UNKNOWN = [MID, CROSSED, UNQUOTED, UNSIGNABLE]
#: probability that the quote rule signs a print right, by its place in the quote: mean of ISE and CBOE
#: (Grauer et al.); a print without a side counts half for either
P_OUTSIDE, P_AT, P_INSIDE = 0.70, 0.49, 0.63
_P_BUY = np.array([1 - P_OUTSIDE, 1 - P_AT, 1 - P_INSIDE, 0.5, P_INSIDE, P_AT, P_OUTSIDE, 0.5, 0.5, 0.5])


def tape_facts(session: Session, subject: str) -> dict[str, Any]:
    """What the prints of one session say of `subject`: USD, contracts, counts; None where unknown."""
    place = session.places[subject]
    premium = session.premium[place, :, :EXCLUDED]
    contracts, trades = session.contracts[place, :, :EXCLUDED], session.trades[place, :, :EXCLUDED]
    put, call = (int(leg) for leg in premium.sum(axis=1))
    unknown, mixed = int(premium[:, UNKNOWN].sum()), int(premium[:, COMPLEX].sum())
    compared, agreed, cancels, unmatched = (int(count) for count in session.counts[:, place])
    bullish = premium[CALL, :COMPLEX] - premium[PUT, :COMPLEX]
    up = premium[CALL, :COMPLEX] @ _P_BUY + premium[PUT, :COMPLEX] @ (1 - _P_BUY)
    down = int(premium[:, :COMPLEX].sum()) - up
    return {
        "session": session.day.isoformat(),
        "buy_call_usd": usd(premium[CALL, BUY].sum()),
        "sell_call_usd": usd(premium[CALL, SELL].sum()),
        "buy_put_usd": usd(premium[PUT, BUY].sum()),
        "sell_put_usd": usd(premium[PUT, SELL].sum()),
        "mid_usd": usd(premium[:, MID].sum()),
        "unquoted_usd": usd(premium[:, UNQUOTED].sum()),
        "locked_crossed_usd": usd(premium[:, CROSSED].sum()),
        "unsignable_usd": usd(premium[:, UNSIGNABLE].sum()),
        "ratio_soft": share(up, down),
        "net_soft_usd": usd(bullish @ attenuation(_P_BUY)),
        **_volumes(int(contracts[CALL].sum()), int(contracts[PUT].sum())),
        "trades": int(trades.sum()),
        "signed_trades": int(trades[:, SELL].sum() + trades[:, BUY].sum()),
        "excluded_trades": int(session.trades[place, :, EXCLUDED].sum()),
        "cancels": cancels,
        "cancels_unmatched": unmatched,
        "vendor_compared": compared,
        "vendor_agreement": share(agreed, compared),
        **_largest(session, subject, put + call),
    } | leg_facts(call, put, int(session.bull[place]), int(session.bear[place]), unknown, mixed)


def vendor_facts(row: Any) -> dict[str, Any]:
    """What a vendor's day totals say: its own split; what it split neither way is unknown."""
    call, put = int(row.call_premium_e4), int(row.put_premium_e4)
    bull, bear = _count(row.bullish_premium_e4), _count(row.bearish_premium_e4)
    unknown = None if bull is None or bear is None else max(call + put - bull - bear, 0)
    legs = (
        "buy_call_usd",
        "sell_call_usd",
        "buy_put_usd",
        "sell_put_usd",
        "ratio_soft",
        "net_soft_usd",
        "trades",
    )
    facts = {"session": row.session.isoformat(), **dict.fromkeys(legs)}
    facts |= _volumes(_count(row.call_volume), _count(row.put_volume))
    return facts | leg_facts(call, put, bull, bear, unknown, None)


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


def _volumes(call: int | None, put: int | None) -> dict[str, Any]:
    """Contracts, and the classic put/call ratio."""
    ratio = None if call is None or put is None else share(put, call)
    return {"call_volume": call, "put_volume": put, "put_call_volume": ratio}


def _count(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def usd(e4: Any) -> float | None:
    """USD of an amount in ten-thousandths, to the cent."""
    return None if e4 is None else round(int(e4) / 10_000, 2)


def share(part: float, whole: float) -> float | None:
    """The quotient to six places, None where nothing is there to divide by."""
    return round(float(part / whole), 6) if whole else None


def _largest(session: Session, subject: str, total: int) -> dict[str, Any]:
    prints = list(_prints(session, subject))
    prints.sort(key=lambda order: (-order["premium_e4"], order["event_at"], order["underlying"]))
    top = prints[0]["premium_e4"] if prints else None
    return {
        "top_order_usd": usd(top),
        "top_order_share": None if top is None else share(top, total),
        "top_orders": [_order(print_) for print_ in prints[:LARGEST]],
    }


def _prints(session: Session, subject: str) -> Iterator[dict[str, Any]]:
    """The prints of `subject` among the largest: its own, or for the market everybody's."""
    for name in [*session.places][:-1] if subject == MARKET else [subject]:
        for print_ in session.largest[session.places[name]].as_py():
            yield print_ | {"underlying": name}


def _order(print_: dict[str, Any]) -> dict[str, Any]:
    bucket = BUCKETS[print_["bucket"]]
    expiry = date(1970, 1, 1) + timedelta(days=print_["expiry"])
    at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=print_["event_at"])
    right = "C" if print_["is_call"] else "P"
    return {
        "contract": f"{print_['underlying']} {expiry.isoformat()} {print_['strike_e4'] / 1e4:g} {right}",
        "side": bucket.split("_")[0] if bucket.startswith(("buy", "sell")) else bucket,
        "premium_usd": usd(print_["premium_e4"]),
        "price": print_["price_e4"] / 1e4,
        "size": print_["size"],
        "at": at.isoformat(),
    }
