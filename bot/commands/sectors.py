"""/sectors [NAME] — all sectors and themes by strength, or one of them."""

from collections.abc import Mapping
from difflib import get_close_matches
from html import escape
from typing import Any

from bot.commands import Command, Context, UserError, shown
from bot.commands._reading import staleness
from bot.commentary import Message, phrases
from bot.commentary.languages import N_, Translate, translator
from bot.commentary.lengths import CAPTION, fit
from bot.commentary.numbers import clean, write
from bot.pipeline import draw, look
from bot.registry import all_indicators
from indicators import MARKET, Indicator, Signal

#: how many names are suggested
SUGGESTED = 3

_BY = N_("Session {session}: excess over beta × {market}, share of names clearly ahead, day in the lead.")
_ROW = N_("{subject} {excess_return:pct}, {breadth:pct} of {members:int}")
_DAY = N_("day {streak:int}")
_FLAGS = {
    "sustained": N_("lasting and broad"), "fading": N_("fading"), "small_sample": N_("small sample"),
    "one_stock": N_("one stock drives it"),
}  # fmt: skip
_UNRANKED = N_("not ranked")
_BASE = N_("Leads last rarely: any theme on any day {base_rate:pct}, from {base_n:int} overlapping cases.")


def parse(words: str) -> str:
    """The name of a sector or theme, or MARKET for all of them."""
    return " ".join(words.split()) or MARKET


def answer(context: Context, name: str) -> list[Message]:
    """The ranking of all, or one of them; UserError with the nearest names where there is no such."""
    indicator = all_indicators()["sectors"]
    seen = look(context.rooms, indicator, context.as_of)
    signals = {signal.subject.casefold(): signal for signal in indicator.compute(seen, None)}
    if not signals:
        raise UserError(
            "Sectors: no daily bars of members have been read. Bars come from a feed of prices or "
            "`bellwether load bars`, members from `bellwether load sectors`."
        )
    signal = signals.get(name.casefold())
    if signal is None:
        known = {key: each.subject for key, each in signals.items() if each.subject != MARKET}
        near = get_close_matches(name.casefold()[:100], known, SUGGESTED, cutoff=0.4) or [*known][:SUGGESTED]
        raise UserError(
            "There is no sector or theme “{word}”; near: {names}.",
            word=shown(name), names=", ".join(known[each] for each in near),
        )  # fmt: skip
    return [(_ranking if signal.subject == MARKET else _one)(context, indicator, signal)]


def _one(context: Context, indicator: Indicator, signal: Signal) -> Message:
    return phrases.answer(
        indicator, signal, context.language, sample="sample" in signal.source,
        stale=staleness(context, signal), chart=draw(context.rooms, indicator, signal),
    )  # fmt: skip


def _ranking(context: Context, indicator: Indicator, signal: Signal) -> Message:
    """Every theme in one line, the strongest first."""
    language, sample = context.language, "sample" in signal.source
    _ = translator(language)
    late = staleness(context, signal)
    head = [
        f"<b>{escape(phrases.subject_name(signal, _))} · {escape(_(indicator.title))}</b>",
        *([f"🧪 {_(phrases.SAMPLE)}"] if sample else []),
        _said(_BY, signal.facts, _, language),
    ]
    body = [_line(row, _, language) for row in signal.facts["table"]]
    small = phrases.small_print(signal, language)
    end = [
        _said(_BASE, signal.facts, _, language),
        *([phrases.stale_line(late, language)] if late else []),
        f"<i>{escape(small)}</i>",
    ]
    text = fit(head, body, [line for line in end if line], CAPTION, rest=_("… and {count} more"))
    return Message(text, draw(context.rooms, indicator, signal), small, sample, language)


def _line(row: Mapping[str, Any], _: Translate, language: str) -> str:
    if row["rank"] is None:
        return f"· {escape(clean(row['subject'], 40))}: {escape(_(_UNRANKED))}"
    parts = [_said(_ROW, {**row, "subject": clean(row["subject"], 40)}, _, language)]
    if row["streak"]:
        parts.append(_said(_DAY, row, _, language))
    # what one stock does to a theme matters where the theme claims something
    told = {
        row["state"],
        "small_sample" * row["small_sample"],
        "one_stock" * bool(row["one_stock"] and row["streak"]),
    }
    flags = [name for name in _FLAGS if name in told]
    return f"{row['rank']}. " + _("; ").join([*parts, *(escape(_(_FLAGS[name])) for name in flags)])


def _said(sentence: str, facts: Mapping[str, Any], _: Translate, language: str) -> str:
    return escape(write(sentence, facts, _, language) or "", quote=False)


COMMAND = Command("sectors", "[NAME]", "Which sectors and themes lead", "/sectors Space", parse, answer)
