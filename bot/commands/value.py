"""/value COMPANY [VIEW] — what a company is worth against what it sells, or what stands behind that.

`/value COMPANY at 60` asks to hear when its price ÷ sales crosses 60; `at off` no more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape

from bot import desk, levels
from bot.commands import Command, Context, UserError
from bot.commentary import Message
from bot.commentary.desk_card import VIEWS, brief, message, view
from bot.commentary.desk_fact import tell_fact
from bot.commentary.languages import N_, translator
from bot.commentary.lengths import TEXT, fit
from bot.commentary.numbers import write
from bot.pipeline import draw
from indicators import Signal
from indicators._desk_companies import Company
from storage import people
from storage.database import writing

EXAMPLE = "/value SpaceX"
_HEARS = N_("You will hear when the price ÷ sales of {company} crosses {level:x}.")
_HEARS_NOT = N_("No level of {company} is kept for you.")
_STANDS = N_("It is {now:x} now.")
#: as long as the name of a company with its view may be
LONGEST = 100


_LEVEL = re.compile(r"(.+) at (off|\d{1,5}(?:\.\d{1,2})?)\s*[x×]?", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """A company as it was typed, and the view of it, or the level to hear of; without both its card."""

    name: str
    view: str | None = None
    #: `off`, or a multiple
    level: str | None = None


def parse(words: str) -> Asked:
    """The company, or `list`, and the view, if the last word is one."""
    parts = words.split()
    if not parts:
        raise UserError("Which company? For example: {example}", example=EXAMPLE)
    if len(words) > LONGEST:
        raise UserError("That is too long for the name of a company. For example: {example}", example=EXAMPLE)
    if found := _LEVEL.fullmatch(" ".join(parts)):
        return Asked(found[1], level=found[2].lower())
    if len(parts) > 1 and parts[-1].lower() in VIEWS:
        return Asked(" ".join(parts[:-1]), parts[-1].lower())
    return Asked(" ".join(parts))


def answer(context: Context, asked: Asked) -> list[Message]:
    """The card, the view, the list of all, or one fact by its reference."""
    if asked.name.lower() == "list" and asked.view is None:
        return [_list(context)]
    facts, companies = desk.library(context.rooms, moment(context))
    told = tell_fact(facts, asked.name, context.language)
    if told is not None:
        return [Message(told)]
    (signal,) = cards_of(context, [desk.meant(companies, asked.name)])
    if asked.level is not None:
        return [_keep(context, signal, asked.level)]
    if asked.view is not None:
        return [Message(view(signal.facts, asked.view, context.language))]
    chart = draw(context.rooms, desk.indicator(), signal)
    return [message(signal, context.language, sample=context.sample, chart=chart)]


def _keep(context: Context, signal: Signal, level: str) -> Message:
    """Keep a level, or forget it, and say where the multiple stands."""
    _ = translator(context.language)
    wanted = None if level == "off" or not float(level) else Decimal(level)
    with writing(context.rooms.engine) as session:
        people.welcome(
            session, context.chat_id, kind=context.kind, language=context.language, now=context.now
        )
        levels.keep(session, context.chat_id, signal.subject, wanted)
    facts = {"company": signal.subject, "level": wanted, "now": levels.price_to_sales(signal.facts)}
    said = _HEARS if wanted is not None else _HEARS_NOT
    lines = [write(sentence, facts, _, context.language) for sentence in (said, _STANDS)]
    return Message(escape(" ".join(line for line in lines if line), quote=False))


def moment(context: Context) -> datetime:
    """The desk's now: facts are of the real world, also where a synthetic market plays."""
    return context.now if context.sample else context.as_of


def cards_of(context: Context, companies: Sequence[Company]) -> list[Signal]:
    """The card of each company, in their order; UserError where one has none."""
    names = [company.name for company in companies]
    found = {card.subject: card for card in desk.cards(context.rooms, moment(context), names)}
    if missing := [name for name in names if name not in found]:
        raise UserError(
            "No valuation of {company} is known. /value list shows the companies that have one.",
            company=missing[0],
        )
    return [found[name] for name in names]


def _list(context: Context) -> Message:
    _ = translator(context.language)
    cards = [signal.facts for signal in desk.cards(context.rooms, moment(context))]
    valued = [card for card in cards if card["marks"] or card["market"]]
    lines = [
        brief(card, context.language) for card in sorted(valued, key=lambda card: card["entity"].casefold())
    ]
    head = [f"<b>{escape(_('Companies with a valuation'))}</b>"]
    return Message(fit(head, lines or [_("None yet.")], [], TEXT, rest=_("… and {count} more")))


COMMAND = Command(
    "value", "COMPANY [peers|must|sources|history|at 60]",
    "What a company is worth against its sales", EXAMPLE,
    parse, answer,
)  # fmt: skip
