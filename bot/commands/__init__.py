"""What people can type: one file per command.

To add a command: create `bot/commands/x.py` with a constant `COMMAND` named like the file. `parse` is
pure: words → what is asked for, or a UserError with one sentence and an example. `answer` runs off the
event loop and returns messages; it never sends. The menu, /help, docs and contract tests follow.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.commentary import Message
from bot.rooms import Rooms
from indicators import MARKET


class UserError(Exception):
    """Something a person typed cannot be done: `sentence` says what and gives an example.

    It is a gettext key; its `{…}` are filled from `facts` after translation.
    """

    def __init__(self, sentence: str, **facts: object) -> None:
        super().__init__(sentence.format(**facts))
        self.sentence, self.facts = sentence, facts


@dataclass(frozen=True)
class Context:
    """What a command may use: who asks, where everything rests, and what time it is for the market."""

    rooms: Rooms
    chat_id: int
    kind: str
    language: str
    #: the market's now: wall time, or the moment a replay or the sample market has reached
    as_of: datetime
    #: wall time
    now: datetime
    sample: bool
    #: whether an owner asks
    owner: bool = False


@dataclass(frozen=True)
class Command:
    """One command of the chat."""

    name: str
    #: what follows the name, such as `TICKER…`; empty for none
    usage: str
    #: one line for the menu and /help, a gettext key
    about: str
    example: str
    #: the words after the command → what is asked for
    parse: Callable[[str], Any]
    answer: Callable[[Context, Any], Sequence[Message]]


#: a ticker as people type it: letters first, then letters, digits, dot or hyphen
TICKER = re.compile(r"\^?[A-Za-z][A-Za-z0-9.\-]{0,9}", re.ASCII)


def ticker(word: str) -> str:
    """The ticker in `word`, upper-cased; UserError if it is none.

    Checked before upper-casing, which would turn `ß` into the ticker SS.
    """
    bare = word.removeprefix("$")
    if not bare.isascii() or not TICKER.fullmatch(bare):
        raise UserError(
            "“{word}” is not a ticker: letters A–Z first, then also digits, . and -, like BRK.B.",
            word=shown(word),
        )
    return bare.upper()


def shown(word: str) -> str:
    """What somebody typed, safe to repeat: printable, 32 characters at most."""
    return "".join(letter for letter in word if letter.isprintable())[:32]


def tickers(words: str, example: str, most: int = 100) -> list[str]:
    """The tickers in `words`, separated by spaces or commas, in order and without repeats."""
    # not list(): once the registry has imported list.py, that name is a module here
    found = [*dict.fromkeys(ticker(word) for word in words.replace(",", " ").split())]
    if not found:
        raise UserError("Which ticker? For example: {example}", example=example)
    if len(found) > most:
        raise UserError(
            "That is {count} tickers; at most {most} fit. For example: {example}",
            count=len(found), most=most, example=example,
        )  # fmt: skip
    return found


def one_or_market(words: str) -> str:
    """The one ticker in `words`, or MARKET where there is none."""
    return ticker(_only(words)) if words.strip() else MARKET


def nothing(words: str) -> None:
    """For commands that take no words: what follows is ignored."""


def _only(words: str) -> str:
    parts = words.split()
    if len(parts) > 1:
        raise UserError("One ticker at a time, please: {word}.", word=shown(parts[0]))
    return parts[0]
