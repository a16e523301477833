"""One fact with its source and its versions, as anyone may ask for it by its reference."""

from collections.abc import Sequence
from dataclasses import asdict
from html import escape

from bot.commentary.desk_words import BASES, KINDS, figure_of, metric_name
from bot.commentary.languages import N_, Translate, translator
from bot.commentary.numbers import clean
from indicators._desk_facts import Sourced

FLAGS = {
    "wrong": N_("its source is wrong here"), "merged": N_("its source makes one figure of two"),
    "implausible": N_("it is implausible"), "stale": N_("it is out of date"), "hearsay": N_("it is hearsay"),
}  # fmt: skip


def tell_fact(facts: Sequence[Sourced], ref: str, language: str) -> str | None:
    """HTML of the fact called `ref`, what it replaces and what replaces it; None where there is none."""
    found = [fact for fact in facts if fact.ref.casefold() == ref.strip().casefold()]
    if not found:
        return None
    _ = translator(language)
    lines = [one_line(found[-1], _, language)]
    for fact in facts:
        if found[-1].ref in (fact.replaces or "").split("|"):
            lines.append(f"{_('Replaced by')}: {one_line(fact, _, language)}")
        if fact.ref in (found[-1].replaces or "").split("|"):
            lines.append(f"{_('Replaces')}: {one_line(fact, _, language)}")
    return "\n".join(lines)


def one_line(fact: Sourced, _: Translate, language: str) -> str:
    """HTML: what is said, of when, how sure, by whom; and why it is not computed with, if it is not."""
    period = f" {fact.period}" if fact.period else ""
    told = [
        f"<b>{escape(fact.entity)}</b> {escape(metric_name(fact.metric, _))}{escape(period)}: "
        f"<b>{escape(figure_of(asdict(fact), language))}</b>",
        escape(f"{_(BASES[fact.basis])}, {_(KINDS[fact.kind])}, {_('as of')} {fact.as_of}"),
        escape(f"{fact.publisher}, {fact.published} [{fact.ref}]"),
    ]
    if fact.flag:
        told.append(f"⚠️ {escape(_(FLAGS[fact.flag]))}")
    if fact.note:
        told.append(escape(clean(fact.note, 400)))
    return " · ".join(told)
