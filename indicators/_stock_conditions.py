"""SIP sale conditions, and what they mean for the side of a stock print.

A print carries several characters, as `W,T`; the one that says most decides. Codes as the CTA and UTP plans
publish them; a word nobody has explained keeps its volume but gets no side.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indicators._option_cancels import numbers

#: where a print falls. Of several that apply the last one counts
BUCKETS = (
    "sell", "midpoint", "buy", "outside", "locked_or_crossed", "unquoted",
    "retail", "unsignable", "late", "extended", "auction", "official",
)  # fmt: skip
SELL, MIDPOINT, BUY, OUTSIDE, CROSSED, UNQUOTED = range(6)
RETAIL, UNSIGNABLE, LATE, EXTENDED, AUCTION, OFFICIAL = range(6, 12)

#: regular, automatic, intermarket sweep, odd lot: the quote says the side
_BY_QUOTE = frozenset(["", "@", "E", "F", "I"])
#: sold last, bunched sold, sold out of sequence: the quote of then is not the quote of the trade
_LATE = frozenset("LGZ")
#: outside regular hours (T form T, U out of sequence there)
_EXTENDED = frozenset("TU")
#: opening, reopening and closing prints
_AUCTION = frozenset("O56")
#: official open and close, corrected close: they repeat an auction's price and are no trade
_OFFICIAL = frozenset("QM9")
_ODD_LOT = "I"


class Meaning(NamedTuple):
    """The bucket each print's conditions decide (0 where the quote does); whether it is an odd lot."""

    bucket: NDArray[np.int8]
    odd_lot: NDArray[np.bool_]


def read_conditions(column: pa.DictionaryArray) -> Meaning:
    """What the conditions of a batch of prints say; none at all is a regular print.

    Without a side by condition: average price (W, B), derivatively priced (4), contingent (V, 7), prior
    reference (P), cash, next day and seller (C, N, R), price variation (H), crosses (X), stopped (1) and
    every other character.
    """
    texts = [text.split(",") for text in column.dictionary.to_pylist()] + [[""]]
    words = [[word.strip() for word in text] for text in texts]
    buckets = np.array([max(map(_bucket, each)) for each in words], np.int8)
    odd = np.array([_ODD_LOT in each for each in words])
    place = numbers(column, len(texts) - 1)
    return Meaning(buckets[place], odd[place])


def _bucket(word: str) -> int:
    if word in _BY_QUOTE:
        return 0
    if word in _OFFICIAL:
        return OFFICIAL
    if word in _AUCTION:
        return AUCTION
    if word in _EXTENDED:
        return EXTENDED
    return LATE if word in _LATE else UNSIGNABLE
