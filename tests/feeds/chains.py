"""An option chain as Yahoo writes it, for tests."""

from datetime import UTC, datetime
from typing import Any

#: Monday, 2024-03-04: New York closes at 16:00, 21:00 UTC; settled at 21:45
CLOSE = 1709586000
OPENED, SETTLED = datetime(2024, 3, 4, 15, tzinfo=UTC), datetime(2024, 3, 4, 21, 45, tzinfo=UTC)
CONTRACT = {
    "contractSymbol": "ACME240315P00025000", "strike": 25, "currency": "USD", "lastPrice": 0.35, "volume": 12,
    "openInterest": 40, "contractSize": "REGULAR", "expiration": 1710460800, "lastTradeDate": CLOSE - 5,
    "impliedVolatility": 1.0000000000000003e-05,
}  # fmt: skip
QUOTE = {"regularMarketTime": CLOSE + 1, "marketState": "POST", "currency": "USD"}


def chain(*puts: Any, quote: Any = QUOTE, **more: Any) -> dict[str, Any]:
    result = {
        "underlyingSymbol": "ACME", "expirationDates": [1710460800], "quote": quote,
        "options": [{"expirationDate": 1710460800, "calls": [], "puts": list(puts)}],
    }  # fmt: skip
    return {"optionChain": {"result": [result | more], "error": None}}
