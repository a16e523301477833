"""Analysts' mean estimates as Yahoo shows them: the fiscal year that runs and the next; grade C.

One row is what was shown at one moment, filed under the newest session then (`vintage`). Of the modules of an
answer `earningsTrend` must be there; `price` gives price and market cap.
"""

import json
from datetime import date, datetime, timedelta

from feeds import Bad
from feeds._cells import Cells
from feeds._values import count, day, money, price, ticker
from feeds._yahoo_answers import NAME, Answer, Row, epoch, listed, mapped
from storage import calendar

#: assumption: the fiscal year that runs ended at most so long ago, not reported yet, or ends at most so late
ENDED, ENDS = timedelta(days=366), timedelta(days=400)
#: when something traded: the answer is not older
_TIMES = ("regularMarketTime", "preMarketTime", "postMarketTime")


def read_estimates(company: Row, answer: Answer) -> tuple[list[Row], list[Bad]]:
    """The CompanyEps row of one `result` of an answer, or why there is none."""
    try:
        return [_row(company, answer)], []
    except ValueError as error:
        return [], [Bad(str(error), json.dumps(company)[:2000])]


def _row(company: Row, answer: Answer) -> Row:
    if company.keys().isdisjoint(("earningsTrend", "price")):
        raise ValueError("not a kind this feed reads")
    trend = listed(mapped(company.get("earningsTrend")).get("trend"))
    years = {str(each.get("period")): each for each in trend if isinstance(each, dict)}
    this_year, next_year = (_mean(years.get(period, {})) for period in ("0y", "+1y"))
    if this_year is None and next_year is None:
        raise ValueError("no estimates in it")
    quote = _plain(company.get("price"))
    if quote.text("currency") not in (None, "USD"):
        raise ValueError("currency is not USD")
    symbol = answer.symbol(quote.maybe(ticker, "symbol"))
    at = _asked_at(quote, answer)
    vintage = calendar.last_session(at)
    year_end: date = Cells(years.get("0y", {})).need(day, "endDate")
    if not vintage - ENDED <= year_end <= vintage + ENDS:
        raise ValueError("endDate is not of the fiscal year that runs")
    return {
        "event_at": calendar.close(vintage),
        "known_at": max(calendar.settled(vintage), at),
        "source": NAME,
        "symbol": symbol,
        "vintage": vintage,
        "year_end": year_end,
        "this_year_e4": this_year,
        "next_year_e4": next_year,
        "price_e4": quote.maybe(price, "regularMarketPrice"),
        "market_cap_usd": quote.maybe(count, "marketCap") or None,
    }


def _mean(year: Row) -> int | None:
    """Mean earnings per share in e4 USD. Yahoo also writes 0 where no analyst estimates."""
    cells = _plain(year.get("earningsEstimate"))
    if cells.maybe(count, "numberOfAnalysts") == 0:
        return None
    mean: int | None = cells.maybe(money, "avg")
    if mean is not None and cells.text("earningsCurrency") not in (None, "USD"):
        raise ValueError("earningsCurrency is not USD")
    return mean


def _asked_at(quote: Cells, answer: Answer) -> datetime:
    """When it was asked: the latest moment that can be told, UTC."""
    told: list[datetime | None] = [answer.at, *(quote.maybe(epoch, name) for name in _TIMES)]
    if not (times := [at for at in told if at]):
        raise ValueError("it does not say when it was asked")
    return max(times)


def _plain(value: object) -> Cells:
    """The cells of a JSON object whose numbers are bare or stand as `{raw, fmt}`."""
    return Cells(
        {name: each.get("raw") if isinstance(each, dict) else each for name, each in mapped(value).items()}
    )
