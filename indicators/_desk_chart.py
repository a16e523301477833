"""A card's picture: valuations over the months, then its multiples beside the peers' median."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from indicators import Chart, Panel, Row, Series
from indicators._desk_marks import TARGETS

#: months on the axis, at most
MONTHS = 36
#: what is green and what is grey on the board
SIDES = ("by what was reported", "", "by a rumour or a target, or of peers")
#: multiples on the board, at most
MOST = 6


def picture(card: Mapping[str, Any], today: date) -> Chart:
    """Two panels; months as the first of each, the last one `today`'s."""
    marks = [mark for mark in card["marks"] if mark["value_usd"] is not None]
    first = min((mark["as_of"][:7] for mark in marks), default=f"{today:%Y-%m}")
    months = _months(first if len(first) == 7 else f"{first}-01", today)
    panels = [_history(marks, months)] if marks else []
    rows = _rows(card)
    if rows:
        panels.append(Panel("Price ÷ sales", "×", rows=rows, sides=SIDES))
    return Chart("{subject}: what it costs by what it sells", months, panels, {"subject": card["entity"]})


def _months(first: str, today: date) -> list[str]:
    """The months from `first` to `today`, at most MONTHS, each by name: 2025-12."""
    last = today.year * 12 + today.month - 1
    begin = max(int(first[:4]) * 12 + int(first[5:7]) - 1, last - MONTHS + 1)
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(min(begin, last), last + 1)]


def _history(marks: Sequence[Mapping[str, Any]], months: Sequence[str]) -> Panel:
    traded = [mark for mark in marks if not loose(mark)]
    hoped = [mark for mark in marks if loose(mark)]
    return Panel(
        "Valuation", "USD",
        [
            Series("Last traded", "step", _steps(traded, months)),
            Series("Reported", "dot", _points(traded, months)),
            Series("Rumour or target", "hollow", _points(hoped, months)),
        ],
    )  # fmt: skip


def _month(mark: Mapping[str, Any]) -> str:
    """The month of a mark; of one that is known by its year alone, the middle of it."""
    as_of: str = mark["as_of"]
    return as_of[:7] if len(as_of) >= 7 else f"{as_of}-07"


def _points(marks: Sequence[Mapping[str, Any]], months: Sequence[str]) -> list[float | None]:
    """The last mark of each month."""
    of_month = {_month(mark): float(mark["value_usd"]) for mark in marks}
    return [of_month.get(month) for month in months]


def _steps(marks: Sequence[Mapping[str, Any]], months: Sequence[str]) -> list[float | None]:
    """The last mark up to each month."""
    values: list[float | None] = []
    for month in months:
        known = [float(mark["value_usd"]) for mark in marks if _month(mark) <= month]
        values.append(known[-1] if known else None)
    return values


def _rows(card: Mapping[str, Any]) -> list[Row]:
    """The company's own multiples, its price on the exchange first, and the peers' median; each peer where
    the company has none.
    """
    figures = {each["ref"]: each for each in (*card["marks"], *card["revenues"])}
    own = [_listed(card["ticker"], card["market"])] if card["market"] else []
    own += [_row(each, figures) for each in card["multiples"][: MOST - len(own)]]
    peers, usual = card["peers"], card["peer_summary"]
    if not own:
        dearest = sorted(peers, key=lambda peer: -peer["multiple"])
        return [replace(_listed(peer["symbol"], peer), neither=True) for peer in dearest[:MOST]]
    if usual["median"] is not None:
        span = f"{usual['first_session']} – {usual['last_session']}"
        own.append(Row(f"Ø {usual['n']}", usual["median"], note=span, neither=True))
    return own


def _listed(name: str, peer: Mapping[str, Any]) -> Row:
    """A listed company by its close and the sales of its last twelve months."""
    note = f"{_usd(peer['market_cap_usd'])} ({peer['price_session']}) ÷ {_usd(peer['revenue_usd'])}"
    return Row(name, peer["multiple"], note=note)


def _row(quotient: Mapping[str, Any], figures: Mapping[str, Mapping[str, Any]]) -> Row:
    value, sales = figures[quotient["numerator"]], figures[quotient["denominator"]]
    low, high = quotient["low"], quotient["high"]
    span = f"{low:.3g}–{high:.3g}× · " if low and high and low != high else ""
    note = f"{span}{_brief(value)} ({value['as_of']}) ÷ {_brief(sales)}"
    return Row(quotient["name"].replace("forward ", ""), high or low or 0.0, note=note, neither=loose(value))


def loose(mark: Mapping[str, Any]) -> bool:
    """Whether nobody is known to have paid it."""
    return mark["basis"] in TARGETS or mark["kind"] != "reported"


def _brief(figure: Mapping[str, Any]) -> str:
    """$800B, or $22B–$24B: short enough for the line under a bar."""
    ends = [end for end in (figure["low_usd"], figure["high_usd"]) if end is not None]
    return "–".join(dict.fromkeys(_usd(float(end)) for end in ends))


def _usd(amount: float) -> str:
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if amount >= size:
            return f"${amount / size:.4g}{letter}"
    return f"${amount:.4g}"
