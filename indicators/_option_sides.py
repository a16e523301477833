"""Who wanted an option print: the layered classifier, and how often published tests found it right.

Where the sizes of the quote are known, a print as large as the bid alone is bought and one as large as the
ask alone is sold (somebody's limit order was filled whole); else a price above the midpoint is bought and
below it sold; at the midpoint the larger of the two sizes decides. Without sizes only the midpoint does.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Places = NDArray[np.int8]


class Bucket(NamedTuple):
    """Where a print falls: its side (−1 sold, 0 unknown, +1 bought) and the probability that it is right."""

    name: str
    side: int = 0
    p: float = 0.5


#: how often the side is right, by where the price stands in the quote: mean of ISE and CBOE, 2015 to 2017,
#: trades of customers with market makers (Grauer et al.); first the midpoint alone, then the layers
QUOTE_ONLY = {"outside": 0.70, "at": 0.49, "inside": 0.63}
LAYERED = {"outside": 0.68, "at": 0.75, "inside": 0.65, "mid": 0.63}
#: contracts of more than a year and on indices, signed by the quote: a coin, and little better than one
P_LONG, P_INDEX = 0.5, 0.56
#: a contract with more days than this to its expiry is a long one
LONG_DAYS = 365
INDICES = frozenset(
    ["SPX", "SPXW", "NDX", "NDXP", "RUT", "RUTW", "VIX", "VIXW", "XSP", "OEX", "XEO", "DJX", "MRUT"]
)

_SELL, _BUY = ("outside", "at", "inside"), ("inside", "at", "outside")
BUCKETS = (
    *(Bucket(f"sell_{at}", -1, QUOTE_ONLY[at]) for at in _SELL),
    Bucket("mid"),
    *(Bucket(f"buy_{at}", 1, QUOTE_ONLY[at]) for at in _BUY),
    *(Bucket(f"layered_sell_{at}", -1, LAYERED[at]) for at in (*_SELL, "mid")),
    Bucket("layered_mid"),
    *(Bucket(f"layered_buy_{at}", 1, LAYERED[at]) for at in ("mid", *_BUY)),
    Bucket("locked_or_crossed"), Bucket("unquoted"), Bucket("unsignable"),
    Bucket("complex"), Bucket("excluded"),
)  # fmt: skip
NAMES = tuple(bucket.name for bucket in BUCKETS)
MID, LAYERED_MID = NAMES.index("mid"), NAMES.index("layered_mid")
CROSSED, UNQUOTED, UNSIGNABLE = (
    NAMES.index(name) for name in ("locked_or_crossed", "unquoted", "unsignable")
)
COMPLEX, EXCLUDED = NAMES.index("complex"), NAMES.index("excluded")
#: what is in no total: cancel messages, and prints set aside
NOTHING = len(BUCKETS)

SIDES = np.array([*(bucket.side for bucket in BUCKETS), 0], np.int8)
SELL = [place for place, bucket in enumerate(BUCKETS) if bucket.side < 0]
BUY = [place for place, bucket in enumerate(BUCKETS) if bucket.side > 0]
#: premium whose side cannot be said
UNKNOWN = [MID, LAYERED_MID, CROSSED, UNQUOTED, UNSIGNABLE]
#: probability that a print of each bucket was bought
P_BUY = np.array([0.5 + bucket.side * (bucket.p - 0.5) for bucket in BUCKETS])

#: the layered bucket of a side (0 sell, 1 unknown, 2 buy) at a place in the quote (0 below … 6 above)
_LAYER = np.array(
    [
        [NAMES.index(f"layered_sell_{at}") for at in (*_SELL, "mid", *_BUY)],
        [LAYERED_MID] * 7,
        [NAMES.index(f"layered_buy_{at}") for at in (*_SELL, "mid", *_BUY)],
    ],
    np.int8,
)


def locate(price: Ints, bid: Ints, ask: Ints) -> Places:
    """Return each print's place in its quote, exactly: 0 below the bid … 3 midpoint … 6 above the ask,
    CROSSED where bid ≥ ask.
    """
    twice, middle = price + price, bid + ask
    place = (price >= bid).view(np.int8)
    for passed in (price > bid, twice >= middle, twice > middle, price >= ask, price > ask):
        place += passed.view(np.int8)
    np.maximum(place, (bid >= ask).view(np.int8) * np.int8(CROSSED), out=place)
    return place


def layer(place: Places, size: Ints, bid_size: Ints, ask_size: Ints) -> Places:
    """The layered bucket of prints at a `place` 0…6 of quotes whose sizes are known (contracts).

    First the trade's size, then the midpoint, then, at the midpoint, the depth of the quote.
    """
    quote = np.sign(place - MID).astype(np.int8)
    depth = np.sign(ask_size - bid_size).astype(np.int8)
    side = np.where(quote == 0, depth, quote)
    fills_bid, fills_ask = size == bid_size, size == ask_size
    side = np.where(fills_bid & ~fills_ask, np.int8(1), np.where(fills_ask & ~fills_bid, np.int8(-1), side))
    return np.asarray(_LAYER[side + 1, place], np.int8)


def p_buy(underlying: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probability of "bought" by bucket, for an underlying's contracts of up to a year, and of more."""
    most = P_INDEX - 0.5 if underlying in INDICES else 0.5
    return 0.5 + np.clip(P_BUY - 0.5, -most, most), np.full(len(BUCKETS), P_LONG)
