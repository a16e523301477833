"""The kinds of tape: prints and quotes, each with its Arrow columns.

Money is int64 of ten-thousandths of a dollar (`_e4`); times are UTC microseconds.
"""

from dataclasses import dataclass

import pyarrow as pa

MOMENT = pa.timestamp("us", tz="UTC")
NAME = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Tape:
    """A kind of print: its folder, its columns, and which column names the subject."""

    name: str
    schema: pa.Schema
    subject: str
    #: prints about other prints (cancels), as a column and its values: every part begins with its own,
    #: so that they can be known before what they are about without reading the part twice
    leading: tuple[str, tuple[str, ...]] | None = None

    def __hash__(self) -> int:
        return hash(self.name)


OPTION_TRADES = Tape(
    "option_trades",
    pa.schema(
        [
            pa.field("event_at", MOMENT, False),
            pa.field("known_at", MOMENT, False),
            pa.field("underlying", NAME, False),
            pa.field("expiry", pa.date32(), False),
            pa.field("strike_e4", pa.int64(), False),
            pa.field("is_call", pa.bool_(), False),
            pa.field("price_e4", pa.int64(), False),  # USD a share
            pa.field("size", pa.int64(), False),  # contracts
            pa.field("multiplier", pa.int64(), False),  # shares a contract, for the premium
            pa.field("bid_e4", pa.int64()),  # the quote before the trade; null where there was none
            pa.field("ask_e4", pa.int64()),
            pa.field("bid_size", pa.int64()),  # contracts at the best bid and ask, where they are known
            pa.field("ask_size", pa.int64()),
            pa.field("condition", NAME),  # OPRA condition: the one-letter code
            pa.field("exchange", NAME),
            pa.field("underlying_price_e4", pa.int64()),
            pa.field("open_interest", pa.int64()),  # contracts, the evening before
            pa.field("vendor_side", NAME),  # buy, sell or mid, as the vendor labels it
            pa.field("source", NAME, False),
            pa.field("row_id", pa.uint64(), False),
        ]
    ),
    "underlying",
    leading=("condition", ("A", "C", "E", "G")),
)

EQUITY_TRADES = Tape(
    "equity_trades",
    pa.schema(
        [
            pa.field("event_at", MOMENT, False),
            pa.field("known_at", MOMENT, False),
            pa.field("symbol", NAME, False),
            pa.field("price_e4", pa.int64(), False),
            pa.field("size", pa.int64(), False),  # shares
            pa.field("bid_e4", pa.int64()),
            pa.field("ask_e4", pa.int64()),
            pa.field("venue", NAME),  # D: off-exchange (TRF or ADF)
            pa.field("condition", NAME),  # SIP sale-condition characters, comma-separated, as `W,T`
            pa.field("source", NAME, False),
            pa.field("row_id", pa.uint64(), False),
        ]
    ),
    "symbol",
)

#: one exchange's whole quote from this moment on (null on a side: nobody quotes there); without an exchange
#: it is the best of all. `symbol` is a ticker, or an option's OPRA symbol such as SPY251003P00571000
_QUOTES = pa.schema(
    [
        pa.field("event_at", MOMENT, False),
        pa.field("known_at", MOMENT, False),
        pa.field("symbol", NAME, False),
        pa.field("exchange", NAME),
        pa.field("bid_e4", pa.int64()),
        pa.field("bid_size", pa.int64()),
        pa.field("ask_e4", pa.int64()),
        pa.field("ask_size", pa.int64()),
        pa.field("source", NAME, False),
        pa.field("row_id", pa.uint64(), False),
    ]
)
EQUITY_QUOTES = Tape("equity_quotes", _QUOTES, "symbol")
OPTION_QUOTES = Tape("option_quotes", _QUOTES, "symbol")
