"""/compare COMPANY COMPANY… — what companies cost by what they sell, side by side."""

from bot import desk
from bot.commands import Command, Context, UserError
from bot.commands.value import cards_of, moment
from bot.commentary import Message
from bot.commentary.desk_compare import compared

EXAMPLE = "/compare SpaceX OpenAI"
#: bars a phone shows at a glance
MOST = 6


def parse(words: str) -> list[str]:
    """The companies as they were typed; a name of several words stands between commas."""
    parts = [" ".join(part.split()) for part in (words.split(",") if "," in words else words.split())]
    names = [*dict.fromkeys(part for part in parts if part)]
    if len(words) > 100 * MOST:
        raise UserError(
            "That is too long for the names of companies. For example: {example}", example=EXAMPLE
        )
    if len(names) < 2:
        raise UserError("Which companies? At least two. For example: {example}", example=EXAMPLE)
    if len(names) > MOST:
        raise UserError(
            "That is {count} companies; at most {most} fit. For example: {example}",
            count=len(names), most=MOST, example=EXAMPLE,
        )  # fmt: skip
    return names


def answer(context: Context, names: list[str]) -> list[Message]:
    """One bar a company and mark, and why some have none."""
    _, known = desk.library(context.rooms, moment(context))
    companies = {company.name: company for company in (desk.meant(known, name) for name in names)}
    if len(companies) < 2:
        raise UserError("Those are names of one company. For example: {example}", example=EXAMPLE)
    cards = cards_of(context, [*companies.values()])
    return [compared(cards, context.language, sample=context.sample)]


COMMAND = Command(
    "compare", "COMPANY COMPANY…", "Companies side by side, by their sales", EXAMPLE, parse, answer
)
