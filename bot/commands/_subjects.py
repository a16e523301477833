"""What can be watched: tickers, and the sectors, themes and companies that are known."""

from bot.commands import UserError, tickers
from bot.rooms import Rooms
from storage import people
from storage.database import reading


def read(words: str, example: str) -> str:
    """What was typed after the command; UserError where it is nothing."""
    if not words.strip():
        raise UserError("Which ticker? For example: {example}", example=example)
    return words


def resolve(rooms: Rooms, words: str, example: str, most: int) -> list[str]:
    """The tickers, sectors, themes and companies in `words`, in order and without repeats.

    What stands between commas, or else each word, is a theme or a company if there is one of that name,
    however it is spelled. UserError for a word that is none of them and no ticker.
    """
    with reading(rooms.engine) as session:
        named = {name: (theme,) for name, theme in people.themes(session).items()}
        known = people.companies(session) | named
    found: list[str] = []
    for part in words.split(","):
        whole = " ".join(part.split())
        for each in [whole] if {whole, whole.casefold()} & known.keys() else whole.split():
            found += known.get(each) or known.get(each.casefold()) or tickers(each, example, most)
    unique = [*dict.fromkeys(found)]
    if len(unique) > most:
        raise UserError(
            "That is {count} tickers; at most {most} fit. For example: {example}",
            count=len(unique), most=most, example=example,
        )  # fmt: skip
    return unique
