"""OPRA condition letters, and what a print's letter means for its premium. 'A' is not 'a'.

Codes as published in QuoteMedia's list and the vendors' maps.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indicators._option_sides import COMPLEX, EXCLUDED, NOTHING, UNSIGNABLE

#: cancels: A an earlier trade, C the last, E the first, G the only one
CANCELS = frozenset("ACEG")
#: signed by the quote: automatic, sweep, single-leg auctions; and late or out-of-sequence reports
#: (B D F H), whose quote, where the tape has one, is the one before the trade itself
SIGNED = frozenset(["", " ", *"ISabBDFH"])
#: multi-leg (f g h i j l m) and stock-tied (k n o p q r s): signs of legs are a coin-flip
MULTI_LEG = frozenset("fghijlmknopqrs")
#: an intermarket sweep
SWEEP = "S"
#: proprietary floor trades and compression
OUTSIDE = frozenset("tu")


def bucket_of_condition(column: pa.DictionaryArray) -> NDArray[np.int8]:
    """Return the bucket each print's condition decides, or 0 where the quote decides.

    Reopenings (J), crosses and floor trades (c d e), extended hours (v) and letters nobody has
    explained keep their premium but get no side.
    """
    decided = np.array([*map(_bucket, column.dictionary.to_pylist()), 0], np.int8)
    places = column.indices
    if column.null_count:
        places = places.fill_null(len(decided) - 1)
    bucket: NDArray[np.int8] = np.take(decided, places.to_numpy())
    return bucket


def _bucket(letter: str) -> int:
    if letter in SIGNED:
        return 0
    if letter in MULTI_LEG:
        return COMPLEX
    if letter in CANCELS:
        return NOTHING
    return EXCLUDED if letter in OUTSIDE else UNSIGNABLE
