"""Several companies side by side: each mark's multiple of its first year's sales, with its interval."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from bot.commentary import Message
from bot.commentary.desk_card import BESIDE_SAMPLE
from bot.commentary.desk_words import BASES, KINDS, amount, between
from bot.commentary.languages import N_, Translate, translator
from bot.commentary.lengths import CAPTION, fit
from bot.commentary.numbers import clean, format_value
from bot.commentary.phrases import small_print
from indicators import Chart, Panel, Row, Signal
from indicators._desk_chart import loose

SIDES = (N_("by what was reported"), "", N_("by a rumour or a target"))
#: bars on one picture
MOST = 12
_TITLE = N_("What companies cost by what they sell")
_NO_MULTIPLE = N_("no sales known, so no multiple")
_MIXED = N_("Sales are of different years and kinds: compare with care.")


def compared(signals: Sequence[Signal], language: str, *, sample: bool) -> Message:
    """A line and a bar for each multiple, the dearest first; a company without one says why."""
    _ = translator(language)
    lines, rows, years = [], [], set()
    for signal in signals:
        told = list(_multiples(signal.facts, _, language))
        name = escape(clean(signal.subject, 40))
        lines += [f"<b>{name}</b> {escape(text)}" for _row, text, _year in told] or [
            f"<b>{name}</b>: {_(_NO_MULTIPLE)}"
        ]
        rows += [row for row, _text, _year in told]
        years |= {year for _row, _text, year in told}
    rows.sort(key=lambda row: -row.right)
    small = small_print(signals[0], language)
    head = [f"<b>{escape(_(_TITLE))}</b>", *([f"🧪 {_(BESIDE_SAMPLE)}"] if sample else [])]
    end = [*([_(_MIXED)] if len(years) > 1 else []), f"<i>{escape(small)}</i>"]
    text = fit(head, lines, end, CAPTION, rest=_("… and {count} more"))
    chart = Chart(_TITLE, [], [Panel("Price ÷ sales", "×", rows=rows[:MOST], sides=SIDES)]) if rows else None
    footer = f"{_(BESIDE_SAMPLE)} · {small}" if sample else small
    return Message(text, chart, footer, sample, language)


def _multiples(card: Mapping[str, Any], _: Translate, language: str) -> Iterator[tuple[Row, str, str]]:
    """The bar, the line and the year of each standing mark's first multiple."""
    figures = {each["ref"]: each for each in (*card["marks"], *card["revenues"])}
    market = card["market"]
    if market is not None:
        note = f"{format_value(market['market_cap_usd'], 'usd', language)} ({market['price_session']})"
        costs = between(market["multiple"], market["multiple"], "x", language)
        told = f"{costs} — {note}, {_(BASES['trailing'])} {market['revenue_end']}"
        yield Row(card["entity"], market["multiple"], note=note), told, "TTM"
        return
    seen: set[str] = set()
    for each in card["multiples"]:
        if each["numerator"] in seen:
            continue
        seen.add(each["numerator"])
        mark, sales = figures[each["numerator"]], figures[each["denominator"]]
        costs = between(each["low"], each["high"], "x", language)
        note = f"{costs} · {amount(mark, language)} ({mark['as_of']}) ÷ {amount(sales, language)}"
        told = (
            f"{costs} {each['name']} — {amount(mark, language)}: {_(BASES[mark['basis']])}, "
            f"{_(KINDS[mark['kind']])}, {mark['as_of']}"
        )
        bar = Row(card["entity"], each["high"] or each["low"] or 0.0, note=note, neither=loose(mark))
        yield bar, told, each["name"]
