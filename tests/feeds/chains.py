"""Answers as Yahoo writes them, for tests: option chains, daily bars, estimates."""

from datetime import UTC, datetime
from typing import Any

#: Monday, 2024-03-04: New York closes at 16:00, 21:00 UTC; settled at 21:45
CLOSE = 1709586000
OPENED, SETTLED = datetime(2024, 3, 4, 15, tzinfo=UTC), datetime(2024, 3, 4, 21, 45, tzinfo=UTC)
#: Friday before: closes at 21:00 UTC
FRIDAY_CLOSE = 1709326800
FRIDAY_OPENED = datetime(2024, 3, 1, 15, tzinfo=UTC)
FRIDAY_SETTLED = datetime(2024, 3, 1, 21, 45, tzinfo=UTC)
CONTRACT = {
    "contractSymbol": "ACME240315P00025000", "strike": 25, "currency": "USD", "lastPrice": 0.35, "volume": 12,
    "openInterest": 40, "contractSize": "REGULAR", "expiration": 1710460800, "lastTradeDate": CLOSE - 5,
    "impliedVolatility": 1.0000000000000003e-05,
}  # fmt: skip
QUOTE = {"regularMarketTime": CLOSE + 1, "marketState": "POST", "currency": "USD"}
#: Friday's and Monday's bar; prices went through 32-bit floats, a bar's time is the session's opening
FRIDAY = {
    "timestamp": FRIDAY_CLOSE - 23_400, "open": 24.809999465942383, "high": 25.5, "low": 24.5,
    "close": 25.350000381469727, "volume": 1_200,
}  # fmt: skip
MONDAY = {
    "timestamp": CLOSE - 23_400, "open": 25.399999618530273, "high": 26.100000381469727,
    "low": 25.25, "close": 26.087499618530273, "volume": 1_500,
}  # fmt: skip
META = {
    "currency": "USD", "symbol": "ACME", "exchangeTimezoneName": "America/New_York", "dataGranularity": "1d",
    "regularMarketTime": CLOSE + 1, "regularMarketPrice": 26.0875,
}  # fmt: skip
PRICE = {
    "symbol": "ACME", "currency": "USD", "regularMarketTime": FRIDAY_CLOSE + 1, "regularMarketPrice": 25.35,
    "marketCap": 5_070_000_000, "marketState": "POST",
}  # fmt: skip


def chain(*puts: Any, quote: Any = QUOTE, **more: Any) -> dict[str, Any]:
    result = {
        "underlyingSymbol": "ACME", "expirationDates": [1710460800], "quote": quote,
        "options": [{"expirationDate": 1710460800, "calls": [], "puts": list(puts)}],
    }  # fmt: skip
    return {"optionChain": {"result": [result | more], "error": None}}


def chart(*bars: dict[str, Any], **meta: Any) -> dict[str, Any]:
    names = ("open", "high", "low", "close", "volume")
    result: dict[str, Any] = {
        "meta": META | meta,
        "indicators": {
            "quote": [{name: [bar[name] for bar in bars] for name in names}],
            "adjclose": [{"adjclose": [1.5 for _ in bars]}],
        },
    }
    if bars:
        result["timestamp"] = [bar["timestamp"] for bar in bars]
    return {"chart": {"result": [result], "error": None}}


def year(period: str, end: str, mean: Any, **more: Any) -> dict[str, Any]:
    told = {"avg": {"raw": mean, "fmt": "x"}, "numberOfAnalysts": {"raw": 7}, "earningsCurrency": "USD"}
    return {"period": period, "endDate": end, "earningsEstimate": told | more}


#: what analysts expect of the quarter, of the fiscal year that runs and of the next
TREND = [
    year("0q", "2024-03-31", 0.31),
    year("0y", "2024-12-31", 1.25),
    year("+1y", "2025-12-31", 1.5),
]


def estimates(*trend: dict[str, Any], price: Any = PRICE) -> dict[str, Any]:
    modules = {"earningsTrend": {"trend": list(trend or TREND), "maxAge": 1}}
    return {"quoteSummary": {"result": [modules | ({"price": price} if price else {})], "error": None}}
