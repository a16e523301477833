"""The SEC's company facts → CompanyFigure rows; and what counts where a filing says two things of one."""

import json
import re
from collections import defaultdict
from collections.abc import Container, Iterator
from datetime import date

from feeds import Bad
from feeds._cells import Cells
from feeds._eps_rows import closed
from feeds._transaction import LAST_ACCEPTED
from feeds._values import day, shares
from feeds._yahoo_answers import Row, listed, mapped
from storage.calendar import new_york

NAME = "sec_facts"
#: shares outstanding: on a filing's cover, and in its balance sheet
COVER, SHEET = ("dei", "EntityCommonStockSharesOutstanding"), ("us-gaap", "CommonStockSharesOutstanding")
REVENUES = (
    ("us-gaap", "RevenueFromContractWithCustomerExcludingAssessedTax"),
    ("us-gaap", "Revenues"),
    ("us-gaap", "SalesRevenueNet"),
)
#: days of about a quarter, a half, three quarters and a year: fiscal ones are also of 12, 14 or 53 weeks
SPANS = ((80, 120), (165, 200), (250, 290), (350, 380))

_ACCESSION = re.compile(r"\d{10}-\d{2}-\d{6}", re.ASCII)
_FORM = re.compile(r"[A-Z0-9][A-Z0-9 /-]{0,15}", re.ASCII)
#: a statement that was read, and its text
_Stated = tuple[Row, str]


def read_figures(symbol: str, facts: Row) -> tuple[list[Row], list[Bad]]:
    """Rows of `symbol`: one for each figure of a period or day in a filing."""
    bad: list[Bad] = []
    cover = _of_one_number(_read(symbol, "shares", facts, COVER, bad), bad)
    on_cover = {row["accession"] for row in cover}
    balance: list[Bad] = []
    sheet = _of_one_number(_read(symbol, "shares", facts, SHEET, balance, on_cover), balance)
    return [*cover, *sheet, *_largest(symbol, facts, bad)], bad + balance


def _largest(symbol: str, facts: Row, bad: list[Bad]) -> list[Row]:
    """Of the revenues a filing gives for one period the largest: the others are parts of it."""
    found: dict[tuple[date, date, str], Row] = {}
    for concept in REVENUES:
        for row, _ in _read(symbol, "revenue", facts, concept, bad):
            key = row["start"], row["end"], row["accession"]
            found[key] = max(found.get(key, row), row, key=lambda each: int(each["value"]))
    return list(found.values())


def _of_one_number(stated: Iterator[_Stated], bad: list[Bad]) -> list[Row]:
    """What each filing says of a day; where it says several things (classes of shares?) none is taken."""
    groups = defaultdict[tuple[date, str], list[_Stated]](list)
    for row, text in stated:
        groups[row["end"], row["accession"]].append((row, text))
    rows: list[Row] = []
    for group in groups.values():
        if len({row["value"] for row, _ in group}) == 1:
            rows.append(group[0][0])
        else:
            bad += [Bad("several numbers of shares of one day in one filing", text) for _, text in group]
    return rows


def _read(
    symbol: str,
    figure: str,
    facts: Row,
    concept: tuple[str, str],
    bad: list[Bad],
    without: Container[str] = (),
) -> Iterator[_Stated]:
    """What is stated as `concept` by filings that are not in `without`; what cannot be read is bad."""
    taxonomy, name = concept
    expected = "USD" if figure == "revenue" else "shares"
    for unit, entries in mapped(mapped(mapped(facts.get(taxonomy)).get(name)).get("units")).items():
        for entry in listed(entries):
            cells = mapped(entry)
            if str(cells.get("accn")) in without:
                continue
            text = json.dumps({"concept": name, "unit": unit, "of": entry})
            try:
                if unit != expected:
                    raise ValueError(f"the unit is not {expected}")
                yield _row(symbol, figure, Cells(cells)), text
            except ValueError as error:
                bad.append(Bad(str(error), text))


def _row(symbol: str, figure: str, cells: Cells) -> Row:
    end, filed = cells.need(day, "end"), cells.need(day, "filed")
    start = cells.need(day, "start") if figure == "revenue" else cells.maybe(day, "start") or end
    accession = cells.need(_accession, "accn")
    if end > filed:
        raise ValueError("end is after filed")
    if 2000 + int(accession[11:13]) > filed.year:
        # sent in again later, and dated back: nobody knew it on that day
        raise ValueError("filed is before the year of its accession number")
    days = (end - start).days + 1
    if figure == "shares" and start != end:
        raise ValueError("a period, not a day")
    if figure == "revenue" and not any(least <= days <= most for least, most in SPANS):
        raise ValueError("not a period of about one, two, three or four quarters")
    return {
        "symbol": symbol, "figure": figure, "start": start, "end": end, "value": cells.need(shares, "val"),
        "form": cells.need(_form, "form"), "accession": accession, "source": NAME,
        "event_at": closed(end), "known_at": new_york(filed, LAST_ACCEPTED),
    }  # fmt: skip


def _form(text: str) -> str:
    if not _FORM.fullmatch(text):
        raise ValueError("is not the name of a form")
    return text


def _accession(text: str) -> str:
    if not _ACCESSION.fullmatch(text):
        raise ValueError("is not an accession number")
    return text
