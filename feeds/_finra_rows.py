"""What FINRA's daily and weekly rows have in common: shares, symbols, and rows that contradict each other.

FINRA counts fractions of a share since brokers trade them; the tables keep whole shares, so volumes are
rounded to the nearest one.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from feeds._columns import Rows
from feeds._values import number, ticker

NAME = "finra"


def volume(text: str) -> int:
    """Shares, zero or more, rounded to whole ones (half to even)."""
    amount = number(text)
    if amount < 0:
        raise ValueError("is negative")
    if amount >= 10**15:
        raise ValueError("is out of range")
    return int(amount.to_integral_value())


def symbol(text: str) -> str:
    """A ticker: BRK/B is BRK.B, but TpC, a preferred share in FINRA's writing, is not TPC."""
    if text != text.upper():
        raise ValueError("has a small letter, as preferred shares and rights have")
    return ticker(text.replace("/", "."))


def refuse_contradictions(rows: Rows, key: Mapping[str, pa.Array], figures: Mapping[str, pa.Array]) -> None:
    """Refuse all rows that share their `key` with one of other `figures`: no part is told as the whole.

    A row that lacks any of them is refused already and takes no part. It happens: a symbol that changes
    its tape or its issuer within a week has two weekly rows.
    """
    frame = pd.DataFrame({name: values.to_pandas() for name, values in (*key.items(), *figures.items())})
    whole = frame.dropna()
    differ = whole.groupby([*key])[[*figures]].transform("nunique").gt(1).any(axis=1)
    mask: npt.NDArray[np.bool_] = np.zeros(rows.size, bool)
    mask[differ.index[differ]] = True
    rows.refuse(mask, "the file says something else of the same symbol")
